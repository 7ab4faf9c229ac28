"""Whether somebody with a framework in force may be writing from an address that nobody knows as theirs.

People change addresses for many reasons, and a likeness is no proof: the mail goes as addressed, and a leader is asked.
"""

from datetime import datetime

from workflows.facts import CitizenFile, Policy
from workflows.likeness import Likeness
from workflows.people import Grade, Role

_THEMSELVES = (Role.PARTY, Role.NON_PARTY)


def from_new_address(one: Likeness, file: CitizenFile, now: datetime, policy: Policy) -> bool:
    """Whether ``one`` is likely the citizen of ``file``, and mail from their own addresses would meet a framework ``now``.

    Somebody around the citizen is somebody else, and so may be who writes as a citizen whose server does not know the mail.
    """
    likely = one.grade in (Grade.PROBABLE, Grade.VERIFIED) and one.about == "link"
    if not likely or one.person is not None or one.role not in _THEMSELVES or "registered_address" in one.kinds:
        return False
    return any(each.in_force(now, policy.zone, policy.calendar) for each in file.frameworks)

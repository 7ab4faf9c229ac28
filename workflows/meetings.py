"""A calendar's invitation where a contact framework says that contact is in writing: a request to meet, that a leader answers.

Nobody says yes or no by a press in the calendar: the leader decides, and the citizen gets an answer in writing.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from workflows.decision import Reason
from workflows.facts import CitizenFile
from workflows.framework import WrittenOnly

Json = Mapping[str, Any]
_IN_FORCE = frozenset({Reason.FRAMEWORK_APPLIES.value, Reason.MOVES_NO_MAIL.value})


def asks_to_meet(decided: Json, noted: Collection[str]) -> bool:
    """Whether the mail holds an invitation, and a framework in force concerns it.

    ``decided`` is a decision as JSON, or the data of ``mail.decided``; ``noted`` holds codes of ``workflows.reading``.
    """
    return "invitation" in noted and any(one["reason"] in _IN_FORCE for one in decided["recipients"])


def inviting(decision: Json, noted: Collection[str], files: Iterable[CitizenFile]) -> tuple[Json, ...]:
    """The recipients whom the mail asks to meet though contact is in writing; ``files`` are those of the sender's addresses."""
    if not asks_to_meet(decision, noted):
        return ()
    written_only = {one.id for file in files for one in file.frameworks if any(one.each(WrittenOnly))}
    return tuple(one for one in decision["recipients"] if one["reason"] in _IN_FORCE and one["framework"] in written_only)

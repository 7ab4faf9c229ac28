"""When a mail on its way is a colleague's answer to a citizen: so a mail in a functional mailbox counts as answered by it.

The guard sees such a mail where the functional mailbox, or a colleague, gets a copy of it. It must come from our own domains, not
be known as forged, name the citizen's mail as what it answers, and be sent to where that mail came from.
"""

from collections.abc import Collection

from workflows.addresses import domain_of, normalise
from workflows.authentication import Verdict, authenticate
from workflows.decision import Reason
from workflows.facts import Policy
from workflows.mail import Headers
from workflows.post import Json
from workflows.receipt import is_automatic

NO_ANSWER = frozenset({"multipart/report", "text/calendar"})
MOST = 50  # Message-IDs of a thread that are looked at, the newest


def is_internal(told: Json) -> bool:
    """Whether it was decided that a colleague wrote; from the data of the event ``mail.decided``."""
    return any(one["reason"] == Reason.INTERNAL_SENDER.value for one in told["recipients"])


def thread_of(headers: Headers, policy: Policy) -> tuple[str, ...]:
    """The Message-IDs that a colleague's mail may answer; none where it goes to nobody outside, or may be forged.

    What a program answers is no answer (RFC 3834): that somebody is away has been read by nobody. Nor is the receipt of a colleague
    who has opened the mail (RFC 8098), or their yes to an invitation (RFC 6047).
    """
    if is_automatic(headers) or headers.content_type in NO_ANSWER:
        return ()
    named = (*headers.references, *filter(None, [headers.in_reply_to]))
    outside = any(domain_of(one) not in policy.domains for one in headers.to)
    if not named or not outside or any(domain_of(one) not in policy.domains for one in headers.from_addresses):
        return ()
    verdicts = (authenticate(headers.authentication_results, domain_of(one), policy.authserv_id) for one in headers.from_addresses)
    return () if any(one.verdict is Verdict.FAILED for one in verdicts) else tuple(dict.fromkeys(named))[-MOST:]


def reaches(written_by: Collection[str], headers: Headers) -> bool:
    """Whether it is sent to one of the addresses from which the mail came that it answers."""
    return not {normalise(one) for one in written_by}.isdisjoint(map(normalise, headers.to))

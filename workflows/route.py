"""Route mode: may a message that lies in an employee's INBOX be moved to a functional mailbox? (issue 5)

The same evaluator answers as for mail that passes the gateway (law 7). First it is asked with the header fields of ``FIELDS``
alone, so that of anybody else's mail nothing more is ever fetched; then, of the few that it would move, with the whole header. Any
doubt leaves the message where it is.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

from workflows.addresses import own_key
from workflows.decide import decide
from workflows.decision import Decision, Reason, Sentence
from workflows.facts import Facts
from workflows.mail import Headers, Mail
from workflows.people import Grade
from workflows.replay import is_known, kept
from workflows.sighting import as_mail, decided, without_receipt

FIELDS = (  # what ``decide`` reads, and what tells one message from another; never Subject
    "From", "Reply-To", "To", "Cc", "Sender", "Return-Path", "Authentication-Results", "Received", "Message-ID",
    "Content-Type", "Auto-Submitted", "Precedence", "X-Auto-Response-Suppress",
    "List-Id", "List-Help", "List-Unsubscribe", "List-Unsubscribe-Post", "List-Subscribe", "List-Post", "List-Owner",
    "List-Archive",
)  # fmt: skip

Stage = Literal["planned", "copied", "moved", "gone", "left"]
"""How far a message has come. ``planned``: it shall be copied. ``copied``: the copy was found whole in the functional mailbox, and
the mail is in the books. ``moved``: it lies in the folder of moved mail. ``gone``: the employee has moved or deleted it meanwhile.
``left``: it stays where it is, and people know why."""

Fault = Literal[
    "cannot_move",
    "copy_unproven",
    "framework_changed",
    "mailbox_full",
    "mailbox_refuses",
    "mailbox_unreachable",
    "mailbox_unwatched",
    "move_refused",
    "move_unproven",
]
FAULTS: Mapping[Fault, Sentence] = {
    "cannot_move": Sentence(
        "Mailserveren mangler MOVE eller UIDPLUS og kan ikke flytte mails sikkert. Alt bliver liggende i indbakken.",
        "The mail server lacks MOVE or UIDPLUS and can't move mail safely. Everything stays in the inbox.",
    ),
    "copy_unproven": Sentence(
        "Vagten finder ingen helt ens kopi i funktionspostkassen. Originalen ligger i indbakken; se på den sammen med lederen.",
        "The guard finds no copy that is quite the same in the functional mailbox. The original lies in the inbox; ask the leader.",
    ),
    "framework_changed": Sentence(
        "Rammen blev ændret, mens mailen blev kopieret. Mailen ligger nu begge steder; lederen afgør, hvor den hører til.",
        "The framework changed while the mail was copied. The mail now lies in both places; the leader says where it belongs.",
    ),
    "mailbox_full": Sentence(
        "Funktionspostkassen er fuld. Mailen ligger stadig i indbakken, og vagten prøver igen, når der er plads.",
        "The functional mailbox is full. The mail still lies in the inbox, and the guard tries again when there is room.",
    ),
    "mailbox_refuses": Sentence(
        "Funktionspostkassen tager ikke imod kopien. Mailen ligger stadig i indbakken, og vagten prøver igen.",
        "The functional mailbox doesn't take the copy. The mail still lies in the inbox, and the guard tries again.",
    ),
    "mailbox_unreachable": Sentence(
        "Vagten kan ikke få forbindelse til funktionspostkassen. Mailen ligger stadig i indbakken, og vagten prøver igen.",
        "The guard can't reach the functional mailbox. The mail still lies in the inbox, and the guard tries again.",
    ),
    "mailbox_unwatched": Sentence(
        "Mailen skal til en postkasse, der ikke står som [[mailboxes]] i indstillingerne. Den bliver liggende i indbakken.",
        "The mail should go to a mailbox that isn't among [[mailboxes]] of the settings. It stays in the inbox.",
    ),
    "move_refused": Sentence(
        "Mailen ligger i funktionspostkassen, men kan ikke flyttes ud af indbakken. Vagten prøver igen.",
        "The mail lies in the functional mailbox, but can't be moved out of the inbox. The guard tries again.",
    ),
    "move_unproven": Sentence(
        "Mailen ligger i funktionspostkassen, men vagten kan ikke se, hvor originalen blev af. Se i indbakken og i mappen.",
        "The mail lies in the functional mailbox, but the guard can't see what became of the original. Look in inbox and folder.",
    ),
}
"""What IT is told on the screen, and who has to do what."""
LONGEST = timedelta(days=30)
FINAL: frozenset[Fault] = frozenset({"copy_unproven", "framework_changed", "move_unproven"})
"""Those after which nothing is tried again: only a person can tell what is right."""


@dataclass(frozen=True, slots=True)
class Found:
    """A message in the INBOX of ``mailbox`` (an address): what is known before anything of it is kept.

    ``headers`` holds the fields of ``FIELDS``, or all of them. ``came_at`` is the server's date, where that was asked for.
    """

    mailbox: str
    headers: Headers
    id: str = ""
    sha256: str = ""
    size: int = 0
    came_at: datetime | None = None

    def mail(self) -> Mail:
        """As ``decide`` is asked."""
        return as_mail(self.mailbox, self.headers, self.id, self.sha256, self.size)


class Leave(NamedTuple):
    """It is none of ours: nothing is kept of it."""


class Move(NamedTuple):
    """It belongs in the mailbox ``to``: so it was decided at the instant ``at``. ``replay`` as ``workflows.replay`` keeps it."""

    to: str
    decision: Decision
    at: datetime
    replay: str | None


def plan(found: Found, facts: Facts, now: datetime) -> Leave | Move:
    """Whether the message is to be moved, and where to. What the register can't be asked about stays.

    What came before its framework was rightly delivered, and is the employee's: also where it is seen again much later, because
    they take it back from another folder, or the server numbers its messages anew.
    """
    if not facts.known:
        return Leave()
    before = found.came_at is not None and found.came_at < now and _planned(found, facts, found.came_at) == Leave()
    return Leave() if before else _planned(found, facts, now)


def _planned(found: Found, facts: Facts, now: datetime) -> Leave | Move:
    move = _move(without_receipt(decide(found.mail(), facts, now)), facts, now)
    (outcome,) = move.decision.recipients
    applies = outcome.action == "redirect" and outcome.reason is Reason.FRAMEWORK_APPLIES
    if not applies or move.decision.sender.grade is not Grade.VERIFIED or own_key(move.to) == own_key(found.mailbox):
        return Leave()
    return move


def as_it_lies(found: Found, facts: Facts, now: datetime) -> Move:
    """The decision about a message that stays where it lies."""
    return _move(decided(found.mail(), facts, now), facts, now)


def _move(decision: Decision, facts: Facts, now: datetime) -> Move:
    (outcome,) = decision.recipients
    (to,) = outcome.deliver_to
    return Move(to, decision, now, kept(decision.mail, facts) if is_known(decision) else None)


def came_at(lay_there: datetime, taken_at: datetime) -> datetime:
    """When the clocks of a moved mail begin: when the server had it, and not when the guard took it (``taken_at``).

    A server's date is never believed to be ahead of that, nor more than ``LONGEST`` before it.
    """
    return min(max(lay_there, taken_at - LONGEST), taken_at)


def may_be_moved(arrived_at: datetime, watched_since: datetime) -> bool:
    """What lay in the mailbox before the watch began stays there: nobody was told that it would be looked at."""
    return arrived_at >= watched_since.replace(microsecond=0)  # servers tell seconds


def retry_at(tries: int, now: datetime) -> datetime:
    """When a message that something stands in the way of is tried again: after a minute, then ever later, at most hourly."""
    return now + min(timedelta(minutes=1) * (1 << min(tries, 10)), timedelta(hours=1))

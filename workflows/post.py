"""A post: one mail that waits in a functional mailbox to be read, and perhaps answered, by a person.

A redirect is only lawful where somebody reads what arrives (``domain.md`` R10, R11). So every mail that ends in a functional
mailbox has a post there until it is dealt with: what is owed of it by when, who has taken it, and how it ended. Here is what
people, and the flags of the mailbox, do with it; ``workflows.post_birth`` says which mail has one, and ``workflows.post_timers``
when somebody must be told.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from typing import Any, Literal, NamedTuple

from workflows.addresses import normalise
from workflows.audit import keyed
from workflows.deadlines import RIGHT_CLOCKS, WorkingHours
from workflows.decision import Sentence

Json = Mapping[str, Any]
ReadHow = Literal["flag", "hand", "outgoing"]
AnsweredHow = Literal["flag", "outgoing", "hand"]
DoneHow = Literal["read", "answered", "hand"]
LEVELS = ("red", "yellow", "grey")
MOST_NOTE = 2000  # characters
PRESSING = frozenset({"child_concern", "urgent_help"})  # rights that wait for no working hours


@dataclass(frozen=True, slots=True)
class Terms:
    """What a mailbox promises: ``unread_after_hours`` in working hours, ``answer_within_days`` in working days."""

    code: str
    unit: str | None = None
    unread_after_hours: int = 4
    answer_within_days: int = 5


class Clock(NamedTuple):
    """A right that runs, and by when the mail must have been dealt with. ``stage``: how far up people have heard of it."""

    right: str
    due: datetime
    stage: int = 0


class Owed(NamedTuple):
    """What is still to be done with a post: read it, answer it, or deal with a right (then ``right`` says which)."""

    what: Literal["read", "answer", "right"]
    due: datetime
    right: str | None = None


@dataclass(frozen=True, slots=True)
class Post:
    """See the module. ``mailbox`` is its address, normalised, and ``code`` what it is called where no address may be told.

    ``spared`` are those from whom a framework moved the mail: nobody leads them to it again (addresses, normalised).
    ``due_answer`` is None where no reply is owed. ``next_at`` is when the timers must look again; None when it is done.
    ``unread_stage`` and ``answer_stage`` tell how far up people have heard of it, last at ``told_at``: what
    ``workflows.post_timers`` writes there, and in ``clocks``, nobody else changes.
    ``summary`` (``workflows.summary.Summary`` as JSON) is what the mail holds without a word of it; it is kept while it is open.
    """

    id: str
    mail: str
    mailbox: str
    code: str
    unit: str | None
    citizen: str | None
    level: str | None
    rights: tuple[str, ...]
    clocks: tuple[Clock, ...]
    arrived_at: datetime
    due_read: datetime
    due_answer: datetime | None
    spared: tuple[str, ...] = ()
    read_at: datetime | None = None
    read_how: ReadHow | None = None
    taken_by: str | None = None
    taken_at: datetime | None = None
    answered_at: datetime | None = None
    answered_how: AnsweredHow | None = None
    done_at: datetime | None = None
    done_how: DoneHow | None = None
    note: str | None = None
    no_reply_owed: bool = False
    next_at: datetime | None = None
    unread_stage: int = 0
    answer_stage: int = 0
    told_at: datetime | None = None
    summary: Json | None = None
    revision: int = 0

    @property
    def red(self) -> bool:
        """Whether it may not wait for working hours: a red signal, somebody in need now, or a child whose 24 hours run by night."""
        return self.level == "red" or not PRESSING.isdisjoint(self.rights)

    def owed(self) -> tuple[Owed, ...]:
        """What is still to be done with it, the first to fall due first; nothing when it is done."""
        if self.done_at:
            return ()
        found = [Owed("right", one.due, one.right) for one in self.clocks]
        if not self.read_at:
            found.append(Owed("read", self.due_read))
        if not self.answered_at and self.due_answer:
            found.append(Owed("answer", self.due_answer))
        return tuple(sorted(found, key=lambda one: one.due))

    @property
    def due_at(self) -> datetime:
        """When the first of it falls due; of a post that is done, when it came."""
        owed = self.owed()
        return owed[0].due if owed else self.arrived_at


@dataclass(frozen=True, slots=True)
class Refused:
    """It can't be done, and why, in a sentence for whoever tried."""

    because: Sentence


def code_of(key: bytes, address: str) -> str:
    """What a mailbox is called in events, metrics, logs and URLs: in route mode its address is an employee's."""
    return f"m-{keyed(key, 'mailbox:' + normalise(address))[:12]}"


# -- what people do, and what the flags of the mailbox tell
DONE = Refused(Sentence("Den er allerede færdig.", "It is done already."))
TAKEN = Refused(
    Sentence("En anden har taget den. Vedkommende kan give den videre.", "Somebody else has taken it. They can hand it over.")
)
HOW_ANSWERED = Refused(Sentence("Skriv, hvordan borgeren har fået svar.", "Write how the citizen was answered."))
WHY_NO_REPLY = Refused(Sentence("Skriv, hvorfor der ikke skal svares.", "Write why no reply is owed."))
UNREAD = Refused(Sentence("Læs mailen først: den kan rumme nyt.", "Read the mail first: it may hold something new."))
HOW_ENDED = Refused(Sentence("Skriv, hvad der er gjort ved den.", "Write what was done with it."))
TOO_LONG = Refused(Sentence(f"Noten må højst være på {MOST_NOTE} tegn.", f"The note may have {MOST_NOTE} characters at most."))


def take(post: Post, who: str, now: datetime) -> Post | Refused:
    """``who`` (a normalised address) deals with it from now on."""
    if post.done_at:
        return DONE
    if post.taken_by not in (None, who):
        return TAKEN
    return _moved(replace(post, taken_by=who, taken_at=now), now)


def hand_over(post: Post, to: str, now: datetime, note: str = "") -> Post | Refused:
    """``to`` (a normalised address) deals with it from now on, whoever did so before."""
    if post.done_at:
        return DONE
    return _noted(replace(post, taken_by=to, taken_at=now), note, now)


def read(post: Post, now: datetime, note: str = "") -> Post | Refused:
    """A person has read it; ``note`` tells what it held that is new. Also of what a flag of the mailbox has ended before."""
    return _noted(_read(post, now, "hand"), note, now)


def marked(post: Post, rights: Collection[str], hours: WorkingHours, zone: tzinfo, answer_within_days: int = 5) -> Post:
    """A reader found what no word list did: each right's clock runs from when the mail came, as if it had been seen then.

    So an answer is owed, ``answer_within_days`` working days after it came where no other day is set. What was done is open again,
    with what was found now alone; and an answer that was given before it was found does not count for it.
    """
    new = tuple(one for one in dict.fromkeys(rights) if one not in post.rights)
    if not new:
        return post
    last_day = hours.calendar.working_day_after(post.arrived_at.astimezone(zone).date(), answer_within_days)
    answer = post.due_answer or hours.closing(last_day, zone)
    found = [Clock(one, RIGHT_CLOCKS[one](post.arrived_at, hours, zone)) for one in new if one in RIGHT_CLOCKS]
    if post.answered_at:
        found += [Clock(one, answer) for one in new if one not in RIGHT_CLOCKS]
    opened = replace(post, done_at=None, done_how=None, clocks=(), answer_stage=0) if post.done_at else post
    owed = replace(opened, rights=(*post.rights, *new), clocks=(*opened.clocks, *found))
    return replace(owed, no_reply_owed=False, due_answer=answer)


def answered(post: Post, now: datetime, note: str) -> Post | Refused:
    """The citizen was answered, as ``note`` says: by telephone, by Digital Post."""
    if post.done_at:
        return DONE
    return _noted(_answered(post, now, "hand"), note, now) if note.strip() else HOW_ANSWERED


def no_reply(post: Post, now: datetime, note: str) -> Post | Refused:
    """No reply is owed, as ``note`` says why. It must have been read all the same (``domain.md`` R10)."""
    if post.done_at:
        return DONE
    if not post.read_at:
        return UNREAD
    return _noted(replace(post, no_reply_owed=True, due_answer=None), note, now) if note.strip() else WHY_NO_REPLY


def done(post: Post, now: datetime, note: str = "") -> Post | Refused:
    """Nothing is left to do. What was neither answered nor free of an answer, or carries a right, needs a word on how it ended."""
    if post.done_at:
        return DONE
    if not post.read_at:
        return UNREAD
    if not note.strip() and (post.clocks or not (post.answered_at or post.no_reply_owed)):
        return HOW_ENDED
    noted = _noted(post, note, now)
    return noted if isinstance(noted, Refused) or noted.done_at else _ended(noted, now, "hand")


def flagged(post: Post, now: datetime, *, seen: bool, answered: bool) -> Post:
    r"""As the mailbox tells it: ``\Seen`` is a person who has read it, ``\Answered`` one who has answered.

    A flag that is taken away again takes nothing back: many mark as unread what they want to come back to.
    """
    changed = post
    if seen or answered:
        changed = _read(changed, now, "flag")
    if answered:
        changed = _answered(changed, now, "flag")
    return changed if post.done_at or changed == post else _moved(changed, now)


def replied(post: Post, now: datetime) -> Post:
    """An answer to the citizen was seen on its way."""
    return post if post.done_at or post.answered_at else _moved(_answered(post, now, "outgoing"), now)


def _read(post: Post, now: datetime, how: ReadHow) -> Post:
    return post if post.read_at else replace(post, read_at=now, read_how=how)


def _answered(post: Post, now: datetime, how: AnsweredHow) -> Post:
    """Who answers has read."""
    return post if post.answered_at else replace(_read(post, now, how), answered_at=now, answered_how=how)


def _noted(post: Post, note: str, now: datetime) -> Post | Refused:
    text = "\n".join(one for one in (post.note, note.strip()) if one)
    return TOO_LONG if len(text) > MOST_NOTE else _moved(replace(post, note=text or None), now)


def _moved(post: Post, now: datetime) -> Post:
    """What was answered, or read where no reply is owed, is done, unless a right still runs. The timers look at the rest."""
    if post.done_at:
        return post
    if post.read_at and not post.clocks and (post.answered_at or post.no_reply_owed):
        return _ended(post, now, "answered" if post.answered_at else "read")
    return replace(post, next_at=now)


def _ended(post: Post, now: datetime, how: DoneHow) -> Post:
    """Who had it is told no longer: what somebody took, and for how long, is no measure of anybody. Its summary has served."""
    return replace(post, done_at=now, done_how=how, taken_by=None, taken_at=None, next_at=None, summary=None)

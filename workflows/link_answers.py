"""Is it the same person (*Er det den samme?*): what a leader is asked of an address and a citizen, and what an answer changes.

A link is asked of one address and one citizen once. Confirmed, the address is registered as verified: it routes from then on,
and no mail already handled is touched. Rejected, it is never asked again. Either can be undone, and is recorded.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any, Literal

from workflows.addresses import normalise
from workflows.likeness import About, Doubt, Hint, Likeness
from workflows.people import Citizen, Grade, Person, RegisteredAddress

Answer = Literal["confirm", "reject", "later", "undo"]
State = Literal["open", "later", "confirmed", "rejected"]
AGAIN = timedelta(days=14)
WAITING: tuple[State, ...] = ("open", "later")
_STATES: Mapping[Answer, State] = {"confirm": "confirmed", "reject": "rejected", "later": "later", "undo": "open"}


class NoSuchAnswer(ValueError):
    """The answer can't be given now. ``why`` is a code: not_open, not_answered, spoofing, asked_twice, no_address, no_person."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True, slots=True)
class Link:
    """One question. ``address`` is a keyed hash; the address itself stands in the decision of ``mail``, and in the register.

    ``person`` is somebody around the citizen, by name. ``had`` is the grade that the address had with them before it was confirmed.
    ``hints`` lose what the mail said when the link is answered: the kinds are kept.
    """

    id: str
    citizen: str
    person: str | None
    address: int
    mail: str
    unit: str | None
    about: About
    grade: Grade
    hints: tuple[Hint, ...]
    doubts: tuple[Doubt, ...]
    asked_at: datetime
    state: State = "open"
    revision: int = 0
    again_at: datetime | None = None
    answered_at: datetime | None = None
    answered_by: str | None = None
    had: Grade | None = None

    def document(self) -> str:
        """What is no column of its own, as JSON."""
        hints = [asdict(one) for one in self.hints]
        return json.dumps({"grade": self.grade, "hints": hints, "doubts": self.doubts, "had": self.had, "person": self.person})

    def waits(self, now: datetime) -> bool:
        """Whether somebody is to be asked now."""
        return self.state == "open" or (self.state == "later" and self.again_at is not None and self.again_at <= now)


def of_document(document: str) -> dict[str, Any]:
    """The fields that ``Link.document`` wrote."""
    read = json.loads(document)
    return {
        "grade": Grade(read["grade"]),
        "hints": tuple(Hint(**one) for one in read["hints"]),
        "doubts": tuple(read["doubts"]),
        "had": Grade(read["had"]) if read["had"] else None,
        "person": read["person"],
    }


def link_id(address: int, citizen: str) -> str:
    """Names an address (its keyed hash) and a citizen, so that there is one question of them for ever."""
    return blake2b(f"{address} {citizen}".encode(), digest_size=12, person=b"link").hexdigest()


def asked(found: Likeness, mail: str, unit: str | None, address: int, now: datetime) -> Link:
    """The question that a likeness raises."""
    id = link_id(address, found.citizen)
    return Link(id, found.citizen, found.person, address, mail, unit, found.about, found.grade, found.hints, found.doubts, now)


def answered(link: Link, answer: Answer, by: str, now: datetime) -> Link:
    """``link`` after the answer. Raises ``NoSuchAnswer``."""
    if answer == "undo":
        if link.state in WAITING:
            raise NoSuchAnswer("not_answered")
    elif link.state not in WAITING:
        raise NoSuchAnswer("not_open")
    if answer == "confirm" and link.about == "spoofing":
        raise NoSuchAnswer("spoofing")
    if answer == "later" and link.again_at is not None:
        raise NoSuchAnswer("asked_twice")
    changed = replace(link, state=_STATES[answer], revision=link.revision + 1, answered_at=now, answered_by=by)
    if answer == "later":
        return replace(changed, again_at=now + AGAIN)
    if answer == "undo":
        return replace(changed, had=None)
    return replace(changed, hints=tuple(Hint(one.kind) for one in link.hints))


def with_address(citizen: Citizen, link: Link, address: str) -> tuple[Citizen, Grade | None]:
    """The citizen with ``address`` as verified, theirs or that of who is meant; and the grade that it had before.

    Raises ``NoSuchAnswer``.
    """
    who = _who(citizen, link)
    had = next((one.grade for one in who.addresses if _same(one, address)), None)
    if had is None:
        return _replaced(citizen, who, (*who.addresses, RegisteredAddress(address=address))), None
    return _replaced(citizen, who, _graded(who, address, Grade.VERIFIED)), had


def without_address(citizen: Citizen, link: Link, address: str) -> Citizen:
    """The citizen as before ``with_address``. Raises ``NoSuchAnswer`` where they have no such address any more."""
    who = _who(citizen, link)
    if not any(_same(one, address) for one in who.addresses):
        raise NoSuchAnswer("no_address")
    if link.had is Grade.PROBABLE:
        return _replaced(citizen, who, _graded(who, address, Grade.PROBABLE))
    return _replaced(citizen, who, tuple(one for one in who.addresses if not _same(one, address)))


def addresses_meant(citizen: Citizen, link: Link) -> tuple[str, ...]:
    """The normalised addresses of who is meant: the citizen, or somebody around them; none where they are there no more."""
    try:
        return tuple(normalise(one.address) for one in _who(citizen, link).addresses)
    except NoSuchAnswer:
        return ()


def _who(citizen: Citizen, link: Link) -> Citizen | Person:
    if link.person is None:
        return citizen
    found = next((one for one in citizen.people if one.name == link.person), None)
    if found is None:
        raise NoSuchAnswer("no_person")
    return found


def _same(one: RegisteredAddress, address: str) -> bool:
    return normalise(one.address) == normalise(address)


def _graded(who: Citizen | Person, address: str, grade: Literal[Grade.VERIFIED, Grade.PROBABLE]) -> tuple[RegisteredAddress, ...]:
    return tuple(one.model_copy(update={"grade": grade}) if _same(one, address) else one for one in who.addresses)


def _replaced(citizen: Citizen, who: Citizen | Person, addresses: tuple[RegisteredAddress, ...]) -> Citizen:
    if isinstance(who, Citizen):
        return citizen.model_copy(update={"addresses": addresses})
    people = tuple(one.model_copy(update={"addresses": addresses}) if one is who else one for one in citizen.people)
    return citizen.model_copy(update={"people": people})

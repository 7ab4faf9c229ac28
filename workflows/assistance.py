"""Assistance now: an employee calls their leader or a colleague, or takes a time-out, and people are called until somebody comes.

The municipality's guideline asks that a talk can be broken off, and a leader or a colleague called in. Who is called, and in which
order, is laid down at the call, so that it can be shown then and explained afterwards (``domain.md`` (f), what staff need: known
roles, quick reaction).
"""

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime, timedelta
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from workflows.addresses import own_key
from workflows.decision import Sentence
from workflows.incident import Refused
from workflows.notices import House
from workflows.people import Address, Entry, Id, Unit

Kind = Literal["leader", "colleague", "time_out"]
STEP = timedelta(minutes=1)  # until the next are called; the product's own: a frightened person waits no longer
PAUSE = timedelta(minutes=3)  # before they are called again when everybody was; longer by as much after each round
LIFE = timedelta(hours=12)  # a call that nobody ended is over then
ARRIVED = timedelta(minutes=15)  # who said so long ago that they come has come, or does not
MOST_WHERE = 200  # characters
Where = Annotated[str, Field(max_length=MOST_WHERE)]


class Coming(Entry):
    """Somebody who is on their way."""

    by: Address
    at: AwareDatetime


class Assistance(Entry):
    """A call for help. ``order``: who is called together, the first first. ``called``: steps so far, from the
    first anew where everybody was; ``due``: when the next is (a call of an older version has none)."""

    id: Id
    kind: Kind
    unit: Id | None
    caller: Address
    at: AwareDatetime
    order: tuple[tuple[Address, ...], ...]
    called: int = 0
    due: AwareDatetime | None = None
    where: Where = ""  # where the caller is, in their own words
    coming: tuple[Coming, ...] = ()
    unanswered: bool = False  # everybody was called, and nobody came in time
    over_at: AwareDatetime | None = None
    happened: Literal["draft", "reported", "nothing"] = "draft"  # what became of the incident's draft

    @property
    def active(self) -> bool:
        """Whether help is still needed."""
        return self.over_at is None

    @property
    def open(self) -> bool:
        """Whether something is left to do: for those who are called, or for the caller."""
        return self.active or self.happened == "draft"

    @property
    def people(self) -> tuple[str, ...]:
        """Who has been called so far."""
        return tuple(one for rung in self.order[: self.called] for one in rung)

    @property
    def rounds(self) -> int:
        """How often everybody has been called."""
        return self.called // len(self.order) if self.order else 0

    @property
    def next_at(self) -> datetime | None:
        """When the next are called, or nobody is left to call; None where nobody is waited for."""
        if not self.active or self.coming or (self.unanswered and not self.order):
            return None
        due = self.due or self.at + self.called * STEP
        return due if due < self.at + LIFE else None


def order_of(kind: Kind, caller: str, unit: Unit | None, house: House, there: Collection[str]) -> tuple[tuple[str, ...], ...]:
    """Who is called in which order, each once and never the caller: leader, deputy, duty officer, those colleagues of the unit who
    are ``there`` (logged in; addresses), head. Who calls a colleague gets the colleagues first."""
    if unit is None:
        return ()
    leaders = [[one] for one in (unit.leader, unit.deputy, unit.duty_officer) if one]
    every = {one.address for one in house.organisation.employees.values() if one.unit == unit.id}
    above = {own_key(one) for one in (unit.leader, unit.head) if one}
    present = {own_key(one) for one in there} - above
    colleagues = [sorted(one for one in every if own_key(one) in present)]
    ladder = [*colleagues, *leaders] if kind == "colleague" else [*leaders, *colleagues]
    return tuple(_each_once([*ladder, [unit.head] if unit.head else []], caller, house))


def _each_once(ladder: Iterable[Iterable[str]], caller: str, house: House) -> Iterator[tuple[str, ...]]:
    known = {own_key(caller)}
    for rung in ladder:
        people = [person for one in rung if (person := house.person(one))]
        new = tuple(dict.fromkeys(one for one in people if own_key(one) not in known))
        known |= {own_key(one) for one in new}
        if new:
            yield new


def stepped(one: Assistance, now: datetime) -> Assistance:
    """The same at ``now``: with those called whose turn it is, nobody twice at once however late it is."""
    most = one.called + max(len(one.order), 1)
    while (due := one.next_at) is not None and due <= now and one.called < most:
        one = _step(one, due, now)
    return one


def _step(one: Assistance, due: datetime, now: datetime) -> Assistance:
    """What is due at ``due``: the next are called, and after the last of them nobody has answered; then it begins anew."""
    begins = not one.order or one.called % len(one.order) == 0
    if begins and not one.unanswered and (one.called or not one.order):
        return one.model_copy(update={"unanswered": True, "due": due + one.rounds * PAUSE})
    called = one.model_copy(update={"called": one.called + 1})
    ends = called.called % len(one.order) == 0 and one.unanswered
    wait = STEP + (called.rounds * PAUSE if ends else timedelta())
    return called.model_copy(update={"due": (now if begins and one.called else due) + wait})


def is_called(one: Assistance, address: str) -> bool:
    """Whether they are among those who were called."""
    return own_key(address) in {own_key(each) for each in one.people}


def come(one: Assistance, by: str, now: datetime) -> Assistance | Refused:
    """Somebody says *Jeg kommer*; nobody else is called then."""
    if not one.active:
        return Refused(Sentence("Det er overstået. Du behøver ikke komme.", "It is over. You need not come."))
    if own_key(by) in {own_key(each.by) for each in one.coming}:
        return one
    return one.model_copy(update={"coming": (*one.coming, Coming(by=by, at=now)), "unanswered": False})


def nobody_came(one: Assistance, now: datetime) -> Assistance | Refused:
    """The caller says that those who said *Jeg kommer* have not come: the next are called at once."""
    if not one.active or now >= one.at + LIFE:
        return Refused(
            Sentence("Det er overstået. Tilkald igen, hvis du har brug for hjælp.", "It is over. Call again if you need help.")
        )
    if not one.coming:
        return one
    everybody = not one.order or (one.called > 0 and one.called % len(one.order) == 0)
    return one.model_copy(update={"coming": (), "due": now, "unanswered": everybody})


def is_answered(one: Assistance, now: datetime) -> bool:
    """Whether somebody said so long ago that they come that a new call is another one."""
    return bool(one.coming) and now >= one.coming[-1].at + ARRIVED


def placed(one: Assistance, where: str) -> Assistance | Refused:
    """The caller tells where they are."""
    if len(where) > MOST_WHERE:
        return Refused(Sentence("Skriv det kortere.", "Write it shorter."))
    return one.model_copy(update={"where": where})


def ended(one: Assistance, now: datetime) -> Assistance:
    """It is over; what happened may still be written down."""
    return one if one.over_at else one.model_copy(update={"over_at": now})


def written(one: Assistance, *, reported: bool) -> Assistance:
    """What happened was reported as an incident, or there is nothing to report."""
    return one.model_copy(update={"happened": "reported" if reported else "nothing"})

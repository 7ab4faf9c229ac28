"""What a page tells of a trial (*prøvekørsel*): no more than is shown, and of that what its reader may see."""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from workflows.addresses import normalise
from workflows.backtest import Backtest, TriedMail, Weeks
from workflows.decision import Sentence
from workflows.facts import Organisation

SHOWN = 200  # mails
PEOPLE = 8
REASONS = 5


@dataclass(frozen=True, slots=True)
class Overview:
    """How many mails, ``moved`` by the draft, and how many of those carry a right; ``shown`` are moved, those with rights first.

    ``hidden`` are more of the same. Of those to units that the reader has nothing to do with, ``elsewhere`` tells the number alone.
    ``people`` are final addresses, those for whom the draft changes most first. Where nothing moved, ``stayed`` tells why in the
    evaluator's own sentences, each with its number of recipients, the commonest first.
    """

    mails: int
    moved: int
    rights: int
    older_left_out: bool
    shown: tuple[TriedMail, ...]
    hidden: int
    elsewhere: int
    people: tuple[tuple[str, Weeks], ...]
    stayed: tuple[tuple[Sentence, int], ...] = ()


def overview(found: Backtest, organisation: Organisation, units: Collection[str] | None) -> Overview:
    """What somebody of ``units`` is told of ``found``; None: whoever sees the mail of all."""
    moved = found.moved
    theirs = [one for one in moved if any(_is_theirs(to.address, organisation, units) for to in one.recipients if to.moved)]
    shown = sorted(reversed(theirs), key=lambda one: not one.rights)[:SHOWN]
    return Overview(
        mails=len(found.mails),
        moved=len(moved),
        rights=sum(bool(one.rights) for one in moved),
        older_left_out=found.older_left_out,
        shown=tuple(shown),
        hidden=len(theirs) - len(shown),
        elsewhere=len(moved) - len(theirs),
        people=_people(theirs, found.people, organisation, units),
        stayed=() if moved else _stayed(found, organisation, units),
    )


def _stayed(found: Backtest, organisation: Organisation, units: Collection[str] | None) -> tuple[tuple[Sentence, int], ...]:
    recipients = [to for one in found.mails for to in one.recipients if _is_theirs(to.address, organisation, units)]
    return tuple(Counter(to.explanation for to in recipients).most_common(REASONS))


def _people(
    moved: Collection[TriedMail], got: Mapping[str, Weeks], organisation: Organisation, units: Collection[str] | None
) -> tuple[tuple[str, Weeks], ...]:
    names = {address for one in moved for tried in one.recipients if tried.moved for address in (tried.was, tried.would)}
    told = [one for one in sorted(names) if normalise(one) in got and _is_theirs(one, organisation, units)]
    people = [(one, got[normalise(one)]) for one in told]
    people.sort(key=lambda one: -sum(abs(was - would) for was, would in one[1].values()))
    return tuple(people[:PEOPLE])


def _is_theirs(address: str, organisation: Organisation, units: Collection[str] | None) -> bool:
    """Mailboxes, and whoever is no employee, belong to nobody else."""
    employee = organisation.employees.get(normalise(address))
    return units is None or employee is None or employee.unit in units

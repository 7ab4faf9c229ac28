"""What the contract asks of every contact framework in a register, and more of one whose state is in force.

A framework is a restriction of a citizen: what must be recorded about it (``domain.md`` (a), (c)) is bad input when it is missing.
"""

from calendar import monthrange
from collections.abc import Callable, Iterator
from datetime import MAXYEAR, date, timedelta

from workflows.faults import Fault, Path
from workflows.framework import (
    IN_FORCE,
    ChangedCaseworker,
    ContactFramework,
    ContactWindow,
    FixedContact,
    FunctionalMailbox,
    LimitedCalls,
    State,
)
from workflows.grounds import Grounds
from workflows.shielding import exposed

LONGEST_MONTHS = 12
REVIEW_BEFORE_END = timedelta(days=14)
NEEDED = (
    "scope",
    "measures",
    "reason",
    "legal_basis",
    "milder_means",
    "decided_by",
    "starts",
    "review",
    "ends",
    "citizen_informed",
)

Check = Callable[[ContactFramework, Grounds], Iterator[Fault]]


def _in_force_is_complete(framework: ContactFramework, grounds: Grounds) -> Iterator[Fault]:
    if framework.state not in IN_FORCE:
        return
    for name in NEEDED:
        if name == "citizen_informed" and framework.state is State.URGENT:
            continue
        if _blank(getattr(framework, name)):
            yield Fault((name,), f"is missing; a framework whose state is {framework.state.value} needs it")
    for number, one in enumerate(framework.milder_means):
        for name, text in (("what", one.what), ("why_not", one.why_not)):
            if _blank(text):
                yield Fault(
                    ("milder_means", number, name), "is empty; say which milder means was considered, and why it does not do"
                )


def _blank(value: object) -> bool:
    return value is None or value == () or (isinstance(value, str) and not value.strip())


def one_scope(framework: ContactFramework, grounds: Grounds) -> Iterator[Fault]:
    """A scope is of one kind."""
    if framework.scope is None:
        return
    given = [bool(framework.scope.cases), bool(framework.scope.units), framework.scope.municipality]
    if sum(given) != 1:
        yield Fault(("scope",), "give exactly one of cases: […], units: […] or municipality: true")


def own_cases(framework: ContactFramework, grounds: Grounds) -> Iterator[Fault]:
    """No case of another citizen."""
    for number, id in enumerate(framework.scope.cases if framework.scope else ()):
        case = grounds.cases.get(id)
        if case is not None and case.citizen != framework.citizen:
            yield Fault(("scope", "cases", number), f"is a case of {case.citizen}; name cases of {framework.citizen} only")


def _dates(framework: ContactFramework, grounds: Grounds) -> Iterator[Fault]:
    starts, review, ends = framework.starts, framework.review, framework.ends
    if starts and ends and ends < starts:
        yield Fault(("ends",), "lies before starts")
    if framework.state not in IN_FORCE:
        return
    if starts and ends and ends > (latest := months_on(starts, LONGEST_MONTHS)):
        yield Fault(("ends",), f"lies more than 12 months after starts; at the latest {latest}, and extend it by a new decision")
    if review and ends and review > ends - REVIEW_BEFORE_END:
        yield Fault(
            ("review",), f"must lie at least 14 days before ends: {ends - REVIEW_BEFORE_END} or earlier{_urgent(framework)}"
        )
    if review and starts and review < starts:
        yield Fault(("review",), f"lies before starts{_urgent(framework)}")


def _urgent(framework: ContactFramework) -> str:
    if framework.state is not State.URGENT:
        return ""
    return "; give an urgent framework the dates it is meant to have, it lapses after 5 working days whatever ends says"


def months_on(day: date, months: int) -> date:
    """The same day ``months`` later; the month's last day where it has no such day, and the last day of all where there is none."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    if year > MAXYEAR:
        return date.max
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def _decider(framework: ContactFramework, grounds: Grounds) -> Iterator[Fault]:
    if framework.state not in IN_FORCE or framework.decided_by is None:
        return
    decider = grounds.person(framework.decided_by)
    if decider not in grounds.leaders | (grounds.on_duty if framework.state is State.URGENT else frozenset()):
        yield Fault(("decided_by",), "is no leader or head of a unit; only they decide on a framework")
    if decider in _concerned(framework, grounds):
        yield Fault(("decided_by",), "is a caseworker whom a measure concerns; let another leader or the head decide")


def _concerned(framework: ContactFramework, grounds: Grounds) -> set[str]:
    return {grounds.person(one) for one in exposed(framework, grounds.cases_of.get(framework.citizen, ()))}


def _approver(framework: ContactFramework, grounds: Grounds) -> Iterator[Fault]:
    if framework.state not in IN_FORCE or framework.scope is None or not framework.scope.municipality:
        return
    if framework.approved_by is None:
        yield Fault(("approved_by",), "is missing; a framework for the whole municipality needs a second person's approval")
    elif framework.decided_by and grounds.person(framework.approved_by) == grounds.person(framework.decided_by):
        yield Fault(("approved_by",), "is the decider too; a second person approves a framework for the whole municipality")


def targets_are_ours(framework: ContactFramework, grounds: Grounds) -> Iterator[Fault]:
    """Nobody outside gets a citizen's mail, or decides on a framework."""
    for path, address in _addresses(framework):
        yield from grounds.ours(address, path)


def _addresses(framework: ContactFramework) -> Iterator[tuple[Path, str]]:
    for name in ("decided_by", "approved_by"):
        if address := getattr(framework, name):
            yield (name,), address
    for number, measure in enumerate(framework.measures):
        at = ("measures", number)
        match measure:
            case FunctionalMailbox(mailbox=str(mailbox)):
                yield (*at, "mailbox"), mailbox
            case FixedContact(contact=contact):
                yield (*at, "contact"), contact
            case ChangedCaseworker(from_=before, to=after):
                yield (*at, "from"), before
                yield (*at, "to"), after
            case _:
                pass


def no_circle(framework: ContactFramework, grounds: Grounds) -> Iterator[Fault]:
    """Chains of changed caseworkers are followed to their end, so they must have one, and one only."""
    after: dict[str, str] = {}
    for number, measure in enumerate(framework.measures):
        if not isinstance(measure, ChangedCaseworker):
            continue
        before, to = grounds.person(measure.from_), grounds.person(measure.to)
        if after.setdefault(before, to) != to:
            yield Fault(("measures", number, "from"), "has two successors; name one")
        elif _leads_to(to, before, after):
            yield Fault(("measures", number), "closes a circle of changed caseworkers; the chain must end with somebody")


def _leads_to(start: str, goal: str, after: dict[str, str]) -> bool:
    seen: set[str] = set()
    while start != goal and start in after and start not in seen:
        seen.add(start)
        start = after[start]
    return start == goal


def single_targets(framework: ContactFramework, grounds: Grounds) -> Iterator[Fault]:
    """One functional mailbox and one fixed contact at most."""
    for kind in (FunctionalMailbox, FixedContact):
        places = [number for number, measure in enumerate(framework.measures) if isinstance(measure, kind)]
        for number in places[1:]:
            yield Fault(
                ("measures", number), f"is the second {framework.measures[number].kind}; a framework has one target for mail"
            )


def mailbox_is_known(framework: ContactFramework, grounds: Grounds) -> Iterator[Fault]:
    """``mailbox`` defaults to the unit's; under municipality scope, where a recipient has none, to that of the decider's unit."""
    if framework.state not in IN_FORCE or framework.scope is None:
        return
    for number, measure in enumerate(framework.measures):
        if isinstance(measure, FunctionalMailbox) and measure.mailbox is None:
            for unit in sorted(_units_without(framework, grounds)):
                yield Fault(("measures", number, "mailbox"), f"is missing, and {unit} has no functional_mailbox; give one of them")


def _units_without(framework: ContactFramework, grounds: Grounds) -> set[str]:
    scope = framework.scope
    assert scope is not None
    if scope.municipality:
        return _decider_without(framework, grounds)
    named = {*scope.units, *(grounds.cases[id].unit for id in scope.cases if id in grounds.cases)}
    return {f"unit {id}" for id in named if id in grounds.units and not grounds.units[id].functional_mailbox}


def _decider_without(framework: ContactFramework, grounds: Grounds) -> set[str]:
    if framework.decided_by is None:
        return set()
    decider = grounds.person(framework.decided_by)
    led = [unit for unit in grounds.units.values() if decider in {grounds.person(one) for one in (unit.leader, unit.head) if one}]
    return set() if any(unit.functional_mailbox for unit in led) else {"the decider's unit"}


def windows(framework: ContactFramework, grounds: Grounds) -> Iterator[Fault]:
    """A time of the day ends after it began."""
    for number, measure in enumerate(framework.measures):
        if isinstance(measure, ContactWindow | LimitedCalls) and measure.from_ >= measure.to:
            yield Fault(("measures", number, "to"), "must be later than from")


CHECKS: tuple[Check, ...] = (
    _in_force_is_complete,
    one_scope,
    own_cases,
    _dates,
    _decider,
    _approver,
    targets_are_ours,
    no_circle,
    single_targets,
    mailbox_is_known,
    windows,
)


def frameworks(grounds: Grounds) -> Iterator[Fault]:
    """Every fault of every framework."""
    for place, framework in grounds.draft.frameworks.items():
        for check in CHECKS:
            for fault in check(framework, grounds):
                yield Fault(("frameworks", place, *fault.path), fault.message)


RULES = (frameworks,)

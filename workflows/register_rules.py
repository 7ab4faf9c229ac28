"""What a whole register must hold besides the shape of its entries: ids, references, addresses. Frameworks: ``framework_rules``.

Each rule looks at one thing, changes nothing, and yields every fault that it finds. Rules come from the contract ("The
register file"); where it is silent, a register is refused only for what would make a decision wrong or ambiguous.
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from itertools import islice

from workflows import framework_rules
from workflows.addresses import ascii_domain, normalise
from workflows.cpr import cpr_numbers
from workflows.faults import MOST, Fault, nearest
from workflows.grounds import Grounds
from workflows.people import Citizen, Employee, Unit
from workflows.register import Register
from workflows.register_shape import NAMES, Draft, draft_of

Rule = Callable[[Grounds], Iterator[Fault]]

_AUTHORITY = re.compile(r"[^@\s]+@[^@\s]+|(?:[^@\s.]+\.)+[^@\s.]+")
_SECTIONS_WITH_IDS = ("units", "citizens", "cases", "frameworks")
_UNIT_ADDRESSES = ("leader", "head", "deputy", "duty_officer", "mailbox_owner", "functional_mailbox", "main_mailbox")


def check(draft: Draft, domains: Collection[str]) -> list[Fault]:
    """Every fault of the entries of ``draft``, in the order of the file; of very many some. ``domains`` are ours, in ASCII."""
    return sorted(islice(_faults(draft, domains), MOST + 1), key=place)


def faults_of(register: Register, domains: Collection[str]) -> list[Fault]:
    """Every fault of a whole register, however many."""
    return sorted(_faults(draft_of(register), domains), key=place)


def _faults(draft: Draft, domains: Collection[str]) -> Iterator[Fault]:
    grounds = Grounds.of(draft, domains)
    return (fault for rule in RULES for fault in rule(grounds))


def place(fault: Fault) -> tuple[int, int]:
    """Where a fault stands in the file, for sorting."""
    section = NAMES.index(fault.path[0]) if fault.path and fault.path[0] in NAMES else -1
    entry = fault.path[1] if len(fault.path) > 1 else -1
    return section, entry if isinstance(entry, int) else -1


def looks_like_cpr(text: str) -> bool:
    """Whether ``text`` holds what may be a Danish personal number: six digits of a date and four more."""
    return next(cpr_numbers(text), None) is not None


def _unique_ids(grounds: Grounds) -> Iterator[Fault]:
    for section in _SECTIONS_WITH_IDS:
        first: dict[str, int] = {}
        for place, entry in grounds.entries(section):
            if first.setdefault(entry.id, place) != place:
                yield Fault((section, place, "id"), f"is the id of {section}[{first[entry.id]}] too; give each its own")


def _no_cpr_numbers(grounds: Grounds) -> Iterator[Fault]:
    for section in _SECTIONS_WITH_IDS:
        for place, entry in grounds.entries(section):
            if looks_like_cpr(entry.id):
                yield Fault((section, place, "id"), "looks like a CPR number; give the entry an id of its own")
    for place, citizen in grounds.draft.citizens.items():
        for path, name in _names(citizen):
            if looks_like_cpr(name):
                yield Fault(("citizens", place, *path), "holds what looks like a CPR number; write the name alone")


def _one_citizen_per_cpr(grounds: Grounds) -> Iterator[Fault]:
    """The number itself is in no message."""
    first: dict[str, int] = {}
    for place, citizen in grounds.draft.citizens.items():
        number = citizen.cpr or citizen.cpr_hash
        if number and first.setdefault(number, place) != place:
            yield Fault(("citizens", place, "cpr"), f"is the number of citizens[{first[number]}] too; list a person once")


def _names(citizen: Citizen) -> Iterator[tuple[tuple[str | int, ...], str]]:
    yield ("name",), citizen.name
    for place, person in enumerate(citizen.people):
        yield ("people", place, "name"), person.name


def _known_references(grounds: Grounds) -> Iterator[Fault]:
    for place, employee in grounds.draft.employees.items():
        yield from _known(grounds, "units", employee.unit, ("employees", place, "unit"))
    for place, case in grounds.draft.cases.items():
        yield from _known(grounds, "citizens", case.citizen, ("cases", place, "citizen"))
        yield from _known(grounds, "units", case.unit, ("cases", place, "unit"))
    for place, framework in grounds.draft.frameworks.items():
        yield from _known(grounds, "citizens", framework.citizen, ("frameworks", place, "citizen"))
        scope = framework.scope
        for number, id in enumerate(scope.cases if scope else ()):
            yield from _known(grounds, "cases", id, ("frameworks", place, "scope", "cases", number))
        for number, id in enumerate(scope.units if scope else ()):
            yield from _known(grounds, "units", id, ("frameworks", place, "scope", "units", number))


def _known(grounds: Grounds, section: str, id: str, path: tuple[str | int, ...]) -> Iterator[Fault]:
    if not grounds.knows(section, id):
        yield Fault(path, f'"{id}" is not among the {section}{nearest(id, grounds.ids(section))}')


def _one_employee_per_address(grounds: Grounds) -> Iterator[Fault]:
    """Two employees with one address would make it unclear whose unit and cases a mail concerns."""
    for place, employee in grounds.draft.employees.items():
        for path, address in _addresses(employee):
            owner = grounds.employees[grounds.key(address)]
            if owner != place:
                yield Fault(("employees", place, *path), f"belongs to employees[{owner}] already; list a person once")


def _addresses(employee: Employee) -> Iterator[tuple[tuple[str | int, ...], str]]:
    yield ("address",), employee.address
    for place, alias in enumerate(employee.aliases):
        yield ("aliases", place), alias


def _own_addresses(grounds: Grounds) -> Iterator[Fault]:
    """Staff and mailboxes in a domain that is not ours would get mail and notices outside the house; mostly it is a slip."""
    for place, unit in grounds.draft.units.items():
        for name, address in _unit_addresses(unit):
            yield from grounds.ours(address, ("units", place, name))
    for place, employee in grounds.draft.employees.items():
        yield from grounds.ours(employee.address, ("employees", place, "address"))
    for place, one in grounds.draft.open_addresses.items():
        yield from grounds.ours(one.address, ("open_addresses", place, "address"))
    for place, case in grounds.draft.cases.items():
        yield from grounds.ours(case.caseworker, ("cases", place, "caseworker"))


def _unit_addresses(unit: Unit) -> Iterator[tuple[str, str]]:
    values: Mapping[str, str | None] = {name: getattr(unit, name) for name in _UNIT_ADDRESSES}
    return ((name, address) for name, address in values.items() if address)


def _authorities(grounds: Grounds) -> Iterator[Fault]:
    for place, written in grounds.draft.authorities.items():
        if not _AUTHORITY.fullmatch(written):
            yield Fault(("authorities", place), "write a domain or an address, such as ombudsmanden.dk")
        elif "@" not in written and ascii_domain(written) in grounds.domains:
            yield Fault(("authorities", place), "is our own domain; no framework would ever apply to mail from it")


def _one_grade_per_address(grounds: Grounds) -> Iterator[Fault]:
    """One citizen's address as both verified and probable is unclear. An address of two people is no fault."""
    for place, citizen in grounds.draft.citizens.items():
        grades: dict[str, str] = {}
        for number, one in enumerate(citizen.addresses):
            if grades.setdefault(normalise(one.address), one.grade) != one.grade:
                yield Fault(("citizens", place, "addresses", number), "is listed with two grades; keep one")


RULES: tuple[Rule, ...] = (
    _unique_ids,
    _no_cpr_numbers,
    _one_citizen_per_cpr,
    _known_references,
    _one_employee_per_address,
    _own_addresses,
    _authorities,
    _one_grade_per_address,
    *framework_rules.RULES,
)


def notes(draft: Draft, domains: Collection[str]) -> list[Fault]:
    """What is no fault, but may be a slip: caseworkers who are not listed among the employees; each is named once."""
    grounds = Grounds.of(draft, domains)
    first: dict[str, int] = {}
    for place, case in draft.cases.items():
        first.setdefault(grounds.key(case.caseworker), place)
    unlisted = {one: place for one, place in first.items() if one not in grounds.employees}
    mend = "is not among the employees"
    return [Fault(("cases", place, "caseworker"), mend + nearest(one, grounds.employees)) for one, place in unlisted.items()]

"""The register under check, indexed once, as its rules look at it."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from workflows.addresses import domain_of, normalise, recipient_key
from workflows.faults import Fault, Path
from workflows.people import Case, Unit
from workflows.register_shape import Draft


@dataclass(frozen=True)
class Grounds:
    """A draft and its indexes. ``employees`` leads from each address and alias (as recipients compare) to the place in the list."""

    draft: Draft
    domains: frozenset[str]
    units: Mapping[str, Unit]
    cases: Mapping[str, Case]
    citizens: frozenset[str]
    employees: Mapping[str, int]

    @classmethod
    def of(cls, draft: Draft, domains: Collection[str]) -> "Grounds":
        """Indexes ``draft``; of two entries with one id or address the first counts."""
        own = frozenset(domains)
        employees: dict[str, int] = {}
        for place, employee in draft.employees.items():
            for address in (employee.address, *employee.aliases):
                employees.setdefault(recipient_key(address, own), place)
        return cls(
            draft=draft,
            domains=own,
            units={unit.id: unit for unit in reversed(tuple(draft.units.values()))},
            cases={case.id: case for case in reversed(tuple(draft.cases.values()))},
            citizens=frozenset(citizen.id for citizen in draft.citizens.values()),
            employees=employees,
        )

    def entries(self, section: str) -> Iterator[tuple[int, Any]]:
        """The entries of one section with their places."""
        found: Mapping[int, Any] = getattr(self.draft, section)
        return iter(found.items())

    def ids(self, section: str) -> Collection[str]:
        """The ids of one section."""
        match section:
            case "units":
                return self.units.keys()
            case "cases":
                return self.cases.keys()
            case _:
                return self.citizens

    def knows(self, section: str, id: str) -> bool:
        """Whether there is an entry with this id, be it one with faults of its own."""
        return id in self.ids(section) or (section, id) in self.draft.half_read

    def key(self, address: str) -> str:
        """The address as recipients are compared: on our domains without its plus-tag."""
        return recipient_key(address, self.domains)

    def person(self, address: str) -> str:
        """The one address that a person's aliases and plus-tags stand for."""
        key = self.key(address)
        return normalise(self.draft.employees[self.employees[key]].address) if key in self.employees else key

    @cached_property
    def cases_of(self) -> Mapping[str, list[Case]]:
        """By citizen, their cases."""
        found: dict[str, list[Case]] = {}
        for case in self.cases.values():
            found.setdefault(case.citizen, []).append(case)
        return found

    @cached_property
    def leaders(self) -> frozenset[str]:
        """The leaders and heads: those that units name, and employees with that role."""
        named = {one for unit in self.units.values() for one in (unit.leader, unit.head) if one}
        listed = {one.address for one in self.draft.employees.values() if one.role in ("leader", "head")}
        return frozenset(self.person(one) for one in named | listed)

    @cached_property
    def on_duty(self) -> frozenset[str]:
        """Who may set an urgent framework at night and at weekends (``domain.md`` (b))."""
        return frozenset(self.person(unit.duty_officer) for unit in self.units.values() if unit.duty_officer)

    def ours(self, address: str, path: Path) -> Iterator[Fault]:
        """The fault of an address that must be in our domains, and is not."""
        if domain_of(address) not in self.domains:
            yield Fault(
                path, f"is not in our domains ({', '.join(sorted(self.domains))}); see municipality.domains in the settings"
            )

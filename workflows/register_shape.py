"""From plain values (lists, tables, texts) to the register's entries, one by one, so that a wrong entry hides no other fault."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from pydantic import ValidationError

from workflows.faults import MOST, Fault, from_validation, nearest
from workflows.framework import ContactFramework
from workflows.people import Case, Citizen, Employee, Entry, OpenAddress, Unit
from workflows.register import Register

SECTIONS: Mapping[str, type[Entry]] = {
    "units": Unit,
    "employees": Employee,
    "open_addresses": OpenAddress,
    "citizens": Citizen,
    "cases": Case,
    "frameworks": ContactFramework,
}
NAMES = tuple(Register.model_fields)


@dataclass(frozen=True, slots=True)
class Draft:
    """The entries that could be read, by their place in the file's lists.

    ``half_read`` names entries (section, id) that have a fault of their own: a reference to one of them is no further fault.
    """

    units: Mapping[int, Unit] = field(default_factory=dict)
    employees: Mapping[int, Employee] = field(default_factory=dict)
    open_addresses: Mapping[int, OpenAddress] = field(default_factory=dict)
    authorities: Mapping[int, str] = field(default_factory=dict)
    citizens: Mapping[int, Citizen] = field(default_factory=dict)
    cases: Mapping[int, Case] = field(default_factory=dict)
    frameworks: Mapping[int, ContactFramework] = field(default_factory=dict)
    half_read: frozenset[tuple[str, str]] = frozenset()

    def register(self) -> Register:
        """The register of these entries, in their order."""
        return Register.model_validate({name: tuple(getattr(self, name).values()) for name in NAMES})


def draft_of(register: Register) -> Draft:
    """A whole register as a draft, to be checked again."""
    entries: dict[str, Any] = {name: dict(enumerate(getattr(register, name))) for name in NAMES}
    return Draft(**entries)


def read(data: object) -> tuple[Draft, list[Fault]]:
    """The entries of a register file's plain values, and what is wrong with their shape. An empty file is an empty register.

    After more than ``MOST`` faults no further entry is read.
    """
    if data is None:
        return Draft(), []
    if not isinstance(data, Mapping):
        return Draft(), [Fault((), f"write a register: the sections {', '.join(NAMES)}")]
    unknown = islice((str(key) for key in data if key not in NAMES), MOST + 1)
    faults = [Fault((key,), "is not known here" + nearest(key, NAMES)) for key in unknown]
    rows = {name: _rows(name, data.get(name), faults) for name in NAMES}
    half_read: set[tuple[str, str]] = set()
    entries: dict[str, Any] = {name: _entries(name, model, rows[name], faults, half_read) for name, model in SECTIONS.items()}
    entries["authorities"] = _authorities(rows["authorities"], faults)
    return Draft(**entries, half_read=frozenset(half_read)), faults


def _rows(name: str, value: object, faults: list[Fault]) -> list[object]:
    if isinstance(value, list):
        return value
    if value is not None:
        faults.append(Fault((name,), "write a list: each entry on its own line after a dash"))
    return []


def _entries(
    name: str, model: type[Entry], rows: list[object], faults: list[Fault], half_read: set[tuple[str, str]]
) -> dict[int, Entry]:
    found: dict[int, Entry] = {}
    for place, row in enumerate(rows):
        if len(faults) > MOST:
            break
        try:
            found[place] = model.model_validate(row)
        except ValidationError as error:
            first = islice(from_validation(error, model), MOST + 1)
            faults.extend(Fault((name, place, *fault.path), fault.message) for fault in first)
            if isinstance(row, Mapping):
                half_read.add((name, str(row.get("id", row.get("address")))))
    return found


def _authorities(rows: list[object], faults: list[Fault]) -> dict[int, str]:
    found: dict[int, str] = {}
    for place, row in enumerate(rows):
        if isinstance(row, str):
            found[place] = row
        elif len(faults) <= MOST:
            faults.append(Fault(("authorities", place), "write a domain or an address, such as ombudsmanden.dk"))
    return found

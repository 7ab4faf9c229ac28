"""How a register is laid out in tables: each entry a row, with its JSON as the document."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Table

from services.identity_words import load
from services.store import schema
from services.store.address_index import address_hash, identity_key
from workflows.addresses import normalise
from workflows.found_by import keys_of_citizen
from workflows.framework import ContactFramework
from workflows.people import Case, Citizen, Employee, Entry, OpenAddress, Unit, name_words
from workflows.register import Register


@dataclass(frozen=True, slots=True)
class Kind:
    """One list of the register file: its name there, its table, and how an entry becomes a row."""

    name: str
    table: Table
    model: type[Entry] | None  # None: plain text
    id: Callable[[Any], str]
    columns: Callable[[Any], dict[str, Any]] = lambda _: {}

    def entries(self, register: Register) -> Sequence[Any]:
        """This list of ``register``."""
        found: Sequence[Any] = getattr(register, self.name)
        return found

    def document(self, entry: str | Entry) -> str:
        """``entry`` as text; equal entries give equal texts."""
        return entry if isinstance(entry, str) else entry.model_dump_json(by_alias=True, exclude_defaults=True)

    def entry(self, document: str) -> Any:  # noqa: ANN401 - its type is the kind's
        """The entry that ``document`` tells."""
        return document if self.model is None else self.model.model_validate_json(document)


def _open_id(one: OpenAddress) -> str:
    return f"{normalise(one.address)} {one.kind.value}"


def _framework_columns(one: ContactFramework) -> dict[str, Any]:
    return {
        "citizen": one.citizen,
        "state": one.state.value,
        "starts": one.starts.isoformat() if one.starts else None,
        "ends": one.ends.isoformat() if one.ends else None,
    }


def _case_columns(one: Case) -> dict[str, Any]:
    return {"citizen": one.citizen, "unit": one.unit, "caseworker": normalise(one.caseworker)}


KINDS = (
    Kind("units", schema.unit, Unit, lambda one: one.id),
    Kind("employees", schema.employee, Employee, lambda one: normalise(one.address)),
    Kind("open_addresses", schema.open_address, OpenAddress, _open_id),
    Kind("authorities", schema.authority, None, normalise),
    Kind("citizens", schema.citizen, Citizen, lambda one: one.id),
    Kind("cases", schema.citizen_case, Case, lambda one: one.id, _case_columns),
    Kind("frameworks", schema.framework, ContactFramework, lambda one: one.id, _framework_columns),
)
OWN = ("units", "employees", "open_addresses", "authorities")  # the municipality's own side
BY_NAME = {kind.name: kind for kind in KINDS}


def addresses_of(citizen: Citizen) -> set[str]:
    """The normalised addresses of a citizen and of everybody around them."""
    around = (one for person in citizen.people for one in person.addresses)
    return {normalise(one.address) for one in (*citizen.addresses, *around)}


def hashes_of(key: bytes, citizens: Iterable[Citizen]) -> list[dict[str, Any]]:
    """The rows of ``citizen_address``, sorted, for some citizens."""
    rows = ((address_hash(key, address), one.id) for one in citizens for address in addresses_of(one))
    return [{"hash": hash, "citizen": citizen} for hash, citizen in sorted(rows)]


def keys_of(key: bytes, citizens: Iterable[Citizen]) -> list[tuple[str, str]]:
    """The rows of ``citizen_key`` for some citizens; ``key`` is the guard's."""
    own, common = identity_key(key), load().common
    return [(one, citizen.id) for citizen in citizens for one in sorted(keys_of_citizen(own, citizen, common))]


def words_of(citizens: Iterable[Citizen]) -> list[dict[str, Any]]:
    """The rows of ``citizen_word`` for some citizens; in ``name`` a space stands before each word."""
    named = ((one.id, name_words(one.name)) for one in citizens)
    return [{"word": word, "citizen": id, "name": " ".join(("", *words))} for id, words in named for word in words]

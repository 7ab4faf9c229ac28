"""Reading the register: whole, the municipality's own side, or some citizens' files."""

from array import array
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from typing import Any

from sqlalchemy import Connection, select

from services.store import schema
from services.store.register_tables import BY_NAME, KINDS, OWN, Kind, addresses_of
from services.store.unit_of_work import batched, read_meta
from workflows.addresses import ascii_domain, normalise
from workflows.facts import Authorities, CitizenFile, Organisation
from workflows.people import Citizen
from workflows.register import Register

FETCH = 20_000
AT_ONCE = 500  # ids in one statement


def whole_register(connection: Connection) -> Register:
    """The register as it stands, each list sorted by id."""
    return Register(**{kind.name: tuple(_entries(connection, kind)) for kind in KINDS})


def own_side(connection: Connection) -> Register:
    """The municipality's own side alone, each list sorted by id."""
    return Register(**{name: tuple(_entries(connection, BY_NAME[name])) for name in OWN})


def resting_on_own_side(connection: Connection, units: Collection[str], most: int) -> Register:
    """What a changed own side with these ``units`` could leave in the air, with the own side as it stands: every framework with
    its citizen's cases, of cases in other units the first ``most``, and the citizens of those.
    """
    frameworks = _entries(connection, BY_NAME["frameworks"])
    cases = _cases_beside(connection, units, most)
    for some in batched(sorted({one.citizen for one in frameworks}), AT_ONCE):
        cases |= {one.id: one for found in _of_citizens(connection, BY_NAME["cases"], some).values() for one in found}
    citizens = {one.citizen for one in (*frameworks, *cases.values())}
    return own_side(connection).model_copy(
        update={
            "citizens": tuple(_named(connection, BY_NAME["citizens"], sorted(citizens))),
            "cases": tuple([cases[id] for id in sorted(cases)]),
            "frameworks": tuple(frameworks),
        }
    )


def _cases_beside(connection: Connection, units: Collection[str], most: int) -> dict[str, Any]:
    table = schema.citizen_case.c
    others = sorted({*connection.execute(select(table.unit).distinct()).scalars()} - {*units})
    found: dict[str, Any] = {}
    for some in batched(others, AT_ONCE):
        rows = select(table.document).where(table.unit.in_(some)).order_by(table.id).limit(most - len(found))
        cases = map(BY_NAME["cases"].entry, connection.execute(rows).scalars())
        found |= {one.id: one for one in cases}
    return found


def _named(connection: Connection, kind: Kind, ids: list[str]) -> Iterator[Any]:
    table = kind.table.c
    for some in batched(ids, AT_ONCE):
        rows = select(table.document).where(table.id.in_(some)).order_by(table.id)
        yield from map(kind.entry, connection.execute(rows).scalars())


def organisation(connection: Connection, extra_authorities: Iterable[str]) -> Organisation:
    """The municipality's own side, with the authorities of the national list."""
    employees = _entries(connection, BY_NAME["employees"])
    return Organisation(
        units={one.id: one for one in _entries(connection, BY_NAME["units"])},
        employees={normalise(address): one for one in employees for address in (*one.aliases, one.address)},
        open_addresses={normalise(one.address): one.kind for one in _entries(connection, BY_NAME["open_addresses"])},
        authorities=authorities((*extra_authorities, *_entries(connection, BY_NAME["authorities"]))),
    )


def authorities(entries: Iterable[str]) -> Authorities:
    """Entries with an at sign are addresses, the others domains."""
    all_entries = tuple(entries)
    return Authorities(
        domains=frozenset(ascii_domain(one.strip()) for one in all_entries if "@" not in one),
        addresses=frozenset(normalise(one) for one in all_entries if "@" in one),
    )


def citizen_files(connection: Connection, hashes: Collection[int], addresses: Collection[str]) -> tuple[CitizenFile, ...]:
    """The files, by id, of the citizens whose or around whom one of ``addresses`` really is."""
    table = schema.citizen_address.c
    wanted = select(table.citizen).where(table.hash.in_(hashes))
    rows = connection.execute(
        select(schema.citizen.c.document).where(schema.citizen.c.id.in_(wanted)).order_by(schema.citizen.c.id)
    )
    found = [BY_NAME["citizens"].entry(document) for document in rows.scalars()]
    return _files(connection, [one for one in found if not addresses_of(one).isdisjoint(addresses)])


def files_by_id(connection: Connection, ids: Collection[str]) -> tuple[CitizenFile, ...]:
    """The files, by id, of these citizens; of those that there are."""
    return _files(connection, list(_named(connection, BY_NAME["citizens"], sorted(ids))))


def _files(connection: Connection, citizens: list[Citizen]) -> tuple[CitizenFile, ...]:
    if not citizens:
        return ()
    ids = [one.id for one in citizens]
    cases = _of_citizens(connection, BY_NAME["cases"], ids)
    frameworks = _of_citizens(connection, BY_NAME["frameworks"], ids)
    return tuple(CitizenFile(one, tuple(cases[one.id]), tuple(frameworks[one.id])) for one in citizens)


def versions(connection: Connection) -> tuple[int, int]:
    """The register's version, and the version since which an index can be brought up to date by the logged changes."""
    found = read_meta(connection, ("register_version", "index_version"))
    return int(found["register_version"]), int(found["index_version"])


def all_hashes(connection: Connection) -> "array[int]":
    """The hash of every registered address, sorted; equal ones stand beside each other."""
    hashes = array("q")
    table = schema.citizen_address.c
    rows = connection.execute(select(table.hash).order_by(table.hash))  # not streamed: that reads a row ahead, past the cursor
    cursor = rows.cursor
    assert cursor is not None
    while batch := cursor.fetchmany(FETCH):
        hashes.extend([row[0] for row in batch])
    return hashes


def hashes_since(connection: Connection, version: int) -> list[int]:
    """The hashes that loads after ``version`` added."""
    log = schema.address_change.c
    return list(connection.execute(select(log.hash).where(log.version > version)).scalars())


def _entries(connection: Connection, kind: Kind) -> list[Any]:
    table = kind.table
    rows = select(table.c.document).order_by(table.c.id)
    if table is schema.framework:
        rows = rows.where(table.c.current == 1)
    return [kind.entry(document) for document in connection.execute(rows).scalars()]


def _of_citizens(connection: Connection, kind: Kind, citizens: Collection[str]) -> dict[str, list[Any]]:
    table = kind.table
    rows = select(table.c.citizen, table.c.document).where(table.c.citizen.in_(citizens)).order_by(table.c.id)
    if table is schema.framework:
        rows = rows.where(table.c.current == 1)
    found: dict[str, list[Any]] = defaultdict(list)
    for citizen, document in connection.execute(rows):
        found[citizen].append(kind.entry(document))
    return found

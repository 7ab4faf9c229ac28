"""Making the stored register be a given one: what is equal stays untouched, and nothing is half done."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import Connection, Table, and_, delete, func, insert, or_, select, update

from services.store import link_rows, schema, schema_identity, schema_people
from services.store.address_index import identity_key
from services.store.confirmed import Confirmed
from services.store.interface import Progress, RegisterChange
from services.store.locks import Lock, lock
from services.store.register_tables import BY_NAME, KINDS, Kind, hashes_of, keys_of, words_of
from services.store.rows import inserts
from services.store.unit_of_work import Operation, UnitOfWork, batched, next_register_version, write_meta
from workflows.audit import AuditRecord
from workflows.link_answers import Link
from workflows.people import Citizen
from workflows.register import Register

BATCH = 2000
LOGGED_CHANGES = 10_000  # more new addresses than this, and indexes in memory are read anew
IDS_AN_ENTRY = 1000  # framework ids that one audit entry names


@dataclass(slots=True)
class Difference:
    """What one batch, or one kind, changes: ids."""

    added: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)


@dataclass(slots=True)
class LoadRegister(Operation[RegisterChange]):
    """Make the register be ``register``, or only its lists of ``kinds``; gives what it changed."""

    register: Register
    record: AuditRecord
    key: bytes
    now: int
    progress: Progress | None
    kinds: Sequence[Kind] = KINDS
    _done: int = 0
    _hashes: set[int] = field(default_factory=set)
    _confirmed: Confirmed | None = None
    queries = True
    alone = True

    def apply(self, work: UnitOfWork) -> RegisterChange:
        """One transaction; the same register again writes nothing."""
        lock(work.connection, Lock.REGISTER)
        self._done, self._hashes, self._confirmed = 0, set(), Confirmed(work.connection, self.key)  # it may be tried again
        found = {kind.name: self._load(work.connection, kind) for kind in self.kinds}
        change = RegisterChange(
            added={name: len(one.added) for name, one in found.items() if one.added},
            changed={name: len(one.changed) for name, one in found.items() if one.changed},
            removed={name: len(one.removed) for name, one in found.items() if one.removed},
        )
        if change.added or change.changed or change.removed:
            self._new_version(work.connection)
            for record in _records(self.record, change, found.get("frameworks", Difference())):
                work.audit(record)
        self._end(work, self._confirmed.ended)
        return change

    def _end(self, work: UnitOfWork, links: Sequence[Link]) -> None:
        link_rows.end(work.connection, [one.id for one in links])
        for one in links:
            work.audit(replace(self.record, action="identity.ended", subject=one.id, data={"citizen": one.citizen}))

    def change_citizen(self, work: UnitOfWork, citizen: Citizen) -> None:
        """Have one citizen be as given, in a transaction under way that holds the register's lock."""
        self._load_batch(work.connection, BY_NAME["citizens"], [citizen], Difference(), True)
        self._new_version(work.connection)
        work.wrote = True

    def _load(self, connection: Connection, kind: Kind) -> Difference:
        difference = Difference()
        stored = connection.execute(select(func.count()).select_from(kind.table).where(*_current(kind))).scalar_one()
        for entries in batched(kind.entries(self.register), BATCH):
            self._load_batch(connection, kind, entries, difference, bool(stored))
            self._report(len(entries))
        kept = len(kind.entries(self.register)) - len(difference.added)
        if kept < stored:
            self._remove(connection, kind, difference)
        return difference

    def _load_batch(self, connection: Connection, kind: Kind, entries: list[Any], difference: Difference, compare: bool) -> None:
        if kind.name == "citizens":  # from here on no CPR number is left
            entries = [one.without_cpr(identity_key(self.key)) for one in entries]
        before = _documents(connection, kind, map(kind.id, entries)) if compare else {}
        if kind.name == "citizens" and self._confirmed:
            entries = [_kept(self._confirmed, kind, one, before) for one in entries]
        given = {kind.id(one): (one, kind.document(one)) for one in entries}
        added = {id: entry for id, entry in given.items() if id not in before}
        changed = {id: entry for id, entry in given.items() if id in before and before[id] != entry[1]}
        difference.added += added
        difference.changed += changed
        if kind.table is schema.framework:
            self._add_versions(connection, kind, added | changed)
        else:
            _insert(connection, kind, added)
            _replace(connection, kind, changed)
        if kind.name == "citizens":
            self._forget_citizens(connection, kind, [before[id] for id in changed])
            self._add_citizens(connection, [entry for entry, _ in (added | changed).values()])

    def _remove(self, connection: Connection, kind: Kind, difference: Difference) -> None:
        wanted = {kind.id(one) for one in kind.entries(self.register)}
        stored = connection.execute(select(kind.table.c.id).where(*_current(kind))).scalars()
        difference.removed = [id for id in stored if id not in wanted]
        for ids in batched(difference.removed):
            if kind.name == "citizens":
                self._forget_citizens(connection, kind, _documents(connection, kind, ids).values())
                self._forget_links(connection, ids)
            connection.execute(delete(kind.table).where(kind.table.c.id.in_(ids)))

    def _forget_links(self, connection: Connection, citizens: list[str]) -> None:
        if self._confirmed:
            self._confirmed.gone(citizens)
        asked = schema_identity.identity_link.c
        link_rows.end(connection, connection.execute(select(asked.id).where(asked.citizen.in_(citizens))).scalars().all())

    def _add_versions(self, connection: Connection, kind: Kind, given: dict[str, tuple[Any, str]]) -> None:
        """A framework's versions are only ever added."""
        table = schema.framework
        newest: dict[str, int] = {}
        for ids in batched(given):
            versions = select(table.c.id, func.max(table.c.version)).where(table.c.id.in_(ids)).group_by(table.c.id)
            newest.update((row[0], row[1]) for row in connection.execute(versions))
            connection.execute(update(table).where(table.c.id.in_(ids), table.c.current == 1).values(current=0))
        rows = [
            {"id": id, "version": newest.get(id, 0) + 1, "current": 1, "since": self.now, "document": document, **kind.columns(one)}
            for id, (one, document) in given.items()
        ]
        if rows:
            connection.execute(insert(table), rows)

    def _add_citizens(self, connection: Connection, citizens: Sequence[Any]) -> None:
        """By what they are found."""
        words = [tuple(row.values()) for row in words_of(citizens)]
        inserts(connection.dialect, schema_people.citizen_word).run(connection, words)
        inserts(connection.dialect, schema_identity.citizen_key).run(connection, keys_of(self.key, citizens))
        if rows := hashes_of(self.key, citizens):
            connection.execute(insert(schema.citizen_address), rows)
        if len(self._hashes) <= LOGGED_CHANGES:
            self._hashes.update(row["hash"] for row in rows)

    def _forget_citizens(self, connection: Connection, kind: Kind, documents: Iterable[str]) -> None:
        for some in batched(documents, 100):
            citizens = [kind.entry(one) for one in some]
            _delete(connection, schema.citizen_address, hashes_of(self.key, citizens))
            _delete(connection, schema_people.citizen_word, words_of(citizens))
            keys = schema_identity.citizen_key
            connection.execute(delete(keys).where(keys.c.citizen.in_([one.id for one in citizens])))

    def _new_version(self, connection: Connection) -> None:
        """Every index in memory, in every process, takes in the new addresses; after many it is read anew."""
        version = next_register_version(connection)
        log = schema.address_change
        logged = connection.execute(select(func.count()).select_from(log)).scalar_one() + len(self._hashes)
        if logged > LOGGED_CHANGES:
            connection.execute(delete(log))
            write_meta(connection, index_version=str(version))
        elif self._hashes:
            connection.execute(insert(log), [{"version": version, "hash": one} for one in sorted(self._hashes)])

    def _report(self, count: int) -> None:
        self._done += count
        if self.progress is not None:
            self.progress(self._done, sum(len(kind.entries(self.register)) for kind in self.kinds))


def _kept(confirmed: Confirmed, kind: Kind, one: Citizen, before: dict[str, str]) -> Citizen:
    return confirmed.kept(one, lambda: kind.entry(before[one.id])) if one.id in before else one


def _current(kind: Kind) -> list[Any]:
    return [kind.table.c.current == 1] if kind.table is schema.framework else []


def _documents(connection: Connection, kind: Kind, ids: Iterable[str]) -> dict[str, str]:
    table = kind.table.c
    found: dict[str, str] = {}
    for some in batched(ids):
        rows = connection.execute(select(table.id, table.document).where(table.id.in_(some), *_current(kind)))
        found.update((row[0], row[1]) for row in rows)
    return found


def _insert(connection: Connection, kind: Kind, given: dict[str, tuple[Any, str]]) -> None:
    if given:
        rows = [{"id": id, "document": document, **kind.columns(one)} for id, (one, document) in given.items()]
        connection.execute(insert(kind.table), rows)


def _delete(connection: Connection, table: Table, rows: Iterable[dict[str, Any]]) -> None:
    for part in batched(rows, 100):
        gone = or_(*(and_(*(table.c[name] == value for name, value in row.items())) for row in part))
        connection.execute(delete(table).where(gone))


def _replace(connection: Connection, kind: Kind, given: dict[str, tuple[Any, str]]) -> None:
    for ids in batched(given):
        connection.execute(delete(kind.table).where(kind.table.c.id.in_(ids)))
    _insert(connection, kind, given)


def _records(record: AuditRecord, change: RegisterChange, frameworks: Difference) -> Iterable[AuditRecord]:
    """Who changed what: counts of everything, and every framework by its id."""
    counts = {"added": dict(change.added), "changed": dict(change.changed), "removed": dict(change.removed)}
    named = [(verb, id) for verb in ("added", "changed", "removed") for id in getattr(frameworks, verb)]
    for part, some in enumerate(list(batched(named, IDS_AN_ENTRY)) or [[]]):
        ids: dict[str, list[str]] = defaultdict(list)
        for verb, id in some:
            ids[verb].append(id)
        data = record.data | (counts if part == 0 else {"part": part + 1}) | {"frameworks": dict(ids)}
        yield replace(record, data=data)

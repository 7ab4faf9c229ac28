"""Who may have written: whom a mail's clues find in the register, and what leaders are asked and answer.

Nobody is ever looked for through all citizens: each clue is one look into an index, and one that more than five people share
tells nothing of who wrote.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Connection, TextClause, select, text

from services.store import link_rows, schema
from services.store.address_index import address_hash, identity_key
from services.store.columns import instant, text_in
from services.store.locks import Lock, lock
from services.store.readers import Readers
from services.store.register_load import LoadRegister
from services.store.register_read import files_by_id
from services.store.register_tables import BY_NAME, addresses_of
from services.store.unit_of_work import Operation, UnitOfWork, batched
from services.store.writer import Writer
from workflows.addresses import normalise
from workflows.audit import AuditRecord
from workflows.clues import Clues
from workflows.likeness import MOST, Found
from workflows.link_answers import Answer, Link, NoSuchAnswer, answered, with_address, without_address
from workflows.people import Citizen, Grade
from workflows.register import Register

AT_ONCE = 50  # clues in one statement
_KEYS, _WORDS = "SELECT key, citizen FROM citizen_key WHERE key", "SELECT hash, mail, citizen FROM mail_words WHERE hash"
Keys = dict[str, set[str]]  # citizen -> by what


@dataclass(frozen=True, slots=True)
class _Answer(Operation[Link | None]):
    """Give an answer; gives the link as it is then, or None where somebody else has answered meanwhile."""

    id: str
    revision: int
    answer: Answer
    by: str
    now: int
    key: bytes
    token: str | None = None  # of the program that asked for ``by``
    queries = True
    alone = True

    def apply(self, work: UnitOfWork) -> Link | None:
        """Register, link and audit entry in one transaction. Raises ``NoSuchAnswer``."""
        lock(work.connection, Lock.REGISTER)
        link = link_rows.by_id(work.connection, self.id, locked=True)
        if link is None or link.revision != self.revision:
            return None
        changed = answered(link, self.answer, self.by, instant(self.now))
        if self.answer == "confirm":
            changed = replace(changed, had=self._register(work, link))
        elif link.state == "confirmed":
            self._take_back(work, link)
        link_rows.change(work.connection, changed)
        data: dict[str, Any] = {"citizen": link.citizen, "mail": link.mail, "evidence": [one.kind for one in link.hints]}
        data |= {"token": self.token} if self.token else {}
        action = "undone" if self.answer == "undo" else changed.state
        work.audit(AuditRecord(instant(self.now), self.by, f"identity.{action}", link.id, data))
        work.wrote = True
        return changed

    def _register(self, work: UnitOfWork, link: Link) -> Grade | None:
        decided = work.connection.execute(select(schema.mail.c.decision).where(schema.mail.c.id == link.mail)).scalar()
        written = json.loads(decided)["mail"]["header_from"] if decided else []
        address = next((one for one in map(normalise, written) if address_hash(self.key, one) == link.address), None)
        if address is None:
            raise NoSuchAnswer("no_address")
        citizen, had = with_address(self._citizen(work, link), link, address)
        self._change(work, citizen)
        return had

    def _take_back(self, work: UnitOfWork, link: Link) -> None:
        citizen = self._citizen(work, link)
        address = next((one for one in addresses_of(citizen) if address_hash(self.key, one) == link.address), None)
        if address is not None:  # else an earlier version's load has taken it back
            self._change(work, without_address(citizen, link, address))

    def _citizen(self, work: UnitOfWork, link: Link) -> Citizen:
        found = work.connection.execute(select(schema.citizen.c.document).where(schema.citizen.c.id == link.citizen)).scalar()
        if found is None:
            raise NoSuchAnswer("no_person")
        citizen: Citizen = BY_NAME["citizens"].entry(found)
        return citizen

    def _change(self, work: UnitOfWork, citizen: Citizen) -> None:
        record = AuditRecord(instant(self.now), self.by, "identity", self.id)
        LoadRegister(Register(), record, self.key, self.now, None).change_citizen(work, citizen)


class Identity:
    """``store.identity``. Every method may raise ``StoreUnavailable``."""

    def __init__(self, writer: Writer, readers: Readers, now: Callable[[], int], key: bytes) -> None:
        self._writer = writer
        self._readers = readers
        self._now = now
        self._key = key
        self.key = identity_key(key)  # for who reads the clues of a mail

    def address(self, address: str) -> int:
        """An address as ``Link.address`` holds it."""
        return address_hash(self._key, normalise(address))

    async def resembling(self, clues: Sequence[Clues]) -> list[tuple[Found, ...]]:
        """For each mail the at most five people whom most of its clues find, with what found them."""
        return await self._readers.run(_resembling, clues) if clues else []

    async def open(self, units: Collection[str], now: datetime) -> tuple[Link, ...]:
        """What leaders of these units are to be asked now, the oldest first."""
        found = await self._readers.run(link_rows.of_units, units) if units else ()
        return tuple(one for one in found if one.waits(now))

    async def get(self, id: str) -> Link | None:
        """One question with its evidence."""
        return await self._readers.run(link_rows.by_id, text_in(id))

    async def of_citizen(self, citizen: str) -> tuple[Link, ...]:
        """What was asked about a citizen, and what was answered, the oldest first."""
        return await self._readers.run(link_rows.of_citizen, text_in(citizen))

    async def of_mail(self, mail: str) -> tuple[Link, ...]:
        """What was asked because of a mail."""
        return await self._readers.run(link_rows.of_mail, text_in(mail))

    async def answer(self, id: str, answer: Answer, *, revision: int, by: str, token: str | None = None) -> Link | None:
        """Give ``by``'s (an address) answer to the link of that revision; None where somebody else has answered meanwhile.

        Confirming registers the address; undoing takes it back. Raises ``NoSuchAnswer``.
        """
        return await self._writer.run(_Answer(id, revision, answer, by, self._now(), self._key, token))


def _resembling(connection: Connection, clues: Sequence[Clues]) -> list[tuple[Found, ...]]:
    by_key = _few(_looked_up(connection, _KEYS, {key for one in clues for key in one.keys}))
    by_sentence = _few(_looked_up(connection, _WORDS, {hash for one in clues for hash in one.sentences}))
    by_case = _cases(connection, {case for one in clues for case in one.cases})
    by_thread = _threads(connection, {id for one in clues for id in one.thread})
    sources = [
        _of_mail((by_key, one.keys), (by_sentence, one.sentences), (by_case, one.cases), (by_thread, one.thread)) for one in clues
    ]
    ids = {citizen for found in sources for citizen in found}
    files = {one.citizen.id: one for one in files_by_id(connection, ids)} if ids else {}
    return [tuple(Found(files[id], frozenset(keys)) for id, keys in found.items() if id in files) for found in sources]


def _looked_up(connection: Connection, one: str, wanted: Iterable[object]) -> Iterable[Sequence[str]]:
    """The rows of each of ``wanted``, of each one more at most than would tell anything."""
    for some in batched(sorted(wanted, key=str), AT_ONCE):
        yield from connection.execute(_statement(one, len(some)), {f"w{n}": value for n, value in enumerate(some)})


@cache
def _statement(one: str, count: int) -> TextClause:
    parts = [f"SELECT * FROM ({one} = :w{n} LIMIT {MOST + 1}) AS t{n}" for n in range(count)]  # noqa: S608 - ours alone
    return text(" UNION ALL ".join(parts))


def _few(rows: Iterable[Sequence[str]]) -> dict[object, list[tuple[str, str]]]:
    """By clue: the citizens, each with the key. What more than five share is left out."""
    found: dict[object, list[tuple[str, str]]] = defaultdict(list)
    for clue, *between, citizen in rows:
        found[clue].append((citizen, f"words:{between[0]}:{clue}" if between else clue))
    return {clue: people for clue, people in found.items() if len(people) <= MOST}


def _cases(connection: Connection, wanted: Collection[str]) -> dict[object, list[tuple[str, str]]]:
    case = schema.citizen_case.c
    found: dict[object, list[tuple[str, str]]] = {}
    for some in batched(sorted(wanted)):
        rows = connection.execute(select(case.id, case.citizen).where(case.id.in_(some)))
        found.update({id: [(citizen, f"case:{id}")] for id, citizen in rows})
    return found


def _threads(connection: Connection, wanted: Collection[str]) -> dict[object, list[tuple[str, str]]]:
    """Mails that were certainly a citizen's: a thread that somebody else began in their name is none of theirs."""
    mail = schema.mail.c
    found: dict[object, list[tuple[str, str]]] = defaultdict(list)
    given = {text_in(one): one for one in wanted}
    for some in batched(sorted(given)):
        for id, message_id, decision in connection.execute(
            select(mail.id, mail.message_id, mail.decision).where(mail.message_id.in_(some))
        ):
            sender = json.loads(decision)["sender"]
            if sender["grade"] == Grade.VERIFIED and sender["citizen"] is not None:
                found[given[message_id]].append((sender["citizen"], f"thread:{id}"))
    return found


def _of_mail(*sources: tuple[dict[object, list[tuple[str, str]]], Sequence[object]]) -> Keys:
    """Those whom most clues find, in the order of their ids where it is as many."""
    found: Keys = defaultdict(set)
    for by_clue, clues in sources:
        for clue in clues:
            for citizen, key in by_clue.get(clue, ()):
                found[citizen].add(key)
    most = Counter({citizen: len(keys) for citizen, keys in sorted(found.items())}).most_common(MOST)
    return {citizen: found[citizen] for citizen, _ in most}

"""What the guard found in mails, what people answered to it, and what both count for by pattern. ``store.signals``."""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple

from sqlalchemy import Connection, and_, delete, func, insert, select, update

from services.store.account_changes import insert_into
from services.store.columns import instant, text_in
from services.store.readers import Readers
from services.store.schema_signals import pattern_total, signal, signal_answer
from services.store.unit_of_work import Operation, UnitOfWork, batched
from services.store.values import Assessed
from services.store.writer import Writer
from workflows.audit import AuditRecord

Answer = Literal["useful", "wrong"]
found, said, total = signal.c, signal_answer.c, pattern_total.c


@dataclass(frozen=True, slots=True)
class SignalSeen:
    """A signal of a mail, what found it (None: not kept), and what the one who asks has answered."""

    kind: str
    level: str
    pattern: str | None
    answer: Answer | None = None


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer to a signal, without who gave it."""

    kind: str
    answer: Answer
    at: datetime


class PatternCount(NamedTuple):
    """How often a pattern has found something, and how many answers called that useful, or wrong."""

    found: int = 0
    useful: int = 0
    wrong: int = 0


def write(work: UnitOfWork, one: Assessed) -> None:
    """The signals of a mail, with its assessment."""
    patterns = one.assessment.get("patterns", {})
    for kind, level in {each["kind"]: each["level"] for each in one.assessment["signals"]}.items():
        work.add("signal", (one.mail, kind, level, patterns.get(kind)))


def remove(connection: Connection, mails: Collection[str]) -> None:
    """With their mails; what they counted for stays."""
    for pattern, one in _counted(connection, mails).items():
        more = {"found": total.found + one.found, "useful": total.useful + one.useful, "wrong": total.wrong + one.wrong}
        if not connection.execute(update(pattern_total).where(total.pattern == pattern).values(more)).rowcount:
            connection.execute(insert(pattern_total).values(pattern=pattern, **one._asdict()))
    for table in (signal, signal_answer):
        connection.execute(delete(table).where(table.c.mail.in_(mails)))


@dataclass(frozen=True, slots=True)
class _Answer(Operation[bool]):
    """Write what somebody says of a signal, in place of what they said before; gives whether there is such a signal."""

    mail: str
    kind: str
    answer: Answer
    person: str
    actor: str
    at: int
    queries = True
    alone = True

    def apply(self, work: UnitOfWork) -> bool:
        """With its audit entry; the same word again is nothing new."""
        mine = and_(found.mail == text_in(self.mail), found.kind == self.kind)
        row = work.connection.execute(select(found.level, found.pattern).where(mine).with_for_update()).one_or_none()
        if row is None:
            return False
        key = {"mail": text_in(self.mail), "kind": self.kind, "person": text_in(self.person)}
        values = {"level": row.level, "pattern": row.pattern, "answer": self.answer, "at": self.at}
        before = select(said.answer).where(*(signal_answer.columns[name] == value for name, value in key.items()))
        if work.connection.execute(before).scalar() != self.answer:
            new = insert_into(work, signal_answer, key | values)
            work.connection.execute(new.on_conflict_do_update(index_elements=[*key], set_=values))
            data = {"kind": self.kind, "level": row.level, "pattern": row.pattern, "answer": self.answer}
            work.audit(AuditRecord(instant(self.at), self.actor, "signal.answered", self.mail, data))
            work.wrote = True
        return True


class Signals:
    """Every method may raise ``StoreUnavailable``."""

    def __init__(self, writer: Writer, readers: Readers, now: Callable[[], int]) -> None:
        self._writer = writer
        self._readers = readers
        self._now = now

    async def of_mail(self, mail: str, person: str) -> tuple[SignalSeen, ...]:
        """Those of a mail, with the answers of ``person`` (an address); in no order."""
        return await self._readers.run(_of_mail, text_in(mail), text_in(person))

    async def answer(self, mail: str, kind: str, answer: Answer, *, person: str, actor: str) -> bool:
        """Write what ``person`` (an address; ``actor`` in the audit chain) says of a mail's signal; False where there is none."""
        return await self._writer.run(_Answer(mail, kind, answer, person, actor, self._now()))

    async def answers(self, mails: Collection[str]) -> dict[str, tuple[Answered, ...]]:
        """By mail what was answered, of those of which anything was, the oldest first."""
        return await self._readers.run(_answers, mails)

    async def counts(self) -> dict[str, PatternCount]:
        """By pattern, of all mails that there are and were; of those that have found anything."""
        return await self._readers.run(_counts)


def _of_mail(connection: Connection, mail: str, person: str) -> tuple[SignalSeen, ...]:
    own = and_(said.mail == found.mail, said.kind == found.kind, said.person == person)
    rows = select(found.kind, found.level, found.pattern, said.answer).outerjoin(signal_answer, own).where(found.mail == mail)
    return tuple(SignalSeen(*row) for row in connection.execute(rows))


def _answers(connection: Connection, mails: Collection[str]) -> dict[str, tuple[Answered, ...]]:
    given: dict[str, tuple[Answered, ...]] = {}
    for some in batched(map(text_in, mails)):
        rows = (
            select(said.mail, said.kind, said.answer, said.at).where(said.mail.in_(some)).order_by(said.at, said.kind, said.person)
        )
        for mail, kind, answer, at in connection.execute(rows):
            given[mail] = (*given.get(mail, ()), Answered(kind, answer, instant(at)))
    return given


def _counts(connection: Connection) -> dict[str, PatternCount]:
    counts = _counted(connection)
    for pattern, *gone in connection.execute(select(total.pattern, total.found, total.useful, total.wrong)):
        here = counts.get(pattern, PatternCount())
        counts[pattern] = PatternCount(*(one + other for one, other in zip(here, gone, strict=True)))
    return counts


def _counted(connection: Connection, mails: Collection[str] | None = None) -> dict[str, PatternCount]:
    """Of these mails, or of all that there are."""
    of_found = select(found.pattern, func.count()).where(found.pattern.is_not(None)).group_by(found.pattern)
    of_said = select(said.pattern, said.answer, func.count()).where(said.pattern.is_not(None)).group_by(said.pattern, said.answer)
    if mails is not None:
        of_found, of_said = of_found.where(found.mail.in_(mails)), of_said.where(said.mail.in_(mails))
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for pattern, count in connection.execute(of_found):
        counts[pattern]["found"] = count
    for pattern, answer, count in connection.execute(of_said):
        counts[pattern][answer] = count
    return {pattern: PatternCount(**one) for pattern, one in counts.items()}

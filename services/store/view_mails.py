"""Looking up handled mails: by whom they concern, by time, and by what became of them."""

import heapq
import json
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime, timedelta, tzinfo
from operator import itemgetter
from typing import Any, Literal

from sqlalchemy import (
    ColumnElement,
    Connection,
    CursorResult,
    Select,
    TextClause,
    bindparam,
    func,
    literal_column,
    select,
    text,
    tuple_,
)

from services.store import schema, schema_people
from services.store.columns import instant, micros, text_in
from services.store.looked_up import About, MailFound, MailLine, Page, RecipientLine, Wanted, Week
from services.store.places import Key, page, place
from services.store.reads import way
from services.store.unit_of_work import batched
from workflows.backtest import Handled
from workflows.replay import MailOutcome, restored

Kind = Literal["citizen", "unit"]
Told = tuple[int, str, MailOutcome]  # when a mail came, its id, and what was decided
MOST_RECEIVED = 1_000  # mails of a citizen by which their usual volume is told
AT_ONCE = 200  # keys in one statement
KEY = "of_key"
HOUR: ColumnElement[int] = literal_column("3600000000")  # microseconds; a parameter would be another one in each place
about, mail, recipient, delivery, assessment, replay = (
    schema_people.mail_about.c,
    schema.mail.c,
    schema.recipient.c,
    schema.delivery.c,
    schema.assessment.c,
    schema_people.replay.c,
)


class Asked:
    """Which mails: of these citizens or units, received from ``since`` to before ``until``, with this outcome."""

    def __init__(
        self, kind: Kind, keys: Sequence[str], since: datetime | None, until: datetime | None, wanted: Wanted | None
    ) -> None:
        self.kind = kind
        self.keys = sorted(map(text_in, keys))
        self.few = _few(wanted)
        self.conditions: list[ColumnElement[bool] | TextClause] = [
            *([about.received_at >= micros(since)] if since else ()),
            *([about.received_at < micros(until)] if until else ()),
            *_decided(wanted),
        ]


def _few(wanted: Wanted | None) -> Select[tuple[str]] | None:
    """The mails that wait, were given back, or have a red signal: few beside those of a large unit."""
    match wanted:
        case "waiting":
            return select(delivery.mail).where(delivery.tier.is_not(None), delivery.kind == "mail")
        case "returned":
            return select(recipient.mail).where(text("recipient.state = 'returned'"))
        case "red":
            return select(assessment.mail).where(text("""assessment.document LIKE '%"level":"red"%'"""))
    return None


def _decided(wanted: Wanted | None) -> list[ColumnElement[bool] | TextClause]:
    """As the partial indices have it, word for word."""
    match wanted:
        case None | "waiting" | "returned" | "red":
            return []
        case "delivered":
            return [about.outcome == wanted]
    return [text("mail_about.outcome <> 'delivered'"), about.outcome == wanted]


def mails(connection: Connection, asked: Asked, limit: int, after: str | None) -> Page[MailLine]:
    """The newest first; each once, whatever it concerns."""
    begins = place(after, int, str)
    some = [_newest(connection, asked, keys, begins, limit + 1) for keys in batched(asked.keys, AT_ONCE)]
    found = dict.fromkeys(heapq.merge(*some, key=itemgetter(0, 1), reverse=True))
    rows = list(found)[: limit + 1]
    return page(rows, limit, lambda row: row[:2], lambda kept: _lines(connection, kept))


def _newest(connection: Connection, asked: Asked, keys: list[str], begins: Key | None, limit: int) -> list[Told]:
    rows = select(about.received_at, about.mail, about.outcome).where(*asked.conditions)
    if begins:
        rows = rows.where(tuple_(about.received_at, about.mail) < tuple_(*begins))
    if asked.few is not None:
        found = _of_few(connection, rows.where(about.mail.in_(asked.few), about.key.in_(keys)), asked.kind, limit)
    else:
        found = _of_each(connection, rows.where(about.kind == asked.kind), keys, limit)
    return _told(found)


def _told(rows: Iterable[Any]) -> list[Told]:
    return [(at, id, outcome) for at, id, outcome in rows]


def _of_few(connection: Connection, rows: Select[Any], kind: Kind, limit: int) -> CursorResult[Any]:
    """The kind is no plain column here, lest SQLite take the index by which it would go through all mails of a unit."""
    newest = rows.where(about.kind.concat("") == kind).distinct().order_by(about.received_at.desc(), about.mail.desc())
    return connection.execute(newest.limit(limit))


def _of_each(connection: Connection, rows: Select[Any], keys: list[str], limit: int) -> CursorResult[Any]:
    """Each key's newest by the index, and of those the newest. The same text for each: SQLAlchemy is slow at many subqueries."""
    newest = rows.where(about.key == bindparam(KEY)).order_by(about.received_at.desc(), about.mail.desc()).limit(limit)
    compiled = newest.compile(dialect=connection.dialect)
    names: list[str] = list(getattr(compiled, "positiontup", None) or ())
    given = [compiled.params | {KEY: key} for key in keys]
    together = " UNION ".join([f"SELECT * FROM ({compiled}) AS of_key"] * len(keys))  # noqa: S608 - values are given apart
    newest_of_all = f"{together} ORDER BY 1 DESC, 2 DESC LIMIT {limit:d}"
    return connection.exec_driver_sql(newest_of_all, tuple(one[name] for one in given for name in names))


def _lines(connection: Connection, rows: Sequence[Told]) -> list[MailLine]:
    ids = [row[1] for row in rows]
    read = select(mail.id, mail.decision, assessment.document).outerjoin(schema.assessment, assessment.mail == mail.id)
    found = {id: (json.loads(decision), assessed) for id, decision, assessed in connection.execute(read.where(mail.id.in_(ids)))}
    states = _states(connection, ids)
    return [_line(told, *found[told[1]], states[told[1]]) for told in rows if told[1] in found]


def _states(connection: Connection, ids: Sequence[str]) -> dict[str, list[Any]]:
    states: dict[str, list[Any]] = defaultdict(list)
    rows = select(recipient.mail, recipient.state).where(recipient.mail.in_(ids)).order_by(recipient.mail, recipient.n)
    for id, state in connection.execute(rows):
        states[id].append(state)
    return states


def _of_each_one(decision: dict[str, Any], states: list[Any]) -> list[Any]:
    """A mail that was found in a mailbox has no recipients in the books: it lies where it was sent."""
    return states or ["delivered"] * len(decision["recipients"])


def _line(told: Told, decision: dict[str, Any], assessed: str | None, states: list[Any]) -> MailLine:
    at, id, outcome = told
    sender, found, states = decision["sender"], _assessed(assessed), _of_each_one(decision, states)
    return MailLine(
        id=id,
        received_at=instant(at),
        outcome=outcome,
        citizen=sender["citizen"],
        candidates=tuple(sender["candidates"]),
        grade=sender["grade"],
        person_role=sender["person_role"],
        recipients=tuple(
            _recipient(one, state) for one, state in zip(decision["recipients"], _of_each_one(decision, states), strict=False)
        ),
        assessed=assessed is not None,
        rights=tuple(found["rights"]),
        signals=_signals(found),
    )


def _recipient(one: dict[str, Any], state: Any) -> RecipientLine:  # noqa: ANN401 - one of RecipientState, by its column
    names = ("address", "reason", "explanation", "framework", "unit", "case")
    return RecipientLine(**{name: one[name] for name in names}, to=one["deliver_to"][0], state=state)


def _assessed(document: str | None) -> dict[str, Any]:
    return {"rights": (), "signals": ()} | (json.loads(document) if document else {})


def _signals(found: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    return tuple((one["kind"], one["level"]) for one in found["signals"])


def one_mail(connection: Connection, id: str, zone: tzinfo) -> MailFound | None:
    """A mail with its whole way; its bytes are not read. Times of the way in ``zone``."""
    kept = select(schema.content.c.id).where(schema.content.c.id == mail.id).exists()
    columns = (mail.id, mail.received_at, mail.size, mail.client, mail.decision, assessment.document, kept.label("kept"))
    whole = select(*columns).outerjoin(schema.assessment, assessment.mail == mail.id).where(mail.id == text_in(id))
    row = connection.execute(whole).one_or_none()
    if row is None:
        return None
    decision = json.loads(row.decision)
    if row.document is not None:
        decision |= json.loads(row.document) | {"assessed": True}
    return MailFound(
        id=row.id,
        received_at=instant(row.received_at),
        size=row.size,
        client=row.client,
        about=about_mail(connection, row.id),
        decision=decision,
        states=tuple(_of_each_one(decision, _states(connection, [row.id])[row.id])),
        way=way(connection, row.id, zone),
        content_kept=bool(row.kept),
    )


def about_mail(connection: Connection, id: str) -> About:
    """Whom a mail concerns; nobody where its sender is not in the register."""
    found = connection.execute(select(about.kind, about.key).where(about.mail == text_in(id))).all()
    citizens = frozenset(key for kind, key in found if kind == "citizen")
    return About(citizens, frozenset(key for kind, key in found if kind == "unit" and key))


def received_of(connection: Connection, citizens: Collection[str], since: datetime) -> dict[str, list[datetime]]:
    """When mail of each citizen was received from that instant on, the newest ``MOST_RECEIVED`` of each."""
    found = {}
    for citizen in citizens:
        own = (about.kind == "citizen", about.key == citizen, about.received_at >= micros(since))
        newest = select(about.received_at).where(*own).order_by(about.received_at.desc()).limit(MOST_RECEIVED)
        found[citizen] = [instant(at) for at in connection.execute(newest).scalars()]
    return found


def volume(connection: Connection, citizen: str, since: date, until: date, zone: tzinfo) -> list[Week]:
    """The citizen's mails by week, from the week of ``since`` to that of ``until``, those without any mail too."""
    first, last = since - timedelta(days=since.weekday()), until - timedelta(days=until.weekday())
    counts: dict[date, Counter[MailOutcome]] = {first + timedelta(weeks=n): Counter() for n in range((last - first).days // 7 + 1)}
    bounds = (_midnight(first, zone), _midnight(last + timedelta(weeks=1), zone))
    mine = (about.kind == "citizen", about.key == text_in(citizen), about.received_at >= bounds[0], about.received_at < bounds[1])
    hour = about.received_at - about.received_at % HOUR  # each day begins with one, and some write very much
    rows = select(hour, about.outcome, func.count()).where(*mine).group_by(hour, about.outcome)
    for at, outcome, count in connection.execute(rows):
        day = instant(at).astimezone(zone).date()
        counts[day - timedelta(days=day.weekday())][outcome] += count
    return [Week(monday, dict(found)) for monday, found in counts.items()]


def _midnight(day: date, zone: tzinfo) -> int:
    return micros(datetime(day.year, day.month, day.day, tzinfo=zone))


def handled(connection: Connection, citizen: str, since: datetime, most: int) -> list[Handled]:
    """The ``most`` newest mails of a citizen that can be decided again, the oldest first."""
    newest = (
        select(mail.id, mail.sha256, mail.received_at, replay.document, mail.decision, assessment.document)
        .select_from(schema_people.mail_about)
        .join(schema_people.replay, replay.mail == about.mail)
        .join(schema.mail, mail.id == about.mail)
        .outerjoin(schema.assessment, assessment.mail == about.mail)
        .where(about.kind == "citizen", about.key == text_in(citizen), about.received_at >= micros(since))
        .order_by(about.received_at.desc(), about.mail.desc())
        .limit(most)
    )
    return [_handled(row) for row in reversed(connection.execute(newest).all())]


def _handled(row: Any) -> Handled:  # noqa: ANN401 - a row of ``handled``
    id, sha256, at, document, decision, assessed = row
    found = _assessed(assessed)
    given = restored(document, id=id, sha256=sha256, received_at=instant(at))
    return Handled(given, json.loads(decision), tuple(found["rights"]), _signals(found))

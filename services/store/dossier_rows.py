"""A dossier as rows, and back."""

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, select

from services.store import schema
from services.store.columns import instant, text_in
from services.store.looked_up import Page
from services.store.places import page, place
from services.store.register_tables import BY_NAME
from services.store.schema_people import begun_move, dossier_unit, letter
from services.store.schema_people import dossier as table
from services.store.unit_of_work import batched
from workflows.addresses import own_key
from workflows.dossier import Dossier
from workflows.framework import State
from workflows.people import Case

LOAD = "load"  # who wrote what a register file brought
FRAMEWORKS = BY_NAME["frameworks"]
ENDED = tuple(sorted(one.value for one in (State.LIFTED, State.EXPIRED, State.REJECTED, State.REGISTERED_IN_ERROR)))
own, framework = table.c, schema.framework.c


@dataclass(frozen=True, slots=True)
class Kept:
    """A dossier as it is kept, and what a save names to say from where it started.

    ``revision`` is 0 where ``load`` alone has written it, and ``version`` that of the framework; 0 where ``load`` has removed it.
    ``author`` is an address, ``guard`` or ``load``; ``move`` is None for writing. Beside the moves of the lifecycle there are
    ``submitted``, ``sent_back``, ``letter_delivered``, and of ``load``: ``loaded`` and ``removed``.
    """

    dossier: Dossier
    revision: int
    version: int
    author: str
    at: datetime
    move: str | None = None
    due: date | None = None


@dataclass(frozen=True, slots=True)
class Revision:
    """That a dossier was changed: by whom, when, by which move, and to which state."""

    number: int
    author: str
    at: datetime
    move: str | None
    state: State
    version: int


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter as it was finished: what it was made of (JSON), and the file that was sent."""

    id: str
    framework: str
    kind: str
    at: datetime
    sha256: str
    document: str
    pdf: bytes


STATES = tuple(sorted(one.value for one in State))


@dataclass(frozen=True, slots=True)
class LetterLine:
    """A finished letter among others. ``version`` is that of the framework, ``texts`` that of the words it is made of."""

    id: str
    kind: str
    at: datetime
    sha256: str
    language: str = "da"
    version: int = 1
    texts: str = ""


BOTH = (own.framework, own.revision, own.framework_version, own.author, own.at, own.move, own.due, own.document)
_NEWEST = (framework.id, framework.version, framework.since, framework.document.label("routes"))


def document_of(dossier: Dossier) -> str:
    """``dossier`` as text."""
    return dossier.model_dump_json(by_alias=True, exclude_defaults=True)


def dossier_in(document: str) -> Dossier:
    """What ``document_of`` was given."""
    return Dossier.model_validate_json(document)


def one(connection: Connection, id: str) -> Kept | None:
    """The dossier of a framework; one without a step where ``load`` alone has written it."""
    found = connection.execute(newest().where(framework.id == id)).one_or_none()
    if found is None:
        found = connection.execute(select(*BOTH).where(own.framework == id, own.current == 1)).one_or_none()
        return None if found is None else removed(found)
    return kept(found)


def places(connection: Connection, ids: Collection[str]) -> dict[str, tuple[int, int]]:
    """The revision and the framework's version of each, 0 where there is none. Nobody changes these frameworks until the commit."""
    newest = select(framework.id, framework.version).where(framework.id.in_(ids), framework.current == 1).with_for_update()
    versions = {id: version for id, version in connection.execute(newest)}
    mine = select(own.framework, own.revision).where(own.framework.in_(ids), own.current == 1)
    revisions = {id: revision for id, revision in connection.execute(mine)}
    return {id: (revisions.get(id, 0), versions.get(id, 0)) for id in ids}


def needing(connection: Connection, units: Collection[str] | None, until: date, limit: int) -> tuple[Kept, ...]:
    """Those about which somebody in ``units`` (None: any) has to do something by ``until``, the most urgent first."""
    wanted = select(own.framework).where(own.current == 1, own.due <= until.isoformat())
    if units is None:
        wanted = wanted.where(own.state.in_(STATES))  # every state: so the index by state and day is taken
    else:
        mine = select(dossier_unit.c.framework).where(dossier_unit.c.unit.in_(units))
        wanted = wanted.where(own.framework.in_(mine))
    return _by_urgency(connection, wanted, limit)


def advised(connection: Connection, lawyer: str, limit: int) -> tuple[Kept, ...]:
    """Those that have not ended and about which ``lawyer`` is asked, the most urgent first."""
    asked = select(own.framework).where(own.current == 1, own.lawyer == text_in(own_key(lawyer)), own.state.not_in(ENDED))
    return _by_urgency(connection, asked, limit)


def lawyer_of(dossier: Dossier) -> str | None:
    """Who is asked for advice, as ``advised`` looks for it."""
    return text_in(own_key(dossier.ground.lawyer)) if dossier.ground.lawyer else None


def _by_urgency(connection: Connection, wanted: Select[tuple[str]], limit: int) -> tuple[Kept, ...]:
    ids = connection.execute(wanted.order_by(own.due.is_(None), own.due, own.framework).limit(limit)).scalars().all()
    found = {row.id: kept(row) for some in batched(ids) for row in connection.execute(newest().where(framework.id.in_(some)))}
    return tuple(found[id] for id in ids if id in found)


@dataclass(frozen=True, slots=True)
class Which:
    """Which frameworks are listed: seen by these units, of these citizens, in this state; None where it does not matter."""

    units: Collection[str] | None = None
    citizens: Collection[str] | None = None
    state: State | None = None


def listed(connection: Connection, which: Which, limit: int, after: str | None) -> Page[Kept]:
    """In the order of their ids; those that ``load`` removed are not among them."""
    begins = place(after, str)
    wanted = newest().where(framework.id > begins[0]) if begins else newest()
    if which.units is not None:
        wanted = wanted.where(framework.id.in_(select(dossier_unit.c.framework).where(dossier_unit.c.unit.in_(which.units))))
    if which.citizens is not None:
        wanted = wanted.where(framework.citizen.in_(which.citizens))
    if which.state is not None:
        wanted = wanted.where(framework.state == which.state.value)
    rows = connection.execute(wanted.order_by(framework.id).limit(limit + 1)).all()
    return page(rows, limit, lambda row: (row.id,), lambda kept_rows: [kept(row) for row in kept_rows])


def passing(connection: Connection, today: date, until: date) -> list[str]:
    """The frameworks about which the calendar may have something to say: an end by ``until``, a
    review by ``today``, or that it is urgent."""
    force = [State.ACTIVE, State.UNDER_REVIEW, State.UNDER_RECONSIDERATION, State.DECIDED]
    ends = select(framework.id).where(
        framework.current == 1, framework.state.in_([one.value for one in force]), framework.ends <= until.isoformat()
    )
    urgent = select(framework.id).where(framework.current == 1, framework.state == State.URGENT.value)
    due = own.due <= today.isoformat()
    review = select(own.framework).where(own.current == 1, own.state == State.ACTIVE.value, due)
    return sorted({id for wanted in (ends, urgent, review) for id in connection.execute(wanted).scalars()})


def astray(connection: Connection, limit: int, after: str) -> list[tuple[Kept, dict[str, Case]]]:
    """Some of the dossiers whose framework ``load`` has added or changed, of ids after ``after``; where there are none, some of
    those that it has removed. Each with the citizen's cases."""
    newer = newest().where(framework.id > after, own.framework.is_(None) | (own.framework_version != framework.version))
    found = [kept(row) for row in connection.execute(newer.order_by(framework.id).limit(limit))]
    there = select(framework.id).where(framework.id == own.framework, framework.current == 1).exists()
    gone = select(*BOTH).where(own.current == 1, own.framework_version > 0, ~there).order_by(own.framework).limit(limit)
    found = found or [removed(row) for row in connection.execute(gone)]
    by_citizen = cases_of(connection, {one.dossier.framework.citizen for one in found})
    return [(one, by_citizen[one.dossier.framework.citizen]) for one in found]


def revisions(connection: Connection, id: str) -> tuple[Revision, ...]:
    """Every revision of a dossier that is kept, the oldest first."""
    columns = (own.revision, own.author, own.at, own.move, own.state, own.framework_version)
    rows = connection.execute(select(*columns).where(own.framework == id).order_by(own.revision))
    return tuple(
        Revision(number, author, instant(at), move, State(state), version) for number, author, at, move, state, version in rows
    )


def as_of(connection: Connection, id: str, at: int) -> Dossier | None:
    """The dossier as it was at that instant; None where there was none yet."""
    then = select(own.document).where(own.framework == id, own.at <= at).order_by(own.revision.desc()).limit(1)
    document = connection.execute(then).scalar()
    return None if document is None else dossier_in(document)


def cases(connection: Connection, citizen: str) -> dict[str, Case]:
    """A citizen's cases, by id."""
    return {one.id: one for one in _cases(connection, [citizen])}


def cases_of(connection: Connection, citizens: Collection[str]) -> dict[str, dict[str, Case]]:
    """The cases of several citizens, by citizen and id."""
    found: dict[str, dict[str, Case]] = {id: {} for id in citizens}
    for some in batched(citizens):
        for case in _cases(connection, some):
            found[case.citizen][case.id] = case
    return found


def _cases(connection: Connection, citizens: Collection[str]) -> Iterable[Case]:
    table = schema.citizen_case.c
    found = select(table.document).where(table.citizen.in_(citizens)).order_by(table.id)
    return [BY_NAME["cases"].entry(document) for document in connection.execute(found).scalars()]


def letters(connection: Connection, id: str) -> dict[str, str]:
    """The letters finished for a framework: id and kind, the oldest first."""
    found = select(letter.c.id, letter.c.kind).where(letter.c.framework == id).order_by(letter.c.at, letter.c.id)
    return {row[0]: row[1] for row in connection.execute(found)}


def letter_lines(connection: Connection, id: str) -> tuple[LetterLine, ...]:
    """The letters finished for a framework without their content, the oldest first."""
    columns = (letter.c.id, letter.c.kind, letter.c.at, letter.c.sha256, letter.c.document)
    found = select(*columns).where(letter.c.framework == id).order_by(letter.c.at, letter.c.id)
    return tuple([_line(row) for row in connection.execute(found)])


def _line(row: Any) -> LetterLine:  # noqa: ANN401 - a row
    made_of = json.loads(row.document)
    told = {name: made_of[name] for name in ("language", "version", "texts") if name in made_of}
    return LetterLine(row.id, row.kind, instant(row.at), row.sha256, **told)


def a_letter(connection: Connection, id: str) -> Letter | None:
    """A letter with its file."""
    row = connection.execute(select(letter).where(letter.c.id == id)).one_or_none()
    return None if row is None else Letter(row.id, row.framework, row.kind, instant(row.at), row.sha256, row.document, row.pdf)


def newest() -> Select[Any]:
    """The current frameworks, each beside its dossier: rows for ``kept``."""
    beside = and_(own.framework == framework.id, own.current == 1)
    return select(*_NEWEST, *BOTH).outerjoin(table, beside).where(framework.current == 1)


def kept(row: Row[Any]) -> Kept:
    """The framework that routes, in the dossier that was last written about it."""
    if row.document is None:
        return Kept(Dossier(framework=FRAMEWORKS.entry(row.routes)), 0, row.version, LOAD, instant(row.since))
    found = dossier_in(row.document)
    due = date.fromisoformat(row.due) if row.due else None
    if row.framework_version == row.version and FRAMEWORKS.document(found.framework) == row.routes:
        return Kept(found, row.revision, row.version, row.author, instant(row.at), row.move, due)
    loaded = found.model_copy(update={"framework": FRAMEWORKS.entry(row.routes), "successor": None, "submitted": None})
    return Kept(loaded, row.revision, row.version, LOAD, instant(row.since))


def removed(row: Any) -> Kept:  # noqa: ANN401 - a row of ``BOTH``
    """What ``load`` has removed is shown as lifted; what had ended, as it ended."""
    found = dossier_in(row.document)
    if found.framework.state.value not in ENDED:
        lifted = found.framework.model_copy(update={"state": State.LIFTED})
        found = found.model_copy(update={"framework": lifted, "successor": None, "submitted": None})
    return Kept(found, row.revision, 0, row.author, instant(row.at), row.move)


def remove(connection: Connection, ids: Iterable[str]) -> None:
    """Everything about these frameworks: their versions, dossiers and letters, and what was begun with them."""
    for some in batched(ids):
        for column in (framework.id, own.framework, dossier_unit.c.framework, letter.c.framework, begun_move.c.framework):
            connection.execute(column.table.delete().where(column.in_(some)))


def orphans(connection: Connection, before: int) -> Sequence[str]:
    """The dossiers whose framework ``load`` removed, and that nobody has written since ``before``."""
    there = select(framework.id).where(framework.id == own.framework).exists()
    return connection.execute(select(own.framework).where(own.current == 1, own.at < before, ~there)).scalars().all()

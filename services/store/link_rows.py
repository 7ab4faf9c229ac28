"""What leaders are asked about who wrote, as rows; and the sentences of citizens' mails, as hashes."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection, delete, select, update

from services.store.columns import instant, instant_or_none, micros
from services.store.schema import once
from services.store.schema_identity import identity_link, mail_words
from services.store.unit_of_work import UnitOfWork, batched
from services.store.values import Assessed
from workflows.link_answers import WAITING, Link, of_document

link = identity_link.c
_NAME = "link:"


def name_of(one: Link) -> str:
    """The name under which it is asked once for ever, also when its row is gone."""
    return _NAME + one.id


def write(work: UnitOfWork, one: Assessed) -> None:
    """The questions of a mail that nobody was asked before; its sentences. Names were asked for in ``needs``."""
    for each in one.links:
        if name_of(each) not in work.dedupes:
            work.dedupes.add(name_of(each))
            work.add("once", (name_of(each), each.mail))
            work.add("identity_link", tuple(_row(each).values()))
    for hash, citizen in one.words:
        work.add("mail_words", (hash, one.mail, citizen))


def _row(one: Link) -> dict[str, Any]:
    """In column order."""
    return {
        "id": one.id,
        "citizen": one.citizen,
        "address": one.address,
        "mail": one.mail,
        "unit": one.unit,
        "about": one.about,
        "state": one.state,
        "revision": one.revision,
        "asked_at": micros(one.asked_at),
        "again_at": micros(one.again_at) if one.again_at else None,
        "answered_at": micros(one.answered_at) if one.answered_at else None,
        "answered_by": one.answered_by,
        "document": one.document(),
    }


def change(connection: Connection, one: Link) -> None:
    """Write what was answered."""
    connection.execute(update(identity_link).where(link.id == one.id).values(_row(one)))


def by_id(connection: Connection, id: str, *, locked: bool = False) -> Link | None:
    """One question; ``locked`` to the end of the transaction."""
    found = select(identity_link).where(link.id == id)
    row = connection.execute(found.with_for_update() if locked else found).one_or_none()
    return _read(row) if row else None


def of_units(connection: Connection, units: Collection[str]) -> tuple[Link, ...]:
    """What waits in these units, now or later, the oldest first."""
    found = [
        _read(row)
        for some in batched(sorted(units))
        for row in connection.execute(select(identity_link).where(link.unit.in_(some), link.state.in_(WAITING)))
    ]
    return tuple(sorted(found, key=lambda one: (one.asked_at, one.id)))


def of_citizen(connection: Connection, citizen: str) -> tuple[Link, ...]:
    """All of a citizen's, also what was answered, the oldest first."""
    rows = connection.execute(select(identity_link).where(link.citizen == citizen).order_by(link.asked_at, link.id))
    return tuple(map(_read, rows))


def of_mail(connection: Connection, mail: str) -> tuple[Link, ...]:
    """Those that a mail raised."""
    return tuple(map(_read, connection.execute(select(identity_link).where(link.mail == mail).order_by(link.id))))


def confirmed(connection: Connection) -> tuple[Link, ...]:
    """Whatever people confirmed and nobody took back, of all citizens."""
    return tuple(map(_read, connection.execute(select(identity_link).where(link.state == "confirmed").order_by(link.id))))


def end(connection: Connection, ids: Collection[str]) -> None:
    """Forget these, and that they were asked: who is meant is in the register no more, and may be asked of when they are again."""
    for some in batched(sorted(ids)):
        connection.execute(delete(once).where(once.c.dedupe.in_([_NAME + id for id in some])))
        connection.execute(delete(identity_link).where(link.id.in_(some)))


def remove(connection: Connection, mails: Collection[str]) -> None:
    """With their mails: the sentences, and what nobody has answered. Answers stay, without a word of the mail."""
    connection.execute(delete(mail_words).where(mail_words.c.mail.in_(mails)))
    connection.execute(delete(identity_link).where(link.mail.in_(mails), link.state.in_(WAITING)))


def _read(row: Any) -> Link:  # noqa: ANN401 - a row
    return Link(
        id=row.id,
        citizen=row.citizen,
        address=row.address,
        mail=row.mail,
        unit=row.unit,
        about=row.about,
        asked_at=instant(row.asked_at),
        state=row.state,
        revision=row.revision,
        again_at=instant_or_none(row.again_at),
        answered_at=instant_or_none(row.answered_at),
        answered_by=row.answered_by,
        **of_document(row.document),
    )

"""Looking up citizens, cases and frameworks."""

import json
from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, select, tuple_

from services.store import schema, schema_people
from services.store.address_index import address_hash
from services.store.allowed import Allowed, allowed_within
from services.store.columns import instant, text_in
from services.store.looked_up import AddressSeen, CitizenFound, CitizenLine, FrameworkVersion, Page, Within
from services.store.places import Key, page, place
from services.store.register_tables import BY_NAME, addresses_of
from workflows.addresses import normalise
from workflows.framework import ContactFramework
from workflows.people import Case, Citizen, Person, RegisteredAddress, name_words

NEWEST = 100  # mails by which addresses are shown as used
BY_ID = 20  # citizens found by an id or a case, before those found by name
LONGEST = 320  # characters of what is looked for
Found = tuple[str, str]  # a word and a citizen
LAST = "\U0010ffff"  # behind every text that begins alike
citizen, case, word, framework = schema.citizen.c, schema.citizen_case.c, schema_people.citizen_word.c, schema.framework.c
CITIZEN, CASE, FRAMEWORK = BY_NAME["citizens"], BY_NAME["cases"], BY_NAME["frameworks"]


def citizens(
    connection: Connection, key: bytes, text: str, within: Within | None, *, limit: int, after: str | None
) -> Page[CitizenLine]:
    """By an address (whole), by the beginnings of names, or of an id of theirs or of a case; all of them for no text."""
    text, allowed = text_in(text.strip()[:LONGEST]), allowed_within(connection, within)
    if "@" in text:
        return Page(tuple(_lines(connection, _by_address(connection, key, normalise(text), allowed))))
    if not text:
        return _all(connection, allowed, limit, after)
    words, begins = name_words(text), place(after, str, str)
    first = [] if begins else _by_id(connection, text, allowed)
    found = _named(connection, words, allowed, limit, begins) if words else []
    listed = page(found, limit, lambda row: row, lambda kept: _lines_named(connection, kept, words))
    named = (one for one in listed.items if one.citizen.id not in first)
    return Page((*_lines(connection, first), *named), listed.after)


def _all(connection: Connection, allowed: Allowed, limit: int, after: str | None) -> Page[CitizenLine]:
    begins = place(after, str)
    found = select(citizen.id).where(*allowed.of(citizen.id)).order_by(citizen.id).limit(limit + 1)
    if begins:
        found = found.where(citizen.id > begins[0])
    ids = list(connection.execute(found).scalars())
    return page(ids, limit, lambda id: (id,), lambda kept: _lines(connection, kept))


def _by_address(connection: Connection, key: bytes, address: str, allowed: Allowed) -> list[str]:
    """The index of addresses finds whole ones; a hit is compared with the register."""
    by_hash = select(schema.citizen_address.c.citizen).where(schema.citizen_address.c.hash == address_hash(key, address))
    found = select(citizen.document).where(citizen.id.in_(by_hash), *allowed.of(citizen.id)).order_by(citizen.id)
    entries: list[Citizen] = [CITIZEN.entry(one) for one in connection.execute(found).scalars()]
    return [one.id for one in entries if address in addresses_of(one)]


def _by_id(connection: Connection, text: str, allowed: Allowed) -> list[str]:
    own = select(citizen.id).where(_begins(citizen.id, text), *allowed.of(citizen.id))
    ids = list(connection.execute(own.order_by(citizen.id).limit(BY_ID)).scalars())
    by_case = select(case.citizen).where(_begins(case.id, text), *allowed.of(case.citizen))
    ids += connection.execute(by_case.order_by(case.id).limit(BY_ID)).scalars()
    return list(dict.fromkeys(ids))


def _begins(column: ColumnElement[str], text: str) -> ColumnElement[bool]:
    return and_(column >= text, column <= text + LAST)


def _named(connection: Connection, words: Sequence[str], allowed: Allowed, limit: int, begins: Key | None) -> list[Found]:
    """Words with citizens, in order; all of ``words`` begin a word of theirs. The longest finds them, the others only narrow."""
    longest = max(words, key=len)
    others = [word.name.like(f"% {one}%") for one in words if one != longest]
    found = select(word.word, word.citizen).where(_begins(word.word, longest), *allowed.of(word.citizen), *others)
    if begins:
        found = found.where(tuple_(word.word, word.citizen) > tuple_(*begins))
    rows = connection.execute(found.order_by(word.word, word.citizen).limit(limit + 1))
    return [(row[0], row[1]) for row in rows]


def _lines_named(connection: Connection, rows: Sequence[Found], words: Sequence[str]) -> list[CitizenLine]:
    """Once each: who has several words that begin alike is listed under the first of them."""
    if not rows:
        return []
    longest = max(words, key=len)
    lines = {one.citizen.id: one for one in _lines(connection, [row[1] for row in rows])}
    named = [(found, lines[id]) for found, id in rows if id in lines]
    return [one for found, one in named if found == min(filter(lambda own: own.startswith(longest), name_words(one.citizen.name)))]


def _lines(connection: Connection, ids: Sequence[str]) -> list[CitizenLine]:
    """Of these citizens, in this order."""
    if not ids:
        return []
    rows = connection.execute(select(citizen.document).where(citizen.id.in_(ids))).scalars()
    found: dict[str, Citizen] = {one.id: one for one in map(CITIZEN.entry, rows)}
    cases, frameworks = _cases(connection, ids), _frameworks(connection, ids)
    return [CitizenLine(found[id], tuple(cases[id]), tuple(frameworks[id])) for id in ids if id in found]


def named(connection: Connection, ids: Collection[str]) -> dict[str, Citizen]:
    """These citizens by id."""
    rows = connection.execute(select(citizen.document).where(citizen.id.in_([text_in(id) for id in ids]))).scalars()
    return {one.id: one for one in map(CITIZEN.entry, rows)}


def _cases(connection: Connection, citizens: Collection[str]) -> dict[str, list[Case]]:
    found: dict[str, list[Case]] = defaultdict(list)
    rows = select(case.citizen, case.document).where(case.citizen.in_(citizens)).order_by(case.id)
    for id, document in connection.execute(rows):
        found[id].append(CASE.entry(document))
    return found


def _frameworks(connection: Connection, citizens: Collection[str]) -> dict[str, list[ContactFramework]]:
    found: dict[str, list[ContactFramework]] = defaultdict(list)
    current = (framework.citizen.in_(citizens), framework.current == 1)
    for id, document in connection.execute(select(framework.citizen, framework.document).where(*current).order_by(framework.id)):
        found[id].append(FRAMEWORK.entry(document))
    return found


def one_citizen(connection: Connection, id: str) -> CitizenFound | None:
    """A citizen's whole file."""
    lines = _lines(connection, [text_in(id)])
    if not lines:
        return None
    [line] = lines
    return CitizenFound(line.citizen, line.cases, line.frameworks, _addresses(connection, line.citizen))


def _addresses(connection: Connection, of: Citizen) -> tuple[AddressSeen, ...]:
    about, mail = schema_people.mail_about.c, schema.mail.c
    newest = (
        select(mail.received_at, mail.decision)
        .join(schema_people.mail_about, about.mail == mail.id)
        .where(about.kind == "citizen", about.key == of.id)
        .order_by(about.received_at.desc(), about.mail.desc())
        .limit(NEWEST)
    )
    used: Counter[str] = Counter()
    vouched: Counter[str] = Counter()
    last: dict[str, datetime] = {}
    for at, decision in connection.execute(newest):
        sender = json.loads(decision)["sender"]
        for address in _written_from(sender):
            used[address] += 1
            vouched[address] += sender["authenticated"]
            last.setdefault(address, instant(at))
    registered: list[tuple[RegisteredAddress, Person | None]] = [(one, None) for one in of.addresses]
    registered += [(one, person) for person in of.people for one in person.addresses]
    named = [(one, person, normalise(one.address)) for one, person in registered]
    return tuple(AddressSeen(one, person, used[name], vouched[name], last.get(name)) for one, person, name in named)


def _written_from(sender: dict[str, Any]) -> set[str]:
    return {one["value"] for one in sender["evidence"] if one["kind"] == "registered_address"}


def one_case(connection: Connection, id: str) -> Case | None:
    """A case: whose it is, at which unit, with which caseworker."""
    document = connection.execute(select(case.document).where(case.id == text_in(id))).scalar()
    return None if document is None else CASE.entry(document)


def one_framework(connection: Connection, id: str) -> ContactFramework | None:
    """A framework as it is now."""
    current = (framework.id == text_in(id), framework.current == 1)
    document = connection.execute(select(framework.document).where(*current)).scalar()
    return None if document is None else FRAMEWORK.entry(document)


def versions(connection: Connection, citizens: Collection[str]) -> dict[str, list[FrameworkVersion]]:
    """Every version of these citizens' frameworks that is kept, by id, the oldest first."""
    found: dict[str, list[FrameworkVersion]] = defaultdict(list)
    rows = select(framework.id, framework.version, framework.since, framework.document).where(framework.citizen.in_(citizens))
    for id, version, since, document in connection.execute(rows.order_by(framework.id, framework.version)):
        found[id].append(FrameworkVersion(version, instant(since), FRAMEWORK.entry(document)))
    return found

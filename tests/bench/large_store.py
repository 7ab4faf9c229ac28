"""A store as large as one wants, filled by direct inserts with what mail leaves behind.

Citizens of whom some write far more than others, units of all sizes, mail that waits and mail that was given back, and frameworks
with everything that people wrote about them.
"""

import json
import random
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from fakes.dossiers import GROUND, active
from fakes.town import CPH, KAREN, PASS, facts, framework, mail, town
from sqlalchemy import Connection, Table, insert

from services.lifecycle import Lifecycle
from services.store import schema, schema_people, schema_signals
from services.store.columns import micros
from services.store.dossiers import Kept, Save
from services.store.post_rows import row_of
from services.store.schema_mailboxes import post
from workflows.decide import decide
from workflows.framework import ContactFramework, State
from workflows.people import Case, Citizen, Employee, RegisteredAddress, Unit
from workflows.post import Post
from workflows.register import Register
from workflows.replay import kept

BATCH = 5000
DAYS = 90
FIRST = ("Anne", "Bo", "Camilla", "Hans", "Jens", "Karen", "Mette", "Peter", "Søren", "Åse")
LAST = ("Andersen", "Berg", "Hansen", "Holm", "Jensen", "Nielsen", "Pedersen", "Sørensen", "Thomsen", "Østergaard")
CASEWORKERS = 3000
LED, HEADED = range(1, 21), 41  # the units of one leader, and how many one head has
ASKED = 50  # one framework in so many was sent to a lawyer
Row = tuple[Table, dict[str, Any]]


@dataclass(frozen=True)
class Scale:
    """How much of everything. The first citizen wrote ``heavy`` of the mails, and ``waiting`` mails wait."""

    citizens: int
    frameworks: int
    mails: int
    units: int = 200
    heavy: int = 10_000
    waiting: int = 5_000


def register(scale: Scale, today: date) -> Register:
    """A municipality of this size, in which the test consoles' ``PEOPLE`` work; the first citizens have a framework each."""
    chance = random.Random(1)
    numbers = range(scale.citizens)
    citizens = [
        Citizen(
            id=f"c-{n}",
            name=f"{chance.choice(FIRST)} {chance.choice(FIRST)} {chance.choice(LAST)}sen{n % 997}",
            addresses=(RegisteredAddress(address=f"citizen{n}@example.net"),),
        )
        for n in numbers
    ]
    cases = [Case(id=f"s-{n}", citizen=f"c-{n}", unit=unit_of(scale, n), caseworker=caseworker(n)) for n in numbers]
    employees = [Employee(address=caseworker(n), name=f"Medarbejder {n}", unit=unit_of(scale, n)) for n in range(CASEWORKERS)]
    return Register.model_construct(
        units=tuple(_unit(n) for n in range(scale.units)),
        employees=tuple(employees),
        citizens=tuple(citizens),
        cases=tuple(cases),
        frameworks=tuple(_framework(n, today) for n in range(scale.frameworks)),
    )


def _unit(n: int) -> Unit:
    """One leader has twenty units, and one head those and the largest and twenty more."""
    return Unit(
        id=f"u-{n}",
        name=f"Enhed {n}",
        leader="lene@eksempel.dk" if n in LED else f"leder{n}@eksempel.dk",
        head="birgit@eksempel.dk" if n < HEADED else f"chef{n}@eksempel.dk",
        functional_mailbox=f"box{n}@eksempel.dk",
    )


def caseworker(citizen: int) -> str:
    """One caseworker has the cases of the heaviest writer and of some seventy others."""
    return "karen@eksempel.dk" if citizen % CASEWORKERS == 0 else f"k{citizen % CASEWORKERS}@eksempel.dk"


def _framework(n: int, today: date) -> ContactFramework:
    """Their reviews and ends lie all over the coming months; one in ten is still being written."""
    starts, review = today - timedelta(days=90 - n % 80), today + timedelta(days=n % 119)
    dates = {"starts": starts, "review": review, "ends": review + timedelta(days=30), "citizen_informed": starts}
    state = State.DRAFT if is_draft(n) else State.ACTIVE
    one = ContactFramework.model_validate(framework(id=f"f-{n}", citizen=f"c-{n}", scope={"cases": [f"s-{n}"]}, state=state))
    return one.model_copy(update=dates | ({"decided_by": None, "citizen_informed": None} if state is State.DRAFT else {}))


def is_draft(n: int) -> bool:
    """Whether a framework is still being written."""
    return n % 10 == 7


class Writing(Lifecycle):
    """Takes frameworks into dossiers as those are that people wrote: with their ground and steps; some were sent to a lawyer."""

    def _adopted(self, since: Kept, cases: Mapping[str, Case]) -> Save:
        one, written = since.dossier, active()
        n = int(one.framework.id.partition("-")[2])
        ground = GROUND.model_copy(update={"lawyer": "jette@eksempel.dk"}) if n % ASKED == 1 else GROUND
        steps = written.steps[:1] if is_draft(n) else written.steps
        return super()._adopted(replace(since, dossier=one.model_copy(update={"ground": ground, "steps": steps})), cases)


def unit_of(scale: Scale, citizen: int) -> str:
    """The first unit is as large as a fifth of all."""
    return "u-0" if citizen % 5 == 0 else f"u-{citizen % scale.units}"


def handled(scale: Scale, now: datetime) -> Iterator[Row]:
    """What handled mail leaves behind, row by row, each in the form that the guard gives it."""
    templates = [_template(*one) for one in ((True, "delivered"), (False, "delivered"))]
    chance = random.Random(2)
    for n in range(scale.mails):
        at = now - timedelta(days=DAYS) * (1 - n / scale.mails)
        citizen = 0 if n % (scale.mails // scale.heavy or 1) == 0 else min(int(chance.paretovariate(0.3)), scale.citizens - 1)
        moved = citizen < scale.frameworks and n % 4 == 0
        yield from _rows(n, at, citizen, unit_of(scale, citizen), moved, n >= scale.mails - scale.waiting, templates[not moved])


def _template(moved: bool, _: str) -> tuple[str, str]:
    """A decision as text, with marks for what differs, and what it was made of."""
    of = town(framework()) if moved else town()
    one = mail(KAREN, authentication_results=(PASS,))._replace(id="MAIL")
    found = facts(of, one)
    return decide(one, found, datetime(2026, 11, 23, 10, tzinfo=CPH)).json(), kept(one, found)


def _rows(n: int, at: datetime, of: int, unit: str, moved: bool, waits: bool, template: tuple[str, str]) -> Iterator[Row]:
    citizen = f"c-{of}"
    id, when, day = f"{n:026}", micros(at), at.date().isoformat()
    outcome = "redirected" if moved else "not_evaluated" if n % 50_000 == 7 else "delivered"
    state = "queued" if waits else "returned" if n % 500 == 3 else outcome.replace("not_evaluated", "delivered")
    marks = {"MAIL": id, "c-1": citizen, "s-1": f"s-{of}", "f-1": f"f-{of}", "bf": unit}
    decision = template[0]
    for mark, value in marks.items():
        decision = decision.replace(f'"{mark}"', f'"{value}"')
    yield schema.mail, {
        "id": id, "received_at": when, "day": day, "recipients": 1, "framework_in_force": int(moved), "client": "127.0.0.1",
        "envelope_from": "bo@example.net", "message_id": f"<{n}@example.net>", "sha256": "0" * 64, "size": 2000,
        "decision": decision,
    }  # fmt: skip
    yield schema.recipient, {
        "mail": id, "n": 0, "day": day, "address": KAREN, "action": "redirect" if moved else "deliver", "state": state,
        "delivery": f"{id}.0",
    }  # fmt: skip
    yield schema.delivery, {
        "id": f"{id}.0", "mail": id, "content": id, "kind": "mail", "hop": "next", "tier": 0 if waits else None,
        "ready_at": when if waits else None, "lease": None, "due": when, "attempts": 1,
        "state": "waiting" if waits else "delivered",
        "stuck": 0, "redirected": int(moved), "error": None, "queued_at": when, "finished_at": None if waits else when,
        "envelope_from": "bo@example.net", "address": KAREN, "fallbacks": "[]", "serves": "0", "originals": f'["{KAREN}"]',
        "original_sender": "bo@example.net", "smtputf8": 0, "eight_bit": 0, "unit": unit, "framework": None, "refuse": None,
        "prepend": b"X-Rammevagt-Id: x\r\n",
    }  # fmt: skip
    red = [{"kind": "threat", "level": "red"}] if n % 300 == 0 else []
    rights = ["complaint"] if n % 20 == 0 else []
    yield (
        schema.assessment,
        {"mail": id, "document": json.dumps({"signals": red, "rights": rights, "notify": []}, separators=(",", ":"))},
    )
    for one in red:
        yield schema_signals.signal, {"mail": id, **one, "pattern": "threat.direct"}
    yield schema_people.replay, {"mail": id, "document": template[1]}
    for kind, key in (("citizen", citizen), ("unit", unit), ("unit", "")):
        yield schema_people.mail_about, {"kind": kind, "key": key, "received_at": when, "mail": id, "outcome": outcome}
    if moved:
        yield post, _post(id, citizen, unit, at, rights)
    for actor, subject in (("guard", id), ("guard", id), ("lene@eksempel.dk", citizen)) if n % 100 == 0 else (("guard", id),) * 3:
        yield (
            schema.audit,
            {"at": at.isoformat(), "actor": actor, "action": "a", "subject": subject, "data": "{}", "hash": "0" * 64},
        )


def _post(mail: str, citizen: str, unit: str, at: datetime, rights: list[str]) -> dict[str, Any]:
    """What waits for a person in the unit's functional mailbox; of ten mails nine are dealt with."""
    done = at + timedelta(hours=3) if int(mail) % 40 else None
    waits = Post(
        id=f"{mail}.m-{unit}", mail=mail, mailbox=f"box{unit.removeprefix('u-')}@eksempel.dk", code=f"m-{unit}", unit=unit,
        citizen=citizen, level=None, rights=tuple(rights), clocks=(), arrived_at=at, due_read=at + timedelta(hours=4),
        due_answer=at + timedelta(days=7), read_at=done, answered_at=done, done_at=done,
    )  # fmt: skip
    return row_of(waits)


def fill(connection: Connection, rows: Iterable[Row]) -> None:
    """Straight into the tables, by the driver: nobody waits for a flush."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA cache_size = -524288")
    cursor = connection.connection.cursor()
    texts: dict[Table, tuple[str, list[str]]] = {}
    waiting: dict[Table, list[tuple[Any, ...]]] = {}
    seq = 1_000_000
    for table, row in rows:
        if table is schema.audit:
            seq += 1
            row["seq"] = seq
        if table not in texts:
            compiled = insert(table).values(row).compile(dialect=connection.dialect)
            texts[table] = str(compiled), list(compiled.positiontup or ())
        text, names = texts[table]
        some = waiting.setdefault(table, [])
        some.append(tuple([row[name] for name in names]))
        if len(some) == BATCH:
            cursor.executemany(text, some)
            some.clear()
    for table, some in waiting.items():
        cursor.executemany(texts[table][0], some)
    cursor.close()

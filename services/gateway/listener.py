"""The gateway as a whole: its listeners and its clean stop, inside the running event loop."""

import asyncio
import logging
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import structlog

from services.clock import Clock
from services.gateway.gate import Gate
from services.gateway.lmtp import GuardLMTP
from services.gateway.received import Intake
from services.gateway.reception import Reception
from services.gateway.session import GuardSMTP
from services.gateway.tls import Stamp, TlsFilesUnusable, server_context, stamp_of
from services.repeating import repeat
from services.settings import Settings

IDLE_TIMEOUT = 300.0  # seconds between two commands, or without progress in a mail (RFC 5321 4.5.3.2.7)
_BACKLOG = 512  # a burst of new connections waits in the kernel, it is not turned away
_SPOOL_THREADS = 8
_TLS_EVERY = 60.0  # seconds between looks whether certificate and key were renewed

log = structlog.get_logger()


class Gateway:
    """SMTP in, and LMTP where it is set. ``spool`` is the folder for mails over 64 KiB while they come in.

    Raises ``TlsFilesUnusable`` when certificate and key can't be used.
    """

    def __init__(
        self, settings: Settings, intake: Intake, clock: Clock, spool: Path, *, idle_timeout: float = IDLE_TIMEOUT
    ) -> None:
        gateway = settings.gateway
        self._pool = ThreadPoolExecutor(_SPOOL_THREADS, thread_name_prefix="spool")
        self._reception = Reception(
            settings=gateway,
            domain=settings.municipality.domains[0],
            hostname=gateway.hostname or socket.gethostname(),
            intake=intake,
            clock=clock,
            gate=Gate(gateway.trusted_clients),
            spool=spool,
            pool=self._pool,
            tls=server_context(gateway),
            idle_timeout=idle_timeout,
        )
        self._tls_stamp: Stamp | None = None  # of the files in use; None where that isn't known
        self._tls_watch: asyncio.Task[None] | None = None
        self._smtp: asyncio.Server | None = None
        self._lmtp: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen. Raises ``OSError`` when an address can't be bound, or the spool folder can't be made."""
        _silence_aiosmtpd()
        self._reception.spool.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._smtp = await self._listen(self._reception.settings.listen, GuardSMTP)
        if self._reception.settings.lmtp_listen:
            try:
                self._lmtp = await self._listen(self._reception.settings.lmtp_listen, GuardLMTP)
            except OSError:
                self._smtp.close()
                raise
        if self._reception.tls is not None:
            self._tls_watch = asyncio.create_task(repeat(self.renew_tls, _TLS_EVERY), name="gateway-tls")
        log.info("gateway_listening", smtp=self.addresses, lmtp=self.lmtp_addresses)

    async def renew_tls(self) -> None:
        """Take up certificate and key where they have changed on disk; what can't be used is told, and the old ones stay."""
        settings = self._reception.settings
        try:
            stamp = await asyncio.to_thread(stamp_of, settings)
            if stamp == self._tls_stamp:
                return
            self._reception.tls = await asyncio.to_thread(server_context, settings)
        except (OSError, TlsFilesUnusable) as error:
            log.error("tls_files_unusable", why=str(error))
            return
        self._tls_stamp = stamp
        log.info("tls_files_loaded")

    async def stop(self, grace: float) -> None:
        """Take no more. Idle sessions get 421 at once, mails under way have ``grace`` seconds to get their answer.

        A mail that is being taken then has as long again; if even that is not enough, its file is left for the store to judge.
        """
        self._reception.stopping = True
        if self._tls_watch is not None:
            self._tls_watch.cancel()
        servers = [server for server in (self._smtp, self._lmtp) if server is not None]
        for server in servers:
            server.close()
        for session in tuple(self._reception.sessions):
            session.dismiss()
        await self._ended(grace)
        for session in tuple(self._reception.sessions):
            session.cut_off()
        await self._ended(grace)
        await self._abandon(grace)
        for server in servers:
            await server.wait_closed()
        self._pool.shutdown(wait=False)
        log.info("gateway_stopped")

    @property
    def addresses(self) -> list[str]:
        """Where SMTP is spoken: ``HOST:PORT``, with the real port."""
        return _bound(self._smtp)

    @property
    def lmtp_addresses(self) -> list[str]:
        """Where LMTP is spoken: ``HOST:PORT``, with the real port."""
        return _bound(self._lmtp)

    def sessions_under_way(self) -> int:
        """How many sessions are not over yet, those included whose client is gone and whose mail is still being taken."""
        return len(self._reception.sessions)

    async def _listen(self, address: str, session: type[GuardSMTP]) -> asyncio.Server:
        loop = asyncio.get_running_loop()
        host, _, port = address.rpartition(":")
        return await loop.create_server(
            lambda: session(self._reception, loop), host.removeprefix("[").removesuffix("]"), int(port), backlog=_BACKLOG
        )

    async def _ended(self, seconds: float) -> None:
        if self._reception.sessions:
            await asyncio.wait([session.over for session in self._reception.sessions], timeout=seconds)

    async def _abandon(self, grace: float) -> None:
        left = tuple(self._reception.sessions)
        work = [session.work for session in left if session.work is not None]
        for task in work:
            log.error("session_abandoned")
            task.cancel()
        await asyncio.gather(*work, return_exceptions=True)
        for session in left:
            session.hang_up()
        await self._ended(grace)


def _bound(server: asyncio.Server | None) -> list[str]:
    if server is None:
        return []
    names = [listener.getsockname()[:2] for listener in server.sockets]
    return [f"[{host}]:{port}" if ":" in host else f"{host}:{port}" for host, port in names]


def _silence_aiosmtpd() -> None:
    """Its loggers write addresses, and at DEBUG every line of a mail."""
    for name in ("mail.log", "mail.debug"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)

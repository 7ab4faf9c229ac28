"""The kept connections to one hop."""

import asyncio
from time import perf_counter

from services.delivery import metrics
from services.delivery.addresses import Addresses
from services.delivery.client import Answer, Connection, connect
from services.delivery.outcomes import StaleConnection
from services.delivery.target import Target
from services.delivery.timeouts import Timeouts
from services.delivery.wire import Transaction
from services.store.interface import Hop

IDLE = 30.0  # seconds after which a connection that nobody needs is closed


class Pool:
    """Connections to one target; the one used last is used first, so that those not needed grow old and are closed."""

    def __init__(self, hop: Hop, target: Target, timeouts: Timeouts) -> None:
        self._target = target
        self._addresses = Addresses(target.host)
        self._timeouts = timeouts
        self._idle: list[Connection] = []
        self._made = metrics.CONNECTIONS.labels(hop)
        self._seconds = metrics.ATTEMPT_SECONDS.labels(hop)
        self._under_way = 0
        self.live = 0  # connections that are open, idle or in use
        metrics.IN_FLIGHT.labels(hop).set_function(lambda: self._under_way)

    async def send(self, mail: Transaction) -> list[Answer]:
        """Send ``mail`` over a kept connection, else a new one. ``ConnectionTrouble``: no connection could be made."""
        begun = perf_counter()
        self._under_way += 1
        try:
            while True:
                connection = self._take() or await self.connect()
                try:
                    return await connection.send(mail)
                except StaleConnection:
                    continue  # the server closed it while it was idle; the next is tried, at last a new one
                except BaseException:
                    connection.abort()
                    raise
                finally:
                    self.give(connection)
        finally:
            self._under_way -= 1
            self._seconds.observe(perf_counter() - begun)

    async def connect(self) -> Connection:
        """A new connection, to be given back. ``ConnectionTrouble`` where none can be made."""
        connection = await connect(self._target, self._timeouts, self._addresses)
        self._made.inc()
        self.live += 1
        return connection

    def give(self, connection: Connection) -> None:
        """Keep ``connection`` for the next mail, if it can be used again."""
        if connection.is_usable:
            connection.idle_since = asyncio.get_running_loop().time()
            self._idle.append(connection)
        else:
            self._drop(connection)

    def sweep(self, now: float) -> None:
        """Close what has been idle too long, and forget what the server closed."""
        kept = [one for one in self._idle if one.is_usable and now - one.idle_since < IDLE]
        for connection in self._idle:
            if connection not in kept:
                self._drop(connection)
        self._idle = kept

    def close(self) -> None:
        """Close the idle connections."""
        self._addresses.close()
        while self._idle:
            self._drop(self._idle.pop())

    def _take(self) -> Connection | None:
        while self._idle:
            connection = self._idle.pop()
            if connection.is_usable:
                return connection
            self._drop(connection)
        return None

    def _drop(self, connection: Connection) -> None:
        self.live -= 1
        if connection.is_usable:
            connection.close()
        else:
            connection.abort()

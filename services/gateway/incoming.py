"""One mail on its way in: raw chunks through the end of data, the mends and the spool."""

from collections.abc import Awaitable

from services.gateway.data import DataReceiver
from services.gateway.spool import Spool, Spooled
from services.header_mend import HeaderMend


class IncomingMail:
    """Feed it until ``done``; ``rest`` then is what the client sent behind the mail. End it by ``finish`` or ``discard``."""

    __slots__ = ("_mend", "_receiver", "_spool")

    def __init__(self, spool: Spool) -> None:
        self._receiver = DataReceiver()
        self._mend = HeaderMend()
        self._spool = spool

    @property
    def done(self) -> bool:
        """Whether the end of data was seen."""
        return self._receiver.done

    @property
    def rest(self) -> bytes:
        """The bytes behind the end of data."""
        return self._receiver.rest

    @property
    def header_block(self) -> bytes:
        """The header section after the mends, cut at 256 KiB."""
        return self._mend.block

    def feed(self, chunk: bytes) -> bool:
        """Take the next chunk; says whether ``flush`` is due."""
        return self._spool.add(self._mend.feed(self._receiver.feed(chunk)))

    async def flush(self) -> None:
        """Write to disk what is held; never blocks the loop."""
        await self._spool.flush()

    def finish(self) -> Awaitable[Spooled]:
        """What has become of the content, once ``done``."""
        if held := self._mend.finish():
            self._spool.add(held)
        return self._spool.keep()

    async def discard(self) -> None:
        """Give the mail up, and leave nothing behind."""
        await self._spool.discard()

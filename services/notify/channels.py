"""Chats and SMS, by Apprise: which address of the municipality's a notice goes to. In threads, each try with a time limit."""

import asyncio
import logging
import re
from functools import partial
from pathlib import Path
from urllib.parse import quote

import structlog

from services.notify.lanes import Room
from services.settings import NoticeChannel, Settings

log = structlog.get_logger()
LIMIT = 20.0  # seconds, with what it waits for room
AT_ONCE = 8  # of each channel: one that hangs keeps so many threads, and no more


class Channels:
    """Those of ``notifications.channels``. Addresses hold secrets: they are read from their files at each try, and never logged."""

    def __init__(self, settings: Settings, limit: float = LIMIT) -> None:
        self._channels = {one.name: one for one in settings.notifications.channels}
        self._rooms = {name: Room(AT_ONCE) for name in self._channels}
        self._limit = limit

    async def send(self, name: str, handle: str, title: str, text: str, *, key: str) -> bool:
        """Whether it was taken. ``key`` names the notice at the far end, however often it is tried."""
        channel = self._channels.get(name)
        if channel is None or not re.fullmatch(channel.handle, handle):
            return False
        try:
            async with asyncio.timeout(self._limit):
                return await self._rooms[name].run(partial(_send, channel, handle, title, text, key))
        except Exception as error:
            log.warning("notice_not_sent", channel=name, error=type(error).__name__)
            return False


def _send(channel: NoticeChannel, handle: str, title: str, text: str, key: str) -> bool:
    import apprise  # noqa: PLC0415 - a second of imports, for those alone who use it

    logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)  # it writes addresses, though not whole
    url = Path(channel.url_file).read_text(encoding="utf-8").strip().replace("{to}", quote(handle, safe=""))
    url = url.replace("{key}", quote(key, safe=""))
    service = apprise.Apprise.instantiate(url)  # asked itself: ``Apprise.notify`` has one pool of threads for all services
    return service is not None and bool(service.notify(title=title, body=text))

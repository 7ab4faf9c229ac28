"""Pages that are open hear of what changed, whoever changed it, in which process it may be.

The audit chain tells: an entry is written with every change, and its subject is a page's topic. One look a second, and none while
nobody listens. An entry that only tells that somebody looked is no change.
"""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

import structlog

from services.store.changes import Changes
from services.store.interface import StoreUnavailable

log = structlog.get_logger()
LOOK_EVERY = 1.0  # seconds
PING_EVERY = 15.0
LONGEST = 15 * 60.0  # seconds after which the browser comes again, and is asked again who it is
MOST = 4  # open connections of one account: a browser has six to one server, and pages need some
OVERVIEW = "overview"  # the topic of everything that somebody may have to do something about
POSTS = "posts"  # the topic of whatever waits in functional mailboxes
_TO_DO = (
    "framework.",
    "signal.",
    "mailbox.",
    "identity.",
    "incident.",
    "assist.",
    "relief.",
    "register.",
    "receipt.",
    "mail.stuck",
    "mail.assessed",
    "notice.",
    "post.",
)
_POSTS = ("post.", "mailbox.")
_LOOKS = ("read", "seen")
_CHANGES = frozenset({"post.read"})  # a mail that was read is no look at a page


class Busy(Exception):
    """An account has enough connections open."""


class Pass(NamedTuple):
    """What somebody came in with: a session by its hash, or a token by its id."""

    kind: Literal["session", "token"]
    id: str


@dataclass(eq=False, slots=True)
class Listener:
    """One open page. ``came_with`` is what lets it in. ``news`` holds topics, or None when it is over."""

    account: str
    topics: frozenset[str]
    came_with: Pass | None = None
    news: asyncio.Queue[tuple[int, str] | None] = field(default_factory=asyncio.Queue)


async def _none(_: Collection[Pass]) -> set[Pass]:
    return set()


class Live:
    """One a process. ``look`` gives what changed after an entry of the audit chain (None: only which one is the last);
    ``closed`` tells which of those who listen would not be let in any more."""

    def __init__(
        self,
        look: Callable[[int | None], Awaitable[Changes]],
        closed: Callable[[Collection[Pass]], Awaitable[set[Pass]]] = _none,
        every: float = LOOK_EVERY,
    ) -> None:
        self._look = look
        self._closed = closed
        self._every = every
        self._last = 0
        self._listeners: set[Listener] = set()
        self._accounts: Counter[str] = Counter()
        self._task: asyncio.Task[None] | None = None
        self._stopped = False

    async def listen(
        self, account: str, topics: Collection[str], since: int | None = None, came_with: Pass | None = None
    ) -> Listener:
        """Begin to hear of ``topics``, from the entry ``since`` on where a page comes again. Raises ``Busy``.

        Whoever listens calls ``leave`` at the end.
        """
        if self._stopped or self._accounts[account] >= MOST:
            raise Busy
        self._accounts[account] += 1
        one = Listener(account, frozenset(topics), came_with)
        try:
            now = await self._look(since)
        except BaseException:
            self._accounts[account] -= 1
            raise
        if not self._listeners:
            self._last = now.last
        self._listeners.add(one)
        _give(one, now)
        if self._task is None and not self._stopped:
            self._task = asyncio.create_task(self._watch(), name="console-live")
        return one

    def leave(self, one: Listener) -> None:
        """The page is closed."""
        self._listeners.discard(one)
        self._accounts[one.account] -= 1

    async def events(self, one: Listener) -> AsyncIterator[str]:
        """Server-sent events: the topics that changed, until the connection is old enough, or the guard stops."""
        ends = asyncio.get_running_loop().time() + LONGEST
        yield f"id: {self._last}\nretry: 2000\n\n"
        while asyncio.get_running_loop().time() < ends:
            try:
                async with asyncio.timeout(PING_EVERY):
                    news = await one.news.get()
            except TimeoutError:
                yield ": ping\n\n"
                continue
            if news is None:
                return
            yield f"id: {news[0]}\nevent: {news[1]}\ndata: \n\n"

    async def stop(self) -> None:
        """End every connection at once: a server that stops would wait for them."""
        self._stopped = True
        for one in self._listeners:
            one.news.put_nowait(None)
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(self._every)
            if self._listeners:
                with contextlib.suppress(StoreUnavailable):  # the next look tells it
                    await self._close()
                    await self._tell()

    async def _close(self) -> None:
        """Whoever was logged out, or lost a token or an account, hears nothing more."""
        passes = {one.came_with for one in self._listeners if one.came_with}
        over = await self._closed(passes) if passes else set()
        for one in self._listeners:
            if one.came_with in over:
                one.news.put_nowait(None)

    async def _tell(self) -> None:
        news = await self._look(self._last)
        self._last = news.last
        for one in self._listeners:
            _give(one, news)


def topics_of(news: Changes) -> frozenset[str]:
    """The topics that ``news`` touches."""
    changed = {
        subject: [one for one in actions if one in _CHANGES or not one.endswith(_LOOKS)]
        for subject, actions in news.subjects.items()
    }
    found = {subject for subject, actions in changed.items() if actions}
    if any(one.startswith(_TO_DO) for actions in changed.values() for one in actions):
        found.add(OVERVIEW)
    if any(one.startswith(_POSTS) for actions in changed.values() for one in actions):
        found.add(POSTS)
    return frozenset(found)


def _give(one: Listener, news: Changes) -> None:
    for topic in sorted(one.topics if news.many else one.topics & topics_of(news)):
        one.news.put_nowait((news.last, topic))

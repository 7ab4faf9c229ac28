"""One hop: leases what is due, keeps its connections busy, and knows when the hop is away.

While the hop is away nothing is leased but a few deliveries at each failed probe, so that the queue shows why they wait
and what has waited for 5 days ends; when it answers again, what it kept waiting is due at once.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import timedelta

import structlog

from services.clock import Clock
from services.clock_watch import ClockWatch
from services.delivery.bookkeeper import Bookkeeper
from services.delivery.keeper import Keeper
from services.delivery.outcomes import ConnectionTrouble, Postponed, Refused, Result, SetAside, Unreached
from services.delivery.pool import Pool
from services.delivery.presence import OnProblem, Presence
from services.delivery.ready import Batch, Ready, batches
from services.delivery.suspects import Suspects
from services.delivery.wire import transaction
from services.delivery.workers import Workers
from services.dkim import Signer
from services.marks import Marks
from services.store.interface import Claim, Hop, Leased, Store, StoreUnavailable

log = structlog.get_logger()
LEASED = 8  # deliveries leased at a time, for each slot
CLAIMED = 16  # batches ready for each slot, beyond which fresh mail waits in the store (64 KiB of content each, at most)
COPIES = 100  # of one mail beyond which they wait in the store
LOW = 4  # batches ready for each slot, below which more are leased: leasing goes on while these are sent
POLL = 1.0  # seconds between looks for what other processes queued
ROOM_AGAIN = 30.0  # seconds until a server that took fewer connections than we may make is asked for more
PROBED = 50  # deliveries looked after at each failed probe
REMEMBERED = 10_000  # deliveries made due when the hop is back; the others are due in at most 5 minutes
UNRECORDED = 2_000  # attempts not yet on disk beyond which nothing more is leased


class HopLoop:
    """The deliveries of one hop. ``slots``: connections, at most."""

    def __init__(
        self,
        *,
        hop: Hop,
        pool: Pool,
        store: Store,
        books: Bookkeeper,
        clock: Clock,
        slots: int,
        watch: ClockWatch,
        lease: timedelta,
        probe_delay: Callable[[int], timedelta],
        on_problem: OnProblem,
        marks: Marks,
        signer: Signer | None = None,
    ) -> None:
        self.hop = hop
        self._pool, self._store, self._signer = pool, store, signer
        self._books = books
        self._clock = clock
        self._slots = self._room = slots
        self._probe_delay = probe_delay
        self.presence = Presence(hop, clock, on_problem)
        self._suspects = Suspects(marks)
        self._ready = Ready(slots)
        self._keeper = Keeper(hop=hop, store=store, clock=clock, watch=watch, held=self._in_hand, lease=lease)
        self._workers = Workers(self._work)
        self._signal = asyncio.Event()
        self._stopping = asyncio.Event()
        self._due = True  # something may be due
        self._behind = True  # something that is due may not have found room: what comes now has to queue behind it
        self._next_tick = self._next_room = 0.0
        self._held: list[str] = []  # deliveries that wait because the hop was away
        self._abandoned: list[Leased] = []

    def wake(self) -> None:
        """Something is due now."""
        self._due = True
        self._signal.set()

    def claim(self, copies: int) -> Claim | None:
        """A claim on a mail with so many ``copies`` that is about to be committed; None: they are to wait in the store.

        They do while others wait there: nothing that comes may keep those from the room that they wait for.
        """
        room = CLAIMED if not self._due else LOW
        if (
            self._behind
            or self.presence.failures
            or copies > COPIES
            or len(self._ready) >= room * self._slots
            or self._books.unrecorded >= UNRECORDED
            or self._stopping.is_set()
        ):
            self._behind = True
            return None
        return Claim(self.hop, self._clock.now() + self._keeper.lease, self._take)

    async def run(self) -> None:
        """Deliver until ``stop``."""
        while not self._stopping.is_set():
            try:
                await (self._probe() if self.presence.failures else self._turn())
            except StoreUnavailable:
                log.warning("store_unavailable", what="lease", hop=self.hop)
                await self._sleep(POLL)
            except Exception:
                log.exception("delivery_loop_failed", hop=self.hop)
                await self._sleep(POLL)

    async def stop(self, grace: float) -> None:
        """Lease no more, let what is under way finish for at most ``grace`` seconds."""
        self._stopping.set()
        self._signal.set()
        self._abandoned += self._ready.clear()
        await self._workers.stop(grace)
        self._abandoned += self._ready.clear()
        self._pool.close()

    async def release(self) -> None:
        """Give back what wasn't tried, or not to its end; called once the attempts before it are recorded."""
        abandoned, self._abandoned = self._abandoned, []
        if abandoned:
            try:
                await self._store.release(abandoned)
            except BaseException:
                self._abandoned += abandoned
                raise

    # -- leasing
    async def _turn(self) -> None:
        await self._tick()
        if self._due and len(self._ready) < LOW * self._slots and self._books.unrecorded < UNRECORDED:
            self._due = False
            await self._lease()
            return
        timer = asyncio.get_running_loop().call_later(POLL, self._signal.set)
        await self._signal.wait()
        self._signal.clear()
        timer.cancel()

    async def _lease(self) -> None:
        limit = LEASED * self._slots
        self._behind = False
        try:
            leases = await self._leased(limit)
        except BaseException:
            self._behind = True
            raise
        more = len(leases) >= limit
        self._due, self._behind = self._due or more, self._behind or more
        if self._stopping.is_set() or self.presence.failures:
            self._abandoned += leases
            await self.release()
            return
        self._add(leases)

    def _take(self, leases: Sequence[Leased]) -> None:
        """What was claimed is on disk."""
        if self._stopping.is_set() or self.presence.failures:
            self._abandoned += leases
        else:
            self._add(leases)

    def _add(self, leases: Sequence[Leased]) -> None:
        for batch in batches(leases, self._keeper.instant()):
            self._ready.add(batch)
        self._spawn()

    async def _leased(self, limit: int) -> list[Leased]:
        await self._keeper.keep()
        now = self._clock.now()
        return await self._store.lease(self.hop, now, now + self._keeper.lease, limit)

    def _in_hand(self) -> list[tuple[str, str]]:
        """What is leased here and not recorded yet."""
        return [*((one.delivery.id, one.lease) for one in self._ready.held()), *self._books.held()]

    async def _tick(self) -> None:
        """Once a second, whatever else goes on."""
        now = asyncio.get_running_loop().time()
        if now < self._next_tick:
            return
        self._next_tick, self._due = now + POLL, True
        if now >= self._next_room:
            self._next_room, self._room = now + ROOM_AGAIN, self._slots
        self._pool.sweep(now)
        await self._keeper.keep()
        await self.release()
        if held := len(self._held):
            await self._store.retry(self._held[:held], self._clock.now())
            del self._held[:held]
        behind = self._ready.behind_slow(now)
        await self._books.settle(self.hop, behind, [Unreached("address busy")] * len(behind))
        self._spawn()  # a batch whose connection came to nothing must not wait for a worker for ever

    # -- sending
    def _spawn(self) -> None:
        """Have as many at work as there is work and room for."""
        self._workers.add(min(self._room - self._workers.at_work, len(self._ready)))

    async def _work(self) -> None:
        loop = asyncio.get_running_loop()
        going_on = True
        while going_on and not self._stopping.is_set():
            batch = self._ready.take(loop.time())
            if batch is None:
                await self._workers.rest()
                continue
            try:
                going_on = await self._attempt(batch)
            except asyncio.CancelledError:
                self._abandoned += batch.leases
                raise
            except Exception:  # what came of it could not be told: its lease ends by itself, and it is tried again
                log.exception("settling_failed", hop=self.hop)
            finally:
                self._ready.done(batch)
            if self._ready.has_next():
                self._spawn()
            if self._due:
                self._signal.set()

    async def _attempt(self, batch: Batch) -> bool:
        """Try ``batch``. False: another connection can't be made now."""
        result = await self._suspects.attempt(batch, self._tried)
        if isinstance(result, SetAside):
            await self._settle(batch.leases, result)
        elif result is None:
            self._abandoned += batch.leases  # given back at the next tick
        elif result and self._suspects.may_come_again():
            self._next_tick = 0.0
            self._signal.set()
        return result is not False

    async def _tried(self, batch: Batch) -> bool:
        refused = batch.leases[0].delivery.refuse
        if refused and not batch.leases[0].delivery.redirected:
            await self._settle(batch.leases, Refused(refused.partition(" ")[0], refused))
            return True
        try:
            if not self._keeper.holds(batch.leases, batch.taken):  # this process slept: somebody else may have them
                self._abandoned += batch.leases
                return True
            answers = await self._pool.send(await transaction(batch.leases, self._signer))
        except ConnectionTrouble as trouble:
            return await self._unreached(batch, str(trouble))
        except OSError as error:  # the mail's file
            log.error("content_unreadable", error=type(error).__name__)
            answers = [Postponed("4.3.0", f"content unreadable: {type(error).__name__}")] * len(batch.leases)
        except Exception:
            log.exception("attempt_failed", hop=self.hop)
            answers = [Postponed("4.3.0", "internal error")] * len(batch.leases)
        await self._books.settle(self.hop, batch.leases, answers)
        return True

    # -- the hop is away
    async def _unreached(self, batch: Batch, error: str) -> bool:
        if self._pool.live and not self.presence.failures:  # the server is there, and takes no more connections
            self._room = max(1, self._pool.live)
            self._ready.put_back(batch)
            return False
        await self._settle(batch.leases, Unreached(error))
        if not self.presence.failures:
            self.presence.missed(error)
            self._signal.set()
            self._abandoned += self._ready.clear()
            await self.release()
        return False

    async def _probe(self) -> None:
        await self._sleep(self._probe_delay(self.presence.failures).total_seconds())
        if self._stopping.is_set():
            return
        await self.release()
        try:
            connection = await self._pool.connect()
        except ConnectionTrouble as trouble:
            self.presence.missed(str(trouble))
            await self._settle(await self._leased(PROBED), Unreached(str(trouble)))
            return
        self._pool.give(connection)
        self._due = True
        self._next_tick = asyncio.get_running_loop().time() + POLL  # by then it is on disk what waits for the hop
        self.presence.found()

    async def _settle(self, leases: Sequence[Leased], result: Result) -> None:
        """``result`` goes for all of ``leases``."""
        if isinstance(result, Unreached):
            self._held += [one.delivery.id for one in leases][: REMEMBERED - len(self._held)]
        await self._books.settle(self.hop, leases, [result] * len(leases), max(self.presence.failures, 1))

    async def _sleep(self, seconds: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), seconds)

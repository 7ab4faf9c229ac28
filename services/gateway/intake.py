"""The hand-over: gather, decide, commit. When ``take`` returns, the mail is ours; until then it is the sender's."""

from collections.abc import Callable, Collection, Mapping
from functools import cache

import structlog
from prometheus_client import Counter

from services.clock_watch import ClockWatch
from services.gateway.dispatch import Desk, arrival
from services.gateway.received import Received
from services.gateway.reports import Homes, failures
from services.gather import gather, policy_of, receipt_text
from services.island import Island
from services.marks import CRASHES, Marks
from services.settings import Settings
from services.store.interface import Arrival, Claim, CommitUnknown, FactsChanged, Hop, Redirection, Store, StoreUnavailable
from workflows.addresses import domain_of, normalise
from workflows.decide import decide, not_evaluated
from workflows.decision import Decision, Reason, Receipt
from workflows.facts import Facts
from workflows.mail import Headers, Mail
from workflows.reading import read_headers
from workflows.receipt import by_a_program, is_receipt
from workflows.return_path import verify

log = structlog.get_logger()
NOT_EVALUATED = Counter("rammevagt_mails_not_evaluated_total", "Mails that went as addressed because deciding failed")
DECIDED = Counter("rammevagt_recipients_decided_total", "Envelope recipients decided, by reason", ["reason"])
TRIES = 3  # a fact can change between the reading and the commit: somebody else's mail took the receipt


@cache
def _decided(reason: Reason) -> Counter:
    return DECIDED.labels(reason.value)


class StoreIntake:
    """Takes mail into the store.

    ``claim`` is asked, with the number of copies, whether the deliverer of this process takes them itself. ``after_commit`` is
    called when there is something to publish, with the hops for which something waits in the store. ``island`` takes mail while the
    store's database is away.
    """

    def __init__(
        self,
        settings: Settings,
        store: Store,
        key: bytes,
        hostname: str,
        after_commit: Callable[[Collection[Hop]], None],
        *,
        claim: Callable[[int], Claim | None] = lambda _: None,
        marks: Marks | None = None,
        watch: ClockWatch | None = None,
        island: Island | None = None,
    ) -> None:
        self._store = store
        self._key = key
        self._policy = policy_of(settings)
        self._desk = Desk(hostname, key, receipt_text())
        self._after_commit = after_commit
        self._claim = claim
        self._marks = marks or Marks()
        self._watch = watch
        self._island = island

    def ready(self) -> bool:
        """Whether every registered citizen would be recognised."""
        return self._store.ready()

    def is_ours(self, recipient: str) -> bool:
        """Our domains, and of the bounce domain only addresses that we signed (and RFC 5321's postmaster)."""
        domain = domain_of(recipient)
        if domain in self._policy.domains:
            return True
        if domain != self._policy.bounce_domain:
            return False
        return normalise(recipient).startswith("postmaster@") or self._returning(recipient) is not None

    async def take(self, received: Received) -> None:
        """See ``Intake``. A failure to read or decide delivers as addressed; a failure to store raises."""
        decision = await self._taken(received)
        for outcome in decision.recipients:
            _decided(outcome.reason).inc()

    async def _taken(self, received: Received) -> Decision:
        island = self._island
        if island is None:
            return await self._commit(received, await self._homes(received))
        if not island.away:
            try:
                return await self._commit(received, await self._homes(received))
            except StoreUnavailable as error:
                island.lost()
                if isinstance(error, CommitUnknown):  # it may be there: on the island it would be decided a second time
                    raise
        if any(domain_of(one) == self._policy.bounce_domain for one in received.envelope.recipients):
            raise StoreUnavailable("only the database knows what a returned mail is about")
        return await self._commit_once(received, {}, island)

    async def _commit(self, received: Received, homes: Homes) -> Decision:
        for _ in range(TRIES - 1):
            try:
                return await self._commit_once(received, homes)
            except FactsChanged:
                log.info("facts_changed", mail=received.id)
        return await self._commit_once(received, homes)

    async def _commit_once(self, received: Received, homes: Homes, island: Island | None = None) -> Decision:
        crashes = self._marks.crashes(received.sha256)
        mail, facts = await self._gather(received, homes, crashes, island)
        slot = self._marks.begin(received.sha256)  # nothing is awaited until its end: no other mail can be in hand
        try:
            decision = self._decide(received, mail, facts, crashes)
            decision, arriving = self._arrival(received, decision, facts, homes)
        finally:
            self._marks.end(slot)
        if 0 < crashes < CRASHES:
            self._marks.forget(received.sha256)
        claim = (island.claim if island else self._claim)(len(arriving.deliveries))
        await (island or self._store).commit(arriving, claim)
        (island.wake if island else self._after_commit)(_waiting(arriving, claim))
        return decision

    async def _gather(self, received: Received, homes: Homes, crashes: int, island: Island | None) -> tuple[Mail, Facts]:
        headers = Headers(unreadable=("headers",)) if crashes >= CRASHES else self._headers(received)
        mail = Mail(received.sha256, received.envelope, headers, received.id, received.size)
        if island is not None:
            facts = await island.register.facts(self._policy, mail, received.received_at)
        else:
            facts = await self._facts(mail, self._returns(mail, homes) if homes else {})
        if self._watch and self._watch.is_wrong(received.received_at):
            facts = facts._replace(clock_wrong=True)
        return mail, facts

    async def _facts(self, mail: Mail, returns: Mapping[str, str]) -> Facts:
        """What the register tells; nothing is known where it can't be read, and no mail waits for a person to mend it (law 3)."""
        try:
            return await gather(self._store, self._key, self._policy, mail, returns)
        except StoreUnavailable:
            raise
        except Exception:
            log.exception("facts_unreadable", mail=mail.id)
            return Facts(self._policy, self._store.organisation(), returns=returns, known=False)

    def _decide(self, received: Received, mail: Mail, facts: Facts, crashes: int) -> Decision:
        """A mail that the guard died of again and again is not looked at any more: it goes as addressed (law 3)."""
        if crashes >= CRASHES:
            log.error("mail_set_aside_undecided", mail=received.id, crashes=crashes)
        elif not facts.known:
            log.error("mail_undecided_without_register", mail=received.id)
        else:
            try:
                return decide(mail, facts, received.received_at)
            except Exception:
                log.exception("decide_failed", mail=received.id)
        NOT_EVALUATED.inc()
        return not_evaluated(mail, facts.returns)

    def _arrival(self, received: Received, decision: Decision, facts: Facts, homes: Homes) -> tuple[Decision, Arrival]:
        failed = failures(received, decision.mail.headers, homes) if homes else {}
        try:
            return decision, arrival(received, decision, facts, failed, self._desk)
        except Exception:
            if not decision.receipt.send:
                raise
            log.exception("receipt_failed", mail=received.id)
            decision = decision._replace(receipt=Receipt(reason=decision.receipt.reason, blocked_by="failed"))
            return decision, arrival(received, decision, facts, failed, self._desk)

    def _headers(self, received: Received) -> Headers:
        slot = self._marks.begin(received.sha256)
        try:
            return read_headers(received.header_block)
        except Exception:
            log.exception("headers_unreadable", mail=received.id)
            return Headers(unreadable=("headers",))
        finally:
            self._marks.end(slot)

    def _returning(self, recipient: str) -> str | None:
        return verify(self._key, recipient, self._policy.bounce_domain)

    async def _homes(self, received: Received) -> Homes:
        homes: dict[str, Redirection | None] = {}
        for recipient in received.envelope.recipients:
            if domain_of(recipient) == self._policy.bounce_domain:
                delivery = self._returning(recipient)
                homes[normalise(recipient)] = await self._store.redirection(delivery) if delivery else None
        return homes

    def _returns(self, mail: Mail, homes: Homes) -> dict[str, str]:
        """Where each recipient in the bounce domain goes: nothing may be sent on to that domain, it leads back here.

        What a program sends to a receipt's address stays there, so that no two answer each other.
        """
        units = self._store.organisation().units
        found = {}
        for address, home in homes.items():
            if by_a_program(mail) and is_receipt(self._returning(address) or ""):
                found[address] = address
                continue
            unit = units.get(home.delivery.unit or "") if home else None
            found[address] = (unit.main_mailbox if unit else None) or self._policy.postmaster
        return found


def _waiting(arriving: Arrival, claim: Claim | None) -> set[Hop]:
    """The hops for which ``arriving`` put something into the queue that is not claimed."""
    taken = claim.hop if claim else None
    hops = [one.hop for one in arriving.deliveries if one.hop != taken]
    hops += [one.delivery.hop for one in arriving.outgoing]
    hops += [one.replacement.hop for one in arriving.bounced]
    return set(hops)

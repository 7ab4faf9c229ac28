"""How the watched mailboxes are, for IT: whether each is looked into, what is wrong, and who mends it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.console.context import Console
from services.settings import Mailbox
from services.store.mailboxes import MailboxState
from workflows.addresses import normalise
from workflows.mailbox_state import PASSING, SAID, Said
from workflows.post import code_of

LOGIN = frozenset({"login_refused", "token_refused", "client_refused", "no_login"})  # a new login may mend it
SLOW = timedelta(minutes=15)  # without a look that succeeded
NOBODY = Said(
    "Ingen ser efter postkassen lige nu. Se efter, om rammevagt up eller rammevagt watch kører.",
    "Nobody looks after the mailbox just now. Check that rammevagt up or rammevagt watch is running.",
)
STALE = Said(
    "Vagten har forbindelse til postkassen, men har ikke set i den længe. Start rammevagt igen, og se loggen.",
    "The guard is connected to the mailbox, but has not looked into it for long. Restart rammevagt, and see the log.",
)


@dataclass(frozen=True, slots=True)
class Watched:
    """One mailbox. ``kind`` is that of a chip; ``token``: it is logged in to by a client secret, not a password.

    ``client`` is the one whose secret that is.
    """

    code: str
    address: str
    unit: str | None
    route: bool
    token: bool
    kind: str
    said: Said
    mendable: bool
    since: datetime | None
    looked_at: datetime | None
    token_until: datetime | None
    own_login: bool
    client: tuple[str, str] | None = None

    @property
    def bad(self) -> bool:
        """Whether somebody has to do something."""
        return self.kind == "alarm"


async def watched(console: Console) -> tuple[Watched, ...]:
    """Every mailbox of the settings, those first with which something is wrong."""
    if not console.settings.mailboxes:
        return ()
    states = {one.code: one for one in await console.store.mailboxes.all()}
    found = list(_each(console, states))
    return tuple(sorted(found, key=lambda one: (not one.bad, one.address)))


def of_one_client(boxes: Iterable[Watched], one: Watched) -> list[Watched]:
    """The others that are watched and log in with the same client: its new secret is theirs too."""
    return [other for other in boxes if one.client and other.client == one.client and other.code != one.code and other.since]


def _each(console: Console, states: dict[str, MailboxState]) -> Iterator[Watched]:
    now, units = console.clock.now(), console.store.organisation().units.values()
    named = {normalise(one.functional_mailbox): one.name for one in units if one.functional_mailbox}
    for one in console.settings.mailboxes:
        address = normalise(one.address)
        code = code_of(console.store.key, address)
        yield _watched(one, code, named.get(address), states.get(code), now)


def _watched(box: Mailbox, code: str, unit: str | None, state: MailboxState | None, now: datetime) -> Watched:
    kind, said = how(state, now)
    return Watched(
        code=code,
        address=box.address,
        unit=unit,
        route=box.mode == "route",
        token=box.oauth2 is not None,
        kind=kind,
        said=said,
        mendable=state is not None and state.state in LOGIN,
        since=state.since if state else None,
        looked_at=state.looked_at if state else None,
        token_until=state.token_until if state else None,
        own_login=bool(state and state.own_login),
        client=box.oauth2.client if box.oauth2 else None,
    )


def how(state: MailboxState | None, now: datetime) -> tuple[str, Said]:
    """The kind of the chip, and the sentence. What passes by itself is no alarm before a while."""
    if state is None or state.held_until is None or state.held_until < now:
        return "alarm", NOBODY
    said = SAID[state.state]
    if state.state == "watching":
        stale = state.looked_at is None or now - state.looked_at > SLOW
        return ("alarm", STALE) if stale else ("well", said)
    passing = state.state in PASSING | {"connecting"} and now - max(state.since, state.looked_at or state.since) <= SLOW
    return ("wait" if passing else "alarm"), said

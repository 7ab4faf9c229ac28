"""How webhooks are, for IT: whether each system takes its events, what is wrong, and what to do about it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from services.console.context import Console
from services.console.words import N_
from services.settings import Webhook
from services.store.webhooks import WebhookState, Why

PASSING = timedelta(minutes=15)  # for which a system may be away before somebody is told
SAID: dict[Why, str] = {
    "no_connection": N_("Systemet svarer ikke."),
    "too_slow": N_("Systemet svarer for langsomt."),
    "certificate": N_("Systemets certifikat kan ikke godkendes."),
    "redirected": N_("Systemet henviser til en anden adresse. Skriv den rigtige i indstillingerne."),
    "status": N_("Systemet siger nej."),
    "gone": N_("Systemet vil ikke have flere hændelser."),
    "secret": N_("Filen med hemmeligheden kan ikke læses."),
}
WELL, BEGINS = N_("Tager imod."), N_("Er ikke begyndt endnu.")


@dataclass(frozen=True, slots=True)
class Hook:
    """One webhook. ``kind`` is that of a chip; ``said`` is a msgid; ``host`` tells where to, without the rest of the address."""

    name: str
    host: str
    kind: str
    said: str
    state: WebhookState | None

    @property
    def bad(self) -> bool:
        """Whether somebody has to do something at once."""
        return self.kind == "alarm"

    @property
    def command(self) -> str:
        """What makes it go on, where only a person does."""
        return f"rammevagt events retry --webhook {self.name}" if self.state and self.state.state == "stopped" else ""

    @property
    def aside(self) -> int:
        """How many events were set aside."""
        return self.state.aside if self.state else 0


async def hooks(console: Console) -> tuple[Hook, ...]:
    """Every webhook of the settings, those first with which something is wrong."""
    settings = console.settings.webhooks
    if not settings:
        return ()
    states = await console.store.webhooks.states([one.name for one in settings])
    found = [_hook(one, states.get(one.name), console.clock.now()) for one in settings]
    return tuple(sorted(found, key=lambda one: (not one.bad, one.name)))


def _hook(webhook: Webhook, state: WebhookState | None, now: datetime) -> Hook:
    return Hook(webhook.name, urlsplit(webhook.url).netloc, *how(state, now), state)


def how(state: WebhookState | None, now: datetime) -> tuple[str, str]:
    """The kind of the chip, and what to say."""
    if state is None:
        return "wait", BEGINS
    if state.state == "sending" or state.why is None:
        return "well", WELL
    if state.state == "failing" and now - state.since <= PASSING:
        return "wait", SAID[state.why]
    return "alarm", SAID[state.why]

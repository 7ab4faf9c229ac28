"""How webhooks are and what was asked of them, over every store."""

from dataclasses import replace
from datetime import timedelta

from fakes.arrivals import NOW

from services.store.webhooks import Asked, WebhookState
from workflows.audit import AuditRecord

RETRIED = AuditRecord(NOW, "eva", "webhook.retried", "journal")


async def test_a_state_is_read_as_it_was_written_each_for_itself(store):
    assert await store.webhooks.states(["journal", "esdh"]) == {}
    state = WebhookState(
        "journal", NOW, "failing", "status", 503, 4, 2, NOW + timedelta(minutes=1), NOW, NOW - timedelta(days=1), 3
    )
    await store.webhooks.save(WebhookState("journal", NOW))
    await store.webhooks.save(state)
    await store.webhooks.save(WebhookState("esdh", NOW))
    assert await store.webhooks.states(["journal", "esdh", "x"]) == {"journal": state, "esdh": WebhookState("esdh", NOW)}
    assert await store.webhooks.states(["esdh"]) == {"esdh": WebhookState("esdh", NOW)} and await store.webhooks.states([]) == {}


async def test_what_is_asked_stays_until_it_is_done_and_what_came_since_stays_too(store):
    first, second = Asked(NOW), Asked(NOW + timedelta(seconds=1), NOW - timedelta(days=2))
    before = (await store.verify_audit()).entries
    await store.webhooks.ask("journal", first, RETRIED)
    assert await store.webhooks.asked("journal") == first and await store.webhooks.asked("esdh") is None
    await store.webhooks.ask("journal", second, replace(RETRIED, action="webhook.replayed"))
    await store.webhooks.done("journal", first)
    assert await store.webhooks.asked("journal") == second
    await store.webhooks.save(WebhookState("journal", NOW))
    await store.webhooks.done("journal", second)
    assert await store.webhooks.asked("journal") is None and (await store.webhooks.states(["journal"])).keys() == {"journal"}
    chain = await store.verify_audit()
    assert (chain.entries - before, chain.broken_at) == (2, None)

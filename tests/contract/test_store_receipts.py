"""Receipts that did not reach the citizen: written once by the mail path, dealt with once by people."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from fakes.arrivals import NOW, arrival, attempt, decision, entry, outcome, own_mail

from services.store.interface import Arrival, Deferred, Delivered, Failed, Leased, Undelivered
from services.store.sql_store import SqlStore
from workflows.decision import Sender

LATER = NOW + timedelta(minutes=10)
HOME = "rv-m1.k-mac@rammevagt.eksempel.dk"


def lost(mail: str = "m1", why: str = "refused", unit: str | None = "boern-familie") -> Undelivered:
    return Undelivered(f"{mail}.k", mail, unit, NOW, why)  # type: ignore[arg-type]


def with_receipt(mail: str = "m1") -> Arrival:
    """A mail of the citizen c-1001 with its receipt."""
    made = arrival(mail, outgoing=(own_mail(f"{mail}.k", about=mail),), replay="[]")
    return replace(made, decision=made.decision._replace(sender=Sender("c-1001")))


def report(id: str, *about: Undelivered) -> Arrival:
    """A report that came home and ends here."""
    made = arrival(id, (HOME,), sender="")
    return replace(made, decision=decision(id, [outcome(HOME)], sender=""), deliveries=(), arrived=(0,), undelivered=about)


async def leased(store: SqlStore) -> Leased:
    [one] = await store.lease("internet", NOW, LATER, 10)
    return one


async def told_of(store: SqlStore) -> list[dict[str, object]]:
    return [json.loads(one.body)["data"] for one in await store.outbox(100) if one.topic.endswith("receipt.undelivered")]


async def test_a_refused_receipt_waits_for_somebody_to_tell_the_citizen(store: SqlStore) -> None:
    await store.commit(with_receipt())
    one = await leased(store)
    await store.record([attempt(one, Failed(NOW, "550 5.1.1"), events=(), undelivered=lost())])
    [found] = await store.receipts.untold(["boern-familie", "teknik"])
    assert (found.mail, found.unit, found.at, found.why) == ("m1", "boern-familie", NOW, "refused")
    assert (found.citizen, found.told_at, found.told_by, found.how) == ("c-1001", None, None, None)
    assert await store.receipts.untold(["teknik"]) == () == await store.receipts.untold([])
    assert await store.receipts.of_mail("m1") == found and await store.receipts.of_mail("m2") is None
    assert await store.receipts.of_citizen("c-1001") == (found,) and await store.receipts.of_citizen("c-1002") == ()
    assert await told_of(store) == [{"mail": "m1", "delivery": "m1.k", "unit": "boern-familie", "why": "refused"}]


async def test_a_late_writer_reports_nothing(store: SqlStore) -> None:
    await store.commit(with_receipt())
    one = await leased(store)
    await store.record([attempt(replace(one, lease="another"), Failed(NOW, "550"), events=(), undelivered=lost())])
    assert await store.receipts.of_mail("m1") is None and await told_of(store) == []


@pytest.mark.parametrize("recorded", [True, False])
async def test_a_report_that_came_home_is_told_once(store: SqlStore, recorded: bool) -> None:
    await store.commit(with_receipt())
    one = await leased(store)
    if recorded:
        await store.record([attempt(one, Delivered(NOW), events=())])
    await store.commit(report("m2", lost(why="reported")))
    await asyncio.gather(*(store.commit(report(f"m{n}", lost(why="reported"))) for n in (3, 4)))
    assert [one.why for one in await store.receipts.untold(["boern-familie"])] == ["reported"]
    assert len(await told_of(store)) == 1
    fenced = await store.record([attempt(one, Delivered(NOW), events=())])
    assert fenced == ["m1.k"]  # the report was faster than our record, or our record was there before
    found = await store.views.mail("m1")
    assert found is not None and {one["kind"]: one["state"] for one in found.way}["receipt"] == "bounced"


async def test_a_receipt_that_waits_for_its_next_attempt_is_not_given_up_for_a_report(store: SqlStore) -> None:
    await store.commit(with_receipt())
    await store.record([attempt(await leased(store), Deferred(LATER, "450"), events=())])
    await store.commit(report("m2", lost(why="reported")))
    assert await store.receipts.of_mail("m1") is None and len(await store.lease("internet", LATER, LATER, 10)) == 1


async def test_law_1_a_report_that_ends_here_balances(store: SqlStore) -> None:
    await store.commit(report("m1"))
    [row] = await store.ledger()
    assert row.balances() and (row.accepted, row.delivered) == (1, 1)
    assert not (await store.books()).unaccounted
    with pytest.raises(ValueError, match="exactly one"):
        await store.commit(replace(report("m2"), arrived=()))
    with pytest.raises(ValueError, match="exactly one"):
        await store.commit(replace(arrival("m3"), arrived=(0,)))


async def test_one_person_deals_with_it_and_it_is_recorded(opener: Callable[[], Awaitable[SqlStore]]) -> None:
    store, other = await opener(), await opener()
    await store.commit(with_receipt())
    await store.record([attempt(await leased(store), Failed(NOW, "550"), events=(), undelivered=lost())])
    record = entry("receipt.citizen_told", "m1", how="phone")
    tries = [one.receipts.tell("m1", person="lene@eksempel.dk", how="phone", record=record) for one in (store, other, store)]
    assert sorted(await asyncio.gather(*tries)) == [False, False, True]
    assert await store.receipts.untold(["boern-familie"]) == ()
    found = await store.receipts.of_mail("m1")
    assert found is not None and (found.told_at, found.told_by, found.how) == (NOW, "lene@eksempel.dk", "phone")
    assert (await store.verify_audit()).broken_at is None


async def test_nobody_deals_with_what_is_no_task(store: SqlStore) -> None:
    await store.commit(with_receipt())
    assert not await store.receipts.tell("m1", person="x@eksempel.dk", how="phone", record=entry("receipt.citizen_told", "m1"))
    assert await store.receipts.of_mail("m1") is None


async def test_it_goes_with_its_mail(store: SqlStore) -> None:
    await store.commit(with_receipt())
    await store.record([attempt(await leased(store), Failed(NOW, "550"), events=(), undelivered=lost())])
    await store.receipts.tell("m1", person="lene@eksempel.dk", how="phone", record=entry("receipt.citizen_told", "m1"))
    [copy] = await store.lease("next", NOW, LATER, 10)
    await store.record([attempt(copy)])
    assert (await store.purge(NOW + timedelta(days=200), 7, 90, 183)).mails == 1
    assert await store.receipts.of_mail("m1") is None

"""The books of single days, mailboxes and recipients, and each recipient by itself (law 1)."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import date, timedelta

import pytest
from fakes.arrivals import DAY, NOW, arrival, attempt, deferred, delivery, entry, event, spooled
from sqlalchemy import text

from services.settings import Settings
from services.store.interface import Bounced, LedgerRow
from services.store.sql_store import SqlStore


async def by_hand(store: SqlStore, statement: str) -> None:
    """What somebody does to the tables past the guard."""
    with store._engines[0].begin() as connection:
        connection.execute(text(statement))


async def gaps(store: SqlStore, **days: object) -> set[tuple[str, int | None, str]]:
    return {(one.mail, one.n, one.why) for one in (await store.books(**days)).unaccounted}  # type: ignore[arg-type]


BEFORE = DAY - timedelta(days=1)
HARMS = [
    ("DELETE FROM recipient WHERE mail = 'm1' AND n = 1", ("m1", None, "no_row")),
    ("UPDATE mail SET recipients = 3 WHERE id = 'm1'", ("m1", None, "no_row")),
    ("UPDATE recipient SET state = 'gone' WHERE mail = 'm1' AND n = 1", ("m1", 1, "no_state")),
    ("DELETE FROM delivery WHERE mail = 'm1' AND address LIKE 'b%'", ("m1", 1, "no_delivery")),
    ("UPDATE delivery SET tier = NULL WHERE mail = 'm1' AND address LIKE 'b%'", ("m1", 1, "no_delivery")),
    ("UPDATE recipient SET delivery = NULL WHERE mail = 'm1' AND n = 0", ("m1", 0, "no_delivery")),
    ("UPDATE recipient SET state = 'delivered' WHERE mail = 'm1' AND n = 1", ("m1", 1, "two_copies")),
]


@pytest.mark.parametrize(("harm", "found"), HARMS)
async def test_law_1_each_recipient_is_accounted_for_once_or_shows(store: SqlStore, harm: str, found: tuple[str, int, str]) -> None:
    await store.commit(arrival("m1", ("a@eksempel.dk", "b@eksempel.dk")))
    await store.commit(arrival("m2", ("a@eksempel.dk", "b@eksempel.dk"), "bf@eksempel.dk"))
    assert (await store.books()).balance()
    await by_hand(store, harm)
    assert found in await gaps(store)
    assert found in await gaps(store, alone=[DAY])
    assert not (await store.books(alone=[DAY])).balance()
    assert await gaps(store, alone=[BEFORE]) == await gaps(store, since=DAY + timedelta(days=1)) == set()
    assert {mail for mail, _, _ in await gaps(store)} == {"m1"}


async def test_law_1_lost_bytes_and_a_lost_mail_show_by_recipient(store: SqlStore, settings: Settings) -> None:
    path = spooled(settings.data, "m1.eml", b"x" * 70_000)
    await store.commit(arrival("m1", content=path))
    await store.commit(arrival("m2"))
    await store.commit(arrival("m3"))
    assert await gaps(store) == set()
    if path.exists():
        path.unlink()
    else:
        await by_hand(store, "DELETE FROM content WHERE id = 'm1'")
    await by_hand(store, "DELETE FROM content WHERE id = 'm2'")
    await by_hand(store, "DELETE FROM mail WHERE id = 'm3'")
    assert await gaps(store) == {("m1", 0, "no_content"), ("m2", 0, "no_content"), ("m3", 0, "no_mail")}
    assert await gaps(store, alone=[DAY]) == {("m1", 0, "no_content"), ("m2", 0, "no_content")}


async def test_single_days_have_the_rows_of_the_whole_books_and_the_days_that_wait_are_known(store: SqlStore) -> None:
    for days in range(3):
        await store.commit(arrival(f"m{days}", ("a@eksempel.dk", "b@eksempel.dk"), received_at=NOW + timedelta(days=days)))
    leased = await store.lease("next", NOW + timedelta(days=1), NOW + timedelta(days=2), 10)
    await store.record([attempt(one) for one in leased])
    whole = await store.books()
    middle, last = date(2026, 11, 24), date(2026, 11, 25)
    assert (await store.books(alone=[middle, last])).rows == whole.rows[1:] == tuple(await store.ledger(middle))
    assert (await store.books(alone=[])).rows == ()
    assert whole.open_days == {last}


async def test_the_books_by_mailbox_and_by_recipient_add_up_to_the_days(store: SqlStore) -> None:
    both = ("Karen@eksempel.dk", "per@eksempel.dk")
    await store.commit(arrival("m1", both, "bf@eksempel.dk"))
    await store.commit(arrival("m2", both))
    await store.commit(arrival("m3", both, returned=(0, 1), deliveries=()))
    leased = await store.lease("next", NOW, NOW + timedelta(minutes=9), 10)
    await store.record([attempt(one) for one in leased if one.delivery.address != "per@eksempel.dk"])
    mailboxes = {one.name: one.row for one in await store.accounts("mailbox")}
    assert mailboxes == {
        "bf@eksempel.dk": LedgerRow(DAY, 2, 0, 2, 0, 0),
        "karen@eksempel.dk": LedgerRow(DAY, 2, 1, 0, 0, 1),
        "per@eksempel.dk": LedgerRow(DAY, 2, 0, 0, 1, 1),
    }
    recipients = {one.name: one.row for one in await store.accounts("recipient")}
    assert recipients == {"karen@eksempel.dk": LedgerRow(DAY, 3, 1, 1, 0, 1), "per@eksempel.dk": LedgerRow(DAY, 3, 0, 1, 1, 1)}
    assert await store.accounts("mailbox", DAY + timedelta(days=1)) == []


async def test_what_has_no_row_any_more_stands_without_a_name(store: SqlStore) -> None:
    await store.commit(arrival("m1"))
    await store.record([attempt(one) for one in await store.lease("next", NOW, NOW + timedelta(minutes=9), 10)])
    assert (await store.purge(NOW + timedelta(days=91), 7, 90, 183)).mails == 1
    await store.commit(arrival("m2", ("a@eksempel.dk", "b@eksempel.dk")))
    [a, b, rest] = await store.accounts("recipient")
    assert (a.name, b.name, rest.name, rest.row) == ("a@eksempel.dk", "b@eksempel.dk", None, LedgerRow(DAY, 1, 1, 0, 0, 0))
    await by_hand(store, "DELETE FROM recipient WHERE mail = 'm2' AND n = 0")
    [_, rest] = await store.accounts("recipient")
    assert (rest.row.accepted, rest.row.balances()) == (2, False)


async def test_what_is_told_is_told_once(store: SqlStore, opener: Callable[[], Awaitable[SqlStore]]) -> None:
    def said(*names: str) -> tuple[list[object], list[object]]:
        return [event("mail.stuck", "m1", id=one) for one in names], [entry("mail.stuck", "m1") for _ in names]

    assert await store.tell(*said("m1.late.stuck")) == 1  # type: ignore[arg-type]
    assert await (await opener()).tell(*said("m1.late.stuck", "m1.other.stuck")) == 1  # type: ignore[arg-type]
    assert await store.tell([], []) == 0
    assert [one.id for one in await store.outbox(9)] == ["m1.late.stuck", "m1.other.stuck"]
    assert (await store.verify_audit()).entries == 2


async def test_law_1_a_report_of_a_copy_that_still_waits_makes_no_second_copy(store: SqlStore) -> None:
    await store.commit(arrival("m1", redirected_to="bf@eksempel.dk"))
    [one] = await store.lease("next", NOW, NOW + timedelta(minutes=9), 10)
    await store.record([attempt(one, deferred(NOW + timedelta(minutes=1)))])  # taken, and its answer lost
    again = delivery("m1", "main@eksempel.dk", (), id="again", redirected=True)
    home = replace(arrival("b1", ("bounce+x@rammevagt.eksempel.dk",)), deliveries=(), bounced=(Bounced(one.delivery.id, again),))
    await store.commit(home)
    assert [item.address for item in await store.queue()] == ["bf@eksempel.dk"]
    [one] = await store.lease("next", NOW + timedelta(minutes=2), NOW + timedelta(minutes=9), 10)
    second = replace(home, decision=arrival("b2", ("bounce+x@rammevagt.eksempel.dk",)).decision)
    await store.commit(second)  # while it is under way: the report is faster than our record
    assert await store.record([attempt(one)]) == [one.delivery.id]
    assert [item.address for item in await store.queue()] == ["main@eksempel.dk"]
    assert (await store.books()).balance()

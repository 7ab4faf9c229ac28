"""Accounts, sessions and tokens in every store."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

from fakes.arrivals import NOW, SetClock, entry

from services.store.account_values import ApiToken, KeptForm, LogIn, UserAccount, UserSession
from services.store.begun_moves import BegunMove
from services.store.sql_store import SqlStore

Opener = Callable[[], Awaitable[SqlStore]]
LENE = UserAccount(
    "a-1", "lene@eksempel.dk", "Lene Ørsted \x00\udc80", "leader", NOW, ("tek",), "da", "$argon2id$1", temporary=True
)
PER = UserAccount("a-2", "per@eksempel.dk", "Per", "caseworker", NOW, subject="https://login.example u-2")
ADDED = entry("user.added", "a-1")
LONGEST = timedelta(minutes=15)


def session(number: int = 1, account: str = "a-1", hours: float = 12) -> UserSession:
    return UserSession(f"hash-{number}", account, f"csrf-{number}", NOW, NOW, NOW + timedelta(hours=hours))


def login(number: int = 1, **changes: object) -> LogIn:
    return replace(LogIn(session(number), "who", LENE.password, None), **changes)


async def enter(store: SqlStore, what: LogIn) -> bool:
    return await store.users.enter(what, entry("login.succeeded", "a-1"))


def after(tries: int) -> timedelta:
    return timedelta(seconds=tries - 2) if tries > 2 else timedelta()


async def test_an_account_is_read_as_it_was_added(store: SqlStore) -> None:
    assert await store.users.add(LENE, ADDED)
    assert await store.users.add(PER, entry("user.added", "a-2"))
    assert await store.users.all() == [LENE, PER]
    assert await store.users.by_address("lene@eksempel.dk") == await store.users.by_id("a-1") == LENE
    assert await store.users.by_subject("https://login.example u-2") == PER
    for hostile in ("", "\x00", "\udc80", "' OR 1=1 --", "x" * 100_000):
        assert await store.users.by_address(hostile) is None
        assert await store.users.by_subject(hostile) is None
    assert (await store.verify_audit()).entries == 2


async def test_an_address_and_a_subject_have_one_account(store: SqlStore) -> None:
    assert await store.users.add(PER, ADDED)
    assert not await store.users.add(replace(LENE, address=PER.address), ADDED)
    assert not await store.users.add(replace(LENE, subject=PER.subject), ADDED)
    assert await store.users.all() == [PER]
    assert (await store.verify_audit()).entries == 1


async def test_of_many_processes_that_add_the_same_address_one_does(opener: Opener) -> None:
    stores = [await opener() for _ in range(3)]
    added = await asyncio.gather(*(one.users.add(replace(LENE, id=f"a-{n}"), ADDED) for n, one in enumerate(stores)))
    assert sorted(added) == [False, False, True]


async def test_a_change_is_refused_where_the_password_has_changed_meanwhile(store: SqlStore) -> None:
    await store.users.add(LENE, ADDED)
    assert await store.users.change(LENE, entry("user.changed", "a-1"), password="$argon2id$2", temporary=False)
    assert not await store.users.change(LENE, entry("user.changed", "a-1"), name="Another")
    changed = replace(LENE, password="$argon2id$2", temporary=False)
    assert await store.users.all() == [changed]
    assert (await store.verify_audit()).entries == 2


async def test_tries_at_the_same_time_each_count(opener: Opener) -> None:
    stores = [await opener(), await opener()]
    tried = await asyncio.gather(*(stores[n % 2].users.try_to_enter("who", NOW, after, LONGEST) for n in range(20)))
    assert tried.count(None) == 3
    assert set(tried) == {None, NOW + timedelta(seconds=1)}
    assert await stores[0].users.try_to_enter("another", NOW, after, LONGEST) is None


async def test_the_wait_grows_and_ends_with_a_login(store: SqlStore, clock: SetClock) -> None:
    await store.users.add(LENE, ADDED)
    waits = []
    for _ in range(5):
        assert await store.users.try_to_enter("who", clock.now(), after, LONGEST) is None
        locked = await store.users.try_to_enter("who", clock.now(), after, LONGEST)
        waits.append((locked - clock.now()).total_seconds() if locked else 0)
        clock.move(seconds=10)
    assert waits == [0, 1, 2, 3, 4]  # the first two tries were one each round, and one more at once
    assert await enter(store, login())
    assert [await store.users.try_to_enter("who", clock.now(), after, LONGEST) for _ in range(3)] == [None] * 3
    await store.users.forget_tries("who")
    assert await store.users.try_to_enter("who", clock.now(), after, LONGEST) is None


async def test_a_lock_far_ahead_was_written_by_a_wrong_clock(store: SqlStore) -> None:
    for _ in range(3):
        await store.users.try_to_enter("who", NOW + timedelta(days=400), after, LONGEST)
    assert await store.users.try_to_enter("who", NOW, after, LONGEST) is None


async def test_a_session_is_found_by_its_hash_until_long_after_its_end(store: SqlStore) -> None:
    await store.users.add(LENE, ADDED)
    assert await enter(store, login())
    assert await store.users.session("hash-1") == (session(), LENE)
    assert await store.users.session("hash-2") is None
    await store.users.seen("hash-1", NOW + timedelta(minutes=5))
    later = replace(session(), seen_at=NOW + timedelta(minutes=5))
    assert await store.users.sessions_of("a-1", NOW) == [later]
    assert await store.users.end_session("a-1", "hash-1", entry("session.ended", "a-1"))
    assert not await store.users.end_session("a-1", "hash-1", entry("session.ended", "a-1"))
    assert await store.users.sessions_of("a-1", NOW) == []
    found = await store.users.session("hash-1")
    assert found and found[0].ends_at == NOW
    much_later = replace(session(2), created_at=NOW + timedelta(days=2), ends_at=NOW + timedelta(days=3))
    assert await enter(store, login(session=much_later))
    assert await store.users.session("hash-1") is None


async def test_nobody_enters_an_account_that_was_changed_or_disabled_meanwhile(store: SqlStore) -> None:
    await store.users.add(LENE, ADDED)
    assert not await enter(store, login(password="$argon2id$other"))
    assert not await enter(store, login(totp="sealed"))
    assert not await enter(store, login(session=session(1, "a-9")))
    await store.users.change(LENE, entry("user.disabled", "a-1"), disabled_at=NOW)
    assert not await enter(store, login())
    assert await store.users.sessions_of("a-1", NOW) == []
    assert (await store.verify_audit()).entries == 2


async def test_a_code_opens_once_also_for_two_at_the_same_time(opener: Opener) -> None:
    stores = [await opener(), await opener()]
    await stores[0].users.add(replace(LENE, totp="sealed"), ADDED)
    tries = [login(n, totp="sealed", counter=77) for n in range(6)]
    entered = await asyncio.gather(*(enter(stores[n % 2], one) for n, one in enumerate(tries)))
    assert sorted(entered) == [False] * 5 + [True]
    assert not await enter(stores[0], login(10, totp="sealed", counter=76))
    assert await enter(stores[0], login(11, totp="sealed", counter=78))


async def test_a_login_ends_the_session_that_it_takes_the_place_of(store: SqlStore) -> None:
    await store.users.add(LENE, ADDED)
    await enter(store, login(1))
    await enter(store, login(2, instead="hash-1"))
    assert [one.id for one in await store.users.sessions_of("a-1", NOW)] == ["hash-2"]


async def test_a_new_password_ends_every_session_but_the_one_it_was_changed_in(store: SqlStore) -> None:
    await store.users.add(LENE, ADDED)
    for number in range(3):
        await enter(store, login(number))
    changed = entry("user.password_changed", "a-1")
    assert await store.users.change(LENE, changed, ends_sessions=True, kept="hash-1", password="$argon2id$2")
    assert [one.id for one in await store.users.sessions_of("a-1", NOW)] == ["hash-1"]
    assert await store.users.end_sessions("a-1", entry("session.ended", "a-1")) == 1


async def test_sessions_of_others_are_none_of_ours(store: SqlStore) -> None:
    await store.users.add(LENE, ADDED)
    await enter(store, login())
    assert not await store.users.end_session("a-2", "hash-1", entry("session.ended", "a-2"))
    assert len(await store.users.sessions_of("a-1", NOW)) == 1


async def test_the_newest_form_is_kept_for_a_day_and_of_an_account_a_few(store: SqlStore) -> None:
    forms = [KeptForm("a-1", f"/p/{n}", NOW + timedelta(seconds=n), f"sealed-{n}") for n in range(8)]
    for one in forms:
        await store.users.keep_form(one)
    again = replace(forms[7], sealed="again")
    await store.users.keep_form(again)
    await store.users.keep_form(KeptForm("a-2", "/p/1", NOW, "sealed-of-another"))
    kept = []
    while form := await store.users.kept_form("a-1", NOW):
        kept.append(form)
        await store.users.drop_form("a-1", form.path)
    assert kept == [again, *forms[6:2:-1]]
    assert await store.users.kept_form("a-2", NOW + timedelta(days=1)) is None


async def test_a_token_is_found_by_its_hash_and_revoked(store: SqlStore) -> None:
    await store.users.add(LENE, ADDED)
    token = ApiToken("t-1", "token-hash", "a-1", "ESDH", ("mails:read",), NOW, NOW + timedelta(days=90))
    assert await store.users.add_token(token, entry("token.created", "t-1"))
    assert not await store.users.add_token(replace(token, id="t-2"), entry("token.created", "t-2"))
    assert await store.users.token("token-hash") == (token, LENE)
    assert await store.users.token("other") is None
    await store.users.token_used("t-1", NOW)
    assert await store.users.revoke_token("t-1", entry("token.revoked", "t-1"))
    assert not await store.users.revoke_token("t-1", entry("token.revoked", "t-1"))
    assert not await store.users.revoke_token("t-9", entry("token.revoked", "t-9"))
    assert await store.users.tokens() == [replace(token, used_at=NOW, revoked_at=NOW)]


async def test_what_is_begun_waits_a_month_for_its_writer_and_of_an_account_twenty(store: SqlStore, clock: SetClock) -> None:
    await store.users.add(LENE, ADDED)
    begun = [BegunMove("a-1", f"f-{n}", "lifted", NOW + timedelta(seconds=n), f"sealed-{n}") for n in range(22)]
    for one in (*begun, replace(begun[5], account="a-2"), replace(begun[5], move="eased")):
        await store.begun_moves.keep(one)
    later = replace(begun[5], at=NOW + timedelta(minutes=1), sealed="again")
    await store.begun_moves.keep(later)
    assert [await store.begun_moves.of("a-1", f"f-{n}", NOW) for n in (0, 1, 2, 3)] == [[], [], [], [begun[3]]]
    assert await store.begun_moves.of("a-1", "f-5", NOW) == [later, replace(begun[5], move="eased")]
    assert await store.begun_moves.of("a-2", "f-5", NOW) == [replace(begun[5], account="a-2")]
    await store.begun_moves.drop("a-1", "f-5", "lifted")
    assert await store.begun_moves.of("a-1", "f-5", NOW) == [replace(begun[5], move="eased")]
    assert await store.begun_moves.of("a-2", "f-5", NOW + timedelta(days=30, seconds=5)) == []
    clock.move(days=31)
    late = session(7)
    assert await enter(store, login(session=replace(late, created_at=clock.now(), ends_at=clock.now() + timedelta(hours=1))))
    assert await store.begun_moves.of("a-2", "f-5", NOW) == [], "a login forgets what nobody came back to"


async def test_what_is_begun_by_two_processes_at_once_is_kept_once(opener: Opener) -> None:
    stores = [await opener(), await opener()]
    begun = [BegunMove("a-1", "f-1", "lifted", NOW, f"sealed-{n}") for n in range(8)]
    await asyncio.gather(*(stores[n % 2].begun_moves.keep(one) for n, one in enumerate(begun)))
    [kept] = await stores[0].begun_moves.of("a-1", "f-1", NOW)
    assert kept in begun

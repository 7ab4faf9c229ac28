"""Watching, against a real Dovecot: nothing missed, nothing seen twice, nothing marked or lost, whatever goes wrong."""

import asyncio
import hashlib
import socket
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fakes.arrivals import arrival
from fakes.certificate import self_signed
from fakes.dovecot import Dovecot, mail
from fakes.line import Line
from fakes.watching import QUICK, Watching, box

from services.clock import SystemClock
from services.mailbox.service import Mailboxes
from services.mailbox.session import Session
from services.mailbox.stumbles import REST
from services.mailbox.trouble import Trouble
from services.store.open import open_store
from workflows.mailbox_state import SAID
from workflows.reading import read_headers

OLD = 50_000  # mails that lie there before anybody looks
pytestmark = pytest.mark.needs("dovecot-imapd")


@pytest.fixture
def dovecot():
    with Dovecot("bf") as server:
        yield server


@pytest.fixture
async def watching(dovecot, tmp_path):
    async with Watching(tmp_path, box(dovecot.port)) as found:
        await found.is_in("watching")
        yield found


async def ids(watching):
    return {uid: one.mail for uid, one in (await watching.sightings()).items()}


async def test_a_mail_that_comes_straight_to_the_mailbox_is_recorded_once(dovecot, watching):
    dovecot.append("bf", mail(1), mail(2))
    seen = await watching.sees(2)
    for number, uid in ((1, 1), (2, 2)):
        stored = await watching.store.mail(seen[uid].mail)
        assert stored.decision["mail"]["message_id"] == f"<{number}@example.net>"
    await watching.looked()
    assert len(await ids(watching)) == 2
    await watching.tells(2)
    assert {one.flags for one in dovecot.kept("bf").values()} == {""}


async def test_it_looks_when_there_is_something_to_see_and_not_else(dovecot, watching):
    for _ in range(10):
        await watching.looked()
    assert watching.looks <= 12  # the first, one for each time that it was woken, and what the last may have begun


async def test_flags_and_moves_of_colleagues_are_seen(dovecot, watching):
    dovecot.append("bf", mail(1), mail(2), mail(3))
    await watching.sees(3)
    with dovecot.client("bf") as colleague:
        colleague.add_flags([1], [rb"\Seen"])
        colleague.add_flags([2], [rb"\Seen", rb"\Answered"])
        colleague.delete_messages([3])
        colleague.expunge([3])

    async def flags():
        found = await watching.sightings()
        return {uid: (one.seen, one.answered) for uid, one in found.items()} == {1: (True, False), 2: (True, True)}

    await watching.until(flags)


async def test_an_employees_own_mailbox_is_never_looked_into_as_a_shared_one(dovecot, tmp_path):
    dovecot.append("bf", mail(1))
    own = box(dovecot.port, mode="route")
    looked, loop, done = [], asyncio.get_running_loop(), asyncio.Event()

    class Routed:
        unsettled = False

        def __init__(self, box, code, desk, session, stumbles):
            self.session = session

        def look(self):
            looked.append(self.session.select("INBOX").exists)
            loop.call_soon_threadsafe(done.set)

    async with Watching(tmp_path, own) as watching:
        assert await watching.store.mailboxes.all() == ()
    async with Watching(tmp_path, own, route=Routed) as watching:
        await done.wait()
        assert set(looked) == {1} and await watching.sightings() == {}


async def test_a_server_that_goes_away_is_found_again(dovecot, watching):
    dovecot.append("bf", mail(1))
    await watching.sees(1)
    dovecot.stop()
    await watching.until(lambda: _trouble(watching))
    dovecot.start()
    dovecot.append("bf", mail(2))
    await watching.sees(2)
    assert (await watching.state()).state == "watching"


async def _trouble(watching):
    return (await watching.state()).state in {"closed", "unreachable"}


async def test_a_line_that_is_cut_misses_nothing(dovecot, tmp_path):
    with Line(dovecot.port) as line:
        async with Watching(tmp_path, box(line.port)) as watching:
            await watching.is_in("watching")
            line.cut()
            dovecot.append("bf", mail(1))
            await watching.sees(1)


async def test_a_line_that_falls_silent_is_noticed(dovecot, tmp_path):
    with Line(dovecot.port) as line:
        async with Watching(tmp_path, box(line.port, idle_renew_seconds=5)) as watching:
            await watching.is_in("watching")
            line.silence()
            dovecot.append("bf", mail(1))
            watching.mailboxes.wake(watching.code())  # as the renewal does after its time
            await watching.is_in("timeout")
            line.speak()
            await watching.sees(1)


class Ahead(SystemClock):
    """Goes on from where it is moved to."""

    by = timedelta()

    def now(self):
        return super().now() + self.by


async def test_a_message_that_the_server_cannot_give_holds_up_no_other_and_is_tried_again(dovecot, tmp_path):
    """It may have been the line that was bad: what came meanwhile is not left out for ever."""
    clock = Ahead()
    with Line(dovecot.port) as line:
        line.poison = b"poison"
        async with Watching(tmp_path, box(line.port), clock=clock) as watching:
            await watching.is_in("watching")
            dovecot.append("bf", mail(1), mail(2, body="poison"), mail(3))

            async def past_it():
                watching.mailboxes.wake(watching.code())
                return {one for one, seen in (await watching.sightings()).items() if seen.mail} == {1, 3}

            await watching.until(past_it)
            await watching.tells(3)  # two mails, and that somebody must look at the other one
            before = line.connections
            await watching.looked()
            assert line.connections == before, "it is left alone for a while"
            clock.by = REST
            await watching.until(_tried_again(watching, line, before))
            line.poison, clock.by = None, 2 * REST + timedelta(minutes=1)
            watching.mailboxes.wake(watching.code())
            assert len({one.mail for one in (await watching.sees(3)).values()}) == 3


def _tried_again(watching, line, before):
    async def has():
        watching.mailboxes.wake(watching.code())
        return line.connections > before

    return has


async def test_a_mailbox_that_is_deleted_and_made_anew(dovecot, watching):
    dovecot.append("bf", mail(1), mail(2))
    before = await watching.sees(2)
    first = await watching.store.mailboxes.cursor(watching.code())
    dovecot.stop()
    dovecot.forget("bf")
    dovecot.start()
    dovecot.append("bf", mail(2), mail(3))  # from a backup, and a new one

    async def anew():
        cursor = await watching.store.mailboxes.cursor(watching.code())
        return cursor.uidvalidity != first.uidvalidity and len(await watching.sightings()) == 2

    await watching.until(anew)
    found = await ids(watching)
    assert found[1] == before[2].mail and found[2] not in {one.mail for one in before.values()}


async def test_a_password_that_is_revoked_while_it_watches_and_mended_on_a_page(dovecot, watching):
    dovecot.password("bf", "en anden")
    dovecot.stop()
    dovecot.start()
    await watching.is_in("login_refused")
    dovecot.append("bf", mail(1))
    assert await watching.mailboxes.mend(watching.code(), "forkert") is not None
    assert (await watching.state()).own_login is False
    assert await watching.mailboxes.mend(watching.code(), "en anden") is None
    await watching.sees(1)
    state = await watching.state()
    assert state.own_login and state.state == "watching"
    assert "en anden" not in await watching.store.mailboxes.login(watching.code())
    await watching.again()
    dovecot.append("bf", mail(2))
    await watching.sees(2)


async def test_a_token_that_ends_while_it_watches(dovecot, tmp_path):
    tokens = dovecot.tokens
    tokens.user, tokens.lifetime = "bf", 2
    secret = tmp_path / "secret"
    secret.write_text("hemmelig")
    oauth2 = {"token_url": tokens.token_url, "client_id": "rammevagt", "client_secret_file": str(secret), "scope": "s/.default"}
    async with Watching(tmp_path, box(dovecot.port, oauth2=oauth2)) as watching:
        await watching.is_in("watching")

        async def renewed():
            return len(tokens.asked) >= 3

        await watching.until(renewed)  # each is replaced when half its time is over
        dovecot.append("bf", mail(1))
        await watching.sees(1)
        assert (await watching.state()).token_until is not None
        assert tokens.asked[0]["scope"] == "s/.default"
        dovecot.stop()
        await watching.until(lambda: _trouble(watching))
        assert (await watching.state()).token_until is not None  # what is wrong is not the token
        dovecot.start()
        await watching.is_in("watching")
        tokens.refuse = (401, {"error": "invalid_client"})
        await watching.is_in("client_refused")
        tokens.refuse = None
        watching.mailboxes.wake(watching.code())
        await watching.is_in("watching")


async def test_a_new_client_secret_is_kept_for_all_mailboxes_of_the_client(tmp_path):
    with Dovecot("bf", "jy") as server:
        server.tokens.user, server.tokens.client = "bf", ("rammevagt", "ny")
        secret = tmp_path / "secret"
        secret.write_text("udløbet")
        client = {"token_url": server.tokens.token_url, "client_id": "rammevagt", "client_secret_file": str(secret), "scope": "s"}
        boxes = [box(server.port, "bf", oauth2=client), box(server.port, "jy", oauth2=client)]
        boxes.append(box(server.port, "anden", oauth2=client | {"client_id": "en-anden"}))
        async with Watching(tmp_path, *boxes) as watching:
            for user in ("bf", "jy", "anden"):
                await watching.is_in("client_refused", user)
            assert await watching.mailboxes.mend(watching.code(), "forkert") == SAID["client_refused"]
            assert {one.own_login for one in await watching.store.mailboxes.all()} == {False}
            assert await watching.mailboxes.mend(watching.code(), "ny") is None
            await watching.is_in("watching")
            states = {one.address: one.own_login for one in await watching.store.mailboxes.all()}
            assert states == {"anden@eksempel.dk": False, "bf@eksempel.dk": True, "jy@eksempel.dk": True}
            await watching.is_in("token_refused", "jy")  # the server of this test gives tokens for one user alone


async def test_a_token_that_is_revoked_is_replaced_at_once(dovecot, tmp_path):
    tokens = dovecot.tokens
    tokens.user = "bf"
    secret = tmp_path / "secret"
    secret.write_text("hemmelig")
    oauth2 = {"token_url": tokens.token_url, "client_id": "rammevagt", "client_secret_file": str(secret), "scope": "s"}
    async with Watching(tmp_path, box(dovecot.port, oauth2=oauth2)) as watching:
        await watching.is_in("watching")
        tokens.active.clear()
        dovecot.stop()
        dovecot.start()
        dovecot.append("bf", mail(1))
        await watching.sees(1)
        assert len(tokens.asked) == 2


async def test_a_server_without_idle_and_without_counted_changes_is_polled(tmp_path):
    with Dovecot("bf", idle=False, condstore=False) as dovecot:
        async with Watching(tmp_path, box(dovecot.port, poll_seconds=5)) as watching:
            await watching.is_in("watching")
            dovecot.append("bf", mail(1), mail(2))
            watching.mailboxes.wake(watching.code())
            await watching.sees(2)
            with dovecot.client("bf") as colleague:
                colleague.add_flags([1], [rb"\Answered"])
                colleague.delete_messages([2])
                colleague.expunge()
            watching.mailboxes.wake(watching.code())

            async def seen():
                return {uid: one.answered for uid, one in (await watching.sightings()).items()} == {1: True}

            await watching.until(seen)


async def test_what_is_old_is_left_alone_at_the_first_look(dovecot, tmp_path):
    old, lately = datetime.now(UTC) - timedelta(days=40), datetime.now(UTC) - timedelta(days=3)
    dovecot.fill("bf", [mail(0)] * OLD, flags="S", at=lately)
    dovecot.append("bf", mail(OLD + 1), at=old)
    dovecot.append("bf", mail(OLD + 2), mail(OLD + 3), at=lately)
    before = dovecot.kept("bf")
    async with Watching(tmp_path, box(dovecot.port)) as watching:
        await watching.is_in("watching")
        seen = await watching.sees(2)
        assert sorted(seen) == [OLD + 2, OLD + 3]
        stored = await watching.store.mail(seen[OLD + 2].mail)
        assert stored.received_at == seen[OLD + 2].internal_date
        dovecot.append("bf", mail(OLD + 4))
        assert sorted(await watching.sees(3)) == [OLD + 2, OLD + 3, OLD + 4]
    after = dovecot.kept("bf")
    assert {name: one for name, one in after.items() if name in before} == before
    assert len(after) == len(before) + 1


async def test_a_first_look_that_is_cut_forgets_nothing(dovecot, tmp_path, monkeypatch):
    """It goes on where it began: what comes meanwhile, and a colleague opens, is new all the same; what was read before is old."""
    dovecot.append("bf", mail(1), mail(2), mail(3))
    dovecot.append("bf", mail(4), flags=[rb"\Seen"])
    left, whole = [1, 1], Session.whole

    def cut(self, uid, write):
        if not left:
            raise Trouble("closed")
        left.pop()
        return whole(self, uid, write)

    with monkeypatch.context() as patch:
        patch.setattr(Session, "whole", cut)
        async with Watching(tmp_path, box(dovecot.port)) as watching:
            await watching.sees(2)
            await watching.is_in("closed")
    dovecot.append("bf", mail(5), mail(6))
    with dovecot.client("bf") as colleague:
        colleague.add_flags([1, 5], [rb"\Seen"])
    async with Watching(tmp_path, box(dovecot.port)) as watching:
        await watching.sees(5)
        await watching.looked()
        seen = await watching.sees(5)
        assert {uid: one.seen for uid, one in seen.items()} == {1: True, 2: False, 3: False, 5: True, 6: False}
        cursor = await watching.store.mailboxes.cursor(watching.code())
        assert (cursor.last_uid, cursor.first) == (6, False)


async def test_a_large_mail_is_fetched_whole(dovecot, watching):
    big = mail(1, body="x" * 76 + "\r\n") + b"0123456789abcdef" * (50 << 16)
    assert len(big) > 50 << 20
    dovecot.append("bf", big)
    [seen] = (await watching.sees(1)).values()
    stored = await watching.store.mail(seen.mail)
    assert stored.size == len(big)


async def test_what_came_through_the_guard_is_the_same_mail(dovecot, watching):
    """By the guard's mark and the bytes below it, whatever servers have put above; where those were changed, by its Message-ID."""
    store = watching.store
    exact, changed, other = mail(1), mail(2), mail(3)
    for id, content in (("g1", exact), ("g2", changed)):
        await store.commit(passed(id, content))
    above = b"Return-Path: <borger@example.net>\r\nReceived: from x by y\r\n\tid z; Mon, 2 Nov 2026 09:00:00 +0000\r\n"
    dovecot.append("bf", above + mark("g1") + exact)
    dovecot.append("bf", above + mark("g2") + changed.replace(b"Hej", b"Hej!"))
    dovecot.append("bf", above + mark("g1") + other)  # another mail in the first one's clothes
    dovecot.append("bf", above + mark("g1") + exact)  # the same copy again
    dovecot.append("bf", b"Return-Path: <>\r\n" + mark("g1") + exact)  # a second copy, by another way
    dovecot.append("bf", mail(1, body="Helt andet"))  # only its Message-ID is the same
    dovecot.append("bf", above + mark("g2") + changed)  # what was known by its id alone hides no mail, be it the very one
    found = {uid: one.mail for uid, one in (await watching.sees(7)).items()}
    assert [found[uid] for uid in (1, 2, 4, 5)] == ["g1", "g2", "g1", "g1"]
    assert len({found[3], found[6], found[7], "g1", "g2"}) == 5
    await watching.tells(3)


async def test_a_copy_hides_no_mail_and_is_followed_like_the_first(dovecot, watching):
    await watching.store.commit(passed("g1", mail(1)))
    dovecot.append("bf", mark("g1") + mail(1), b"Return-Path: <>\r\n" + mark("g1") + mail(1), mail(2), mail(2))
    seen = await watching.sees(4)
    assert (seen[1].mail, seen[2].mail, seen[3].mail) == ("g1", "g1", seen[4].mail)
    await watching.tells(1)
    with dovecot.client("bf") as colleague:
        colleague.add_flags([2], [rb"\Seen"])
        colleague.delete_messages([1])
        colleague.expunge([1])

    async def followed():
        found = await watching.sightings()
        return found.keys() == {2, 3, 4} and found[2].seen

    await watching.until(followed)
    dovecot.append("bf", mark("g1") + mail(1, body="Jeg har brug for hjælp nu"))
    await watching.sees(4)
    assert (await ids(watching))[5] != "g1"
    await watching.tells(2)


async def test_what_was_read_and_filed_hides_no_other_mail(dovecot, watching):
    """Who writes again in the name of a mail that is gone from the folder is heard; who takes it back is not heard twice."""
    whole = mark("g1") + mail(1)
    await watching.store.commit(passed("g1", mail(1)))
    dovecot.append("bf", whole)
    assert (await watching.sees(1))[1].mail == "g1"
    with dovecot.client("bf") as colleague:
        colleague.create_folder("Arkiv")
        colleague.move([1], "Arkiv")
    dovecot.append("bf", mark("g1") + mail(1, body="Jeg har brug for hjælp nu"))  # a known id, and its Message-ID
    dovecot.append("bf", b"Received: from there by here\r\n" + whole)  # all of it again
    await watching.until(lambda: _settled(watching, {2, 3}))
    found = await ids(watching)
    assert "g1" not in (found[2], found[3])
    await watching.tells(2)
    with dovecot.client("bf", folder="Arkiv") as colleague:
        colleague.move([1], "INBOX")
    await watching.until(lambda: _settled(watching, {2, 3, 4}))
    assert (await ids(watching))[4] == "g1" and watching.told == 2


async def _settled(watching, uids):
    """Whether these messages are there, and no others."""
    return (await ids(watching)).keys() == uids


def passed(id, content):
    """A mail that the gateway redirected to the mailbox."""
    one = arrival(id, redirected_to="bf@eksempel.dk")
    headers = read_headers(content)
    told = one.decision.mail._replace(sha256=hashlib.sha256(content).hexdigest(), headers=headers, size=len(content))
    return replace(one, content=content, decision=one.decision._replace(mail=told))


def mark(id):
    return (
        f"X-Rammevagt-Id: {id}\r\nX-Rammevagt-Original-Recipient: karen@eksempel.dk\r\n"
        f"Received: from mx ([192.0.2.1])\r\n\tby guard (Rammevagt) with ESMTPS\r\n\tid {id}; Mon, 2 Nov 2026 09:00:00 +0000\r\n"
    ).encode()


async def test_two_processes_watch_it_once_and_one_takes_over_from_the_other(dovecot, tmp_path, watching):
    other = Mailboxes(watching.settings, watching.store, watching.clock, bounds=QUICK)
    await other.start()
    dovecot.append("bf", *[mail(number) for number in range(20)])
    await watching.sees(20)
    await watching.mailboxes.stop()
    other.wake(watching.code())
    dovecot.append("bf", mail(20))
    await watching.sees(21)
    await other.stop()
    assert len({one.mail for one in (await watching.sightings()).values()}) == 21


async def test_mails_that_come_while_it_looks_are_all_seen(dovecot, watching):
    """EXISTS may ride on any answer: mails come one by one, as fast as the server takes them."""
    for number in range(60):
        dovecot.append("bf", mail(number))
    seen = await watching.sees(60)
    assert sorted(seen) == list(range(1, 61))
    assert len({one.mail for one in seen.values()}) == 60


async def test_what_is_wrong_is_told_in_a_code(dovecot, tmp_path):
    pair = self_signed(tmp_path, "unknown")
    with Dovecot("c", tls=True, certificate=pair) as unknown, socket.create_server(("127.0.0.1", 0)) as mute:
        boxes = [
            box(dovecot.port, folder="Findes ikke"),
            box(unknown.tls_port, "c", tls="implicit"),
            box(dovecot.lmtp_port, "lmtp"),
            box(mute.getsockname()[1], "mute"),
            {"address": "n@eksempel.dk", "host": "imap.invalid:993", "user": "n"},
            box(dovecot.port, "nobody"),
            box(dovecot.port, "nofile", password_file=str(tmp_path / "none")),
        ]
        async with Watching(tmp_path, *boxes, bounds=replace(QUICK, connect=1)) as watching:
            await watching.is_in("folder_missing")
            await watching.is_in("certificate", "c")
            await watching.is_in("garbled", "lmtp")
            await watching.is_in("timeout", "mute")
            await watching.is_in("name_not_found", "n")
            await watching.is_in("login_refused", "nobody")
            await watching.is_in("no_login", "nofile")
        assert all(one.state in SAID for one in await _states(watching))


async def _states(watching):
    store = await open_store(watching.settings, watching.clock)
    try:
        return await store.mailboxes.all()
    finally:
        await store.close()


CORPUS = Path(__file__).parents[2] / "../shared/corpora/mail"


async def test_every_mail_of_the_corpus(dovecot, watching):
    if not CORPUS.is_dir():
        pytest.skip("needs ../shared/corpora/mail")
    mails = [path.read_bytes() for path in sorted(CORPUS.rglob("*")) if path.is_file()]
    dovecot.append("bf", *[one.replace(b"\0", b"?") for one in mails if one])  # IMAP has no NUL
    before = dovecot.kept("bf")
    watching.mailboxes.wake(watching.code())
    seen = await watching.sees(len(before))
    assert len({one.mail for one in seen.values()}) == len({one.sha256 for one in before.values()})  # the corpora share some
    await watching.again()
    await watching.looked()
    assert await watching.sightings() == seen
    assert dovecot.kept("bf") == before

"""The whole chain of a municipality: Postfix, guard, Postfix, LMTP into Dovecot; and back by watcher, timers and receipt."""

import asyncio
import email
import email.policy
import hashlib
import smtplib
from contextlib import AsyncExitStack
from datetime import timedelta

import pytest
from fakes.dovecot import Dovecot
from fakes.guard import Running, SetClock, mail, settings
from fakes.postfix import Postfix
from fakes.sink import Sink
from fakes.town import BO, BOX, KAREN, framework, town

from services.app import ROLES, Guard
from services.mailbox.timers import Timers
from services.settings import Settings
from workflows.audit import AuditRecord
from workflows.mends import mend
from workflows.post import code_of
from workflows.sighting import mark_of

pytestmark = [pytest.mark.needs("dovecot-imapd"), pytest.mark.needs("dovecot-lmtpd"), pytest.mark.needs("postfix")]
OLGA, BOX_USER = "olga@eksempel.dk", "bf-kontakt"


def register():
    made = town(framework())
    units = [one.model_copy(update={"mailbox_owner": OLGA}) if one.id == "bf" else one for one in made.units]
    return made.model_copy(update={"units": tuple(units)})


@pytest.fixture
async def dovecot():
    with Dovecot(BOX_USER, "karen", "olga", "lene") as server:
        yield server


@pytest.fixture
async def chain(dovecot, tmp_path):
    """What runs, and the port of the Postfix that takes mail from outside."""
    async with AsyncExitStack() as stack:
        inner = Postfix(0, settings={"default_transport": f"lmtp:[127.0.0.1]:{dovecot.lmtp_port}", "relayhost": ""})
        stack.callback(inner.stop)
        await asyncio.to_thread(inner.start)
        citizens = await stack.enter_async_context(Sink())
        guard = Guard(made(tmp_path, dovecot, inner, citizens), ROLES, clock := SetClock())
        await guard.start()
        stack.push_async_callback(guard.stop)
        await guard.store.load_register(register(), AuditRecord(clock.now(), "test", "register.loaded", "test"))
        await guard.store.refresh()
        running = Running(guard, citizens, clock)
        outer = Postfix(running.address[1])
        stack.callback(outer.stop)
        await asyncio.to_thread(outer.start)
        yield running, outer.port


def made(folder, dovecot, inner, citizens):
    password = folder / "password"
    password.write_text("hemmelig\n")
    box = {"address": BOX, "host": f"127.0.0.1:{dovecot.port}", "user": BOX_USER, "tls": "none", "password_file": str(password)}
    plain = settings(folder / "data", f"127.0.0.1:{inner.port}", citizens.hop).model_dump(by_alias=True)
    return Settings.model_validate(plain | {"mailboxes": [box]})


async def until(true):
    async with asyncio.timeout(60):
        while not (found := await true()):
            await asyncio.sleep(0.02)  # other processes give no sign
        return found


def lies(dovecot, user):
    """What lies in a mailbox, as it was written there, without a look over IMAP."""
    files = (*dovecot.maildir(user).glob("new/*"), *dovecot.maildir(user).glob("cur/*"))
    return [one.read_bytes() for one in files]


async def test_from_postfix_to_dovecot_and_back(dovecot, chain):
    running, port = chain
    guard, store = running.guard, running.guard.store
    with smtplib.SMTP("127.0.0.1", port) as outside:
        outside.sendmail(BO, [KAREN], mail("<chain@example.net>", body="Hvornår får jeg svar på min ansøgning?\r\n"))

    # one mail, in the functional mailbox, its bytes as they came to the guard
    [there] = await until(lambda: _some(lies(dovecot, BOX_USER)))
    [id] = await store.ids_by_message_id("<chain@example.net>")
    kept = await store.mail(id)
    there = mend(there)  # Dovecot keeps lines without CR
    below = there[mark_of(there).begins :]
    assert mark_of(there).ids == (id,) and hashlib.sha256(below).hexdigest() == kept.decision["mail"]["sha256"]

    # the same mail over IMAP, and its post; nothing was marked
    code = code_of(store.key, BOX)
    cursor = await until(lambda: store.mailboxes.cursor(code))
    seen = await until(lambda: store.mailboxes.known(code, cursor.uidvalidity))
    assert [one.mail for one in seen] == [id]
    [post] = await until(lambda: store.posts.of_mail(id))
    assert (post.unit, post.spared, post.read_at) == ("bf", (KAREN,), None)

    # the citizen's receipt, with a day
    await running.sink.until(lambda: [one.recipients for one in running.sink.mails] == [(BO,)])
    receipt = email.message_from_bytes(running.sink.mails[0].content, policy=email.policy.default)
    assert "30. november 2026" in receipt.get_content()

    # nobody reads it: its owner is told, by the same way
    running.clock.forward(timedelta(hours=4))
    await Timers(guard.settings, store, guard.clock, guard.watch, lambda: guard._committed(())).look()
    [notice] = await until(lambda: _some(lies(dovecot, "olga")))
    assert b"chain@example.net" not in notice and b"bo@example.net" not in notice

    # a colleague reads and answers it in a mail program
    assert [one.flags for one in dovecot.kept(BOX_USER).values()] == [""]
    with dovecot.client(BOX_USER) as colleague:
        colleague.add_flags([seen[0].uid], [b"\\Seen", b"\\Answered"])
    done = await until(lambda: _done(store, post.id))
    assert (done.read_how, done.answered_how, done.done_how) == ("flag", "flag", "answered")
    [books] = await store.ledger()
    assert (books.accepted, books.redirected, books.queued) == (1, 1, 0)
    assert not any(b"<chain@example.net>" in one for one in lies(dovecot, "karen"))


async def _some(found):
    return found


async def _done(store, id):
    found = await store.posts.get(id)
    return found if found.done_at else None

"""Canaries against a real Dovecot: they are sent, looked for, missed and found, and are nobody's mail."""

from datetime import timedelta

import pytest
from fakes.arrivals import SetClock
from fakes.dovecot import Dovecot, mail
from fakes.watching import Watching, box

from workflows.canary import FIELD, compose, token
from workflows.events import parse_event

pytestmark = pytest.mark.needs("dovecot-imapd")


@pytest.fixture(scope="module")
def dovecot():
    with Dovecot("sent", "missed", "forged", "none") as server:
        yield server


def _mails(connection):
    return connection.exec_driver_sql("SELECT count(*) FROM mail").scalar_one()


class Mailbox:
    """One that is watched, by a clock that the test sets."""

    def __init__(self, dovecot, user, watching):
        self.dovecot, self.user, self.watching = dovecot, user, watching
        self.canaries, self.clock = watching.mailboxes._canaries, watching.clock

    async def follow(self):
        await self.watching.is_in("watching", self.user)
        await self.canaries.turn()

    async def copies(self):
        """What waits for the next hop."""
        leased = await self.watching.store.lease("next", self.clock.now(), self.clock.now(), 9)
        return [one.content for one in leased]

    async def look(self):
        self.clock.move(seconds=1)
        await self.watching.looked(self.user)

    def put(self, *mails):
        self.dovecot.append(self.user, *mails, at=self.clock.now())

    async def state(self):
        return await self.watching.state(self.user)

    async def told(self):
        events = [parse_event(one.body) for one in await self.watching.store.outbox(99)]
        return [one.data["why"] for one in events if one.what == "mailbox.unreachable"]


def watched(dovecot, tmp_path, user, **more):
    return Watching(tmp_path, box(dovecot.port, user, **{"canary": True, **more}), clock=SetClock())


async def test_a_canary_is_sent_every_hour_and_found_and_is_nobodys_mail(dovecot, tmp_path):
    async with watched(dovecot, tmp_path, "sent") as watching:
        one = Mailbox(dovecot, "sent", watching)
        await one.follow()
        for _ in range(2):
            await one.canaries.turn()
        [canary] = await one.copies()
        sent_at = one.clock.now()
        assert (await one.state()).canary_sent_at == sent_at.replace(microsecond=0)
        one.clock.move(minutes=5)
        one.put(canary)
        await one.look()
        found = await one.state()
        assert (found.state, found.canary_sent_at, found.canary_found_at) == ("watching", None, sent_at.replace(microsecond=0))
        assert await watching.sightings("sent") == {} and (await watching.store.posts.open()).items == ()
        assert await watching.store.readers.run(_mails) == 0 and await watching.store.ledger() == [] and await one.told() == []
        one.clock.move(hours=1)
        await one.look()
        await one.canaries.turn()
        assert len([one for one in await one.copies() if one != canary]) == 1


async def test_a_canary_that_does_not_arrive_is_told_of_once_until_one_does(dovecot, tmp_path):
    async with watched(dovecot, tmp_path, "missed") as watching:
        one = Mailbox(dovecot, "missed", watching)
        await one.follow()
        await one.canaries.turn()
        one.clock.move(minutes=15, seconds=1)
        woken = []
        one.canaries._wake = woken.append
        await one.canaries.turn()
        assert await one.told() == [] and woken == [watching.code("missed")]  # nobody has looked since it should be there
        await one.look()
        await one.canaries.turn()
        assert await one.told() == ["canary"] and (await one.state()).state == "canary_missing"
        for _ in range(2):
            one.clock.move(minutes=14)
            await one.look()
            await one.canaries.turn()
        assert await one.told() == ["canary"] and (await one.state()).state == "canary_missing"
        one.put(*await one.copies())
        await one.look()
        assert (await one.state()).state == "watching"
        one.clock.move(minutes=16)
        await one.look()
        assert (await one.state()).state == "watching"


async def test_what_was_sent_before_a_break_is_waited_for_no_longer(dovecot, tmp_path):
    async with watched(dovecot, tmp_path, "none") as watching:
        one = Mailbox(dovecot, "none", watching)
        await one.follow()
        await one.canaries.turn()
        await watching.again()
        one.clock.move(hours=3)
        again = Mailbox(dovecot, "none", watching)
        await again.look()
        await again.follow()
        assert await again.told() == [] and (await again.state()).canary_sent_at is None


async def test_what_only_looks_like_one_is_a_mail_that_somebody_must_read(dovecot, tmp_path):
    async with watched(dovecot, tmp_path, "forged", canary=False) as watching:
        one = Mailbox(dovecot, "forged", watching)
        await watching.is_in("watching", "forged")
        key, code, now = watching.store.key, watching.code("forged"), one.clock.now()
        other, old = token(key, "m-x", now), token(key, code, now - timedelta(days=9))
        fields = [f"{FIELD}: {said}\r\n" for said in ("1.0", other, old)]
        one.put(*(mail(number, fields=field) for number, field in enumerate(fields)))
        seen = token(key, code, now)
        one.put(mail(8, fields=f"{FIELD}: {seen}\r\n"))  # somebody has seen a token, and puts it on a mail of their own
        one.put(compose("forged@eksempel.dk", watching.settings.notifications.sender, seen, now))
        assert sorted(await watching.sees(4, "forged")) == [1, 2, 3, 4]
        await one.look()
        assert sorted(await watching.sightings("forged")) == [1, 2, 3, 4]
        assert watching.mailboxes._canaries._boxes == {}

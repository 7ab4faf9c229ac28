"""From a mail to a post, from a post that nobody reads to a notice, and from an answer on its way to a post that is done."""

import email
import email.policy
from datetime import datetime, time, timedelta
from unittest.mock import AsyncMock

import pytest
from fakes.arrivals import SetClock, delivery, entry
from fakes.dovecot import Dovecot
from fakes.dovecot import mail as straight
from fakes.guard import guarding, mail
from fakes.posts import ZONE, cursor, sighting
from fakes.town import BO, BOX, KAREN, PASS, PER, POLICY, facts, framework, town
from fakes.watching import Watching, box

from services.clock_watch import ClockWatch
from services.mailbox.byways import Byways
from services.mailbox.timers import Timers
from services.notify.service import Notifier
from services.post_terms import MailboxTerms
from services.settings import Mailbox, Settings
from services.store.interface import Arrival
from services.store.open import open_store
from services.store.posts import Change
from workflows import post_timers
from workflows.deadlines import WorkingCalendar
from workflows.decide import decide
from workflows.events import mail_decided, mail_received, mailbox_handed_over, parse_event
from workflows.mail import Envelope, Headers, Mail
from workflows.post import answered, code_of, hand_over, read
from workflows.post_timers import CALM

OLGA, LENE = "olga@eksempel.dk", "lene@eksempel.dk"
MORNING = datetime(2026, 11, 23, 9, 0, tzinfo=ZONE)


def register():
    made = town(framework())
    units = [one.model_copy(update={"mailbox_owner": OLGA}) if one.id == "bf" else one for one in made.units]
    return made.model_copy(update={"units": tuple(units)})


class World:
    """The parts of a guard that people hear of mailboxes by, over one store."""

    def __init__(self, store, clock, settings):
        self.store, self.clock, self.settings, self.told = store, clock, settings, 0
        self.seen = set()
        self.terms = MailboxTerms(settings, store.key)
        self.notifier = Notifier(settings, store, clock, lambda hops: None, terms=self.terms)
        self.timers = Timers(settings, store, clock, ClockWatch(clock), self._tell)

    def _tell(self):
        self.told += 1

    async def mail(self, id, body="Hej", to=KAREN, sender=BO, named=None, **headers):
        """A mail comes through the gateway, and is assessed."""
        named = named or f"<{id}@x>"
        written = f"From: {sender}\r\nTo: {to}\r\nMessage-ID: {named}\r\nSubject: sag\r\n"
        written += "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
        content = f"{written}\r\n{body}\r\n".encode()
        given = Headers(1, (sender,), to=(to,), message_id=named, authentication_results=(PASS,) if sender == BO else ())
        one = Mail("00" * 32, Envelope(sender, (to,)), given, id, len(content))
        decision = decide(one, facts(register(), one), self.clock.now())
        at = self.clock.now()
        events = (mail_received(id, at, len(content), 1), mail_decided(decision, at))
        arrival = Arrival(decision, at, at.date(), "127.0.0.1", content, self._copies(decision), events=events)
        await self.store.commit(arrival)
        await self.notifier.mail_decided([events[1]])
        return (await self.store.posts.of_mail(id) or (None,))[0]

    def _copies(self, decision):
        return tuple(delivery(decision.mail.id, one.deliver_to[0], (n,)) for n, one in enumerate(decision.recipients))

    async def heard(self, day=None, at=None):
        """Look at an instant; who is told of what by then, as kind and address."""
        if day:
            self.clock.time = datetime.combine(datetime.fromisoformat(f"2026-{day}").date(), time.fromisoformat(at), ZONE)
        await self.timers.look()
        events = [parse_event(one.body) for one in await self.store.outbox(5000)]
        for one in events:
            if one.what in ("mailbox.unread", "mailbox.overdue"):
                await self.notifier.telling.mailbox_late([one])
            if one.what == "mailbox.handed_over":
                await self.notifier.telling.mailbox_given([one])
        new = [one for one in await self.store.queue() if one.kind == "notice"]
        found = [one for one in new if one.id not in self.seen]
        self.seen |= {one.id for one in new}
        return sorted([(await self._subject(one), one.address) for one in found])

    async def _subject(self, item):
        leased = [
            one for one in await self.store.lease("next", self.clock.now(), self.clock.now(), 500) if one.delivery.id == item.id
        ]
        return email.message_from_bytes(leased[0].content, policy=email.policy.default)["Subject"] if leased else "later"


@pytest.fixture
async def world(tmp_path):
    clock = SetClock(MORNING)
    settings = Settings(data=tmp_path / "data")
    store = await open_store(settings, clock)
    await store.load_register(register(), entry("register.loaded", "register"))
    await store.refresh()
    one = World(store, clock, settings)
    yield one
    await one.notifier.stop()
    await store.close()


async def test_a_redirected_mail_waits_in_its_mailbox_and_other_mail_does_not(world):
    found = await world.mail("m1", "Jeg klager over jeres afgørelse.")
    assert (found.mailbox, found.unit, found.citizen, found.rights) == (BOX, "bf", "c-1", ("complaint",))
    assert found.code == code_of(world.store.key, BOX) and found.spared == (KAREN,)
    assert await world.mail("m2", to=LENE) is None
    direct = await world.mail("m3", to=BOX, sender="x@example.org")
    assert (direct.unit, direct.citizen) == ("bf", None)


async def test_a_mail_that_the_guard_could_not_put_in_words_waits_all_the_same(world, monkeypatch):
    monkeypatch.setattr(world.notifier._marks, "crashes", lambda _: 3)
    assert (await world.mail("m1")).mailbox == BOX


async def test_one_after_the_other_hears_of_a_mail_that_nobody_reads_each_once(world):
    await world.mail("m1")
    await world.heard()
    assert await world.heard("11-23", "12:59") == []
    assert await world.heard("11-23", "13:00") == [(f"En mail i {BOX} er ikke læst", OLGA)]
    assert await world.heard("11-23", "13:01") == []
    assert await world.heard("11-23", "13:59") == []
    assert await world.heard("11-23", "14:00") == [(f"En mail i {BOX} er ikke læst", LENE)]
    assert await world.heard("11-26", "15:00") == []
    assert world.told == 2


async def answered_for_by(world, owner, deputy):
    made = register()
    units = [one.model_copy(update={"mailbox_owner": owner, "deputy": deputy}) if one.id == "bf" else one for one in made.units]
    await world.store.load_register(made.model_copy(update={"units": tuple(units)}), entry("register.loaded", "register"))
    await world.store.refresh()


async def test_who_is_spared_a_citizens_mail_is_not_called_to_what_comes_straight_to_the_mailbox(world):
    """Karen, whose mail from the citizen a framework moves, answers for the mailbox that it is moved to."""
    await answered_for_by(world, KAREN, OLGA)
    assert (await world.mail("m1", to=BOX)).spared == (KAREN,)
    await world.mail("m2", to=BOX, sender="x@example.org")
    await world.heard()
    assert await world.heard("11-23", "13:00") == [
        (f"En mail i {BOX} er ikke læst", KAREN),  # of the stranger's
        (f"En mail i {BOX} er ikke læst", OLGA),
    ]


async def test_who_gets_a_post_is_told_of_it_and_of_its_deadline_first(world):
    found = await world.mail("m1")
    await world.heard()
    world.clock.move(hours=1)
    now = world.clock.now()
    mine = hand_over(found, PER, now)
    change = Change(mine, 0, (mailbox_handed_over(mine, now),), (entry("post.handed_over", found.id),))
    assert await world.store.posts.change([change])
    assert await world.heard() == [(f"En mail i {BOX} er givet videre til dig", PER)]
    assert await world.heard("11-23", "13:00") == [(f"En mail i {BOX} er ikke læst", PER)]
    assert await world.heard("11-23", "15:00") == [(f"En mail i {BOX} er ikke læst", LENE)]


async def test_a_burst_is_told_of_in_one_notice(world):
    for n in range(5):
        await world.mail(f"m{n}")
    await world.heard()
    assert await world.heard("11-23", "13:00") == [(f"5 mails i {BOX} er ikke læst", OLGA)]


async def test_what_falls_due_soon_after_waits_for_the_next_notice(world):
    await world.mail("m0")
    world.clock.move(minutes=10)
    for n in (1, 2):
        await world.mail(f"m{n}")
        world.clock.move(minutes=10)
    await world.heard()
    assert await world.heard("11-23", "13:00") == [(f"En mail i {BOX} er ikke læst", OLGA)]
    assert await world.heard("11-23", "13:30") == []
    assert CALM.total_seconds() == 3600
    assert await world.heard("11-23", "13:59") == []
    assert await world.heard("11-23", "14:00") == [(f"2 mails i {BOX} er ikke læst", OLGA), (f"En mail i {BOX} er ikke læst", LENE)]


async def test_a_red_mail_every_fifty_minutes_keeps_nothing_else_quiet(world):
    await world.mail("m0")
    heard = []
    for n in range(1, 10):
        await world.mail(f"red{n}", "Jeg slår dig ihjel.")
        for _ in range(10):
            world.clock.move(minutes=5)
            heard += await world.heard()
    ordinary = [to for subject, to in heard if subject == f"En mail i {BOX} er ikke læst"]
    assert ordinary == [OLGA, LENE] and any("Læs den nu" in subject for subject, _ in heard)


async def test_who_reads_it_in_time_hears_nothing_and_the_answer_is_asked_for(world):
    found = await world.mail("m1")
    boxes = world.store.mailboxes
    await boxes.lease(found.code, BOX, "a", MORNING.replace(hour=23))
    world.clock.move(hours=1)
    await boxes.saw(found.code, [sighting(1, "m1", seen=True)], cursor())
    await world.heard()
    assert await world.heard("11-23", "13:00") == [] and await world.heard("11-30", "15:59") == []
    assert await world.heard("12-01", "08:00") == [(f"En mail i {BOX} mangler svar", OLGA)]
    await boxes.saw(found.code, [sighting(1, "m1", seen=True, answered=True)], cursor())
    assert await world.heard("12-02", "08:00") == []
    assert (await world.store.posts.get(found.id)).done_how == "answered"


async def test_two_who_look_at_once_tell_of_it_once(world):
    await world.mail("m1")
    other = World(world.store, world.clock, world.settings)
    await world.heard()
    world.clock.move(hours=4)
    await world.timers.look()
    await other.timers.look()
    assert [one.topic for one in await world.store.outbox(99)].count("rammevagt.mailbox.unread") == 1


async def test_a_post_that_cannot_be_looked_at_keeps_no_other_from_it(world, monkeypatch):
    for id in ("m1", "m2"):
        await world.mail(id)
    await world.heard()
    world.clock.move(hours=4)
    look = post_timers.look

    def broken(post, now, house):
        if post.mail == "m1":
            raise ValueError(post.mail)
        return look(post, now, house)

    monkeypatch.setattr(post_timers, "look", broken)
    assert await world.heard() == [(f"En mail i {BOX} er ikke læst", OLGA)]
    assert (await world.store.posts.of_mail("m1"))[0].next_at > world.clock.now()


async def test_a_wrong_clock_tells_nobody(world):
    await world.mail("m1")
    world.timers._watch = ClockWatch(world.clock, newest=MORNING.replace(year=2027))
    world.clock.move(hours=4)
    assert await world.timers.look() == 0


async def test_a_clock_that_was_a_year_ahead_for_a_while_silences_nobody(world):
    """What was told of then is told on from now on, and what came since waits for no notice of that year."""
    await world.mail("m1")
    await world.heard()
    world.clock.move(days=364)
    assert await world.heard() == [(f"En mail i {BOX} er ikke læst", OLGA)]
    world.clock.time = MORNING + timedelta(hours=1)
    world.timers._watch = ClockWatch(world.clock)  # a day later: the clock is believed again
    await world.mail("m2")
    await world.heard()
    assert await world.heard("11-23", "11:00") == [(f"En mail i {BOX} er ikke læst", LENE)]  # an hour of work later
    assert await world.heard("11-23", "14:00") == [(f"En mail i {BOX} er ikke læst", OLGA)]
    assert await world.heard("11-23", "16:00") == []


# -- a colleague's answer that the guard sees
ANSWER = {"In_Reply_To": "<m1@x>", "Cc": BOX}


async def answer(world, to=BO, id="a1", **headers):
    """A mail of Karen's to the citizen, of which the mailbox gets a copy."""
    fields = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in (ANSWER | headers).items() if value)
    content = f"From: {KAREN}\r\nTo: {to}\r\nMessage-ID: <a@x>\r\n{fields}\r\nHer er svaret.\r\n".encode()
    one = Mail("11" * 32, Envelope(KAREN, (BOX,)), Headers(1, (KAREN,), to=(to, BOX)), id, len(content))
    decision = decide(one, facts(register(), one), world.clock.now())
    event = mail_decided(decision, world.clock.now())
    at = world.clock.now()
    await world.store.commit(Arrival(decision, at, at.date(), "127.0.0.1", content, (delivery(id, BOX),), events=(event,)))
    await world.notifier.mail_decided([event])


async def test_an_answer_in_the_thread_is_seen_on_its_way(world):
    found = await world.mail("m1")
    await answer(world)
    now = await world.store.posts.get(found.id)
    assert (now.answered_how, now.done_how) == ("outgoing", "answered")
    [copy] = await world.store.posts.of_mail("a1")
    assert copy.no_reply_owed and copy.read_at is None  # it waits to be read, as all that comes there


@pytest.mark.parametrize(
    ("to", "headers"),
    [
        ("else@example.org", {}),  # to somebody else
        (LENE, {}),  # to a colleague
        (BO, {"In_Reply_To": "<other@x>"}),
        (BO, {"In_Reply_To": ""}),
        (BO, {"Authentication_Results": "mx.eksempel.dk; dmarc=fail header.from=eksempel.dk"}),  # forged
        (BO, {"Auto_Submitted": "auto-replied"}),  # that she is away
        (BO, {"References": "<m1@x>", "Content_Type": "multipart/report; report-type=disposition-notification"}),  # "Læst:"
        (BO, {"Content_Type": 'TEXT/Calendar; method=REPLY; charset="utf-8"'}),  # that she comes
    ],
)
async def test_what_is_no_answer_to_the_citizen_answers_nothing(world, to, headers):
    found = await world.mail("m1")
    await answer(world, to, **headers)
    assert await world.store.posts.get(found.id) == found


async def test_a_message_id_that_is_used_again_hides_no_mail_that_nobody_has_read(world):
    first, second = await world.mail("m1"), await world.mail("m2", "Noget helt andet", named="<m1@x>")
    await world.store.posts.save(read(first, world.clock.now()), 0, entry("post.read", first.id))
    await answer(world)
    assert (await world.store.posts.get(first.id)).done_how == "answered"
    assert await world.store.posts.get(second.id) == second
    await answer(world, id="a2", References="<m1@x>")
    assert await world.store.posts.get(second.id) == second


async def test_an_answer_by_hand_stays_what_it_is(world):
    found = await world.mail("m1")
    by_hand = answered(found, world.clock.now(), "Ringet op.")
    await world.store.posts.save(by_hand, 0, entry("post.answered", found.id))
    await answer(world, References="<m1@x>")
    assert (await world.store.posts.get(found.id)).answered_how == "hand"


async def test_a_mail_found_in_a_mailbox_long_after_it_came_is_assessed_without_its_event(world):
    code = code_of(world.store.key, BOX)
    await world.store.mailboxes.lease(code, BOX, "a", MORNING.replace(hour=23))
    came = MORNING - timedelta(days=20)
    one = Mail("22" * 32, Envelope("x@example.org", (BOX,)), Headers(1, ("x@example.org",)), "s1", 9)
    decision = decide(one, facts(register(), one), came)
    found = Arrival(decision, came, came.date(), "imap", b"Jeg klager.", ())
    await world.store.mailboxes.record(code, found, sighting(1, "s1", came), cursor())
    world.clock.move(minutes=5)
    await world.notifier.catch_up(world.clock.now())
    [post] = await world.store.posts.of_mail("s1")
    assert post.arrived_at == came and world.store.posts is not None
    assert await world.heard() == []  # others that are as late may be found meanwhile
    assert await world.heard("11-23", "09:15") == [(f"En mail i {BOX} er ikke læst", OLGA)]  # the first in line first


@pytest.mark.needs("dovecot-imapd")
async def test_the_first_start_on_a_full_mailbox_is_one_notice_with_a_number(tmp_path):
    """500 mails that nobody has read in weeks, found one after the other, and assessed while the timers already look."""
    clock = SetClock(MORNING)
    with Dovecot("bf-kontakt") as server:
        server.fill("bf-kontakt", [straight(n) for n in range(500)], at=MORNING - timedelta(days=20))
        watching = Watching(tmp_path, box(server.port, "bf-kontakt"), clock=clock)
        store = await open_store(watching.settings, clock)
        await store.load_register(register(), entry("register.loaded", "register"))
        await store.close()
        async with watching:
            await watching.sees(500, "bf-kontakt")
            await watching.mailboxes.stop()
            world = World(watching.store, clock, watching.settings)
            found = [event for one in await world.store.outbox(2000) if (event := parse_event(one.body)).what == "mail.decided"]
            for start in range(0, len(found), 100):
                await world.notifier.mail_decided(found[start : start + 100])
                assert await world.heard() == []
                clock.move(seconds=20)
            assert await world.heard("11-23", "09:15") == [(f"500 mails i {BOX} er ikke læst", OLGA)]
            assert await world.heard("11-23", "10:14") == []
            told = [(f"500 mails i {BOX} er ikke læst", LENE), (f"500 mails i {BOX} mangler svar", OLGA)]
            assert await world.heard("11-23", "10:15") == told  # their answers are asked for from then on, in the same steps
            assert await world.heard("11-23", "15:59") == []
            assert await world.heard("11-24", "08:00") == [(f"500 mails i {BOX} mangler svar", LENE)]
            assert await world.heard("12-24", "16:00") == []
            await world.notifier.stop()


async def test_what_came_before_a_long_stop_waits_for_people_after_it(world, monkeypatch):
    """The guard was killed before it had assessed the mail, and was away for a holiday."""
    with monkeypatch.context() as killed:
        killed.setattr(world.notifier, "mail_decided", AsyncMock())
        assert await world.mail("m1") is None
    world.clock.move(days=12)
    await world.notifier._catch_up()
    assert [one.mail for one in await world.store.posts.of_mail("m1")] == ["m1"]


async def test_a_mail_that_reaches_the_mailbox_by_another_address_waits_there_once(world):
    """Written to an address that the mail server hands on to the mailbox, by an alias or a distribution list."""
    byways = [Byways(world.settings, world.store, world.clock, MailboxTerms(world.settings, world.store.key)) for _ in range(2)]
    assert await world.mail("m1", "Jeg klager over jeres afgørelse.", to="post@eksempel.dk", sender="x@example.org") is None
    code = code_of(world.store.key, BOX)
    await world.store.mailboxes.lease(code, BOX, "a", MORNING.replace(hour=23))
    assert await byways[0].look() == 0
    world.clock.move(minutes=1)
    await world.store.mailboxes.saw(code, [sighting(1, "m1"), sighting(2, None)], cursor(2))
    assert [await one.look() for one in (*byways, *byways)] == [1, 0, 0, 0]
    [post] = await world.store.posts.of_mail("m1")
    assert (post.mailbox, post.code, post.unit, post.rights, post.arrived_at) == (BOX, code, "bf", ("complaint",), MORNING)
    assert await world.heard("11-23", "15:00") == [(f"En mail i {BOX} er ikke læst", OLGA)]


async def test_who_is_spared_a_citizens_mail_is_not_called_to_what_comes_by_another_address_either(world):
    await answered_for_by(world, KAREN, OLGA)
    assert await world.mail("m1", to="post@eksempel.dk") is None
    code = code_of(world.store.key, BOX)
    await world.store.mailboxes.lease(code, BOX, "a", MORNING.replace(hour=23))
    await world.store.mailboxes.saw(code, [sighting(1, "m1")], cursor())
    assert await Byways(world.settings, world.store, world.clock, MailboxTerms(world.settings, world.store.key)).look() == 1
    [post] = await world.store.posts.of_mail("m1")
    assert post.spared == (KAREN,)
    await world.heard()
    assert await world.heard("11-23", "13:00") == [(f"En mail i {BOX} er ikke læst", OLGA)]


async def test_a_mail_whose_post_is_still_to_be_born_is_left_to_that(world):
    terms = MailboxTerms(world.settings, world.store.key)
    world.notifier.mail_decided = _nothing
    assert await world.mail("m1", to=BOX, sender="x@example.org") is None
    code = code_of(world.store.key, BOX)
    await world.store.mailboxes.lease(code, BOX, "a", MORNING.replace(hour=23))
    await world.store.mailboxes.saw(code, [sighting(1, "m1", seen=True)], cursor())
    assert await Byways(world.settings, world.store, world.clock, terms).look() == 0


async def _nothing(_):
    """Assessed later."""


async def test_from_a_mail_by_smtp_to_the_notice_that_nobody_has_read_it(tmp_path):
    """A whole guard: gateway, store, broker, reader, timers and delivery."""
    async with guarding(tmp_path / "data", register()) as running:
        assert (await running.send(mail("<whole@example.net>", body="Jeg klager.\r\n"), KAREN)).startswith("250")
        await running.explained("<whole@example.net>")
        guard = running.guard
        [post] = (await guard.store.posts.open(units=["bf"])).items
        assert (post.rights, post.unit, post.spared) == (("complaint",), "bf", (KAREN,))
        running.clock.forward(timedelta(hours=4))
        timers = Timers(guard.settings, guard.store, guard.clock, guard.watch, lambda: guard._committed(()))
        await timers.look()
        await running.sink.until(lambda: any(one.recipients == (OLGA,) for one in running.sink.mails))
        notice = next(one for one in running.sink.mails if one.recipients == (OLGA,))
        assert b"whole@" not in notice.content and b"Jeg klager" not in notice.content and BO.encode() not in notice.content
        kept = await guard.store.posts.get(post.id)
        assert (kept.unread_stage, kept.revision) == (1, 0)
        assert (await guard.store.books()).balance() and (await guard.store.verify_audit()).broken_at is None


# -- what mailboxes promise
def test_terms_come_from_the_settings_and_else_from_the_register(world):
    watched = Mailbox(address="BF-kontakt@eksempel.dk", host="x:993", user="u", unread_after_hours=2, answer_within_days=3)
    inbox = Mailbox(address=KAREN, host="x:993", user="u", mode="route")
    other = Mailbox(address="faelles@eksempel.dk", host="x:993", user="u", unit="tek")
    settings = world.settings.model_copy(update={"mailboxes": (watched, inbox, other)})
    terms = MailboxTerms(settings, world.store.key)
    found = terms.of(world.store.organisation())
    assert set(found) == {BOX, "tek-kontakt@eksempel.dk", "faelles@eksempel.dk"}  # nobody's own mailbox is timed
    assert (found[BOX].unit, found[BOX].unread_after_hours, found[BOX].answer_within_days) == ("bf", 2, 3)
    assert found["faelles@eksempel.dk"].unit == "tek" and terms.of(world.store.organisation()) is found
    assert terms.address(world.store.organisation(), code_of(world.store.key, KAREN)) == KAREN
    assert terms.address(world.store.organisation(), "m-none") is None
    assert POLICY.calendar == WorkingCalendar()

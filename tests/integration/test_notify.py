"""From event to notice: handlers over the store's interface, and once over a real broker."""

import asyncio
import email
import email.policy
from datetime import UTC, datetime

import pytest
import structlog
from fakes.event_store import RECEIVED, EventStore
from fakes.town import BO, CPH, KAREN, NOW, facts, framework, mail, town

from services.events.service import Events
from services.events.streams import call
from services.notify.service import Notifier
from services.settings import Settings
from services.store.interface import StoreUnavailable
from services.working_hours import working_hours
from workflows import notices
from workflows.audit import AuditRecord
from workflows.decide import decide
from workflows.events import STREAM, Event, mail_decided, mail_stuck, mailbox_not_watched, mailbox_unreachable, receipt_undelivered
from workflows.mail import Mail

LENE = "lene@eksempel.dk"
SETTINGS = Settings()


class FixedClock:
    def __init__(self, now=NOW):
        self.time = now

    def now(self):
        return self.time.astimezone(UTC)


def body(text):
    return b"From: Bo <bo@example.net>\r\nTo: karen@eksempel.dk\r\nSubject: sag\r\n\r\n" + text.encode() + b"\r\n"


def handled(store, text="Hej", id="01mail", register=None, to=KAREN, sender=BO, content=None):
    """Keep a decided mail in the store; returns its event."""
    register = register or town(framework())
    one = mail(to, sender=sender)
    given = facts(register, one)
    store._organisation, store._files = given.organisation, given.files
    decision = decide(Mail(one.sha256, one.envelope, one.headers, id=id), given, NOW)
    store.keep(id, decision.wire(), body(text) if content is None else content)
    return mail_decided(decision, NOW)


class World:
    def __init__(self, now=NOW, *, at_hand=False):
        self.store, self.woken = EventStore(), 0
        self.notifier = Notifier(SETTINGS, self.store, FixedClock(now), self.wake, at_hand=at_hand)

    def wake(self, hops):
        self.woken += 1


@pytest.fixture
async def world():
    one = World()
    yield one
    await one.notifier.stop()


async def test_caseworker_and_leader_get_one_notice_each(world):
    event = handled(world.store)
    await world.notifier.mail_decided([event])
    assert {(one.delivery.address, one.delivery.kind, one.delivery.hop) for one in world.store.outgoing} == {
        (KAREN, "notice", "next"),
        (LENE, "notice", "next"),
    }
    assert all(one.delivery.envelope_from == "" and one.delivery.serves == () for one in world.store.outgoing)
    decision = world.store.mails["01mail"].decision
    assert decision["assessed"] and {one["to"] for one in decision["notify"]} == {KAREN, LENE} and world.woken == 1


async def test_an_event_that_comes_again_changes_nothing(world):
    event = handled(world.store)
    for _ in range(3):
        await world.notifier.mail_decided([event])
    assert len(world.store.outgoing) == 2 and world.woken == 1


async def test_two_handlers_of_the_same_event_at_once_save_one_assessment(world):
    event = handled(world.store)
    await asyncio.gather(*(world.notifier.mail_decided([event]) for _ in range(5)))
    assert len(world.store.outgoing) == 2 and len(world.store.audit) == 1


async def test_a_mail_that_nobody_is_told_about_is_assessed_too(world):
    await world.notifier.mail_decided([handled(world.store, register=town())])
    assert world.store.mails["01mail"].decision["notify"] == [] and not world.store.outgoing and world.woken == 0


async def test_law_9_a_threat_is_told_as_a_code_and_never_in_its_words(world):
    words = "Jeg slår dig ihjel, Karen. Hemmelige ord."
    await world.notifier.mail_decided([handled(world.store, words)])
    decision = world.store.mails["01mail"].decision
    assert {"kind": "threat", "level": "red"} in decision["signals"]
    assert {"to": LENE, "role": "leader", "urgency": "now"} in decision["notify"]
    (event,) = world.store.events
    assert event.what == "signal.raised" and {"kind": "threat", "level": "red"} in event.data["signals"]
    for one in world.store.outgoing:
        text = email.message_from_bytes(one.content, policy=email.policy.default).get_content()
        assert not any(part in text for part in ("ihjel", "Hemmelige", "bo@example.net", "Bo Borger"))
    (entry,) = world.store.audit
    assert isinstance(entry, AuditRecord) and "@" not in str(entry.data) and "ihjel" not in str(entry.data)


@pytest.mark.parametrize("content", [b"", b"\0\xff" * 999, b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x"])
async def test_a_mail_that_cannot_be_read_gets_its_assessment(world, content):
    await world.notifier.mail_decided([handled(world.store, content=content)])
    assert world.store.mails["01mail"].decision["assessed"] and len(world.store.outgoing) == 2


async def test_a_content_that_is_gone_is_told_as_unreadable(world, tmp_path):
    event = handled(world.store, content=tmp_path / "purged")
    await world.notifier.mail_decided([event])
    assert [one["kind"] for one in world.store.mails["01mail"].decision["signals"]] == ["unreadable"]


async def test_a_large_mail_is_read_from_its_file(world, tmp_path):
    file = tmp_path / "content"
    file.write_bytes(body("Jeg slår dig ihjel."))
    await world.notifier.mail_decided([handled(world.store, content=file)])
    assert {"kind": "threat", "level": "red"} in world.store.mails["01mail"].decision["signals"]


async def test_a_mail_that_is_gone_is_no_error(world):
    event = handled(world.store)
    world.store.mails.clear()
    await world.notifier.mail_decided([event])


async def test_a_store_that_is_away_is_the_brokers_to_retry(world):
    event = handled(world.store)
    world.store.away = 1
    with pytest.raises(StoreUnavailable):
        await world.notifier.mail_decided([event])
    await world.notifier.mail_decided([event])
    assert len(world.store.outgoing) == 2


async def test_a_question_is_asked_once_whatever_mails_follow(world):
    for n in range(3):
        await world.notifier.mail_decided([handled(world.store, id=f"m{n}", sender="bo.b@example.org")])
    assert [one.delivery.address for one in world.store.outgoing] == [LENE]
    assert [one.what for one in world.store.events] == ["identity.suggested"] * 3


async def test_a_caseworker_hears_of_a_night_mail_next_working_morning():
    world = World(datetime(2026, 11, 27, 23, 0, tzinfo=CPH))
    await world.notifier.mail_decided([handled(world.store)])
    due = {one.notice.to: one.next_at or one.told_at for one in world.store.notices.kept}
    assert due[KAREN] == datetime(2026, 11, 30, 8, 0, tzinfo=CPH) and due[LENE] == world.notifier._clock.now()
    assert [one.delivery.address for one in world.store.outgoing] == [LENE]
    await world.notifier.stop()


async def test_an_unreachable_mailbox_and_a_stuck_mail_are_told_once(world):
    handled(world.store)
    event = mailbox_unreachable("d.unreachable", NOW, "01mail", {"delivery": "d", "unit": "bf", "framework": "f-1"})
    stuck = Event("d.stuck", "mail.stuck", "01mail", NOW, {"mail": "01mail", "delivery": "d", "unit": "bf", "framework": "f-1"})
    for _ in range(2):
        await world.notifier.telling.mailbox_unreachable([event])
        await world.notifier.telling.told([stuck])
    assert [one.delivery.address for one in world.store.outgoing] == [LENE, LENE, "postmaster@eksempel.dk"]


async def test_a_mail_that_no_event_came_for_is_found_and_told_once(world):
    event = handled(world.store)
    await world.notifier.catch_up(RECEIVED)
    assert not world.store.outgoing  # received at that very instant: its event may be under way
    await world.notifier.catch_up(NOW)
    await world.notifier.mail_decided([event])
    assert {one.delivery.address for one in world.store.outgoing} == {KAREN, LENE} and len(world.store.outgoing) == 2
    assert world.store.mails["01mail"].decision["assessed"] and world.woken == 1


async def test_a_guard_that_starts_takes_up_what_the_one_before_it_left(world):
    handled(world.store)
    world.store.away = 1  # and goes on when the store was away
    await world.notifier.start()
    await world.notifier.stop()
    world.store.away = 0
    await world.notifier.start()
    while len(world.store.outgoing) < 2:
        await asyncio.sleep(0.005)
    assert world.store.mails["01mail"].decision["assessed"]


async def test_mails_at_hand_are_assessed_without_an_event_and_a_failure_is_left_to_the_next_look():
    world = World(at_hand=True)
    assert "mail.decided" not in {what for what, _, _ in world.notifier.handlers()}
    await world.notifier.start()
    events = [handled(world.store, id=f"m{n}") for n in range(3)]
    world.store.away = 2  # the first look into the store, and the first mail
    for event in events:
        world.store.at_hand.put_nowait(event)
    while len(world.store.outgoing) < 4:
        await asyncio.sleep(0.005)
    assert [one.decision["assessed"] for one in world.store.mails.values()] == [False, True, True]
    await world.notifier.catch_up(NOW)
    assert len(world.store.outgoing) == 6
    await world.notifier.stop()


async def test_a_mail_that_cannot_be_planned_keeps_no_other_from_its_notices(world, monkeypatch):
    for n in range(3):
        handled(world.store, id=f"m{n}")
    plan = notices.plan

    def fragile(decision, **more):
        if decision["mail"]["id"] == "m1":
            raise ValueError
        return plan(decision, **more)

    monkeypatch.setattr(notices, "plan", fragile)
    with structlog.testing.capture_logs() as logged:
        await world.notifier.catch_up(NOW)
    assert [one["mail"] for one in logged if one["event"] == "mail_not_assessed"] == ["m1"]
    assert [id for id, one in world.store.mails.items() if one.decision["assessed"]] == ["m0", "m2"]


def test_working_hours_come_from_the_settings():
    hours = {"days": ["sat"], "from": "10:30", "to": "24:00"}
    found = working_hours(Settings.model_validate({"notifications": {"working_hours": hours}}))
    friday = datetime(2026, 11, 27, 12, 0, tzinfo=CPH)
    assert found.next_open(friday, CPH) == datetime(2026, 11, 28, 10, 30, tzinfo=CPH)


async def test_from_outbox_over_the_broker_to_notices(world, tmp_path):
    """The guard's own server; every event is published, and each mail is told of once."""
    service = Events(Settings(data=tmp_path), world.store, FixedClock())
    for what, durable, handle in world.notifier.handlers():
        service.register(what, durable, handle)
    await service.start()
    for n in range(40):
        world.store.born(handled(world.store, id=f"m{n}"))
    await asyncio.wait_for(service.wait_ready(), 10)
    service.wake()
    while len(world.store.notices.kept) < 80 or world.store.pending:
        await asyncio.sleep(0.005)
    assert all(one.decision["assessed"] for one in world.store.mails.values()) and len(world.store.notices.kept) == 80
    await service.stop()


async def test_events_that_the_broker_gives_once_more_tell_nobody_twice(world, tmp_path):
    """Each kind by its handler, over the guard's own server, and then all of them again: its id tells."""
    copy = {"delivery": "d", "unit": "bf", "framework": "f-1"}
    world.store.born(
        handled(world.store),
        mailbox_unreachable("d.unreachable", NOW, "01mail", copy),
        mailbox_not_watched("abc", NOW, "bf", "login_refused"),
        mail_stuck("d.stuck", NOW, "01mail", copy),
        receipt_undelivered("r", NOW, "01mail", "bf", "refused"),
    )
    kinds = {one.what: one for one in world.store.events}
    told = []
    for _ in range(2):
        service = Events(Settings(data=tmp_path), world.store, FixedClock())
        handlers = [one for one in world.notifier.handlers() if one[0] in kinds]
        for one in handlers:
            service.register(*one)
        await service.start()
        await asyncio.wait_for(service.wait_ready(), 10)
        for what, durable, _ in handlers:
            given = sum(one.what == what for one in world.store.events)
            while (await call(service.client, f"CONSUMER.INFO.{STREAM}.{durable}"))["ack_floor"]["consumer_seq"] < given:
                await asyncio.sleep(0.01)
            await call(service.client, f"CONSUMER.DELETE.{STREAM}.{durable}")
        await service.stop()
        told.append(sorted(one.notice.dedupe for one in world.store.notices.kept))  # some are due in the morning
    assert told[0] == told[1] and len(told[0]) == len(set(told[0])) >= 5


async def test_an_invitation_under_written_only_is_told_though_the_mail_is_not_moved(world):
    invitation = (
        b"From: Bo <bo@example.net>\r\nTo: karen@eksempel.dk\r\nMIME-Version: 1.0\r\n"
        b"Content-Type: text/calendar; method=REQUEST\r\n\r\nBEGIN:VCALENDAR\r\n"
    )
    register = town(framework(measures=[{"kind": "written_only"}]))
    event = handled(world.store, register=register, content=invitation)
    await world.notifier.mail_decided([event])
    assert world.store.mails["01mail"].decision["noted"] == ["invitation"]
    [told] = [email.message_from_bytes(one.content, policy=email.policy.default) for one in world.store.outgoing]
    assert (told["To"], told["Subject"]) == (LENE, "Et ønske om et møde i sag s-1")
    await world.notifier.mail_decided([handled(world.store, id="02mail", register=register)])
    assert len(world.store.outgoing) == 1


async def test_a_sudden_flood_is_told_when_it_begins_and_only_of_a_verified_sender(world):
    for number in range(10):
        event = handled(world.store, id=f"01flood{number}")
    await world.notifier.mail_decided([event])
    decision = world.store.mails["01flood9"].decision
    assert decision["signals"] == [{"kind": "volume", "level": "yellow"}]
    doubted = {**event.data, "grade": "probable"}
    world.store.mails["01flood9"].decision.pop("assessed")
    await world.notifier.mail_decided([Event(event.id, event.what, event.subject, event.at, doubted)])
    assert world.store.mails["01flood9"].decision["signals"] == []

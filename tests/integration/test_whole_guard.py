"""The whole guard over real sockets: a mail comes in, is decided, delivered, told of, and accounted for."""

import asyncio
import contextlib
import email
import email.policy
import hashlib
import json
import os
import re
import signal
import sqlite3
import urllib.request
from datetime import timedelta
from pathlib import Path

import pytest
from fakes.guard import Running, guarding, mail
from fakes.sink import Mail
from fakes.town import BO, BOX, KAREN, MAIN, PER, framework, town

from services.events.streams import call
from workflows.events import STREAM

# nats-py leaves a socket that it could not connect to the garbage collector, where a server was killed under it.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
FRAMED = town(framework())
LENE = "lene@eksempel.dk"


def split(content: bytes) -> tuple[list[bytes], bytes]:
    """The prepended field names, and the rest: what was received."""
    names = []
    while match := re.match(rb"(Received|X-Rammevagt-[A-Za-z-]+):(?:[^\r\n]*)\r\n(?:[ \t][^\r\n]*\r\n)*", content):
        names.append(match[1])
        content = content[match.end() :]
    return names, content


def to(running: Running, address: str) -> list[Mail]:
    return [one for one in running.sink.mails if address in one.recipients]


def subject(one: Mail) -> str:
    return str(email.message_from_bytes(one.content, policy=email.policy.default)["Subject"])


async def books(running: Running) -> tuple[int, int, int, int, int]:
    (row,) = await running.guard.store.ledger()
    assert row.balances()
    return row.accepted, row.delivered, row.redirected, row.queued, row.returned


async def test_a_framework_redirects_at_once_and_everybody_concerned_is_told(tmp_path: Path) -> None:
    async with guarding(tmp_path, FRAMED) as running:
        content = mail("<1@example.net>")
        assert (await running.send(content, KAREN, PER)).startswith("250")
        decision = await running.explained("<1@example.net>")
        await running.settled()
        assert [(one["address"], one["deliver_to"][0], one["reason"]) for one in decision["recipients"]] == [
            (KAREN, BOX, "framework_applies"),
            (PER, PER, "outside_scope"),
        ]
        (moved,) = [one for one in to(running, BOX)]
        (passed,) = [one for one in to(running, PER)]
        assert split(moved.content) == ([b"X-Rammevagt-Id", b"X-Rammevagt-Original-Recipient", b"Received"], content)
        assert split(passed.content) == ([b"X-Rammevagt-Id", b"Received"], content)
        assert decision["mail"]["sha256"] == hashlib.sha256(content).hexdigest()
        assert moved.sender.startswith("rv-") and moved.sender.endswith("@rammevagt.eksempel.dk")
        assert passed.sender == BO
        (receipt,) = to(running, BO)
        assert receipt.sender.startswith("rv-") and receipt.sender.endswith("@rammevagt.eksempel.dk")
        assert email.message_from_bytes(receipt.content)["Auto-Submitted"] == "auto-replied"
        assert {one["to"] for one in decision["notify"]} == {KAREN, LENE}
        assert len(to(running, KAREN)) == 1 and len(to(running, LENE)) == 1  # notices, in working hours
        assert await books(running) == (2, 1, 1, 0, 0)
        assert (await running.guard.store.verify_audit()).broken_at is None


async def test_law_9_notices_hold_nothing_of_the_mail(tmp_path: Path) -> None:
    async with guarding(tmp_path, FRAMED) as running:
        secret = "Hemmeligt-ord-i-teksten 010190-1234"
        await running.send(mail("<1@example.net>", body=secret + "\r\n", extra="X-Emne: hemmelig-emne\r\n"), KAREN)
        await running.explained("<1@example.net>")
        await running.settled()
        for person in (KAREN, LENE):
            (notice,) = to(running, person)
            told = email.message_from_bytes(notice.content)
            words = b"".join(part.get_payload(decode=True) or b"" for part in told.walk()) + notice.content
            for forbidden in (b"Hemmeligt", b"010190", b"bo@example.net", b"Bo Borger", b"Min sag", b"hemmelig-emne"):
                assert forbidden not in words


async def test_the_same_mail_is_told_once_however_often_the_event_comes(tmp_path: Path) -> None:
    async with guarding(tmp_path, FRAMED) as running:
        await running.send(mail("<1@example.net>"), KAREN)
        decision = await running.explained("<1@example.net>")
        events = running.guard.events
        await events.wait_ready()
        stream = events.client.jetstream()
        while await running.guard.store.outbox(1):  # the broker has all of it on disk
            await asyncio.sleep(0.01)
        again = await stream.get_last_msg("RAMMEVAGT", "rammevagt.mail.decided")
        await stream.publish("rammevagt.mail.decided", again.data, stream="RAMMEVAGT", headers={"Nats-Msg-Id": "another"})
        await running.send(mail("<2@example.net>", sender="x@example.com"), KAREN)
        await running.explained("<2@example.net>")  # handled after the repeated one
        await running.settled()
        assert len(to(running, LENE)) == 1
        assert decision["assessed"]


async def test_one_receipt_in_seven_days(tmp_path: Path) -> None:
    async with guarding(tmp_path, FRAMED) as running:
        await asyncio.gather(*(running.send(mail(f"<{n}@example.net>"), KAREN) for n in range(8)))
        await running.settled()
        assert len(to(running, BO)) == 1  # also when they come at the same time
        running.clock.forward(timedelta(days=7))
        await running.send(mail("<9@example.net>"), KAREN)
        await running.settled()
        assert len(to(running, BO)) == 2


async def test_a_functional_mailbox_that_refuses_gives_way_to_the_main_mailbox(tmp_path: Path) -> None:
    async with guarding(tmp_path, FRAMED) as running:
        running.sink.on("RCPT", b"550 5.1.1 unknown", address=BOX)
        await running.send(mail("<1@example.net>"), KAREN)
        await running.explained("<1@example.net>")
        await running.sink.until(lambda: len(to(running, MAIN)) == 1 and len(to(running, LENE)) == 2)
        await running.settled()
        assert await books(running) == (1, 0, 1, 0, 0)
        told = [one.content for one in to(running, BO)]
        assert all(b"Auto-Submitted: auto-replied" in one and b"550" not in one for one in told)


async def test_when_nobody_takes_it_the_original_recipient_gets_it(tmp_path: Path) -> None:
    async with guarding(tmp_path, FRAMED) as running:
        running.sink.on("RCPT", b"550 5.1.1 unknown", address=BOX)
        running.sink.on("RCPT", b"550 5.1.1 unknown", address=MAIN)
        await running.send(mail("<1@example.net>"), KAREN)
        await running.sink.until(lambda: any(b"X-Rammevagt-Original-Recipient" in one.content for one in to(running, KAREN)))
        await running.settled()
        assert await books(running) == (1, 1, 0, 0, 0)


REPORT = (
    b"From: <mailer-daemon@intern.eksempel.dk>\r\nMessage-ID: <b@eksempel.dk>\r\nMIME-Version: 1.0\r\n"
    b'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n--b\r\n'
    b"Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; x\r\n\r\n"
    b"Action: failed\r\nStatus: 5.2.2\r\n--b--\r\n"
)


async def test_a_report_comes_home_and_the_mail_goes_to_the_main_mailbox(tmp_path: Path) -> None:
    async with guarding(tmp_path, FRAMED) as running:
        content = mail("<1@example.net>")
        await running.send(content, KAREN)
        await running.settled()
        assert (await running.send(REPORT, to(running, BOX)[0].sender, sender="")).startswith("250")
        await running.settled()
        contents = [split(one.content)[1] for one in to(running, MAIN)]
        assert sorted(contents) == sorted([content, REPORT])
        assert await books(running) == (2, 0, 2, 0, 0)


async def test_law_1_a_mail_that_no_mailbox_keeps_stays_queued_and_people_are_told(tmp_path: Path) -> None:
    async with guarding(tmp_path, FRAMED) as running:
        await running.send(mail("<1@example.net>"), KAREN)
        for place in (BOX, MAIN, KAREN):
            await running.settled()
            copy = next(one for one in to(running, place) if one.sender.startswith("rv-"))
            assert (await running.send(REPORT, copy.sender, sender="")).startswith("250")
        await running.sink.until(lambda: any("ikke afleveres" in subject(one) for one in to(running, LENE)))
        await running.settled()
        (waiting,) = [one for one in await running.guard.store.queue() if one.stuck]
        assert waiting.address == KAREN and waiting.due > waiting.queued_at + timedelta(hours=3)
        assert await books(running) == (4, 0, 3, 1, 0)


async def test_a_mail_that_comes_home_again_and_again_is_told_of_once(tmp_path: Path) -> None:
    async with guarding(tmp_path, FRAMED) as running:
        await running.send(mail("<1@example.net>"), KAREN)
        for place in (BOX, MAIN, KAREN, KAREN):
            running.clock.forward(timedelta(hours=5))
            await running.sink.until(lambda place=place: any(one.sender.startswith("rv-") for one in to(running, place)))
            await running.settled()
            copy = [one for one in to(running, place) if one.sender.startswith("rv-")][-1]
            assert (await running.send(REPORT, copy.sender, sender="")).startswith("250")
        assert len([one for one in to(running, KAREN) if one.sender.startswith("rv-")]) == 2
        while await running.guard.store.outbox(1):
            await asyncio.sleep(0.01)
        assert running.guard.events is not None and running.guard.events.client is not None
        about = await call(running.guard.events.client, f"STREAM.INFO.{STREAM}", {"subjects_filter": "rammevagt.mail.stuck"})
        assert about["state"]["subjects"] == {"rammevagt.mail.stuck": 1}
        with contextlib.closing(sqlite3.connect(tmp_path / "rammevagt.db")) as database:
            entries = database.execute("SELECT count(*) FROM audit WHERE action = 'mail.stuck'").fetchone()
        assert entries == (2,)  # what was done is written down each time


async def test_a_forged_return_address_is_relaying(tmp_path: Path) -> None:
    async with guarding(tmp_path, FRAMED) as running, running.client() as client:
        await client.ask("MAIL FROM:<>")
        assert (await client.ask("RCPT TO:<rv-01-aaaaaaaaaaaaaaaa@rammevagt.eksempel.dk>")).startswith("550")
        assert (await client.ask(f"RCPT TO:<{KAREN}>")).startswith("250")


async def test_a_mail_that_finally_fails_is_returned_to_its_sender_and_says_nothing_of_redirection(tmp_path: Path) -> None:
    async with guarding(tmp_path, FRAMED) as running:
        running.sink.on("RCPT", b"550 5.1.1 no such user", address=PER)
        await running.send(mail("<1@example.net>", sender="x@example.com", to=PER), PER, sender="x@example.com")
        await running.sink.until(lambda: bool(to(running, "x@example.com")))
        await running.settled()
        (report,) = to(running, "x@example.com")
        assert report.sender == "" and b"Action: failed" in report.content and PER.encode() in report.content
        assert await books(running) == (1, 0, 0, 0, 1)


async def test_more_than_fifty_received_fields_are_a_loop(tmp_path: Path) -> None:
    async with guarding(tmp_path, FRAMED) as running:
        looped = b"Received: from a by b\r\n" * 51 + mail("<1@example.net>", sender="x@example.com")
        assert (await running.send(looped, PER, sender="x@example.com")).startswith("250")
        await running.sink.until(lambda: bool(to(running, "x@example.com")))
        await running.settled()
        assert b"5.4.6" in to(running, "x@example.com")[0].content and not to(running, PER)
        assert await books(running) == (1, 0, 0, 0, 1)


async def test_a_loop_under_a_framework_is_returned_too_and_does_not_tell_where_it_would_have_gone(tmp_path: Path) -> None:
    async with guarding(tmp_path, FRAMED) as running:
        assert (await running.send(b"Received: from a by b\r\n" * 51 + mail("<1@example.net>"), KAREN)).startswith("250")
        await running.sink.until(lambda: bool(to(running, BO)))
        await running.settled()
        (report,) = to(running, BO)
        assert b"5.4.6" in report.content and KAREN.encode() in report.content and BOX.encode() not in report.content
        assert await books(running) == (1, 0, 0, 0, 1)


async def test_each_final_address_gets_one_copy(tmp_path: Path) -> None:
    unit = town(framework(scope={"units": ["bf"]}))
    async with guarding(tmp_path, unit) as running:
        content = mail("<1@example.net>")
        await running.send(content, KAREN, PER, BOX, KAREN)
        await running.settled()
        (copy,) = to(running, BOX)
        names, rest = split(copy.content)
        assert rest == content and names.count(b"X-Rammevagt-Original-Recipient") == 3
        assert await books(running) == (4, 1, 3, 0, 0)  # the mailbox itself was written to: delivered


async def test_incoming_fields_of_ours_are_never_believed(tmp_path: Path) -> None:
    async with guarding(tmp_path, FRAMED) as running:
        await running.send(mail("<1@example.net>", extra="x-rammevagt-original-recipient: chef@eksempel.dk\r\n"), KAREN)
        await running.settled()
        content = to(running, BOX)[0].content
        assert b"X-Untrusted-Rammevagt-original-recipient: chef@eksempel.dk\r\n" in content
        assert content.count(b"X-Rammevagt-Original-Recipient") == 1


async def test_the_decision_before_250_holds_also_while_the_broker_is_away(tmp_path: Path) -> None:
    async with guarding(tmp_path, FRAMED) as running:
        await running.guard.events.wait_ready()
        os.kill(running.guard.events.server.pid, signal.SIGKILL)
        for number in range(5):
            assert (await running.send(mail(f"<{number}@example.net>"), KAREN)).startswith("250")
        assert (await running.explained("<4@example.net>"))["assessed"]  # the server came back by itself
        await running.settled()
        kept = (await running.guard.store.notices.of_people([LENE], limit=9)).items
        assert (len(kept), len(to(running, LENE))) == (5, 1)  # what came within the hour is told with others


async def test_health_and_metrics_tell_without_names(tmp_path: Path) -> None:
    async with guarding(tmp_path, FRAMED) as running:
        await running.send(mail("<1@example.net>"), KAREN)
        await running.settled()
        assert (await asyncio.to_thread(get, running, "/health/live"))[0] == 200
        assert (await asyncio.to_thread(get, running, "/health/ready"))[0] == 200
        status, metrics = await asyncio.to_thread(get, running, "/metrics")
        assert status == 200 and b"rammevagt_gateway_mails_accepted_total" in metrics
        for forbidden in (b"karen", b"bo@", b"example.net", b"c-1"):
            assert forbidden not in metrics


@pytest.mark.parametrize("size", [0, 70_000, 3_000_000])
async def test_law_6_bytes_are_untouched(tmp_path: Path, size: int) -> None:
    async with guarding(tmp_path, FRAMED) as running:
        body = ".\r\n..\r\n" + "\x00æøå" * 10 + "x" * size + "\r\n.slut\r\n"
        content = mail("<1@example.net>", body=body)
        await running.send(content, KAREN, PER)
        await running.settled()
        for address in (BOX, PER):
            assert split(to(running, address)[0].content)[1] == content


async def test_law_9_no_log_line_event_or_metric_holds_anything_of_mail_or_people(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    async with guarding(tmp_path, FRAMED) as running:
        running.sink.on("RCPT", b"550 5.1.1 <bf-kontakt@eksempel.dk> unknown", address=BOX)
        running.sink.on("RCPT", b"450 4.2.1 <per@eksempel.dk> busy", address=PER, times=1)
        body = "Jeg slår dig ihjel, hemmeligt-ord. 010190-1234\r\n"
        for number, (sender, address) in enumerate([(BO, KAREN), ("bo.b@example.org", KAREN), ("x@example.com", PER)]):
            await running.send(mail(f"<{number}@example.net>", sender=sender, body=body), address, sender=sender)
            await running.explained(f"<{number}@example.net>")
        await running.send(b"From: \xff\xfe <x@\r\nX: " + b"\x00" * 90, "dpo@eksempel.dk", sender="")
        await running.sink.until(lambda: len(to(running, MAIN)) == 1)
        events = await published(running)
        metrics = (await asyncio.to_thread(get, running, "/metrics"))[1].decode()
    logged = "".join(capfd.readouterr())
    assert {"mail.decided", "mail.delivered", "signal.raised", "mailbox.unreachable"} <= {
        json.loads(one)["type"][13:-3] for one in events
    }
    forbidden = (
        "hemmelig",
        "ihjel",
        "010190",
        "Min sag",
        "Bo Borger",
        "example.net",
        "example.org",
        "karen",
        "per@",
        "bf-kontakt",
        "lene@",
    )
    for text in (logged, metrics, *events):
        assert [word for word in forbidden if word.lower() in text.lower()] == []


def get(running: Running, path: str) -> tuple[int, bytes]:
    with urllib.request.urlopen(f"http://{running.guard.http.address}{path}", timeout=60) as answer:
        return answer.status, answer.read()


async def published(running: Running) -> list[str]:
    """Every event in the stream, once the outbox is empty."""
    async with asyncio.timeout(60):
        while await running.guard.store.outbox(1):
            await asyncio.sleep(0.01)
    stream = running.guard.events.client.jetstream()
    count = (await stream.stream_info("RAMMEVAGT")).state.messages
    return [(await stream.get_msg("RAMMEVAGT", number)).data.decode() for number in range(1, count + 1)]


async def test_a_mail_that_begins_with_a_space_can_not_write_into_a_field_of_ours(tmp_path: Path) -> None:
    async with guarding(tmp_path, FRAMED) as running:
        content = b" chef@eksempel.dk\r\n" + mail("<1@example.net>")
        await running.send(content, KAREN)
        await running.sink.arrived(1)
        copy = next(one for one in running.sink.mails if one.content.endswith(content))
        fields = email.message_from_bytes(copy.content)
        assert "chef" not in (fields["X-Rammevagt-Id"] + str(fields["X-Rammevagt-Original-Recipient"]))

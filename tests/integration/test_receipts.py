"""Receipts that do not reach the citizen, over real SMTP: people are told, and no two programs answer each other."""

import email
from datetime import timedelta
from email import policy
from functools import partial
from pathlib import Path

import pytest
from fakes.guard import Running, guarding, mail
from fakes.sink import Mail
from fakes.town import BO, BOX, KAREN, MAIN, framework, town

from services.store.receipts import UntoldCitizen
from workflows.audit import AuditRecord
from workflows.post import Post, answered, read

# nats-py leaves a socket that it could not connect to the garbage collector, where a server was killed under it.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
EVA = "eva2@example.net"
BOTH = town(
    framework(),
    framework(id="f-2", citizen="c-2", scope={"cases": ["s-2"]}),
    citizens=[{"id": "c-1", "name": "Bo Borger", "addresses": [BO]}, {"id": "c-2", "name": "Eva Borger", "addresses": [EVA]}],
    cases=[{"id": f"s-{n}", "citizen": f"c-{n}", "unit": "bf", "caseworker": KAREN} for n in (1, 2)],
)
LENE = "lene@eksempel.dk"
FAILED = b"Reporting-MTA: dns; mx.example.net\r\n\r\nFinal-Recipient: rfc822; bo@example.net\r\nAction: failed\r\nStatus: 5.1.1\r\n"
DELAYED = FAILED.replace(b"failed", b"delayed").replace(b"5.1.1", b"4.4.7")


def report(status: bytes = FAILED, kind: bytes = b"delivery-status", part: bytes = b"message/delivery-status") -> bytes:
    """RFC 3464 in RFC 6522."""
    return (
        b"From: <mailer-daemon@example.net>\r\nMessage-ID: <b@example.net>\r\nAuto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n"
        b"Content-Type: multipart/report; report-type=" + kind + b'; boundary="b"\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\n'
        b"It did not arrive.\r\n--b\r\nContent-Type: " + part + b"\r\n\r\n" + status + b"--b--\r\n"
    )


def to(running: Running, address: str) -> list[Mail]:
    return [one for one in running.sink.mails if address in one.recipients]


async def received(running: Running, sender: str = BO) -> Mail:
    """The receipt for a mail of ``sender``."""
    await running.send(mail(f"<1.{sender}>", sender=sender), KAREN, sender=sender)
    await running.settled()
    [receipt] = to(running, sender)
    return receipt


async def untold(running: Running) -> list[UntoldCitizen]:
    return list(await running.guard.store.receipts.untold(["bf"]))


def told(running: Running) -> list[Mail]:
    """The notices to the leader about receipts."""
    read = [(one, email.message_from_bytes(one.content, policy=policy.default)) for one in to(running, LENE)]
    return [one for one, found in read if "kvittering" in found["Subject"]]


async def test_a_receipt_that_is_refused_becomes_a_task_for_the_leader(tmp_path: Path) -> None:
    async with guarding(tmp_path, BOTH) as running:
        running.sink.on("RCPT", b"550 5.1.1 no such user", address=BO)
        await running.send(mail("<1@example.net>"), KAREN)
        await running.sink.until(lambda: bool(told(running)))
        await running.settled()
        [task] = await untold(running)
        assert (task.why, task.unit, task.told_at) == ("refused", "bf", None)
        [notice] = told(running)
        for hidden in (b"bo@example.net", b"Bo Borger", b"c-1", b"Min sag"):
            assert hidden not in notice.content
        assert len(to(running, BOX)) == 1  # the mail itself is where it should be
        assert (await running.guard.store.verify_audit()).broken_at is None


async def test_a_report_that_comes_home_becomes_one_task_and_goes_nowhere(tmp_path: Path) -> None:
    async with guarding(tmp_path, BOTH) as running:
        receipt = await received(running)
        for _ in range(2):
            assert (await running.send(report(), receipt.sender, sender="")).startswith("250")
        await running.sink.until(lambda: bool(told(running)))
        await running.settled()
        assert [one.why for one in await untold(running)] == ["reported"]
        assert len(told(running)) == 1 and not to(running, MAIN) and not to(running, "mailer-daemon@example.net")
        [row] = await running.guard.store.ledger()
        assert row.balances() and (row.accepted, row.delivered, row.redirected) == (3, 2, 1)
        assert not (await running.guard.store.books()).unaccounted


async def test_a_report_tells_of_the_receipt_that_its_address_was_signed_for_whatever_it_names(tmp_path: Path) -> None:
    async with guarding(tmp_path, BOTH) as running:
        bos, evas = await received(running), await received(running, EVA)
        hostile = report(FAILED + b"Original-Envelope-Id: " + evas.sender.encode() + b"\r\n") + b"\r\n" + evas.content
        await running.send(hostile, bos.sender, sender="")
        await running.sink.until(lambda: bool(told(running)))
        [task] = await untold(running)
        [about] = await running.guard.store.ids_by_message_id(f"<1.{BO}>")
        assert task.mail == about


SWALLOWED = {
    "a delay": ("", report(DELAYED)),
    "a delivery": ("", report(FAILED.replace(b"failed", b"delivered"))),
    "a reading (RFC 8098)": ("bo@example.net", report(b"Disposition: manual-action; displayed\r\n", b"disposition-notification")),
    "a report without its part": ("", report(part=b"text/plain")),
    "no report at all": ("", b"From: <x@example.net>\r\nSubject: failed\r\n\r\nAction: failed\r\n"),
    "an absence": ("bo@example.net", b"From: <bo@example.net>\r\nAuto-Submitted: auto-replied\r\n\r\nAction: failed\r\n"),
    "an old absence": ("bo@example.net", b"From: <bo@example.net>\r\nPrecedence: bulk\r\n\r\nVi er p\xc3\xa5 ferie\r\n"),
    "a list": ("list@example.org", b"From: <list@example.org>\r\nList-Id: <l.example.org>\r\n\r\nHi\r\n"),
    "a circle": ("", b"Received: from a by b\r\n" * 51 + report(DELAYED)),
}


async def test_what_programs_answer_is_taken_and_answered_by_nobody(tmp_path: Path) -> None:
    async with guarding(tmp_path, BOTH) as running:
        receipt = await received(running)
        before = len(running.sink.mails)
        for sender, content in SWALLOWED.values():
            assert (await running.send(content, receipt.sender, sender=sender)).startswith("250")
        await running.settled()
        assert len(running.sink.mails) == before and await untold(running) == []
        [row] = await running.guard.store.ledger()
        assert row.balances() and row.delivered == len(SWALLOWED)


async def test_law_1_what_a_person_writes_to_the_return_address_is_read(tmp_path: Path) -> None:
    async with guarding(tmp_path, BOTH) as running:
        receipt = await received(running)
        assert (await running.send(mail("<2@example.net>", to=receipt.sender), receipt.sender)).startswith("250")
        await running.settled()
        assert len(to(running, MAIN)) == 1 and len(to(running, BO)) == 1 and await untold(running) == []


async def test_a_receipt_without_its_key_or_of_which_nothing_is_known_reports_nothing(tmp_path: Path) -> None:
    async with guarding(tmp_path, BOTH) as running:
        receipt = await received(running)
        forged = receipt.sender.replace("rv-0", "rv-1", 1)
        async with running.client() as client:
            await client.ask("MAIL FROM:<>")
            assert (await client.ask(f"RCPT TO:<{forged}>")).startswith("550")
        [id] = await running.guard.store.ids_by_message_id(f"<1.{BO}>")
        await running.explained(f"<1.{BO}>")
        await running.settled()
        [post] = await running.guard.store.posts.of_mail(id)
        now = running.clock.now()
        dealt_with = post
        for step in (read, partial(answered, note="Ringet op")):
            dealt_with = step(dealt_with, now)
            assert isinstance(dealt_with, Post)
        await running.guard.store.posts.save(dealt_with, post.revision, AuditRecord(now, "test", "post.done", post.id))
        running.clock.forward(timedelta(days=400))
        assert (await running.guard.store.purge(running.clock.now(), 7, 90, 183)).mails == 1
        assert await running.guard.store.mail(id) is None
        before = len(running.sink.mails)
        assert (await running.send(report(), receipt.sender, sender="")).startswith("250")
        await running.settled()
        assert len(running.sink.mails) == before and await untold(running) == []

"""What becomes of a mail: kept, handed over, answered; and what is left when it goes wrong."""

import asyncio
import hashlib
import os
from pathlib import Path
from typing import Any

import pytest
from fakes.gateway import Running, running
from fakes.intake import FakeIntake
from fakes.smtp_client import RawClient, connected, greeted

from services.gateway import session, spool
from services.store.interface import StoreUnavailable

HEADER = b"From: bo@example.net\r\nX-Rammevagt-Id: forged\r\nSubject: stor\r\n\r\n"
MENDED = HEADER.replace(b"X-R", b"X-Untrusted-R")
LARGE = HEADER + b"0123456789abcdef\r\n" * 60_000  # over 1 MB


async def test_law_1_a_small_mail_is_taken_from_memory(tmp_path: Path) -> None:
    async with running(tmp_path) as guard, greeted(guard.address) as client:
        assert (await client.mail(HEADER + b"hej\xe6\r\n")).startswith("250 2.0.0")
    (received,) = guard.intake.taken
    assert received.content == MENDED + b"hej\xe6\r\n"
    assert received.sha256 == hashlib.sha256(received.content).hexdigest()
    assert received.size == len(received.content)
    assert received.header_block == MENDED
    assert received.eight_bit and not received.smtputf8
    assert (received.client, received.helo, received.protocol) == ("127.0.0.1", "client.example.net", "ESMTP")
    assert received.envelope.recipients == ("karen@eksempel.dk",)
    assert not list(guard.spool.iterdir())


async def test_law_1_a_large_mail_is_on_disk_before_it_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[str] = []
    fsync = os.fsync
    monkeypatch.setattr(spool.os, "fsync", lambda fd: (synced.append(os.readlink(f"/proc/self/fd/{fd}")), fsync(fd)))
    intake = FakeIntake(hold=asyncio.Event())
    async with running(tmp_path, intake) as guard, greeted(guard.address) as client:
        answer = asyncio.create_task(client.mail(LARGE))
        await intake.under_way.wait()
        (file,) = guard.spool.iterdir()
        assert synced == [str(file), str(guard.spool)]
        assert file.stat().st_mode & 0o777 == 0o600
        intake.hold.set()
        assert (await answer).startswith("250 2.0.0")
    (received,) = intake.taken
    assert received.content == file
    assert intake.contents == [LARGE.replace(HEADER, MENDED)]
    assert received.sha256 == hashlib.sha256(intake.contents[0]).hexdigest()
    assert received.size == len(intake.contents[0])
    assert file.exists()  # the store's now


@pytest.mark.parametrize("content", [HEADER, LARGE], ids=["small", "large"])
@pytest.mark.parametrize(
    "failure",
    [StoreUnavailable("secret"), ValueError("secret"), ConnectionResetError("secret"), EOFError(), asyncio.CancelledError()],
    ids=lambda failure: type(failure).__name__,
)
async def test_law_1_whatever_fails_in_the_store_is_451_and_mute(tmp_path: Path, failure: BaseException, content: bytes) -> None:
    intake = FakeIntake(failure=failure)
    async with running(tmp_path, intake) as guard, greeted(guard.address) as client:
        assert await client.mail(content) == "451 4.3.0 Temporary internal error"
        assert not list(guard.spool.iterdir())
        intake.failure = None
        assert (await client.mail(content)).startswith("250 ")
    assert len(intake.taken) == 1


async def test_a_failing_recipient_check_is_451(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with running(tmp_path) as guard, greeted(guard.address) as client:
        await client.ask("MAIL FROM:<bo@example.net>")
        with monkeypatch.context() as patch:
            patch.setattr(guard.intake, "is_ours", lambda recipient: 1 / 0)
            assert (await client.ask("RCPT TO:<karen@eksempel.dk>")).startswith("451 4.3.0")
        assert (await client.ask("RCPT TO:<karen@eksempel.dk>")).startswith("250 ")


async def test_a_bug_in_a_command_is_421_and_mute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "mail_from", lambda argument, limit: 1 / 0)
    async with running(tmp_path) as guard, greeted(guard.address) as client:
        assert await client.ask("MAIL FROM:<bo@example.net>") == "421 4.3.0 Temporary internal error"
        assert await client.line() == ""


@pytest.mark.parametrize("content", [HEADER, LARGE], ids=["small", "large"])
async def test_a_client_that_vanishes_in_its_mail_leaves_nothing(tmp_path: Path, content: bytes) -> None:
    async with running(tmp_path) as guard:
        async with greeted(guard.address) as client:
            await client.start_mail()
            await client.send(content)
        await guard.sessions_over()
        assert not list(guard.spool.iterdir())
    assert not guard.intake.taken


async def test_law_1_a_client_that_vanishes_after_its_mail_does_not_stop_it(tmp_path: Path) -> None:
    intake = FakeIntake(hold=asyncio.Event())
    async with running(tmp_path, intake) as guard:
        async with greeted(guard.address) as client:
            await client.start_mail()
            await client.send(LARGE + b".\r\n")
            await intake.under_way.wait()
            client.writer.transport.abort()
        intake.hold.set()
        await guard.sessions_over()
    assert intake.contents == [LARGE.replace(HEADER, MENDED)]


async def test_a_client_may_close_its_side_and_still_get_its_answers(tmp_path: Path) -> None:
    async with running(tmp_path) as guard, connected(guard.address) as client:
        await client.send(b"HELO c\r\nMAIL FROM:<>\r\nRCPT TO:<karen@eksempel.dk>\r\nDATA\r\nSubject: x\r\n.\r\n")
        client.writer.write_eof()
        assert [(await client.line())[:3] for _ in range(6)] == ["220", "250", "250", "250", "354", "250"]
        assert await client.line() == ""
    assert guard.intake.taken[0].protocol == "SMTP"


async def test_what_comes_behind_a_mail_that_is_being_taken_waits_in_order_and_outside(tmp_path: Path) -> None:
    intake = FakeIntake(hold=asyncio.Event())
    async with running(tmp_path, intake) as guard, greeted(guard.address) as client:
        envelope = b"MAIL FROM:<bo@example.net>\r\nRCPT TO:<karen@eksempel.dk>\r\nDATA\r\n"
        mails = [b"Subject: %d\r\n\r\n" % number + b"x" * 500_000 + b"\r\n" for number in range(20)]
        upload = asyncio.create_task(client.send(b"".join(envelope + mail + b".\r\n" for mail in mails) + b"QUIT\r\n"))
        await intake.under_way.wait()
        (served,) = guard.gateway._reception.sessions
        for _ in range(200):
            await asyncio.sleep(0)
            assert len(served.lines) < 400_000
        intake.hold.set()
        replies = [(await client.line())[:3] for _ in range(81)]
        await upload
        assert replies == ["250", "250", "354", "250"] * 20 + ["221"]
        assert await client.line() == ""
    assert intake.contents == mails


async def test_law_1_a_bug_behind_a_mail_does_not_swallow_its_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(session.GuardSMTP.commands, "HELP", lambda served, argument: 1 / 0)
    async with running(tmp_path) as guard, greeted(guard.address) as client:
        await client.start_mail()
        await client.send(b"Subject: x\r\n.\r\nHELP\r\n")
        assert (await client.line()).startswith("250 2.0.0")
        assert await client.line() == "421 4.3.0 Temporary internal error"
        assert await client.line() == ""


async def test_an_unwritable_spool_is_451_and_the_connection_goes_on(tmp_path: Path) -> None:
    async with running(tmp_path) as guard, greeted(guard.address) as client:
        guard.spool.rmdir()
        assert await client.mail(LARGE) == "451 4.3.0 Temporary internal error"
        assert (await client.mail(HEADER)).startswith("250 ")
        guard.spool.mkdir()
        assert (await client.mail(LARGE)).startswith("250 ")


async def test_a_full_disk_is_451_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(fd: int) -> None:
        raise OSError(28, "No space left on device")

    async with running(tmp_path) as guard, greeted(guard.address) as client:
        with monkeypatch.context() as patch:
            patch.setattr(spool.os, "fsync", full)
            assert await client.mail(LARGE) == "451 4.3.0 Temporary internal error"
        assert not list(guard.spool.iterdir())


async def test_over_the_size_by_far_leaves_nothing_in_the_spool(tmp_path: Path) -> None:
    async with (
        running(tmp_path, max_message_bytes=1_048_576, lmtp_listen="127.0.0.1:0") as guard,
        greeted(guard.gateway.lmtp_addresses[0], "LHLO c") as client,
    ):
        await client.send(b"MAIL FROM:<>\r\nRCPT TO:<karen@eksempel.dk>\r\nRCPT TO:<per@eksempel.dk>\r\nDATA\r\n")
        assert [(await client.line())[:3] for _ in range(4)] == ["250", "250", "250", "354"]
        await client.send(LARGE * 3 + b".\r\n")
        assert [(await client.line())[:9] for _ in range(2)] == ["552 5.3.4", "552 5.3.4"]
        assert not list(guard.spool.iterdir())
        assert (await client.ask("NOOP")).startswith("250 ")


async def test_line_breaks_that_grow_count_against_the_size(tmp_path: Path) -> None:
    async with running(tmp_path, max_message_bytes=1_048_576) as guard, greeted(guard.address) as client:
        assert (await client.mail(b"\n" * 524_289 + b"\r\n")).startswith("552 5.3.4")
        assert (await client.mail(b"\n" * 524_287 + b"\r\n")).startswith("250 ")
    assert guard.intake.contents == [b"\r\n" * 524_288]


async def test_too_many_recipients_are_452_and_the_others_get_the_mail(tmp_path: Path) -> None:
    async with running(tmp_path) as guard, greeted(guard.address) as client:
        await client.send(b"MAIL FROM:<>\r\n" + b"".join(b"RCPT TO:<k%d@eksempel.dk>\r\n" % n for n in range(2001)) + b"DATA\r\n")
        replies = [(await client.line())[:9] for _ in range(2003)]
        assert replies == ["250 2.1.0"] + ["250 2.1.5"] * 2000 + ["452 4.5.3", "354 End d"]
        await client.send(b".\r\n")
        assert (await client.line()).startswith("250 ")
    assert len(guard.intake.taken[0].envelope.recipients) == 2000


async def test_huge_mails_under_way_do_not_stall_a_normal_client(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    finished = asyncio.Event()
    sizes: dict[int, int] = {}

    async def sends_until_finished(client: RawClient, number: int) -> str:
        await client.start_mail()
        chunk = b"0123456789abcdef\r\n" * 10_000
        while not finished.is_set() or sizes.get(number, 0) < 1_000_000:
            await client.send(chunk)
            sizes[number] = sizes.get(number, 0) + len(chunk)
        await client.send(b".\r\n")
        return await client.reply()

    async with running(tmp_path, max_message_bytes=2_000_000_000) as guard, asyncio.TaskGroup() as tasks:
        uploads = [tasks.create_task(on_own_connection(guard, sends_until_finished, number)) for number in range(25)]
        async with greeted(guard.address) as small:
            while len(sizes) < 25:
                await asyncio.sleep(0)
            clock = asyncio.get_running_loop().time
            started = clock()
            for _ in range(5):
                assert (await small.mail(HEADER)).startswith("250 ")
            with capsys.disabled():
                print(f"\n  beside 25 uploads: {(clock() - started) / 5 * 1000:.1f} ms a small mail ", end="")
            assert not any(upload.done() for upload in uploads)
            assert len(guard.intake.taken) == 5
            finished.set()
    assert all(upload.result().startswith("250 ") for upload in uploads)
    assert sorted(received.size for received in guard.intake.taken[5:]) == sorted(sizes.values())


async def on_own_connection(guard: Running, work: Any, number: int) -> str:
    async with greeted(guard.address) as client:
        return await work(client, number)

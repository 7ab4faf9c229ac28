"""The demo's receiving server and its feed, over real SMTP."""

import asyncio
import smtplib
from datetime import UTC, datetime
from pathlib import Path

import pytest

from services.demo.feed import feed
from services.demo.receiver import Delivered, Receiver, mailbox_name
from services.demo.samples import sample_mails

MAILS = sample_mails(datetime(2026, 11, 23, 12, tzinfo=UTC))


async def test_every_sample_arrives_byte_for_byte_in_every_mailbox(tmp_path: Path) -> None:
    receiver = Receiver(tmp_path)
    await receiver.start()
    told: list[str] = []
    try:
        fed = await feed(receiver.address, MAILS, lambda one: told.append(one.name))
        await receiver.wait_for(sum(len(mail.recipients) for mail in MAILS))
    finally:
        await receiver.stop()
    assert [one.name for one in fed if one.taken] == told == [mail.name for mail in MAILS]
    assert receiver.received == [Delivered(one, mail.content, mail.envelope_from) for mail in MAILS for one in mail.recipients]
    karen = [mail.content for mail in MAILS for one in mail.recipients if one.lower() == "karen@eksempel.dk"]
    assert [file.read_bytes() for file in sorted((tmp_path / "karen@eksempel.dk").glob("*.eml"))] == karen


async def test_a_second_start_goes_on_counting(tmp_path: Path) -> None:
    for _ in range(2):
        receiver = Receiver(tmp_path)
        await receiver.start()
        await feed(receiver.address, MAILS[:1])
        await receiver.wait_for(1)
        await receiver.stop()
    assert sorted(file.name for file in (tmp_path / "karen@eksempel.dk").iterdir()) == ["001.eml", "002.eml"]


async def test_stop_closes_open_connections(tmp_path: Path) -> None:
    receiver = Receiver(tmp_path)
    await receiver.start()
    host, _, port = receiver.address.partition(":")
    client = await asyncio.to_thread(smtplib.SMTP, host, int(port))
    await receiver.stop()
    with pytest.raises((smtplib.SMTPException, OSError)):
        await asyncio.to_thread(client.docmd, "NOOP")
    client.close()
    with pytest.raises(RuntimeError):
        _ = receiver.address


async def test_a_disk_that_fails_is_a_temporary_failure(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    receiver = Receiver(blocked)
    await receiver.start()
    fed = await feed(receiver.address, MAILS[:2])
    await receiver.stop()
    assert [(one.code, one.taken) for one in fed] == [(451, False), (451, False)]
    assert receiver.received == []


async def test_waiting_for_what_does_not_come_ends(tmp_path: Path) -> None:
    receiver = Receiver(tmp_path)
    with pytest.raises(TimeoutError):
        await receiver.wait_for(1, seconds=0)


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("Karen@Eksempel.dk", "karen@eksempel.dk"),
        ("../../etc/x@y", "_.._etc_x@y"),
        ("bounces+a=b@c.example", "bounces+a=b@c.example"),
        ("..", "_"),
    ],
)
def test_a_mailbox_stays_in_its_folder(address: str, name: str) -> None:
    assert mailbox_name(address) == name

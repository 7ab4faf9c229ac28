"""A register that this version of the guard can't read: nobody's mail waits for that, and none goes by what was true before."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from fakes.guard import Running, mail, taking_and_sending
from fakes.newer_version import rewrite
from fakes.sink import Mail, Sink
from fakes.town import BO, BOX, KAREN, MAIN, NOW, framework, town
from sqlalchemy import Table

from services.store import schema
from workflows.audit import AuditRecord

NOT_EVALUATED = b"\r\nX-Rammevagt-Status: not-evaluated\r\n"


async def copy_of(running: Running, name: str, to: str) -> Mail:
    """The copy of a mail that comes to this address."""

    def found() -> list[Mail]:
        return [one for one in running.sink.mails if f"Message-ID: {name}".encode() in one.content and one.recipients == (to,)]

    async with asyncio.timeout(60):
        await running.sink.until(lambda: bool(found()))
    [one] = found()
    return one


@pytest_asyncio.fixture
async def running(tmp_path: Path) -> AsyncIterator[Running]:
    """Bo has a framework, and his first mail went by it."""
    async with Sink() as sink, taking_and_sending(tmp_path, sink) as one:
        await one.guard.store.load_register(town(framework()), AuditRecord(NOW, "test", "register.loaded", "test"))
        assert (await one.send(mail("<1@example.net>"), KAREN, sender=BO)).startswith("250")
        await copy_of(one, "<1@example.net>", BOX)
        yield one


@pytest.mark.parametrize("table", [schema.framework, schema.citizen, schema.unit], ids=lambda table: table.name)
async def test_law_3_mail_goes_as_addressed_by_a_register_that_cannot_be_read(running: Running, table: Table) -> None:
    await rewrite(running.guard.store, table)
    await running.guard.store.refresh()
    assert (await running.send(mail("<2@example.net>"), KAREN, sender=BO)).startswith("250")
    assert NOT_EVALUATED in (await copy_of(running, "<2@example.net>", KAREN)).content


async def test_law_1_a_report_comes_home_also_then(running: Running) -> None:
    moved = await copy_of(running, "<1@example.net>", BOX)
    await rewrite(running.guard.store, schema.framework)
    await rewrite(running.guard.store, schema.citizen)
    await running.guard.store.refresh()
    report = mail("<2@example.net>", extra="Content-Type: multipart/report; boundary=b\r\n", body="Action: failed\r\n")
    assert (await running.send(report, moved.sender, sender="")).startswith("250")
    assert (await copy_of(running, "<2@example.net>", MAIN)).sender == ""
    await copy_of(running, "<1@example.net>", MAIN)

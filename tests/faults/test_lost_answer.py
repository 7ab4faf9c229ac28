"""A commit whose answer is lost: the sender comes again, and what may be ours loses nothing that it needs."""

import sqlite3
from pathlib import Path
from typing import Any

import pytest
from fakes.guard import Running, mail, taking_and_sending
from fakes.sink import Sink
from fakes.town import PER

from services.store.arrivals import CommitArrival

LARGE = "x" * 70 + "\r\n"


def fail_commit(running: Running, error: str, monkeypatch: pytest.MonkeyPatch, *, done: bool) -> None:
    """The next commit of a mail fails so, whether it was ``done`` or not."""
    writer, dialect = running.guard.store.writer, running.guard.store._engines[0].dialect
    transaction, commit = writer._transaction, dialect.do_commit

    def failing(connection: Any) -> None:
        if done:
            commit(connection)
        monkeypatch.undo()
        fault = sqlite3.OperationalError("the commit failed")
        fault.sqlite_errorname = error  # type: ignore[misc]
        raise fault

    def watched(operations: Any) -> Any:
        if any(isinstance(one, CommitArrival) for one in operations):
            monkeypatch.setattr(dialect, "do_commit", failing)
        return transaction(operations)

    monkeypatch.setattr(writer, "_transaction", watched)


def named(name: str) -> bytes:
    return mail(f"<{name}@example.net>", body=LARGE * 2000)


async def test_law_1_a_large_mail_that_may_be_ours_keeps_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with Sink() as sink, taking_and_sending(tmp_path / "data", sink) as running:
        fail_commit(running, "SQLITE_IOERR_FSYNC", monkeypatch, done=True)
        assert (await running.send(named("1"), PER)).startswith("451")
        assert len(list((tmp_path / "data" / "spool").iterdir())) == 1
        assert (await running.send(named("1"), PER)).startswith("250")
        await sink.until(lambda: len(sink.mails) == 2)  # a duplicate, whole both times
        assert {len(one.content) > len(LARGE) * 2000 for one in sink.mails} == {True}
        await running.settled()
        assert (await running.guard.store.books()).balance()


async def test_a_commit_that_found_the_disk_full_leaves_no_file_on_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with Sink() as sink, taking_and_sending(tmp_path / "data", sink) as running:
        fail_commit(running, "SQLITE_FULL", monkeypatch, done=False)
        assert (await running.send(named("1"), PER)).startswith("451")
        assert list((tmp_path / "data" / "spool").iterdir()) == []
        assert await running.guard.store.ledger() == []

"""A disk that refuses writes and flushes of the guard's process: never a 250 whose mail is gone afterwards."""

import asyncio
import errno
import signal
import subprocess
from pathlib import Path

import pytest
from fakes.process import Process, check_books, reply_to
from fakes.sink import Sink

pytestmark = pytest.mark.needs("gcc", "libc6-dev")
BIG = "x" * 100_000 + "\r\n"


@pytest.fixture(scope="module")
def shim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("shim") / "failing_disk.so"
    source = Path(__file__).with_name("failing_disk.c")
    subprocess.run(["gcc", "-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o", str(made), str(source), "-ldl"], check=True)
    return made


class Plan:
    """What the disk does."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def fail(self, operation: str, number: int, path: str, *, skip: int = 0, count: int = 1_000_000) -> None:
        draft = self.file.with_name("draft")
        draft.write_text(f"{operation} {number} {skip} {count} {path}\n")
        draft.replace(self.file)

    def heal(self) -> None:
        self.file.unlink()


FAULTS = [
    ("fsync", errno.EIO, "rammevagt.db-wal"),
    ("write", errno.EIO, "rammevagt.db-wal"),
    ("write", errno.EROFS, "rammevagt.db"),
    ("write", errno.ENOSPC, "rammevagt.db-wal"),
    ("fsync", errno.EIO, "spool"),
    ("write", errno.EIO, "spool"),
]


@pytest.mark.timeout(120)
async def test_law_1_no_promise_is_broken_by_a_disk_that_fails(shim: Path, tmp_path: Path, unused_tcp_port: int) -> None:
    """Each fault comes for two calls among many mails, then for good, then not at all: the guard goes on by itself."""
    plan = Plan(tmp_path / "plan")
    promised: list[str] = []
    async with Sink() as sink:
        guard = Process(tmp_path / "data", sink.hop, unused_tcp_port)
        guard.environment |= {"LD_PRELOAD": str(shim), "FAILING_DISK": str(plan.file)}
        await guard.start()
        await guard.listening()
        for number, (operation, error, path) in enumerate(FAULTS):
            body = BIG if path == "spool" else "Hej\r\n"
            plan.fail(operation, error, path, skip=number, count=2)
            replies = await asyncio.gather(*(reply_to(guard.port, f"<load-{number}-{n}@example.net>", body) for n in range(8)))
            plan.fail(operation, error, path)
            for n in range(8, 11):
                replies.append(await reply_to(guard.port, f"<load-{number}-{n}@example.net>", body))
            assert all(reply[:3] in ("250", "451", "421") for reply in replies), replies
            assert [reply[:3] for reply in replies[8:]] == ["451"] * 3, (operation, error, path, replies)
            plan.heal()
            replies.append(await reply_to(guard.port, f"<load-{number}-11@example.net>", body))
            assert replies[11].startswith("250"), (operation, error, path, replies)
            promised += [f"<load-{number}-{n}@example.net>" for n, reply in enumerate(replies) if reply.startswith("250")]
        await guard.end(signal.SIGKILL)
        await guard.start()
        await guard.finish(sink, promised)
    guard.environment.pop("LD_PRELOAD")
    await check_books(guard, len(promised))

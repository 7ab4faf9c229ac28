"""The guard's own nats-server: kept running, private, found again, and ended with the guard."""

import asyncio
import gc
import json
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import nats
import pytest
from fakes.event_store import EventStore

from services.clock import SystemClock
from services.events.server import OwnServer
from services.events.service import Events
from services.settings import Settings
from workflows.events import mail_received

# nats-py leaves the socket of a half-made connection to the garbage collector.
pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
AT = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
GUARD = """
import asyncio, sys
from pathlib import Path
from services.events.server import OwnServer
async def main():
    server = OwnServer(Path(sys.argv[1]), lambda url: print(server.pid, file=sys.stderr, flush=True))
    server.start()
    await asyncio.Event().wait()
asyncio.run(main())
"""


async def until(condition):
    while not condition():
        await asyncio.sleep(0.005)


def lives(pid):
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False


@pytest.fixture
async def servers(tmp_path):
    """Start a keeper of the same folder, as often as wanted; each has its addresses in ``found``."""
    started = []

    def start():
        found = []
        one = OwnServer(tmp_path / "nats", found.append)
        one.found = found
        one.start()
        started.append(one)
        return one

    yield start
    for one in reversed(started):
        await one.stop()
    gc.collect()


async def test_it_is_up_private_and_syncs_every_event(servers, tmp_path):
    one = servers()
    await until(lambda: one.found)
    assert "sync_interval: always" in (tmp_path / "nats/server.conf").read_text()
    for name in ("server.conf", "token"):
        assert (tmp_path / "nats" / name).stat().st_mode & 0o077 == 0
    client = await nats.connect(one.found[-1], token=one.token)
    await client.close()
    with pytest.raises(nats.errors.Error):
        await nats.connect(one.found[-1], token="wrong", allow_reconnect=False, error_cb=_quiet)


async def _quiet(_):
    pass


async def test_it_is_started_again_when_it_dies(servers):
    one = servers()
    await until(lambda: one.found)
    first = one.pid
    os.kill(first, signal.SIGKILL)
    await until(lambda: len(one.found) == 2)
    assert one.pid not in (None, first)


async def test_stop_ends_it(servers):
    one = servers()
    await until(lambda: one.found)
    pid = one.pid
    await one.stop()
    assert not lives(pid)


async def test_a_second_process_uses_the_same_server_and_takes_over(servers):
    first, second = servers(), servers()
    await until(lambda: first.found and second.found)
    assert first.found == second.found and first.token == second.token
    owner, other = (first, second) if first.pid else (second, first)
    assert other.pid is None
    await owner.stop()
    await until(lambda: other.pid)


async def test_a_guard_killed_at_once_takes_its_server_along_and_can_start_again(tmp_path):
    root = Path(__file__).parents[2]
    guard = subprocess.Popen(
        [sys.executable, "-c", GUARD, str(tmp_path)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, cwd=root
    )
    pid = int(guard.stderr.readline().split()[0])
    guard.kill()
    guard.wait()
    guard.stderr.close()
    found = []
    again = OwnServer(tmp_path, found.append)
    again.start()

    def ports():
        return tmp_path / f"ports/nats-server_{again.pid}.ports"

    await until(lambda: found and not lives(pid) and again.pid and ports().exists() and ports().read_text().find(found[-1]) > 0)
    client = await nats.connect(found[-1], token=again.token)
    assert (await client.jetstream().account_info()).streams == 0
    await client.close()
    await again.stop()


async def test_the_service_keeps_streams_over_a_restart_and_a_killed_server(tmp_path):
    """The new server listens elsewhere; the connection follows it, and handlers go on."""
    store, got = EventStore(), []

    async def handle(events):
        got.extend(event.id for event in events)

    for round_ in range(2):
        service = Events(Settings(data=tmp_path), store, SystemClock())
        service.register("mail.received", "t", handle)
        await service.start()
        await asyncio.wait_for(service.wait_ready(), 10)
        store.born(mail_received(f"a{round_}", AT, 1, 1))
        service.wake()
        await until(lambda round_=round_: f"a{round_}.received" in got)
        before = json.loads(next((tmp_path / "nats/ports").glob("*.ports")).read_bytes())["nats"]
        os.kill(service.server.pid, signal.SIGKILL)
        store.born(mail_received(f"b{round_}", AT, 1, 1))
        service.wake()
        await until(lambda round_=round_: f"b{round_}.received" in got)
        assert json.loads(next((tmp_path / "nats/ports").glob("*.ports")).read_bytes())["nats"] != before
        assert service.connected
        await service.stop()
    gc.collect()
    # an ack that the server had no time to write down brings its event again: at least once
    assert list(dict.fromkeys(got)) == ["a0.received", "b0.received", "a1.received", "b1.received"]

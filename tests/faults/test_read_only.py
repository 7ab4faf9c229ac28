"""A data folder on a file system that is read-only: services stop with one line, and people can still look."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from fakes.arrivals import SetClock, arrival
from fakes.process import Process, write_framed_register

from services.settings import Settings
from services.store.keys import FILE
from services.store.open import open_store

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """``folder`` is on a tmpfs of its own, and can't be written meanwhile."""
    copy = folder.with_name("as-it-was")
    shutil.copytree(folder, copy)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=32m", "rammevagt-test", str(folder)], check=True)
    try:
        shutil.copytree(copy, folder, dirs_exist_ok=True)
        subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)


async def filled(data: Path, *, stopped: bool, folder: Path) -> None:
    """``folder`` holds a store with mails: one that was stopped, or killed."""
    store = await open_store(Settings(data=data), SetClock())
    for n in range(5):
        await store.commit(arrival(f"m{n}"))
    if not stopped:
        shutil.copytree(data, folder)
    await store.close()
    if stopped:
        shutil.copytree(data, folder)


@pytest.mark.parametrize("stopped", [True, False])
async def test_people_can_look_at_a_read_only_folder(stopped: bool, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    guard = Process(folder, "127.0.0.1:9", 10)
    write_framed_register(tmp_path / "register.yaml")
    Process(tmp_path / "made", "127.0.0.1:9", 10).command("load", str(tmp_path / "register.yaml"))
    (tmp_path / "empty.yaml").write_text("{}")
    await filled(tmp_path / "made", stopped=stopped, folder=folder)
    with read_only(folder):
        ledger = guard.command("ledger", "--json")
        assert ledger.returncode == 0, ledger.stderr
        assert json.loads(ledger.stdout)[0]["accepted"] == 5
        if not stopped:
            return
        assert guard.command("audit", "verify").returncode == 0
        for words, shows in ((("queue", "list"), "karen@"), (("explain", "m1"), "karen@"), (("export", "-"), "citizens:")):
            looked = guard.command(*words)
            assert (looked.returncode, shows in looked.stdout) == (0, True), looked.stderr
            assert looked.stderr == (
                "rammevagt: the store can only be read: that you looked is not in its audit chain; write it down\n"
            )
        for words in (("load", str(tmp_path / "empty.yaml")), ("up",), ("queue", "retry", "--all")):
            refused = guard.command(*words)
            assert (refused.returncode, refused.stdout, refused.stderr.count("\n")) == (2, "", 1), refused.stderr
            assert "read" in refused.stderr and "only" in refused.stderr
    assert {file.name for file in folder.iterdir()} >= {FILE}


async def test_what_a_log_holds_without_its_index_is_told_with_its_mend(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    await filled(tmp_path / "made", stopped=False, folder=folder)
    (folder / f"{FILE}-shm").unlink()
    with read_only(folder):
        refused = Process(folder, "127.0.0.1:9", 10).command("ledger")
    assert (refused.returncode, refused.stderr.count("\n")) == (2, 1), refused.stderr
    assert "copy the folder to where you can write" in refused.stderr

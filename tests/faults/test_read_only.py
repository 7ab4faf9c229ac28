"""A data folder on a file system that is read-only: services stop with one line, and people can still look."""

import asyncio
import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from fakes.arrivals import SetClock, arrival
from fakes.disk import mounted, needs_root
from fakes.process import write_framed_register

from services.cli import main
from services.settings import Settings
from services.store.keys import FILE
from services.store.open import open_store

pytestmark = needs_root
Command = Callable[..., tuple[int, str, str]]


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """``folder`` lies on a disk that can't be written meanwhile."""
    copy = folder.rename(folder.with_name("as-it-was"))
    with mounted(folder, "32m") as disk:
        shutil.copytree(copy, folder, dirs_exist_ok=True)
        disk.read_only()
        yield


async def filled(data: Path, folder: Path, *, stopped: bool) -> None:
    """``folder`` holds a store with mails: one that was stopped, or killed."""
    store = await open_store(Settings(data=data), SetClock())
    for n in range(5):
        await store.commit(arrival(f"m{n}"))
    if not stopped:
        shutil.copytree(data, folder)
    await store.close()
    if stopped:
        shutil.copytree(data, folder)


@pytest.fixture
def command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    """Runs a command on the folder ``data``: exit status, standard output, standard error."""

    def run(*words: str) -> tuple[int, str, str]:
        capsys.readouterr()
        status = main([*words, "--data", str(tmp_path / "data")])
        return status, *capsys.readouterr()

    return run


@pytest.mark.parametrize("stopped", [True, False])
def test_people_can_look_at_a_read_only_folder(stopped: bool, tmp_path: Path, command: Command) -> None:
    write_framed_register(tmp_path / "register.yaml")
    (tmp_path / "empty.yaml").write_text("{}")
    assert main(["load", str(tmp_path / "register.yaml"), "--data", str(tmp_path / "made")]) == 0
    asyncio.run(filled(tmp_path / "made", tmp_path / "data", stopped=stopped))
    with read_only(tmp_path / "data"):
        status, out, err = command("ledger", "--json")
        assert (status, err, json.loads(out)[0]["accepted"]) == (0, "", 5)
        assert command("audit", "verify")[0] == 0
        for words, shows in ((("queue", "list"), "karen@"), (("explain", "m1"), "karen@"), (("export", "-"), "citizens:")):
            status, out, err = command(*words)
            assert (status, shows in out) == (0, True), err
            assert err == "rammevagt: the store can only be read: that you looked is not in its audit chain; write it down\n"
        for words in (("load", str(tmp_path / "empty.yaml")), ("up",), ("queue", "retry", "--all")):
            status, out, err = command(*words)
            assert (status, out, err.count("\n")) == (2, "", 1), err
            assert "readonly" in err or "Read-only" in err


def test_what_a_log_holds_without_its_index_is_told_with_its_mend(tmp_path: Path, command: Command) -> None:
    asyncio.run(filled(tmp_path / "made", tmp_path / "data", stopped=False))
    (tmp_path / "data" / f"{FILE}-shm").unlink()
    with read_only(tmp_path / "data"):
        status, _, err = command("ledger")
    assert (status, err.count("\n")) == (2, 1)
    assert "copy the folder to where you can write" in err

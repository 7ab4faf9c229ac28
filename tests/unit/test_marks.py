"""What was in hand when the process died."""

import errno
import os
from pathlib import Path

import pytest

from services.marks import CRASHES, REMEMBERED, SLOTS, Marks


def died(path: Path, *names: str) -> Marks:
    """A process that died with these in hand, and the next one."""
    marks = Marks(path)
    for name in names:
        marks.begin(name)
    marks.close()  # without ``end``: as the kernel does it
    return Marks(path)


def test_what_was_in_hand_at_each_death_is_counted(tmp_path: Path) -> None:
    path = tmp_path / "x.mark"
    marks = Marks(path)
    marks.end(marks.begin("through"))
    marks.close()
    for crash in range(1, CRASHES + 1):
        marks = died(path, "poison")
        assert (marks.crashes("poison"), marks.crashes("through"), marks.may_try("poison", aside=False)) == (
            crash,
            0,
            crash < CRASHES,
        )
        marks.close()
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_clean_stop_counts_for_nothing_and_what_came_through_is_forgotten(tmp_path: Path) -> None:
    path = tmp_path / "x.mark"
    marks = died(path, "a", "b")
    marks.forget("a")
    marks.close()
    marks = Marks(path)
    assert (marks.crashes("a"), marks.crashes("b")) == (0, 1)
    marks.close()


def test_what_was_set_aside_may_be_tried_once_each_time(tmp_path: Path) -> None:
    path = tmp_path / "x.mark"
    for _ in range(CRASHES):
        died(path, "poison").close()
    marks = Marks(path)
    assert not marks.may_try("poison", aside=True)
    marks.set_aside("poison")
    assert (marks.may_try("poison", aside=True), marks.may_try("poison", aside=False)) == (True, False)
    marks.close()
    marks = died(path, "poison")
    assert (marks.crashes("poison"), marks.may_try("poison", aside=True)) == (CRASHES + 1, False)
    marks.close()


def test_the_file_never_grows(tmp_path: Path) -> None:
    path = tmp_path / "x.mark"
    Marks(path).close()
    size = path.stat().st_size
    for start in range(0, 2 * REMEMBERED, SLOTS):
        died(path, *(f"n{number}" for number in range(start, start + SLOTS + 9))).close()
    marks = Marks(path)
    assert (path.stat().st_size, marks.crashes("n0"), marks.crashes(f"n{2 * REMEMBERED - 1}")) == (size, 0, 1)
    marks.close()


def test_a_folder_without_room_costs_the_notes_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    path = tmp_path / "x.mark"
    marks = Marks(path)
    monkeypatch.setattr(os, "pwrite", full)
    marks.end(marks.begin("a"))
    marks.close()
    unmarked = Marks(tmp_path / "y.mark")
    assert (unmarked.begin("a"), unmarked.crashes("a")) == (-1, 0)


def test_fellows_have_a_file_each_and_the_next_to_start_learns_what_one_died_of(tmp_path: Path) -> None:
    path = tmp_path / "x.mark"
    living = Marks(path)
    living.begin("good")
    dying = Marks(path)
    dying.begin("poison")
    dying.close()
    heir = Marks(path)
    assert (heir.crashes("poison"), heir.crashes("good"), living.crashes("poison")) == (1, 0, 0)
    heir.close()
    living.close()

"""What goes next to the writer, and with whom. Nothing here measures a time: only what comes before what."""

import threading
from dataclasses import dataclass

import pytest

from services.store import line
from services.store.line import Line


@dataclass(frozen=True)
class One:
    name: str
    patient: bool = False


def pressing(*names):
    return [One(name) for name in names]


def patient(*names):
    return [One(name, patient=True) for name in names]


@pytest.fixture
def waiting(monkeypatch):
    """A line whose clock stands still until a test moves it."""
    made = Line()
    made.time = 100.0
    monkeypatch.setattr(line.time, "monotonic", lambda: made.time)
    monkeypatch.setattr(line.time, "sleep", lambda _: None)
    return made


def put(waiting, *items):
    for one in items:
        waiting.put(one)


def test_what_somebody_waits_for_goes_at_once_and_leaves_the_patient_behind(waiting):
    put(waiting, *patient("a"), *pressing("b", "c"))
    assert waiting.next() == pressing("b", "c")


def test_the_patient_go_with_the_next_once_they_have_waited(waiting):
    put(waiting, *patient("a"), *pressing("b"))
    assert waiting.next() == pressing("b")
    waiting.time += line.PATIENCE
    many = [str(number) for number in range(line.BUSY + 1)]
    put(waiting, *patient("c"), *pressing(*many))
    assert waiting.next() == [*patient("a", "c"), *pressing(*many)]


def test_a_few_go_before_the_patient_once_more_and_no_oftener(waiting):
    put(waiting, *patient("a"), *pressing("b"))
    assert waiting.next() == pressing("b")
    waiting.time += line.PATIENCE
    put(waiting, *pressing("c"))
    assert [waiting.next(), waiting.next()] == [pressing("c"), patient("a")]
    put(waiting, *patient("d"), *pressing("e"))
    assert waiting.next() == pressing("e")
    waiting.time += 3 * line.PATIENCE
    put(waiting, *pressing("f"))
    assert waiting.next() == [*patient("d"), *pressing("f")]


def test_many_patient_do_not_wait(waiting):
    put(waiting, *patient(*map(str, range(line.MOST + 3))))
    assert waiting.next() == patient(*map(str, range(line.MOST)))


def test_a_group_has_its_limit(waiting):
    put(waiting, *pressing(*map(str, range(line.MOST + 3))))
    assert [len(waiting.next()), len(waiting.next())] == [line.MOST, 3]


def test_the_end_waits_for_nobody_and_loses_nobody(waiting):
    put(waiting, *patient("a"), *pressing("b"))
    waiting.end()
    assert waiting.next() == [*patient("a"), *pressing("b")]
    assert waiting.next() == []


def test_an_empty_line_waits():
    waiting = Line()
    found = []
    reader = threading.Thread(target=lambda: found.extend(waiting.next()))
    reader.start()
    put(waiting, *pressing("a"))
    reader.join(10)
    assert found == pressing("a")


def test_the_patient_really_go_by_themselves():
    waiting = Line()
    put(waiting, *patient("a"))
    assert waiting.next() == patient("a")

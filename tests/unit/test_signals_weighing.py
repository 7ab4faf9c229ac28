"""Words on the scales: what is put there, what is read together, and that what is found can be answered and switched off."""

import re
from dataclasses import replace

import pytest

from services.signal_words import CLASSES_FILE, RIGHTS_FILE, WEIGHTS_FILE, classes_of, load, patterns
from workflows.assess import assess
from workflows.mail import Headers, Reading
from workflows.signals.rules import WEIGHED, SignalWords, Tuning
from workflows.signals.scales import BadWeights, Scales, scales_from
from workflows.signals.weighing import FEW, STRETCH, Classes, of_sentence, stretches

CLASSES = {"hjem": ["hus*", "*vej"], "du": ["du", "din"], "ild": ["brand"]}
ROWS = "\n".join((
    "# rows", "red\t\t0\t-0.5", "red\t[hjem] [ild]\t1.5\t3", "red\t=tak\t2\t-4", "red\t=brand\t1\t1", "over\t\t0\t0.4",
    "threat\t\t0\t0.1", "self_harm\t\t0\t0", "child_in_danger\t\t0\t0", "home_visit\t\t0\t0",
))  # fmt: skip
RIGHTS = "thing\trarity\tcomplaint\tapplication\n\t1\t-0.6\t-0.6\n=penge\t2\t1\t-1\n[hjem]\t2\t0\t0.1"
ENDING = ["det", "siger", "jeg", "kun", "fordi", "vi", "to", "nu", "kender", "hinanden", "saa", "godt", "herude"]


@pytest.fixture(scope="module")
def scales() -> Scales:
    return scales_from(CLASSES, ROWS, RIGHTS)


def test_a_word_has_the_classes_of_its_beginning_and_its_ending() -> None:
    classes = Classes(CLASSES)
    assert [classes.of(one) for one in ("huset", "laerkevej", "vej", "du", "dur")] == [("hjem",), ("hjem",), (), ("du",), ()]


def test_words_meet_within_three_words() -> None:
    classes = Classes(CLASSES)
    held = of_sentence(["huset", "faar", "brand"], {one: classes.of(one) for one in ("huset", "faar", "brand")})
    assert held == {"=huset", "=faar", "=brand", "huset faar", "faar brand", "[hjem]", "[ild]", "[hjem] [ild]"}


def test_all_is_read_and_little_of_it_twice() -> None:
    sentences = [[f"{number}.{word}" for word in range(number % 30 + 1)] for number in range(100)] + [["x"] * 1000]
    read = list(stretches(sentences))
    assert {word for stretch in read for words in stretch for word in words} == {word for words in sentences for word in words}
    assert all(sum(map(len, stretch)) < 2 * STRETCH for stretch in read)
    assert sum(len(words) for stretch in read for words in stretch) <= 3 * sum(map(len, sentences))
    assert list(stretches([])) == []


def test_what_weighs_enough_is_told_by_what_it_is_most_like(scales: Scales) -> None:
    near = [["huset", "er", "brand", *ENDING]]
    assert scales.weigh(near).red == "threat"
    assert scales.weigh(near, off={"threat"}).red is scales.weigh(near, red=False).red is None
    assert scales.weigh([["tak", "tak", *near[0]]]).red is None
    assert scales.weigh([near[0][: FEW - 1]]).red is None


@pytest.mark.parametrize("rows", ["red\t=ord\t1", "red\t=ord\t1\tmeget", "red\t\t0\t1", ROWS.replace("over", "under")])
def test_bad_weights_are_told(rows: str) -> None:
    with pytest.raises(BadWeights):
        scales_from(CLASSES, rows, RIGHTS)


def test_a_right_is_what_words_weigh_for_it(scales: Scales) -> None:
    assert scales.weigh([["penge", *ENDING]]).rights == {"complaint"}
    assert scales.weigh([ENDING]).rights == scales.weigh([["penge"]]).rights == scales.weigh([]).rights == frozenset()


@pytest.mark.parametrize("rows", [RIGHTS + "\n=ord\t1\t1", RIGHTS + "\n=ord\t1\t1\tmeget", RIGHTS.splitlines()[0]])
def test_bad_weights_of_rights_are_told(rows: str) -> None:
    with pytest.raises(BadWeights):
        scales_from(CLASSES, ROWS, rows)


def test_the_weights_were_learnt_with_these_classes() -> None:
    """Else: ``cd tests && ../.venv/bin/python -m figures.weights corpus/train --write``."""
    written = WEIGHTS_FILE.read_text("utf-8")
    weighed = set(re.findall(r"\[(\w+)\]", written))
    assert weighed == set(classes_of(CLASSES_FILE.read_text("utf-8")))
    assert len(written) + len(RIGHTS_FILE.read_text("utf-8")) < 2_000_000


def test_it_tells_where_no_phrase_does_and_weighs_nothing_quoted(scales: Scales) -> None:
    def found(text: str, words: SignalWords) -> list[tuple[str, str, str]]:
        return [(one.kind, one.level, one.rule_id) for one in assess(Reading(Headers(), "", text), words).signals]

    weighing = replace(load(), scales=scales)
    veiled = f"huset er brand {' '.join(ENDING)}."
    assert found(veiled, weighing) == [("threat", "red", "weighed.threat")]
    assert found(f"{veiled} Det mener jeg ikke.", weighing) == [("threat", "yellow", "weighed.threat")]
    assert found(f"Tak for svaret.\n\nDen 3. nov. 2026 kl. 14.12 skrev Bo <bo@example.com>:\n> {veiled}", weighing) == []
    assert found(veiled, replace(load(), scales=None)) == []


def test_what_is_weighed_can_be_answered_and_switched_off(scales: Scales) -> None:
    off = frozenset(WEIGHED.values())
    assert [patterns()[id].kind for id in WEIGHED.values()] == list(WEIGHED)
    assert all(patterns()[id].level == "red" and patterns()[id].why.endswith(".") for id in off)
    mail = Reading(Headers(), "", f"huset er brand {' '.join(ENDING)}.")
    assert assess(mail, replace(load(Tuning(off)), scales=scales)).signals == ()

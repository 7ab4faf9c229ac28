"""The assessment as a whole: one signal a kind, rights in order, and nothing of the words themselves."""

from dataclasses import replace
from itertools import chain
from typing import get_args

from hypothesis import given
from hypothesis import strategies as st

from services.signal_words import load, patterns
from workflows.assess import Assessment, Signal, assess, with_signal
from workflows.mail import Headers, Reading
from workflows.signals import Tuning
from workflows.signals.findings import Said
from workflows.signals.rules import Kind, Level, Right
from workflows.signals.text import sentences

WORDS = load()
ALARMING = (
    "Jeg ved hvor du bor. Din idiot. Det er under al kritik. Jeg klager og beder om aktindsigt. "
    "Det kommer du til at fortryde. Jeg ved hvor dine børn går i skole."
)


def of(text: str = "", subject: str = "", headers: Headers | None = None, unreadable: tuple[str, ...] = ()) -> Assessment:
    return assess(Reading(headers=headers or Headers(), subject=subject, text=text, unreadable=unreadable), WORDS)


def test_one_signal_a_kind_the_most_serious_first() -> None:
    assert of(ALARMING).wire() == {
        "signals": [
            {"kind": "threat", "level": "red"},
            {"kind": "insult", "level": "yellow"},
            {"kind": "criticism", "level": "grey"},
        ],
        "rights": ["complaint", "file_access"],
        "noted": [],
        "patterns": {"threat": "threat.veiled_home", "insult": "insult", "criticism": "criticism"},
    }


def test_law_9_an_assessment_holds_no_words_of_the_mail() -> None:
    text = repr(of(ALARMING, subject="Sag 77 fra Bo")).lower()
    assert not any(word in text for word in ("idiot", "bor", "børn", "skole", "sag 77", "fortryde"))


def test_a_mail_without_anything_has_no_level() -> None:
    assert of("Hej, tak for i dag.") == Assessment()
    assert of().level is None


def test_the_subject_is_read_too() -> None:
    assert of(subject="Klage over afgørelse").rights == ("complaint",)
    assert of(subject="jeg ved hvor du bor").level == "red"


def test_what_could_not_be_read_says_so() -> None:
    assert of(unreadable=("encrypted",)).wire()["signals"] == [{"kind": "unreadable", "level": "grey"}]


def test_copies_to_very_many_but_not_a_mailing_list() -> None:
    many = tuple(f"a{number}@eksempel.dk" for number in range(20))
    assert of(headers=Headers(to=many)).wire()["signals"] == [{"kind": "mass_copy", "level": "yellow"}]
    assert of(headers=Headers(to=many, list_fields=("list-id",))).signals == ()
    assert of(headers=Headers(to=("karen@eksempel.dk", "Karen@Eksempel.dk") * 10)).signals == ()


def test_danger_carries_the_right_that_goes_with_it_only_when_it_is_red() -> None:
    assert of("Min søn bliver slået af sin stedfar.").rights == ("child_concern",)
    assert "urgent_help" not in of("Jeg vil ikke begå selvmord.").rights


def test_an_earlier_mail_below_a_reply_alarms_nobody_at_once() -> None:
    quoted = "Tak.\n\nDen 3. november 2026 kl. 9.12 skrev Bo <bo@example.net>:\n> Jeg ved hvor du bor. Din idiot. Jeg klager.\n"
    assert of(quoted).level in (None, "yellow")
    assert of(quoted).rights == ()


def test_text_beyond_the_cap_is_not_read() -> None:
    assert of("x\n" * 100_000 + "Jeg slår dig ihjel.").level is None


PIECES = [
    "jeg",
    "slår",
    "dig",
    "ihjel",
    "ikke",
    "han sagde at",
    '"',
    ".",
    ",",
    ">",
    "\n",
    "d r æ b",
    "klage",
    "\u200b",
    "Fra:",
    "ved hvor du bor",
]


@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=8), max_size=60).map(" ".join), st.text(max_size=40))
def test_it_is_total_and_deterministic_and_keeps_to_the_closed_lists(text: str, subject: str) -> None:
    found = of(text, subject)
    assert found == of(text, subject)
    assert {one.kind for one in found.signals} <= set(get_args(Kind))
    assert len({one.kind for one in found.signals}) == len(found.signals)
    assert list(found.rights) == [one for one in get_args(Right) if one in found.rights]


ALMOST = [
    "slår jeg dig ihjel", "vi slår tiden ihjel", "jeg vil ikke leve mere", "jeg siger ikke at", "min søn bliver slået", "ifølge",
    "jeg banker dig i fodbold", "pas hellere på hunden", "du er en idiot", "kalder mig", "hans datter", "kommer hjem til dig",
    "du er ligeglad", "ansøgning", "vil ikke klage", "klager", "frist", "aktindsigt", "jeg gentager", "din adresse", "lig", "han",
]  # fmt: skip


def plainly(text: str, subject: str) -> tuple[dict[str, tuple[str, str]], set[str]]:
    """Signals (level and rule by kind) and rights by looking at every sentence for every phrase, and weighing all that is found."""
    parts = list(chain(sentences(subject, WORDS.vocabulary), sentences(text, WORDS.vocabulary)))
    found = list(chain.from_iterable(Said(one, WORDS).signals() for one in parts))
    rights = set(chain.from_iterable(Said(one, WORDS).rights() for one in parts))
    rights |= {one.right for one in found if one.right and one.level == "red"}
    serious_last = sorted(reversed(found), key=lambda one: get_args(Level).index(one.level), reverse=True)
    return {one.kind: (one.level, one.rule_id) for one in serious_last}, rights


@given(st.lists(st.sampled_from(PIECES + ALMOST) | st.text(max_size=6), max_size=80).map(" ".join), st.sampled_from(ALMOST))
def test_what_is_not_looked_at_holds_nothing(text: str, subject: str) -> None:
    found = assess(Reading(headers=Headers(), subject=subject, text=text), replace(WORDS, scales=None))
    assert ({one.kind: (one.level, one.rule_id) for one in found.signals}, set(found.rights)) == plainly(text, subject)


def test_hostile_repetition_costs_no_more_than_one_sentence() -> None:
    assert of("jeg slår dig ihjel " * 10_000).level == "red"
    assert of("jeg " * 50_000).level is None


def test_every_signal_names_a_pattern_that_says_what_it_looks_for() -> None:
    for one in of(ALARMING, headers=Headers(to=tuple(f"a{n}@eksempel.dk" for n in range(12))), unreadable=("x",)).signals:
        found = patterns()[one.rule_id]
        assert found.kind == one.kind and found.why.endswith((".", "?"))
    wire = with_signal(of("Din idiot.").wire(), Signal("volume", "yellow", "volume.burst"))
    assert wire["patterns"] == {"insult": "insult", "volume": "volume.burst"}
    assert {"volume.burst", "volume.nights"} < set(patterns())


def test_a_pattern_that_is_switched_off_finds_nothing_and_a_bar_is_the_municipalitys_own() -> None:
    many = Reading(
        headers=Headers(to=tuple(f"a{n}@eksempel.dk" for n in range(3))), subject="", text="Din idiot.", unreadable=("x",)
    )
    off = frozenset({"insult", "unreadable.content"})
    assert [one.kind for one in assess(many, load(Tuning(off, mass_copy_recipients=3))).signals] == ["mass_copy"]
    assert assess(many, load(Tuning(off | {"mass_copy.recipients"}, mass_copy_recipients=3))) == Assessment()
    assert [one.kind for one in assess(many, WORDS).signals] == ["insult", "unreadable"]

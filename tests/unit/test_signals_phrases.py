"""The phrase language, the text it is matched on, and what is said about a bad file."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows.signals import BadSignalWords, folding, remembered, words_from
from workflows.signals.folding import fold
from workflows.signals.phrase import BadPhrase, phrase
from workflows.signals.quoting import may_quote, quoted_lines
from workflows.signals.search import Phrases
from workflows.signals.text import sentences

LISTS = {"maal": ("dig", "jer"), "sag": ("sag*",)}
STOPS = frozenset({"han"})


def matches(written: str, text: str) -> bool:
    return Phrases([(phrase(written, LISTS, STOPS), None)]).any_in(fold(text).split())


@pytest.mark.parametrize(
    ("written", "text", "expected"),
    [
        ("jeg ser dig", "nu ser jeg ser dig", True),
        ("jeg ser dig", "jeg ser os", False),
        ("jeg/vi ser [maal]", "vi ser jer", True),
        ("jeg ~2 ser", "jeg ser", True),
        ("jeg ~2 ser", "jeg nu altså ser", True),
        ("jeg ~2 ser", "jeg nu altså måske ser", False),
        ("jeg ~2 ser", "jeg og han ser", False),
        ("jeg så? ser", "jeg så ser", True),
        ("jeg så? ser", "jeg ser", True),
        ("klag* over", "klagede over", True),
        ("min *frist", "min klagefrist", True),
        ("[sag] er", "sagen er", True),
        ("slår dig", "SLÅR DIG", True),
        ("slår dig", "slaar dig", True),
        ("én gang", "en gang", True),
        ("ser dig + i byen", "jeg ser dig i byen", True),
        ("ser dig + i byen", "i byen ser jeg nok dig", False),
        ("ser ~2 dig + i byen", "i byen ser jeg nok dig", True),
        ("ser dig + i byen + [sag]", "jeg ser dig i byen", False),
        ("ser dig + sag* ~1 nu", "sagerne nu jeg ser dig", True),
    ],
)
def test_a_phrase_matches_what_it_says(written: str, text: str, expected: bool) -> None:
    assert matches(written, text) is expected


@pytest.mark.parametrize(
    "written",
    [
        "",
        "ser + ",
        "ser + ~2 nu",
        "~2 dig",
        "dig? så",
        "*frist nu",
        "ab* nu",
        "[ukendt]",
        "jeg ~0 ser",
        "jeg ~99 ser",
        "jeg ~x ser",
        "a*b",
        "jeg, du",
    ],
)
def test_a_phrase_that_cannot_be_read_is_refused(written: str) -> None:
    with pytest.raises(BadPhrase):
        phrase(written, LISTS, STOPS)


def test_a_word_is_found_in_its_other_spellings() -> None:
    one = phrase("jeg ser ikke", LISTS, STOPS, {"ikke": ("ik",)})
    assert Phrases([(one, None)]).any_in(["jeg", "ser", "ik"])


@given(st.lists(st.sampled_from(["jeg", "ser", "dig", "byen", "sagen", "nu"]), max_size=12))
def test_the_words_of_a_text_narrow_nothing_away(words: list[str]) -> None:
    written = ("ser dig + sag*", "jeg ~2 dig", "byen + nu", "sag* nu + jeg", "jeg ser ~1 byen nu + sagen + dig")
    phrases = Phrases([(phrase(one, LISTS, STOPS), one) for one in written])
    tried = {one.meaning for one in phrases.find(words, (1 << len(written)) - 1)}
    assert {one.meaning for one in phrases.find(words, phrases.may_be_in(words))} == tried
    assert not tried or phrases.any_in(words)


@given(st.lists(st.sampled_from(["jeg", "ser", "dig", "han", "nu"]), max_size=40))
def test_looking_around_the_anchor_finds_what_trying_every_start_finds(words: list[str]) -> None:
    one = phrase("jeg ~2 ser nu? ~1 dig", LISTS, STOPS)
    everywhere = {(at, end) for at, word in enumerate(words) if one.first.fits(word) and (end := one.match(words, at)) is not None}
    assert {(found.start, found.end) for found in Phrases([(one, None)]).find(words, among=1)} == everywhere


def test_only_phrases_are_tried_whose_rarest_words_stand_together() -> None:
    """However many phrases there are: a mail costs by what is in it."""
    written = [f"jeg ~2 ord{chr(97 + number)} + dig" for number in range(26)]
    phrases = Phrases([(phrase(one, {}, STOPS), one) for one in written])
    assert phrases.may_be_in(["jeg", "ser", "dig"]) == 0
    assert phrases.may_be_in(["jeg", "ser", "orda"]) == 0
    assert phrases.may_be_in(["dig", "orda", "jeg", "ordc"]) == 0b101


def test_words_are_kept_within_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Mails of made-up words, or of very long ones, fill no memory, and are read as before."""
    monkeypatch.setattr(remembered, "_MOST", 3)
    phrases = Phrases([(phrase("lang* nu", {}, STOPS), None)])
    for number in range(10):
        word = "lang" * number + "e" * number
        assert phrases.any_in([word, "nu"]) is (number > 0), word
        assert len(phrases._marks) <= 3
    assert max(map(len, phrases._marks)) <= remembered._LONGEST


def words_of(text: str) -> list[str]:
    return [word for sentence in sentences(text, {"jeg", "slaar", "dig"}) for word in sentence.words]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("j e g s l å r d i g", ["jeg", "slaar", "dig"]),
        ("j.e.g  s-l-å-r", ["jeg", "slaar"]),
        ("j3g sl4r d1g", ["jeg", "slaar", "dig"]),
        ("sag 12a og b52", ["sag", "12a", "og", "b52"]),
        ("jeg 🔪dig", ["jeg", "kniv", "dig"]),
        ("jeg 🗡\ufe0fdig", ["jeg", "kniv", "dig"]),
        ("i a, i e", ["i", "a", "i", "e"]),
        ("“jeg” – slår … dig’s", ["jeg", "slaar", "dig", "s"]),
        ("x y z q", ["xyzq"]),
        ("i dag, f.eks. i a", ["i", "dag", "f", "eks", "i", "a"]),
        ("dr\u200bæ\u00adb", ["draeb"]),
        ("neeeej", ["nej"]),
        ("A\u030a Ö", ["aa", "oe"]),
    ],
)
def test_tricks_with_letters_are_undone(text: str, words: list[str]) -> None:
    assert words_of(text) == words


LETTERS = st.sampled_from("aaaeeiosråæøåäöÅßµ½ª²ðÿéÊ .-_*>\n\t\f\xa0\xad,«!01’–\u200b\u0301Ａﬁ")
TRICKY = st.text(LETTERS, max_size=30) | st.text(st.characters(max_codepoint=255), max_size=30) | st.text(max_size=30)


@given(TRICKY)
def test_tables_fold_as_the_general_way_does(text: str) -> None:
    assert fold(text) == folding._fold_any(text)


@given(TRICKY)
def test_the_words_seen_at_a_quick_look_are_those_of_the_sentences(text: str) -> None:
    vocabulary = frozenset({"jeg", "slaar", "dig", "i"})
    seen = folding.plain_words(text)
    assert seen is None or seen == {word for one in sentences(text, vocabulary) for word in one.words}


@given(st.lists(st.sampled_from([b"a", b"b", b"aa", b" "]), max_size=20).map(b"".join))
def test_three_neighbours_are_seen(text: bytes) -> None:
    equal = any(one == two == three for one, two, three in zip(text, text[1:], text[2:], strict=False))
    assert (folding._third_in_a_row(text) >= 0) is equal


REPLY = "Ja tak.\n\nDen 3. november 2026 kl. 9 skrev Karen\n<karen@eksempel.dk>:\n{}Du kan klage.\n{}Hilsen\n\nOg så lige det her."
OUTLOOK = "Ja tak.\n\nFra: Karen\nSendt: 3. november\nTil: Bo\nEmne: Sv\n\nDu kan klage."


@pytest.mark.parametrize(
    ("text", "own"),
    [
        (REPLY.format("> ", "> "), ["Ja tak", "Og så lige det her"]),
        (REPLY.format("", ""), ["Ja tak"]),
        (OUTLOOK, ["Ja tak"]),
        ("Se her\n-----Oprindelig meddelelse-----\nDu kan klage", ["Se her"]),
        (
            "Den 3. skrev Karen til mig, at jeg skulle vente. Det gør jeg.",
            ["Den 3", "skrev Karen til mig at jeg skulle vente", "Det gør jeg"],
        ),
        ("Til: alle i huset. Jeg venter.", ["Til alle i huset", "Jeg venter"]),
    ],
)
def test_what_is_quoted_from_an_earlier_mail(text: str, own: list[str]) -> None:
    assert [" ".join(one.words) for one in sentences(text) if not one.quoted] == [fold(one) for one in own]


LINES = st.sampled_from(
    ["Fra: Bo", "Sendt: i dag", "Til: dig", "Emne: x", "Den 3. maj skrev Bo:", "> hej", " \u00a0> x", "-- Original mail", "Hej"]
)


@given(st.lists(LINES | st.text(max_size=12), max_size=12).map("\n".join))
def test_a_text_that_cannot_quote_has_no_quoted_line(text: str) -> None:
    assert may_quote(text) or not any(quoted_lines(text.split("\n")))


@given(st.text(max_size=40), st.text(max_size=40))
def test_lines_can_be_folded_together(one: str, other: str) -> None:
    assert fold(f"{one}\n{other}") == f"{fold(one)}\n{fold(other)}"


@given(
    st.text(max_size=12),
    st.sampled_from([" ", ".", "*", "_", "-"]),
    st.sampled_from([", ", "\n", "!", "’", "–"]),
    st.text(max_size=12),
)
def test_spaced_letters_are_seen_wherever_they_stand(before: str, space: str, between: str, after: str) -> None:
    text = before + between + space.join("dræb") + between + after
    assert "draeb" in {word for sentence in sentences(text) for word in sentence.words}


def test_a_sentence_knows_its_clauses_and_what_is_cited() -> None:
    first, second = sentences('Han sagde: "jeg kommer, og det bliver nu. Vent" – sagde han')
    assert first.words == ("han", "sagde", "jeg", "kommer", "og", "det", "bliver", "nu")
    assert first.clauses == (0, 0, 1, 1, 2, 2, 2, 2)
    assert first.cited == (False, False, True, True, True, True, True, True)
    assert second.cited == (True, False, False)


def test_an_open_quotation_mark_ends_with_its_paragraph() -> None:
    first, second = sentences('Han sagde "kom nu\n\nDet gjorde jeg')
    assert first.cited == (False, False, True, True)
    assert not any(second.cited)


@given(st.text(max_size=600))
def test_any_text_has_sentences_of_equal_rows(text: str) -> None:
    for one in sentences(text, {"jeg"}):
        assert len(one.words) == len(one.clauses) == len(one.cited) > 0


def test_text_without_full_stops_is_cut_with_an_overlap() -> None:
    parts = list(sentences("ord " * 1000))
    assert len(parts) > 2
    assert max(len(one.words) for one in parts) == 400


BAD = """
negations = ["ikke"]
idioms = ["~3 noget"]
mass_copy = {level = "yellow", why = "x"}
volume = {level = "yellow", why_burst = "x", why_nights = "x"}
unreadable = {level = "grey", why = "x"}
evasion = {level = "yellow", why = "x"}
weighed = {threat = "x", self_harm = "x", child_in_danger = "x", home_visit = "x"}
[[signal]]
id = "a"
kind = "threat"
level = "red"
why = "x"
phrases = ["[ingen] liste", "god nok"]
[[right]]
id = "complaint"
why = "x"
phrases = ["?"]
"""


def test_every_fault_of_a_bad_file_is_named_at_once() -> None:
    with pytest.raises(BadSignalWords) as caught:
        words_from(BAD)
    places = [fault.partition(":")[0] for fault in caught.value.faults]
    assert places == ["idioms", "a", "complaint"]


@pytest.mark.parametrize(
    ("text", "place"), [("x = ", "not TOML"), (BAD.replace('"threat"', '"noise"'), "signal.0.kind"), ("a = 1", "mass_copy")]
)
def test_a_file_of_another_shape_is_refused_with_its_place(text: str, place: str) -> None:
    with pytest.raises(BadSignalWords) as caught:
        words_from(text)
    assert caught.value.faults[0].startswith(place)

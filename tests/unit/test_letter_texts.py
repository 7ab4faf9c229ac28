"""The municipality's own letter texts: which file wins, and what is said of each mistake."""

import shutil

import pytest

from services.bad_input import BadInput
from services.letter_texts import INSTALLED, load, template
from workflows.letters import KINDS, LANGUAGES
from workflows.letters.texts import PLACEHOLDERS
from workflows.letters.tone import advice_on

DECISION = (INSTALLED / "da/decision.toml").read_text(encoding="utf-8")
COMMON = (INSTALLED / "da/common.toml").read_text(encoding="utf-8")
PHRASES = (INSTALLED / "da/phrases.toml").read_text(encoding="utf-8")


@pytest.fixture
def own(tmp_path):
    def write(name, text):
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")
        return str(tmp_path)

    return write


def faults(folder):
    with pytest.raises(BadInput) as found:
        load(folder)
    return [line.replace(f"{folder}/", "") for line in found.value.lines]


def test_the_own_folder_wins_file_by_file(own):
    folder = own("da/decision.toml", DECISION.replace("Vi har besluttet en ramme for din kontakt med os", "Vores egen titel"))
    texts = load(folder)
    assert texts["da"].letters["decision"].title == "Vores egen titel"
    assert texts["da"].letters["warning"] == load()["da"].letters["warning"]
    assert texts["en"] == load()["en"]
    assert template(folder) == INSTALLED / "letter.typ"


def test_an_own_common_part_is_in_every_letter_that_has_none_of_its_own(own):
    texts = load(own("da/common.toml", COMMON.replace('heading = "Dine oplysninger"', 'heading = "Personoplysninger"')))
    for kind in KINDS:
        assert "Personoplysninger" in {one.heading for one in texts["da"].letters[kind].parts}, kind


def test_an_own_part_can_be_added(own):
    text = DECISION.replace('"closing",', '"parking", "closing",') + '\n[parking]\nheading = "Parkering"\ntext = "Gratis."\n'
    parts = load(own("da/decision.toml", text))["da"].letters["decision"].parts
    assert [one.id for one in parts][-2:] == ["parking", "closing"]


def line_of(text, words):
    return text[: text.index(words)].count("\n") + 1


DATES = line_of(DECISION, '[dates]\nheading = "') + 2
MISTAKES = [
    ("$ends", "$end", ['dates.text: $end is no placeholder; did you mean "ends"?', "dates.text: must hold $ends"]),
    ("den $review", "snart", ["dates.text: must hold $review"]),
    ("$ends. Så", "$ends, 5 $. Så", ["dates.text: has a $ without a name after it; write $$ for the sign itself"]),
    ("[dates]", "[dates_]", ['dates_: is not among parts; did you mean "dates"?']),
    ('"way_back", ', "", ['parts: must name "way_back": a letter without it can\'t be sent']),
    ('"way_back", ', '"way_bakc", ', ['parts: "way_bakc" has no text here', 'parts: must name "way_back"']),
    ('"scope", ', '"scope", "scope", ', ['parts: "scope" is named twice']),
    ("title = ", "titel = ", ["title: is missing", "titel: is not among parts"]),
    ('heading = "Så længe gælder rammen"', "", ["dates.heading: is missing; write a text, in quotes"]),
    ('heading = "Så længe gælder rammen"', 'headnig = "x"', ["dates.headnig: is not known here", "dates.heading: is missing"]),
    ("\ntitle = ", "\nfacts_ = 3\ntitle = ", ["facts_: is not among parts"]),
    ("parts = [", 'parts = "opening"\nthese = [', ["parts: is missing; write the names of the letter's parts, in order"]),
    ("title = ", "title = = ", ["can't be read: Invalid value (at line"]),
]


@pytest.mark.parametrize(("old", "new", "said"), MISTAKES)
def test_a_mistake_is_named_with_its_file_and_mend(own, old, new, said):
    assert old in DECISION
    found = faults(own("da/decision.toml", DECISION.replace(old, new)))
    assert all(line.startswith("da/decision.toml") for line in found)
    assert [one for one in said if not any(one in line for line in found)] == [], found


def test_the_line_of_a_mistake_is_told(own):
    found = faults(own("da/decision.toml", DECISION.replace("den $review", "snart")))
    assert found == [f"da/decision.toml:{DATES}: dates.text: must hold $review"]


def test_a_common_part_must_say_what_the_citizen_is_owed(own):
    found = faults(own("da/common.toml", COMMON.replace("ring 112", "ring til os")))
    assert {line.partition(": ")[2] for line in found} == {'danger.text: must say "112"'}


PHRASE_MISTAKES = [
    ("ét sted: $mailbox.", "ét sted.", "measures.functional_mailbox: must hold $mailbox"),
    ("ét sted: $mailbox.", "ét sted: $mailbox $window.", "measures.functional_mailbox: $window is no placeholder"),
    ("closed_topic = ", "closed_topics = ", 'measures.closed_topics: is not known here; did you mean "measures.closed_topic"?'),
    ("closed_topic = ", "closed_topics = ", "measures.closed_topic: is missing"),
    ('[rules]\ntime_out = "alle kan bede om en pause"', "[rules]\ntime_out = 5", "rules.time_out: write a text, in quotes"),
]


@pytest.mark.parametrize(("old", "new", "said"), PHRASE_MISTAKES)
def test_a_phrase_that_is_wrong_is_named(own, old, new, said):
    assert old in PHRASES
    assert any(said in line for line in faults(own("da/phrases.toml", PHRASES.replace(old, new))))


def test_a_file_that_nobody_reads_is_told(own):
    folder = own("da/decison.toml", DECISION)
    assert faults(folder) == ['da/decison.toml: is no letter text; did you mean "da/decision.toml"?']


def test_a_file_that_is_no_text_is_told(own, tmp_path):
    folder = own("da/decision.toml", "")
    (tmp_path / "da/decision.toml").write_bytes(b"\xff\xfe")
    assert faults(folder)[0].startswith("da/decision.toml: can't be read:")


def test_what_an_editor_leaves_beside_the_texts_and_pictures_are_no_letter(own, tmp_path):
    folder = own("da/decision.toml", DECISION)
    (tmp_path / "logo.svg").write_text("<svg/>")
    (tmp_path / ".DS_Store").write_text("")
    assert load(folder)["da"] == load()["da"]


def test_an_own_folder_with_everything_in_it_says_the_same(tmp_path):
    shutil.copytree(INSTALLED, tmp_path / "letters", ignore=shutil.ignore_patterns("receipt.toml"))
    assert load(str(tmp_path / "letters")) == load()
    assert template(str(tmp_path / "letters")) == tmp_path / "letters/letter.typ"


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_installed_words_are_kind(language):
    words = load()[language]
    texts = [one.text for letter in words.letters.values() for one in letter.parts] + list(words.phrases.values())
    assert [one.en for text in texts for one in advice_on(text, language)] == []


def test_every_placeholder_is_used():
    texts = [one.text + letter.title for words in load().values() for letter in words.letters.values() for one in letter.parts]
    assert {one for one in PLACEHOLDERS if not any(f"${one}" in text for text in texts)} == set()

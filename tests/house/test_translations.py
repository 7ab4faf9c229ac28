"""Every text of the console has its English one, with the same places to fill in, and no English text is left over."""

import re
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

CONSOLE = Path(__file__).parents[2] / "services/console"
WAYS = [("**.py", "python"), ("**.html", "jinja2.ext:babel_extract")]
KEYWORDS = {"_": None, "N_": None, "gettext": None, "ngettext": (1, 2)}
PLACE = re.compile(r"%\((\w+)\)s")


@pytest.fixture(scope="module")
def texts():
    """Every text of the program: one, or a pair of one and many."""
    options = {"**.html": {"newstyle_gettext": "true", "trimmed": "false", "silent": "false"}}
    return {found[2] for found in extract_from_dir(CONSOLE, WAYS, options, KEYWORDS)}


@pytest.fixture(scope="module")
def english():
    with (CONSOLE / "translations/en.po").open("rb") as file:
        return {message.id: message for message in read_po(file, locale="en") if message.id}


def test_texts_are_found_in_code_and_templates(texts):
    assert {"Mit overblik", "Siden findes ikke", "Sagsbehandler"} <= texts


def test_every_text_has_its_english_one(texts, english):
    assert not sorted(map(str, texts - english.keys()))
    assert not [id for id, message in english.items() if message.fuzzy or not all(_forms(message.string))]


def test_no_english_text_is_left_over(texts, english):
    assert not sorted(map(str, english.keys() - texts))


def test_the_same_places_are_filled_in(english):
    for id, message in english.items():
        wanted = set(PLACE.findall(_forms(id)[-1]))
        for form in _forms(message.string)[-1:]:
            assert set(PLACE.findall(form)) == wanted, id


def _forms(text):
    return [text] if isinstance(text, str) else list(text)


TEMPLATES = sorted((CONSOLE / "templates").rglob("*.html"))
SAID = re.compile(r'(?:aria-label|title|alt|placeholder)="([^"]*)"')
CODE = re.compile(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", re.DOTALL)


@pytest.mark.parametrize("file", TEMPLATES, ids=lambda file: file.name)
def test_no_text_stands_in_a_template_untranslated(file):
    """What is left of a template without its code and tags is no word but the product's name."""
    text = CODE.sub("", file.read_text("utf-8"))
    left = re.sub(r"<[^>]*>", " ", re.sub(r'[\w-]+="[^"]*"', " ", text)) + " ".join(SAID.findall(text))
    assert re.findall(r"[^\W\d_]{2,}", left.replace("Rammevagt", "")) == []

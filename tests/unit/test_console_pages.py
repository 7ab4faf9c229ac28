"""What templates make of texts: those of the pages are translated, and everybody else's are only shown."""

import re

import pytest

from services.console.mail_words import RULES as NAMED
from services.console.web import TEMPLATES, environment
from workflows.identity import DOUBTS
from workflows.rules import RULES

HOSTILE = '<b>"100 %(x)s %"</b>'


def shown(text, language):
    return environment(language).from_string("{{ _(text) }}").render(text=text)


@pytest.mark.parametrize("language", ["da", "en"])
def test_what_is_no_text_of_the_pages_is_neither_markup_nor_a_format(language):
    assert shown(HOSTILE, language) == "&lt;b&gt;&#34;100 %(x)s %&#34;&lt;/b&gt;"
    assert shown("", language) == ""


def test_texts_of_the_pages_are_translated_and_filled():
    assert [shown("Log ind", one) for one in ("da", "en")] == ["Log ind", "Log in"]
    told = environment("en").from_string('{{ _("Vent til kl. %(time)s, og prøv så igen.", time=text) }}').render(text="<b>%s")
    assert "&lt;b&gt;%s" in told and "<b>" not in told


@pytest.mark.parametrize("file", sorted(TEMPLATES.rglob("*.html")), ids=lambda file: file.name)
def test_law_9_no_title_holds_what_somebody_is_called(file):
    """Titles stand in a browser's history, and on its tabs beside a screen that is shared."""
    [title] = re.findall(r"{% block title %}(.*?){% endblock %}", file.read_text("utf-8")) or [""]
    assert not re.search(r"citizen|name|address", title)


def test_law_8_every_rule_has_a_name_that_a_layman_reads():
    assert {*(one.name for one in RULES), *(name for name, _, _ in DOUBTS), "receipt", "not_evaluated"} == NAMED.keys()

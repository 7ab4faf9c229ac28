"""Playbooks: which one fits what happened, what a file of them must hold, and how its faults are told."""

import re
import tomllib

import pytest
import structlog

from services import playbook_texts
from services.bad_input import BadInput
from services.gather import CONFIG
from workflows.playbooks import LANGUAGES, SITUATIONS, Playbooks, for_incident, for_signals, playbooks_from

DANISH = CONFIG / "playbooks.da.toml"
LINE = "write one line of text, of 1 to {} characters, in quotes"


def table():
    return tomllib.loads(DANISH.read_text("utf-8"))


@pytest.mark.parametrize(
    ("signals", "found"),
    [
        ([("threat", "red")], ["threat_by_mail"]),
        ([("home_visit", "red")], ["threat_at_home"]),
        ([("self_harm", "red")], ["self_harm"]),
        ([("child_in_danger", "red")], ["child_in_danger"]),
        ([("insult", "yellow")], ["hateful_words"]),
        ([("exposure", "yellow")], ["exposure"]),
        ([("private_channel", "yellow")], ["private_channels"]),
        ([("volume", "yellow")], ["many_mails"]),
        (
            [("insult", "yellow"), ("child_in_danger", "red"), ("threat", "red")],
            ["threat_by_mail", "child_in_danger", "hateful_words"],
        ),
        ([("insult", "grey"), ("criticism", "grey"), ("unreadable", "yellow")], []),
        ([], []),
    ],
)
def test_signals_lead_to_their_playbooks_the_gravest_first(signals, found):
    assert list(for_signals(signals)) == found


@pytest.mark.parametrize(
    ("kinds", "channel", "found"),
    [
        (["threats"], "mail", "threat_by_mail"),
        (["threats"], "social_media", "threat_by_mail"),
        (["threats"], "phone", "threat_on_phone"),
        (["threats"], "meeting", "threat_on_phone"),
        (["physical_insecurity"], "meeting", "unannounced_visit"),
        (["physical_insecurity"], "private", "threat_at_home"),
        (["offensive_tone", "public_shaming"], "mail", "hateful_words"),
        (["public_shaming"], "social_media", "exposure"),
        (["private_contact"], "private", "private_channels"),
        (["volume"], "mail", "many_mails"),
        (["outside_working_hours"], "mail", "many_mails"),
        (["volume", "threats"], "mail", "threat_by_mail"),
        ([], "phone", "after_hard_conversation"),
    ],
)
def test_an_incident_leads_to_the_gravest(kinds, channel, found):
    assert for_incident(kinds, channel) == found


def test_the_installed_ones_are_whole_in_both_languages_and_ask_for_the_same_people():
    both = playbook_texts.load()
    assert tuple(both) == LANGUAGES
    for one in SITUATIONS:
        da, en = both["da"].of(one), both["en"].of(one)
        assert [call.who for call in da.call] == [call.who for call in en.call], one
        for part in ("do", "say", "end_when", "end_say", "write", "leader"):
            assert len(getattr(da, part)) == len(getattr(en, part)), (one, part)


def test_the_words_that_a_municipality_avoids_are_in_none():
    """``domain.md`` (h): a citizen is never called such things, in no text that staff read either."""
    avoided = re.compile(r"blokere|sortliste|karantæne|kværulant|besværlig|\bspam\b", re.IGNORECASE)
    assert not avoided.findall(DANISH.read_text("utf-8"))


def test_where_a_life_may_be_in_danger_the_first_number_is_112():
    """Where a life may be in danger, 112 is the first number, and nothing says that a mail may be deleted."""
    for playbooks in playbook_texts.load().values():
        for one in ("threat_by_mail", "threat_on_phone", "threat_at_home", "self_harm", "child_in_danger", "unannounced_visit"):
            assert playbooks.of(one).call[0].who == "emergency"
    assert "slet den ikke" in " ".join(playbook_texts.load()["da"].threat_by_mail.do)


@pytest.mark.parametrize(
    ("change", "path", "message"),
    [
        (lambda one: one.pop("exposure"), ("exposure",), "is missing"),
        (lambda one: one.update(exposur=one["exposure"]), ("exposur",), 'is not known here; did you mean "exposure"?'),
        (lambda one: one["exposure"].pop("do"), ("exposure", "do"), "is missing"),
        (lambda one: one["exposure"].update(say=[]), ("exposure", "say"), "needs at least one entry"),
        (lambda one: one["exposure"].update(say="Hej"), ("exposure", "say"), "write a list, such as [one, two]"),
        (lambda one: one["exposure"]["say"].append(" "), ("exposure", "say", 2), LINE.format(200)),
        (lambda one: one["exposure"].update(first="x" * 71), ("exposure", "first"), LINE.format(70)),
        (lambda one: one["exposure"]["call"][0].update(who="boss"), ("exposure", "call", 0, "who"), None),
        (lambda one: one.update(shaken=3), ("shaken",), "write a list, such as [one, two]"),
    ],
)
def test_what_is_wrong_is_told_by_its_place(change, path, message):
    one = table()
    change(one)
    [fault] = playbooks_from(one)
    assert fault.path == path
    assert message is None or fault.message == message
    if message is None:
        assert '"boss" is none of emergency, police, leader' in fault.message


def test_the_municipalitys_own_file_goes_before_the_installed_one(tmp_path):
    own = DANISH.read_text("utf-8").replace("Svar ikke derfra", "Svar aldrig derfra")
    (tmp_path / "playbooks.da.toml").write_text(own, "utf-8")
    found = playbook_texts.load(str(tmp_path))
    assert found["da"].private_channels.first.startswith("Svar aldrig derfra")
    assert found["en"] == playbook_texts.load()["en"] and isinstance(found["en"], Playbooks)


def test_every_fault_of_own_files_is_told_at_once_with_its_line(tmp_path):
    text = DANISH.read_text("utf-8").replace('who = "crisis_line"', 'who = "crisis"').replace("[exposure]", "[expose]")
    (tmp_path / "playbooks.da.toml").write_text(text, "utf-8")
    (tmp_path / "playbooks.en.toml").write_text("shaken = [", "utf-8")
    (tmp_path / "playbook.da.toml").write_text("", "utf-8")
    with pytest.raises(BadInput) as told:
        playbook_texts.load(str(tmp_path))
    lines = [line.removeprefix(f"{tmp_path}/") for line in told.value.lines]
    number = next(at for at, line in enumerate(text.split("\n"), 1) if line == "[expose]")
    assert lines[0] == 'playbook.da.toml: is no playbook file; did you mean "playbooks.da.toml"?'
    assert "playbooks.da.toml: exposure: is missing" in lines
    assert f'playbooks.da.toml:{number}: expose: is not known here; did you mean "exposure"?' in lines
    assert any(re.match(r'playbooks\.da\.toml:\d+: self_harm\.call\.3\.who: "crisis" is none of', line) for line in lines)
    assert lines[-1].startswith("playbooks.en.toml: can't be read: ")


def test_own_files_with_a_fault_are_not_taken_and_the_installed_ones_are_shown(tmp_path):
    """A slip in a text stops neither the guard nor the page that somebody needs now."""
    (tmp_path / "playbooks.da.toml").write_text("shaken = []", "utf-8")
    with structlog.testing.capture_logs() as said:
        assert playbook_texts.playbooks(str(tmp_path)) == playbook_texts.load()
    [one] = said
    assert (one["event"], one["log_level"], one["folder"]) == ("playbooks_not_taken", "error", str(tmp_path))
    assert one["faults"] == 1 + len(SITUATIONS)

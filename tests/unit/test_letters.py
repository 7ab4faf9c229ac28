"""Letters: whole ones in both languages, and every way in which one is not finished."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fakes.letters import HEAD, MEASURES, framework, matter, step
from hypothesis import given
from hypothesis import strategies as st

from services.letter_texts import load
from services.settings import ZONE
from workflows.dossier import Decided
from workflows.letters import KINDS, LANGUAGES, TITLE, Letter, Unfinished, as_text, blocks, changes, compose, finished, preview
from workflows.letters.language import written_days, written_hours
from workflows.letters.parts import FIXED, MANDATORY, NAMES, WORDS
from workflows.letters.shapes import Block, Hours
from workflows.letters.texts import LetterText
from workflows.letters.values import clean
from workflows.letters.wanted import WANTED, cut, empty, gone, unsaid

GOLDEN = Path(__file__).parent / "letters"
TEXTS = load()
EVERY = [(kind, language) for kind in KINDS for language in LANGUAGES]
EVERY_PART = [(kind, part) for kind in KINDS for part in MANDATORY[kind]]


def written(kind, language="da", edited=None, **matter_):
    return compose(kind, matter(kind, **matter_), TEXTS[language], edited)


def said(letter):
    return {one.da for one in letter.missing}


@pytest.mark.parametrize(("kind", "language"), EVERY)
def test_a_whole_letter(kind, language):
    """What the citizen reads, word by word. A change of words is a change of these files: read the letter aloud."""
    letter = finished(written(kind, language))
    assert as_text(letter) == (GOLDEN / f"{kind}.{language}.txt").read_text(encoding="utf-8")
    assert letter.advice == ()


@pytest.mark.parametrize(("kind", "language"), EVERY)
def test_a_letter_is_a_document(kind, language):
    letter = written(kind, language)
    assert Letter.model_validate_json(letter.model_dump_json()) == letter


@pytest.mark.parametrize(("kind", "part"), EVERY_PART)
def test_a_part_that_is_emptied_stops_the_letter(kind, part):
    letter = written(kind, edited={part: " \n\n "})
    assert letter.missing == (empty(NAMES[part]),)
    with pytest.raises(Unfinished) as refused:
        finished(letter)
    assert refused.value.because == (empty(NAMES[part]),)


@pytest.mark.parametrize(("kind", "part"), EVERY_PART)
def test_a_part_that_the_texts_lack_stops_the_letter(kind, part):
    text = TEXTS["da"].letters[kind]
    without = LetterText(text.title, tuple(one for one in text.parts if one.id != part))
    words = replace(TEXTS["da"], letters={**TEXTS["da"].letters, kind: without})
    assert compose(kind, matter(kind), words).missing == (gone(NAMES[part]),)


@pytest.mark.parametrize(
    ("kind", "part", "words"),
    [(kind, part, words["da"]) for kind in KINDS for part, words in WORDS.items() if part in {*MANDATORY[kind]} - FIXED],
)
def test_a_word_that_the_citizen_is_owed_stays(kind, part, words):
    default = next(one.text for one in written(kind).sections if one.id == part)
    for word in words:
        edited = re.sub(word, "…", default, flags=re.IGNORECASE)
        assert any(f"“{word.split('|')[0]}”" in one for one in said(written(kind, edited={part: edited}))), word


SETTINGS_GONE = [("phone", ""), ("phone_hours", ()), ("urgent_phone", ""), ("dpo", "")]


@pytest.mark.parametrize(("name", "nothing"), SETTINGS_GONE)
def test_what_operations_have_not_written_is_named(name, nothing):
    assert written("decision", head=replace(HEAD, **{name: nothing})).missing == (WANTED[name],)
    assert f"letters.{name}" in WANTED[name].da


GROUND_GONE = [
    ("warning", {"happenings": []}, ["happenings"]),
    ("warning", {"burden": " "}, ["burden"]),
    ("decision", {"happenings": []}, ["happenings"]),
    ("decision", {"way_back": None}, ["way_back"]),
    ("hearing", {"happenings": []}, ["happenings"]),
]


@pytest.mark.parametrize(("kind", "ground", "names"), GROUND_GONE)
def test_what_the_leader_has_not_answered_is_asked_for(kind, ground, names):
    assert written(kind, ground=ground).missing == tuple(WANTED[one] for one in names)


FRAMEWORK_GONE = [
    ({"measures": []}, ["measures"]),
    ({"scope": None}, ["scope"]),
    ({"reason": ""}, ["reason"]),
    ({"milder_means": []}, ["milder"]),
    ({"legal_basis": None}, ["legal_basis"]),
    ({"starts": None}, ["starts"]),
    ({"review": None}, ["review"]),
    ({"ends": None}, ["ends"]),
]


@pytest.mark.parametrize(("changed", "names"), FRAMEWORK_GONE)
def test_what_the_framework_lacks_is_asked_for(changed, names):
    assert written("decision", changed=changed).missing == tuple(WANTED[one] for one in names)


RECORD_GONE = [
    ("warning", "expects", "expects"),
    ("warning", "consequence", "consequence"),
    ("warning", "talk", "talk"),
    ("urgent", "threat", "threat"),
    ("extension", "milder_not_enough", "milder"),
    ("easing", "because", "because"),
    ("lifting", "because", "because"),
    ("upheld", "because", "because"),
    ("apology", "cause", "because"),
    ("apology", "breach", "breach"),
]


@pytest.mark.parametrize(("kind", "field", "name"), RECORD_GONE)
def test_what_the_move_does_not_say_is_asked_for(kind, field, name):
    assert written(kind, record={field: "  "}).missing == (WANTED[name],)


@pytest.mark.parametrize("kind", KINDS)
def test_a_letter_about_a_move_that_nobody_has_begun_asks_for_it(kind):
    """While somebody writes, there is no record yet: that is no error, only something that is missing."""
    begun = compose(kind, replace(matter(kind), record=None), TEXTS["da"])
    wanted = {"hearing": {"answer_by"}, "warning": {"expects", "consequence", "talk"}, "urgent": {"threat"}, "decision": {"reply"}}
    wanted |= {"extension": {"happenings", "milder"}, "apology": {"because", "breach"}}
    assert said(begun) == {WANTED[one].da for one in wanted.get(kind, {"because"})}


def test_a_move_that_was_made_is_what_the_letter_tells_of():
    was = matter("hearing")
    made = replace(
        was, record=None, dossier=was.dossier.model_copy(update={"steps": (step(**was.record.model_dump(mode="json")),)})
    )
    assert compose("hearing", made, TEXTS["da"]) == compose("hearing", was, TEXTS["da"])


# -- what an author may not leave out
ONLY_WRITTEN = "Vi har kontakt på skrift og ikke i telefonen. Er det svært for dig at skrive, finder vi en anden måde."
NOT_ELSEWHERE = "Den gælder ikke dine andre sager, og den gælder ikke andre dele af kommunen. Der kontakter du os, som du plejer."
REWRITTEN = [
    ("decision", "dates", "Rammen gælder fra den 2. november 2026 til engang i 2027.", ["15. januar 2027", "2. februar 2027"]),
    (
        "decision",
        "measures",
        "Du skriver til bf-kontakt@eksempel.dk.",
        [ONLY_WRITTEN, "per@eksempel.dk", "tirsdag og torsdag", "kl. 10-12"],
    ),
    ("decision", "scope", "Rammen gælder din sag.", ["s-77", NOT_ELSEWHERE]),
    ("decision", "help", "Ring, hvis det er svært.", ["87 65 43 21", "mandag til torsdag kl. 9-15 og fredag kl. 9-12.30"]),
    ("decision", "danger", "Ring til 87 65 43 00.", ["112"]),
    ("decision", "answers", "Du får svar.", ["bf-kontakt@eksempel.dk", "5 arbejdsdage", "Lene Lund"]),
    ("decision", "closing", "Hilsen Lene Lund", ["Børn og Familie", "Eksempel Kommune"]),
    ("hearing", "reply", "Skriv til bf-kontakt@eksempel.dk, når du kan.", ["13. november 2026"]),
    ("urgent", "dates", "Rammen gælder fra den 2. november 2026.", ["6. november 2026"]),
    ("lifting", "ended", "Rammen er slut.", ["30. oktober 2026"]),
]


@pytest.mark.parametrize(("kind", "part", "text", "owed"), REWRITTEN)
def test_what_is_rewritten_still_says_what_the_citizen_is_owed(kind, part, text, owed):
    letter = written(kind, edited={part: text})
    assert [one.da.split("“")[1].split("”")[0] for one in letter.missing] == owed
    assert all(NAMES[part].da in one.da and NAMES[part].en in one.en for one in letter.missing)
    assert next(one for one in letter.sections if one.id == part).text == text


FALSE = [  # near what is owed, and something else
    ("dates", "2. november 2026", "12. november 2026"),
    ("dates", "2. februar 2027", "22. februar 2027"),
    ("answers", "5 arbejdsdage", "25 arbejdsdage"),
    ("answers", "bf-kontakt@eksempel.dk", "ny.bf-kontakt@eksempel.dk"),
    ("answers", "bf-kontakt@eksempel.dk", "bf-kontakt@eksempel.dk.example"),
    ("measures", "kl. 10-12", "kl. 10-12.30"),
    ("scope", "s-77", "s-771"),
    ("danger", "112", "33112"),
    ("danger", "112", "1120"),
    ("data", "Datatilsynet", "Xdatatilsynet"),
]


@pytest.mark.parametrize(("part", "owed", "instead"), FALSE)
def test_what_the_citizen_is_owed_is_no_piece_of_something_else(part, owed, instead):
    default = next(one.text for one in written("decision").sections if one.id == part)
    assert owed in default
    letter = written("decision", edited={part: re.sub(re.escape(owed), instead, default, flags=re.IGNORECASE)})
    assert [one.da.split("“")[1].split("”")[0] for one in letter.missing] == [owed]


def test_a_name_and_a_word_may_have_their_ending():
    default = next(one.text for one in written("decision").sections if one.id == "answers")
    own = {"answers": default.replace("Lene Lund er leder", "Rammen er Lene Lunds ansvar")}
    own |= {"objection": "Skriv til bf-kontakt@eksempel.dk, Ankestyrelsen eller Folketingets OMBUDSMANDEN."}
    assert written("decision", edited=own).missing == ()


OWN_WORDS = [  # the part, what stands in its place, and how what is gone begins
    ("decision", "facts", "Den 12. oktober 2026 og den 14. oktober 2026 skete der noget.", ["“Jeg ved", "Du ringede", "Du har"]),
    ("decision", "reasons", "Se tidligere.", ["Medarbejderne", "Et møde om", "Vi holdt det", "kommunens ret"]),
    ("decision", "way_back", "-", ["Har der ikke"]),
    ("warning", "effect", "Det er træls.", ["Flere medarbejdere"]),
    ("warning", "expectation", "Opfør dig ordentligt.", ["Skriv til os"]),
    ("warning", "consequence", "Så sker der noget.", ["Sker det igen"]),
    ("urgent", "facts", "Den 12. oktober 2026 og den 14. oktober 2026.", ["Den 29. oktober"]),
    ("extension", "reasons", "Sådan er det.", ["Medarbejderne", "Den 10. januar", "kommunens ret"]),
    ("lifting", "because", "Derfor.", ["Vi har haft"]),
    ("apology", "breach", "Nej.", ["En medarbejder"]),
]


@pytest.mark.parametrize(("kind", "part", "text", "gone_words"), OWN_WORDS)
def test_what_was_written_about_the_matter_stays_in_its_letter(kind, part, text, gone_words):
    letter = written(kind, edited={part: text})
    told = [one.da.split("“", 1)[1] for one in letter.missing]
    assert [one.startswith(begins) for one, begins in zip(told, gone_words, strict=True)] == [True] * len(told)
    assert all(NAMES[part].da in one.da and "ret det i feltet" in one.da for one in letter.missing)


def test_what_is_added_around_it_is_the_author_s():
    default = {one.id: one.text for one in written("decision").sections}
    own = {one: f"Tak, fordi du læser med.\n\n{text}\n\nRing endelig." for one, text in default.items()}
    assert finished(written("decision", edited=own))


def test_an_answer_that_came_after_the_author_s_words_is_not_forgotten():
    """Who mends the facts first, and then writes what the citizen answered, has mended an older text."""
    before = written("decision", record={"objections": ""})
    facts = next(one.text for one in before.sections if one.id == "facts") + "\n\nDet er alvorligt."
    answer = "Du skrev, at du var presset."
    assert written("decision", edited={"facts": facts}, record={"objections": answer}).missing == (unsaid(NAMES["facts"], answer),)


@pytest.mark.parametrize("kind", [one for one in KINDS if "open" in MANDATORY[one]])
def test_law_5_the_open_roads_can_be_added_to_and_nothing_else(kind):
    default = next(one.text for one in written(kind).sections if one.id == "open")
    assert written(kind, edited={"open": default + "\n\nDu er også velkommen i vores borgercafé."}).missing == ()
    turned = "Vi beklager, at vi undersøger det. Brug ikke Digital Post. Du kan ikke lade dig repræsentere eller have en bisidder."
    for text in (turned, default.replace("klage", "beklage"), default.partition("\n\n")[2], default.replace("altid", "ikke")):
        assert written(kind, edited={"open": text}).missing == (cut(NAMES["open"]),)


def test_own_words_win_and_may_say_it_otherwise():
    own = "Rammen begynder den 2.  november 2026.\n\nDen slutter den 2. FEBRUAR 2027, og vi ser på den senest den 15. januar 2027."
    letter = finished(written("decision", edited={"dates": own, TITLE: "  Om  din\nkontakt "}))
    assert own in as_text(letter).replace("\nsenest", " senest") or "Rammen begynder" in as_text(letter)
    assert letter.title == "Om din kontakt"


def test_a_letter_needs_a_title_and_a_reader():
    assert said(written("lifting", edited={TITLE: " "})) == {"Giv brevet en overskrift."}
    nobody = replace(matter("lifting"), recipient=(" ",), citizen=matter("lifting").citizen.model_copy(update={"name": " "}))
    assert "Skriv, hvem brevet er til." in said(compose("lifting", nobody, TEXTS["da"]))


# -- the law's turns
def test_who_did_not_answer_the_hearing_is_told_so():
    text = as_text(written("decision", record={"answered": False, "objections": None}))
    assert "bad om dit svar senest den 28. oktober 2026" in " ".join(text.split())


def test_a_hearing_after_an_urgent_decision_says_what_holds_now():
    urgent = {"move": "activated_urgently", "threat": "…", "letter": "l-0"}
    text = " ".join(as_text(finished(written("hearing", made=[urgent]))).split())
    assert "Lige nu gælder der en foreløbig ramme" in text
    assert "Vi har ikke besluttet noget endnu." not in text


def test_an_answer_to_the_hearing_has_to_be_weighed():
    assert said(written("decision", record={"objections": " "})) == {WANTED["reply"].da}


INTRUSIVE = {"measures": [*MEASURES, {"kind": "closed_topic", "topic": "Carporten"}]}


def test_degree_three_is_called_a_decision_and_says_why_nobody_was_heard():
    unheard = [{"move": "drafted"}]
    letter = written("decision", changed=INTRUSIVE, made=unheard, record={"answered": None, "objections": None})
    assert said(letter) == {WANTED["no_hearing"].da}
    told = written("decision", changed=INTRUSIVE, made=unheard, record={"no_hearing_because": "Det hastede."})
    text = " ".join(as_text(finished(told)).split())
    assert "er en afgørelse efter forvaltningsloven" in text
    assert "Vi har ikke hørt dig, før vi besluttede rammen. Det hastede." in text
    practical = written("decision", changed={"measures": [{"kind": "attendance_by_appointment"}]})
    assert "forvaltningsloven" not in as_text(practical)


def test_an_extension_without_an_incident_says_why():
    letter = written("extension", record={"happenings": [], "without_incident_because": "Truslen gælder stadig."})
    assert "Truslen gælder stadig." in as_text(finished(letter))


def test_an_extension_tells_of_its_successor_once_it_is_decided():
    decided = matter("extension")
    successor = framework(starts="2027-02-03", review="2027-03-01", ends="2027-04-02")
    dossier = decided.dossier.model_copy(update={"successor": successor})
    assert "2. april 2027" in as_text(compose("extension", replace(decided, dossier=dossier), TEXTS["da"]))


SCOPES = [
    ({"units": ["boern-familie"]}, "Rammen gælder din kontakt med Børn og Familie."),
    ({"municipality": True}, "Rammen gælder din kontakt med hele Eksempel Kommune."),
    ({"cases": ["s-77", "s-78"]}, "Rammen gælder din sag s-77 hos Børn og Familie og din sag s-78."),
]


@pytest.mark.parametrize(("scope", "sentence"), SCOPES)
def test_what_a_framework_covers_is_written_out(scope, sentence):
    assert sentence in " ".join(as_text(written("decision", changed={"scope": scope})).split())


MEASURE_SENTENCES = [
    ({"kind": "functional_mailbox", "mailbox": "x@eksempel.dk"}, "Du skriver til os ét sted: x@eksempel.dk."),
    (
        {"kind": "fixed_contact", "contact": "per@eksempel.dk"},
        "Du har én fast kontaktperson hos os: Per Poulsen (per@eksempel.dk).",
    ),
    (
        {"kind": "contact_window", "days": ["thu", "tue"], "from": "10:00", "to": "12:00"},
        "Vi svarer dig og tager telefonen tirsdag og torsdag kl. 10-12.",
    ),
    (
        {
            "kind": "limited_calls",
            "number": "87 65 43 22",
            "days": ["mon", "tue", "wed", "thu", "fri"],
            "from": "09:30",
            "to": "10:00",
        },
        "Du kan ringe til os på 87 65 43 22 mandag til fredag kl. 9.30-10.",
    ),
    (
        {"kind": "meeting_rules", "rules": ["time_out", "two_employees", "companion_welcome"], "place": "Rådhuset, lokale 2"},
        "Når vi mødes, gælder det, at alle kan bede om en pause, der er to medarbejdere med og du gerne må tage en bisidder med. "
        "Møderne holdes her: Rådhuset, lokale 2.",
    ),
    ({"kind": "attendance_by_appointment"}, "Vil du møde os, så aftal en tid først. Skriv eller ring, så finder vi en."),
    ({"kind": "closed_topic", "topic": "Carporten"}, "Emnet “Carporten” er afsluttet."),
]


@pytest.mark.parametrize(("measure", "sentence"), MEASURE_SENTENCES, ids=lambda one: one["kind"] if isinstance(one, dict) else "")
def test_a_measure_is_written_out(measure, sentence):
    text = as_text(written("decision", changed={"measures": [measure]}, record={"no_hearing_because": "…"}))
    assert sentence in " ".join(text.split())


def test_a_unit_without_a_mailbox_is_asked_to_have_one():
    was = matter("decision")
    bare = was.units["boern-familie"].model_copy(update={"functional_mailbox": None, "main_mailbox": None})
    assert WANTED["mailbox"] in compose("decision", replace(was, units={"boern-familie": bare}), TEXTS["da"]).missing


# -- tone
@pytest.mark.parametrize(
    ("text", "warned"),
    [
        ("Du er ubehagelig over for os.", True),
        ("Den 12. oktober 2026 skrev du, at Karen skulle passe på.", False),
        ("Du er altid velkommen til at ringe.", False),
        ("Er du uenig, så skriv. Det er i orden, hvis du er uenig.", False),
        ("Din adresse er blokeret.", True),
        ("Du er en besværlig kværulant.", True),
    ],
)
def test_a_letter_tells_what_was_done_and_not_what_somebody_is(text, warned):
    letter = written("warning", ground={"burden": text})
    assert bool(letter.advice) == warned
    assert letter.missing == ()  # advice stops nothing: a citizen's own words may have to be told


# -- showing
def test_the_preview_shows_each_part_beside_the_standard_text():
    default = written("lifting")
    own = next(one.text for one in default.sections if one.id == "because") + " Tak for det."
    shown = {one.id: one for one in preview(written("lifting", edited={"because": own}))}
    assert [one.id for one in default.sections] == list(shown)
    assert shown["because"].default in shown["because"].text
    assert [one for one in shown["because"].changes if one.kind != "same"] == [("added", " Tak for det.")]
    assert shown["ended"].changes == () and shown["ended"].mandatory and not shown["opening"].mandatory
    assert shown["ended"].blocks == (Block("text", (shown["ended"].text,)),)


@given(st.text(), st.text())
def test_changes_give_back_both_texts(default, edited):
    found = changes(default, edited)
    assert "".join(one.text for one in found if one.kind != "added") == default
    assert "".join(one.text for one in found if one.kind != "removed") == edited


def test_blocks_of_a_text():
    assert blocks("En\nto\n- tre\n- fire\n\nfem\n\n\n") == (
        Block("text", ("En", "to")),
        Block("list", ("tre", "fire")),
        Block("text", ("fem",)),
    )


@given(st.text())
def test_no_text_of_an_author_breaks_a_letter(text):
    letter = written("decision", edited={"way_back": text, TITLE: text}, record={"objections": text or "x"})
    assert clean(as_text(letter)) == as_text(letter)


def test_a_decision_is_told_by_its_danish_day():
    """Half past eleven at night in UTC is the next day here."""
    late = replace(HEAD, zone=ZONE)
    was = matter("lifting", head=late)
    night = was.dossier.steps[0].model_copy(update={"at": datetime(2026, 8, 3, 23, 30, tzinfo=UTC)})
    told = compose("lifting", replace(was, dossier=was.dossier.model_copy(update={"steps": (night,)})), TEXTS["da"])
    assert "Rammen blev besluttet den 4. august 2026." in as_text(told)


def test_what_cannot_stand_on_paper_is_left_out():
    assert clean("A\u0301\r\nb\x00\u202ec\td\u00ad") == "\u00c1\nbc d"


def test_a_record_of_another_kind_is_not_told_of():
    other = Decided(move="decided", objections="Noget andet")
    assert "Noget andet" not in as_text(compose("lifting", replace(matter("lifting"), record=other), TEXTS["da"]))


@pytest.mark.parametrize(
    ("days", "danish", "english"),
    [
        (("tue", "thu"), "tirsdag og torsdag", "Tuesday and Thursday"),
        (("fri",), "fredag", "Friday"),
        (("mon", "tue", "wed"), "mandag til onsdag", "Monday to Wednesday"),
        (("wed", "mon", "fri", "mon"), "mandag, onsdag og fredag", "Monday, Wednesday and Friday"),
    ],
)
def test_days(days, danish, english):
    assert (written_days(days, "da"), written_days(days, "en")) == (danish, english)


def test_hours():
    found = Hours(("mon",), "08:30", "24:00")
    assert (written_hours(found, "da"), written_hours(found, "en")) == ("mandag kl. 8.30-24", "Monday 08:30-24:00")

"""A hearing counts for what the citizen was heard about, and for nothing that was added since (FVL § 19; trap 5, D3)."""

from datetime import timedelta

import pytest
from fakes.dossiers import (
    AROUND,
    GROUND,
    LENE,
    NOW,
    TODAY,
    WORDS,
    actor,
    done,
    draft,
    framework,
    happening,
    record,
    refused,
    told,
    try_,
    urgent,
)

from workflows.dossier import Dossier, Heard
from workflows.hearing import DAYS, HAPPENINGS, MEASURES, REASON, SCOPE
from workflows.lifecycle import Moved
from workflows.lifecycle_writing import written

ANSWERED = {"answered": True, "objections": "Borgeren er uenig. Det ændrer ikke noget."}
TWICE = (happening(), happening(TODAY - timedelta(days=1)))
BOTH = {"happenings": TWICE}
WIDE = {"scope": {"municipality": True}}
CLOSED = {"kind": "closed_topic", "topic": "Afslaget"}


def heard(ground=GROUND, **changes) -> Dossier:
    """Heard about a draft with these fields; the letter has arrived."""
    return told(done(rewritten(draft(), ground, **changes), "heard"), "l-h")


def rewritten(one: Dossier, ground=GROUND, **changes) -> Dossier:
    found = written(one, ground, framework(**changes), actor(LENE), AROUND)
    assert isinstance(found, Dossier), found
    return found


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"measures": [*WORDS["measures"], {"kind": "attendance_by_appointment"}]}, MEASURES),
        ({"scope": {"units": ["bf"]}}, SCOPE),
        ({"scope": {"cases": ["s-1", "s-2"]}}, SCOPE),
        (WIDE, SCOPE),
        ({"reason": "Mange mails om natten. Og en trussel i maj."}, REASON),
        ({"ends": TODAY + timedelta(days=120)}, DAYS),
    ],
)
def test_what_was_made_heavier_since_the_hearing_is_not_decided(changes, sentence):
    assert sentence.da in refused(try_(rewritten(heard(), **changes), "decided", **ANSWERED))


def test_heard_on_letters_for_one_case_is_not_heard_on_a_closed_topic_everywhere():
    one = rewritten(heard(measures=[{"kind": "written_only"}]), measures=[CLOSED], **WIDE)
    found = refused(try_(one, "decided", **ANSWERED, lawyer="jura@eksempel.dk", lawyer_says="Ja."))
    assert found == [MEASURES.da, SCOPE.da]


@pytest.mark.parametrize(
    "new",
    [
        happening(TODAY),
        happening().model_copy(update={"what": "Skrev 14 mails på én nat. Han truede også."}),
        happening().model_copy(update={"channel": "meeting"}),
    ],
)
def test_what_happened_or_was_added_after_the_hearing_carries_no_decision(new):
    ground = GROUND.model_copy(update={"happenings": (happening(), new)})
    one = rewritten(heard(), ground)
    assert refused(try_(one, "decided", **ANSWERED)) == [HAPPENINGS.da]
    again = done(one, "heard", around=_with_letter("l-h2"), letter="l-h2")
    assert isinstance(try_(told(again, "l-h2"), "decided", **ANSWERED), Moved)


def _with_letter(id: str):
    return AROUND.__class__(AROUND.organisation, AROUND.policy, AROUND.cases, {**AROUND.letters, id: "hearing"})


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({}, {"measures": WORDS["measures"][:1]}),
        ({}, {"ends": TODAY + timedelta(days=80)}),
        ({}, {"starts": TODAY + timedelta(days=10), "ends": TODAY + timedelta(days=100)}),  # later, and no longer
        ({"reason": "Mange mails om natten. Og om dagen."}, {"reason": "Mange mails\nom natten."}),
        ({"scope": {"units": ["bf"]}}, {"scope": {"cases": ["s-1"]}}),
        ({"scope": {"cases": ["s-1", "s-2"]}}, {"scope": {"cases": ["s-1"]}}),
        ({}, {"legal_basis": "Et andet grundlag."}),
    ],
)
def test_what_was_taken_out_or_made_narrower_needs_no_new_hearing(before, after):
    one = rewritten(heard(GROUND.model_copy(update=BOTH), **before), GROUND, **after)
    assert isinstance(try_(one, "decided", **ANSWERED), Moved)


def test_of_several_hearings_the_last_one_counts():
    one = told(done(rewritten(heard(), measures=[CLOSED]), "heard", around=_with_letter("l-h2"), letter="l-h2"), "l-h2")
    assert MEASURES.da in refused(try_(rewritten(one), "decided", **ANSWERED))


def test_beside_an_urgent_framework_the_citizen_is_heard_about_what_is_to_follow():
    one = told(done(rewritten(urgent(), measures=[{"kind": "written_only"}]), "heard"), "l-h")
    assert isinstance(try_(one, "decided", **ANSWERED), Moved)
    assert refused(try_(rewritten(one), "decided", **ANSWERED)) == [MEASURES.da]


def test_an_urgent_framework_of_degree_3_is_not_covered_by_a_hearing_about_something_else():
    one = rewritten(heard(), measures=[CLOSED])
    [sentence] = refused(try_(one, "activated_urgently"))
    assert sentence.startswith("Rammen griber ind i grad 3.")
    assert isinstance(try_(heard(measures=[CLOSED]), "activated_urgently"), Moved)


def test_nobody_says_themselves_what_a_hearing_was_about():
    forged = {"happenings": [one.model_dump() for one in TWICE], "reason": "Noget andet.", "days": 900}
    one = done(draft(), "heard", about=forged)
    assert isinstance(one.steps[-1].record, Heard)
    assert one.steps[-1].record.about == heard().last("heard").record.about


def test_a_hearing_that_an_older_version_noted_stays_valid():
    step = heard().steps[-1]
    old = heard().model_copy(update={"steps": (*heard().steps[:-1], step.model_copy(update={"record": record("heard")}))})
    one = rewritten(Dossier.model_validate_json(old.model_dump_json(exclude_none=True)), measures=[WORDS["measures"][0]], **WIDE)
    assert SCOPE.da not in refused(try_(one, "decided", at=NOW, **ANSWERED))

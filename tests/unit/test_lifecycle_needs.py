"""What somebody has to do next, and by when."""

from datetime import date, datetime, timedelta

import pytest
from fakes.dossiers import (
    AROUND,
    DPO,
    GROUND,
    HANS,
    JURA,
    KAREN,
    LENE,
    MIA,
    NOW,
    OTHER_LEADER,
    POLICY,
    TODAY,
    active,
    actor,
    decided,
    done,
    draft,
    framework,
    told,
    try_,
    urgent,
)

from workflows.dossier import Dossier
from workflows.lifecycle import begin, send_back
from workflows.lifecycle_needs import due_on, needs, needs_of, stage
from workflows.lifecycle_who import GUARD

REVIEW, ENDS = TODAY + timedelta(days=60), TODAY + timedelta(days=90)
ON_REVIEW = datetime(2027, 1, 22, 9, tzinfo=POLICY.zone)
ADVISED = {"lawyer": JURA, "lawyer_says": "Det kan I godt."}
PROPOSED = try_(draft(ends=date(2027, 6, 1)), "decided", **ADVISED).dossier
REVIEWED = done(active(), "due_for_review", GUARD, ON_REVIEW, trigger="date")
UPHELD = done(done(active(), "reconsideration_asked"), "upheld", OTHER_LEADER)
IN_2028 = {"starts": date(2028, 2, 15), "review": date(2028, 3, 1), "ends": date(2028, 3, 30)}


@pytest.mark.parametrize(
    ("dossier", "what", "by", "who"),
    [
        (done(begin("f-1", "c-1"), "reported", KAREN), "take_up", date(2026, 11, 24), "leader"),
        (draft(), "write", date(2026, 12, 7), "leader"),
        (done(draft(), "warned"), "deliver", date(2026, 11, 24), "leader"),
        (told(done(draft(), "warned"), "l-w"), "see", date(2026, 12, 7), "leader"),
        (done(draft(), "heard"), "deliver", date(2026, 11, 24), "leader"),
        (told(done(draft(), "heard"), "l-h"), "decide", date(2026, 12, 8), "leader"),
        (PROPOSED, "approve", date(2026, 11, 25), "head"),
        (send_back(PROPOSED, "Kortere.", actor(HANS), NOW, AROUND), "mend", date(2026, 11, 25), "leader"),
        (decided(), "tell", TODAY, "leader"),
        (urgent(), "deliver", TODAY, "leader"),
        (told(urgent(), "l-r"), "decide_urgent", date(2026, 11, 27), "leader"),
        (done(told(urgent(), "l-r"), "decided"), "tell", TODAY, "leader"),
        (active(), "review", REVIEW, "leader"),
        (REVIEWED, "end", ENDS, "leader"),
        (done(REVIEWED, "eased", LENE, ON_REVIEW), "deliver", date(2027, 1, 25), "leader"),
        (told(done(REVIEWED, "eased", LENE, ON_REVIEW), "l-e", ON_REVIEW), "end", ENDS, "leader"),
        (done(active(), "extended", starts=ENDS, review=ENDS, ends=ENDS + timedelta(days=30)), "tell", ENDS, "leader"),
        (done(active(), "reconsideration_asked"), "reconsider", TODAY + timedelta(days=28), "leader"),
        (UPHELD, "deliver", date(2026, 11, 24), "leader"),
        (told(UPHELD, "l-u"), "review", REVIEW, "leader"),
        (done(active(), "lifted"), "deliver", date(2026, 11, 24), "leader"),
    ],
)
def test_what_comes_next(dossier, what, by, who):
    found = due_on(dossier, AROUND, TODAY)
    assert (found.what, found.by, found.who) == (what, by, who)
    assert found.sentence.da.endswith(".")
    assert found.sentence.en.endswith(".")


@pytest.mark.parametrize(
    "dossier",
    [
        done(draft(), "rejected"),
        done(done(draft(), "warned"), "rejected"),
        told(done(active(), "lifted"), "l-l"),
        told(done(active(), "registered_in_error"), "l-s"),
    ],
    ids=lambda one: one.framework.state,
)
def test_nobody_has_to_do_anything_about_what_has_ended(dossier):
    assert needs(dossier, AROUND, TODAY) == ()


def test_a_lawyer_who_was_asked_is_among_those_who_are_waited_for():
    asked = draft().model_copy(update={"ground": GROUND.model_copy(update={"lawyer": JURA})})
    assert [(one.what, one.who) for one in needs(asked, AROUND, TODAY)] == [("advise", "lawyer"), ("write", "leader")]
    said = asked.model_copy(update={"ground": asked.ground.model_copy(update={"lawyer_says": "Ja."})})
    assert [one.what for one in needs(said, AROUND, TODAY)] == ["write"]


def days_before(count: int, one: Dossier) -> int | None:
    return stage(one, AROUND, one.framework.ends - timedelta(days=count))


@pytest.mark.parametrize(
    ("days", "asked"), [(31, None), (30, 30), (29, 30), (15, 30), (14, 14), (4, 14), (3, 3), (0, 3), (-1, None)]
)
def test_it_is_asked_30_14_and_3_days_before_the_end(days, asked):
    assert days_before(days, active()) == asked


@pytest.mark.parametrize(("days", "asked"), [(20, None), (14, 14), (3, 3)])
def test_what_lasts_less_than_a_stage_is_not_asked_about_at_it(days, asked):
    short = active(review=TODAY, ends=TODAY + timedelta(days=20))
    assert days_before(days, short) == asked


def test_the_urgent_is_asked_about_by_its_real_end_and_over_a_leap_day():
    assert stage(urgent(), AROUND, TODAY) is None
    assert stage(urgent(), AROUND, date(2026, 11, 24)) == 3
    leap = active().model_copy(update={"framework": framework(state="active", **IN_2028)})
    assert stage(leap, AROUND, date(2028, 2, 29)) == 30
    assert stage(leap, AROUND, date(2028, 2, 28)) is None


def test_what_is_not_in_force_ends_by_no_date():
    assert stage(draft(), AROUND, ENDS) is None
    assert stage(done(active(), "lifted"), AROUND, ENDS) is None


ASKED = draft().model_copy(update={"ground": GROUND.model_copy(update={"lawyer": "Jura@Eksempel.dk"})})
REQUESTED = done(active(), "reconsideration_asked")
OTHERS_UNIT = draft().model_copy(update={"framework": framework(scope={"units": ["tek"]})})


@pytest.mark.parametrize(
    ("dossier", "address", "what"),
    [
        (draft(), LENE, ["write"]),
        (draft(), "lene.l@eksempel.dk", ["write"]),
        (draft(), KAREN, []),
        (OTHERS_UNIT, LENE, []),
        (OTHERS_UNIT, MIA, ["write"]),
        (PROPOSED, HANS, ["approve"]),
        (PROPOSED, LENE, []),
        (try_(draft(ends=date(2027, 6, 1)), "decided", HANS, **ADVISED).dossier, HANS, []),  # their own proposal
        (ASKED, JURA, ["advise"]),
        (ASKED, DPO, []),
        (REQUESTED, LENE, ["end"]),  # decided it
        (REQUESTED, OTHER_LEADER, ["reconsider", "end"]),
        (REQUESTED, HANS, ["reconsider", "end"]),
    ],
)
def test_everybody_is_told_of_what_they_may_do_themselves(dossier, address, what):
    assert [one.what for one in needs_of(actor(address), dossier, AROUND, TODAY)] == what


@pytest.mark.parametrize("one", [active(), REVIEWED, REQUESTED, decided()], ids=lambda one: one.framework.state)
def test_what_has_ended_by_its_dates_asks_for_nothing_more_whatever_is_written(one):
    assert needs(one, AROUND, ENDS)
    assert needs(one, AROUND, ENDS + timedelta(days=1)) == ()


def test_an_extension_that_nobody_was_told_of_is_still_to_be_told_when_its_time_has_come():
    extended = done(active(), "extended", starts=ENDS, review=ENDS, ends=ENDS + timedelta(days=30))
    assert [one.what for one in needs(extended, AROUND, ENDS + timedelta(days=1))] == ["tell"]

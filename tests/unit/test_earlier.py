"""A new dossier resets no limit: what the citizen had lately of the same counts (trap 6)."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from fakes.dossiers import (
    AROUND,
    GROUND,
    HANS,
    JURA,
    LENE,
    NOW,
    POLICY,
    TODAY,
    active,
    actor,
    decided,
    done,
    draft,
    framework,
    happening,
    refused,
    try_,
    urgent,
)

from workflows.dossier import Dossier
from workflows.earlier import Earlier, earlier, lately
from workflows.framework import Scope, State
from workflows.lifecycle import Moved, Submitted, approve
from workflows.lifecycle_checks import NOTHING_NEW, URGENT_AGAIN
from workflows.lifecycle_who import GUARD

LAPSED = NOW + timedelta(days=7)  # the fifth working day has passed
ADVISED = {"lawyer": JURA, "lawyer_says": "Det kan I godt."}
S_1 = Scope(cases=("s-1",))


def beside(*others: Dossier, at=NOW):
    found = [earlier(one, at, POLICY) for one in others]
    return replace(AROUND, others=tuple(one for one in found if one))


def new(at, *happenings: date) -> Dossier:
    """A draft of another dossier about the same, from the day of ``at``."""
    day = AROUND.day(at)
    one = draft(id="f-2", starts=day, review=day + timedelta(days=60), ends=day + timedelta(days=90))
    told = tuple(happening(on) for on in happenings) or GROUND.happenings
    return one.model_copy(update={"ground": one.ground.model_copy(update={"happenings": told})})


def lapsed() -> Dossier:
    return done(urgent(), "expired", GUARD, LAPSED)


def test_what_was_urgent_and_lapsed_is_no_urgent_framework_once_more_on_the_same_facts():
    around = beside(lapsed())
    one = new(LAPSED)
    assert refused(try_(one, "activated_urgently", at=LAPSED, around=around)) == [URGENT_AGAIN.da]
    again = new(LAPSED, TODAY, TODAY - timedelta(days=3))  # the day on which it began is not after it
    assert refused(try_(again, "activated_urgently", at=LAPSED, around=around)) == [URGENT_AGAIN.da]
    fresh = new(LAPSED, TODAY + timedelta(days=1))
    assert isinstance(try_(fresh, "activated_urgently", at=LAPSED, around=around), Moved)
    assert isinstance(try_(one, "activated_urgently", at=LAPSED), Moved)


def test_what_was_only_urgent_is_no_reason_against_deciding_the_ordinary_way():
    assert isinstance(try_(new(LAPSED), "decided", at=LAPSED, around=beside(lapsed())), Moved)


@pytest.mark.parametrize("ended", [None, "lifted", "expired"])
def test_a_second_dossier_does_not_rest_on_what_the_first_one_rested_on(ended):
    at = NOW + timedelta(days=91 if ended == "expired" else 10)
    first = active() if ended is None else done(active(), ended, GUARD if ended == "expired" else LENE, at)
    around = beside(first)
    assert refused(try_(new(at), "decided", at=at, around=around, **ADVISED)) == [NOTHING_NEW.da]
    fresh = try_(new(at, TODAY + timedelta(days=5)), "decided", at=at, around=around, **ADVISED)
    assert isinstance(fresh, Moved | Submitted)
    later = at + timedelta(days=31)
    if ended:
        assert isinstance(try_(new(later), "decided", at=later, around=around, **ADVISED), Moved)


def test_six_months_are_six_months_in_however_many_dossiers():
    at = NOW + timedelta(days=85)
    one, around = new(at, AROUND.day(at)), beside(done(active(), "lifted", at=at))
    assert isinstance(try_(one, "decided", at=at, around=around), Moved)
    long = one.model_copy(update={"framework": one.framework.model_copy(update={"ends": TODAY + timedelta(days=181)})})
    assert refused(try_(long, "decided", at=at, around=around)) == ["Spørg en jurist, og skriv, hvad juristen svarede."]
    found = try_(long, "decided", at=at, around=around, **ADVISED)
    assert isinstance(found, Submitted)
    assert [sentence.da for sentence in found.because] == [
        "Rammen varer mere end seks måneder sammen med den, som borgeren har eller lige har haft."
    ]
    assert isinstance(approve(found.dossier, actor(HANS), at, around), Moved)
    assert isinstance(try_(long, "decided", at=at), Moved)


@pytest.mark.parametrize(
    ("scope", "same"),
    [
        ({"cases": ["s-1"]}, True),
        ({"cases": ["s-2"]}, False),
        ({"units": ["bf"]}, True),
        ({"units": ["tek"]}, False),
        ({"municipality": True}, True),
        (None, False),
    ],
)
def test_only_what_covers_some_of_the_same_counts(scope, same):
    one = Earlier(S_1, TODAY, TODAY, urgent=False)
    assert bool(lately([one], framework(scope=scope), AROUND.cases, TODAY)) == same
    if scope:
        other = Earlier(framework(scope=scope).scope, TODAY, TODAY, urgent=False)
        assert bool(lately([other], framework(), AROUND.cases, TODAY)) == same


def test_frameworks_each_soon_after_the_other_are_one_chain():
    first, second = (Earlier(S_1, TODAY + timedelta(a), TODAY + timedelta(b), urgent=False) for a, b in ((0, 50), (80, 120)))
    apart = Earlier(S_1, TODAY - timedelta(90), TODAY - timedelta(31), urgent=False)
    since = TODAY + timedelta(days=150)
    assert set(lately([first, second, apart], framework(), AROUND.cases, since)) == {first, second}
    assert lately([first, second], framework(), AROUND.cases, since + timedelta(days=1)) == ()


def test_what_never_came_into_force_or_was_an_error_is_nothing_earlier():
    error = done(active(), "registered_in_error")
    untold = done(decided(), "lifted", letter=None)
    for one in (draft(), decided(), untold, done(draft(), "rejected"), error):
        assert earlier(one, NOW, POLICY) is None


def test_what_a_file_brought_counts_by_its_own_dates_and_ends_where_a_file_left_it_out():
    loaded = Dossier(framework=framework(state="active", decided_by=LENE, citizen_informed=TODAY))
    assert earlier(loaded, NOW, POLICY) == Earlier(S_1, TODAY, TODAY + timedelta(days=90), urgent=False)
    removed = loaded.model_copy(update={"framework": loaded.framework.model_copy(update={"state": State.LIFTED})})
    assert earlier(removed, LAPSED, POLICY) == Earlier(S_1, TODAY, LAPSED.date(), urgent=False)

"""The proof that a letter reached the citizen: who may write it down, what it may say, and for which letters somebody is asked."""

from datetime import timedelta

import pytest
from fakes.dossiers import (
    AROUND,
    DPO,
    HANS,
    KAREN,
    LENE,
    MIA,
    NOW,
    OTHER_LEADER,
    TODAY,
    VERA,
    active,
    actor,
    decided,
    done,
    draft,
    refused,
    told,
    try_,
    urgent,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from workflows.dossier import Dossier
from workflows.lifecycle import Moved, approve
from workflows.lifecycle_letters import deliver, may_not_deliver, untold
from workflows.lifecycle_needs import due_on
from workflows.lifecycle_who import GUARD
from workflows.proofs import Proof

AHEAD = {"starts": TODAY + timedelta(days=45), "review": TODAY + timedelta(days=75), "ends": TODAY + timedelta(days=120)}
WARNED, HEARD = done(draft(), "warned"), done(draft(**AHEAD), "heard")
ERROR = done(active(), "registered_in_error")
ON_LAST_DAY = NOW + timedelta(days=14)  # of the time to answer
UNANSWERED = {"answered": False}
LEADERS = "Det skal en leder af den enhed, som rammen gælder, gøre."


def proof(letter, delivered=NOW):
    return Proof(letter=letter, way="digital_post", delivered=delivered, reference="DP-1")


def test_a_proof_is_kept_with_who_wrote_it_down_and_changes_nothing_else():
    one = deliver(WARNED, proof("l-w"), actor(LENE), NOW, AROUND)
    assert isinstance(one, Dossier)
    [kept] = one.delivered
    assert (kept.proof, kept.by, kept.at) == (proof("l-w"), LENE, NOW)
    assert one.model_copy(update={"delivered": ()}) == WARNED


def test_a_later_word_counts_and_the_earlier_one_stays():
    one = told(told(WARNED, "l-w"), "l-w", NOW + timedelta(hours=2))
    assert len(one.delivered) == 2
    assert one.proofs["l-w"].delivered == NOW + timedelta(hours=2)


@pytest.mark.parametrize(
    ("dossier", "letter", "by", "sentence"),
    [
        (WARNED, "l-w", KAREN, LEADERS),
        (WARNED, "l-w", MIA, LEADERS),
        (WARNED, "l-w", DPO, LEADERS),
        (WARNED, "l-w", HANS, None),
        (WARNED, "l-w", OTHER_LEADER, None),
        (urgent(), "l-r", VERA, None),  # on duty: what they may bring into force, they may tell of
        (urgent(), "l-r", KAREN, "Det skal en leder eller vagten gøre."),
        (ERROR, "l-s", DPO, None),
        (ERROR, "l-s", MIA, LEADERS),
        (
            done(draft(scope={"cases": ["s-3"]}), "warned", HANS),
            "l-w",
            LENE,
            "Du er selv sagsbehandler i sagen. Lad en anden leder eller chefen beslutte.",
        ),
    ],
)
def test_whoever_may_make_the_move_may_write_that_its_letter_arrived(dossier, letter, by, sentence):
    found = deliver(dossier, proof(letter), actor(by), NOW, AROUND)
    if sentence is None:
        assert isinstance(found, Dossier)
    else:
        assert sentence in refused(found)
        assert tuple(found.because) == may_not_deliver(dossier, letter, actor(by), NOW, AROUND)


def test_law_4_the_guard_never_writes_that_somebody_was_told():
    assert LEADERS in refused(deliver(WARNED, proof("l-w"), GUARD, NOW, AROUND))


@pytest.mark.parametrize(
    ("delivered", "sentence"),
    [
        (NOW + timedelta(seconds=1), "Brevet er ikke nået frem endnu. Vent, til borgeren kan læse det."),
        (NOW - timedelta(days=1), "Brevet kan ikke være nået frem, før det blev skrevet. Ret dagen."),
        (NOW.replace(hour=0), None),  # who writes the day alone
    ],
)
def test_a_proof_tells_of_what_can_have_been(delivered, sentence):
    found = deliver(WARNED, proof("l-w", delivered), actor(LENE), NOW, AROUND)
    assert isinstance(found, Dossier) if sentence is None else refused(found) == [sentence]


@pytest.mark.parametrize("letter", ["l-d", "l-0"])
def test_what_was_decided_is_told_by_bringing_it_into_force(letter):
    sentence = "Det er et brev om en beslutning. Skriv, hvornår det nåede frem, når du sætter rammen i kraft."
    assert refused(deliver(decided(), proof(letter), actor(LENE), NOW, AROUND)) == [sentence]
    assert active().proofs["l-d"].delivered == NOW


def test_a_reference_is_short():
    with pytest.raises(ValidationError):
        Proof(letter="l-w", way="paper", delivered=NOW, reference="x" * 201)


@pytest.mark.parametrize(
    ("dossier", "letters"),
    [
        (WARNED, ["l-w"]),
        (done(WARNED, "heard"), ["l-w", "l-h"]),
        (told(WARNED, "l-w"), []),
        (done(WARNED, "decided"), []),  # skipped, with a reason: the decision tells of it
        (done(WARNED, "rejected"), []),
        (urgent(), ["l-r"]),
        (done(urgent(), "decided"), ["l-r"]),
        (done(done(urgent(), "decided"), "activated"), []),
        (done(urgent(), "heard"), ["l-r", "l-h"]),
        (active(), []),
        (done(active(), "eased"), ["l-e"]),
        (done(done(active(), "eased"), "lifted"), ["l-l"]),
        (done(done(active(), "lifted"), "registered_in_error"), ["l-s"]),
        (done(decided(), "lifted", letter=None), []),
        (done(urgent(), "expired", GUARD, NOW + timedelta(days=9)), []),
    ],
)
def test_somebody_is_asked_for_the_letters_that_the_citizen_is_owed(dossier, letters):
    assert list(untold(dossier)) == letters


# -- the hearing
def decide(dossier, at, **changes):
    return try_(dossier, "decided", at=at, **changes)


def test_r4_a_hearing_that_arrived_late_is_held_again_with_a_new_deadline():
    late = told(HEARD, "l-h", ON_LAST_DAY)
    after = NOW + timedelta(days=15)
    sentence = "Høringsbrevet nåede først frem, da fristen var gået. Hør borgeren igen med en ny frist."
    assert refused(decide(late, after, **UNANSWERED)) == [sentence]
    assert isinstance(decide(late, after, answered=True, objections="Nej."), Moved)  # who answers has had it
    around = AROUND.letters | {"l-h2": "hearing"}
    fields = {"letter": "l-h2", "answer_by": TODAY + timedelta(days=30)}
    again = try_(late, "heard", at=after, around=type(AROUND)(AROUND.organisation, AROUND.policy, AROUND.cases, around), **fields)
    assert isinstance(again, Moved)
    assert again.dossier.framework.state == "hearing"
    assert "Skriv først, hvornår høringsbrevet nåede frem til borgeren." in refused(decide(again.dossier, after, **UNANSWERED))
    one = told(again.dossier, "l-h2", after)
    assert refused(decide(one, after, **UNANSWERED)) == ["Vent, til fristen for at svare er gået."]
    assert isinstance(decide(one, NOW + timedelta(days=31), **UNANSWERED), Moved)


@settings(deadline=None)
@given(st.integers(0, 40), st.integers(0, 40), st.booleans())
def test_r4_no_hearing_is_decided_before_it_was_told_and_its_deadline_is_over(arrived, on, proved):
    one = told(HEARD, "l-h", NOW + timedelta(days=arrived)) if proved else HEARD
    found = decide(one, NOW + timedelta(days=on), **UNANSWERED)
    assert isinstance(found, Moved) == (proved and arrived < 14 < on)


def test_what_waits_for_a_head_still_waits_when_a_letter_arrives():
    long = urgent(ends=TODAY + timedelta(days=250))
    found = try_(long, "decided", lawyer="jura@eksempel.dk", lawyer_says="Ja.")
    one = told(found.dossier, "l-r")
    assert one.waiting == found.dossier.waiting
    assert isinstance(approve(one, actor(HANS), NOW, AROUND), Moved)
    assert due_on(told(WARNED, "l-w"), AROUND, TODAY).what == "see"


# -- on trial
def test_law_4_a_trial_ends_only_on_a_decision_an_approval_and_a_told_citizen():
    high = active(observe=True)
    assert done(high, "observe_ended").framework.observe is False
    unapproved = high.model_copy(update={"framework": high.framework.model_copy(update={"ends": TODAY + timedelta(days=300)})})
    assert refused(try_(unapproved, "observe_ended")) == ["En chef skal først godkende rammen."]
    nobody = high.model_copy(update={"framework": high.framework.model_copy(update={"citizen_informed": None})})
    assert refused(try_(nobody, "observe_ended")) == ["Skriv først, hvornår brevet om rammen nåede frem til borgeren."]
    over = NOW + timedelta(days=91)
    assert refused(try_(high, "observe_ended", at=over)) == ["Slutdagen skal ligge efter i dag og efter start."]


def test_what_was_urgent_on_trial_moves_mail_when_its_letter_has_arrived():
    one = told(urgent(observe=True), "l-r")
    assert done(one, "observe_ended").framework.observe is False


def test_an_extension_that_waits_is_on_trial_as_what_it_follows():
    one = done(done(active(), "extended"), "observe_begun")
    assert (one.framework.observe, one.successor.observe) == (True, True)
    one = done(one, "observe_ended")
    assert (one.framework.observe, one.successor.observe) == (False, False)


@pytest.mark.parametrize("move", ["observe_begun", "observe_ended"])
def test_a_trial_is_a_leader_s_and_never_the_exposed_caseworker_s(move):
    one = active(observe=move == "observe_ended")
    assert refused(try_(one, move, KAREN))[0] == LEADERS
    assert refused(try_(one, move, GUARD))[0] == LEADERS
    asked = done(active(), "reconsideration_asked")
    if move == "observe_begun":
        assert refused(try_(asked, move, LENE)) == ["Du besluttede selv rammen. En anden leder skal se på den igen."]

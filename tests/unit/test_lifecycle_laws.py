"""What holds whatever anybody does: no sequence of moves restricts a citizen without a person, a proof and dates (laws 3, 4)."""

from datetime import timedelta

import pytest
from fakes.dossiers import (
    AROUND,
    DPO,
    GROUND,
    HANS,
    JURA,
    KAREN,
    LENE,
    LETTERS,
    MIA,
    NOW,
    OTHER_LEADER,
    POLICY,
    TODAY,
    VERA,
    WHOLE,
    active,
    actor,
    draft,
    framework,
    happening,
    record,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from services import state_diagram
from workflows.dossier import Dossier
from workflows.framework import IN_FORCE, State
from workflows.framework_rules import frameworks
from workflows.intervention import intervention
from workflows.lifecycle import TABLE, IllegalTransition, Moved, Submitted, approve, begin, move, moves_from
from workflows.lifecycle_framework import _grounds
from workflows.lifecycle_who import GUARD
from workflows.lifecycle_writing import written

PEOPLE = st.sampled_from([GUARD, *map(actor, (LENE, HANS, KAREN, MIA, VERA, JURA, DPO, OTHER_LEADER))])
DAYS = st.integers(-40, 400).map(lambda days: TODAY + timedelta(days=days))
DATES = st.fixed_dictionaries({}, optional={"starts": DAYS, "review": DAYS, "ends": DAYS})
SCOPES = st.sampled_from([None, {"cases": ["s-1"]}, {"cases": ["s-1", "s-2"]}, {"units": ["bf"]}, {"municipality": True}])
MEASURES = st.lists(
    st.sampled_from(
        [
            {"kind": "functional_mailbox", "mailbox": "bf-kontakt@eksempel.dk"},
            {"kind": "written_only"},
            {"kind": "fixed_contact", "contact": "ven@example.net"},
            {"kind": "closed_topic", "topic": "Afslaget"},
        ]
    ),
    max_size=3,
)
FRAMEWORKS = st.builds(
    lambda dates, scope, measures: framework(**dates, scope=scope, measures=measures), DATES, SCOPES, MEASURES
) | st.just(framework())
MISSING = st.sampled_from(
    [{}, {}, {"staff_informed": False}, {"because": ""}, {"threat": ""}, {"suspended": True}, {"answered": True}]
)
SAID = {"lawyer": JURA, "lawyer_says": "Ja.", "no_hearing_because": "§ 19.", "without_incident_because": "Truslen består."}
MOMENTS = st.integers(0, 300).map(lambda days: timedelta(days=days))


def a_record(name, change, hours, one, letter):
    """A record of this move, with some things changed that it has."""
    fields = type(record(name)).model_fields
    words = {key: value for key, value in {**SAID, **change}.items() if key in fields}
    if name == "activated":
        words["proof"] = {"letter": letter, "way": "paper", "delivered": NOW + hours}
    if name == "eased":
        words["framework"] = one
    if name == "extended":
        words |= {"starts": one.starts, "review": one.review, "ends": one.ends} if one.starts and one.review and one.ends else {}
        words["happenings"] = [happening(TODAY)]
    return record(name, **words)


RECORDS = st.builds(
    a_record, st.sampled_from(sorted(TABLE)), MISSING, MOMENTS, FRAMEWORKS, st.sampled_from(["l-d", "l-d", "l-x", "l-w", "none"])
)
DEEDS = st.lists(st.tuples(MOMENTS, PEOPLE, RECORDS | FRAMEWORKS | st.just("approve")), min_size=1, max_size=14)
STARTS = st.sampled_from([begin("f-1", "c-1"), draft(), active()])


def after(dossier, deed, actor, now):
    """What the deed makes of it; the dossier itself where it may not be done."""
    try:
        if deed == "approve":
            found = approve(dossier, actor, now, AROUND)
        elif hasattr(deed, "move"):
            found = move(dossier, deed, actor, now, AROUND)
        else:
            found = written(dossier, GROUND, deed, actor, AROUND)
    except IllegalTransition:
        return dossier
    return found.dossier if isinstance(found, Moved | Submitted) else found if isinstance(found, Dossier) else dossier


def routes(dossier, now):
    return dossier.framework.in_force(now, POLICY.zone, POLICY.calendar)


@settings(max_examples=400, deadline=None)
@given(STARTS, DEEDS)
def test_law_4_nothing_gets_into_force_without_decider_proof_and_dates(dossier, deeds):
    for days, who, deed in sorted(deeds, key=lambda one: one[0]):
        now = NOW + days
        before, dossier = dossier, after(dossier, deed, who, now)
        one = dossier.framework
        if routes(dossier, now):
            assert one.decided_by
            assert actor(one.decided_by).leads | actor(one.decided_by).heads | actor(one.decided_by).on_duty
            assert one.state is State.URGENT or one.citizen_informed <= AROUND.day(now)
            assert (one.starts, one.review, one.ends) != (None, None, None)
            assert intervention(one).degree < 3 or one.state is State.URGENT or one.approved_by not in (None, one.decided_by)
        if who is GUARD and not routes(before, now):
            assert not routes(dossier, now)
        if one.state in IN_FORCE:
            assert not [fault.message for fault in _faults(one)]


def _faults(one):
    """Of the register's own rules: what is in force here can be exported and loaded again."""
    grounds = _grounds(AROUND)
    draft = type(grounds.draft)(
        units=grounds.draft.units, employees=grounds.draft.employees, cases=grounds.draft.cases, frameworks={0: one}
    )
    return frameworks(type(grounds).of(draft, POLICY.domains))


@given(st.sampled_from(State), st.sampled_from(sorted(TABLE)), PEOPLE)
def test_a_pair_that_is_not_in_the_table_raises_whoever_asks(state, name, who):
    dossier = active().model_copy(update={"framework": framework(state=state)})
    if name not in moves_from(dossier):
        with pytest.raises(IllegalTransition):
            move(dossier, record(name), who, NOW, AROUND)


@pytest.mark.parametrize("name", TABLE)
def test_law_4_the_guard_alone_makes_nothing_stricter(name):
    for state in State:
        before = active().model_copy(update={"framework": framework(state=state, decided_by=LENE, citizen_informed=TODAY)})
        later = NOW + timedelta(days=200)
        found = after(before, record(name), GUARD, later)
        assert found.framework.measures == before.framework.measures
        assert found.framework.ends == before.framework.ends
        assert found is before or name in ("due_for_review", "expired")


@pytest.mark.parametrize(
    ("changes", "degree", "because"),
    [
        ({"measures": [{"kind": "changed_caseworker", "from": KAREN, "to": MIA}]}, 1, ["En anden sagsbehandler tager over."]),
        ({"measures": [{"kind": "meeting_rules", "rules": ["time_out"]}]}, 1, ["Møder holdes på en aftalt måde."]),
        ({}, 2, ["Borgeren skriver til ét sted.", "Borgeren kan kun skrive i sagen."]),
        (
            {"measures": [{"kind": "written_only"}, {"kind": "closed_topic", "topic": "x"}]},
            3,
            ["Et emne er lukket for flere svar."],
        ),
        ({"scope": {"municipality": True}}, 3, ["Rammen gælder hele kommunen."]),
        ({"measures": []}, 1, []),
    ],
)
def test_the_degree_follows_from_measures_and_scope_and_says_why(changes, degree, because):
    found = intervention(framework(**changes))
    assert (found.degree, [one.da for one in found.because]) == (degree, because)


def test_every_kind_of_record_has_a_whole_sample_here():
    assert set(WHOLE) == set(TABLE)
    assert set(LETTERS.values()) >= {"warning", "hearing", "decision", "extension", "easing", "lifting"}


def test_the_diagram_in_the_architecture_is_the_table():
    page = state_diagram.FILE.read_text("utf-8")
    assert state_diagram.placed(page) == page, "write it anew: python -m services.state_diagram"

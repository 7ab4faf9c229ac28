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
    decided,
    draft,
    framework,
    happening,
    record,
    urgent,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from services import state_diagram
from workflows.dossier import Dossier
from workflows.framework import IN_FORCE, State
from workflows.framework_rules import frameworks
from workflows.intervention import intervention
from workflows.lifecycle import TABLE, IllegalTransition, Moved, Refused, Submitted, approve, begin, move, moves_from
from workflows.lifecycle_framework import _grounds
from workflows.lifecycle_letters import deliver
from workflows.lifecycle_who import GUARD
from workflows.lifecycle_writing import written
from workflows.proofs import Proof

EVERYBODY = [GUARD, *map(actor, (LENE, HANS, KAREN, MIA, VERA, JURA, DPO, OTHER_LEADER))]
PEOPLE = st.sampled_from([*map(actor, (LENE, HANS, OTHER_LEADER) * 3), *EVERYBODY])
DAYS = st.integers(-40, 400).map(lambda days: TODAY + timedelta(days=days))
ANY_DATES = st.fixed_dictionaries({"starts": DAYS | st.none(), "review": DAYS | st.none(), "ends": DAYS | st.none()})
GOOD_DATES = st.integers(0, 30).map(
    lambda days: {name: TODAY + timedelta(days=days + more) for name, more in (("starts", 0), ("review", 60), ("ends", 90))}
)
MAILBOX = {"kind": "functional_mailbox", "mailbox": "bf-kontakt@eksempel.dk"}
MEASURES = [MAILBOX, {"kind": "written_only"}, {"kind": "closed_topic", "topic": "Afslaget"}]
OUTSIDE = {"kind": "fixed_contact", "contact": "ven@example.net"}
SCOPES = st.sampled_from([{"cases": ["s-1"]}] * 3 + [{"cases": ["s-1", "s-2"]}, {"units": ["bf"]}, {"municipality": True}, None])
FRAMEWORKS = st.builds(
    lambda dates, scope, measures: framework(**dates, scope=scope, measures=measures),
    GOOD_DATES | GOOD_DATES | ANY_DATES,
    SCOPES,
    st.lists(st.sampled_from([*MEASURES, OUTSIDE]), max_size=3, unique_by=str) | st.just([MAILBOX]),
)
MISSING = st.sampled_from([{}] * 6 + [{"staff_informed": False}, {"because": ""}, {"threat": ""}, {"suspended": True}])
LETTERS_OF_MOVES = st.sampled_from(["l-w", "l-h", "l-r", "l-e"])
LETTER = st.sampled_from(["l-d", "l-d", "l-x", "l-w", "none"])
SAID = {"lawyer": JURA, "lawyer_says": "Ja.", "no_hearing_because": "§ 19.", "answered": True, "objections": "Nej."}
LOADED = [
    *(decided().framework.model_copy(update={name: None}) for name in ("decided_by", "starts", "review", "ends", "scope")),
    framework(state="decided", decided_by=LENE, scope={"municipality": True}),
    framework(state="decided", decided_by=LENE, ends=TODAY + timedelta(days=800)),
    framework(state="hearing"),
]
ON_TRIAL = (active(observe=True), urgent(observe=True))
STARTS = st.sampled_from(
    [begin("f-1", "c-1"), draft(), draft(), urgent(), active(), *ON_TRIAL, *(Dossier(framework=one) for one in LOADED)]
)


def a_record(draw, name, now):
    """A record of this move, mostly whole."""
    fields = type(record(name)).model_fields
    words = {key: value for key, value in (SAID | draw(MISSING)).items() if key in fields}
    if name == "activated":
        delivered = now + draw(st.sampled_from([timedelta(), timedelta(), timedelta(days=2), timedelta(days=-40)]))
        words["proof"] = {"letter": draw(LETTER), "way": "paper", "delivered": delivered}
    if name in ("heard",):
        words["answer_by"] = AROUND.day(now) + timedelta(days=1)
    if name == "eased":
        words["framework"] = draw(FRAMEWORKS)
    if name == "extended":
        words |= {"happenings": [happening(TODAY)]} | draw(GOOD_DATES | ANY_DATES.filter(lambda one: None not in one.values()))
    return record(name, **words)


def after(draw, dossier, actor, now):
    """What somebody makes of it; the dossier itself where it may not be done."""
    deed = draw(st.sampled_from([*moves_from(dossier), "write", "deliver", *(["approve"] * 3 if dossier.waiting else [])]))
    try:
        if deed == "approve":
            found = approve(dossier, actor, now, AROUND)
        elif deed == "deliver":
            found = deliver(dossier, Proof(letter=draw(LETTERS_OF_MOVES), way="paper", delivered=now), actor, now, AROUND)
        elif deed == "write":
            found = written(dossier, GROUND, draw(FRAMEWORKS), actor, AROUND)
        else:
            found = move(dossier, a_record(draw, deed, now), actor, now, AROUND)
    except IllegalTransition:
        assert deed == "write"
        return dossier
    return found.dossier if isinstance(found, Moved | Submitted) else found if isinstance(found, Dossier) else dossier


def routes(dossier, now):
    return dossier.framework.in_force(now, POLICY.zone, POLICY.calendar)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_law_4_nothing_gets_into_force_without_decider_proof_and_dates(data):
    dossier, now = data.draw(STARTS), NOW
    for _ in range(data.draw(st.integers(1, 10))):
        now += data.draw(st.sampled_from([timedelta(), timedelta(hours=30), timedelta(days=20), timedelta(days=70)]))
        who, before = data.draw(PEOPLE), dossier
        dossier = after(data.draw, dossier, who, now)
        one = dossier.framework
        assert not (who is GUARD and routes(dossier, now) and not routes(before, now))
        if routes(dossier, now):
            decider = actor(one.decided_by)
            assert decider.leads | decider.heads | decider.on_duty
            assert one.state is State.URGENT or one.citizen_informed <= AROUND.day(now)
            assert intervention(one).degree < 3 or one.state is State.URGENT or one.approved_by not in (None, one.decided_by)
        if routes(dossier, now) and before.framework.observe and not one.observe:  # from now on mail follows it
            assert who is not GUARD
            assert one.citizen_informed or "l-r" in dossier.proofs
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
        if state not in TABLE[name].ways:
            continue
        found = move(before, record(name), GUARD, NOW + timedelta(days=200), AROUND)
        assert isinstance(found, Refused) or name in ("due_for_review", "expired")
        if isinstance(found, Moved):
            changed = {"state": found.dossier.framework.state}
            assert found.dossier.framework == before.framework.model_copy(update=changed)


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

"""Who answers for a framework whose scope names no unit: whoever began it, and the leaders of those who know the citizen."""

from dataclasses import replace

import pytest
from fakes.dossiers import AROUND, GROUND, HANS, LENE, MIA, OTHER_LEADER, TODAY, VERA, actor, done, draft, framework, refused, try_

from workflows.dossier import Dossier
from workflows.framework import State
from workflows.lifecycle import Moved, Refused, begin
from workflows.lifecycle_needs import needs_of
from workflows.lifecycle_who import NOT_LEADER
from workflows.lifecycle_writing import written

LEADERS = (LENE, MIA, HANS, OTHER_LEADER)  # Mia leads one unit, Lene and the other the other one; Hans heads both
WIDE = {"scope": {"municipality": True}}
OF_BF = replace(AROUND, cases={id: one for id, one in AROUND.cases.items() if one.unit == "bf"})
OF_NOBODY = replace(AROUND, cases={id: one.model_copy(update={"open": False}) for id, one in AROUND.cases.items()})


def begun(by: str, **changes: object) -> Dossier:
    """A draft that nobody has chosen a scope for, or what ``changes`` say."""
    one = done(begin("f-1", "c-1"), "drafted", by)
    return one.model_copy(update={"framework": one.framework.model_copy(update=changes)})


@pytest.mark.parametrize("changes", [{}, {"scope": framework(**WIDE).scope}])
@pytest.mark.parametrize(
    ("by", "around", "may"),
    [
        (LENE, AROUND, {LENE, MIA, HANS, OTHER_LEADER}),  # the citizen has open cases in both units
        (LENE, OF_BF, {LENE, HANS, OTHER_LEADER}),
        (MIA, OF_BF, {LENE, HANS, OTHER_LEADER, MIA}),  # she began it
        (MIA, OF_NOBODY, {MIA, HANS}),
        (LENE, OF_NOBODY, {LENE, HANS, OTHER_LEADER}),
    ],
)
def test_what_names_no_unit_is_its_author_s_and_the_citizen_s_units(by, around, may, changes):
    one = begun(by, **changes)
    found = {who: try_(one, "rejected", who, around=around) for who in LEADERS}
    assert {who for who in LEADERS if isinstance(found[who], Moved)} == may
    assert {who for who in LEADERS if found[who] == Refused((NOT_LEADER,))} == set(LEADERS) - may
    wide = framework(**WIDE)
    assert {who for who in LEADERS if isinstance(written(one, GROUND, wide, actor(who), around), Dossier)} == may


def test_of_what_was_loaded_whoever_decided_it_began_it():
    one = Dossier(framework=framework(**WIDE, state=State.ACTIVE, decided_by=MIA, citizen_informed=TODAY))
    assert isinstance(try_(one, "lifted", MIA, around=OF_BF), Moved)
    assert isinstance(try_(one, "lifted", LENE, around=OF_BF), Moved)
    assert refused(try_(one, "lifted", LENE, around=OF_NOBODY)) == [NOT_LEADER.da]


def test_what_nobody_is_left_for_can_be_lifted_by_any_leader():
    gone = framework(**WIDE, state=State.ACTIVE, decided_by="rejst@eksempel.dk", citizen_informed=TODAY)
    assert isinstance(try_(Dossier(framework=gone), "lifted", MIA, around=OF_NOBODY), Moved)
    assert isinstance(try_(Dossier(framework=gone), "lifted", MIA, around=OF_BF), Refused)


def test_any_leader_begins_and_a_report_is_taken_up_where_it_came_from_or_the_citizen_is_known():
    assert isinstance(try_(begin("f-1", "c-1"), "drafted", MIA, around=OF_BF), Moved)
    reported = done(begin("f-1", "c-1"), "reported", VERA)  # who works in Mia's unit
    assert isinstance(try_(reported, "drafted", MIA, around=OF_NOBODY), Moved)
    assert refused(try_(reported, "drafted", MIA, around=OF_BF)) == [NOT_LEADER.da]
    assert [bool(needs_of(actor(MIA), reported, around, TODAY)) for around in (OF_NOBODY, OF_BF)] == [True, False]
    assert isinstance(try_(reported, "drafted", LENE, around=OF_BF), Moved)


OPEN = AROUND.cases | {"s-3": AROUND.cases["s-3"].model_copy(update={"open": True})}  # where Lene is the caseworker herself


@pytest.mark.parametrize("scope", [{"units": ["bf"]}, {"municipality": True}, {"cases": ["s-3"]}])
@pytest.mark.parametrize("move", ["warned", "heard", "decided", "activated_urgently"])
def test_who_is_exposed_decides_nothing_whatever_scope_they_choose(scope, move):
    one, wide = draft(scope=scope), replace(AROUND, cases=OPEN)
    assert _OWN_CASE in refused(try_(one, move, LENE, around=wide))
    other = try_(one, move, OTHER_LEADER, around=wide)
    assert not isinstance(other, Refused) or _OWN_CASE not in refused(other)


def test_a_case_that_is_over_and_that_nobody_names_exposes_nobody():
    found = try_(draft(scope={"units": ["bf"]}), "decided", LENE)
    assert isinstance(found, Moved)


_OWN_CASE = "Du er selv sagsbehandler i sagen. Lad en anden leder eller chefen beslutte."

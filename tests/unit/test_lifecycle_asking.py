"""What each move wants is told from every state without a word written for it, and what is told is what a real try would meet."""

import pytest
from fakes import dossiers
from fakes.dossiers import AROUND, HANS, KAREN, LENE, NOW, actor

from workflows.dossier import Proposal
from workflows.framework import State
from workflows.lifecycle import TABLE, begin, moves_from
from workflows.lifecycle_asking import OF_THE_GUARD, blank, possible


def in_state(state):
    one = begin("f-1", "c-1")
    return one.model_copy(update={"framework": one.framework.model_copy(update={"state": state})})


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("who", [LENE, HANS, KAREN])
def test_every_move_that_there_is_is_told(state, who):
    dossier = in_state(state)
    found = possible(dossier, actor(who), NOW, AROUND)
    assert [one.move for one in found] == [one for one in moves_from(dossier) if one not in OF_THE_GUARD]
    assert all(sentence.da and sentence.en for one in found for sentence in one.missing)


def test_every_record_can_be_blank():
    assert {name for name in TABLE if blank(name, in_state(State.DRAFT), NOW, AROUND).move == name} == set(TABLE)


def test_who_may_not_is_told_so_and_who_may_is_not():
    report = in_state(State.REPORTED)
    told = {one.move: one.missing for one in possible(report, actor(LENE), NOW, AROUND)}
    assert told["drafted"] == () and told["rejected"]
    told = {one.move: one.missing for one in possible(report, actor(KAREN), NOW, AROUND)}
    assert told["drafted"][0].da.startswith("Det skal en leder")


def test_what_waits_can_be_approved_by_a_head():
    draft = in_state(State.DRAFT)
    record = dossiers.RECORD.validate_python({"move": "decided"})
    waiting = draft.model_copy(update={"submitted": Proposal(record=record, by=LENE, at=NOW)})
    told = {one.move: one.missing for one in possible(waiting, actor(LENE), NOW, AROUND)}
    assert any("chef" in sentence.da for sentence in told["approve"])
    assert "approve" not in {one.move for one in possible(draft, actor(HANS), NOW, AROUND)}

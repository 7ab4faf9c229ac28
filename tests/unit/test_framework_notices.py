"""What people are told of the calendar's work: the words are the installed ones."""

import email
import email.policy
from datetime import date

import pytest
from fakes.dossiers import AROUND, GROUND, HANS, KAREN, LENE, MIA, NOW, ORGANISATION, TODAY, active, draft, framework, urgent
from fakes.town import POLICY

from services.notice_texts import letterhead
from services.settings import Settings
from workflows.dossier import Dossier, Proposal, Step
from workflows.events import framework_expires_soon, framework_moved, framework_proposal
from workflows.framework_notices import told
from workflows.notice_mail import RULE, compose
from workflows.notices import House

HOUSE = House(ORGANISATION, POLICY)
HEAD = letterhead(Settings())


def moved(move: str, *, by_guard: bool = True):
    return framework_moved(framework(), move, NOW, 2, ["bf"], by_guard=by_guard)


SOON = framework_expires_soon("f-1", TODAY, 14, NOW)
EXPIRED, REVIEW = moved("expired"), moved("due_for_review")


def people(event, dossier=None):
    return [(one.to, one.role) for one in told(event, dossier or active(), HOUSE, AROUND.cases, NOW)]


@pytest.mark.parametrize(
    ("event", "whom"),
    [
        (REVIEW, [(LENE, "leader")]),
        (SOON, [(LENE, "leader")]),
        (EXPIRED, [(KAREN, "caseworker"), (LENE, "leader")]),
        (moved("due_for_review", by_guard=False), []),
    ],
)
def test_the_leader_is_told_and_of_an_end_those_who_meet_the_citizen(event, whom):
    assert people(event) == whom


def proposal(what):
    return framework_proposal(what, "f-1", "decided", NOW, ["bf"])


def proposed(**changes):
    return draft().model_copy(
        update={"submitted": Proposal.model_validate({"record": {"move": "decided"}, "by": LENE, "at": NOW, **changes})}
    )


APPROVED = draft().model_copy(
    update={"steps": (Step.model_validate({"record": {"move": "decided"}, "by": LENE, "approved_by": HANS, "at": NOW}),)}
)
BACK = {"sent_back": "Skriv, hvorfor seks måneder ikke er nok.", "sent_back_by": HANS}


@pytest.mark.parametrize(
    ("what", "dossier", "whom"),
    [
        ("submitted", proposed(), [(HANS, "leader")]),
        ("submitted", proposed(by=HANS), []),  # nobody approves what they proposed
        ("submitted", proposed(**BACK), []),  # answered already
        ("sent_back", proposed(**BACK), [(LENE, "leader")]),
        ("sent_back", proposed(), []),  # proposed again already
        ("approved", APPROVED, [(LENE, "leader")]),
        ("approved", draft(), []),
    ],
)
def test_the_head_is_told_that_something_waits_and_its_leader_of_the_answer(what, dossier, whom):
    assert people(proposal(what), dossier) == whom
    for notice in told(proposal(what), dossier, HOUSE, AROUND.cases, NOW):
        text = email.message_from_bytes(compose(notice, HEAD, NOW), policy=email.policy.default).get_content()
        assert "f-1" in text and "$" not in text and "seks måneder" not in text and "c-1" not in text


def test_each_unit_s_leader_is_told_and_where_no_unit_is_named_the_decider():
    assert people(SOON, active(scope={"cases": ["s-1"]})) == [(LENE, "leader")]
    across = Dossier(framework=framework(scope={"units": ["bf", "tek"]}, decided_by=HANS))
    assert people(SOON, across) == [(LENE, "leader"), (MIA, "leader")]
    everywhere = Dossier(framework=framework(scope={"municipality": True}, decided_by=MIA))
    assert (MIA, "leader") in people(SOON, everywhere)


@pytest.mark.parametrize("event", [REVIEW, SOON, EXPIRED], ids=lambda event: event.what)
@pytest.mark.parametrize("dossier", [active(), urgent()], ids=lambda one: one.framework.state)
def test_law_9_a_notice_says_which_framework_and_what_to_do_and_nothing_of_what_it_rests_on(event, dossier):
    for notice in told(event, dossier, HOUSE, AROUND.cases, NOW):
        found = email.message_from_bytes(compose(notice, HEAD, NOW), policy=email.policy.default)
        text = found.get_content()
        danish, english = text.split(RULE)
        assert "f-1" in found["Subject"] and "f-1" in danish and "f-1" in english
        assert "$" not in text and "Hvad der står i mailen" not in text
        assert not any(part in text for part in ("c-1", "Bo Borger", "bo@example.net", GROUND.burden, "nat.", "s-1"))


def test_the_last_day_is_the_real_one_in_each_language():
    [notice] = told(SOON, urgent(), HOUSE, AROUND.cases, NOW)
    text = email.message_from_bytes(compose(notice, HEAD, NOW), policy=email.policy.default).get_content()
    assert "til og med den 27. november 2026" in text and "including 27 November 2026" in text
    assert notice.about.day == date(2026, 11, 27)


def test_what_has_no_last_day_can_be_told_of_too():
    [notice] = told(REVIEW, draft().model_copy(update={"framework": framework(ends=None)}), HOUSE, AROUND.cases, NOW)
    assert notice.about.day is None

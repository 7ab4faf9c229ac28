"""Whom a mail was moved away from."""

from datetime import timedelta

import pytest
from fakes.town import BOX, CPH, KAREN, NOW, PER, POLICY, framework, town

from workflows.organisation import organisation
from workflows.people import Employee
from workflows.shielding import shielded

TO_KAREN = {"address": "Karen.K+sag@eksempel.dk", "action": "redirect"}


def found(*frameworks, recipients=(), now=NOW):
    made = town(*frameworks)
    known = [one for one in made.employees if one.address != KAREN]
    karen = Employee(address=KAREN, name="Karen", unit="bf", aliases=("karen.k@eksempel.dk",))
    ours = organisation(made.units, (*known, karen), (), ())
    return shielded(recipients, made.frameworks, made.cases, organisation=ours, policy=POLICY, now=now.astimezone(CPH))


def test_whose_mail_was_moved_is_shielded_by_whatever_address():
    assert found(recipients=[TO_KAREN]) == {KAREN}
    assert found(recipients=[TO_KAREN | {"action": "deliver"}]) == set()


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, {KAREN}),
        ({"scope": {"units": ["bf"]}}, {KAREN}),
        ({"scope": {"municipality": True}}, {KAREN}),
        ({"scope": {"units": ["tek"]}}, set()),
        ({"measures": [{"kind": "written_only"}]}, set()),
        ({"measures": [{"kind": "fixed_contact", "contact": PER}]}, {KAREN}),
        ({"measures": [{"kind": "fixed_contact", "contact": KAREN}]}, set()),
        ({"measures": [{"kind": "changed_caseworker", "from": PER, "to": KAREN}]}, {PER}),
        ({"observe": True}, set()),
        ({"suspended": True}, set()),
        ({"state": "draft"}, set()),
    ],
)
def test_who_is_shielded_by_a_framework_is_so_when_the_citizen_writes_straight_to_the_mailbox(changes, expected):
    straight = {"address": BOX, "action": "deliver"}
    assert found(framework(**changes), recipients=[straight]) == expected


def test_nobody_is_shielded_by_a_framework_that_has_ended():
    assert found(framework(), now=NOW + timedelta(days=365)) == set()

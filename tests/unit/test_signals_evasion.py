"""Maybe the same citizen from a new address: only where it is likely them, and a framework is in force."""

from dataclasses import replace

import pytest
from fakes.town import NOW, POLICY, framework, town

from workflows.facts import CitizenFile
from workflows.likeness import Hint, Likeness
from workflows.people import Grade, Role
from workflows.signals.evasion import from_new_address

LIKELY = Likeness("c-1", None, Role.PARTY, Grade.PROBABLE, "link", (Hint("case_number", "s-1", "s-1"), Hint("display_name")))


def file(**changed: object) -> CitizenFile:
    made = town(framework(**changed))
    return CitizenFile(made.citizens[0], tuple(made.cases), tuple(made.frameworks))


@pytest.mark.parametrize(
    "change",
    [{}, {"grade": Grade.VERIFIED}, {"role": Role.NON_PARTY}, {"doubts": ("several",)}],
    ids=str,
)
def test_it_may_be_the_citizen(change: dict[str, object]) -> None:
    assert from_new_address(replace(LIKELY, **change), file(), NOW, POLICY)


@pytest.mark.parametrize(
    "change",
    [
        {"grade": Grade.UNCONFIRMED},
        {"grade": Grade.NONE},
        {"about": "spoofing"},
        {"person": "Anna Borger"},
        {"role": Role.REPRESENTATIVE},
        {"role": Role.RELATIVE},
        {"hints": (Hint("registered_address", "a@b", "a@b"),)},
    ],
    ids=str,
)
def test_somebody_else_or_a_known_address_is_no_signal(change: dict[str, object]) -> None:
    assert not from_new_address(replace(LIKELY, **change), file(), NOW, POLICY)


@pytest.mark.parametrize("state", ["draft", "lifted", "expired"])
def test_without_a_framework_in_force_a_new_address_is_nobodys_business(state: str) -> None:
    assert not from_new_address(LIKELY, file(state=state), NOW, POLICY)

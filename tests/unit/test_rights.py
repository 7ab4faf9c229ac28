"""Who may see and do what, as a table."""

import pytest
from fakes.town import town

from workflows.organisation import organisation
from workflows.people import Unit
from workflows.rights import TABLE, Action, Reach, Rights, UserRole, mailboxes_of, may, may_with_post, reach, units_of

ME = "me@eksempel.dk"
# Actions, then who may: c caseworker, l leader, h head, a lawyer, w work environment, d DPO, i IT.
# lower case: of their own matters; upper case: of all.
POLICY = {
    Action.SEE_CITIZEN: "clhaD",
    Action.LINK_ADDRESS: "lh",
    Action.SEE_FRAMEWORK: "clhaD",
    Action.WRITE_FRAMEWORK: "lh",
    Action.APPROVE_FRAMEWORK: "h",
    Action.ADVISE_FRAMEWORK: "a",
    Action.REGISTER_ERROR: "lhD",
    Action.REPORT_INCIDENT: "CLHAWDI",
    Action.SEE_INCIDENT: "clhawDi",
    Action.HANDLE_INCIDENT: "lh",
    Action.CALL_ASSISTANCE: "CLHAWDI",
    Action.ANSWER_ASSISTANCE: "lh",
    Action.ASK_RELIEF: "clh",
    Action.SEE_RELIEF: "clhD",
    Action.ANSWER_RELIEF: "lh",
    Action.SEE_MAIL: "clhaD",
    Action.SEE_ORIGINAL: "clhaD",
    Action.TELL_CITIZEN: "lh",
    Action.SEE_POST: "clhD",
    Action.HANDLE_POST: "clh",
    Action.ANSWER_SIGNAL: "clh",
    Action.NOTE_SITUATION: "lh",
    Action.SEE_PATTERNS: "LHDI",
    Action.SEE_STATISTICS: "LHWD",
    Action.SEE_RECORDS: "lhD",
    Action.SEE_OPERATIONS: "I",
    Action.RETRY_DELIVERY: "I",
    Action.MEND_MAILBOX: "I",
    Action.SEE_REGISTER: "LHDI",
    Action.CHANGE_REGISTER: "I",
}
LETTERS = dict(zip("clhawdi", UserRole, strict=True))


def rights(role: UserRole) -> Rights:
    return Rights(role, ME, frozenset({"bf"}))


@pytest.mark.parametrize("action", Action)
@pytest.mark.parametrize(("letter", "role"), LETTERS.items())
def test_the_table_is_the_policy(action, letter, role):
    own = may(rights(role), action, ["bf"], caseworkers=["Me@Eksempel.dk"], lawyers=[ME])
    others = may(rights(role), action, ["tek"], caseworkers=["per@eksempel.dk"], lawyers=["eva@eksempel.dk"], degree=2)
    assert own == (letter in POLICY[action].lower())
    assert others == (letter.upper() in POLICY[action])


def test_every_action_and_every_role_is_in_the_table():
    assert set(TABLE) == set(Action) == set(POLICY)
    assert {role for roles in TABLE.values() for role in roles} == set(UserRole)


READING = (Action.SEE_CITIZEN, Action.SEE_FRAMEWORK, Action.SEE_MAIL, Action.SEE_ORIGINAL)


@pytest.mark.parametrize("action", READING)
@pytest.mark.parametrize(
    ("role", "matter", "seen"),
    [
        (UserRole.CASEWORKER, {"caseworkers": [ME]}, True),
        (UserRole.CASEWORKER, {"units": ["bf"]}, False),  # a colleague's case in the same unit
        (UserRole.CASEWORKER, {"caseworkers": ["m@eksempel.dk", "meme@eksempel.dk"]}, False),
        (UserRole.LEADER, {"units": ["tek", "bf"]}, True),
        (UserRole.LEADER, {"units": ["tek"]}, False),
        (UserRole.LEADER, {"units": ["tek"], "caseworkers": [ME]}, True),
        (UserRole.LEADER, {"units": []}, False),
        (UserRole.HEAD, {"units": ["tek"]}, False),
        (UserRole.LAWYER, {"units": ["bf"]}, False),
        (UserRole.LAWYER, {"lawyers": ["ME@eksempel.dk"]}, True),
        (UserRole.LAWYER, {"degree": 3}, True),
        (UserRole.LAWYER, {"degree": 2}, False),
        (UserRole.WORK_ENVIRONMENT, {"units": ["bf"], "caseworkers": [ME]}, False),
        (UserRole.IT, {"units": ["bf"], "caseworkers": [ME], "degree": 3}, False),
        (UserRole.DPO, {}, True),
    ],
)
def test_who_reads_what(action, role, matter, seen):
    assert may(rights(role), action, **matter) is seen


def test_a_search_is_narrowed_to_the_reach():
    assert [reach(rights(role), Action.SEE_MAIL) for role in UserRole] == [
        Reach.OWN_CASES,
        Reach.OWN_UNITS,
        Reach.OWN_UNITS,
        Reach.ASKED,
        Reach.NONE,
        Reach.ALL,
        Reach.NONE,
    ]


def test_units_follow_from_the_register():
    one = Unit(
        id="skat",
        name="Skat",
        leader="a@eksempel.dk",
        head="Chef@eksempel.dk",
        deputy="b@eksempel.dk",
        duty_officer="c@eksempel.dk",
    )
    made = town()
    register = organisation((*made.units, one), made.employees, (), ())
    assert units_of(register, "lene@eksempel.dk") == {"bf"}
    assert units_of(register, "MIA@eksempel.dk") == {"tek"}
    assert [units_of(register, f"{who}@eksempel.dk") for who in ("a", "chef", "b", "c")] == [{"skat"}] * 4
    assert units_of(register, "nobody@eksempel.dk") == frozenset()


BOX = {"id": "bf", "name": "Børn og Familie", "leader": "l@eksempel.dk", "functional_mailbox": "bf-kontakt@eksempel.dk"}
OFFICES = ("mailbox_owner", "deputy", "leader", "head", "duty_officer")


@pytest.mark.parametrize(
    ("role", "units", "seen", "handled"),
    [
        (UserRole.CASEWORKER, {"bf"}, True, True),
        (UserRole.CASEWORKER, {"tek"}, False, False),
        (UserRole.LEADER, {"bf"}, True, True),
        (UserRole.HEAD, {"tek"}, False, False),
        (UserRole.LAWYER, {"bf"}, False, False),
        (UserRole.WORK_ENVIRONMENT, {"bf"}, False, False),
        (UserRole.DPO, set(), True, False),
        (UserRole.IT, {"bf"}, False, False),
    ],
)
def test_who_reads_a_units_mailbox(role, units, seen, handled):
    who, unit = Rights(role, ME, frozenset(units)), Unit(**BOX)
    assert may_with_post(who, Action.SEE_POST, unit) is seen
    assert may_with_post(who, Action.HANDLE_POST, unit) is handled
    assert mailboxes_of(organisation([unit], (), (), ()), who) == ((unit,) if seen else ())


def test_whom_a_mail_was_moved_away_from_is_not_led_to_it():
    who, unit = Rights(UserRole.CASEWORKER, ME, frozenset({"bf"})), Unit(**BOX)
    assert not may_with_post(who, Action.SEE_POST, unit, {ME})
    assert may_with_post(who, Action.SEE_POST, unit, {"karen@eksempel.dk"})
    assert may_with_post(Rights(UserRole.DPO, ME), Action.SEE_POST, unit, {ME})


@pytest.mark.parametrize("office", OFFICES)
def test_who_answers_for_a_mailbox_reads_all_of_it_wherever_they_work(office):
    who, unit = Rights(UserRole.CASEWORKER, ME, frozenset({"tek"})), Unit(**BOX | {office: "Me@Eksempel.dk"})
    assert may_with_post(who, Action.HANDLE_POST, unit, {ME})
    assert mailboxes_of(organisation([unit], (), (), ()), who) == (unit,)


def test_a_mailbox_of_no_unit_is_for_who_sees_all():
    assert may_with_post(Rights(UserRole.DPO, ME), Action.SEE_POST, None)
    assert not may_with_post(Rights(UserRole.LEADER, ME, frozenset({"bf"})), Action.SEE_POST, None)
    assert mailboxes_of(organisation([Unit(id="x", name="X", leader=ME)], (), (), ()), rights(UserRole.LEADER)) == ()

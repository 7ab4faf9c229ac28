"""The contract's rules for a register, one line a rule: what is changed in a valid one, and the fault it makes."""

import copy

import pytest
from fakes.registers import DOMAINS, SAMPLE, sample

from workflows.faults import Fault
from workflows.framework_rules import months_on
from workflows.register_rules import check, faults_of, looks_like_cpr, notes
from workflows.register_shape import read

KAREN, PER, LENE = "karen@eksempel.dk", "per@eksempel.dk", "lene@eksempel.dk"
TO_PER = {"kind": "changed_caseworker", "from": KAREN, "to": PER}
BACK = {"kind": "changed_caseworker", "from": PER, "to": KAREN}
BOX = {"kind": "functional_mailbox"}


def faults(data):
    draft, shape = read(data)
    return [*shape, *check(draft, DOMAINS)]


def places(data):
    return [(".".join(map(str, fault.path)), fault.message) for fault in faults(data)]


def changed(section, place=0, **fields):
    data = copy.deepcopy(SAMPLE)
    data[section][place].update(fields)
    return data


def added(section, entry):
    data = copy.deepcopy(SAMPLE)
    data[section].append(entry)
    return data


def test_the_contracts_sample_has_no_fault():
    draft, shape = read(SAMPLE)
    assert (shape, check(draft, DOMAINS)) == ([], [])
    assert faults_of(draft.register(), DOMAINS) == []


@pytest.mark.parametrize("data", [None, {}, {"units": None}, {"citizens": []}])
def test_an_empty_register_is_fine(data):
    assert faults(data) == []


FRAMEWORK = "frameworks.0."


@pytest.mark.parametrize(
    ("change", "place", "message"),
    [
        # a state in force is complete
        ({"scope": None}, "scope", "is missing; a framework whose state is active needs it"),
        ({"measures": None}, "measures", "is missing; a framework whose state is active needs it"),
        ({"measures": []}, "measures", "is missing; a framework whose state is active needs it"),
        ({"reason": None}, "reason", "is missing; a framework whose state is active needs it"),
        ({"reason": "  "}, "reason", "is missing; a framework whose state is active needs it"),
        ({"legal_basis": None}, "legal_basis", "is missing; a framework whose state is active needs it"),
        ({"milder_means": None}, "milder_means", "is missing; a framework whose state is active needs it"),
        ({"milder_means": [{"what": "", "why_not": "x"}]}, "milder_means.0.what", "is empty"),
        ({"decided_by": None}, "decided_by", "is missing; a framework whose state is active needs it"),
        ({"citizen_informed": None}, "citizen_informed", "is missing; a framework whose state is active needs it"),
        ({"starts": None}, "starts", "is missing; a framework whose state is active needs it"),
        ({"review": None}, "review", "is missing; a framework whose state is active needs it"),
        ({"ends": None}, "ends", "is missing; a framework whose state is active needs it"),
        ({"state": "under_review", "reason": None}, "reason", "is missing; a framework whose state is under_review needs it"),
        ({"state": "under_reconsideration", "ends": None}, "ends", "is missing"),
        ({"state": "urgent", "review": None}, "review", "is missing; a framework whose state is urgent needs it"),
        ({"suspended": True, "reason": None}, "reason", "is missing"),
        # dates
        ({"ends": "2027-11-03"}, "ends", "lies more than 12 months after starts; at the latest 2027-11-02"),
        ({"review": "2027-01-20"}, "review", "must lie at least 14 days before ends: 2027-01-19 or earlier"),
        ({"review": "2026-11-01"}, "review", "lies before starts"),
        ({"state": "draft", "ends": "2026-11-01"}, "ends", "lies before starts"),
        # who decides
        ({"decided_by": KAREN}, "decided_by", "is no leader or head of a unit; only they decide on a framework"),
        ({"decided_by": "x@gmail.com"}, "decided_by", "is not in our domains (eksempel.dk)"),
        # scope
        ({"scope": {}}, "scope", "give exactly one of cases: […], units: […] or municipality: true"),
        ({"scope": {"cases": ["s-77"], "units": ["boern-familie"]}}, "scope", "give exactly one of"),
        ({"scope": {"cases": ["s-77"], "municipality": True}}, "scope", "give exactly one of"),
        ({"scope": {"cases": ["s-2"]}}, "scope.cases.0", "is a case of c-2; name cases of c-1001 only"),
        ({"scope": {"cases": ["s-78"]}}, "scope.cases.0", '"s-78" is not among the cases; did you mean "s-77"?'),
        ({"scope": {"units": ["born-familie"]}}, "scope.units.0", '"born-familie" is not among the units; did you mean'),
        ({"scope": {"municipality": True}}, "approved_by", "is missing; a framework for the whole municipality needs"),
        ({"scope": {"municipality": True}, "approved_by": LENE.upper()}, "approved_by", "is the decider too"),
        # targets
        ({"measures": [{**BOX, "mailbox": "x@gmail.com"}]}, "measures.0.mailbox", "is not in our domains (eksempel.dk)"),
        ({"measures": [{"kind": "fixed_contact", "contact": "x@sub.eksempel.dk"}]}, "measures.0.contact", "is not in our domains"),
        ({"measures": [{**TO_PER, "to": "per@eksempel.com"}]}, "measures.0.to", "is not in our domains"),
        ({"measures": [{**TO_PER, "from": "per@eksempel.com"}]}, "measures.0.from", "is not in our domains"),
        ({"state": "draft", "measures": [{**BOX, "mailbox": "x@gmail.com"}]}, "measures.0.mailbox", "is not in our domains"),
        # circles
        ({"measures": [TO_PER, BACK]}, "measures.1", "closes a circle of changed caseworkers"),
        ({"measures": [{**TO_PER, "to": KAREN}]}, "measures.0", "closes a circle"),
        ({"measures": [{**TO_PER, "to": "KK@Eksempel.dk"}]}, "measures.0", "closes a circle"),
        ({"measures": [{**TO_PER, "to": "karen+x@eksempel.dk"}]}, "measures.0", "closes a circle"),
        ({"measures": [{**BACK, "to": "ole@eksempel.dk"}, {**TO_PER, "from": "ole@eksempel.dk"}]}, "measures.1", "closes a circle"),
        ({"state": "lifted", "measures": [TO_PER, BACK]}, "measures.1", "closes a circle"),
        ({"measures": [TO_PER, {**TO_PER, "to": "ole@eksempel.dk"}]}, "measures.1.from", "has two successors; name one"),
        # more than one target of a kind, and windows
        ({"measures": [BOX, BOX]}, "measures.1", "is the second functional_mailbox; a framework has one target for mail"),
        (
            {"measures": [{"kind": "contact_window", "days": ["mon"], "from": "12:00", "to": "10:00"}]},
            "measures.0.to",
            "must be later than from",
        ),
        # references and ids
        ({"citizen": "c-9"}, "citizen", '"c-9" is not among the citizens'),
        ({"id": "010190-1234"}, "id", "looks like a CPR number; give the entry an id of its own"),
    ],
)
def test_a_framework(change, place, message):
    found = [(where, what) for where, what in places(sample(**change)) if what.startswith(message)]
    assert [where for where, _ in found] == [FRAMEWORK + place], places(sample(**change))


@pytest.mark.parametrize(
    "change",
    [
        {"state": "urgent", "citizen_informed": None},
        {
            "state": "draft",
            **dict.fromkeys(["scope", "measures", "reason", "legal_basis", "decided_by", "starts", "review", "ends"]),
        },
        {"state": "decided", "citizen_informed": None},
        {"ends": "2027-11-02", "review": "2027-10-19"},
        {"measures": [TO_PER, {**BACK, "to": "ole@eksempel.dk"}]},
        {"measures": [BOX]},
        {"scope": {"units": ["boern-familie"]}, "measures": [BOX]},
        {"scope": {"municipality": True}, "approved_by": "hans@eksempel.dk", "measures": [BOX]},
        {"measures": [{"kind": "limited_calls", "number": "87 20 00 00", "days": ["mon"], "from": "09:00", "to": "24:00"}]},
        {
            "measures": [
                {"kind": "meeting_rules", "rules": ["time_out"], "place": "Rådhuset"},
                {"kind": "attendance_by_appointment"},
            ]
        },
        {"measures": [{"kind": "closed_topic", "topic": "t"}]},
    ],
)
def test_what_is_no_fault_in_a_framework(change):
    assert faults(sample(**change)) == []


def test_nobody_decides_about_their_own_case_law_4():
    data = sample()
    data["cases"][0]["caseworker"] = LENE
    assert ("frameworks.0.decided_by", "is a caseworker whom a measure concerns; let another leader or the head decide") in places(
        data
    )
    data["frameworks"][0]["scope"] = {"units": ["boern-familie"]}  # a wider scope makes nobody less exposed
    assert [path for path, _ in places(data)] == ["frameworks.0.decided_by"]
    data["cases"][0]["open"] = False
    assert faults(data) == []
    data["cases"][0]["open"] = True
    data["units"][0]["head"] = "hanne@eksempel.dk"
    data["frameworks"][0]["decided_by"] = "hanne@eksempel.dk"
    assert faults(data) == []


def test_a_leader_listed_among_the_employees_decides_under_any_of_their_addresses():
    data = sample(decided_by="ll@eksempel.dk")
    data["employees"].append(
        {"address": LENE, "name": "Lene", "unit": "boern-familie", "role": "leader", "aliases": ["ll@eksempel.dk"]}
    )
    assert faults(data) == []


def test_a_functional_mailbox_must_be_known():
    message = "is missing, and unit boern-familie has no functional_mailbox; give one of them"
    for scope in ({"cases": ["s-77"]}, {"units": ["boern-familie"]}):
        data = sample(measures=[BOX], scope=scope)
        del data["units"][0]["functional_mailbox"]
        assert places(data) == [("frameworks.0.measures.0.mailbox", message)]
        data["frameworks"][0]["state"] = "draft"
        assert faults(data) == []


def test_under_municipality_scope_the_deciders_unit_has_the_mailbox():
    data = sample(measures=[BOX], scope={"municipality": True}, approved_by="hans@eksempel.dk")
    data["units"].append({"id": "u", "name": "U", "leader": "ib@eksempel.dk"})
    assert faults(data) == []
    data["frameworks"][0]["decided_by"] = "ib@eksempel.dk"
    assert [where for where, _ in places(data)] == ["frameworks.0.measures.0.mailbox"]


@pytest.mark.parametrize(
    ("data", "place", "message"),
    [
        (added("units", SAMPLE["units"][0]), "units.1.id", "is the id of units[0] too; give each its own"),
        (added("citizens", {"id": "c-2", "name": "x"}), "citizens.2.id", "is the id of citizens[1] too; give each its own"),
        (added("cases", SAMPLE["cases"][0]), "cases.2.id", "is the id of cases[0] too; give each its own"),
        (added("frameworks", SAMPLE["frameworks"][0]), "frameworks.1.id", "is the id of frameworks[0] too; give each its own"),
        (
            added("employees", {"address": "KK@eksempel.dk", "name": "x", "unit": "boern-familie"}),
            "employees.1.address",
            "belongs to employees[0] already; list a person once",
        ),
        (changed("cases", citizen="c-3"), "cases.0.citizen", '"c-3" is not among the citizens; did you mean "c-2"?'),
        (changed("cases", unit="x"), "cases.0.unit", '"x" is not among the units'),
        (changed("employees", unit="x"), "employees.0.unit", '"x" is not among the units'),
        (changed("cases", caseworker="karen@eksempel.kd"), "cases.0.caseworker", "is not in our domains (eksempel.dk)"),
        (changed("units", leader="lene@gmail.com"), "units.0.leader", "is not in our domains (eksempel.dk)"),
        (changed("units", main_mailbox="bf@gmail.com"), "units.0.main_mailbox", "is not in our domains (eksempel.dk)"),
        (changed("employees", address="k@gmail.com"), "employees.0.address", "is not in our domains (eksempel.dk)"),
        (changed("open_addresses", address="dpo@gmail.com"), "open_addresses.0.address", "is not in our domains (eksempel.dk)"),
        (added("authorities", "dk"), "authorities.1", "write a domain or an address, such as ombudsmanden.dk"),
        (added("authorities", "Eksempel.dk"), "authorities.1", "is our own domain"),
        (added("citizens", {"id": "0101901234", "name": "x"}), "citizens.2.id", "looks like a CPR number"),
        (added("citizens", {"id": "c-3", "name": "Bo 010190-1234"}), "citizens.2.name", "holds what looks like a CPR number"),
        (
            added("citizens", {"id": "c-3", "name": "x", "people": [{"name": "0101901234", "role": "relative"}]}),
            "citizens.2.people.0.name",
            "holds what looks like a CPR number",
        ),
        (
            added("citizens", {"id": "c-3", "name": "x", "addresses": ["a@b.dk", {"address": "A@B.dk", "grade": "probable"}]}),
            "citizens.2.addresses.1",
            "is listed with two grades; keep one",
        ),
    ],
)
def test_the_rest_of_the_register(data, place, message):
    found = [where for where, what in places(data) if what.startswith(message)]
    assert found == [place], places(data)


def test_one_address_of_two_people_is_no_fault():
    assert SAMPLE["citizens"][0]["addresses"][0] == SAMPLE["citizens"][1]["addresses"][0]
    assert faults(SAMPLE) == []


def test_an_entry_with_a_fault_of_its_own_hides_no_other_and_makes_no_second():
    data = sample(ends="2027-11-03")
    data["citizens"][0]["nmae"] = data["citizens"][0].pop("name")
    assert faults(data) == [
        Fault(("citizens", 0, "name"), "is missing"),
        Fault(("citizens", 0, "nmae"), 'is not known here; did you mean "name"?'),
        Fault(
            ("frameworks", 0, "ends"),
            "lies more than 12 months after starts; at the latest 2027-11-02, and extend it by a new decision",
        ),
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0101901234", True),
        ("010190-1234", True),
        ("c-010190-1234", True),
        ("6101901234", True),  # a replacement number: 60 added to the day
        ("2902004234", True),
        ("3002904234", False),
        ("0113901234", False),
        ("20261102", False),
        ("12345678901", False),
        ("s-77", False),
    ],
)
def test_cpr_numbers(text, expected):
    assert looks_like_cpr(text) is expected


def test_twelve_months_on():
    from datetime import date

    assert months_on(date(2028, 2, 29), 12) == date(2029, 2, 28)
    assert months_on(date(2026, 12, 31), 2) == date(2027, 2, 28)
    assert months_on(date(9999, 6, 1), 12) == date.max


def test_notes_name_caseworkers_who_are_not_listed():
    data = changed("cases", caseworker="karin@eksempel.dk")
    assert notes(read(data)[0], DOMAINS) == [
        Fault(("cases", 0, "caseworker"), 'is not among the employees; did you mean "karen@eksempel.dk"?')
    ]
    assert notes(read(SAMPLE)[0], DOMAINS) == []


def test_the_officer_on_duty_may_have_set_an_urgent_framework_and_no_other():
    for state, fine in (("urgent", True), ("active", False)):
        data = sample(decided_by="vera@eksempel.dk", state=state)
        data["units"][0]["duty_officer"] = "vera@eksempel.dk"
        assert (places(data) == []) == fine

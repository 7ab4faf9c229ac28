"""The contract's register rules, asked of the command from the outside: to whom a mail goes, under which framework, and when."""

import random

import pytest
from fakes.black_box import BlackBox, says, written
from fakes.town import BO, BOX, IDA, KAREN, MAILBOX, MAIN, MIA, PER, framework, town

LENE, DPO, TEK = "lene@eksempel.dk", "dpo@eksempel.dk", "tek-kontakt@eksempel.dk"
EMPLOYEES = [(KAREN, "bf"), (PER, "bf"), (IDA, "bf"), (MIA, "tek"), (LENE, "bf")]


@pytest.fixture
def box(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RAMMEVAGT_MUNICIPALITY__DOMAINS", '["eksempel.dk", "rødgrød.dk"]')
    monkeypatch.setenv("RAMMEVAGT_GATEWAY__AUTHSERV_ID", "mx.eksempel.dk")
    return BlackBox(tmp_path, capsys.readouterr)


def employee(address, unit="bf", **more):
    return {"address": address, "name": "N", "unit": unit, **more}


def staff(*changed):
    """The usual employees, those named changed or added."""
    own = {one["address"]: one for one in [*(employee(*one) for one in EMPLOYEES), *changed]}
    return list(own.values())


def case(id, caseworker=KAREN, unit="bf", **more):
    return {"id": id, "citizen": "c-1", "unit": unit, "caseworker": caseworker, **more}


def change(before, after):
    return {"kind": "changed_caseworker", "from": before, "to": after}


def opened(address, kind="elected"):
    return {"open_addresses": [{"address": address, "kind": kind}]}


def contact(address):
    return {"kind": "fixed_contact", "contact": address}


QUIET = [{"kind": "written_only"}, {"kind": "contact_window", "days": ["tue"], "from": "10:00", "to": "12:00"}]
SEKR = MAILBOX | {"mailbox": "sekr@eksempel.dk"}
UNITS = town().model_dump(mode="json")["units"]
UNIT = framework(id="f-u", scope={"units": ["bf"]}, measures=[contact(IDA)])
ALL = framework(id="f-m", scope={"municipality": True}, approved_by=MIA)
APPLIES = "framework_applies"


def test_the_answer_has_the_contracts_shape(box):
    mail = written("Authentication-Results: mx.eksempel.dk; dmarc=pass header.from=example.net")
    found = box.decide(town(framework()), KAREN, mail=mail)
    assert found["mail"] | {"sha256": ""} == {
        "id": None,
        "sha256": "",
        "message_id": "<m@example.net>",
        "envelope_from": BO,
        "header_from": [BO],
    }
    assert found["sender"]["citizen"] == "c-1" and found["sender"]["person_role"] == "party"
    assert {"kind": "registered_address", "value": BO} in found["sender"]["evidence"]
    one = found["recipients"][0]
    assert (one["action"], one["framework"], one["measure"]) == ("redirect", "f-1", "functional_mailbox")
    assert found["receipt"].items() >= {"send": True, "to": BO, "reason": APPLIES}.items()
    told = {(one["to"], one["role"]) for one in found["notify"]}
    assert told == {(KAREN, "caseworker"), (LENE, "leader")}  # people, never the mailbox
    assert found == box.decide(town(framework()), KAREN, mail=mail)


def test_what_has_no_value_is_null(box):
    found = box.decide(town(), KAREN, mail=b"\r\n", sender="")
    assert found["mail"]["message_id"] is None and found["mail"]["envelope_from"] == "" and found["mail"]["header_from"] == []
    assert found["sender"]["citizen"] is None and found["receipt"]["to"] is None
    assert found["recipients"][0]["framework"] is None and found["recipients"][0]["measure"] is None


ALIASED = staff(employee(KAREN, aliases=["kk@eksempel.dk", "karen.k@rødgrød.dk"]))
RECIPIENTS = [
    ("the caseworker", {}, KAREN, (BOX, APPLIES)),
    ("upper case in both parts", {}, "KAREN@EKSEMPEL.DK", (BOX, APPLIES)),
    ("a plus-tag on ours", {}, "karen+min.sag@eksempel.dk", (BOX, APPLIES)),
    ("quotes that say nothing", {}, '"karen"@eksempel.dk', (BOX, APPLIES)),
    ("quotes, an escape and a tag", {}, '"k\\aren+x"@eksempel.dk', (BOX, APPLIES)),
    ("dots on ours count", {}, "ka.ren@eksempel.dk", ("ka.ren@eksempel.dk", "outside_scope")),
    ("an alias", {"employees": ALIASED}, "KK+x@eksempel.dk", (BOX, APPLIES)),
    ("an alias in an IDN", {"employees": ALIASED}, "karen.k@RØDGRØD.dk", (BOX, APPLIES)),
    ("its ASCII form", {"employees": ALIASED}, "karen.k@XN--rdgrd-vuad.dk", (BOX, APPLIES)),
    ("the case names an alias", {"employees": ALIASED, "cases": [case("s-1", "kk@eksempel.dk")]}, KAREN, (BOX, APPLIES)),
    ("Danish letters", {"cases": [case("s-1", "Søren@rødgrød.dk")]}, "SØREN@xn--rdgrd-vuad.dk", (BOX, APPLIES)),
    ("decomposed", {"cases": [case("s-1", "åse@eksempel.dk")]}, "a\u030ase@eksempel.dk", (BOX, APPLIES)),
    ("a caseworker who is no employee", {"cases": [case("s-1", "ny@eksempel.dk")]}, "ny@eksempel.dk", (BOX, APPLIES)),
    (
        "registered with a tag",
        {"employees": staff(employee("ny+a@eksempel.dk")), "cases": [case("s-1", "ny@eksempel.dk")]},
        "ny+b@eksempel.dk",
        (BOX, APPLIES),
    ),
    ("a colleague", {}, PER, (PER, "outside_scope")),
    ("the functional mailbox itself", {}, BOX, (BOX, "outside_scope")),
    ("the leader", {}, LENE, (LENE, "outside_scope")),
    ("an open address", {}, DPO, (DPO, "open_address")),
    ("an open address with a tag", {}, "dpo+x@eksempel.dk", ("dpo+x@eksempel.dk", "open_address")),
    (
        "an open address that has a tag",
        {"open_addresses": [{"address": "dpo+post@eksempel.dk", "kind": "dpo"}]},
        DPO,
        (DPO, "open_address"),
    ),
    (
        "a caseworker whose address is open",
        opened(KAREN),
        KAREN,
        (KAREN, "open_address"),
    ),
    (
        "an alias of one",
        opened(KAREN) | {"employees": ALIASED},
        "kk@eksempel.dk",
        ("kk@eksempel.dk", "open_address"),
    ),
    (
        "a main mailbox kept open",
        opened("post@eksempel.dk", "main_mailbox"),
        "post@eksempel.dk",
        ("post@eksempel.dk", "open_address"),
    ),
    ("postmaster", {}, "Postmaster@rødgrød.dk", ("Postmaster@rødgrød.dk", "open_address")),
    ("abuse", {}, "abuse@eksempel.dk", ("abuse@eksempel.dk", "open_address")),
    ("somebody else's domain", {}, "karen@andet.example", ("karen@andet.example", "outside_scope")),
    ("a subdomain is not ours", {}, "karen@mail.eksempel.dk", ("karen@mail.eksempel.dk", "outside_scope")),
]


@pytest.mark.parametrize(("changes", "to", "expected"), [one[1:] for one in RECIPIENTS], ids=[one[0] for one in RECIPIENTS])
def test_to_whom_case_scope(box, changes, to, expected):
    assert box.says(town(framework(), **changes), to) == expected


def only(*measures, **more):
    return [framework(measures=list(measures), **more)]


LEFT = "old@eksempel.dk"
TWO_UNITS = {"cases": [case("s-1"), case("s-2", MIA, "tek")]}
MEASURES = [
    ("mailbox beats contact beats change", only(change(KAREN, PER), contact(IDA), MAILBOX), {}, KAREN, (BOX, APPLIES)),
    ("contact beats change", only(change(KAREN, PER), contact(IDA)), {}, KAREN, (IDA, APPLIES)),
    ("a mailbox of its own", only(MAILBOX | {"mailbox": TEK}), {}, KAREN, (TEK, APPLIES)),
    ("to oneself", only(contact(KAREN)), {}, KAREN, (KAREN, "moves_no_mail")),
    ("to oneself beats a change", only(contact(KAREN), change(KAREN, PER)), {}, KAREN, (KAREN, "moves_no_mail")),
    ("to one's own alias", only(contact("kk@eksempel.dk")), {"employees": ALIASED}, KAREN, (KAREN, "moves_no_mail")),
    (
        "from an alias to oneself",
        only(contact(KAREN)),
        {"employees": ALIASED},
        "kk@eksempel.dk",
        ("kk@eksempel.dk", "moves_no_mail"),
    ),
    ("nothing that moves", only(*QUIET), {}, KAREN, (KAREN, "moves_no_mail")),
    (
        "calls, meetings, attendance, a topic",
        only(
            {"kind": "limited_calls", "number": "87 00 00 00", "days": ["mon"], "from": "10:00", "to": "11:00"},
            {"kind": "meeting_rules", "rules": ["time_out", "companion_welcome"], "place": "Rådhuset"},
            {"kind": "attendance_by_appointment"},
            {"kind": "closed_topic", "topic": "t"},
        ),
        {},
        KAREN,
        (KAREN, "moves_no_mail"),
    ),
    ("a change", only(change(KAREN, PER)), {}, KAREN, (PER, APPLIES)),
    ("a change leaves the new one alone", only(change(KAREN, PER)), {}, PER, (PER, "outside_scope")),
    ("the new one has the case", only(change(LEFT, KAREN)), {}, KAREN, (KAREN, "moves_no_mail")),
    ("mail to who left", only(change(LEFT, KAREN)), {}, LEFT, (KAREN, APPLIES)),
    ("who left, and a mailbox", only(change(LEFT, KAREN), MAILBOX), {}, LEFT, (BOX, APPLIES)),
    ("a chain", only(change(PER, IDA), change(KAREN, PER)), {}, KAREN, (IDA, APPLIES)),
    ("a chain from its middle", only(change(PER, IDA), change(KAREN, PER)), {}, PER, (IDA, APPLIES)),
    (
        "a chain across an alias",
        only(change(PER, "kk@eksempel.dk"), change(KAREN, MIA)),
        {"employees": ALIASED},
        PER,
        (MIA, APPLIES),
    ),
    ("a chain that starts at an alias", only(change("KK@eksempel.dk", PER)), {"employees": ALIASED}, KAREN, (PER, APPLIES)),
    ("two cases, each its unit's mailbox", only(MAILBOX, scope={"cases": ["s-2", "s-1"]}), TWO_UNITS, MIA, (TEK, APPLIES)),
    ("and the other", only(MAILBOX, scope={"cases": ["s-2", "s-1"]}), TWO_UNITS, KAREN, (BOX, APPLIES)),
    (
        "who left, by their own unit",
        only(MAILBOX, change("old@eksempel.dk", MIA), scope={"cases": ["s-1", "s-2"]}),
        TWO_UNITS | {"employees": staff(employee(LEFT, "tek"))},
        LEFT,
        (TEK, APPLIES),
    ),
]


@pytest.mark.parametrize(("rules", "changes", "to", "expected"), [one[1:] for one in MEASURES], ids=[one[0] for one in MEASURES])
def test_measures(box, rules, changes, to, expected):
    assert box.says(town(*rules, **changes), to) == expected


WIDE = [
    ("unit: an employee", [UNIT], {}, PER, (IDA, APPLIES)),
    ("unit: the contact", [UNIT], {}, IDA, (IDA, "moves_no_mail")),
    ("unit: a leader who is listed", [UNIT], {}, LENE, (IDA, APPLIES)),
    ("unit: a leader who is not", [UNIT], {"employees": [employee(*one) for one in EMPLOYEES[:4]]}, LENE, (LENE, "outside_scope")),
    (
        "unit: an employee listed with a tag",
        [UNIT],
        {"employees": staff(employee("ny+a@eksempel.dk"))},
        "ny@eksempel.dk",
        (IDA, APPLIES),
    ),
    ("unit: another's employee", [UNIT], {}, MIA, (MIA, "outside_scope")),
    ("unit: its mailboxes", [UNIT], {}, MAIN, (MAIN, "outside_scope")),
    ("unit: a mailbox listed as an employee", [UNIT], {"employees": staff(employee(BOX))}, BOX, (BOX, "outside_scope")),
    (
        "unit: a caseworker who is not listed",
        [UNIT],
        {"cases": [case("s-1", "ny@eksempel.dk")]},
        "ny@eksempel.dk",
        ("ny@eksempel.dk", "outside_scope"),
    ),
    ("units: each its own mailbox", [framework(scope={"units": ["bf", "tek"]})], {}, MIA, (TEK, APPLIES)),
    ("units: the other", [framework(scope={"units": ["tek", "bf"]})], {}, PER, (BOX, APPLIES)),
    ("units: an alias", [framework(scope={"units": ["bf"]})], {"employees": ALIASED}, "kk+1@eksempel.dk", (BOX, APPLIES)),
    (
        "units: another open case is no exception",
        [framework(scope={"units": ["bf"]})],
        {"cases": [case("s-1"), case("s-2")]},
        KAREN,
        (BOX, APPLIES),
    ),
    ("all: by the recipient's unit", [ALL], {}, MIA, (TEK, APPLIES)),
    ("all: anybody, by the decider's unit", [ALL], {}, "hvem@rødgrød.dk", (BOX, APPLIES)),
    (
        "all: the decider by an alias",
        [ALL | {"decided_by": "ll@eksempel.dk"}],
        {"employees": staff(employee(LENE, aliases=["ll@eksempel.dk"]))},
        "hvem@eksempel.dk",
        (BOX, APPLIES),
    ),
    (
        "all: a mailbox given",
        [ALL | {"measures": [SEKR]}],
        {},
        MIA,
        ("sekr@eksempel.dk", APPLIES),
    ),
    (
        "all: a mailbox given, itself",
        [ALL | {"measures": [SEKR]}],
        {},
        "sekr@eksempel.dk",
        ("sekr@eksempel.dk", "moves_no_mail"),
    ),
    ("all: functional mailboxes", [ALL], {}, TEK, (TEK, "outside_scope")),
    ("all: main mailboxes", [ALL], {}, "BF+x@eksempel.dk", ("BF+x@eksempel.dk", "outside_scope")),
    (
        "all: a functional mailbox with a tag",
        [ALL],
        {"units": [UNITS[0], UNITS[1] | {"functional_mailbox": "tek+post@eksempel.dk"}]},
        "tek+post@eksempel.dk",
        ("tek+post@eksempel.dk", "outside_scope"),
    ),
    ("all: open addresses", [ALL], {}, DPO, (DPO, "open_address")),
    ("all: postmaster", [ALL], {}, "postmaster@eksempel.dk", ("postmaster@eksempel.dk", "open_address")),
    ("all: not other domains", [ALL], {}, "x@andet.example", ("x@andet.example", "outside_scope")),
    ("all: not our own return addresses", [ALL], {}, "rv@rammevagt.eksempel.dk", ("rv@rammevagt.eksempel.dk", "outside_scope")),
]


@pytest.mark.parametrize(("rules", "changes", "to", "expected"), [one[1:] for one in WIDE], ids=[one[0] for one in WIDE])
def test_units_and_municipality(box, rules, changes, to, expected):
    assert box.says(town(*rules, **changes), to) == expected


LAYERS = [
    ("case beats unit beats municipality", [ALL, UNIT, framework()], KAREN, "f-1"),
    ("unit beats municipality, however late", [ALL | {"starts": "2026-11-20"}, UNIT], PER, "f-u"),
    ("what is left", [ALL, UNIT, framework()], MIA, "f-m"),
    ("the latest start", [framework(), framework(id="f-9", starts="2026-11-03")], KAREN, "f-9"),
    ("then the smallest id", [framework(id="f-b"), framework(id="f-a"), framework(id="f-c")], KAREN, "f-a"),
    ("one that is not in force never wins", [framework(suspended=True), framework(id="f-9", state="draft"), UNIT], KAREN, "f-u"),
    ("one that has ended never wins", [framework(starts="2026-01-01", review="2026-02-01", ends="2026-11-22"), ALL], KAREN, "f-m"),
    ("one that moves nothing wins whole", [framework(measures=QUIET), UNIT, ALL], KAREN, "f-1"),
    ("one on trial wins whole", [framework(observe=True), UNIT, ALL], KAREN, "f-1"),
]


@pytest.mark.parametrize(("rules", "to", "winner"), [one[1:] for one in LAYERS], ids=[one[0] for one in LAYERS])
def test_layering_and_ties_whatever_the_order_in_the_file(box, rules, to, winner):
    for order in (rules, rules[::-1]):
        assert box.decide(town(*order), to)["recipients"][0]["framework"] == winner


@pytest.mark.parametrize(("suspended", "reason"), [(True, "not_in_force"), (False, "observe_only")])
def test_suspended_and_on_trial(box, suspended, reason):
    found = box.decide(town(framework(observe=True, suspended=suspended)), KAREN)
    assert says(found["recipients"][0]) == (KAREN, reason)
    assert not found["receipt"]["send"] and found["notify"] == []
    assert box.says(town(framework(observe=True, measures=QUIET)), KAREN) == (KAREN, "moves_no_mail")


OTHER = [
    ("open by default", [case("s-1"), case("s-2")], "other_case_open"),
    ("in another unit", [case("s-1"), case("s-2", unit="tek")], "other_case_open"),
    ("by an alias", [case("s-1"), case("s-2", "kk@eksempel.dk")], "other_case_open"),
    ("closed", [case("s-1"), case("s-2", open=False)], APPLIES),
    ("of another caseworker", [case("s-1"), case("s-2", PER)], APPLIES),
    ("of another citizen", [case("s-1"), case("s-2") | {"citizen": "c-2"}], APPLIES),
]


@pytest.mark.parametrize(("cases", "reason"), [one[1:] for one in OTHER], ids=[one[0] for one in OTHER])
def test_another_open_case_of_the_caseworker(box, cases, reason):
    citizens = [{"id": "c-1", "name": "Bo", "addresses": [BO]}, {"id": "c-2", "name": "Ib", "addresses": ["ib@example.net"]}]
    found = box.decide(town(framework(), cases=cases, employees=ALIASED, citizens=citizens), KAREN)
    assert found["recipients"][0]["reason"] == reason
    if reason == "other_case_open":
        assert [(one["to"], one["role"]) for one in found["notify"]] == [(LENE, "leader")]


def test_another_open_case_of_who_had_the_case_before(box):
    rules = framework(measures=[change(PER, KAREN), MAILBOX])
    assert box.says(town(rules, cases=[case("s-1"), case("s-2", PER)]), PER) == (PER, "other_case_open")
    both = rules | {"scope": {"cases": ["s-1", "s-2"]}}
    assert box.says(town(both, cases=[case("s-1"), case("s-2", PER)]), PER) == (BOX, APPLIES)


DATES = [
    ("the day it starts", {}, "2026-11-02T00:00:00+01:00", True),
    ("the second before", {}, "2026-11-01T23:59:59+01:00", False),
    ("the last second", {}, "2027-02-02T23:59:59+01:00", True),
    ("midnight, written in UTC", {}, "2027-02-02T23:00:00Z", False),
    ("the start in UTC", {}, "2026-11-01T23:00:00+00:00", True),
    ("the start of summer time", {"ends": "2027-03-28"}, "2027-03-28T21:59:59Z", True),
    ("and its end", {"ends": "2027-03-28"}, "2027-03-28T22:00:00Z", False),
    ("the day of 25 hours", {"starts": "2026-10-01", "review": "2026-10-05", "ends": "2026-10-25"}, "2026-10-25T22:59:59Z", True),
    ("and its end", {"starts": "2026-10-01", "review": "2026-10-05", "ends": "2026-10-25"}, "2026-10-25T23:00:00Z", False),
    ("urgent: the fifth working day", {"state": "urgent"}, "2026-11-06T23:59:59+01:00", True),
    ("urgent: after it", {"state": "urgent"}, "2026-11-07T00:00:00+01:00", False),
    ("urgent over Christmas", {"state": "urgent", "starts": "2026-12-21"}, "2026-12-29T23:59:59+01:00", True),
    ("urgent over Christmas, after", {"state": "urgent", "starts": "2026-12-21"}, "2026-12-30T00:00:00+01:00", False),
    (
        "urgent over Easter and 5 June",
        {"state": "urgent", "starts": "2027-03-22", "review": "2027-05-01", "ends": "2027-06-22"},
        "2027-03-31T21:59:59Z",
        True,
    ),  # 22, 23, 24, 30, 31: Maundy Thursday to Easter Monday do not count
    (
        "urgent over Easter, after",
        {"state": "urgent", "starts": "2027-03-22", "review": "2027-05-01", "ends": "2027-06-22"},
        "2027-03-31T22:00:00Z",
        False,
    ),
    ("urgent from a Saturday", {"state": "urgent", "starts": "2026-11-07"}, "2026-11-13T23:59:59+01:00", True),
    ("urgent without word to the citizen", {"state": "urgent", "citizen_informed": None}, "2026-11-03T12:00:00+01:00", True),
]


@pytest.mark.parametrize(("changes", "at", "routes"), [one[1:] for one in DATES], ids=[one[0] for one in DATES])
def test_dates_in_danish_time(box, changes, at, routes):
    expected = (BOX, APPLIES) if routes else (KAREN, "not_in_force")
    assert box.says(town(framework(**changes)), KAREN, at=at) == expected


def test_every_state(box):
    routing = {"active", "urgent", "under_review", "under_reconsideration"}
    others = ["reported", "draft", "warning", "hearing", "decided", "lifted", "expired", "rejected", "registered_in_error"]
    for state in (*routing, *others):
        expected = (BOX, APPLIES) if state in routing else (KAREN, "not_in_force")
        assert box.says(town(framework(state=state)), KAREN, at="2026-11-03T10:00:00+01:00") == expected
    assert box.says(town(), KAREN) == (KAREN, "no_framework")


def test_one_outcome_for_each_envelope_recipient_bcc_and_twice_included(box):
    found = box.decide(town(framework()), KAREN, PER, "KAREN@eksempel.dk", DPO, KAREN, mail=written(to=PER))
    assert [says(one) for one in found["recipients"]] == [
        (BOX, APPLIES),
        (PER, "outside_scope"),
        (BOX, APPLIES),
        (DPO, "open_address"),
        (BOX, APPLIES),
    ]
    assert [one["to"] for one in found["notify"]].count(KAREN) == 1
    assert not found["receipt"]["send"]


def mixed(value, chance):
    """``value`` with every list in it in another order."""
    if isinstance(value, dict):
        return {name: mixed(inner, chance) for name, inner in value.items()}
    return [mixed(one, chance) for one in chance.sample(value, len(value))] if isinstance(value, list) else value


def test_the_order_in_the_file_never_matters(box):
    shared = "familien@example.net"
    people = [{"name": name, "role": "relative", "addresses": [shared, f"{name}@example.net"]} for name in ("eva", "ove")]
    citizens = [
        {"id": "c-3", "name": "Ib", "addresses": [BO, "ib@example.net"]},
        {"id": "c-1", "name": "Bo", "addresses": [BO, "b@example.net"], "people": people},
        {"id": "c-2", "name": "Ea", "addresses": ["ea@example.net"]},
    ]
    of_tek = framework(id="f-3", citizen="c-3", scope={"units": ["tek"]}, decided_by=MIA)
    rules = [framework(), UNIT, ALL, framework(id="f-0"), of_tek, *(ALL | {"id": f"f-{one}", "citizen": "c-2"} for one in "xy")]
    cases = [case("s-1"), case("s-3", PER), case("s-2", MIA, "tek", open=False)]
    whole = town(*rules, citizens=citizens, cases=cases, employees=ALIASED)
    data = whole.model_dump(mode="json", by_alias=True)
    mails = [
        written(),
        written("From: ea@example.net, bo@example.net"),
        written("From: ea@example.net"),
        written("Reply-To: ib@example.net"),
        written("Reply-To: ove@example.net", sender=shared),
    ]
    first = [box.decide(whole, KAREN, PER, MIA, DPO, mail=mail) for mail in mails]
    for seed in range(4):
        register = type(whole).model_validate(mixed(data, random.Random(seed)))
        assert [box.decide(register, KAREN, PER, MIA, DPO, mail=mail) for mail in mails] == first


BAD = [
    ("a circle", only(change(KAREN, PER), change(PER, KAREN)), {}),
    ("a circle across an alias", only(change(KAREN, PER), change(PER, "kk@eksempel.dk")), {"employees": ALIASED}),
    ("two successors", only(change(KAREN, PER), change(KAREN, IDA)), {}),
    ("two of the same person by an alias", only(change(KAREN, PER), change("kk@eksempel.dk", IDA)), {"employees": ALIASED}),
    ("a mailbox outside", only(MAILBOX | {"mailbox": "x@andet.example"}), {}),
    ("a contact outside", only(contact("x@andet.example")), {}),
    ("a successor outside", only(change(KAREN, "x@andet.example")), {}),
    ("an employee twice", only(MAILBOX), {"employees": [employee(KAREN), employee("Karen+x@EKSEMPEL.dk", "tek")]}),
    ("an employee as another's alias", only(MAILBOX), {"employees": [employee(KAREN), employee(PER, aliases=[KAREN])]}),
    ("a caseworker decides on herself", only(MAILBOX, decided_by=KAREN), {}),
    *(
        (f"without {name}", only(MAILBOX, **{name: None}), {})
        for name in ("scope", "reason", "legal_basis", "decided_by", "citizen_informed", "starts", "review", "ends")
    ),
]


@pytest.mark.parametrize(("rules", "changes"), [one[1:] for one in BAD], ids=[one[0] for one in BAD])
def test_bad_input_is_one_clear_line(box, rules, changes):
    from services.yaml_text import dump  # the file is wrong, so it is written without being read

    data = town(**changes).model_dump(mode="json", by_alias=True, exclude_defaults=True) | {"frameworks": rules}
    status, out, err = box.run(dump(data), written(), "--from", BO, "--to", KAREN, "--json")
    assert (status, out) == (2, "") and ("frameworks[0]" in err or "employees[1]" in err)
    assert "Traceback" not in err

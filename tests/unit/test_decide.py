"""The routing rules, as tables that read like policy."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from fakes.town import (
    BO,
    BOX,
    CPH,
    IDA,
    KAREN,
    MAILBOX,
    MIA,
    NOW,
    PASS,
    PER,
    POLICY,
    decided,
    facts,
    framework,
    mail,
    outcome,
    says,
    town,
)
from hypothesis import given
from hypothesis import strategies as st

from workflows.decide import decide, not_evaluated
from workflows.decision import Reason
from workflows.people import Grade

FRAMED = town(framework())


@pytest.mark.parametrize(
    ("sender", "expected"),
    [
        (BO, (BOX, "framework_applies")),
        ("BO@Example.NET", (BOX, "framework_applies")),
        ("b.o@example.net", (KAREN, "sender_unknown")),  # a citizen's dots count
        ("bo+x@example.net", (KAREN, "sender_unknown")),  # and so do plus-tags
        ("bo.b@example.org", (KAREN, "sender_not_verified")),  # registered as probable
        ("ada@advokat.example", (KAREN, "representative")),
        ("eva@example.net", (KAREN, "relative")),
        ("x@mail.ombudsmanden.dk", (KAREN, "authority")),
        ("sagen@region.example", (KAREN, "authority")),
        ("anden@region.example", (KAREN, "sender_unknown")),
        (PER, (KAREN, "internal_sender")),
        ("fremmed@example.com", (KAREN, "sender_unknown")),
    ],
)
def test_who_wrote(sender: str, expected: tuple[str, str]) -> None:
    assert says(outcome(FRAMED, KAREN, sender=sender)) == expected


@pytest.mark.parametrize(
    ("recipient", "expected"),
    [
        (KAREN, (BOX, "framework_applies")),
        ("Karen+sag@EKSEMPEL.dk", (BOX, "framework_applies")),
        (PER, (PER, "outside_scope")),
        (BOX, (BOX, "outside_scope")),
        ("dpo@eksempel.dk", ("dpo@eksempel.dk", "open_address")),
        ("postmaster@eksempel.dk", ("postmaster@eksempel.dk", "open_address")),
        ("abuse+1@eksempel.dk", ("abuse+1@eksempel.dk", "open_address")),
    ],
)
def test_to_whom(recipient: str, expected: tuple[str, str]) -> None:
    assert says(outcome(FRAMED, recipient)) == expected


AUTH = [
    ("mx.eksempel.dk; dmarc=pass header.from=example.net", Grade.VERIFIED),
    ("MX.Eksempel.DK 1; dmarc=pass (p=reject) header.from=example.net", Grade.VERIFIED),
    ("mx.eksempel.dk; dmarc=pass", Grade.VERIFIED),
    ("mx.eksempel.dk; dmarc=pass header.from=example.com", Grade.PROBABLE),
    ("mx.eksempel.dk; dmarc=fail header.from=example.net", Grade.PROBABLE),
    ("mx.eksempel.dk; dmarc=temperror header.from=example.net", Grade.PROBABLE),
    ("mx.eksempel.dk; dmarc=none; spf=pass smtp.mailfrom=bo@mail.example.net", Grade.VERIFIED),
    ("mx.eksempel.dk; dmarc=none; spf=pass smtp.mailfrom=bo@example.com", Grade.PROBABLE),
    ("mx.eksempel.dk; dmarc=none; dkim=pass header.d=example.net", Grade.VERIFIED),
    ("mx.eksempel.dk; dkim=pass header.i=@example.net", Grade.VERIFIED),
    ("mx.eksempel.dk; spf=fail smtp.mailfrom=example.net", Grade.PROBABLE),
    ("mx.eksempel.dk; none", Grade.PROBABLE),
    ("mx.eksempel.dk; (dmarc=pass) spf=none", Grade.PROBABLE),
    ('mx.eksempel.dk; spf=fail reason="x; dmarc=pass" smtp.mailfrom=a@b.c', Grade.PROBABLE),
    ("evil.example; dmarc=pass header.from=example.net", Grade.VERIFIED),  # not ours: as if it were not there
]


@pytest.mark.parametrize(("field", "grade"), AUTH)
def test_authentication_results_of_our_own_upstream(field: str, grade: Grade) -> None:
    assert decided(FRAMED, mail(KAREN, authentication_results=(field,))).sender.grade is grade


def test_only_the_topmost_field_of_ours_counts() -> None:
    fields = ("other.example; dmarc=pass", "mx.eksempel.dk; dmarc=fail", PASS)
    assert decided(FRAMED, mail(KAREN, authentication_results=fields)).sender.grade is Grade.PROBABLE


def test_required_authentication_verifies_nobody_without_a_result() -> None:
    strict = replace(POLICY, authentication="required")
    assert says(outcome(FRAMED, KAREN, policy=strict)) == (KAREN, "sender_not_verified")
    assert says(outcome(FRAMED, KAREN, policy=strict, authentication_results=(PASS,))) == (BOX, "framework_applies")


def test_microsoft_365_form_without_an_id() -> None:
    field = (
        "spf=pass (sender IP is 192.0.2.1) smtp.mailfrom=example.net; dkim=pass (signature was verified) "
        "header.d=example.net;dmarc=pass action=none header.from=example.net;compauth=pass reason=100"
    )
    m365 = replace(POLICY, authserv_id="m365")
    assert decided(FRAMED, mail(KAREN, authentication_results=(field,)), policy=m365).sender.authenticated
    bad = field.replace("dmarc=pass", "dmarc=fail")
    assert decided(FRAMED, mail(KAREN, authentication_results=(bad,)), policy=m365).sender.grade is Grade.PROBABLE
    assert not decided(FRAMED, mail(KAREN, authentication_results=(field,))).sender.authenticated  # not under another setting


@pytest.mark.parametrize(
    "headers",
    [
        {"from_fields": 2, "from_addresses": (BO, BO)},
        {"from_addresses": (BO, "x@example.com")},
        {"unreadable": ("from",)},
        {"reply_to": ("x@example.com",)},
        {"reply_to_unreadable": True},
        {"reply_to": ("bo.b@example.org",)},  # known, but not verified
    ],
)
def test_law_3_any_doubt_delivers_as_addressed(headers: dict[str, object]) -> None:
    assert says(outcome(FRAMED, KAREN, **headers)) == (KAREN, "sender_not_verified")


def test_reply_to_the_same_citizen_is_no_doubt() -> None:
    assert says(outcome(FRAMED, KAREN, reply_to=("Bo@example.net",))) == (BOX, "framework_applies")


def test_an_address_of_two_people_names_candidates() -> None:
    family = [{"id": "c-1", "name": "Bo", "addresses": [BO]}, {"id": "c-2", "name": "Mo", "addresses": [BO]}]
    found = decided(town(framework(), citizens=family), mail(KAREN))
    assert (found.sender.citizen, found.sender.candidates, found.sender.grade) == (None, ("c-1", "c-2"), Grade.PROBABLE)
    assert found.recipients[0].reason is Reason.SENDER_NOT_VERIFIED


@pytest.mark.parametrize(
    "state", ["reported", "draft", "warning", "hearing", "decided", "lifted", "expired", "rejected", "registered_in_error"]
)
def test_states_that_do_not_route(state: str) -> None:
    assert says(outcome(town(framework(state=state)), KAREN)) == (KAREN, "not_in_force")


@pytest.mark.parametrize("state", ["active", "under_review", "under_reconsideration"])
def test_states_in_force(state: str) -> None:
    assert says(outcome(town(framework(state=state)), KAREN)) == (BOX, "framework_applies")
    assert says(outcome(town(framework(state=state, suspended=True)), KAREN)) == (KAREN, "not_in_force")


def test_no_framework_at_all() -> None:
    assert says(outcome(town(), KAREN)) == (KAREN, "no_framework")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


@pytest.mark.parametrize(
    ("now", "routes"),
    [
        ("2026-11-01T23:59:59.999999+01:00", False),
        ("2026-11-02T00:00:00+01:00", True),
        ("2027-02-02T23:59:59.999999+01:00", True),
        ("2027-02-03T00:00:00+01:00", False),
    ],
)
def test_dates_are_exact_to_the_second(now: str, routes: bool) -> None:
    assert (outcome(FRAMED, KAREN, now=at(now)).action == "redirect") is routes


@pytest.mark.parametrize(
    ("now", "routes"),
    [
        ("2027-03-28T21:59:59+00:00", True),  # the day of 23 hours ends at 22:00 UTC
        ("2027-03-28T22:00:00+00:00", False),
    ],
)
def test_expiry_on_the_day_summer_time_begins(now: str, routes: bool) -> None:
    framed = town(framework(ends="2027-03-28"))
    assert (outcome(framed, KAREN, now=at(now)).action == "redirect") is routes


@pytest.mark.parametrize(
    ("now", "routes"),
    [
        ("2026-10-24T21:59:59+00:00", False),
        ("2026-10-24T22:00:00+00:00", True),
        ("2026-10-25T22:59:59+00:00", True),
        ("2026-10-25T23:00:00+00:00", False),
    ],
)
def test_the_day_of_25_hours(now: str, routes: bool) -> None:
    framed = town(framework(starts="2026-10-25", ends="2026-10-25"))
    assert (outcome(framed, KAREN, now=at(now)).action == "redirect") is routes


def test_urgent_lapses_after_five_working_days_whatever_ends_says() -> None:
    urgent = town(framework(state="urgent", starts="2026-12-21"))  # 21, 22, 23, 28, 29: Christmas and 24 December do not count
    assert outcome(urgent, KAREN, now=at("2026-12-29T23:59:59+01:00")).action == "redirect"
    assert says(outcome(urgent, KAREN, now=at("2026-12-30T00:00:00+01:00"))) == (KAREN, "not_in_force")


CHANGED = {"kind": "changed_caseworker", "from": KAREN, "to": PER}
CHAIN = [CHANGED, {"kind": "changed_caseworker", "from": PER, "to": IDA}]
CONTACT = {"kind": "fixed_contact", "contact": MIA}


@pytest.mark.parametrize(
    ("measures", "to", "expected"),
    [
        ([MAILBOX], KAREN, (BOX, "framework_applies")),
        ([{"kind": "functional_mailbox", "mailbox": "a@eksempel.dk"}], KAREN, ("a@eksempel.dk", "framework_applies")),
        ([CHANGED], KAREN, (PER, "framework_applies")),
        ([CHANGED], PER, (PER, "outside_scope")),
        (CHAIN, KAREN, (IDA, "framework_applies")),
        (CHAIN, PER, (IDA, "framework_applies")),
        ([CHANGED, MAILBOX, CONTACT], KAREN, (BOX, "framework_applies")),
        ([CHANGED, CONTACT], KAREN, (MIA, "framework_applies")),
        ([{"kind": "written_only"}], KAREN, (KAREN, "moves_no_mail")),
        ([{"kind": "contact_window", "days": ["tue"], "from": "10:00", "to": "12:00"}], KAREN, (KAREN, "moves_no_mail")),
        ([{"kind": "closed_topic", "topic": "t"}, {"kind": "attendance_by_appointment"}], KAREN, (KAREN, "moves_no_mail")),
    ],
)
def test_measures(measures: list[dict[str, str]], to: str, expected: tuple[str, str]) -> None:
    assert says(outcome(town(framework(measures=measures)), to)) == expected


def test_law_2_a_contact_window_never_changes_what_happens_to_mail() -> None:
    window = {"kind": "contact_window", "days": ["tue"], "from": "10:00", "to": "12:00"}
    framed = town(framework(measures=[MAILBOX, window]))
    for hours in range(0, 24 * 7, 5):
        assert says(outcome(framed, KAREN, now=NOW + timedelta(hours=hours))) == (BOX, "framework_applies")


UNIT = framework(id="f-2", scope={"units": ["bf"]}, measures=[{"kind": "fixed_contact", "contact": IDA}])
ALL = framework(id="f-3", scope={"municipality": True}, measures=[MAILBOX], approved_by="x@eksempel.dk")


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize(
    ("to", "expected", "framework_id"),
    [
        (KAREN, (BOX, "framework_applies"), "f-1"),
        (PER, (IDA, "framework_applies"), "f-2"),
        (IDA, (IDA, "moves_no_mail"), "f-2"),
        (MIA, ("tek-kontakt@eksempel.dk", "framework_applies"), "f-3"),
        ("ukendt@eksempel.dk", (BOX, "framework_applies"), "f-3"),
        ("bf@eksempel.dk", ("bf@eksempel.dk", "outside_scope"), None),
        (BOX, (BOX, "outside_scope"), None),
        ("dpo@eksempel.dk", ("dpo@eksempel.dk", "open_address"), None),
        ("x@andet.example", ("x@andet.example", "outside_scope"), None),
    ],
)
def test_layering(to: str, expected: tuple[str, str], framework_id: str | None, reverse: bool) -> None:
    layers = [framework(), UNIT, ALL]
    found = outcome(town(*(reversed(layers) if reverse else layers)), to)
    assert (says(found), found.framework) == (expected, framework_id)


def test_at_one_level_the_latest_start_wins_then_the_smallest_id() -> None:
    late = framework(id="f-9", starts="2026-11-10", measures=[CONTACT])
    assert outcome(town(framework(), late), KAREN).framework == "f-9"
    same = framework(id="f-0", measures=[CONTACT])
    assert outcome(town(framework(), same), KAREN).framework == "f-0"


def test_the_narrowest_wins_whole_even_when_it_moves_nothing() -> None:
    quiet = framework(measures=[{"kind": "written_only"}])
    assert says(outcome(town(quiet, ALL), KAREN)) == (KAREN, "moves_no_mail")


def test_another_open_case_keeps_its_road() -> None:
    cases = [
        {"id": "s-1", "citizen": "c-1", "unit": "bf", "caseworker": KAREN},
        {"id": "s-2", "citizen": "c-1", "unit": "bf", "caseworker": KAREN},
    ]
    assert says(outcome(town(framework(), cases=cases), KAREN)) == (KAREN, "other_case_open")
    both = town(framework(scope={"cases": ["s-1", "s-2"]}), cases=cases)
    assert says(outcome(both, KAREN)) == (BOX, "framework_applies")
    closed = [cases[0], cases[1] | {"open": False}]
    assert says(outcome(town(framework(), cases=closed), KAREN)) == (BOX, "framework_applies")


def test_observe_decides_and_moves_nothing() -> None:
    found = outcome(town(framework(observe=True)), KAREN)
    assert (says(found), found.action, found.framework) == ((KAREN, "observe_only"), "deliver", "f-1")


def test_aliases_are_the_same_person() -> None:
    people = [{"address": KAREN, "name": "K", "unit": "bf", "aliases": ["kk@eksempel.dk"]}]
    assert says(outcome(town(framework(), employees=people), "KK+a@eksempel.dk")) == (BOX, "framework_applies")


def test_one_result_per_envelope_recipient() -> None:
    found = decided(FRAMED, mail(KAREN, PER, KAREN.upper(), "dpo@eksempel.dk"))
    assert [one.reason.value for one in found.recipients] == [
        "framework_applies",
        "outside_scope",
        "framework_applies",
        "open_address",
    ]
    assert [one.address for one in found.recipients] == [KAREN, PER, KAREN.upper(), "dpo@eksempel.dk"]


def test_a_report_to_our_return_address_goes_to_the_main_mailbox() -> None:
    report = mail("rv-x@rammevagt.eksempel.dk", sender="mailer-daemon@example.com", envelope="")
    known = facts(FRAMED, report)._replace(returns={"rv-x@rammevagt.eksempel.dk": "bf@eksempel.dk"})
    assert decide(report, known, NOW).recipients[0].deliver_to == ("bf@eksempel.dk",)


def test_law_8_every_rule_that_looked_explains_itself_in_both_languages() -> None:
    for sender in (BO, "ada@advokat.example", "x@example.com"):
        found = decided(FRAMED, mail(KAREN, PER, "dpo@eksempel.dk", sender=sender))
        for because in [*(step.because for step in found.trace), *(one.explanation for one in found.recipients)]:
            assert because.da.endswith(".") and because.en.endswith(".") and because.da != because.en


def test_not_evaluated_goes_as_addressed() -> None:
    found = not_evaluated(mail(KAREN, PER))
    assert [says(one) for one in found.recipients] == [(KAREN, "not_evaluated"), (PER, "not_evaluated")]


def test_what_comes_home_goes_home_also_where_nothing_is_evaluated() -> None:
    back = "Rv-1-Aa@rammevagt.eksempel.dk"
    found = not_evaluated(mail(back, PER), {back.lower(): BOX})
    assert [says(one) for one in found.recipients] == [(BOX, "not_evaluated"), (PER, "not_evaluated")]
    assert [one.action for one in found.recipients] == ["redirect", "deliver"]


def test_law_5_roads_that_cannot_be_closed_stay_open_under_the_widest_framework() -> None:
    closed = town(ALL)
    for sender in ("ada@advokat.example", "eva@example.net", "x@ombudsmanden.dk", PER):
        assert outcome(closed, KAREN, sender=sender).action == "deliver"
    for open_road in ("dpo@eksempel.dk", "postmaster@eksempel.dk", "bf@eksempel.dk", BOX):
        assert outcome(closed, open_road).action == "deliver"


texts = st.text(max_size=20)
addresses = (
    st.sampled_from(
        [BO, KAREN, PER, BOX, "ada@advokat.example", "x@ombudsmanden.dk", "rv-@rammevagt.eksempel.dk", "", "@", "a@b@c"]
    )
    | texts
)


@given(
    sender=addresses,
    envelope=addresses,
    to=st.lists(addresses, max_size=4),
    froms=st.integers(0, 3),
    reply=st.lists(addresses, max_size=2),
    auth=st.lists(texts | st.sampled_from([field for field, _ in AUTH]), max_size=2),
    when=st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1)),
)
def test_law_7_decide_is_total_and_deterministic(sender, envelope, to, froms, reply, auth, when) -> None:
    asked = mail(
        *to, sender=sender, envelope=envelope, from_fields=froms, reply_to=tuple(reply), authentication_results=tuple(auth)
    )
    register = town(framework(), UNIT, ALL)
    first, second = decided(register, asked, when.replace(tzinfo=CPH)), decided(register, asked, when.replace(tzinfo=CPH))
    assert first == second
    assert len(first.recipients) == len(to)
    assert all(len(one.deliver_to) == 1 for one in first.recipients)
    assert first.wire()["assessed"] is False


@pytest.mark.parametrize("state", ["active", "urgent"])
@pytest.mark.parametrize(("starts", "ends"), [("9999-12-30", "9999-12-31"), ("0001-01-01", "0001-12-01")])
@pytest.mark.parametrize("now", [NOW, datetime.max.replace(tzinfo=UTC), datetime.min.replace(tzinfo=UTC)])
def test_law_7_decide_is_total_at_the_ends_of_the_calendar(state: str, starts: str, ends: str, now: datetime) -> None:
    assert outcome(town(framework(state=state, starts=starts, ends=ends)), KAREN, now=now).deliver_to


@pytest.mark.parametrize("doubt", ["clock_wrong", "snapshot_expired"])
def test_law_3_frameworks_count_as_lapsed_where_nobody_can_tell(doubt: str) -> None:
    asked = mail(KAREN)
    known = facts(town(framework()), asked)
    assert says(decide(asked, known, NOW).recipients[0]) == (BOX, "framework_applies")
    assert says(decide(asked, known._replace(**{doubt: True}), NOW).recipients[0]) == (KAREN, "not_in_force")

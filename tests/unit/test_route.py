"""Route mode's plan, as tables: which message of an employee's INBOX may be moved, and that any doubt leaves it."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from fakes.town import BO, BOX, KAREN, MAILBOX, MIA, NOW, PASS, PER, POLICY, facts, framework, mail, town

from workflows.decide import decide
from workflows.decision import Reason
from workflows.facts import Policy
from workflows.mail import Headers
from workflows.people import Grade
from workflows.reading import read_headers
from workflows.reading.headers import _NEEDED
from workflows.route import FAULTS, FIELDS, FINAL, Found, Leave, Move, came_at, may_be_moved, plan, retry_at

FRAMED = town(framework())
HEADERS = Headers(1, (BO,), to=(KAREN,), message_id="<m@example.net>", authentication_results=(PASS,))


def planned(found: Found, *, register: Any = FRAMED, policy: Policy = POLICY, **known: Any) -> Leave | Move:
    return plan(found, facts(register, found.mail(), policy)._replace(**known), NOW)


def found(mailbox: str = KAREN, **headers: Any) -> Found:
    return Found(mailbox, HEADERS._replace(**headers), "g-1", "00" * 32, 9)


def test_a_verified_citizens_mail_goes_to_the_functional_mailbox() -> None:
    moved = planned(found())
    assert isinstance(moved, Move)
    assert moved.to == BOX
    assert moved.decision.sender.grade is Grade.VERIFIED
    assert [one.reason for one in moved.decision.recipients] == [Reason.FRAMEWORK_APPLIES]


@pytest.mark.parametrize(
    "one",
    [
        found(from_addresses=("fremmed@example.com",)),
        found(from_addresses=("eva@example.net",)),  # a relative
        found(from_addresses=("ada@advokat.example",)),
        found(from_addresses=("bo.b@example.org",)),  # registered as probable
        found(from_addresses=(PER,)),
        found(from_addresses=("x@ombudsmanden.dk",)),
        found(from_addresses=()),
        found(from_fields=2),
        found(reply_to=("andre@example.com",)),
        found(authentication_results=("mx.eksempel.dk; dmarc=fail header.from=example.net",)),
        found(PER),  # outside the framework's scope
        found("dpo@eksempel.dk"),
        found(BOX),  # there already
    ],
)
def test_anybody_elses_mail_and_every_doubt_stays(one: Found) -> None:
    assert planned(one) == Leave()


@pytest.mark.parametrize(
    "changes",
    [
        {"state": "lifted"},
        {"state": "expired"},
        {"ends": "2026-11-20"},
        {"starts": "2026-11-24"},
        {"measures": [{"kind": "written_only"}]},
        {"observe": True},
    ],
)
def test_no_framework_in_force_moves_nothing(changes: dict[str, Any]) -> None:
    assert planned(found(), register=town(framework(**changes))) == Leave()


def test_what_was_there_before_the_watch_stays() -> None:
    assert may_be_moved(NOW, NOW + timedelta(milliseconds=999))  # an internal date has whole seconds
    assert not may_be_moved(NOW - timedelta(seconds=1), NOW)


@pytest.mark.parametrize(("came", "moves"), [(-9, False), (-1, False), (0, True), (1, True), (9, True), (None, True)])
def test_what_came_before_its_framework_stays(came: int | None, moves: bool) -> None:
    """``came``: days after the framework began; a server's date may lie ahead."""
    register = town(framework(starts=(NOW - timedelta(days=3)).date().isoformat()))
    at = None if came is None else NOW + timedelta(days=came - 3)
    assert isinstance(planned(replace(found(), came_at=at), register=register), Move) == moves


def test_what_its_framework_moves_no_more_stays_whenever_it_came() -> None:
    ended = town(framework(ends=(NOW - timedelta(days=1)).date().isoformat()))
    assert planned(replace(found(), came_at=NOW - timedelta(days=2)), register=ended) == Leave()


def test_it_is_tried_again_ever_later() -> None:
    minutes = [(retry_at(tries, NOW) - NOW) / timedelta(minutes=1) for tries in (0, 1, 5, 6, 1000)]
    assert minutes == [1, 2, 32, 60, 60]


@pytest.mark.parametrize("known", [{"known": False}, {"clock_wrong": True}, {"snapshot_expired": True}])
def test_what_is_not_known_moves_nothing(known: dict[str, bool]) -> None:
    assert planned(found(), **known) == Leave()


def test_a_fixed_contact_gets_it_too() -> None:
    to_mia = town(framework(measures=[{"kind": "fixed_contact", "contact": MIA}]))
    moved = planned(found(), register=to_mia)
    assert isinstance(moved, Move)
    assert moved.to == MIA


def test_law_7_the_same_evaluator_decides() -> None:
    """But for the receipt, whose envelope sender the guard never heard of."""
    moved = planned(found())
    assert isinstance(moved, Move)
    through_the_gateway = mail(KAREN, authentication_results=(PASS,))._replace(sha256="00" * 32, id="g-1", size=9)
    live = decide(through_the_gateway, facts(FRAMED, through_the_gateway), NOW)
    assert live.receipt.send
    assert moved.decision._replace(receipt=live.receipt, trace=live.trace) == live
    assert moved.decision.trace[:-1] == live.trace[:-1]
    assert (moved.decision.receipt.send, moved.decision.receipt.blocked_by) == (False, "seen_in_mailbox")
    assert moved.decision.trace[-1].outcome == "no"


def test_a_receipt_that_was_blocked_anyhow_tells_its_own_reason() -> None:
    moved = planned(found(auto_submitted="auto-replied"))
    assert isinstance(moved, Move)
    assert moved.decision.receipt.blocked_by not in (None, "seen_in_mailbox")


@pytest.mark.parametrize(
    ("headers", "sender"),
    [({"return_path": "b@example.net"}, "b@example.net"), ({"return_path": ""}, ""), ({}, BO), ({"from_addresses": ()}, "")],
)
def test_the_envelope_sender_is_what_the_mail_tells(headers: dict[str, Any], sender: str) -> None:
    assert found(**headers).mail().envelope == (sender, (KAREN,))


def test_the_fields_that_are_fetched_are_all_that_is_read() -> None:
    """But for those of a thread, which ``decide`` does not read; and no subject."""
    assert {one.lower().encode() for one in FIELDS if not one.startswith("List-")} == _NEEDED - {b"in-reply-to", b"references"}
    values = {"From": BO, "To": KAREN, "Message-ID": "<m@example.net>", "Authentication-Results": PASS, "Return-Path": f"<{BO}>"}
    rest = {name: "x" for name in FIELDS if name not in values and name not in ("Reply-To", "Cc", "Sender")}
    wanted = "".join(f"{name}: {value}\r\n" for name, value in (values | rest).items()).encode()
    assert read_headers(wanted + b"\r\n") == read_headers(b"Subject: Hej\r\nDate: x\r\nX-Other: y\r\n" + wanted + b"\r\n")


def test_a_case_without_a_mailbox_measure_is_no_ones_move() -> None:
    assert planned(found(), register=town(framework(measures=[MAILBOX], scope={"cases": ["s-1"]}), cases=[])) == Leave()


def test_every_fault_tells_people_what_is_wrong_in_both_languages() -> None:
    assert set(FAULTS) >= FINAL
    for sentence in FAULTS.values():
        assert sentence.da.endswith(".")
        assert sentence.en.endswith(".")
        assert ("indbakken" in sentence.da) == ("inbox" in sentence.en)


@pytest.mark.parametrize(("days", "counts"), [(0, 0), (2, 2), (-1, 0), (30, 30), (31, 30)])
def test_the_clocks_of_a_moved_mail_begin_when_the_server_had_it(days: int, counts: int) -> None:
    assert came_at(NOW - timedelta(days=days), NOW) == NOW - timedelta(days=counts)

"""Whether a citizen gets a receipt, and that it gives nothing away."""

import email
from dataclasses import replace
from datetime import date, timedelta
from email.message import Message

import pytest
from fakes.town import BO, BOX, KAREN, MAILBOX, NOW, PASS, POLICY, decided, facts, framework, mail, town

from services.gather import receipt_text
from workflows.decide import decide
from workflows.mail import Headers
from workflows.receipt_mail import compose_receipt

FRAMED = town(framework())


def test_nobody_gets_one_while_it_is_not_known_who_just_did() -> None:
    asked = mail(KAREN, authentication_results=(PASS,))
    found = decide(asked, facts(FRAMED, asked)._replace(receipts_known=False), NOW)
    assert (found.recipients[0].deliver_to, found.receipt.send, found.receipt.blocked_by) == ((BOX,), False, "receipts_unknown")


def test_the_authenticated_citizen_gets_one() -> None:
    found = decided(FRAMED, mail(KAREN, authentication_results=(PASS,))).receipt
    assert (found.send, found.to, found.mailbox, found.reason.value) == (True, BO, BOX, "framework_applies")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"authentication_results": ()}, "not_authenticated"),
        ({"envelope": ""}, "bounce"),
        ({"content_type": "multipart/report"}, "bounce"),
        ({"envelope": "other@example.net"}, "another_sender"),
        ({"envelope": "bo.b@example.org"}, "another_sender"),
        ({"envelope": "owner-list@example.net"}, "system_address"),
        ({"envelope": "noreply@example.net"}, "system_address"),
        ({"envelope": "x@eksempel.dk"}, "own_address"),
        ({"auto_submitted": "auto-replied"}, "auto_submitted"),
        ({"precedence": "bulk"}, "auto_submitted"),
        ({"auto_response_suppress": "dr, oof"}, "auto_submitted"),
        ({"list_fields": ("list-id",)}, "list"),
        ({"to": ("someone@example.org",)}, "not_addressed"),
    ],
)
def test_where_a_receipt_could_do_harm_there_is_none(changes: dict[str, object], code: str) -> None:
    named = changes.pop("to", (KAREN,))
    base = mail(KAREN, **{"authentication_results": (PASS,)} | changes)
    base = base._replace(headers=base.headers._replace(to=named))
    found = decided(FRAMED, base).receipt
    assert (found.send, found.to, found.blocked_by) == (False, None, code)


def test_auto_submitted_no_is_a_person_writing() -> None:
    assert decided(FRAMED, mail(KAREN, authentication_results=(PASS,), auto_submitted="no")).receipt.send


def test_only_a_functional_mailbox_gives_a_receipt() -> None:
    moved = town(framework(measures=[{"kind": "changed_caseworker", "from": KAREN, "to": "per@eksempel.dk"}]))
    for register in (moved, town(framework(observe=True)), town()):
        assert not decided(register, mail(KAREN, authentication_results=(PASS,))).receipt.send


@pytest.mark.parametrize(("ago", "sent"), [(timedelta(days=6, hours=23), False), (timedelta(days=7), True)])
def test_at_most_one_in_seven_days(ago: timedelta, sent: bool) -> None:
    asked = mail(KAREN, authentication_results=(PASS,))
    known = facts(FRAMED, asked)._replace(last_receipt=NOW - ago)
    assert decide(asked, known, NOW).receipt.send is sent


def composed(headers: Headers) -> Message:
    receipt = decided(FRAMED, mail(KAREN, authentication_results=(PASS,))).receipt
    content = compose_receipt(receipt, headers, receipt_text(), policy=POLICY, now=NOW, message_id="<r@rammevagt.eksempel.dk>")
    assert b"\r\n" in content and b"\n" not in content.replace(b"\r\n", b"")
    return email.message_from_bytes(content)


def test_the_receipt_is_threaded_automatic_and_dated_in_danish() -> None:
    found = composed(Headers(message_id="<a@example.net>", references=("<z@example.net>",)))
    assert (found["In-Reply-To"], found["References"]) == ("<a@example.net>", "<z@example.net> <a@example.net>")
    assert (found["Auto-Submitted"], found["From"], found["To"]) == ("auto-replied", BOX, BO)
    words = found.get_payload(decode=True).decode()
    assert "23. november 2026 kl. 10.00" in words and "$" not in words
    assert "Du kan vente svar senest mandag den 30. november 2026." in words
    assert "You can expect an answer by Monday 30 November 2026." in words


def test_law_9_the_receipt_says_nothing_of_framework_case_employee_or_what_was_written() -> None:
    words = composed(Headers(message_id="<a@example.net>")).get_payload(decode=True).decode().lower()
    for forbidden in ("ramme", "framework", "s-1", "karen", "f-1", "begræns"):
        assert forbidden not in words


@pytest.mark.parametrize("hostile", ["<[x@y]@z>", "<a\r\nBcc: x@y>", "<", "<" + "a" * 3000 + ">", "<æ@ø.å>"])
def test_a_hostile_message_id_never_breaks_the_receipt(hostile: str) -> None:
    found = composed(Headers(message_id=hostile))
    assert found["Bcc"] is None and found["Auto-Submitted"] == "auto-replied"


def test_a_mailbox_with_danish_letters_stands_as_it_is() -> None:
    receipt = decided(FRAMED, mail(KAREN, authentication_results=(PASS,))).receipt._replace(mailbox="børn@eksempel.dk")
    content = compose_receipt(receipt, Headers(), receipt_text(), policy=POLICY, now=NOW, message_id="<r@eksempel.dk>")
    assert "From: børn@eksempel.dk\r\n".encode() in content  # RFC 6532: an encoded word is no address


WINDOW = {"kind": "contact_window", "days": ["thu"], "from": "10:00", "to": "12:00"}


def test_the_answer_comes_in_the_contact_window_of_the_framework_that_moved_the_mail() -> None:
    framed = town(framework(measures=[MAILBOX, WINDOW]), framework(id="f-2", state="lifted", measures=[WINDOW | {"days": ["mon"]}]))
    receipt = decided(framed, mail(KAREN, authentication_results=(PASS,))).receipt
    assert receipt.answer_by == date(2026, 12, 3)
    content = compose_receipt(receipt, Headers(), receipt_text(), policy=POLICY, now=NOW, message_id="<r@eksempel.dk>")
    words = email.message_from_bytes(content).get_payload(decode=True).decode()
    assert "Du kan vente svar senest torsdag den 3. december 2026." in words
    for told in ("10.00-", "10-12", "12.00", "vindue", "window", "torsdage", "Thursdays"):
        assert told not in words


def test_the_mailbox_has_a_deadline_of_its_own() -> None:
    policy = replace(POLICY, answer_within_days={BOX: 1})
    assert decided(FRAMED, mail(KAREN, authentication_results=(PASS,)), policy=policy).receipt.answer_by == date(2026, 11, 24)


def test_what_is_not_sent_promises_nothing_and_is_never_composed() -> None:
    receipt = decided(FRAMED, mail(KAREN)).receipt
    assert receipt.answer_by is None
    with pytest.raises(ValueError, match="no receipt"):
        compose_receipt(receipt, Headers(), receipt_text(), policy=POLICY, now=NOW, message_id="<r@eksempel.dk>")

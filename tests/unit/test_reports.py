from dataclasses import replace
from email import message_from_bytes, policy

import pytest
from fakes.queue_store import START
from hypothesis import given
from hypothesis import strategies as st

from workflows.reports import HEADERS_LIMIT, FailedRecipient, Report, compose, header_section

HEADERS = b"From: Bo <bo@example.net>\r\nSubject: Hej\r\n"
REPORT = Report(
    id="01report",
    at=START,
    reporting_mta="gw.eksempel.dk",
    sender="rammevagt@eksempel.dk",
    to="bo@example.net",
    arrived=START,
    recipients=(FailedRecipient("Karen+x@eksempel.dk", "5.1.1", "550 5.1.1 No such user"),),
    headers=HEADERS,
)


def parsed(report):
    return message_from_bytes(compose(report), policy=policy.SMTP)


def test_is_a_multipart_report_for_the_sender():
    mail = parsed(REPORT)
    assert mail.get_content_type() == "multipart/report"
    assert mail.get_param("report-type") == "delivery-status"
    assert mail["To"] == "bo@example.net"
    assert mail["From"] == "Mail Delivery System <rammevagt@eksempel.dk>"
    assert mail["Auto-Submitted"] == "auto-replied"
    assert mail["Message-ID"] == "<01report@eksempel.dk>"
    assert [part.get_content_type() for part in mail.iter_parts()] == [
        "text/plain",
        "message/delivery-status",
        "text/rfc822-headers",
    ]


def test_tells_machines_what_failed():
    _, status, _ = parsed(REPORT).iter_parts()
    about, one = status.get_payload()
    assert about["Reporting-MTA"] == "dns; gw.eksempel.dk"
    assert one["Original-Recipient"] == one["Final-Recipient"] == "rfc822; Karen+x@eksempel.dk"
    assert (one["Action"], one["Status"], one["Diagnostic-Code"]) == ("failed", "5.1.1", "smtp; 550 5.1.1 No such user")


def test_tells_people_calmly_in_danish_and_english():
    text, _, _ = parsed(REPORT).iter_parts()
    words = text.get_content()
    assert "desværre" in words
    assert "We are sorry" in words
    assert "Karen+x@eksempel.dk" in words
    for never in ("ramme", "framework", "redirect", "omdirig"):
        assert never not in words.lower()


def test_carries_the_original_headers_as_they_were():
    _, _, headers = parsed(REPORT).iter_parts()
    assert headers.get_payload() == HEADERS.decode()


def test_without_a_reply_there_is_no_diagnostic():
    report = replace(REPORT, recipients=(FailedRecipient("a@eksempel.dk", "5.4.6"),))
    assert b"Diagnostic-Code" not in compose(report)


def test_an_internationalised_recipient_is_told_in_seven_bits():
    report = replace(REPORT, recipients=(FailedRecipient("bø@eksempel.dk", "5.1.1"),))
    assert b"Final-Recipient: utf-8; b\\x{F8}@eksempel.dk\r\n" in compose(report)


@given(st.binary(max_size=2000), st.text(max_size=60))
def test_is_seven_bit_with_short_lines_whatever_came(headers, address):
    report = replace(REPORT, headers=header_section(headers), recipients=(FailedRecipient(address, "5.1.1"),))
    made = compose(report)
    assert made.isascii()
    assert b"\n" not in made.replace(b"\r\n", b"")
    assert b"\r" not in made.replace(b"\r\n", b"")
    assert max(map(len, made.split(b"\r\n"))) <= 998


@pytest.mark.parametrize(
    ("content", "section"),
    [
        (b"A: b\r\n\r\nbody", b"A: b\r\n"),
        (b"A: b\r\n", b"A: b\r\n"),
        (b"\r\nbody", b""),
        (b"", b""),
        (b"A: b", b""),
    ],
)
def test_header_section(content, section):
    assert header_section(content) == section


def test_a_long_header_section_is_cut_at_a_line():
    section = header_section(b"A: " + b"x" * 60 + b"\r\n" + b"B: y\r\n" * 20_000)
    assert HEADERS_LIMIT - 10 < len(section) <= HEADERS_LIMIT + 2
    assert section.endswith(b"B: y\r\n")

"""The limited header read before 250."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from workflows.mail import Headers
from workflows.reading import MAX_BLOCK, read_headers
from workflows.reading.fields import line_feeds, split_block

NAMES = [b"From", b"from", b"Reply-To", b"To", b"Cc", b"Sender", b"Return-Path", b"Message-ID", b"In-Reply-To", b"References"]
NAMES += [b"Authentication-Results", b"Received", b"Auto-Submitted", b"Precedence", b"X-Auto-Response-Suppress", b"Content-Type"]
NAMES += [b"List-Id", b"List-Unsubscribe", b"Subject", b"X-Other", b"From ", b"Fr\xf8m", b""]
VALUES = st.binary(max_size=30) | st.sampled_from(
    [b"bo@example.net", b'"a" <b@c.dk>', b"<x@y>", b"(", b'"', b"<", b"=?utf-8?q?=F8?=", b"auto-replied", b"text/plain; x=y", b"\0"]
)
FIELD = st.builds(
    lambda name, gap, values, end: name + gap + b"\n ".join(values) + end,
    st.sampled_from(NAMES),
    st.sampled_from([b":", b": ", b" :", b"", b"\t:\r\n "]),
    st.lists(VALUES, min_size=1, max_size=3),
    st.sampled_from([b"\r\n", b"\n", b"\r", b"\r\n\r\n"]),
)


def block(*lines: str) -> bytes:
    return "".join(f"{line}\r\n" for line in lines).encode() + b"\r\n"


@given(st.binary(max_size=300))
@example(b"\r\n")
@example(b"From:")
@example(b":\n:\n")
@example(b"From: a@[")
def test_reading_headers_never_raises_on_any_bytes(content):
    assert read_headers(content) == read_headers(content)


@given(st.lists(FIELD, max_size=12).map(b"".join))
def test_reading_headers_never_raises_on_broken_fields(content):
    headers = read_headers(content)
    for text in (*headers.from_addresses, *headers.references, headers.message_id or "", headers.auto_submitted or ""):
        assert "\0" not in text
        text.encode("utf-8")
    assert len(set(headers.unreadable)) == len(headers.unreadable)


def test_every_field_of_an_ordinary_mail():
    headers = read_headers(
        block(
            "Received: from a by b; Mon, 2 Nov 2026 10:00:00 +0100",
            "Received: from c by d;",
            "\tMon, 2 Nov 2026 09:59:59 +0100",
            "Authentication-Results: mx.eksempel.dk;",
            "\tdmarc=pass header.from=example.net",
            "Authentication-Results: mx.example.net; spf=pass",
            "Return-Path: <bo@example.net>",
            "From: Bo Borger <bo@example.net>",
            "Sender: Fuldmægtig <ib@example.net>",
            "Reply-To: bo.b@example.net",
            "To: Karen <karen@eksempel.dk>,",
            " per@eksempel.dk",
            "Cc: lene@eksempel.dk",
            "Message-ID: <1@example.net>",
            "In-Reply-To: <2@eksempel.dk>",
            "References: <3@eksempel.dk>",
            " <2@eksempel.dk>",
            "Auto-Submitted: Auto-Replied (ferie); owner=x",
            "Precedence: Bulk",
            "X-Auto-Response-Suppress: DR, OOF",
            "List-Id: <liste.example.net>",
            "List-Unsubscribe: <https://example.net/>",
            'Content-Type: Text/Plain; charset="utf-8"',
        )
    )
    assert headers == Headers(
        from_fields=1,
        from_addresses=("bo@example.net",),
        reply_to=("bo.b@example.net",),
        to=("karen@eksempel.dk", "per@eksempel.dk", "lene@eksempel.dk"),
        message_id="<1@example.net>",
        in_reply_to="<2@eksempel.dk>",
        references=("<3@eksempel.dk>", "<2@eksempel.dk>"),
        authentication_results=("mx.eksempel.dk;\tdmarc=pass header.from=example.net", "mx.example.net; spf=pass"),
        auto_submitted="auto-replied",
        precedence="bulk",
        auto_response_suppress="dr, oof",
        return_path="bo@example.net",
        sender="ib@example.net",
        content_type="text/plain",
        list_fields=("list-id", "list-unsubscribe"),
        received_count=2,
    )


def test_nothing_is_read_from_nothing():
    assert read_headers(b"") == read_headers(b"\r\nFrom: bo@example.net\r\n") == Headers()


@pytest.mark.parametrize(
    "content",
    [
        b"FROM: bo@example.net\r\n\r\n",
        b"From : bo@example.net\r\n\r\n",
        b"From\t:bo@example.net\r\n\r\n",
        b"From:\r\n bo@example.net\r\n\r\n",
        b"From: bo@example.net",
        b"From: bo@example.net\n\n",
        b"From: bo@example.net\r\r",
        b"From bo@example.net Mon Nov  2 10:00:00 2026\r\nFrom: bo@example.net\r\n\r\n",
        b">From bo@example.net Mon Nov  2 10:00:00 2026\nFrom: bo@example.net\n\n",
        b"From: bo@example.net\r\n\r\nFrom: evil@x.dk\r\n\r\n",
        b"From: bo@example.net\r\r\nFrom: evil@x.dk\r\n\r\n",  # a bare CR ends a line, as the mended bytes show it
    ],
)
def test_a_from_field_in_every_form(content):
    headers = read_headers(content)
    assert (headers.from_fields, headers.from_addresses, headers.unreadable) == (1, ("bo@example.net",), ())


@pytest.mark.parametrize(
    "broken", [b"garbage", b" folded at the start", b":no name", b"N\xf8me: x", b"A name: x", b"garbage\r\n folded: x", b"\0"]
)
def test_a_line_that_is_no_field_is_noted_and_later_fields_are_read(broken):
    headers = read_headers(broken + b"\r\nFrom: bo@example.net\r\n\r\n")
    assert (headers.from_addresses, headers.unreadable) == (("bo@example.net",), ("headers",))


def test_what_is_folded_under_a_broken_line_belongs_to_no_field():
    headers = read_headers(b"From: bo@example.net\r\nbroken\r\n , evil@x.dk\r\n\r\n")
    assert headers.from_addresses == ("bo@example.net",)


def test_two_from_fields_are_two_and_all_their_addresses_are_told():
    headers = read_headers(block("From: bo@example.net", "Subject: x", "FROM: ib@example.org, per@eksempel.dk"))
    assert headers.from_fields == 2
    assert headers.from_addresses == ("bo@example.net", "ib@example.org", "per@eksempel.dk")


@pytest.mark.parametrize("field", ["From", "Reply-To", "Sender"])
def test_of_a_doubtful_field_no_address_is_believed(field):
    headers = read_headers(block(f'{field}: bo@example.net, "x <evil@x.dk>'))
    assert (headers.from_addresses, headers.reply_to, headers.sender) == ((), (), None)
    assert headers.unreadable == (field.lower(),)


def test_after_a_nul_readers_disagree_so_nothing_is_believed():
    headers = read_headers(b"From: bo@example.net\0 <evil@x.dk>\r\n\r\n")
    assert (headers.from_fields, headers.from_addresses, headers.unreadable) == (1, (), ("from",))


def test_recipients_are_read_as_far_as_they_can_be():
    headers = read_headers(block("To: karen@eksempel.dk, <<per@eksempel.dk>>", "Cc: Undisclosed:;"))
    assert (headers.to, headers.unreadable) == (("karen@eksempel.dk",), ("to",))


@pytest.mark.parametrize(
    ("value", "unreadable"),
    [("", False), ("   ", False), ("bo@example.net", False), ("Bo Borger", True), ("<>", True), ("=?utf-8?q?a=40b?=", True)],
)
def test_a_reply_to_without_an_address_is_told(value, unreadable):
    assert read_headers(block(f"Reply-To: {value}")).reply_to_unreadable is unreadable


def test_an_empty_group_is_a_reply_to_that_says_nothing():
    headers = read_headers(block("Reply-To: ingen:;"))
    assert (headers.reply_to, headers.reply_to_unreadable) == ((), True)


@pytest.mark.parametrize(("value", "path"), [("<>", ""), ("< >", ""), ("<bo@example.net>", "bo@example.net"), ("x", None)])
def test_the_return_path_of_a_bounce_is_empty(value, path):
    assert read_headers(block(f"Return-Path: {value}")).return_path == path


@pytest.mark.parametrize(
    ("value", "found"),
    [("<1@x>", "<1@x>"), (" 1@x ", "1@x"), ("x <1@x> <2@x>", "<1@x>"), ("", None), ("<>", "<>"), ("<" + "a" * 2_000 + ">", 998)],
)
def test_a_message_id_is_kept_as_written(value, found):
    written = read_headers(block(f"Message-ID: {value}")).message_id
    assert (len(written) if isinstance(found, int) else written) == found


@pytest.mark.parametrize(
    ("values", "found"),
    [
        (["no"], "no"),
        (["No (a human)"], "no"),
        (["auto-generated; owner=x"], "auto-generated"),
        (["no", "auto-replied"], "auto-replied"),
        ([""], ""),
        (["auto-replied (never closed"], "auto-replied"),
        ([], None),
    ],
)
def test_auto_submitted_is_its_keyword(values, found):
    assert read_headers(block(*(f"Auto-Submitted: {value}" for value in values))).auto_submitted == found


@pytest.mark.parametrize(
    ("value", "found"),
    [("text/plain", "text/plain"), ("TEXT/HTML;charset=x", "text/html"), ("(a) text/plain (b) ; x", "text/plain"), ("text", None)],
)
def test_the_content_type_is_bare(value, found):
    headers = read_headers(block(f"Content-Type: {value}"))
    assert (headers.content_type, headers.unreadable) == (found, () if found else ("content-type",))


@pytest.mark.parametrize(
    ("raw", "text"),
    [("grød".encode(), "grød"), ("grød".encode("cp1252"), "grød"), (b"gr\x81d", "gr\x81d"), (b"gr\0d", "gr\ufffdd")],
)
def test_undeclared_bytes_become_text(raw, text):
    assert read_headers(b"Message-ID: " + raw + b"\r\n\r\n").message_id == text


def test_law_3_an_overlong_result_keeps_its_place_but_proves_nothing():
    long = "Authentication-Results: mx.eksempel.dk; spf=pass" + " x" * 10_000 + "; dmarc=fail"
    headers = read_headers(block(long, "Authentication-Results: mx.eksempel.dk; dmarc=pass header.from=example.net"))
    assert headers.authentication_results[0] == "mx.eksempel.dk"
    assert headers.unreadable == ("authentication-results",)


def test_a_field_that_the_cap_cuts_is_not_read():
    content = b"From: bo@example.net\r\nX: " + b"x" * (MAX_BLOCK - 60) + b"\r\nReply-To: bo@example.net.evil.dk\r\n\r\n"
    assert read_headers(content).reply_to == ()
    assert read_headers(content[:MAX_BLOCK]).unreadable == ("headers",)
    assert read_headers(content).from_addresses == ("bo@example.net",)


def test_all_received_fields_and_all_from_fields_are_counted():
    headers = read_headers(block(*["Received: x"] * 300, *["From: bo@example.net"] * 12))
    assert (headers.received_count, headers.from_fields) == (300, 12)
    assert "from" in headers.unreadable


def test_caps_hold():
    headers = read_headers(
        block(
            *["Authentication-Results: x; none"] * 50,
            "References: " + " ".join(f"<{number}@x>" for number in range(500)),
            *[f"List-{number}: x" for number in range(100)],
        )
    )
    assert len(headers.authentication_results) == 20
    assert (len(headers.references), headers.references[-1]) == (100, "<499@x>")
    assert len(headers.list_fields) == 20


HOSTILE = [
    "a,",
    "a@b,",
    "<>",
    "<",
    ">",
    ":",
    "(",
    "()",
    '"',
    '""',
    "\\",
    "[",
    "[]",
    "@",
    "a@",
    " ",
    ".",
    '("',
    "=?",
    "a (b) <c@d>,",
    "\n ",
]


@pytest.mark.parametrize("pattern", HOSTILE)
def test_hostile_fields_are_read_in_linear_time(pattern):
    value = (pattern * (60_000 // len(pattern))).encode()
    content = b"".join(name + b": " + value + b"\n" for name in (b"From", b"To", b"Reply-To", b"Content-Type")) + b"\n"
    assert read_headers(content).from_fields == 1  # the suite's timeout is the guard: quadratic reading takes minutes


ENDS = st.lists(st.sampled_from([b"\r", b"\n", b"\r\n", b"A: b", b" c"]), max_size=12).map(b"".join)


@given(ENDS)
def test_every_line_end_becomes_one_line_feed(content: bytes) -> None:
    assert line_feeds(content) == content.replace(b"\r\n", b"\n").replace(b"\r", b"\n")


@given(ENDS, ENDS)
def test_the_section_ends_at_the_first_blank_line_of_any_kind(before: bytes, after: bytes) -> None:
    content = before + b"\r\n\r\n" + after
    assert split_block(content) == split_block(line_feeds(content)) == split_block(before + b"\r\n\r\n")

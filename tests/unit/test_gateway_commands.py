"""MAIL, RCPT and command lines as values."""

import inspect

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gateway import commands
from services.gateway.commands import MailFrom, RcptTo, Refusal, mail_from, rcpt_to
from services.gateway.gate import Gate
from services.gateway.lines import CHUNK, LINE_LIMIT, CommandLines, TooLong
from services.gateway.lmtp import GuardLMTP
from services.gateway.session import GuardSMTP
from services.settings import Gateway

LIMIT = 1000


@pytest.mark.parametrize(
    ("argument", "asked"),
    [
        ("FROM:<a@b.dk>", MailFrom("a@b.dk")),
        ("from: <a@b.dk> ", MailFrom("a@b.dk")),
        ("FROM:<>", MailFrom("")),
        ("FROM:<> SIZE=10", MailFrom("")),
        ("FROM:<a@b.dk> SIZE=1000 BODY=8BITMIME", MailFrom("a@b.dk", eight_bit=True)),
        ("FROM:<a@b.dk> body=7bit smtputf8", MailFrom("a@b.dk", smtputf8=True)),
        ("FROM:<bø@rødgrød.dk> SMTPUTF8", MailFrom("bø@rødgrød.dk", smtputf8=True)),
        ("FROM:<bø@rødgrød.dk>", MailFrom("bø@rødgrød.dk", smtputf8=True)),
        ("FROM:<@relay.dk,@other.dk:a@b.dk>", MailFrom("a@b.dk")),
        ('FROM:<"a b@c"@b.dk>', MailFrom('"a b@c"@b.dk')),
        ('FROM:<"a\\"b>"@b.dk>', MailFrom('"a\\"b>"@b.dk')),
        ("FROM:<a..b.@b.dk>", MailFrom("a..b.@b.dk")),
        ("FROM:<prvs=1+x/y=z@b_c.dk>", MailFrom("prvs=1+x/y=z@b_c.dk")),
        ("FROM:<a@[192.0.2.1]>", MailFrom("a@[192.0.2.1]")),
        ("FROM:<a@[IPv6:2001:db8::1]>", MailFrom("a@[IPv6:2001:db8::1]")),
        ("FROM:<a@b.dk> SIZE=1001", Refusal(commands.TOO_BIG)),
        ("FROM:<a@b.dk> SIZE=99999999999999999999", Refusal(commands.TOO_BIG)),
        ("FROM:<a@b.dk> SIZE=x", Refusal(commands.BAD_SIZE)),
        ("FROM:<a@b.dk> SIZE", Refusal(commands.BAD_SIZE)),
        ("FROM:<a@b.dk> SIZE=²", Refusal(commands.BAD_SIZE)),
        ("FROM:<a@b.dk> BODY=BINARYMIME", Refusal(commands.BAD_BODY)),
        ("FROM:<a@b.dk> SMTPUTF8=1", Refusal(commands.BAD_SMTPUTF8)),
        ("FROM:<a@b.dk> RET=HDRS", Refusal(commands.UNKNOWN_PARAMETER)),
        ("FROM:<a@b.dk> AUTH=<>", Refusal(commands.UNKNOWN_PARAMETER)),
        ("FROM:a@b.dk", MailFrom("a@b.dk")),  # some printers and scanners write so
        ("FROM:<a@b.dk", Refusal(commands.BAD_SENDER)),
        ("FROM:<a@b.dk>SIZE=1", Refusal(commands.BAD_SENDER)),
        ("FROM:<a>", Refusal(commands.BAD_SENDER)),
        ("FROM:<a@b@c.dk>", Refusal(commands.BAD_SENDER)),
        ("FROM:<a b@c.dk>", Refusal(commands.BAD_SENDER)),
        ("FROM:<a\x00@c.dk>", Refusal(commands.BAD_SENDER)),
        ("FROM:<a\udce6@c.dk>", Refusal(commands.BAD_SENDER)),
        ("FROM:<a\rRCPT@c.dk>", Refusal(commands.BAD_SENDER)),
        ("<a@b.dk>", Refusal(commands.BAD_MAIL)),
        ("", Refusal(commands.BAD_MAIL)),
    ],
)
def test_mail_from(argument: str, asked: MailFrom | Refusal) -> None:
    assert mail_from(argument, LIMIT) == asked


@pytest.mark.parametrize(
    ("argument", "asked"),
    [
        ("TO:<a@b.dk>", RcptTo("a@b.dk")),
        ("to: <a+x@b.dk>", RcptTo("a+x@b.dk")),
        ("TO:<Postmaster>", RcptTo("Postmaster@eksempel.dk")),
        ("TO:<@relay.dk:a@b.dk>", RcptTo("a@b.dk")),
        ("TO:<>", Refusal(commands.BAD_RECIPIENT)),
        ("TO:<karen>", Refusal(commands.BAD_RECIPIENT)),
        ("TO:<a@b.dk> NOTIFY=NEVER", Refusal(commands.UNKNOWN_PARAMETER)),
        ("TO:<a@b.dk> ORCPT=rfc822;a@b.dk", Refusal(commands.UNKNOWN_PARAMETER)),
        ("FROM:<a@b.dk>", Refusal(commands.BAD_RCPT)),
    ],
)
def test_rcpt_to(argument: str, asked: RcptTo | Refusal) -> None:
    assert rcpt_to(argument, "eksempel.dk") == asked


@given(st.text(max_size=60), st.sampled_from(["FROM:<", "FROM:", "FROM:<@", 'FROM:<"']))
def test_every_argument_has_an_answer(text: str, start: str) -> None:
    asked = mail_from(start + text, LIMIT)
    if isinstance(asked, MailFrom):
        asked.sender.encode("utf-8")  # and never a surrogate, control character or line break
        assert asked.sender.isprintable() or not asked.sender.isascii()


@given(
    st.lists(st.sampled_from([b"NOOP", b"\r\n", b"\n", b"x" * 5000, b"\r", b"y"]), max_size=12).map(b"".join), st.integers(1, 999)
)
def test_lines_are_the_same_in_any_chunking(raw: bytes, length: int) -> None:
    lines = CommandLines()
    seen: list[bytes | None] = []
    for start in range(0, len(raw), length):
        lines.feed(raw[start : start + length])
        while (line := lines.next()) is not None:
            seen.append(None if isinstance(line, TooLong) else line)
    whole = raw.split(b"\n")[:-1]
    assert seen == [None if len(line) > LINE_LIMIT else line.removesuffix(b"\r") for line in whole]


def test_what_no_command_took_is_left_for_data() -> None:
    lines = CommandLines()
    lines.feed(b"DATA\r\nmail")
    assert lines.next() == b"DATA"
    assert lines.take() == b"mail"
    assert lines.take() == b""


def test_data_is_taken_in_bounded_pieces_and_what_is_put_back_comes_first() -> None:
    lines = CommandLines()
    lines.feed(b"DATA\r\n" + b"m" * CHUNK + b"NOOP\r\nQUIT\r\n")
    assert lines.next() == b"DATA"
    assert lines.take() == b"m" * CHUNK
    lines.put_back(b"RSET\r\n")
    assert len(lines) == len(b"RSET\r\nNOOP\r\nQUIT\r\n")
    assert [lines.next() for _ in range(4)] == [b"RSET", b"NOOP", b"QUIT", None]
    lines.put_back(b"")
    assert len(lines) == 0


@pytest.mark.parametrize("session", [GuardSMTP, GuardLMTP])
def test_every_command_is_a_plain_call_of_ours(session: type[GuardSMTP]) -> None:
    assert {"EHLO", "MAIL", "RCPT", "DATA", "RSET", "QUIT", "STARTTLS"} <= set(session.commands)
    for verb, command in session.commands.items():
        assert command.__module__.startswith("services.gateway"), verb
        assert not inspect.iscoroutinefunction(command), verb


@pytest.mark.parametrize(
    ("client", "trusted"),
    [("127.0.0.9", True), ("::1", True), ("::ffff:127.0.0.1", True), ("10.0.0.1", False), ("fe80::1%eth0", False), ("", False)],
)
def test_only_clients_of_trusted_networks_come_in(client: str, trusted: bool) -> None:
    assert Gate(Gateway().trusted_clients).trusts(client) is trusted

"""The end of data and the two mends, against slow readings of the same rules."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.gateway.data import DataReceiver, crlf
from services.header_mend import HeaderMend
from workflows.reading import MAX_BLOCK

# Bytes that matter are drawn far more often than others.
RAW = st.lists(st.sampled_from([b"\r", b"\n", b".", b"\r\n", b"\r\n.", b"a", b"\0", b"\xe6"]), max_size=40).map(b"".join)
CUTS = st.lists(st.integers(1, 6), min_size=1, max_size=8)


def slow_receive(raw: bytes) -> tuple[bytes, bytes] | None:
    """Byte by byte: the content up to CRLF . CRLF and what follows it; None without an end."""
    out = bytearray()
    at = 0
    line_start = True  # right after a raw CRLF
    while at < len(raw):
        if line_start and raw[at : at + 3] == b".\r\n":
            return re.sub(rb"\r\n|\r|\n", b"\r\n", bytes(out)), raw[at + 3 :]
        if line_start and raw[at : at + 1] == b".":
            line_start = False
        elif raw[at : at + 2] == b"\r\n":
            out += b"\r\n"
            at += 1
            line_start = True
        else:
            out.append(raw[at])
            line_start = False
        at += 1
    return None


def pieces(raw: bytes, cuts: list[int]) -> list[bytes]:
    """``raw`` in chunks whose lengths repeat ``cuts``."""
    chunks = []
    while raw:
        length = cuts[len(chunks) % len(cuts)]
        chunks.append(raw[:length])
        raw = raw[length:]
    return chunks


def receive(chunks: list[bytes]) -> tuple[bytes, bytes] | None:
    receiver = DataReceiver()
    out = []
    for number, chunk in enumerate(chunks):
        out.append(receiver.feed(chunk))
        if receiver.done:
            return b"".join(out), receiver.rest + b"".join(chunks[number + 1 :])
    return None


@given(RAW, CUTS)
@example(b".\r\n", [1])
@example(b"\r\n.\r\r\n.\r\n", [1])
@example(b"\r\n.\n.\r\n\r\n.\r\n", [2])
def test_law_6_any_chunking_gives_what_the_slow_reading_gives(raw: bytes, cuts: list[int]) -> None:
    raw += b"\r\n.\r\n.\r\nQUIT\r\n"
    assert receive(pieces(raw, cuts)) == slow_receive(raw)


@given(RAW, CUTS)
def test_without_an_end_nothing_ends(raw: bytes, cuts: list[int]) -> None:
    assert receive(pieces(raw, cuts)) == receive([raw])
    assert receive([raw]) == slow_receive(raw)


@pytest.mark.parametrize(
    ("raw", "content"),
    [
        (b".\r\n", b""),
        (b"\r\n.\r\n", b"\r\n"),
        (b"a\r\n.\r\n", b"a\r\n"),
        (b"a\r\n..b\r\n.\r\n", b"a\r\n.b\r\n"),
        (b"..\r\n.\r\n", b".\r\n"),
        (b".a\r\n.\r\n", b"a\r\n"),
        (b"a\n.\nb\r\n.\r\n", b"a\r\n.\r\nb\r\n"),
        (b"a\n.\r\nb\r\n.\r\n", b"a\r\n.\r\nb\r\n"),
        (b"a\r\n.\nb\r\n.\r\n", b"a\r\n\r\nb\r\n"),
        (b"a\r.\rb\r\n.\r\n", b"a\r\n.\r\nb\r\n"),
        (b"a\r\n.\rb\r\n.\r\n", b"a\r\n\r\nb\r\n"),
        (b"\0\xff\r\n.\r\n", b"\0\xff\r\n"),
    ],
)
def test_what_ends_a_mail_and_what_does_not(raw: bytes, content: bytes) -> None:
    assert receive([raw]) == (content, b"")


def test_clean_content_is_not_copied() -> None:
    content = b"a\r\n" * 1000
    assert crlf(content) is content


@given(RAW)
def test_every_line_break_becomes_crlf(raw: bytes) -> None:
    mended = re.sub(rb"\r\n|\r|\n", b"\r\n", raw)
    assert crlf(raw) == mended
    assert crlf(mended) is mended


HEADERS = st.lists(
    st.sampled_from(
        [b"X-Rammevagt-", b"x-rAMMEVAGT-", b"X-Rammevagt", b"Id: 1", b"\r\n", b"\r\n ", b"From: a", b"X-", b"\r\n\r\n"]
    ),
    max_size=20,
).map(b"".join)


def slow_mend(content: bytes) -> tuple[bytes, bytes]:
    """Line by line: the mended content, and its header section."""
    head, tail = [], b""
    for number, line in enumerate(lines := content.split(b"\r\n")):
        if line == b"" and number < len(lines) - 1:
            head.append(b"")
            tail = b"\r\n".join(lines[number + 1 :])
            block = b"\r\n".join(head) + b"\r\n"
            return block + tail, block
        if line.lower().startswith(b"x-rammevagt-"):
            line = b"X-Untrusted-Rammevagt-" + line[12:]
        head.append(line)
    block = b"\r\n".join(head)
    return block, block


@given(HEADERS, CUTS)
@example(b"\r\nX-Rammevagt-Id: body\r\n", [1])
def test_law_6_our_field_names_are_mended_in_any_chunking(content: bytes, cuts: list[int]) -> None:
    mend = HeaderMend()
    out = b"".join(mend.feed(chunk) for chunk in pieces(content, cuts)) + mend.finish()
    assert (out, mend.block) == slow_mend(content)


def test_law_6_a_header_of_megabytes_is_mended_whole_and_kept_short() -> None:
    field = b"X-RAMMEVAGT-Id: 1\r\n"
    content = field * 200_000 + b"\r\nX-Rammevagt-Body: stays\r\n"
    mend = HeaderMend()
    out = b"".join(mend.feed(chunk) for chunk in pieces(content, [65_536])) + mend.finish()
    assert out == b"X-Untrusted-Rammevagt-Id: 1\r\n" * 200_000 + b"\r\nX-Rammevagt-Body: stays\r\n"
    assert mend.block == out[:MAX_BLOCK]

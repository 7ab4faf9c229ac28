"""The two mends on a whole mail, and that they are the gateway's own."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.header_mend import HeaderMend
from workflows.mends import header_block, mend


@pytest.mark.parametrize(
    ("written", "mended"),
    [
        (b"A: b\r\n\r\nx\r\n", b"A: b\r\n\r\nx\r\n"),
        (b"A: b\n\nx\ry\n", b"A: b\r\n\r\nx\r\ny\r\n"),
        (
            b"x-rammevagt-id: 1\nA: b\n\nX-Rammevagt-Id: body\n",
            b"X-Untrusted-Rammevagt-id: 1\r\nA: b\r\n\r\nX-Rammevagt-Id: body\r\n",
        ),
        (b"A: b\n X-Rammevagt-Id: folded\n\n", b"A: b\r\n X-Rammevagt-Id: folded\r\n\r\n"),
        (b"\nX-Rammevagt-Id: body\n", b"\r\nX-Rammevagt-Id: body\r\n"),
        (b"A: \x00\xff\n\n\x00", b"A: \x00\xff\r\n\r\n\x00"),
        (b"", b""),
    ],
)
def test_mend(written, mended):
    assert mend(written) == mended
    assert mend(mended) == mended


@given(st.lists(st.sampled_from([b"\r", b"\n", b"\r\n", b"X-Rammevagt-", b"x-rammevagt-a: ", b" ", b"a", b"\x00"])).map(b"".join))
def test_the_gateway_mends_the_same(content):
    streamed = HeaderMend()
    lines = mend(content).replace(b"X-Untrusted-Rammevagt-", b"X-Rammevagt-")
    assert streamed.feed(lines) + streamed.finish() == mend(lines)
    assert header_block(mend(lines)) == streamed.block


def test_the_header_block_is_cut():
    assert len(header_block(b"a" * 300_000)) == 256 * 1024
    assert header_block(b"A: b\r\n\r\nbody\r\n") == b"A: b\r\n\r\n"

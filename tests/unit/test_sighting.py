"""Which handled mail a message is: by the guard's mark and the bytes below it; never by a Message-ID alone, and never twice."""

import hashlib
from typing import NamedTuple

import pytest
from fakes.arrivals import NOW
from fakes.posts import house

from services.header_mend import HeaderMend
from services.mailbox.content import IN_MEMORY, Content
from workflows.decision import Reason
from workflows.facts import Facts
from workflows.mail import Headers
from workflows.mailbox_state import PASSING, SAID, TROUBLES, pause
from workflows.mends import mend
from workflows.route import FAULTS
from workflows.sighting import Mark, Message, as_mail, decided, mark_of, which

TRACE = b"Received: from mx ([192.0.2.1])\r\n\tby guard (Rammevagt) with ESMTPS\r\n\tid %s; Mon, 2 Nov 2026 09:00:00 +0000\r\n"
BELOW = b"From: a@example.net\r\n\r\nHej\r\n"


class Known(NamedTuple):
    id: str
    sha256: str = "bytes"
    message_id: str | None = "<1@x>"
    here: bool = True


def message(ids=("g1",), sha256="whole", below="bytes", message_id="<1@x>"):
    return Message(ids, sha256, below, message_id)


@pytest.mark.parametrize(
    ("seen", "known", "taken", "found"),
    [
        (message(), Known("g1"), (), "g1"),
        (message(), Known("g1", here=False), (), "g1"),
        (message(below="others"), Known("g1"), (), "g1"),  # changed on the way
        (message(below="others"), Known("g1", here=False), (), None),
        (message(below="others", message_id="<2@x>"), Known("g1"), (), None),  # another mail in its clothes
        (message(below="others", message_id=None), Known("g1", message_id=None), (), None),
        (message(ids=(), below=None), Known("g1"), (), None),  # a Message-ID alone
        (message(ids=(), below=None, sha256="bytes"), Known("g1"), (), "g1"),
        (message(ids=(), below=None, sha256="bytes"), Known("g1", here=False), (), None),
        (message(), Known("g1"), {"g1"}, None),  # another message was it, and this one has not its bytes
        (message(ids=("g2",)), Known("g1"), (), None),
    ],
)
def test_which_mail_it_is(seen, known, taken, found):
    assert which(seen, [known], taken) == found


def test_the_topmost_mark_counts():
    top = b"Return-Path: <a@b>\r\nX-Rammevagt-Id: g2\r\n" + TRACE % b"g2"
    whole = top + b"X-Untrusted-Rammevagt-Id: g1\r\n" + TRACE % b"g1" + BELOW
    assert mark_of(whole) == Mark(("g2",), len(top))
    assert mark_of(BELOW) == Mark()
    assert mark_of(b"x-rammevagt-ID:  G7 \r\n" + BELOW) == Mark(("g7",), None)


@pytest.mark.parametrize("end", [b"\r\n", b"\n", b"\r"])
def test_what_a_mail_quotes_is_no_mark(end):
    """A forwarded mail stands in the body with its mark; whoever writes can put another's there too."""
    mark = b"X-Rammevagt-Id: g1\r\n" + TRACE % b"g1"
    assert mark_of(b"From: a@example.net" + end + end + b"Se her:\r\n" + mark + BELOW) == Mark()
    assert mark_of(end + mark + BELOW) == Mark()


@pytest.mark.parametrize("field", [b"Subject: Nyt", b"Content-Type: text/html", b"from : x@y.dk", b"MIME-Version: 1.0"])
def test_no_mail_begins_below_words_that_a_reader_would_be_shown(field):
    mark = b"X-Rammevagt-Id: g1\r\n" + TRACE % b"g1"
    assert mark_of(b"X-A: b\r\n" + field + b"\r\n" + mark + BELOW) == Mark(("g1",), None)
    assert mark_of(b"X-Subject: b\r\n" + mark + BELOW).begins is not None


@pytest.mark.parametrize("size", [0, 10, IN_MEMORY, 3 * IN_MEMORY])
@pytest.mark.parametrize("part", [1 << 20, 4097])
def test_what_is_fetched_in_parts_is_mended_and_hashed_as_a_whole(tmp_path, size, part):
    top = b"X-Rammevagt-Id: g1\r\n" + TRACE % b"g1"
    raw = top + BELOW + b"bare\nand\rends\r\n" + b"x\r\n" * (size // 3) + b"\r"
    content = Content(tmp_path, "g9")
    for start in range(0, len(raw), part):
        content.write(raw[start : start + part])
    found = content.finish()
    kept = found.content if isinstance(found.content, bytes) else found.content.read_bytes()
    assert kept == mend(raw) and found.size == len(kept)
    assert found.sha256 == hashlib.sha256(kept).hexdigest()
    assert found.below == hashlib.sha256(raw[len(top) :]).hexdigest()
    assert isinstance(found.content, bytes) == (len(kept) <= IN_MEMORY)
    mended = HeaderMend()
    mended.feed(kept)
    assert found.header_block == mended.block
    found.discard()
    content.discard()
    assert list(tmp_path.iterdir()) == []


def test_a_mail_in_a_mailbox_is_decided_where_it_lies():
    facts = Facts(house().policy, house().organisation)
    headers = Headers(from_fields=1, from_addresses=("a@example.net",), return_path="")
    mail = as_mail("bf-kontakt@eksempel.dk", headers, "g1", "00", 5)
    assert mail.envelope.sender == ""
    assert as_mail("x@y.dk", headers._replace(return_path=None), "g", "", 0).envelope.sender == "a@example.net"
    decision = decided(mail, facts, NOW)
    [outcome] = decision.recipients
    assert (outcome.action, outcome.deliver_to) == ("deliver", ("bf-kontakt@eksempel.dk",))
    [unknown] = decided(mail, facts._replace(known=False), NOW).recipients
    assert unknown.reason is Reason.NOT_EVALUATED


def test_every_trouble_has_words_in_both_languages():
    assert TROUBLES | FAULTS.keys() | {"watching", "connecting", "canary_missing"} == SAID.keys() and PASSING < TROUBLES
    assert all(one.da.endswith(".") and one.en.endswith(".") and one.da != one.en for one in SAID.values())


def test_pauses_grow_and_spare_the_account():
    assert [pause("closed", n, 0.5).total_seconds() for n in (1, 2, 3, 50)] == [1, 2, 4, 60]
    assert [pause("login_refused", n, 0.5).total_seconds() for n in (1, 2, 50)] == [60, 120, 900]
    assert pause("closed", 1, 0.0) < pause("closed", 1, 0.99)

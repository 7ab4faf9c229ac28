"""What is asked of hostile bytes. Each target takes any bytes, and raises where the guard breaks its word.

A target must find its own faults: it compares with a slower way, asks twice, or checks what the contract promises.
"""

import random
import re
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from ipaddress import ip_address
from pathlib import Path

from fakes.registers import DOMAINS
from fakes.town import NOW, PER, facts, framework, town
from fakes.wire import LIMIT, Conversations

from services.bad_input import BadInput
from services.register_file import parse_register, write_register
from services.settings_loading import load_settings
from services.signal_words import load
from workflows.addresses import domain_of, normalise, recipient_key
from workflows.assess import assess
from workflows.authentication import authenticate
from workflows.decide import decide
from workflows.mail import Envelope, Mail
from workflows.mends import mend
from workflows.reading import Unreadable, read_headers, read_mail
from workflows.reading.address_list import MAX_LENGTH, addr_spec, read_addresses
from workflows.reading.tnef import read_tnef
from workflows.reports import FailedRecipient, Report, compose, header_section
from workflows.return_path import sign, verify

CODES = {code.value for code in Unreadable}
AT = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
TOWN = town(framework())
KEY, BOUNCES = b"key", "rammevagt.eksempel.dk"
REPLY = re.compile(
    r"(?:220|221|250|252|214|354|421|452|500|501|502|503|550|552|555)(?: [245]\.[0-7]\.[0-9]{1,2})?[ -][\x20-\x7e]*"
)  # a 451 or 530 has no cause here: nothing fails, and TLS is not required


@cache
def conversations(**settings: object) -> Conversations:
    return Conversations(Path(tempfile.mkdtemp(prefix="fuzz-spool-")), **settings)


# -- reading
def headers(data: bytes) -> None:
    """The header read, what it says of who wrote, and the decision: total, and the same twice."""
    read = read_headers(data)
    assert read_headers(data) == read
    "".join((*read.from_addresses, *read.to, *read.references, *read.authentication_results, *read.unreadable)).encode()
    for address in read.from_addresses:
        authenticate(read.authentication_results, domain_of(address), "mx.eksempel.dk")
        authenticate(read.authentication_results, domain_of(address), "m365")
    mail = Mail("0" * 64, Envelope("bo@example.net", ("karen@eksempel.dk", PER)), read)
    decision = decide(mail, facts(TOWN, mail), NOW)
    assert decision == decide(mail, facts(TOWN, mail), NOW)
    assert len(decision.recipients) == 2 and all(one.deliver_to for one in decision.recipients)


def addresses(data: bytes) -> None:
    """Address lists: no address comes out that is not in the text, and comparing is idempotent."""
    text = data.decode("utf-8", "replace").replace("\n", "")
    found = read_addresses(text)
    for address in found.addresses:
        assert 0 < len(address) <= MAX_LENGTH and address.isprintable()
        assert normalise(normalise(address)) == normalise(address)
        assert recipient_key(address, {domain_of(address)}) == recipient_key(normalise(address), {domain_of(address)})
        assert all(label in text for label in address.rpartition("@")[2].split("."))
        assert addr_spec(address) == address
    normalise(text)
    assert normalise(normalise(text)) == normalise(text)


def mail(data: bytes) -> None:
    """The whole mail and its assessment: total, of text that can be kept, with the headers that routing saw."""
    reading = read_mail(data)
    assert set(reading.unreadable) <= CODES
    assert reading.headers == read_headers(data)
    kept = reading.text + reading.subject + "".join(f"{one.filename}{one.content_type}" for one in reading.parts)
    kept.encode()
    assert "\0" not in kept
    assert reading.text.strip() or "no_text" in reading.unreadable
    assert assess(reading, load()) == assess(read_mail(data), load())


def tnef(data: bytes) -> None:
    """winmail.dat."""
    found = read_tnef(data)
    (found.text + "".join(f"{one.name}{one.content_type}" for one in found.attached)).encode()
    assert "\0" not in found.text


def report(data: bytes) -> None:
    """A report about mail with any headers and any address: seven bits in short lines, or an honest UTF-8 address."""
    line, _, content = data.partition(b"\n")
    address = line.decode("utf-8", "replace")
    section = header_section(mend(content))
    made = Report(
        "id", AT, "gw.eksempel.dk", "noreply@eksempel.dk", address, AT, (FailedRecipient(address, "5.1.1", address),), section
    )
    text = compose(made)
    assert text.replace(b"\r\n", b"").count(b"\n") == text.replace(b"\r\n", b"").count(b"\r") == 0
    assert text.isascii() or not address.isascii()
    assert b"\0" not in text
    assert read_headers(text).content_type == "multipart/report"


def return_path(data: bytes) -> None:
    """Nothing verifies that was not signed."""
    text = data.decode("utf-8", "surrogateescape")
    for address in (text, f"rv-{text}@{BOUNCES}", f"rv-01jd-{text}@{BOUNCES}"):
        found = verify(KEY, address, BOUNCES)
        assert found is None or sign(KEY, found, BOUNCES) == normalise(address.strip().strip("<>"))


# -- the session
def chunked(data: bytes) -> list[bytes]:
    """``data`` in pieces that its first byte chooses."""
    chance, left = random.Random(data[0]), data[1:]
    longest = chance.choice((1, 2, 7, 60, 1500) if len(left) < 500 else (60, 1500))
    chunks = []
    while left:
        cut = chance.randint(1, longest)
        chunks.append(left[:cut])
        left = left[cut:]
    return chunks


def session(data: bytes) -> None:
    """Any bytes to the SMTP port: only replies of the grammar, 250 for exactly what was taken, and no matter in what chunks."""
    if not data:
        return
    whole, pieces = (conversations().hold(chunks) for chunks in ([data[1:]], chunked(data)))
    assert whole.replies == pieces.replies, (whole.replies, pieces.replies)
    assert whole.mails == pieces.mails
    for heard in (whole, pieces):
        for reply in heard.replies:
            assert REPLY.fullmatch(reply), reply
        assert not any(reply.startswith("421 4.3.0") for reply in heard.replies)
        assert sum("queued as" in reply for reply in heard.replies) == len(heard.intake.taken)
        assert all(domain_of(one) == "eksempel.dk" for _, recipients, _ in heard.mails for one in recipients)
        assert all(content == mend(content) for _, _, content in heard.mails)


def content(data: bytes) -> None:
    """Any content, stuffed as RFC 5321 4.5.2 asks: taken whole, as it was but for the two mends, and once."""
    if not data:
        return
    raw = data[1:] if data.endswith(b"\r\n") else data[1:] + b"\r\n"
    stuffed = (b"\r\n" + raw).replace(b"\r\n.", b"\r\n..")[2:]
    talk = b"HELO c\r\nMAIL FROM:<bo@example.net>\r\nRCPT TO:<karen@eksempel.dk>\r\nDATA\r\n" + stuffed + b".\r\nQUIT\r\n"
    heard = conversations().hold(chunked(data[:1] + talk))
    taken = mended(raw)
    if len(taken) > LIMIT:
        assert not heard.mails
        return
    assert [text for _, _, text in heard.mails] == [taken]
    assert [reply[:3] for reply in heard.replies] == ["220", "250", "250", "250", "354", "250", "221"]


def mended(raw: bytes) -> bytes:
    """The two mends, line by line."""
    lines = re.sub(rb"\r\n|\r|\n", b"\r\n", raw).split(b"\r\n")
    header = lines.index(b"") if b"" in lines[:-1] else len(lines)
    ours = re.compile(rb"(?i)^x-rammevagt-")
    return b"\r\n".join([*(ours.sub(b"X-Untrusted-Rammevagt-", line) for line in lines[:header]), *lines[header:]])


def proxy(data: bytes) -> None:
    """Any bytes where a PROXY header should be: a client that may come in is greeted, nobody else, in whatever chunks."""
    if not data:
        return
    talks = conversations(proxy_protocol=True)
    whole, pieces = (talks.hold(chunks) for chunks in ([data[1:]], chunked(data)))
    assert whole.replies == pieces.replies, (whole.replies, pieces.replies)
    first = whole.replies[0] if whole.replies else "421 gone"
    assert first.startswith(("220 ", "421 4.7.0 ", "421 gone")), first
    for one in whole.intake.taken:
        assert ip_address(one.client)


# -- files that people write
def register(data: bytes) -> None:
    """A register is read, and written to the same; or refused in clear lines."""
    try:
        found = parse_register("r.yaml", data, DOMAINS)
    except BadInput as error:
        _check_lines(error)
        return
    assert parse_register("r.yaml", write_register(found).encode(), DOMAINS) == found


def settings(data: bytes) -> None:
    """Settings are read, or refused in clear lines."""
    file = _settings_file()
    file.write_bytes(data)
    try:
        load_settings(file, {})
    except BadInput as error:
        _check_lines(error)


@cache
def _settings_file() -> Path:
    return Path(tempfile.mkdtemp(prefix="fuzz-settings-")) / "r.toml"


def _check_lines(error: BadInput) -> None:
    assert error.lines
    for line in error.lines:
        assert line.strip() and "Traceback" not in line, line
        assert len(line.splitlines()) == 1, line


TARGETS: dict[str, Callable[[bytes], None]] = {
    target.__name__: target
    for target in (headers, addresses, mail, tnef, report, return_path, session, content, proxy, register, settings)
}
GROUPS = {
    "reading": (headers, addresses, mail, tnef, report),
    "session": (session, content, proxy, return_path),
    "files": (register, settings),
}

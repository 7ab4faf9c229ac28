"""The SMTP client against a real server that does what it shouldn't."""

import asyncio
import ssl
from dataclasses import replace

import pytest
from fakes.certificate import self_signed
from fakes.sink import EXTENSIONS, Sink
from hypothesis import given, settings
from hypothesis import strategies as st

from services.delivery.client import connect
from services.delivery.outcomes import Accepted, ConnectionTrouble, Postponed, Refused, StaleConnection
from services.delivery.replies import Reply, ReplyParser
from services.delivery.target import Target, target
from services.delivery.timeouts import Timeouts
from services.delivery.wire import Transaction, Transparency, whole
from services.settings import Settings

PLAIN = tuple(one for one in EXTENSIONS if one not in (b"PIPELINING", b"8BITMIME", b"SMTPUTF8"))
QUICK = Timeouts(connect=5, greeting=0.05, hello=0.05, mail=0.05, rcpt=0.05, data=0.05, block=0.05, dot=0.05)


def mail(*recipients, content=b"A: b\r\n\r\nhi\r\n", **fields):
    to = recipients or ("karen@eksempel.dk",)
    size = len(content) if isinstance(content, bytes) else content.stat().st_size
    return replace(Transaction("bo@example.net", to, b"X-Rammevagt-Id: 1\r\n", content, size), **fields)


def to(sink, **fields):
    return Target(sink.host, sink.port, "guard.test", **fields)


async def send(sink, *mails, timeouts=QUICK):
    connection = await connect(to(sink), timeouts)
    try:
        return [await connection.send(one) for one in mails]
    finally:
        connection.close()


@pytest.mark.parametrize("extensions", [EXTENSIONS, PLAIN])
async def test_law_6_bytes_arrive_as_they_were(extensions):
    content = (
        b".first\r\nA: \xc3\xb8\r\n\r\n.\r\n..\r\n" + bytes(one for one in range(256) if one not in (10, 13)) + b"\r\n.x\r\n.\r\n"
    )
    async with Sink(extensions=extensions) as sink:
        assert await send(sink, mail(content=content), mail(content=content, prepend=b"")) == [[Accepted()], [Accepted()]]
        assert [one.content for one in sink.mails] == [b"X-Rammevagt-Id: 1\r\n" + content, content]
        assert sink.connections == 1


@pytest.mark.parametrize("size", [65_536, 262_142, 262_143, 262_144, 262_145, 1_000_000])
async def test_law_6_a_large_file_arrives_as_it_was(tmp_path, size):
    content = (b"..\r\n.\r\n" * (size // 8 + 1))[: size - 2] + b"\r\n"
    file = tmp_path / "content"
    file.write_bytes(content)
    async with Sink() as sink:
        assert await send(sink, mail(content=file), mail(content=content), timeouts=Timeouts()) == [[Accepted()], [Accepted()]]
        assert [one.content == b"X-Rammevagt-Id: 1\r\n" + content for one in sink.mails] == [True, True]


@given(st.lists(st.binary(max_size=5) | st.sampled_from([b"\r\n", b".", b"\r\n.", b"\r", b"\n"]), max_size=30))
@settings(deadline=None)
def test_transparency_does_not_depend_on_where_chunks_end(chunks):
    transparency = Transparency()
    sent = b"".join(transparency.chunk(one) for one in chunks) + transparency.end()
    assert sent == whole(mail(prepend=b""), b"".join(chunks)) or not b"".join(chunks)


async def test_one_outcome_per_recipient():
    async with Sink() as sink:
        sink.on("RCPT", b"550 5.1.1 <per@eksempel.dk>: no per here", address="per@eksempel.dk")
        sink.on("RCPT", b"450 4.2.1 later", address="ida@eksempel.dk")
        [answers] = await send(sink, mail("karen@eksempel.dk", "per@eksempel.dk", "ida@eksempel.dk"))
        assert answers == [
            Accepted(),
            Refused("5.1.1", "550 5.1.1 (address): no (address) here"),
            Postponed("4.2.1", "450 4.2.1 later"),
        ]
        assert sink.mails[0].recipients == ("karen@eksempel.dk",)


@pytest.mark.parametrize("extensions", [EXTENSIONS, PLAIN])
@pytest.mark.parametrize("verb", ["MAIL", "RCPT", "DATA", "DOT"])
@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (b"550 no", Refused("5.0.0", "550 no")),
        (b"554 5.7.1 no", Refused("5.7.1", "554 5.7.1 no")),
        (b"451 4.3.0 later", Postponed("4.3.0", "451 4.3.0 later")),
        (b"452-4.2.2 full\r\n452 4.2.2 really", Postponed("4.2.2", "452 4.2.2 full 4.2.2 really")),
        (b"530 5.7.0 STARTTLS first", Postponed("5.7.0", "530 5.7.0 STARTTLS first")),
        (b"550 4.9.9 class differs", Refused("5.0.0", "550 4.9.9 class differs")),
    ],
)
async def test_every_refusal_is_one_mails_own_and_the_connection_goes_on(extensions, verb, reply, expected):
    async with Sink(extensions=extensions) as sink:
        sink.on(verb, reply, times=1)
        first, second = await send(sink, mail(), mail())
        assert first == [expected]
        assert second == [Accepted()]
        assert (sink.connections, sink.count) == (1, 1)


@pytest.mark.parametrize("verb", ["MAIL", "RCPT", "DATA", "DOT"])
@pytest.mark.parametrize(
    "rule",
    [
        {"drop": "before"},
        {"reply": b"421 4.3.2 going down"},
        {"reply": b"421 4.3.2 going down", "drop": "after"},
        {"reply": b"hello there"},
        {"reply": b"250-one\r\n251 two"},
        {"reply": b"999 what"},
        {"reply": b"250 " + b"x" * 5000},
        {"reply": b"\r\n".join([b"250-x"] * 200)},
        {"stall": True},
    ],
)
async def test_trouble_is_temporary_and_ends_the_connection(verb, rule):
    async with Sink() as sink:
        sink.on(verb, **rule)
        connection = await connect(to(sink), QUICK)
        assert [type(one) for one in await connection.send(mail())] == [Postponed]
        assert not connection.is_usable
        connection.abort()


async def test_a_recipient_who_was_refused_stays_so_when_the_connection_is_lost():
    async with Sink() as sink:
        sink.on("RCPT", b"550 5.1.1 no", address="per@eksempel.dk")
        sink.on("DOT", drop="before")
        [answers] = await send(sink, mail("per@eksempel.dk", "karen@eksempel.dk"))
        assert answers == [Refused("5.1.1", "550 5.1.1 no"), Postponed("4.4.2", "connection lost")]


async def test_a_server_that_hangs_up_on_its_refusal_is_believed():
    async with Sink() as sink:
        sink.on("MAIL", b"554 5.7.1 not you", drop="after")
        assert await send(sink, mail()) == [[Refused("5.7.1", "554 5.7.1 not you")]]


async def test_content_refused_on_the_way_is_believed(tmp_path):
    file = tmp_path / "content"
    file.write_bytes(b"x" * 998 + b"\r\n" + b"y" * 20_000_000 + b"\r\n")
    async with Sink() as sink:
        sink.on("BODY", b"552 5.3.4 too big", drop="after")
        [[answer]] = await send(sink, mail(content=file), timeouts=Timeouts())
        assert answer in (Refused("5.3.4", "552 5.3.4 too big"), Postponed("4.4.2", "connection lost"))


async def test_an_answer_of_354_to_nobody_gets_an_empty_mail_that_goes_nowhere():
    async with Sink() as sink:
        sink.on("RCPT", b"550 5.1.1 no", times=1)
        sink.on("DATA", b"354 go ahead", times=1)
        sink.on("DOT", b"554 5.5.1 no recipients", times=1)
        assert await send(sink, mail(), mail()) == [[Refused("5.1.1", "550 5.1.1 no")], [Accepted()]]


@given(st.lists(st.integers(1, 40), max_size=40))
@settings(deadline=None)
def test_replies_do_not_depend_on_where_their_octets_end(lengths):
    wire = b"250-one\r\n250-two\n250 three\r\n354\r\n550 5.1.1 no\r\n" + b"250-x\r\n" * 127 + b"250 last\r\n"
    parser, found, start = ReplyParser(), [], 0
    for length in [*lengths, len(wire)]:
        found += parser.feed(wire[start : start + length])
        start += length
    assert found == [
        Reply(250, (b"one", b"two", b"three")),
        Reply(354, (b"",)),
        Reply(550, (b"5.1.1 no",)),
        Reply(250, (b"x",) * 127 + (b"last",)),
    ]
    assert parser.is_empty()


@pytest.mark.parametrize(
    "garbage",
    [
        b"\r\n",
        b"25\r\n",
        b"2500 x\r\n",
        b"250_x\r\n",
        b"199 x\r\n",
        b"600 x\r\n",
        b"2 0 x\r\n",
        b"\xb2\xb5\xb0 x\r\n",
        b"250-a\r\n251 b\r\n",
        b"250-a\r\n250-" + b"b" * 2048,
        b"250 " + b"x" * 2048 + b"\r\n",
        b"250-x\r\n" * 128 + b"250 x\r\n",
    ],
)
def test_what_is_no_reply_is_trouble(garbage):
    with pytest.raises(ConnectionTrouble):
        ReplyParser().feed(garbage)


@pytest.mark.parametrize("rule", [{"drop": "before"}, {"reply": b"421 4.3.2 bye", "drop": "after"}])
async def test_a_kept_connection_that_ended_says_so(rule):
    async with Sink() as sink:
        connection = await connect(to(sink), QUICK)
        assert await connection.send(mail()) == [Accepted()]
        sink.on("MAIL", **rule)
        with pytest.raises(StaleConnection):
            await connection.send(mail())


async def test_an_idle_connection_that_the_server_closed_is_not_used():
    async with Sink() as sink:
        connection = await connect(to(sink), QUICK)
        assert connection.is_usable
    for _ in range(100):
        if connection.is_usable:
            await asyncio.sleep(0)
    assert not connection.is_usable


async def test_parameters_are_said_where_offered_and_needed():
    async with Sink() as sink, Sink(extensions=PLAIN) as plain:
        utf8 = mail("bø@eksempel.dk", smtputf8=True, eight_bit=True)
        for server in (sink, plain):
            await send(server, mail(eight_bit=True), mail(), utf8)
        assert [one.mail.split(b">")[1] for one in sink.mails] == [
            b" SIZE=12 BODY=8BITMIME",
            b" SIZE=12",
            b" SIZE=12 BODY=8BITMIME SMTPUTF8",
        ]
        assert [one.mail.split(b">")[1] for one in plain.mails] == [b" SIZE=12", b" SIZE=12"]


async def test_without_smtputf8_only_those_who_need_it_are_refused():
    async with Sink(extensions=PLAIN) as sink:
        [answers] = await send(sink, mail("bø@eksempel.dk", "bo@rødgrød.dk", "karen@eksempel.dk", smtputf8=True))
        assert [type(one) for one in answers] == [Refused, Accepted, Accepted]
        assert answers[0].status == "5.6.7"
        assert sink.mails[0].recipients == ("bo@xn--rdgrd-vuad.dk", "karen@eksempel.dk")


@pytest.mark.parametrize("address", ["a@b\r\nRSET", "a\0@b", "a\n@b", "a\ud800@b"])
async def test_an_address_never_becomes_a_command(address):
    async with Sink() as sink:
        [[first], [second]] = await send(sink, mail(address), mail(sender=address))
        assert (first.status, second.status) == ("5.1.3", "5.1.3")
        assert not sink.mails


@pytest.mark.parametrize(
    ("verb", "rule"),
    [
        ("CONNECT", {"reply": b"554 5.7.1 go away"}),
        ("CONNECT", {"reply": b"421 4.7.0 too many"}),
        ("CONNECT", {"drop": "before"}),
        ("CONNECT", {"stall": True}),
        ("CONNECT", {"reply": b"garbage"}),
        ("EHLO", {"drop": "before"}),
        ("EHLO", {"stall": True}),
        ("EHLO", {"reply": b"421 4.3.2 no"}),
    ],
)
async def test_no_connection_without_a_proper_greeting(verb, rule):
    async with Sink() as sink:
        sink.on(verb, **rule)
        with pytest.raises(ConnectionTrouble):
            await connect(to(sink), QUICK)


async def test_nobody_listening_is_trouble():
    async with Sink() as sink:
        pass
    with pytest.raises(ConnectionTrouble, match="connect: ConnectionRefusedError"):
        await connect(to(sink), QUICK)


async def test_says_helo_to_a_server_that_knows_no_ehlo():
    async with Sink() as sink:
        sink.on("EHLO", b"502 5.5.1 what?")
        assert await send(sink, mail()) == [[Accepted()]]
        assert sink.mails[0].mail == b"MAIL FROM:<bo@example.net>"
        sink.on("HELO", b"550 no")
        with pytest.raises(ConnectionTrouble, match="HELO: 550 no"):
            await connect(to(sink), QUICK)


@pytest.fixture
def contexts(tmp_path):
    certificate, key = self_signed(tmp_path)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(certificate, key)
    client = ssl.create_default_context(cafile=certificate)
    client.check_hostname = False  # the certificate is for a name; that names are checked is shown below
    return server, client


async def test_starttls_with_a_certificate_that_we_trust(contexts):
    server, client = contexts
    async with Sink(tls=server) as sink:
        connection = await connect(to(sink, context=client), Timeouts())
        assert await connection.send(mail()) == [Accepted()]
        assert sink.mails[0].tls
        connection.close()
        await sink.until(lambda: not sink.sessions)


async def test_implicit_tls(contexts):
    server, client = contexts
    async with Sink(tls=server, implicit=True) as sink:
        connection = await connect(to(sink, context=client, implicit=True), Timeouts())
        assert await connection.send(mail()) == [Accepted()]
        connection.close()
        await sink.until(lambda: not sink.sessions)


@pytest.mark.parametrize("implicit", [False, True])
async def test_a_certificate_that_nobody_vouches_for_is_trouble(contexts, implicit):
    async with Sink(tls=contexts[0], implicit=implicit) as sink:
        with pytest.raises(ConnectionTrouble):
            await connect(to(sink, context=ssl.create_default_context(), implicit=implicit), Timeouts())
        assert not sink.mails


async def test_no_starttls_where_it_is_needed_is_trouble(contexts):
    async with Sink() as sink, Sink(tls=contexts[0]) as refusing:
        refusing.on("STARTTLS", b"454 4.7.0 not now")
        for server in (sink, refusing):
            with pytest.raises(ConnectionTrouble, match="STARTTLS"):
                await connect(to(server, context=contexts[1]), QUICK)


async def test_what_is_said_before_tls_is_never_believed(contexts):
    async with Sink(tls=contexts[0]) as sink:
        sink.on("STARTTLS", b"220 go ahead\r\n250 injected")
        with pytest.raises(ConnectionTrouble, match="before TLS"):
            await connect(to(sink, context=contexts[1]), Timeouts())


@pytest.mark.parametrize(
    ("hop", "tls", "protected", "implicit"),
    [
        ("127.0.0.1:25", "auto", False, False),
        ("[::1]:25", "auto", False, False),
        ("localhost:25", "none", False, False),
        ("mail.eksempel.dk:25", "auto", True, False),
        ("127.0.0.1:25", "verify", True, False),
        ("mail.eksempel.dk:465", "implicit", True, True),
    ],
)
def test_tls_by_setting(hop, tls, protected, implicit):
    made = target(Settings(delivery={"next_hop": hop, "tls": tls}), "next")
    assert (made.context is not None, made.implicit) == (protected, implicit)
    if made.context:
        assert made.context.check_hostname
        assert made.context.verify_mode is ssl.CERT_REQUIRED


def test_no_tls_is_for_loopback_only():
    with pytest.raises(ValueError, match="loopback"):
        target(Settings(delivery={"internet_hop": "mail.eksempel.dk:25", "internet_tls": "none"}), "internet")

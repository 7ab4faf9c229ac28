"""The contract's rules about who wrote, asked of the command from the outside: addresses, authentication, grades, receipts."""

import pytest
from fakes.black_box import BlackBox, says, written
from fakes.town import BO, BOX, KAREN, PASS, PER, framework, town

ADA, EVA = "ada@advokat.example", "eva@example.net"
APPLIES, DOUBT, UNKNOWN = (BOX, "framework_applies"), (KAREN, "sender_not_verified"), (KAREN, "sender_unknown")
OURS = "Authentication-Results: mx.eksempel.dk;"
FRAMED = town(framework())


@pytest.fixture
def box(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RAMMEVAGT_MUNICIPALITY__DOMAINS", '["eksempel.dk"]')
    monkeypatch.setenv("RAMMEVAGT_GATEWAY__AUTHSERV_ID", "mx.eksempel.dk")
    return BlackBox(tmp_path, capsys.readouterr)


def bo(*addresses, people=(), id="c-1", **more):
    return {"id": id, "name": "Bo", "addresses": list(addresses), "people": list(people), **more}


def person(role, *addresses, name="P"):
    return {"name": name, "role": role, "addresses": list(addresses)}


PROBABLE_ADA = [bo(BO, people=[person("representative", {"address": ADA, "grade": "probable"})])]
DANISH = [bo("Søren.Ågård@RødGrød.example")]
FROM = [
    ("as registered", None, "From: bo@example.net", APPLIES),
    ("upper case", None, "FROM: <BO@EXAMPLE.NET>", APPLIES),
    ("a dot counts", None, "From: b.o@example.net", UNKNOWN),
    ("a plus-tag counts", None, "From: bo+x@example.net", UNKNOWN),
    ("a registered plus-tag", [bo("bo+sag@example.net")], "From: bo+sag@example.net", APPLIES),
    ("Danish letters", DANISH, "From: søren.ågård@rødgrød.example", APPLIES),
    ("Danish capitals", DANISH, "From: SØREN.ÅGÅRD@RØDGRØD.example", APPLIES),
    ("the ASCII form of the domain", DANISH, "From: søren.ågård@XN--rdgrd-vuad.example", APPLIES),
    ("decomposed letters", DANISH, "From: søren.a\u030aga\u030ard@rødgrød.example", APPLIES),
    ("an encoded name", None, "From: =?utf-8?q?S=C3=B8ren_=C3=85?= <bo@example.net>", APPLIES),
    ("an address in the name", None, 'From: "bo@example.net" <x@example.com>', UNKNOWN),
    ("an encoded address in the name", None, "From: =?utf-8?q?bo=40example=2Enet?= <x@example.com>", UNKNOWN),
    ("a comment", None, "From: (Bo (hjemme)) bo@example.net (x@example.com)", APPLIES),
    ("a group", None, "From: Familien: bo@example.net;", APPLIES),
    ("folded", None, "From: Bo\r\n <bo@example.net>", APPLIES),
    ("quotes that say nothing", None, 'From: "bo"@example.net', APPLIES),
    ("two in one field", None, "From: bo@example.net, x@example.com", DOUBT),
    ("two in the other order", None, "From: x@example.com, bo@example.net", DOUBT),
    ("the same twice", None, "From: bo@example.net, BO@example.net", DOUBT),
    ("two fields", None, "From: bo@example.net\r\nFrom: x@example.com", DOUBT),
    ("two fields, the second his", None, "From: x@example.com\r\nFrom: bo@example.net", DOUBT),
    ("a second field that can't be read", None, "From: bo@example.net\r\nFrom: <", DOUBT),
    ("no address", None, "From: Bo", UNKNOWN),
    ("an empty group", None, "From: undisclosed-recipients:;", UNKNOWN),
    ("no From at all", None, "X-From: bo@example.net", UNKNOWN),
    ("Sender is not From", None, "Sender: bo@example.net\r\nFrom: x@example.com", UNKNOWN),
    ("registered as probable", None, "From: bo.b@example.org", DOUBT),
    ("a known person who is no party", [bo(BO, role="non_party")], "From: bo@example.net", APPLIES),
    ("representative", None, f"From: {ADA}", (KAREN, "representative")),
    ("relative", None, f"From: {EVA}", (KAREN, "relative")),
    (
        "a probable representative",
        [bo(BO, people=[person("representative", {"address": ADA, "grade": "probable"})])],
        f"From: {ADA}",
        (KAREN, "representative"),
    ),
    ("authority", None, "From: x@ombudsmanden.dk", (KAREN, "authority")),
    ("authority, a subdomain", None, "From: X@Mail.OMBUDSMANDEN.dk", (KAREN, "authority")),
    ("authority, not a look-alike", None, "From: x@ikkeombudsmanden.dk", UNKNOWN),
    ("authority by national default", None, "From: x@politi.dk", (KAREN, "authority")),
    ("authority by one address", None, "From: sagen@region.example", (KAREN, "authority")),
    ("a citizen at an authority", [bo("bo@politi.dk")], "From: bo@politi.dk", (KAREN, "authority")),
    ("an employee", None, f"From: {PER}", (KAREN, "internal_sender")),
    ("a citizen who is an employee too", [bo(PER)], f"From: {PER}", (KAREN, "internal_sender")),
    ("an employee's private address", [bo("per@example.net")], "From: per@example.net", APPLIES),
    ("an employee and a citizen", None, f"From: {PER}, bo@example.net", DOUBT),
]


def named(**changes):
    return town(framework(), **{name: value for name, value in changes.items() if value is not None})


@pytest.mark.parametrize(("citizens", "fields", "expected"), [one[1:] for one in FROM], ids=[one[0] for one in FROM])
def test_who_wrote(box, citizens, fields, expected):
    mail = written(*fields.split("\r\n")) if "X-From" not in fields else b"X-From: bo@example.net\r\n\r\nHej\r\n"
    assert box.says(named(citizens=citizens), KAREN, mail=mail) == expected


BO_TWO = [bo(BO, "bo2@example.org", {"address": "bo3@example.org", "grade": "probable"}, people=[person("relative", EVA)])]
REPLY_TO = [
    ("his own", "Reply-To: BO@example.net", APPLIES),
    ("his other verified one", "Reply-To: Bo <bo2@example.org>", APPLIES),
    ("both", "Reply-To: bo2@example.org, bo@example.net", APPLIES),
    ("empty", "Reply-To:", APPLIES),
    ("his probable one", "Reply-To: bo3@example.org", DOUBT),
    ("a relative's", "Reply-To: eva@example.net", DOUBT),
    ("a stranger's", "Reply-To: x@example.com", DOUBT),
    ("one of two a stranger's", "Reply-To: bo@example.net, x@example.com", DOUBT),
    ("the second field a stranger's", "Reply-To: bo@example.net\r\nReply-To: x@example.com", DOUBT),
    ("a dot makes it another", "Reply-To: b.o@example.net", DOUBT),
    ("unreadable", "Reply-To: <", DOUBT),
    ("an empty group", "Reply-To: nobody:;", DOUBT),
    ("his address as a name", 'Reply-To: "bo@example.net" <x@example.com>', DOUBT),
]


@pytest.mark.parametrize(("fields", "expected"), [one[1:] for one in REPLY_TO], ids=[one[0] for one in REPLY_TO])
def test_reply_to(box, fields, expected):
    assert box.says(named(citizens=BO_TWO), KAREN, mail=written(*fields.split("\r\n"))) == expected


def around(sender, *, role):
    """Somebody who stands around two citizens."""
    return [bo(BO, people=[person(role, sender)]), bo("ib@example.net", id="c-2", people=[person(role, sender)])]


TWO = [bo(BO), bo("BO@example.net", id="c-2")]
SHARED = [
    ("two citizens", TWO, None, ["c-1", "c-2"], DOUBT),
    ("two citizens, the other order", TWO[::-1], None, ["c-1", "c-2"], DOUBT),
    ("a citizen and a relative of theirs", [bo(BO, people=[person("relative", BO)])], None, ["c-1"], DOUBT),
    ("a citizen and a nameless relative", [bo(BO, people=[person("relative", BO, name="")])], None, ["c-1"], DOUBT),
    ("a citizen and their representative", [bo(BO, people=[person("representative", BO, name="Bo")])], None, ["c-1"], DOUBT),
    (
        "a citizen and another's relative",
        [bo(BO), bo("ib@example.net", id="c-2", people=[person("relative", BO)])],
        None,
        ["c-1", "c-2"],
        DOUBT,
    ),
    (
        "a lawyer of two",
        [bo(BO, people=[person("representative", ADA)]), bo("i@example.net", id="c-2", people=[person("representative", ADA)])],
        ADA,
        ["c-1", "c-2"],
        (KAREN, "representative"),
    ),
    (
        "a relative of two",
        [bo(BO, people=[person("relative", EVA)]), bo("i@example.net", id="c-2", people=[person("relative", EVA)])],
        EVA,
        ["c-1", "c-2"],
        (KAREN, "relative"),
    ),
]


@pytest.mark.parametrize(
    ("citizens", "sender", "candidates", "expected"), [one[1:] for one in SHARED], ids=[one[0] for one in SHARED]
)
def test_an_address_of_two_people(box, citizens, sender, candidates, expected):
    found = box.decide(named(citizens=citizens), KAREN, mail=written(sender=sender or BO))
    assert (found["sender"]["citizen"], found["sender"]["candidates"]) == (None, candidates)
    assert (found["sender"]["grade"], says(found["recipients"][0])) == ("probable", expected)


AUTHENTICATION = [
    ("dmarc pass", f"{OURS} dmarc=pass header.from=example.net", True),
    ("upper case", "authentication-results: MX.Eksempel.DK; DMARC=Pass header.From=Example.NET", True),
    ("with a version", "Authentication-Results: mx.eksempel.dk 1; dmarc/1=pass header.from=example.net", True),
    (
        "folded, comments",
        f"{OURS}\r\n\tspf=fail (no; (really) dmarc=fail)\r\n smtp.mailfrom=x.example;\r\n dmarc=pass",
        True,
    ),
    ("quoted", 'Authentication-Results: "mx.eksempel.dk"; dmarc=pass reason="a; dmarc=fail" header.from="example.net"', True),
    ("without header.from", f"{OURS} dmarc=pass", True),
    ("a subdomain", f"{OURS} dmarc=pass header.from=mail.example.net", True),
    ("an address in header.from", f"{OURS} dmarc=pass header.from=<bo@example.net>", True),
    ("for another domain", f"{OURS} dmarc=pass header.from=example.com", False),
    ("for a look-alike", f"{OURS} dmarc=pass header.from=example.net.evil.example", False),
    ("for a public suffix", f"{OURS} dmarc=pass header.from=net", False),
    ("fail", f"{OURS} dmarc=fail header.from=example.net", False),
    ("fail beats spf and dkim", f"{OURS} spf=pass smtp.mailfrom=example.net; dkim=pass header.d=example.net; dmarc=fail", False),
    ("temperror", f"{OURS} dmarc=temperror header.from=example.net; dkim=pass header.d=example.net", False),
    ("permerror", f"{OURS} dmarc=permerror", False),
    ("pass and fail", f"{OURS} dmarc=pass header.from=example.net; dmarc=fail header.from=example.net", False),
    ("none, spf aligned", f"{OURS} dmarc=none; spf=pass smtp.mailfrom=bounce@mail.example.net", True),
    ("none, spf aligned, an odd local part", f'{OURS} dmarc=none; spf=pass smtp.mailfrom="bo b"@example.net', True),
    ("none, spf of another", f"{OURS} dmarc=none; spf=pass smtp.mailfrom=bo@example.com", False),
    ("none, spf soft", f"{OURS} dmarc=none; spf=softfail smtp.mailfrom=bo@example.net", False),
    (
        "none, the second dkim aligned",
        f"{OURS} dmarc=none; dkim=pass header.d=l.example; dkim=pass header.d=s.example.net",
        True,
    ),
    ("none, dkim by identity", f"{OURS} dmarc=none; dkim=pass header.i=@example.net", True),
    ("none, the aligned dkim failed", f"{OURS} dmarc=none; dkim=pass header.d=l.example; dkim=fail header.d=example.net", False),
    ("bestguesspass alone", f"{OURS} dmarc=bestguesspass header.from=example.net", False),
    ("bestguesspass with dkim", f"{OURS} dmarc=bestguesspass; dkim=pass header.d=example.net", True),
    ("no dmarc, spf aligned", f"{OURS} spf=pass smtp.mailfrom=example.net", True),
    ("no dmarc, nothing", f"{OURS} none", False),
    ("no results", "Authentication-Results: mx.eksempel.dk", False),
    ("arc proves nothing", f"{OURS} arc=pass header.oldest-pass=0; dmarc=fail", False),
    ("a result in a comment", f"{OURS} (dmarc=pass) spf=none", False),
    ("a result in quotes", f'{OURS} spf=fail reason="dmarc=pass; dmarc=pass"', False),
    ("a comment that never ends", f"{OURS} dkim=pass header.d=example.net (; dmarc=fail", False),
    ("quotes that never end", f'{OURS} spf=pass smtp.mailfrom=example.net reason="; dmarc=fail', False),
    ("of others first, then ours", f"Authentication-Results: mx.andet.example; dmarc=fail\r\n{OURS} dmarc=pass", True),
    ("ours, then a forged one", f"{OURS} dmarc=fail\r\n{OURS} dmarc=pass header.from=example.net", False),
    ("of others only", "Authentication-Results: mx.andet.example; dmarc=fail", None),
    ("a longer id is not ours", "Authentication-Results: mx.eksempel.dk.evil.example; dmarc=fail", None),
    ("the form without an id is not ours", "Authentication-Results: dmarc=fail; spf=fail", None),
    ("another field's name", "ARC-Authentication-Results: i=1; mx.eksempel.dk; dmarc=fail", None),
    ("none at all", "X-A: b", None),
]


@pytest.mark.parametrize(("fields", "passes"), [one[1:] for one in AUTHENTICATION], ids=[one[0] for one in AUTHENTICATION])
def test_authentication(box, monkeypatch, fields, passes):
    mail = written(*fields.replace("\r\n ", "\0 ").replace("\r\n\t", "\0\t").split("\r\n")).replace(b"\0", b"\r\n")
    found = box.decide(FRAMED, KAREN, mail=mail)
    assert found["sender"]["grade"] == ("probable" if passes is False else "verified")
    assert says(found["recipients"][0]) == (DOUBT if passes is False else APPLIES)
    assert found["receipt"]["send"] is (passes is True)
    monkeypatch.setenv("RAMMEVAGT_GATEWAY__AUTHENTICATION", "required")
    found = box.decide(FRAMED, KAREN, mail=mail)
    assert says(found["recipients"][0]) == (APPLIES if passes else DOUBT)
    assert found["sender"]["grade"] == ("verified" if passes else "probable")


M365 = (
    "Authentication-Results: spf=pass (sender IP is 192.0.2.1) smtp.mailfrom=example.net; dkim=pass (signature was verified)"
    " header.d=example.net;dmarc=pass action=none header.from=example.net;compauth=pass reason=100"
)
MICROSOFT = [
    ("pass", M365, True),
    ("fail", M365.replace("dmarc=pass action=none", "dmarc=fail action=oreject"), False),
    ("bestguesspass", M365.replace("dmarc=pass", "dmarc=bestguesspass"), True),
    ("another domain", M365.replace("header.from=example.net", "header.from=example.com"), False),
    ("with an id: not Microsoft's", f"{OURS} dmarc=pass", None),
    ("under one with an id", f"{OURS} dmarc=fail\r\n{M365}", True),
    ("the topmost", f"{M365.replace('dmarc=pass', 'dmarc=fail')}\r\n{M365}", False),
]


@pytest.mark.parametrize("setting", ["m365", "M365"])
@pytest.mark.parametrize(("fields", "passes"), [one[1:] for one in MICROSOFT], ids=[one[0] for one in MICROSOFT])
def test_microsoft_365(box, monkeypatch, fields, passes, setting):
    monkeypatch.setenv("RAMMEVAGT_GATEWAY__AUTHSERV_ID", setting)
    found = box.decide(FRAMED, KAREN, mail=written(*fields.split("\r\n")))
    assert says(found["recipients"][0]) == (DOUBT if passes is False else APPLIES)
    assert found["receipt"]["send"] is (passes is True)


RESULT = f"Authentication-Results: {PASS}"
BLOCKED = [
    ("not authenticated", (), {}),
    ("the null sender", (RESULT,), {"sender": ""}),
    ("another of his addresses sent it", (RESULT,), {"sender": "bo2@example.org"}),
    ("a tagged address sent it", (RESULT,), {"sender": "bo+x@example.net"}),
    ("a report", (RESULT, "Content-Type: multipart/report; boundary=b"), {}),
    ("an automatic answer", (RESULT, "Auto-Submitted: auto-replied (x); owner=a"), {}),
    ("an empty Auto-Submitted", (RESULT, "Auto-Submitted:"), {}),
    ("bulk", (RESULT, "Precedence: Bulk"), {}),
    ("a list", (RESULT, "List-Unsubscribe: <mailto:x@example.net>"), {}),
    ("suppressed", (RESULT, "X-Auto-Response-Suppress: DR, AutoReply"), {}),
    ("blind copy only", (RESULT, f"To: {PER}"), {}),
    ("looping", (RESULT, *["Received: from x by y; Mon, 23 Nov 2026 10:00:00 +0100"] * 51), {}),
    ("Reply-To elsewhere", (RESULT, "Reply-To: x@example.com"), {}),
    ("two From", (RESULT, "From: bo@example.net, x@example.com"), {}),
]


@pytest.mark.parametrize(("fields", "more"), [one[1:] for one in BLOCKED], ids=[one[0] for one in BLOCKED])
def test_where_there_is_no_receipt(box, fields, more):
    assert box.decide(named(citizens=BO_TWO), KAREN, mail=written(RESULT, "Auto-Submitted: no"))["receipt"]["send"]
    found = box.decide(named(citizens=BO_TWO), KAREN, mail=written(*fields), **more)
    assert (found["receipt"]["send"], found["receipt"]["to"]) == (False, None)


@pytest.mark.parametrize(
    "measures",
    [
        [{"kind": "changed_caseworker", "from": KAREN, "to": PER}],
        [{"kind": "fixed_contact", "contact": PER}],
        [{"kind": "written_only"}],
    ],
)
def test_only_a_functional_mailbox_gives_a_receipt(box, measures):
    assert not box.decide(town(framework(measures=measures)), KAREN, mail=written(RESULT))["receipt"]["send"]


def test_one_redirected_recipient_is_enough_for_a_receipt(box):
    found = box.decide(FRAMED, PER, KAREN, mail=written(RESULT, f"Cc: {KAREN}", to=PER), sender="Bo@Example.net")
    assert found["receipt"].items() >= {"send": True, "to": "Bo@Example.net", "reason": "framework_applies"}.items()


def test_a_citizen_system_address_gets_no_receipt(box):
    citizens = [bo("noreply@example.net")]
    assert not box.decide(
        named(citizens=citizens), KAREN, mail=written(RESULT, sender="noreply@example.net"), sender="noreply@example.net"
    )["receipt"]["send"]


@pytest.mark.parametrize(
    "mail",
    [
        b"",
        b"\r\n",
        b"\n\n\n",
        b"\0" * 300,
        b"From",
        b"From: bo@example.net",
        bytes(range(256)) * 40,
        b"From: \xff\xfe@example.net\r\n\r\n",
    ],
)
@pytest.mark.parametrize("sender", ["", BO, "ø@æ.example"])
def test_law_3_what_cannot_be_read_goes_as_addressed_or_where_its_sender_is_sure(box, mail, sender):
    found = box.decide(FRAMED, KAREN, mail=mail, sender=sender)
    expected = APPLIES if mail.startswith(b"From: bo@") else UNKNOWN
    assert says(found["recipients"][0]) == expected and not found["receipt"]["send"]


def test_law_5_what_the_text_says_never_moves_mail(box):
    for body in ("Jeg klager.", "Jeg slår dig ihjel.", "bo@example.net skriver: sag s-1, 010203-1234"):
        assert box.says(FRAMED, KAREN, mail=written(sender="x@example.com", body=body)) == UNKNOWN
        assert box.says(FRAMED, KAREN, mail=written(body=body)) == APPLIES


@pytest.mark.parametrize(
    "arguments", [("--to", KAREN), ("--from", BO), ("--from", BO, "--to", KAREN, "--at", "2026-11-23T10:00:00")]
)
def test_wrong_use_is_exit_2(box, arguments):
    status, out, err = box.run(FRAMED, written(), *arguments)
    assert (status, out) == (2, "") and err and "Traceback" not in err

"""winmail.dat: what stands in it counts as any text does; what is broken in it is told, and harms nobody."""

import base64
import random
import struct

import pytest
from fakes.winmail import (
    BODY,
    CONTENT,
    HTML,
    HTML_CODEPAGE,
    LONG_NAME,
    MIME,
    RTF,
    attachment,
    attribute,
    binary,
    compressed,
    message,
    named,
    number,
    properties,
    string,
    unicode,
    varying,
    winmail,
)
from hypothesis import given
from hypothesis import strategies as st

from services.signal_words import load
from workflows.assess import assess
from workflows.mail import Part
from workflows.reading import read_mail
from workflows.reading.rtf import MAX_RTF, rtf_to_text, unpacked
from workflows.reading.tnef import MAX_ITEMS, charset_of, read_tnef

THREAT = "Jeg slår dig ihjel."
RICH = (
    r"{\rtf1\ansi\ansicpg1252{\fonttbl{\f0 Arial;}}{\*\generator x;}\pard Jeg sl\'e5r dig \b ihjel\b0 .\par\u8364?\tab {\}\\}\line}"
)
HTML_IN_RTF = (
    r"{\rtf1\ansi\fromhtml1{\*\htmltag241 <style>p{}}{\*\htmltag249 </style>}{\*\mhtmltag1 <p>Farvel</p>}"
    r"{\*\htmltag64 <p>}\htmlrtf {\htmlrtf0 Jeg sl\'e5r{\*\htmltag84 &nbsp;}\htmlrtf \'a0\htmlrtf0 dig"
    r"{\*\htmltag84 &#32;}ihjel.\htmlrtf }\htmlrtf0{\*\htmltag72 </p>}}"
)


def mail(dat: bytes, text: str = "") -> bytes:
    own = f"--b\r\n\r\n{text}\r\n" if text else ""
    head = f"From: bo@example.net\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n{own}--b\r\n"
    head += "Content-Type: application/ms-tnef; name=winmail.dat\r\n"
    return head.encode() + b"Content-Transfer-Encoding: base64\r\n\r\n" + base64.encodebytes(dat) + b"\r\n--b--\r\n"


@pytest.mark.parametrize(
    "body",
    [
        message(string(BODY, THREAT)),
        message(*named("x-navn"), string(BODY, THREAT)),
        message(unicode(BODY, THREAT)),
        attribute(0x0002800C, THREAT.encode("cp1252") + b"\0"),
        message(binary(HTML, f"<p>Jeg sl&aring;r <b>dig</b> {'ihjel'}.</p>".encode())),
        message(number(HTML_CODEPAGE, 65001), binary(HTML, f"<p>{THREAT}</p>".encode())),
        message(unicode(HTML, f"<p>{THREAT}</p>")),
        message(unicode(BODY, " \r\n"), binary(RTF, compressed(RICH.encode()))),
        message(binary(RTF, compressed(HTML_IN_RTF.encode()))),
    ],
    ids=["string", "behind named ones", "unicode", "old text", "html", "html in utf-8", "html as text", "rtf", "html in rtf"],
)
def test_the_text_inside_is_assessed(body):
    reading = read_mail(mail(winmail(body)))
    assert " ".join(reading.text.split()).startswith(THREAT), reading.text
    assert reading.unreadable == ()
    assert [one.kind for one in assess(reading, load()).signals] == ["threat"]


def test_the_mails_own_text_and_the_text_inside_are_both_read():
    assert read_mail(mail(winmail(message(unicode(BODY, THREAT))), "Hej Karen")).text == f"Hej Karen\n{THREAT}"


def test_names_and_sizes_of_what_is_attached():
    dat = winmail(
        message(unicode(BODY, "hej")),
        attachment("foto~1.png", b"x" * 10, unicode(LONG_NAME, "foto på bænk.png"), string(MIME, "Image/PNG")),
        attachment("grød.pdf", b"y" * 7),
        attachment("", b"", binary(CONTENT, b"z" * 5)),
    )
    reading = read_mail(mail(dat))
    assert reading.unreadable == ()
    assert reading.parts == (
        Part("application/ms-tnef", "winmail.dat", len(dat)),
        Part("image/png", "foto på bænk.png", 10),
        Part("application/octet-stream", "grød.pdf", 7),
        Part("application/octet-stream", None, 5),
    )


def test_the_code_page_is_that_of_the_sender():
    assert read_tnef(winmail(message(string(BODY, "Ærø — grød")))).text == "Ærø — grød"
    assert read_tnef(winmail(message(string(BODY, "żółć", "cp1250")), codepage=1250)).text == "żółć"
    assert [charset_of(one) for one in (65001, 28605, 1251, 99999, 0)] == ["utf-8", "iso-8859-15", "cp1251", "cp1252", "cp1252"]


def test_rich_text_as_a_person_sees_it():
    assert rtf_to_text(RICH.encode(), charset_of) == "Jeg slår dig ihjel.\n€ }\\\n"
    assert rtf_to_text(rb"{\rtf1\uc2\u55357\'3f\'3f\u56832\'3f\'3f!}", charset_of) == "\U0001f600!"
    assert rtf_to_text(rb"}}{\rtf1 a}}b{\pict 0102}{{{c", charset_of) == "abc"


@pytest.mark.parametrize("source", [b"", b"a", b"ab" * 3000, RICH.encode() * 40, random.Random(1).randbytes(9000)])
def test_compressed_rich_text_is_what_it_was(source):
    assert unpacked(compressed(source)) == (source, True)
    assert unpacked(struct.pack("<II4sI", len(source) + 12, len(source), b"MELA", 0) + source) == (source, True)


BROKEN = {
    "empty": b"",
    "no signature": b"\0" * 100,
    "nothing in it": winmail(),
    "cut": winmail(message(unicode(BODY, "hej " * 100)))[:-50],
    "an attribute that claims all": winmail() + struct.pack("<BII", 1, 0x00069003, 0xFFFFFFFF) + b"x",
    "properties that claim all": winmail(attribute(0x00069003, properties(number(1, 1), count=0xFFFFFFFF))),
    "values that claim all": winmail(attribute(0x00069003, properties(struct.pack("<HHI", 0x101F, BODY, 0xFFFFFFFF)))),
    "numbers that claim all": winmail(attribute(0x00069003, properties(struct.pack("<HHI", 0x1003, 1, 0xFFFFFFFF)))),
    "a length that claims all": winmail(attribute(0x00069003, properties(struct.pack("<HHII", 0x1F, BODY, 1, 0xFFFFFFFF)))),
    "a name that claims all": winmail(attribute(0x00069003, properties(struct.pack("<HH16sII", 3, 0x8001, b"", 1, 0xFFFFFFFF)))),
    "an unknown type": winmail(attribute(0x00069003, properties(struct.pack("<HHI", 0x7777, BODY, 0)))),
    "many attributes": winmail(message(unicode(BODY, "hej")), attribute(1, b"") * (MAX_ITEMS + 1)),
    "many properties": winmail(attribute(0x00069003, properties(unicode(BODY, "hej"), *[number(1, 1)] * (MAX_ITEMS + 1)))),
    "rich text that is none": winmail(message(binary(RTF, b"\0" * 40))),
    "rich text without its end": winmail(message(binary(RTF, compressed(RICH.encode())[:-9]))),
    "a rich text bomb": winmail(
        message(binary(RTF, struct.pack("<II4sI", 2**31, 2**32 - 1, b"LZFu", 0) + b"\xff" + b"\0\x0f" * 2**18))
    ),
    "a reference to before the beginning": winmail(message(binary(RTF, struct.pack("<II4sI", 16, 99, b"LZFu", 0) + b"\1\xff\xf0"))),
    "groups without end": winmail(message(binary(RTF, struct.pack("<II4sI", 12 + 2**19, 2**20, b"MELA", 0) + b"{" * 2**19))),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_broken_is_told(name):
    assert not read_tnef(BROKEN[name]).whole
    assert "winmail" in read_mail(mail(BROKEN[name])).unreadable


def test_what_stands_before_the_break_is_read():
    broken = winmail(message(unicode(BODY, THREAT))) + b"\1\2\3"
    assert (read_tnef(broken).text, read_tnef(broken).whole) == (THREAT, False)


def test_of_many_the_first_are_read_and_the_rest_told():
    part = b"--b\r\nContent-Type: application/ms-tnef\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    bodies = b"".join(part + base64.encodebytes(winmail(message(unicode(BODY, f"nr. {n}")))) for n in range(5))
    reading = read_mail(b"From: bo@example.net\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" + bodies + b"--b--\r\n")
    assert (reading.text, reading.unreadable) == ("nr. 0\nnr. 1\nnr. 2", ("winmail",))


def test_a_bomb_unpacks_to_no_more_than_the_cap():
    bomb = struct.pack("<II4sI", 2**31, 2**32 - 1, b"LZFu", 0) + (b"\xff" + b"\0\x0f" * 8) * 100_000
    source, whole = unpacked(bomb)
    assert len(source) <= MAX_RTF + 200 and not whole


GOOD = winmail(
    message(*named("x"), unicode(BODY, "hej"), binary(RTF, compressed(RICH.encode()))), attachment("a", b"b", string(MIME, "a/b"))
)


@given(st.binary(max_size=400))
def test_any_bytes_can_be_read(data):
    for content in (
        data,
        b"\x78\x9f\x3e\x22\1\0" + data,
        winmail(attribute(0x00069003, data)),
        winmail(message(binary(RTF, data))),
    ):
        read_tnef(content).text.encode()
    rtf_to_text(data, charset_of).encode()
    unpacked(struct.pack("<II4sI", len(data) + 12, 300, b"LZFu", 0) + data)


@given(st.integers(0, len(GOOD) - 1), st.integers(0, 255), st.booleans())
def test_a_winmail_with_a_wrong_byte_or_a_cut_can_be_read(at, byte, cut):
    read_tnef(GOOD[:at] + (b"" if cut else bytes([byte]) + GOOD[at + 1 :])).text.encode()


def test_rich_text_of_random_words_can_be_read():
    chance = random.Random(3)
    words = [
        b"{",
        b"}",
        b"\\",
        b"\\'e",
        b"\\'e5",
        b"\\u-1?",
        b"\\u99999",
        b"\\uc9",
        b"\\*",
        b"\\pict",
        b"\\ansicpg932 ",
        b"\\htmlrtf ",
        b"x",
    ]
    for _ in range(500):
        rtf_to_text(b"".join(chance.choices(words, k=40)), charset_of).encode()


def test_a_multi_valued_property_is_read_over():
    many = struct.pack("<HHI", 0x101F, 0x8000 - 1, 2) + varying(b"a\0")[4:] + varying(b"bcde")[4:]
    shorts = struct.pack("<HHIHHHH", 0x1002, 5, 3, 1, 2, 3, 0)
    assert read_tnef(winmail(message(many, shorts, unicode(BODY, "hej")))).text == "hej"

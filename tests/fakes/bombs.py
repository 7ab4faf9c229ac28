"""Mails that are small to send and large to read: each with whether people must be told that it was not read whole."""

import base64
import gzip
import io
import zipfile

from fakes.winmail import RTF, binary, message, winmail

HEAD = b"From: bo@example.net\r\nTo: karen@eksempel.dk\r\nSubject: x\r\n"
MIXED = HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
SAID = b"--b\r\n\r\nHej Karen\r\n"


def nested(depth: int) -> bytes:
    return (
        HEAD
        + b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(depth))
        + b"\r\nhej\r\n"
    )


def base64_in_base64(levels: int) -> bytes:
    inner = HEAD + b"\r\nhej\r\n"
    for _ in range(levels):
        inner = HEAD + b"Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n" + base64.encodebytes(inner)
    return inner


def zipped() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("stor.txt", bytes(5_000_000))
    return file.getvalue()


def attached(name: str, data: bytes) -> bytes:
    fields = f'Content-Type: application/octet-stream; name="{name}"\r\nContent-Transfer-Encoding: base64\r\n\r\n'.encode()
    return MIXED + SAID + b"--b\r\n" + fields + base64.encodebytes(data).replace(b"\n", b"\r\n") + b"--b--\r\n"


def html(text: bytes) -> bytes:
    return HEAD + b"Content-Type: text/html; charset=utf-8\r\n\r\n" + text


ENTITIES = b"<!DOCTYPE lolz [<!ENTITY a 'ha'>" + b"".join(b"<!ENTITY a%d '&a%d;&a%d;'>" % (n, n - 1, n - 1) for n in range(1, 64))
PARAMETERS = b"".join(b";\r\n name*%d*=%%C3%%A6" % n for n in range(20_000))
BOMBS: dict[str, tuple[bytes, bool]] = {
    "multiparts ten thousand deep": (nested(10_000), True),
    "mails a thousand deep": (HEAD + b"Content-Type: message/rfc822\r\n\r\n" * 1_000 + b"hej\r\n", True),
    "a million parts": (MIXED + SAID + b"--b\r\n\r\n" * 1_000_000, True),
    "many boundaries over many lines": (nested(45) + b"--b\r\n--b1\r\n--bx\r\n" * 100_000, True),
    "a boundary that almost comes": (MIXED + SAID + b"--b-\r\n--bb\r\n" * 300_000, True),
    "base64 inside base64": (base64_in_base64(25), False),
    "base64 too deep": (base64_in_base64(36), True),
    "padding": (HEAD + b"Content-Transfer-Encoding: base64\r\n\r\n" + b"QQ==" * 1_000_000 + b"\r\n", True),
    "a giant encoded word": (HEAD + b"X: y\r\nSubject: =?utf-8?b?" + b"QUJD" * 1_000_000 + b"?=\r\n\r\nhej\r\n", True),
    "a million encoded words": (MIXED.replace(b"Subject: x", b"Subject:" + b" =?a?q?b?=" * 20_000) + SAID + b"--b--\r\n", True),
    "a folded header": (HEAD + b"To:" + b"\r\n a@b.dk," * 1_000_000 + b"\r\n\r\nhej\r\n", True),
    "a million header fields": (HEAD + b"X:\r\n" * 1_000_000 + b"\r\nhej\r\n", True),
    "comments": (HEAD + b"Cc: " + b"(" * 60_000 + b")" * 60_000 + b"\r\n\r\nhej\r\n", False),
    "a zip": (attached("a.zip", zipped()), False),
    "a gzip in a gzip": (attached("a.gz", gzip.compress(gzip.compress(bytes(5_000_000)))), False),
    "fifty megabytes of HTML": (html(b"<div class=x>" * 4_000_000), True),
    "fifty megabytes in one tag": (html(b"<p " + b"x=y " * 12_500_000), True),
    "entities in entities": (html(ENTITIES + b"]>&a63;" + b"&amp;" * 100_000 + b"<p>hej\r\n"), False),
    "a billion digits": (html(b"&#" + b"9" * 1_500_000 + b";hej"), False),
    "parameters without end": (MIXED + SAID + b"--b\r\nContent-Type: image/png" + PARAMETERS + b"\r\n\r\nx\r\n--b--\r\n", False),
    "sections with holes": (
        MIXED + SAID + b"--b\r\nContent-Type: image/png; name*999=a; name*1=b; name*0=c\r\n\r\nx\r\n--b--\r\n",
        False,
    ),
    "a rich text bomb": (attached("winmail.dat", winmail(message(binary(RTF, b"\xff" * 300_000)))), True),
    "fifty megabytes in one line": (HEAD + b"\r\n" + b"a" * 50_000_000, True),
}

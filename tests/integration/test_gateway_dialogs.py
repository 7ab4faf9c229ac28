"""SMTP conversations as text files: ``tests/dialogs/*.txt``, one test each, whole packets and byte by byte.

    # a comment
    set require_tls = true      a setting of [gateway], as TOML; "set tls = true" makes a certificate
    C: line                     sent with CRLF; consecutive C and B lines go in one packet
    B: bytes                    sent as they are
    ONE PACKET                  the next C and B lines go in one packet, also byte by byte
    S: 250 2.1.0 *              the next reply line; * stands for any text
    TLS                         the client's side of the handshake
    CLOSED                      the server has closed
    TAKEN: bytes                the next mail taken has exactly this content
    FROM: sender / TO: a, b     ... and this envelope (after its TAKEN)
    NOTHING TAKEN               no further mail was taken

In C, B and TAKEN: \\r, \\n, \\0, \\xHH and \\\\ as in Python; {A*3000} repeats.
"""

import re
import tomllib
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest
from fakes.certificate import self_signed
from fakes.gateway import Running, running
from fakes.smtp_client import RawClient, connected

DIALOGS = sorted((Path(__file__).parents[1] / "dialogs").glob("*.txt"))
_REPEAT = re.compile(r"\{([^{}]+)\*(\d+)\}")


def unescaped(text: str) -> bytes:
    text = _REPEAT.sub(lambda match: match[1] * int(match[2]), text)
    return text.encode("utf-8").decode("latin-1").encode("ascii", "backslashreplace").decode("unicode_escape").encode("latin-1")


class Dialog:
    """One conversation under way."""

    def __init__(self, client: RawClient, guard: Running, *, bytewise: bool) -> None:
        self.client = client
        self.intake = guard.intake
        self.bytewise = bytewise
        self.packet = b""
        self.whole = False
        self.seen = 0

    async def step(self, line: str) -> None:
        word, _, rest = line.partition(":")
        rest = rest.removeprefix(" ")
        if word in ("C", "B"):
            self.packet += unescaped(rest) + (b"\r\n" if word == "C" else b"")
            return
        if line == "ONE PACKET":
            self.whole = True
            return
        packet, self.packet = self.packet, b""
        await self.client.send(packet, bytewise=self.bytewise and not self.whole)
        self.whole = False
        await self.expect(word, rest)

    async def expect(self, word: str, rest: str) -> None:
        match word:
            case "S":
                line = await self.client.line()
                assert fnmatchcase(line, rest.replace("[", "[[]")), f"expected {rest!r}, got {line!r}"
            case "TLS":
                await self.client.start_tls()
            case "CLOSED":
                assert await self.client.line() == ""
            case "TAKEN":
                assert self.intake.contents[self.seen] == unescaped(rest)
                self.seen += 1
            case "FROM":
                assert self.intake.taken[self.seen - 1].envelope.sender == rest
            case "TO":
                assert self.intake.taken[self.seen - 1].envelope.recipients == tuple(rest.split(", "))
            case "NOTHING TAKEN":
                assert len(self.intake.taken) == self.seen
            case _:
                raise AssertionError(f"no such step: {word}")


def settings_of(lines: list[str], folder: Path) -> dict[str, Any]:
    settings = tomllib.loads("\n".join(line[4:] for line in lines if line.startswith("set ")))
    if settings.pop("tls", False):
        settings["tls_certificate"], settings["tls_key"] = self_signed(folder)
    return settings


@pytest.mark.parametrize("bytewise", [False, True], ids=["packets", "bytewise"])
@pytest.mark.parametrize("file", DIALOGS, ids=lambda file: file.stem)
async def test_dialog(file: Path, bytewise: bool, tmp_path: Path) -> None:
    lines = [line for line in file.read_text("utf-8").splitlines() if line and not line.startswith("#")]
    settings = settings_of(lines, tmp_path)
    lmtp = "lmtp_listen" in settings
    async with running(tmp_path, **settings) as guard:
        address = guard.gateway.lmtp_addresses[0] if lmtp else guard.address
        async with connected(address) as client:
            dialog = Dialog(client, guard, bytewise=bytewise)
            for line in lines:
                if not line.startswith("set "):
                    await dialog.step(line)


def test_there_are_dialogs() -> None:
    assert len(DIALOGS) > 20

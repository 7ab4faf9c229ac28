"""Reads and assesses mails in a process of its own (``python -m services.notify.reader TUNING``), so that no body can harm the mail
path. TUNING is how the signal words are tuned, as ``told`` writes it.

Asked by ``services.notify.assessing`` over its standard input: a line of JSON with the key under which clues are hashed, and an
entry for each mail (how many bytes of it follow, or the file that it is in; what is ``Wanted`` of it), then the bytes of all. It
answers with a line of JSON: for each mail its assessment as in the contract with ``figures`` (its size, its attachments, and those
of ``workflows.summary``) and ``clues`` (``workflows.clues``), and the kind of error where it could not be read. It ends when its
input does.
"""

import json
import resource
import signal
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from services import identity_words
from services.signal_words import load
from workflows.assess import Assessment, Signal, assess
from workflows.clues import clues_of
from workflows.mail import Reading
from workflows.reading import MAX_CONTENT, read_mail
from workflows.signals import SignalWords, Tuning
from workflows.summary import figures_of

MEMORY = 1 << 30  # bytes of address space: a body that asks for more is unreadable
Answer = tuple[dict[str, Any], str | None]


class Wanted(NamedTuple):
    """What is read of a mail beside its signals: little of most, since most mails wait for nobody and are of nobody registered."""

    clues: bool = False
    figures: bool = False


def main() -> None:
    """Answer until there is nothing more to read."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the guard ends its reader, not the terminal
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    words, asked, out = load(_given(sys.argv[-1])), sys.stdin.buffer, sys.stdout.buffer
    while line := asked.readline():
        given = json.loads(line)
        key, mails = bytes.fromhex(given["key"]), given["mails"]
        contents = _contents([one for one, _ in mails], asked)
        wanted = [Wanted(*each) for _, each in mails]
        answers = [_answer(content, words, key, each) for content, each in zip(contents, wanted, strict=True)]
        out.write(json.dumps(answers).encode() + b"\n")
        out.flush()


def told(tuning: Tuning) -> str:
    """What the reader is started with."""
    return json.dumps(asdict(tuning) | {"off": sorted(tuning.off)})


def _given(told: str) -> Tuning:
    given = json.loads(told)
    return Tuning(**given | {"off": frozenset(given["off"])})


def unreadable(words: SignalWords) -> Assessment:
    """What is told of a mail that nobody could read."""
    return Assessment((Signal("unreadable", words.unreadable_level, "unreadable.content"),))


def _contents(entries: list[int | str], asked: BinaryIO) -> list[bytes | Path]:
    """All of them, so that the asker never waits for us to read on."""
    return [Path(one) if isinstance(one, str) else asked.read(one) for one in entries]


def _answer(content: bytes | Path, words: SignalWords, key: bytes, wanted: Wanted) -> Answer:
    try:
        read = read_mail(_bytes(content))
        size = len(content) if isinstance(content, bytes) else content.stat().st_size
        figures = figures_of(read) if wanted.figures else {"attachments": len(read.parts)}
        wire = assess(read, words).wire() | {"figures": figures | {"size": size}}
    except Exception as error:  # a mail must never block the mails after it
        return unreadable(words).wire(), type(error).__name__
    return _with_clues(wire, read, key) if wanted.clues and key else (wire, None)


def _with_clues(wire: dict[str, Any], read: Reading, key: bytes) -> Answer:
    """Where they can't be found the mail has its signals all the same."""
    try:
        return wire | {"clues": clues_of(read, key, identity_words.load().common).wire()}, None
    except Exception as error:
        return wire, type(error).__name__


def _bytes(content: bytes | Path) -> bytes:
    if isinstance(content, bytes):
        return content
    with content.open("rb") as file:
        return file.read(MAX_CONTENT)


if __name__ == "__main__":
    main()

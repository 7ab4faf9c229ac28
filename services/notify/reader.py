"""Reads and assesses mails in a process of its own (``python -m services.notify.reader``), so that no body can harm the mail path.

Asked by ``services.notify.assessing`` over its standard input: a line of JSON with an entry for each mail (how many bytes of it
follow, or the file that it is in), then the bytes of all. It answers with a line of JSON: for each mail its assessment as in the
contract with its ``figures`` (``workflows.summary``), and the kind of error where it could not be read. It ends when its input
does.
"""

import json
import resource
import signal
import sys
from pathlib import Path
from typing import Any, BinaryIO

from services.signal_words import load
from workflows.assess import Assessment, Signal, assess
from workflows.reading import MAX_CONTENT, read_mail
from workflows.signals import SignalWords
from workflows.summary import figures_of

MEMORY = 1 << 30  # bytes of address space: a body that asks for more is unreadable
Answer = tuple[dict[str, Any], str | None]


def main() -> None:
    """Answer until there is nothing more to read."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the guard ends its reader, not the terminal
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    words, asked, out = load(), sys.stdin.buffer, sys.stdout.buffer
    while line := asked.readline():
        answers = [_answer(content, words) for content in _contents(json.loads(line), asked)]
        out.write(json.dumps(answers).encode() + b"\n")
        out.flush()


def unreadable(words: SignalWords) -> Assessment:
    """What is told of a mail that nobody could read."""
    return Assessment((Signal("unreadable", words.unreadable_level, "unreadable.content"),))


def _contents(entries: list[int | str], asked: BinaryIO) -> list[bytes | Path]:
    """All of them, so that the asker never waits for us to read on."""
    return [Path(one) if isinstance(one, str) else asked.read(one) for one in entries]


def _answer(content: bytes | Path, words: SignalWords) -> Answer:
    try:
        read = read_mail(_bytes(content))
        return assess(read, words).wire() | {"figures": figures_of(read)}, None
    except Exception as error:  # a mail must never block the mails after it
        return unreadable(words).wire(), type(error).__name__


def _bytes(content: bytes | Path) -> bytes:
    if isinstance(content, bytes):
        return content
    with content.open("rb") as file:
        return file.read(MAX_CONTENT)


if __name__ == "__main__":
    main()

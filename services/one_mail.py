"""Reads one mail for a person, in a process of its own (``python -m services.one_mail FILE`` or with the mail on standard input).

Bodies are read in no process that others depend on (decision 0009). It answers with one line of JSON: subject, text, parts, what
could not be read, and what it holds in figures.
"""

import json
import resource
import sys
from dataclasses import asdict
from pathlib import Path

from workflows.reading import MAX_CONTENT, read_mail
from workflows.summary import figures_of

MEMORY = 1 << 30  # bytes of address space
SECONDS = 20  # of one processor


def main() -> None:
    """Answer for one mail."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    found = read_mail(_content())
    parts = [asdict(one) for one in found.parts]
    read = {"subject": found.subject, "text": found.text, "parts": parts, "unreadable": found.unreadable}
    answer = {**read, "figures": figures_of(found)}
    sys.stdout.buffer.write(json.dumps(answer).encode() + b"\n")


def _content() -> bytes:
    if len(sys.argv) > 1:
        with Path(sys.argv[1]).open("rb") as file:
            return file.read(MAX_CONTENT)
    return sys.stdin.buffer.read(MAX_CONTENT)


if __name__ == "__main__":
    main()

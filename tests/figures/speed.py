"""``cd tests && ../.venv/bin/python -m figures.speed FOLDER…``: how long reading and all signals take, in milliseconds of CPU.

Of every file in the folders as a mail, and of mails of 20 KB that are nothing but different citizens' mails from ``corpus/train``:
hardly any mail holds so much to look at. The best of three each, as other work on the machine only adds.
"""

import argparse
import random
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from figures.judged import mails
from services.signal_words import load
from workflows.assess import assess
from workflows.reading import read_mail

TRAIN = Path(__file__).parents[1] / "corpus" / "train"
HEAD = b"From: a@borger.example\r\nTo: b@kommune.example\r\nSubject: Hej\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
SIZE = 20_000  # bytes


def main() -> None:
    parser = argparse.ArgumentParser(prog="figures.speed", description=__doc__)
    parser.add_argument("folders", type=Path, nargs="*")
    for folder in parser.parse_args().folders:
        files = [path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()]
        tell(str(folder), [taken(content) for content in files])
    tell("dense, 20 KB", [taken(content) for content in dense(40)])


def dense(count: int) -> Iterator[bytes]:
    """Always the same ones, so that figures can be compared."""
    texts, chance = [mail["text"] for mail in mails(TRAIN)], random.Random(7)
    for _ in range(count):
        text = b""
        while len(text) < SIZE:
            text += chance.choice(texts).encode().replace(b"\n", b"\r\n") + b"\r\n\r\n"
        yield HEAD + text[:SIZE].decode(errors="ignore").encode()


def taken(content: bytes) -> float:
    words, best = load(), float("inf")
    for _ in range(3):
        start = time.process_time()
        assess(read_mail(content), words)
        best = min(best, time.process_time() - start)
    return best * 1000


def tell(name: str, found: Sequence[float]) -> None:
    ordered = sorted(found)
    shares = {"median": 0.5, "90 %": 0.9, "99 %": 0.99, "slowest": 1.0}
    told = [f"{label} {ordered[min(len(ordered) - 1, int(share * len(ordered)))]:.1f}" for label, share in shares.items()]
    print(f"{name}: {len(ordered)} mails, {', '.join(told)}")


if __name__ == "__main__":
    main()

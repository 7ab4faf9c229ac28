"""Count the labels of the mails, and show none of their text: ``python tests/corpus/count.py``."""

import json
from collections import Counter
from pathlib import Path

HERE = Path(__file__).parent
PARTS = ("train", "aside", "everyday")


def mails(part):
    return [json.loads(line) for path in sorted((HERE / part).glob("*.jsonl")) for line in path.read_text("utf-8").splitlines()]


def labels(mail):
    """What a mail counts as: every label it has, and whether it is free of red and yellow."""
    serious = any(signal["level"] != "grey" for signal in mail["signals"])
    signals = [f"{signal['level']} {signal['kind']}" for signal in mail["signals"]]
    return [
        *signals,
        *mail["rights"],
        "with red or yellow" if serious else "clean of red and yellow",
        f"in {mail['department']}",
        "mails",
    ]


def counts(part):
    return Counter(label for mail in mails(part) for label in labels(mail))


def main():
    by_part = [counts(part) for part in PARTS]
    print(f"{'':28}" + "".join(f"{name:>9}" for name in (*PARTS, "all")))
    for label in sorted(set().union(*by_part)):
        numbers = [part[label] for part in by_part]
        print(f"{label:28}" + "".join(f"{number:9}" for number in [*numbers, sum(numbers)]))


if __name__ == "__main__":
    main()

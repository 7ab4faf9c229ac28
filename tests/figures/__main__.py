"""``cd tests && ../.venv/bin/python -m figures FOLDER [--texts] [--markdown]``: what the guard finds in labelled mails.

Failures are told by the ids of their mails; ``--texts`` shows those of a folder that rules are written from.
"""

import argparse
from pathlib import Path

from figures.judged import Count, Judged, false_alarms, judged, mails, table


def main() -> None:
    parser = argparse.ArgumentParser(prog="figures", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--texts", action="store_true", help="print the mails that were judged wrongly")
    parser.add_argument("--markdown", action="store_true", help="print the table for docs/signals.md")
    asked = parser.parse_args()
    texts = {mail["id"]: mail for mail in mails(asked.folder)}
    found = [judged(mail) for mail in texts.values()]
    if asked.texts:
        show(found, texts)
    print("\n".join((markdown if asked.markdown else plain)(found)))


def rows(found: list[Judged]) -> list[tuple[str, int, str, str, Count]]:
    told = []
    for label, one in table(found).items():
        given, raised = one.right + len(one.missed), one.right + len(one.wrong)
        told.append((label, given, f"{one.recall:.2f}" if given else "–", f"{one.precision:.2f}" if raised else "–", one))
    return told


def alarms(found: list[Judged]) -> list[str]:
    told = []
    for name, angry in (("clean", False), ("clean and angry", True)):
        wrong, of = false_alarms(found, angry=angry)
        ids = ", ".join(one.id for one in wrong)
        told.append(f"Yellow or red on mail that is {name}: {len(wrong)} of {of} ({len(wrong) / (of or 1):.1%}) {ids}".rstrip())
    return told


def plain(found: list[Judged]) -> list[str]:
    head = f"{'':24}{'given':>6}{'recall':>8}{'precision':>11}  missed / wrong"
    lines = [
        f"{label:24}{given:6}{recall:>8}{precision:>11}  {' '.join(one.missed)} / {' '.join(one.wrong)}"
        for label, given, recall, precision, one in rows(found)
    ]
    return [f"{len(found)} mails", head, *lines, *alarms(found)]


def markdown(found: list[Judged]) -> list[str]:
    lines = [
        f"| {label} | {given} | {one.right} | {recall} | {precision} | {', '.join(one.missed)} | {', '.join(one.wrong)} |"
        for label, given, recall, precision, one in rows(found)
    ]
    head = ["| label | given | found | recall | precision | missed | wrong |", "|---|--:|--:|--:|--:|---|---|"]
    return [f"{len(found)} mails.", "", *head, *lines, "", *(f"- {line}" for line in alarms(found))]


def show(found: list[Judged], texts: dict[str, dict]) -> None:
    """The mails whose labels differ in more than criticism, with what was missed and what was wrong."""
    for one in found:
        missed, wrong = one.given - one.found, one.found - one.given
        if {label for label in missed | wrong if "criticism" not in label} - {"grey"}:
            mail = texts[one.id]
            print(f"== {one.id}  missed: {sorted(missed)}  wrong: {sorted(wrong)}  by {one.rules}")
            print(f"[{mail['subject']}] {mail['text']}\n")


if __name__ == "__main__":
    main()

"""The labelled mails in tests/corpus: their form, their codes and the third that is set aside. No text is shown when one fails."""

import hashlib
import json
import re
from collections import Counter
from pathlib import Path

import pytest

CORPUS = Path(__file__).parents[1] / "corpus"
FILES = sorted(CORPUS.glob("*/*.jsonl"))
BATCHES = ("fresh-", "everyday-")
JUDGED_ONLY = ("everyday-5-", "everyday-6-")  # nothing learns from these
FIELDS = {"id", "department", "subject", "text", "signals", "rights"}
DEPARTMENTS = {"benefits", "building", "children", "citizen_service", "health", "jobs", "roads", "school"}
LEVELS = {
    "threat": {"red", "yellow"},
    "self_harm": {"red"},
    "child_in_danger": {"red"},
    "home_visit": {"red"},
    "insult": {"yellow"},
    "exposure": {"yellow"},
    "private_channel": {"yellow"},
    "criticism": {"grey"},
}
RIGHTS = {
    "complaint",
    "appeal_deadline",
    "application",
    "file_access",
    "data_access",
    "deletion_request",
    "representation",
    "hearing_reply",
    "child_concern",
    "urgent_help",
    "accessibility",
}
ADDRESS = re.compile(r"[\w.+-]+@[\w.-]+")
OF_NOBODY = re.compile(r"@([\w-]+\.)*example(\.(com|net|org|dk))?$")
CPR = re.compile(r"\b(\d\d)(\d\d)\d\d[- ]?\d{4}\b")
PHONE = re.compile(r"\b[2-9]\d(?: ?\d\d){3}\b")  # Danish numbers begin with 2 to 9


@pytest.fixture(scope="module")
def mails():
    return [(path, json.loads(line)) for path in FILES for line in path.read_text("utf-8").splitlines()]


def wrong(mails, is_right):
    return [mail["id"] for _, mail in mails if not is_right(mail)]


def test_every_mail_has_the_fields_and_a_text(mails):
    assert mails
    assert wrong(mails, lambda mail: FIELDS <= set(mail) <= FIELDS | {"note"} and mail["text"].strip()) == []


def test_ids_are_unique_and_each_mail_lies_in_its_part_and_file(mails):
    assert [name for name, times in Counter(mail["id"] for _, mail in mails).items() if times > 1] == []
    for path, mail in mails:
        assert (path.parent.name, path.stem) == (part_of(mail["id"]), mail["id"].rpartition("-")[0]), mail["id"]


def part_of(name):
    """Everyday mails are parted by their batch, as a mail and its like in the same batch would be learnt and judged at once."""
    if name.startswith("everyday-"):
        return "everyday" if name.startswith(JUDGED_ONLY) else "train"
    return "aside" if int(hashlib.sha256(name.encode()).hexdigest(), 16) % 3 == 2 else "train"


def test_a_file_is_of_its_department_or_a_batch_of_all(mails):
    assert wrong(mails, lambda mail: mail["department"] in DEPARTMENTS) == []
    mixed = [mail["id"] for path, mail in mails if not path.stem.startswith(BATCHES) and path.stem != mail["department"]]
    assert mixed == []


def test_labels_come_from_the_closed_lists(mails):
    def is_right(mail):
        kinds = [signal["kind"] for signal in mail["signals"]]
        known = all(signal["level"] in LEVELS.get(signal["kind"], ()) for signal in mail["signals"])
        return (
            known
            and set(mail["rights"]) <= RIGHTS
            and len(kinds) == len(set(kinds))
            and len(mail["rights"]) == len(set(mail["rights"]))
        )

    assert wrong(mails, is_right) == []


def test_criticism_stands_alone(mails):
    kinds = [(mail["id"], {signal["kind"] for signal in mail["signals"]}) for _, mail in mails]
    assert [name for name, found in kinds if "criticism" in found and len(found) > 1] == []


def test_no_mail_is_there_twice(mails):
    bare = Counter(re.sub(r"\W+", "", mail["text"]).lower() for _, mail in mails)
    assert max(bare.values()) == 1


def test_nobody_real_is_named(mails):
    def is_right(mail):
        text = f"{mail['subject']}\n{mail['text']}"
        addresses = (found.rstrip(".-") for found in ADDRESS.findall(text))
        days = [(int(day), int(month)) for day, month in CPR.findall(text)]
        return (
            all(OF_NOBODY.search(address) for address in addresses)
            and not any(1 <= day <= 31 and 1 <= month <= 12 for day, month in days)
            and not PHONE.search(text)
        )

    assert wrong(mails, is_right) == []

"""``rammevagt decide`` from the outside: a register file and a mail file in, the contract's JSON out; every output is checked."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from services import cli
from services.register_file import write_register
from workflows.register import Register

AT = "2026-11-23T10:00:00+01:00"


def _list(names: str) -> frozenset[str]:
    return frozenset(names.split())


REASONS = _list(
    "framework_applies no_framework not_in_force outside_scope moves_no_mail other_case_open sender_unknown sender_not_verified"
    " representative relative authority internal_sender open_address observe_only not_evaluated"
)
SIGNALS = _list(
    "threat self_harm child_in_danger home_visit insult exposure private_channel volume mass_copy evasion criticism unreadable"
)
RIGHTS = _list(
    "complaint appeal_deadline application file_access data_access deletion_request representation hearing_reply child_concern"
    " urgent_help accessibility"
)
ROLES = {"party", "relative", "representative", "non_party", "authority", "unknown"}
GRADES = {"verified", "probable", "unconfirmed", "none"}
MEASURES = {None, "functional_mailbox", "fixed_contact", "changed_caseworker"}
URGENCIES = {"now", "same_day", "working_hours", "digest"}
FIELDS = {
    "": {"mail", "sender", "recipients", "signals", "rights", "receipt", "notify", "trace"},
    "mail": {"id", "sha256", "message_id", "envelope_from", "header_from"},
    "sender": {"citizen", "person_role", "grade", "evidence"},
    "receipt": {"send", "to", "reason"},
}
OF_RECIPIENT = {"address", "action", "deliver_to", "framework", "measure", "reason", "explanation"}

Wire = dict[str, Any]


def written(*fields: str, sender: str = "bo@example.net", to: str = "karen@eksempel.dk", body: str = "Hej.") -> bytes:
    """A mail: ``fields`` before the usual ones; a From among them replaces the usual one."""
    names = {one.partition(":")[0].lower() for one in fields}
    usual = {"From": f"Bo Borger <{sender}>", "To": to, "Message-ID": "<m@example.net>", "Subject": "Min sag"}
    lines = [*fields, *(f"{name}: {value}" for name, value in usual.items() if name.lower() not in names and value)]
    return "\r\n".join([*lines, "", body, ""]).encode("utf-8", "surrogateescape")


class BlackBox:
    """Runs the command in a folder of its own."""

    def __init__(self, folder: Path, read: Callable[[], tuple[str, str]]) -> None:
        self._folder, self._read = folder, read

    def run(self, register: Register | str, mail: bytes, *arguments: str) -> tuple[int, str, str]:
        """Exit status, stdout and stderr."""
        text = register if isinstance(register, str) else write_register(register)
        (self._folder / "r.yaml").write_text(text, encoding="utf-8")
        (self._folder / "m.eml").write_bytes(mail)
        files = [str(self._folder / "m.eml"), "--register", str(self._folder / "r.yaml")]
        status = cli.main(["decide", *files, *arguments])
        return status, *self._read()

    def decide(
        self, register: Register | str, *to: str, mail: bytes | None = None, sender: str = "bo@example.net", at: str = AT
    ) -> Wire:
        """The decision for a mail to ``to`` (Karen, where nobody is named)."""
        recipients = to or ("karen@eksempel.dk",)
        content = written(to=", ".join(recipients), sender=sender or "bo@example.net") if mail is None else mail
        named = [part for one in recipients for part in ("--to", one)]
        status, out, err = self.run(register, content, "--from", sender, *named, "--at", at, "--json")
        assert (status, err) == (0, ""), err
        wire: Wire = json.loads(out)
        check(wire, recipients)
        return wire

    def says(self, register: Register | str, *to: str, **more: Any) -> tuple[str, str]:
        """Where the first recipient's mail goes, and why."""
        return says(self.decide(register, *to, **more)["recipients"][0])


def says(outcome: Mapping[str, Any]) -> tuple[str, str]:
    """Where it goes, and why."""
    return outcome["deliver_to"][0], outcome["reason"]


def check(wire: Wire, to: tuple[str, ...]) -> None:
    """What the contract promises of every output: its keys, its closed lists, one outcome per recipient."""
    for name, keys in FIELDS.items():
        assert keys <= set(wire[name] if name else wire)
    sender = wire["sender"]
    assert sender["person_role"] in ROLES and sender["grade"] in GRADES
    assert all(set(one) == {"kind", "value"} for one in sender["evidence"])
    assert [one["address"] for one in wire["recipients"]] == list(to)
    for one in wire["recipients"]:
        _check_outcome(one, sender["grade"])
    assert {(one["kind"] in SIGNALS, one["level"] in {"red", "yellow", "grey"}) for one in wire["signals"]} <= {(True, True)}
    assert set(wire["rights"]) <= RIGHTS
    assert all(set(one) >= {"to", "role", "urgency"} and one["urgency"] in URGENCIES for one in wire["notify"])
    assert wire["receipt"]["reason"] in REASONS and wire["receipt"]["send"] is (wire["receipt"]["to"] is not None)
    for step in wire["trace"]:
        assert step["outcome"] in {"yes", "no"} and set(step) >= {"rule", "outcome", "because"} and _is_told(step["because"])


def _check_outcome(one: Mapping[str, Any], grade: str) -> None:
    assert set(one) >= OF_RECIPIENT and one["reason"] in REASONS and one["measure"] in MEASURES and _is_told(one["explanation"])
    assert len(one["deliver_to"]) == 1
    if one["action"] == "redirect":
        assert (grade, one["reason"]) == ("verified", "framework_applies") and one["framework"] and one["measure"]
    else:
        assert one["action"] == "deliver" and one["deliver_to"] == [one["address"]] and one["reason"] != "framework_applies"


def _is_told(sentence: Mapping[str, str]) -> bool:
    return set(sentence) == {"da", "en"} and all(text.endswith(".") for text in sentence.values())

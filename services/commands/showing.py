"""A decision for people to read: what came, where it goes and why, rule by rule; Danish first, English beside it, dimmed."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from services.commands.common import seen
from services.signal_words import patterns

Wire = Mapping[str, Any]

GRADES = {
    "verified": "bekræftet",
    "probable": "sandsynlig",
    "unconfirmed": "ubekræftet",
    "none": "ukendt",
}
ROLES = {
    "party": "part",
    "relative": "pårørende",
    "representative": "repræsentant",
    "non_party": "ikke part",
    "authority": "myndighed",
    "unknown": "ukendt",
}
LEVELS = {"red": "rød", "yellow": "gul", "grey": "grå"}
KINDS = {"mail": "mailen", "receipt": "kvittering", "notice": "besked", "report": "fejlrapport"}
STATES = {
    "waiting": "venter, prøves igen",
    "delivered": "afleveret",
    "returned": "returneret til afsenderen",
    "failed": "opgivet",
}


def show(out: Console, wire: Wire) -> None:
    """Print the contract's JSON of one decision."""
    _heading(out, "Mail")
    _mail(out, wire["mail"])
    _heading(out, "Afsender")
    _sender(out, wire["sender"])
    _heading(out, "Modtagere")
    for recipient in wire["recipients"]:
        _recipient(out, recipient)
    _heading(out, "Besked til mennesker")
    _people(out, wire)
    _heading(out, "Spor: regel for regel")
    for step in wire["trace"]:
        _step(out, step)


def _heading(out: Console, text: str) -> None:
    out.print()
    out.print(Text(text, style="bold"))


def _pairs(out: Console, pairs: Iterable[tuple[str, object]]) -> None:
    for name, value in pairs:
        if value not in (None, "", []):
            out.print(Padding(Text.assemble((f"{name}: ", "dim"), seen(value)), (0, 0, 0, 2), expand=False))


def _mail(out: Console, mail: Wire) -> None:
    _pairs(
        out,
        (
            ("id", mail["id"]),
            ("Message-ID", mail["message_id"]),
            ("sendt af", mail["envelope_from"] or "<> (den tomme afsender)"),
            ("skrevet af", ", ".join(mail["header_from"])),
            ("SHA-256", mail["sha256"]),
        ),
    )


def _sender(out: Console, sender: Wire) -> None:
    evidence = ", ".join(f"{one['kind']} {one['value']}" for one in sender["evidence"])
    _pairs(
        out,
        (
            ("borger", sender["citizen"]),
            ("kan være", ", ".join(sender.get("candidates") or ())),
            ("rolle", ROLES[sender["person_role"]]),
            ("sikkerhed", GRADES[sender["grade"]]),
            ("holdepunkter", evidence),
        ),
    )


def _recipient(out: Console, one: Wire) -> None:
    goes = ", ".join(map(seen, one["deliver_to"]))
    where = "afleveres som sædvanlig" if one["action"] == "deliver" else f"går til {goes}"
    line = Text.assemble("  ", (seen(one["address"]), "bold"), f"  {where}  ", (one["reason"], "dim"))
    out.print(line)
    _sentence(out, one["explanation"], 4)


def _people(out: Console, wire: Wire) -> None:
    if wire.get("assessed") is False:
        _pairs(out, (("", "mailens indhold er ikke vurderet endnu"),))
    signals = ", ".join(f"{one['kind']} ({LEVELS[one['level']]})" for one in wire["signals"] or ())
    found = [known.why for id in wire.get("patterns", {}).values() if (known := patterns().get(id))]
    notices = ", ".join(f"{one['to']} ({one['role']}, {one['urgency']})" for one in wire["notify"] or ())
    receipt = wire["receipt"]
    _pairs(
        out,
        (
            ("kvittering til borgeren", f"ja, til {receipt['to']}" if receipt["send"] else "nej"),
            ("signaler", signals or "ingen"),
            ("hvorfor", " ".join(found)),
            ("rettigheder", ", ".join(wire["rights"] or ()) or "ingen"),
            ("får besked", notices or "ingen"),
        ),
    )


def _step(out: Console, step: Wire) -> None:
    mark = ("●", "bold") if step["outcome"] == "yes" else ("○", "dim")
    recipient = step.get("recipient")
    out.print(Text.assemble("  ", mark, f" {step['rule']}", (f"  {seen(recipient)}" if recipient else "", "dim")))
    _sentence(out, step["because"], 4)


def _sentence(out: Console, sentence: Mapping[str, str], indent: int) -> None:
    out.print(Padding(Text(seen(sentence["da"])), (0, 0, 0, indent), expand=False))
    out.print(Padding(Text(seen(sentence["en"]), style="dim"), (0, 0, 0, indent), expand=False))


def show_way(out: Console, way: Iterable[Wire]) -> None:
    """What became of each copy."""
    _heading(out, "Aflevering")
    for one in way:
        kind = KINDS.get(one["kind"], one["kind"])
        out.print(Text.assemble("  ", (seen(one["address"]), "bold"), f"  {seen(kind)}: {seen(_state(one))} {_when(one)}"))
        served = ", ".join(address for address in one["recipients"] if address != one["address"])
        for name, value in (("i stedet for", served), ("fejl", one["error"]), ("nummer", one["delivery"])):
            if value:
                out.print(Padding(Text.assemble((f"{name}: ", "dim"), seen(value)), (0, 0, 0, 4), expand=False))


def show_posts(out: Console, posts: Iterable[Wire]) -> None:
    """What waits of it in functional mailboxes, or did."""
    for one in posts:
        _heading(out, f"I postkassen {seen(one['mailbox'])}")
        names = (
            ("skal være læst", "due_read"),
            ("læst", "read_at"),
            ("skal være besvaret", "due_answer"),
            ("besvaret", "answered_at"),
            ("færdig", "done_at"),
        )
        _pairs(out, ((name, _local(one[key])) for name, key in names))
        _pairs(out, ((f"frist ({clock['right']})", _local(clock["due"])) for clock in one["deadlines"]))


def _local(instant: str | None) -> str | None:
    return None if instant is None else datetime.fromisoformat(instant).strftime("%d-%m-%Y %H:%M")


def _state(one: Wire) -> str:
    if one["state"] == "waiting" and not one["attempts"] and not one["error"]:
        return "venter til"
    return STATES.get(one["state"]) or str(one["state"])


def _when(one: Wire) -> str:
    at = datetime.fromisoformat(one["finished_at"] or one["due"] or one["queued_at"])
    tries = f", forsøg: {one['attempts']}" if one["attempts"] > 1 or one["error"] else ""
    return f"{at:%d-%m-%Y %H:%M:%S}{tries}"

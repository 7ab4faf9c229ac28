"""A mail's way as a list of what happened when, for templates."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.console.mail_words import KINDS, WAYS
from services.console.words import N_, Words
from services.store.looked_up import MailFound


@dataclass(frozen=True, slots=True)
class Happened:
    """As the macro ``events`` shows it."""

    at: datetime
    title: str
    text: str = ""
    kind: str = ""


ARRIVED = N_("Modtaget")
DECIDED = N_("Vagten besluttede, hvor den skal hen")
WAITS = N_("Venter")
WORKING_HOURS = N_("Sendes i arbejdstiden")
TO = N_("%(what)s til %(address)s: %(state)s")


def way_of(mail: MailFound, words: Words) -> list[Happened]:
    """The oldest first: received, decided, and each copy with what became of it."""
    begun = [Happened(mail.received_at, words.gettext(ARRIVED)), Happened(mail.received_at, words.gettext(DECIDED))]
    return begun + sorted(_copies(mail.way, words), key=lambda one: one.at)


def _copies(way: Sequence[Mapping[str, Any]], words: Words) -> Iterator[Happened]:
    for one in way:
        state = words.gettext(_state(one))
        title = words.gettext(TO) % {
            "what": words.gettext(KINDS.get(one["kind"], one["kind"])),
            "address": one["address"],
            "state": state[:1].lower() + state[1:],
        }
        at = datetime.fromisoformat(one["finished_at"] or one["queued_at"])
        kind = "alarm" if one["state"] in ("bounced", "failed", "returned") else "now" if one["state"] == "waiting" else ""
        yield Happened(at, title, _tries(one, words), kind)


def _state(one: Mapping[str, Any]) -> str:
    """What waits and was never tried has not failed: a notice to staff leaves in working hours."""
    if one["state"] == "waiting" and not one["attempts"]:
        return WORKING_HOURS if one["kind"] == "notice" else WAITS
    return WAYS.get(one["state"], str(one["state"]))


def _tries(one: Mapping[str, Any], words: Words) -> str:
    if not one["error"]:
        return ""
    tries = words.ngettext("Prøvet én gang. Svaret var: %(error)s", "Prøvet %(num)s gange. Svaret var: %(error)s", one["attempts"])
    return tries % {"num": one["attempts"], "error": one["error"]}

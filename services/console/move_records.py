"""What is written in a move's fields, as its record; and what they hold before anything is written."""

import re
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

from pydantic import TypeAdapter

from services.console.framework_words import CHANNELS
from services.console.frameworks import Opened
from services.console.move_forms import FORMS, PROOF, Ask
from services.settings import ZONE
from workflows.dossier import Record
from workflows.proofs import Proof

RECORD: TypeAdapter[Record] = TypeAdapter(Record)
Fields = Mapping[str, str]
ANSWER_DAYS = timedelta(days=14)
MOST_ROWS = 100
_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


def first_values(move: str, found: Opened) -> dict[str, Any]:
    """What the fields hold when the page is opened."""
    one, ground, today = found.dossier.framework, found.dossier.ground, found.today
    values: dict[str, Any] = {"lawyer": ground.lawyer or "", "lawyer_says": ground.lawyer_says or "", "happenings": ()}
    values |= {"way": "digital_post"} | _when(found.now)
    if move == "heard":
        values["answer_by"] = found.around.policy.calendar.nth_working_day(today + ANSWER_DAYS, 1).isoformat()
    if move == "eased":
        values |= {"review": one.review, "ends": one.ends, "keep": [str(at) for at in range(len(one.measures))]}
    if move == "extended" and one.ends:
        values |= {"starts": one.ends + timedelta(days=1)}
    sent_back = found.dossier.submitted
    if sent_back and sent_back.record.move == move:
        values |= {name: value for name, value in sent_back.record.model_dump(mode="json").items() if value is not None}
    return values


def happenings_in(form: Fields) -> list[dict[str, Any]]:
    """The rows that tell what happened."""
    return [row for row in rows_in(form) if row["what"]]


def strings(values: Mapping[str, Any]) -> dict[str, str]:
    """First values as a form would carry them."""
    return {name: ",".join(value) if isinstance(value, list) else str(value) for name, value in values.items() if value is not None}


def rows_in(form: Fields) -> list[dict[str, Any]]:
    """The rows in which something stands."""
    rows = []
    for at in range(MOST_ROWS):
        if f"on.{at}" not in form:
            break
        what = form.get(f"what.{at}", "").strip()
        if what or form[f"on.{at}"]:
            channel = form.get(f"channel.{at}", "mail")
            rows.append(
                {
                    "on": form[f"on.{at}"] or None,
                    "at": form.get(f"at.{at}") or None,
                    "channel": channel if channel in CHANNELS else "other",
                    "what": what,
                    "incident": incident if _ID.fullmatch(incident := form.get(f"incident.{at}", "")) else None,
                }
            )
    return rows


def blank(move: str, found: Opened) -> Record:
    """A record of this move in which nothing is written yet."""
    return RECORD.validate_python({"move": move} | _needed(move, found))


def _needed(move: str, found: Opened) -> dict[str, Any]:
    """The fields that a record can't do without, empty."""
    today, none = found.today, "none"
    trial = {"because": "", "staff_informed": False}
    because = trial | {"letter": none}
    needed: dict[str, dict[str, Any]] = {
        "warned": {"expects": "", "consequence": "", "talk": "", "letter": none},
        "heard": {"answer_by": today, "letter": none},
        "decided": {"letter": none},
        "activated": {"proof": {"letter": none, "way": "paper", "delivered": found.now}, "staff_informed": False},
        "activated_urgently": {"threat": "", "letter": none},
        "due_for_review": {"trigger": "citizens_request"},
        "extended": {"milder_not_enough": "", "starts": today, "review": today, "ends": today, "letter": none},
        "observe_begun": trial,
        "observe_ended": trial,
        "eased": because | {"framework": found.dossier.framework},
        "lifted": because,
        "reconsideration_asked": {"asked_by": "citizen", "text": ""},
        "upheld": {"because": "", "letter": none},
        "rejected": {"because": ""},
        "registered_in_error": {"cause": "", "breach": ""},
    }
    return needed.get(move, {})


def record_in(move: str, found: Opened, form: Fields, letter: str | None) -> Record:
    """What is written in ``form`` as the record of ``move``. Raises ``ValidationError``, whose places are names of fields."""
    written: dict[str, Any] = {"move": move}
    for ask in FORMS[move].asks(found):
        written |= _value(ask, form, found)
    if move == "activated":
        written["proof"] = {"letter": letter or "none"} | {one.name: written.pop(one.name) for one in PROOF}
    elif move == "registered_in_error":
        written["apology"] = letter
    elif FORMS[move].letter:
        written["letter"] = letter or "none"
    if move == "eased":
        keep = written.pop("keep")
        changes = {"measures": keep, "review": written.pop("review"), "ends": written.pop("ends")}
        written["framework"] = {**found.dossier.framework.model_dump(by_alias=True), **changes}
    return RECORD.validate_python(written)


def proof_values(proof: Proof) -> dict[str, str | None]:
    """What the fields hold when a proof is looked at again."""
    return {"way": proof.way, "reference": proof.reference} | _when(proof.delivered)


def _when(at: datetime) -> dict[str, str]:
    local = at.astimezone(ZONE)
    return {"delivered": local.date().isoformat(), "delivered_at": local.strftime("%H:%M")}


def proof_in(form: Fields, found: Opened, letter: str) -> Proof:
    """What is written in ``form`` as the proof of a letter. Raises ``ValidationError``, whose places are names of fields."""
    written: dict[str, Any] = {"letter": letter}
    for ask in PROOF:
        written |= _value(ask, form, found)
    return Proof.model_validate(written)


def _value(ask: Ask, form: Fields, found: Opened) -> dict[str, Any]:
    text = form.get(ask.name, "").strip()
    match ask.shape:
        case "check":
            return {ask.name: bool(text)}
        case "yes_no":
            return {ask.name: {"yes": True, "no": False}.get(text)}
        case "happenings":
            return {ask.name: happenings_in(form)}
        case "many":
            chosen = set(text.split(","))
            return {ask.name: [one for at, one in enumerate(found.dossier.framework.measures) if str(at) in chosen]}
        case "delivered":
            return {ask.name: _instant(text, form.get(f"{ask.name}_at", ""))}
        case _:
            return {ask.name: text or (None if not ask.required or ask.shape != "text" else "")}


def _instant(day: str, clock: str) -> datetime | None:
    try:
        return datetime.combine(date.fromisoformat(day), time.fromisoformat(clock), ZONE)
    except ValueError:
        return None

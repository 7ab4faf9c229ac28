"""Handled mails: found, told, and explained as the command ``explain --json`` does. Bodies are no part of the API."""

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, BaseModel, Field
from starlette.requests import Request

from services.console.api.asking import ANY_ID, Ascii, IdInPath, Listed, OfCitizen, Who
from services.console.concern import concerns
from services.console.mail_search import Sought, found
from services.console.opened_mail import one_mail
from services.console.problems import Problem, problems
from services.console.recorded import allowed, recorded
from services.settings import ZONE
from services.store.looked_up import MailFound, MailLine, Wanted
from workflows.rights import Action, Reach, reach

router = APIRouter(prefix="/mails", tags=["mails"])
EXPLAINED = "The recorded decision with its trace, as `explain --json` prints it: see the contract."


class Recipient(BaseModel):
    """One recipient: what was decided, and what became of it."""

    address: str
    deliver_to: str
    reason: str
    framework: str | None
    unit: str | None
    case: str | None
    state: str


class Signal(BaseModel):
    """Something that a leader should look at."""

    kind: str
    level: str


class MailInList(BaseModel):
    """A mail among others. ``rights`` and ``signals`` are empty until it is assessed."""

    id: str
    received_at: AwareDatetime
    outcome: str
    citizen: str | None
    candidates: list[str]
    grade: str
    person_role: str
    assessed: bool
    rights: list[str]
    signals: list[Signal]
    recipients: list[Recipient]


class MailWhole(BaseModel):
    """One mail. ``content_kept``: whether its bytes are still there; a person can read them on the mail's page."""

    id: str
    received_at: AwareDatetime
    size: int
    sha256: str
    citizens: list[str]
    units: list[str]
    content_kept: bool
    way: list[dict[str, Any]]


class OfUnit(OfCitizen):
    """Those that concern one unit, or any."""

    unit: str | None = Field(None, pattern=ANY_ID)


class Asked(OfUnit):
    """Which mails. Days are Danish, both included."""

    since: date | None = None
    until: date | None = None
    outcome: Wanted | None = None


@router.get("", response_model=Listed[MailInList], responses=problems(409))
async def mails(request: Request, who: Who, asked: Annotated[Asked, Query()]) -> Ascii:
    """Those that you may see, the newest first. A lawyer names a citizen."""
    if reach(who.rights, Action.SEE_MAIL) is Reach.NONE:
        await allowed(request, who, Action.SEE_MAIL, "mails")
    await recorded(request, who, "mails.read", asked.citizen or asked.unit or "mails")
    sought = Sought(asked.citizen, asked.unit, asked.since, asked.until, asked.outcome)
    page = await found(concerns(request), who, sought, limit=asked.limit, after=asked.cursor)
    if page is None:
        raise Problem(409, "Name a citizen: you see mails under the frameworks that you were asked about.")
    return Ascii({"items": [_line(one) for one in page.items], "next": page.after})


@router.get("/{id}", response_model=MailWhole)
async def mail(request: Request, who: Who, id: IdInPath) -> Ascii:
    """One, with its way: a copy each, with what became of it."""
    one = await one_mail(request, who, id, Action.SEE_MAIL, noted="mail.read")
    return Ascii(
        {
            "id": one.id,
            "received_at": _at(one),
            "size": one.size,
            "sha256": one.decision["mail"]["sha256"],
            "citizens": sorted(one.about.citizens),
            "units": sorted(one.about.units),
            "content_kept": one.content_kept,
            "way": list(one.way),
        }
    )


@router.get("/{id}/explain", response_model=dict[str, Any], response_description=EXPLAINED)
async def explain(request: Request, who: Who, id: IdInPath) -> Ascii:
    """Why it went where it went, rule by rule."""
    one = await one_mail(request, who, id, Action.SEE_MAIL, noted="mail.read")
    return Ascii({**one.decision, "received_at": _at(one), "size": one.size, "way": list(one.way)})


def _at(one: MailFound | MailLine) -> str:
    return one.received_at.astimezone(ZONE).isoformat()


def _line(one: MailLine) -> dict[str, Any]:
    names = ("id", "outcome", "citizen", "grade", "person_role", "assessed")
    return {name: getattr(one, name) for name in names} | {
        "received_at": _at(one),
        "candidates": list(one.candidates),
        "rights": list(one.rights),
        "signals": [{"kind": kind, "level": level} for kind, level in one.signals],
        "recipients": [
            {name: getattr(each, name) for name in ("address", "reason", "framework", "unit", "case", "state")}
            | {"deliver_to": each.to}
            for each in one.recipients
        ],
    }

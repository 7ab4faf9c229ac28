"""*Mails*: what came in, where it went and why; what the citizen wrote behind a click with a reason."""

from datetime import date
from typing import Annotated, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, Query
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from services.console import links, signals
from services.console.auth.visitor import Visitor, visitor
from services.console.citizens import Names, searched
from services.console.concern import Concerns, concerns
from services.console.context import console_of
from services.console.link_words import TEXTS
from services.console.mail_search import Sought, found
from services.console.mail_story import way_of
from services.console.mail_words import OUTCOMES, TOLD, all_texts
from services.console.notices import looked_at
from services.console.opened_mail import LEAST, one_mail
from services.console.pages.live import topics
from services.console.posts import Posts
from services.console.recorded import allowed, listed, recorded
from services.console.support import fitting, opening_of_mail, signals_of
from services.console.web import page, see, words_of
from services.console.words import N_
from services.store.looked_up import CitizenLine, MailFound, Wanted
from services.store.signals import Answer
from services.who_wrote import wants_clues
from workflows.audit import AuditRecord
from workflows.people import Id, Unit
from workflows.rights import Action, Reach, may, reach
from workflows.signals.rules import Kind

router = APIRouter(prefix="/mails")
Who = Annotated[Visitor, Depends(visitor)]
Chosen = Id | Literal[""]  # it is recorded what was looked for: an id, and no words
PARTS = 3  # of a date
MANY = 20  # citizens to choose between
ALL, EVERYTHING = N_("Alle"), N_("Alt")
NO_DATE = N_("Skriv en dato, for eksempel 3.11.2026.")
NOBODY = N_("Ingen borger, du må se, passer til det. Prøv med hele mailadressen, et nummer eller et andet navn.")
TURNED = N_("Den sidste dag ligger før den første.")
HOW = N_("Vælg, hvordan borgeren har fået besked.")


class Asked(BaseModel):
    """What is searched for: ids, codes and days alone, so that no address of a page holds a name or a mail address."""

    citizen: Chosen = ""
    unit: Chosen = ""
    since: date | Literal[""] = ""
    until: date | Literal[""] = ""
    outcome: Wanted | Literal[""] = ""
    after: str | None = Field(default=None, max_length=500)

    def sought(self) -> Sought:
        """The same for the search."""
        return Sought(self.citizen or None, self.unit or None, self.since or None, self.until or None, self.outcome or None)

    def url(self, **changes: str | None) -> str:
        """The address of this search with ``changes``."""
        values = self.model_dump(mode="json") | changes
        query = urlencode({name: value for name, value in values.items() if value})
        return f"/mails?{query}" if query else "/mails"


@router.get("")
async def mails(request: Request, who: Who, asked: Annotated[Asked, Query()]) -> HTMLResponse:
    """A search, the newest first."""
    return await _listed(request, who, asked)


class Typed(BaseModel):
    """The form as somebody filled it in."""

    csrf: str = ""
    citizen: Chosen = ""
    text: str = Field(default="", max_length=320)
    unit: Chosen = ""
    since: str = Field(default="", max_length=20)
    until: str = Field(default="", max_length=20)
    outcome: Wanted | Literal[""] = ""


@router.post("")
async def search(request: Request, who: Who, typed: Annotated[Typed, Form()]) -> Response:
    """What somebody typed becomes ids and codes, and then an address that can be kept."""
    days, errors = _days(typed.since, typed.until)
    since, until = days
    asked = Asked(citizen=typed.citizen, unit=typed.unit, since=since or "", until=until or "", outcome=typed.outcome)
    chosen: list[CitizenLine] = []
    if typed.text.strip() and not typed.citizen:
        chosen = list((await searched(request, who, typed.text.strip())).items[:MANY])
        await listed(request, who, [one.citizen.id for one in chosen])
        errors += [] if chosen else [("text", NOBODY)]
    if errors or len(chosen) > 1:
        return await _listed(request, who, asked, typed=typed, errors=errors, chosen=chosen)
    return see(asked.url(citizen=chosen[0].citizen.id) if chosen else asked.url())


async def _listed(
    request: Request,
    who: Visitor,
    asked: Asked,
    *,
    typed: Typed | None = None,
    errors: list[tuple[str, str]] | None = None,
    chosen: list[CitizenLine] | None = None,
) -> HTMLResponse:
    if reach(who.rights, Action.SEE_MAIL) is Reach.NONE:
        await allowed(request, who, Action.SEE_MAIL, "mails")
    concerned = concerns(request)
    listed = None if errors or chosen else await found(concerned, who, asked.sought(), after=asked.after)
    await recorded(request, who, "mails.read", asked.citizen or asked.unit or "mails")
    words = words_of(request)
    told = [(name, words.gettext(sentence)) for name, sentence in errors or ()]
    ids = {one for line in (listed.items if listed else ()) for one in (line.citizen, *line.candidates) if one}
    return page(
        request,
        "mails.html",
        status=422 if errors else 200,
        asked=asked,
        typed=typed or Typed(since=str(asked.since), until=str(asked.until)),
        errors=told,
        error=dict.fromkeys(("text", "since", "until")) | dict(told),
        chosen=chosen or [],
        many=MANY,
        listed=listed,
        names=await concerned.names(who.rights, ids),
        shown_citizen=await _shown(concerned, who, asked.citizen),
        units=[("", words.gettext(ALL)), *((one.id, one.name) for one in _units(request, who))],
        wanted=[("", words.gettext(EVERYTHING)), *((code, words.gettext(name)) for code, name in OUTCOMES.items())],
        **all_texts(),
    )


async def _shown(concerned: Concerns, who: Visitor, id: str) -> str | None:
    """The name of the citizen whose mails are listed, where it may be told."""
    if not id:
        return None
    return (await concerned.names(who.rights, [id])).get(id, id)


def _units(request: Request, who: Visitor) -> list[Unit]:
    """The units to choose between."""
    every = console_of(request).store.organisation().units
    far = reach(who.rights, Action.SEE_MAIL)
    seen = every if far is Reach.ALL else who.rights.units if far is Reach.OWN_UNITS else ()
    return sorted((every[one] for one in seen if one in every), key=lambda one: one.name)


def _days(since: str, until: str) -> tuple[list[date | None], list[tuple[str, str]]]:
    days, errors = [], []
    for name, typed in (("since", since), ("until", until)):
        day = _day(typed.strip())
        days.append(day)
        if typed.strip() and day is None:
            errors.append((name, NO_DATE))
    if days[0] and days[1] and days[1] < days[0]:
        errors.append(("until", TURNED))
    return days, errors


def _day(typed: str) -> date | None:
    """As a browser sends it, or as people write it."""
    parts = typed.replace("/", ".").split(".")
    try:
        return date(*map(int, reversed(parts))) if len(parts) == PARTS else date.fromisoformat(typed)
    except ValueError:
        return None


@router.get("/{id}")
async def mail(request: Request, who: Who, id: str) -> HTMLResponse:
    """One mail: what happened and why, its way, and what it was found to hold."""
    found = await one_mail(request, who, id, Action.SEE_MAIL, noted="mail.read")
    await looked_at(request, who, found.id, opened=True)
    return await shown_mail(request, who, found)


async def shown_mail(
    request: Request, who: Visitor, mail: MailFound, *, why: str = "", present: str = "", errors: tuple[tuple[str, str], ...] = ()
) -> HTMLResponse:
    """The page of a mail, with what was typed wrong."""
    decision, units, words = mail.decision, console_of(request).store.organisation().units, words_of(request)
    told = [(name, words.gettext(sentence) % {"least": LEAST}) for name, sentence in errors]
    ids = {one for one in (decision["sender"]["citizen"], *decision["sender"]["candidates"]) if one}
    return page(
        request,
        "mail.html",
        status=422 if errors else 200,
        mail=mail,
        decision=decision,
        recipients=list(zip(decision["recipients"], mail.states, strict=False)),
        general=[one for one in decision["trace"] if one["recipient"] is None],
        names=await concerns(request).names(who.rights, ids),
        units={id: one.name for id, one in units.items()},
        way=way_of(mail, words),
        may_read=reach(who.rights, Action.SEE_ORIGINAL) is not Reach.NONE,
        opening=await opening_of_mail(request, who, mail),
        playbooks=fitting(request, signals_of(mail)),
        why=why,
        present=present,
        errors=told,
        error=dict.fromkeys(("why", "present", "how")) | dict(told),
        asked=await links.of_mail(request, who, mail.id),
        pretended=links.pretended(decision),
        may_compare=mail.content_kept and decision["sender"]["grade"] != "verified" and wants_clues(decision),
        **await _receipt(request, who, mail),
        **await _signals(request, who, mail),
        topics=topics(request, who, mail.id),
        topic=mail.id,
        **all_texts(),
        **TEXTS,
    )


async def _signals(request: Request, who: Visitor, mail: MailFound) -> dict[str, object]:
    """What was found, whether ``who`` may answer to it, and to a leader whether we are late ourselves."""
    found = signals_of(mail)
    matter = await concerns(request).found(mail) if found else None
    return {
        "signals_told": await signals.signals_told(request, who, mail.id, found),
        "may_answer": matter is not None and matter.opens_to(who.rights, Action.ANSWER_SIGNAL),
        "answers": signals.ANSWERS,
        "situations": signals.SITUATIONS,
        "ourselves": await signals.ourselves(Posts(request, who), found, mail.decision),
    }


async def _receipt(request: Request, who: Visitor, mail: MailFound) -> dict[str, object]:
    """Whether it did not reach the citizen, who told them, and whether ``who`` may say that they did."""
    untold = await console_of(request).store.receipts.of_mail(mail.id)
    by = Names(request).employee(untold.told_by) if untold and untold.told_by else None
    ways = [(code, words_of(request).gettext(text), "") for code, text in TOLD.items()]
    return {"untold": untold, "told_by": by, "told_ways": ways, "may_tell": may(who.rights, Action.TELL_CITIZEN, mail.about.units)}


@router.post("/{id}/told")
async def told(request: Request, who: Who, id: str, how: Annotated[str, Form(max_length=40)] = "") -> Response:
    """The citizen, whom the receipt did not reach, was told: how. Whoever comes second sees what the first wrote."""
    found = await one_mail(request, who, id, Action.TELL_CITIZEN, noted="mail.read")
    if how not in TOLD:
        return await shown_mail(request, who, found, errors=(("how", HOW),))
    console = console_of(request)
    record = AuditRecord(console.clock.now(), who.account, "receipt.citizen_told", found.id, {"how": how})
    await console.store.receipts.tell(found.id, person=who.address, how=how, record=record)
    return see(f"/mails/{found.id}#receipt")


@router.post("/{id}/signals/{kind}")
async def answered(request: Request, who: Who, id: str, kind: Kind, answer: Annotated[Answer, Form()]) -> Response:
    """Whether it was useful to be told of a signal."""
    found = await one_mail(request, who, id, Action.ANSWER_SIGNAL, noted="mail.read")
    await signals.answer(request, who, found.id, kind, answer)
    return see(f"/mails/{found.id}#signal-{kind}")

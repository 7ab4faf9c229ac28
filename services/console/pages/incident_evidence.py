"""*Sikr bevis*: mails are secured for an incident, and handed out as one sealed file."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response, StreamingResponse

from services.console.auth.visitor import Visitor, visitor
from services.console.context import console_of
from services.console.framework_words import CATEGORIES, CHANNELS
from services.console.incidents import IncidentsSeen, Seen, by_of, one_incident
from services.console.mail_words import LEVEL_CHIPS, SIGNALS
from services.console.opened_mail import LEAST
from services.console.report_form import mail_seen
from services.console.web import environment, page, see
from services.evidence import CHECKED_BY, Differs, bundle, fingerprint
from services.incidents import DIFFERS
from services.settings import ZONE
from services.store.looked_up import MailFound, MailLine
from workflows.audit import AuditRecord
from workflows.decision import Sentence
from workflows.incident import Refused
from workflows.rights import Action

router = APIRouter(prefix="/incidents")
Someone = Annotated[Visitor, Depends(visitor)]
Wrong = tuple[tuple[str, Sentence], ...]
BACK = timedelta(days=30)  # whose mails are offered
MOST = 20  # mails to choose between
_NONE = Sentence("Vælg mindst én mail.", "Choose at least one mail.")
_WHY = Sentence(
    f"Skriv, hvem filen er til, og hvorfor. Mindst {LEAST} tegn.", f"Write for whom the file is, and why. At least {LEAST} letters."
)


@dataclass(frozen=True, slots=True)
class Offered:
    """A mail that can be secured, where its words are still there (``content_kept``)."""

    id: str
    received_at: datetime
    to: tuple[str, ...]
    signals: tuple[tuple[str, str], ...]
    content_kept: bool = True


@router.get("/{id}/evidence")
async def shown(request: Request, who: Someone, id: str) -> HTMLResponse:
    """What is secured, the citizen's newest mails to secure, and the way to hand it out."""
    seen, one = await one_incident(request, who, id, Action.HANDLE_INCIDENT)
    return await _page(request, seen, one)


@router.post("/{id}/evidence")
async def secured(request: Request, who: Someone, id: str, mail: Annotated[list[str], Form()] = []) -> Response:  # noqa: B006
    """Secure the chosen mails."""
    seen, one = await one_incident(request, who, id, Action.HANDLE_INCIDENT)
    offered = {each.id for each in await _mails(request, seen, one)}
    chosen = [each for each in dict.fromkeys(mail) if each in offered]
    if not chosen:
        return await _page(request, seen, one, (("mail", _NONE),))
    kept, refused = one.kept, list[Refused]()
    for each in chosen:  # one that can't be secured keeps no other from it
        found = await seen.desk.secure(kept, each, by_of(who))
        if isinstance(found, Refused):
            refused.append(found)
        else:
            kept = found
    if refused:
        return await _page(request, seen, one, tuple(("mail", each.because) for each in dict.fromkeys(refused)))
    return see(f"{one.path}?said=secured#evidence")


@router.post("/{id}/evidence.zip")
async def handed_out(request: Request, who: Someone, id: str, why: Annotated[str, Form(max_length=500)] = "") -> Response:
    """Everything that is secured, sealed. That it was handed out, why and under which seal is recorded first."""
    seen, one = await one_incident(request, who, id, Action.HANDLE_INCIDENT)
    if len(why.strip()) < LEAST:
        return await _page(request, seen, one, (("why", _WHY),), why=why)
    console, by = console_of(request), by_of(who)
    at = seen.now.astimezone(ZONE).isoformat(timespec="seconds")
    about = {"incident": one.incident.id, "made_at": at, "made_by": by.address, "municipality": console.settings.municipality.name}
    try:
        made = await bundle(seen.desk.incidents, console.store.key, about, {"LAES-MIG.html": _paper(request, seen, one, about)})
    except Differs:
        return await _page(request, seen, one, (("why", DIFFERS.because),), why=why)
    data = {"why": why.strip(), "manifest": made.seal}
    await console.store.append_audit(AuditRecord(seen.now, who.account, "evidence.exported", one.incident.id, data))
    headers = {"Content-Disposition": f'attachment; filename="bevis-{one.incident.id}.zip"', "Content-Length": str(made.size)}
    return StreamingResponse(made.pieces(), media_type="application/zip", headers=headers)


def _paper(request: Request, seen: IncidentsSeen, one: Seen, about: Mapping[str, Any]) -> str:
    """The page in the file that says what it is, in Danish, for somebody who has never heard of the guard."""
    template = environment("da").get_template("evidence_paper.html")
    key = console_of(request).store.key
    return template.render(
        seen=one,
        one=one.incident,
        report=one.incident.report,
        about=about,
        made=seen.now,
        maker=seen.name(about["made_by"]),
        channels=CHANNELS,
        categories=CATEGORIES,
        fingerprint=fingerprint(key),
        commands=CHECKED_BY,
    )


async def _mails(request: Request, seen: IncidentsSeen, one: Seen) -> list[Offered]:
    """The mail that it was reported from, whoever wrote it and however old; the citizen's red mails of the last days, and then the
    newest others; as far as the visitor may see them."""
    told = one.incident.report
    first = await mail_seen(request, seen.who, told.mail) if told.mail else None
    own = [_reported_from(first)] if first else []
    lines = await _of_citizen(request, seen, told.citizen) if told.citizen else []
    return [*own, *(_among_others(line) for line in lines if not first or line.id != first.id)]


def _reported_from(mail: MailFound) -> Offered:
    to = tuple(recipient["address"] for recipient in mail.decision["recipients"])
    signals = tuple((signal["kind"], signal["level"]) for signal in mail.decision["signals"] or ())
    return Offered(mail.id, mail.received_at, to, signals, mail.content_kept)


def _among_others(line: MailLine) -> Offered:
    return Offered(line.id, line.received_at, tuple(to.address for to in line.recipients), line.signals)


async def _of_citizen(request: Request, seen: IncidentsSeen, citizen: str) -> list[MailLine]:
    about = seen.concerned
    views, since = console_of(request).store.views, seen.now - BACK
    reds = (await views.mails(citizens=[citizen], since=since, wanted="red", limit=MOST)).items
    newest = (await views.mails(citizens=[citizen], since=since, limit=MOST)).items
    found = list({line.id: line for line in (*reds, *newest)}.values())
    await about.know_lines(found)
    return [line for line in found if (await about.line(line)).opens_to(seen.who.rights, Action.SEE_MAIL)]


async def _page(request: Request, seen: IncidentsSeen, one: Seen, wrong: Wrong = (), *, why: str = "") -> HTMLResponse:
    evidence = await seen.desk.incidents.evidence(one.incident.id)
    there = {line.mail for line in evidence}
    return page(
        request,
        "incident_evidence.html",
        status=422 if wrong else 200,
        seen=one,
        one=one.incident,
        evidence=evidence,
        name=seen.name,
        mails=[line for line in await _mails(request, seen, one) if line.id not in there],
        fingerprint=fingerprint(console_of(request).store.key),
        wrong=wrong,
        error={name: sentence for name, sentence in reversed(wrong)},
        why=why,
        signals=SIGNALS,
        level_chips=LEVEL_CHIPS,
    )

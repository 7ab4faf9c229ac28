"""A mail as somebody opens it."""

from dataclasses import replace
from datetime import datetime

from fastapi import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response

from services.console.auth.visitor import Visitor
from services.console.concern import concerns, opened
from services.console.context import console_of
from services.console.mail_words import unread
from services.console.original import read_original
from services.console.recipients import decision_for
from services.console.recorded import recorded
from services.console.web import page
from services.console.words import N_
from services.store.looked_up import MailFound
from workflows.rights import Action

LEAST = 10  # letters of a reason
WHY = N_("Skriv kort, hvorfor du har brug for at læse mailen. Mindst %(least)s tegn.")


async def one_mail(request: Request, who: Visitor, id: str, action: Action, *, noted: str, why: str | None = None) -> MailFound:
    """The mail as ``who`` may see it, where they may do ``action`` with it, and that is recorded; else 404."""
    mail = await mail_of(request, who, id, action)
    await recorded(request, who, noted, mail.id, why)
    return mail


async def mail_of(request: Request, who: Visitor, id: str, action: Action) -> MailFound:
    """The same, for a caller that records what comes of it before anything is shown."""
    concerned = concerns(request)
    mail = await concerned.store.views.mail(id)
    if mail is None:
        raise HTTPException(404)
    matter = await concerned.found(mail)
    await opened(request, who, action, mail.id, matter)
    cases = [case for one in sorted(mail.about.citizens) for case in (await concerned.cases(one)).values()]
    return replace(mail, decision=decision_for(who, cases, mail.decision))


async def original_page(request: Request, id: str, received_at: datetime, why: str, path: str) -> HTMLResponse:
    """What the citizen wrote in mail ``id``; that somebody reads it is recorded already. ``path``: the page that it belongs to."""
    stored = await console_of(request).store.mail(id)
    read = await read_original(stored.content) if stored and stored.content is not None else None
    told = unread(read.unreadable if read else ())
    return page(request, "original.html", received_at=received_at, original=read, unread=told, why=why, back=path)


async def mail_file(request: Request, id: str) -> Response:
    """The mail as it came; that somebody reads it is recorded already. 404 where its words are gone."""
    stored = await console_of(request).store.mail(id)
    if stored is None or stored.content is None:
        raise HTTPException(404)
    headers = {"Content-Disposition": f'attachment; filename="{id}.eml"'}
    if isinstance(stored.content, bytes):
        return Response(stored.content, media_type="message/rfc822", headers=headers)
    return FileResponse(stored.content, media_type="message/rfc822", headers=headers)

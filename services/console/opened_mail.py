"""A mail as somebody opens it."""

from dataclasses import replace

from fastapi import HTTPException
from starlette.requests import Request

from services.console.auth.visitor import Visitor
from services.console.concern import concerns, opened
from services.console.recipients import decision_for
from services.console.recorded import recorded
from services.store.looked_up import MailFound
from workflows.rights import Action


async def one_mail(request: Request, who: Visitor, id: str, action: Action, *, noted: str, why: str | None = None) -> MailFound:
    """The mail as ``who`` may see it, where they may do ``action`` with it, and that is recorded; else 404."""
    concerned = concerns(request)
    mail = await concerned.store.views.mail(id)
    if mail is None:
        raise HTTPException(404)
    matter = await concerned.found(mail)
    await opened(request, who, action, mail.id, matter)
    await recorded(request, who, noted, mail.id, why)
    cases = [case for one in sorted(mail.about.citizens) for case in (await concerned.cases(one)).values()]
    return replace(mail, decision=decision_for(who, cases, mail.decision))

"""*Hvem kan have skrevet?*: whoever a mail may be from, with what speaks for it and against it; nothing follows from it."""

import json
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse

from services.aside import done_aside
from services.console.auth.visitor import Visitor, visitor
from services.console.concern import concerns
from services.console.context import console_of
from services.console.link_words import TEXTS
from services.console.links import for_visitor, pretended
from services.console.opened_mail import one_mail
from services.console.recorded import recorded
from services.console.web import page
from services.who_wrote import wants_clues
from workflows.rights import Action

router = APIRouter(prefix="/mails")


@router.get("/{id}/who")
async def who_page(request: Request, who: Annotated[Visitor, Depends(visitor)], id: str) -> HTMLResponse:
    """As ``rammevagt who`` tells it, of those whom the visitor may see."""
    mail = await one_mail(request, who, id, Action.SEE_MAIL, noted="mail.read")
    if not mail.content_kept or not wants_clues(mail.decision):
        raise HTTPException(404)
    console = console_of(request)
    answer = await done_aside("services.console.mail_who_child", console.settings, console.clock.now(), {"mail": mail.id})
    likely = [await _seen(request, who, one) for one in json.loads(answer) or ()]
    shown = [one for one in likely if one]
    for one in shown:
        await recorded(request, who, "identity.read", one["citizen"])
    return page(request, "mail_who.html", mail=mail, likely=shown, pretended=pretended(mail.decision), **TEXTS)


async def _seen(request: Request, who: Visitor, one: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """None where the citizen does not exist for the visitor."""
    about = concerns(request)
    file = await about.store.views.citizen(one["citizen"])
    if file is None or not (await about.citizen(one["citizen"], file.cases)).opens_to(who.rights, Action.SEE_CITIZEN):
        return None
    evidence = await for_visitor(request, who, one["evidence"], file.cases)
    return {**one, "name": file.citizen.name, "evidence": evidence}

"""What a citizen wrote, on the page of a mail: behind a click with a reason, alone or with somebody at one's side."""

from typing import Annotated

from fastapi import APIRouter, Depends, Form, HTTPException
from starlette.requests import Request
from starlette.responses import Response

from services.console.auth.visitor import Visitor, visitor
from services.console.opened_mail import LEAST, WHY, mail_file, mail_of, one_mail, original_page
from services.console.pages.mails import shown_mail
from services.console.recorded import recorded
from services.console.support import opening_of_mail, supported_page
from workflows.rights import Action

router = APIRouter(prefix="/mails")
Who = Annotated[Visitor, Depends(visitor)]


@router.post("/{id}/original")
async def original(request: Request, who: Who, id: str, why: Annotated[str, Form(max_length=500)] = "") -> Response:
    """What the citizen wrote, after a reason that is kept."""
    if len(why.strip()) < LEAST:
        found = await one_mail(request, who, id, Action.SEE_MAIL, noted="mail.read")
        return await shown_mail(request, who, found, why=why, errors=(("why", WHY),))
    found = await one_mail(request, who, id, Action.SEE_ORIGINAL, noted="mail.original_read", why=why.strip())
    return await original_page(request, found.id, found.received_at, why.strip(), f"/mails/{found.id}")


@router.post("/{id}/support")
async def supported(
    request: Request,
    who: Who,
    id: str,
    why: Annotated[str, Form(max_length=500)] = "",
    present: Annotated[str, Form(max_length=320)] = "",
) -> Response:
    """The same, read together with somebody, one paragraph at a time."""
    found = await mail_of(request, who, id, Action.SEE_ORIGINAL)
    one = await opening_of_mail(request, who, found)
    if errors := one.lacks(why, present):
        await recorded(request, who, "mail.read", found.id)
        return await shown_mail(request, who, found, why=why, present=present, errors=errors)
    return await supported_page(request, who, one, why, present)


@router.post("/{id}/original.eml")
async def download(request: Request, who: Who, id: str, why: Annotated[str, Form(max_length=500)] = "") -> Response:
    """The mail as it came, to be opened in a mail program."""
    if len(why.strip()) < LEAST:
        raise HTTPException(422)
    found = await one_mail(request, who, id, Action.SEE_ORIGINAL, noted="mail.file_read", why=why.strip())
    return await mail_file(request, found.id)

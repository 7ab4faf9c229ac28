"""*Indberet en hændelse*: any employee tells what happened, in under a minute.

Nothing about the citizen is shown to whoever reports, but what they may see anyway.
"""

import re
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from services.clock import new_id
from services.console.assist import assist_desk, of_call, own_call
from services.console.auth.visitor import Visitor, visitor
from services.console.context import console_of
from services.console.framework_words import CATEGORIES, CHANNELS
from services.console.incident_words import SITUATIONS, WISHES
from services.console.incidents import by_of, desk_of, may_see
from services.console.notices import mail_of
from services.console.pages.framework_moves import fields_of
from services.console.report_form import Fields, Wrong, colleagues, first_values, mail_seen, report_in, unit_of
from services.console.web import page, see, words_of
from services.incidents import UNSECURED
from services.store.incidents import Kept
from services.store.looked_up import MailFound
from workflows.addresses import own_key

router = APIRouter(prefix="/report")
Someone = Annotated[Visitor, Depends(visitor)]
_FORM = re.compile(r"[0-9a-z]{26}")


class Begun(BaseModel):
    """What a report is made from: the id of a case or a citizen (``about``), of a mail, or of a call for help; or the link of a
    notice of a mail."""

    about: str = ""
    mail: str = ""
    notice: str = ""
    assist: str = ""
    said: str = ""
    lost: str = ""


@router.get("")
async def shown(request: Request, who: Someone, begun: Annotated[Begun, Query()]) -> HTMLResponse:
    """The form, as it begins."""
    seen = await mail_seen(request, who, begun.mail or await mail_of(request, begun.notice))
    form = first_values(request, who, seen, begun.about, words_of(request))
    if call := await own_call(request, who, begun.assist):
        form |= of_call(call.matter)
    form["form"] = new_id(console_of(request).clock.now())
    return _page(request, who, form, seen, said=begun.said, lost=begun.lost)


@router.post("")
async def reported(request: Request, who: Someone) -> Response:
    """Keep the report; whoever follows it up hears of it at once. A form that is sent twice is one report."""
    form = await fields_of(request)
    desk, id = desk_of(request), form.get("form", "")
    if not _FORM.fullmatch(id):
        id = new_id(console_of(request).clock.now())
    if (there := await desk.incidents.get(id)) and there.incident.reported_by == who.address:
        return await _thanks(request, who, there, form)
    mail = await mail_seen(request, who, form.get("mail", ""))
    report, wrong = await report_in(request, who, form, mail)
    if report is None:
        return _page(request, who, form, mail, wrong, status=422)
    unit = unit_of(request, who, report.concerns)
    kept = await desk.report(report, unit, by_of(who), id=id, secure="secure" in form)
    if isinstance(kept, Kept):
        if call := await own_call(request, who, form.get("assist", "")):
            await assist_desk(request).written(call, by_of(who), reported=True)
        return await _thanks(request, who, kept, form)
    return _page(request, who, form, mail, (("what", kept.because),), status=422)


async def _thanks(request: Request, who: Visitor, kept: Kept, form: Fields) -> Response:
    one = kept.incident
    path = f"/incidents/{one.id}?said=reported" if may_see(who.rights, one) else "/report?said=thanks"
    return see(path + (await _lost(request, who, kept) if "secure" in form else ""))


async def _lost(request: Request, who: Visitor, kept: Kept) -> str:
    """Why the mail could not be secured, for the page that comes next: whoever reported believes that it is."""
    desk, mail = desk_of(request), kept.incident.report.mail
    if mail is None or await desk.incidents.evidence(kept.incident.id):
        return ""
    found = await desk.secure(kept, mail, by_of(who))
    return next((f"&lost={name}" for name, because in UNSECURED.items() if found == because), "")


def _page(
    request: Request,
    who: Visitor,
    form: Fields,
    mail: MailFound | None,
    wrong: Wrong = (),
    *,
    said: str = "",
    lost: str = "",
    status: int = 200,
) -> HTMLResponse:
    words = words_of(request)
    people = [
        (own_key(who.address), words.gettext("Mig selv")),
        *((own_key(one.address), one.name) for one in colleagues(request, who)),
    ]
    return page(
        request,
        "report.html",
        status=status,
        form=form,
        mail=mail,
        wrong=wrong,
        error={name: sentence for name, sentence in reversed(wrong)},
        said=said,
        lost=UNSECURED.get(lost),
        people=people,
        channels=CHANNELS,
        kinds=CATEGORIES,
        situations=SITUATIONS,
        wishes=WISHES,
    )

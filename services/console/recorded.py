"""Who saw what, when and why (law 10; ``domain.md`` R17): every read of a citizen, a framework or a mail is one audit entry."""

from collections.abc import Collection, Iterable
from typing import Any

from fastapi import HTTPException
from starlette.requests import Request

from services.console.auth.visitor import Visitor
from services.console.context import console_of
from workflows.audit import AuditRecord
from workflows.rights import Action, may


async def recorded(request: Request, visitor: Visitor, action: str, subject: str, why: str | None = None, **more: str) -> None:
    """Note that ``visitor`` does ``action`` (such as ``citizen.read``) with ``subject`` (an id). Returns when it is on disk.

    ``more`` is kept beside it, such as whom somebody read a mail with.

    Call it before anything is shown: what can't be recorded is not shown. Raises ``StoreUnavailable``.
    """
    await _noted(request, visitor, action, subject, {"why": why} | more)


async def listed(request: Request, visitor: Visitor, citizens: Iterable[str]) -> None:
    """Note whom a list shows to ``visitor``: the citizens' ids, and not what was searched for. Of nobody there is no entry."""
    if shown := list(citizens):
        await _noted(request, visitor, "citizens.read", visitor.account, {"citizens": shown})


def shows_a_page(request: Request) -> bool:
    """Whether a visitor asks to see a page, and not only to save what they write on one that they have.

    A page saves itself by POST, and every few words would be a read. A GET shows the page to whoever asks, with any header.
    """
    return request.method != "POST" or "HX-Request" not in request.headers


async def _noted(request: Request, visitor: Visitor, action: str, subject: str, data: dict[str, Any]) -> None:
    console = console_of(request)
    data |= {"token": visitor.token} if visitor.token else {}
    await console.store.append_audit(AuditRecord(console.clock.now(), visitor.account, action, subject, data))


async def allowed(
    request: Request,
    visitor: Visitor,
    action: Action,
    subject: str,
    units: Collection[str] = (),
    *,
    caseworkers: Collection[str] = (),
    lawyers: Collection[str] = (),
    degree: int = 1,
) -> None:
    """Returns where ``workflows.rights.may`` says yes; else it is recorded, and answered as if ``subject`` did not exist (404)."""
    if not may(visitor.rights, action, units, caseworkers=caseworkers, lawyers=lawyers, degree=degree):
        await recorded(request, visitor, "access.refused", subject, action.value)
        raise HTTPException(404)

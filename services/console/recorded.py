"""Who saw what, when and why (law 10; ``domain.md`` R17): every read of a citizen, a framework or a mail is one audit entry."""

from collections.abc import Collection

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
    console = console_of(request)
    data = {"why": why} | more | ({"token": visitor.token} if visitor.token else {})
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

"""Whom a page is for. To the others it does not exist, and that they asked is recorded."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends, HTTPException
from starlette.requests import Request

from services.console.auth.visitor import Visitor, visitor
from services.console.context import console_of
from workflows.audit import AuditRecord
from workflows.rights import Action, Reach, reach


def only(action: Action) -> Callable[..., Awaitable[Visitor]]:
    """A dependency that gives the visitor, and raises 404 for one who may do ``action`` with nothing."""

    async def check(request: Request, who: Annotated[Visitor, Depends(visitor)]) -> Visitor:
        if reach(who.rights, action) is Reach.NONE:
            console = console_of(request)
            path = request.scope["route"].path
            await console.store.append_audit(
                AuditRecord(console.clock.now(), who.account, "page.refused", path, {"role": who.role})
            )
            raise HTTPException(404)
        return who

    return check

"""Who saw what, when and why (law 10; ``domain.md`` R17): every read of a citizen, a framework or a mail is one audit entry."""

from collections import OrderedDict
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


class Shown:
    """Which pages a session has open: what such a page saves by itself, every few words, is no further look.

    Where this has forgotten, or another process showed the page, the look is recorded once more.
    """

    MOST = 5000

    def __init__(self) -> None:
        self._shown: OrderedDict[tuple[str, str, str], None] = OrderedDict()

    def again(self, request: Request, visitor: Visitor, subject: str) -> bool:
        """Whether ``request`` comes from a page of ``subject`` that was shown, and recorded."""
        by_itself = request.method == "POST" and "HX-Request" in request.headers
        return by_itself and (visitor.session, visitor.account, subject) in self._shown

    def keep(self, visitor: Visitor, subject: str) -> None:
        """It is shown, and that is on disk."""
        page = (visitor.session, visitor.account, subject)
        self._shown[page] = None
        self._shown.move_to_end(page)
        if len(self._shown) > self.MOST:
            self._shown.popitem(last=False)


def shown(request: Request) -> Shown:
    """Those of this process."""
    state = request.app.state
    if not hasattr(state, "shown"):
        state.shown = Shown()
    found = state.shown
    assert isinstance(found, Shown)
    return found


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

"""What is written on the page of a move, kept as it is written until the move is made: sealed, and for its writer alone."""

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from starlette.requests import Request

from services.console.auth.entrance import entrance_of
from services.console.auth.kept import CSRF, LARGEST
from services.console.auth.visitor import Visitor
from services.console.context import console_of
from services.console.frameworks import Opened
from services.console.move_forms import FORMS
from services.console.move_letters import edited
from services.console.move_records import first_values, strings
from services.store.begun_moves import BegunMove

DO = "do"
_BESIDE = ("part.", "was.", "channel.", "delivered_at")  # told otherwise, or chosen by the page itself


class Begun(NamedTuple):
    """What was written, and when it was last saved."""

    at: datetime
    form: Mapping[str, str]


async def keep(request: Request, who: Visitor, found: Opened, move: str, form: Mapping[str, str]) -> bool | None:
    """Keep ``form``; False where it is too large, None where it holds nothing, or comes after its own writer has gone on."""
    if form.get("since") != found.place and found.kept.author in (who.address, who.account):
        return None  # a page that saves itself can be slower than the button on it
    if not _is_written(move, found, form):
        await drop(request, who, found, move)
        return None
    fields = {name: value for name, value in form.items() if name not in (CSRF, DO)}
    if sum(len(name) + len(value) for name, value in fields.items()) > LARGEST:
        return False
    sealed = entrance_of(request).door.sealer.seal("move", fields, _about(who, found, move))
    at = console_of(request).clock.now()
    await console_of(request).store.begun_moves.keep(BegunMove(who.account, found.id, move, at, sealed))
    return True


async def begun(request: Request, who: Visitor, found: Opened, move: str) -> Begun | None:
    """What ``who`` has written on this page and not sent."""
    there = [one for one in await _all(request, who, found) if one.move == move]
    sealer, now = entrance_of(request).door.sealer, console_of(request).clock.now()
    form = sealer.opened("move", there[0].sealed, now, _about(who, found, move)) if there else None
    return Begun(there[0].at, form) if form else None


async def moves_begun(request: Request, who: Visitor, found: Opened) -> list[tuple[str, datetime]]:
    """The moves with this framework that ``who`` is in the middle of, and when they last wrote; the newest first."""
    return [(one.move, one.at) for one in await _all(request, who, found)]


async def drop(request: Request, who: Visitor, found: Opened, move: str) -> None:
    """The move is made, or not wanted."""
    await console_of(request).store.begun_moves.drop(who.account, found.id, move)


async def _all(request: Request, who: Visitor, found: Opened) -> list[BegunMove]:
    console = console_of(request)
    return await console.store.begun_moves.of(who.account, found.id, console.clock.now())


def _is_written(move: str, found: Opened, form: Mapping[str, str]) -> bool:
    """Whether anything in it is otherwise than when the page was opened for the first time."""
    at_first = strings(first_values(move, found)) | {"recipient": found.citizen.name, "letter_language": "da"}
    unticked = [one.name for one in FORMS[move].asks(found) if one.shape in ("check", "many") and at_first.get(one.name)]
    asked = {name: text for name, text in form.items() if not name.startswith(_BESIDE) and name not in (CSRF, DO, "since")}
    changed = any(text.strip() and text != at_first.get(name, "") for name, text in asked.items())
    return changed or any(name not in form for name in unticked) or any(edited(form))


def _about(who: Visitor, found: Opened, move: str) -> str:
    return f"{who.account} {found.id} {move}"

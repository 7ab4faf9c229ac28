"""Situations on cases as pages and programs note them."""

from collections.abc import Iterable
from datetime import date

from pydantic import BaseModel, Field
from starlette.requests import Request

from services.clock import new_id
from services.console.auth.visitor import Visitor
from services.console.citizens import Opened
from services.console.context import console_of
from services.console.signals import SITUATIONS
from services.settings import ZONE
from workflows.decision import Sentence
from workflows.people import Case
from workflows.rights import Action, Rights, may
from workflows.situation import CODES, Situation, impossible

NO_CASE = Sentence("Vælg en sag.", "Choose a case.")
NO_CODE = Sentence("Vælg, hvad der er sket.", "Choose what has happened.")
NO_DATE = Sentence("Skriv, hvilken dag det skete.", "Write on which day it happened.")


class Typed(BaseModel):
    """The form as somebody filled it in."""

    csrf: str = ""
    case: str = Field(default="", max_length=64)
    code: str = Field(default="", max_length=40)
    on: str = Field(default="", max_length=20)


def cases_to_note(rights: Rights, cases: Iterable[Case]) -> dict[str, str]:
    """Those of a citizen's cases on which somebody may note situations, as choices."""
    mine = [one for one in cases if may(rights, Action.NOTE_SITUATION, [one.unit], caseworkers=[one.caseworker])]
    return {one.id: one.id for one in sorted(mine, key=lambda one: (not one.open, one.id))}


async def noted(request: Request, who: Visitor, found: Opened, typed: Typed) -> tuple[tuple[str, Sentence], ...]:
    """Note what was typed, once; else what is wrong with which field."""
    console = console_of(request)
    now = console.clock.now()
    on = _day(typed.on)
    wrong = {
        "case": None if typed.case in cases_to_note(who.rights, found.cases) else NO_CASE,
        "code": None if typed.code in SITUATIONS else NO_CODE,
        "on": impossible(on, now.astimezone(ZONE).date()) if on else NO_DATE,
    }
    told = tuple((field, sentence) for field, sentence in wrong.items() if sentence)
    if told or on is None:
        return told
    code = next(one for one in CODES if one == typed.code)
    one = Situation(new_id(now), found.id, typed.case, code, on, now, who.rights.address)
    await console.store.situations.note(one, actor=who.account)
    return ()


def _day(typed: str) -> date | None:
    try:
        return date.fromisoformat(typed.strip())
    except ValueError:
        return None

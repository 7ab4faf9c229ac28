"""The playbooks as a visitor reads them: in their language, and with the people and numbers that they would call."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from starlette.requests import Request

from services.console.auth.visitor import Visitor
from services.console.citizens import Names
from services.console.context import console_of
from services.console.web import words_of
from services.console.words import N_
from services.playbook_texts import playbooks
from services.settings import Settings
from workflows.addresses import own_key
from workflows.people import Unit
from workflows.playbooks import LANGUAGES, Call, Contact, Playbooks

CONTACTS: Mapping[Contact, str] = {
    "emergency": N_("Alarmcentralen"),
    "police": N_("Politiet"),
    "leader": N_("Din leder"),
    "duty": N_("Vagthavende"),
    "colleague": N_("En kollega"),
    "crisis_line": N_("For borgere i krise"),
    "social_duty": N_("Akut social hjælp"),
    "staff_help": N_("Psykisk hjælp til medarbejdere"),
}
EMERGENCY = "112"
_NUMBER = re.compile(r"\+?\d[\d ]+\d")


@dataclass(frozen=True, slots=True)
class Called:
    """Somebody to call: what they are, who or which number (empty where nobody is known), what a telephone dials, and when."""

    name: str
    who: str
    dials: str
    when: str


def playbooks_of(request: Request) -> Playbooks:
    """All of them, in the visitor's language."""
    language = next(one for one in LANGUAGES if one == words_of(request).language)
    return playbooks(console_of(request).settings.playbooks.folder)[language]


def calls(request: Request, who: Visitor, wanted: tuple[Call, ...]) -> tuple[Called, ...]:
    """Whom ``who`` would call. Of those who are known by a number or a name alone, the others are left out."""
    unit = _unit(request, who)
    return tuple(_called(request, who, unit, wanted))


def _called(request: Request, who: Visitor, unit: Unit | None, wanted: tuple[Call, ...]) -> Iterator[Called]:
    numbers, words, names = _numbers(console_of(request).settings), words_of(request), Names(request)
    for one in wanted:
        name = words.gettext(CONTACTS[one.who])
        if one.who in numbers:
            if told := numbers[one.who]:
                yield Called(name, told, _dialled(told), one.when)
            continue
        person = _person(one.who, unit, who)
        if person or one.who != "duty":
            yield Called(name, names.employee(person) if person else "", "", one.when)


def _numbers(settings: Settings) -> Mapping[Contact, str]:
    own = settings.playbooks
    return {
        "emergency": EMERGENCY,
        "police": own.police_phone,
        "crisis_line": own.crisis_line,
        "social_duty": settings.letters.urgent_phone,
        "staff_help": own.staff_help,
    }


def _dialled(told: str) -> str:
    found = _NUMBER.search(told)
    return found[0].replace(" ", "") if found else ""


def _person(contact: Contact, unit: Unit | None, who: Visitor) -> str | None:
    """Nobody is told to call themselves: of somebody who leads, the leader is the head."""
    if unit is None:
        return None
    named = {"leader": (unit.leader, unit.head), "duty": (unit.duty_officer,)}.get(contact, ())
    return next((one for one in named if one and own_key(one) != own_key(who.address)), None)


def _unit(request: Request, who: Visitor) -> Unit | None:
    """Where they work; else the first that they lead."""
    ours = console_of(request).store.organisation()
    employee = ours.employees.get(own_key(who.address))
    named = [employee.unit] if employee else sorted(who.units)
    return next((ours.units[one] for one in named if one in ours.units), None)

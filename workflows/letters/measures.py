"""Measures and scope, written out for the citizen."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import assert_never

from workflows.addresses import normalise
from workflows.framework import (
    AttendanceByAppointment,
    ChangedCaseworker,
    ClosedTopic,
    ContactFramework,
    ContactWindow,
    FixedContact,
    FunctionalMailbox,
    LimitedCalls,
    Measure,
    MeetingRules,
    WrittenOnly,
)
from workflows.letters.language import listed, written_days, written_span
from workflows.letters.shapes import Language, Matter, Value, exact
from workflows.people import Unit

ANSWER_DAYS = 5  # working days, where nobody has said
Say = Callable[..., str]
Told = tuple[str, tuple[str, ...]]  # a sentence, and what of it the citizen must be told exactly


def measure_values(
    framework: ContactFramework, matter: Matter, unit: Unit | None, language: Language, say: Say
) -> Mapping[str, Value]:
    """What the citizen does, in which cases, where they write, and how fast they are answered."""
    mailbox = _where_to_write(framework, unit)
    in_writing = any(framework.each(WrittenOnly))
    told = [_told(one, matter, mailbox, language, partial(_in_writing, say) if in_writing else say) for one in framework.measures]
    days = matter.head.answer_days.get(normalise(mailbox), ANSWER_DAYS) if mailbox else ANSWER_DAYS
    return {
        "measures": Value(
            "\n".join(f"- {' '.join(text.split())}" for text, _ in told), tuple(kept for _, all_kept in told for kept in all_kept)
        ),
        **_scope(framework, matter, language, say),
        "mailbox": exact(mailbox),
        "answer_days": exact(say("time.answer_day") if days == 1 else say("time.answer_days", days=str(days))),
    }


def _in_writing(say: Say, phrase: str, **given: str) -> str:
    """Where nobody takes calls, a window is for answers alone."""
    return say("measures.contact_window_in_writing" if phrase == "measures.contact_window" else phrase, **given)


def person(address: str, matter: Matter, say: Say) -> str:
    """An employee by name and address; the address alone of somebody who is not in the register."""
    known = matter.employees.get(normalise(address))
    return say("contact.person", name=known.name, address=address) if known else address


def _where_to_write(framework: ContactFramework, unit: Unit | None) -> str:
    """The place that the framework names, else the unit's own."""
    named = [one.mailbox for one in framework.each(FunctionalMailbox) if one.mailbox]
    moved = next(framework.each(FunctionalMailbox), None)
    if named or moved:
        return (named[0] if named else None) or (unit.functional_mailbox if unit else None) or ""
    contact = next(framework.each(FixedContact), None)
    if contact:
        return contact.contact
    return (unit.functional_mailbox or unit.main_mailbox or "") if unit else ""


def _told(measure: Measure, matter: Matter, mailbox: str, language: Language, say: Say) -> Told:
    told: Told
    match measure:
        case FunctionalMailbox():
            told = say("measures.functional_mailbox", mailbox=mailbox), (mailbox,)
        case FixedContact(contact=contact):
            told = say("measures.fixed_contact", contact=person(contact, matter, say)), (contact,)
        case ChangedCaseworker(from_=old, to=new):
            told = say("measures.changed_caseworker", old=_name(old, matter), new=person(new, matter, say)), (new,)
        case WrittenOnly() | AttendanceByAppointment():
            sentence = say(f"measures.{measure.kind}")
            told = sentence, (sentence,)
        case ContactWindow():
            days, span = _window(measure, language)
            told = say("measures.contact_window", window=f"{days} {span}"), (days, span)
        case LimitedCalls(number=number):
            days, span = _window(measure, language)
            told = say("measures.limited_calls", number=number, window=f"{days} {span}"), (number, days, span)
        case MeetingRules():
            told = _meeting(measure, language, say)
        case ClosedTopic(topic=topic):
            told = say("measures.closed_topic", topic=topic), (topic,)
        case _:
            assert_never(measure)
    return told


def _name(address: str, matter: Matter) -> str:
    known = matter.employees.get(normalise(address))
    return known.name if known else address


def _window(one: ContactWindow | LimitedCalls, language: Language) -> tuple[str, str]:
    """Which days and which hours: each must stand there, in whatever words."""
    return written_days(one.days, language), written_span(one.from_, one.to, language)


def _meeting(measure: MeetingRules, language: Language, say: Say) -> Told:
    each = tuple([say(f"rules.{one}") for one in measure.rules])
    rules = say("measures.meeting_rules", rules=listed(each, language))
    if not measure.place:
        return rules, each
    return f"{rules} {say('measures.meeting_place', place=measure.place)}", (*each, measure.place)


def _scope(framework: ContactFramework, matter: Matter, language: Language, say: Say) -> dict[str, Value]:
    scope = framework.scope
    if scope is None:
        return {"scope": Value(""), "outside": Value("")}
    if scope.municipality:
        name = matter.head.name
        return {
            "scope": Value(say("scope.municipality", municipality=name), (name,)),
            "outside": exact(say("outside.municipality")),
        }
    if scope.cases:
        told = [_case(one, matter, say) for one in scope.cases]
        return {"scope": Value(listed(told, language), scope.cases), "outside": exact(say("outside.cases"))}
    names = tuple([matter.units[one].name if one in matter.units else one for one in scope.units])
    return {
        "scope": Value(say("scope.unit", unit=listed(names, language)) if names else "", names),
        "outside": exact(say("outside.units")),
    }


def _case(case: str, matter: Matter, say: Say) -> str:
    known = matter.cases.get(case)
    unit = matter.units.get(known.unit) if known else None
    return say("scope.case", case=case, unit=unit.name) if unit else say("scope.case_alone", case=case)

"""Questions of who wrote (*Er det den samme?*) as somebody may see them: the evidence side by side, and who answered what."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fastapi import HTTPException
from starlette.requests import Request

from services.console.auth.visitor import Visitor
from services.console.citizens import Names
from services.console.concern import Concerns, Matter, Touched, concerns, opened
from services.console.context import console_of
from services.console.recipients import cases_seen
from services.console.recorded import recorded
from services.identity_words import load
from services.store.looked_up import CitizenFound, MailFound
from services.who_wrote import evidence_of
from workflows.addresses import normalise
from workflows.found_by import words_of_name
from workflows.likeness import names_of
from workflows.link_answers import Answer, Link
from workflows.people import Case, Person
from workflows.rights import Action, Reach, reach

EARLIER = frozenset({"reply_chain", "same_words"})  # what we know is a mail
_ID = re.compile(r"[0-9a-f]{24}")


@dataclass(frozen=True, slots=True)
class Asked:
    """One question. ``received_at`` is None where the mail is gone, ``address`` where nobody knows it any more.

    ``lies_with``: the visitor's own people who have the mail, by name.
    """

    link: Link
    file: CitizenFound
    person: Person | None
    received_at: datetime | None
    may_read: bool  # the mail's page
    lies_with: tuple[str, ...]
    address: str | None
    evidence: tuple[Mapping[str, Any], ...]
    answered_by: str
    may_answer: bool
    namesake: bool  # an employee has the citizen's name

    @property
    def path(self) -> str:
        """Its page."""
        return f"/links/{self.link.id}"

    @property
    def who(self) -> str:
        """Who may have written: the citizen, or somebody around them."""
        return self.link.person or self.file.citizen.name

    @property
    def state(self) -> str:
        """As in ``link_words.STATES``."""
        return state_of(self.link)


@dataclass(frozen=True, slots=True)
class Answered:
    """One question among a citizen's. ``address`` is None where the register does not hold it: nothing else keeps it in words."""

    link: Link
    state: str
    address: str | None
    answered_by: str
    may_answer: bool

    @property
    def path(self) -> str:
        """Its page."""
        return f"/links/{self.link.id}"


def state_of(link: Link) -> str:
    """A code of ``link_words.STATES``: that somebody may pretend is seen, and nobody is rejected."""
    return "seen" if link.about == "spoofing" and link.state == "rejected" else link.state


def answers_to(link: Link) -> tuple[Answer, ...]:
    """What can be answered now."""
    if link.state not in ("open", "later"):
        return ("undo",)
    first: tuple[Answer, ...] = ("reject",) if link.about == "spoofing" else ("confirm", "reject")
    return first if link.again_at else (*first, "later")


def pretended(decision: Mapping[str, Any]) -> bool:
    """Whether our own server contradicts that a mail is from the citizen whose address it bears: perhaps somebody pretends."""
    sender = decision["sender"]
    contradicted = any(one["rule"] == "authentication" and one["outcome"] == "yes" for one in decision["trace"])
    return bool(sender["citizen"]) and contradicted and any(one["kind"] == "authentication" for one in sender["evidence"])


async def waiting(request: Request, who: Visitor) -> tuple[Link, ...]:
    """What ``who`` is asked now, the oldest first."""
    if reach(who.rights, Action.LINK_ADDRESS) is Reach.NONE or not who.units:
        return ()
    console = console_of(request)
    return await console.store.identity.open(who.units, console.clock.now())


def matter_of(request: Request, link: Link, citizen: Matter) -> Matter:
    """A question concerns the unit whose leader was asked; where that is no more, all units of the citizen's."""
    if link.unit and link.unit in console_of(request).store.organisation().units:
        return Matter(frozenset({link.unit}))
    return Matter(citizen.units)


async def one_link(request: Request, who: Visitor, id: str) -> Asked:
    """The question where ``who`` may answer it, and that it is seen is recorded; else 404, and that is recorded too."""
    console, about = console_of(request), concerns(request)
    link = await console.store.identity.get(id) if _ID.fullmatch(id) else None
    file = await console.store.views.citizen(link.citizen) if link else None
    if link is None or file is None:
        raise HTTPException(404)
    matter = matter_of(request, link, await about.citizen(link.citizen, file.cases))
    await opened(request, who, Action.LINK_ADDRESS, link.id, matter)
    await recorded(request, who, "identity.read", link.citizen)
    return await asked(request, who, about, link, file)


async def asked(request: Request, who: Visitor, about: Concerns, link: Link, file: CitizenFound) -> Asked:
    """The question for somebody who may see the citizen."""
    console = console_of(request)
    mail = await console.store.views.mail(link.mail)
    written = mail.decision["mail"]["header_from"] if mail else ()
    known = [one.registered.address for one in file.addresses]
    address = next((one for one in map(normalise, (*known, *written)) if console.store.identity.address(one) == link.address), None)
    may_read = mail is not None and (await about.found(mail)).opens_to(who.rights, Action.SEE_MAIL)
    matter = matter_of(request, link, await about.citizen(file.citizen.id, file.cases))
    employees = names_of(one.name for one in console.store.organisation().employees.values())
    person = next((one for one in file.citizen.people if one.name == link.person), None)
    given = evidence_of(link.hints, load())
    return Asked(
        link,
        file,
        person,
        mail.received_at if mail else None,
        may_read,
        _lies_with(request, who, mail) if mail else (),
        address,
        await for_visitor(request, who, given, file.cases),
        answered_by=Names(request).employee(link.answered_by),
        may_answer=matter.opens_to(who.rights, Action.LINK_ADDRESS),
        namesake=frozenset(words_of_name(file.citizen.name)) in employees,
    )


def _lies_with(request: Request, who: Visitor, mail: MailFound) -> tuple[str, ...]:
    employees = console_of(request).store.organisation().employees
    to = [normalise(address) for one in mail.decision["recipients"] for address in one["deliver_to"]]
    own = [employees[one] for one in to if one in employees and employees[one].unit in who.units]
    return tuple(dict.fromkeys(one.name for one in own))


async def for_visitor(
    request: Request, who: Visitor, evidence: Iterable[Mapping[str, Any]], cases: Iterable[Case]
) -> tuple[Mapping[str, Any], ...]:
    """Evidence about one citizen with these cases as ``who`` may see it: ``mail`` names an earlier mail that they may open."""
    given = list(evidence)
    mails = {one["known"] for one in given if one["kind"] in EARLIER and one["known"]}
    readable = await _readable(request, who, mails) if mails else set()
    own = {one.id for one in cases_seen(who.rights, cases)}
    return tuple(_for_visitor(one, readable, own) for one in given)


def _for_visitor(one: Mapping[str, Any], readable: Collection[str], cases: Collection[str]) -> Mapping[str, Any]:
    kept_away = one["kind"] == "case_number" and one["known"] is not None and one["known"] not in cases
    if one["kind"] in EARLIER:
        return {**one, "known": None, "mail": one["known"] if one["known"] in readable else None, "kept_away": False}
    known = {"says": None, "known": None} if kept_away else {}
    return {**one, **known, "mail": None, "kept_away": kept_away}


async def _readable(request: Request, who: Visitor, mails: Collection[str]) -> set[str]:
    about = concerns(request)
    found = await about.store.views.post_mails(sorted(mails))
    readable = set()
    for id, mail in found.items():
        sender, recipients = mail.decision["sender"], mail.decision["recipients"]
        touched = [Touched(one["address"], one["case"], one["framework"]) for one in recipients]
        writers = [one for one in (sender["citizen"], *sender["candidates"]) if one]
        units = {one["unit"] for one in recipients if one["unit"]}
        if (await about.mail(writers, units, touched)).opens_to(who.rights, Action.SEE_MAIL):
            readable.add(id)
    return readable


async def of_citizen(request: Request, who: Visitor, file: CitizenFound, matter: Matter) -> Sequence[Answered]:
    """All that was asked about a citizen whom ``who`` may see, the newest first."""
    identity, names = console_of(request).store.identity, Names(request)
    hashes = {identity.address(one.registered.address): one.registered.address for one in file.addresses}
    return [
        Answered(
            one,
            state_of(one),
            hashes.get(one.address),
            names.employee(one.answered_by),
            may_answer=matter_of(request, one, matter).opens_to(who.rights, Action.LINK_ADDRESS),
        )
        for one in reversed(await identity.of_citizen(file.citizen.id))
    ]


async def of_mail(request: Request, who: Visitor, mail: str) -> Sequence[Asked]:
    """What was asked because of a mail, about citizens whom ``who`` may see."""
    console, about = console_of(request), concerns(request)
    found = []
    for link in await console.store.identity.of_mail(mail):
        file = await console.store.views.citizen(link.citizen)
        if file and (await about.citizen(link.citizen, file.cases)).opens_to(who.rights, Action.SEE_CITIZEN):
            found.append(await asked(request, who, about, link, file))
    return found

"""*Indberet*: what the form holds at first, and what is written in it as a report."""

from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError
from starlette.requests import Request

from services.console.auth.visitor import Visitor
from services.console.concern import concerns
from services.console.context import console_of
from services.console.framework_words import CATEGORIES, CHANNELS
from services.console.incident_words import OF_SIGNALS, SITUATIONS, WISHES
from services.console.posts import Posts
from services.console.words import N_, Words
from services.gather import policy_of
from services.settings import ZONE
from services.store.looked_up import MailFound
from workflows.addresses import normalise, own_key
from workflows.decision import Sentence
from workflows.incident import Report
from workflows.people import Case, Employee, Grade
from workflows.rights import Action

Fields = dict[str, str]
Wrong = tuple[tuple[str, Sentence], ...]
_FROM_MAIL = N_("Der kom en mail %(day)s kl. %(time)s.")
_WHOM = Sentence(
    "Vi kan ikke finde sagen. Skriv sagens nummer, borgerens nummer eller borgerens mailadresse, eller lad feltet stå tomt.",
    "We can't find the case. Write the case's number, the citizen's number or the citizen's mail address, or leave it empty.",
)
_WHAT = Sentence("Skriv kort, hvad der skete.", "Write briefly what happened.")
_DAY = Sentence("Vælg en dag, der har været.", "Choose a day that has been.")
_LONG = Sentence("Teksten er for lang. Kort den ned.", "The text is too long. Shorten it.")
MOST_WORDS = 20_000


@dataclass(frozen=True, slots=True)
class Whom:
    """Whom a report is about."""

    citizen: str | None = None
    case: str | None = None


async def mail_seen(request: Request, who: Visitor, id: str) -> MailFound | None:
    """The mail that a report is made from, where whoever reports may see it, on its own page or in a functional mailbox."""
    concerned = concerns(request)
    mail = await concerned.store.views.mail(id) if 0 < len(id) <= 64 else None
    if mail is None:
        return None
    if (await concerned.found(mail)).opens_to(who.rights, Action.SEE_MAIL):
        return mail
    posts = Posts(request, who)
    for post in await concerned.store.posts.of_mail(mail.id):
        if await posts.one(post.id):
            return mail
    return None


def first_values(request: Request, who: Visitor, mail: MailFound | None, about: str, words: Words) -> Fields:
    """What the fields hold when the page is opened: now, or what the mail tells."""
    now = console_of(request).clock.now().astimezone(ZONE)
    values = {"about": about[:64], "on": now.date().isoformat(), "at": now.strftime("%H:%M"), "channel": "phone"}
    if mail is None:
        return values | {"concerns": own_key(who.address)}
    at, sender = mail.received_at.astimezone(ZONE), mail.decision["sender"]
    known = sender["grade"] == Grade.VERIFIED  # who only may have written has nothing put on them
    cases = [one["case"] for one in mail.decision["recipients"] if one["case"] and known]
    kinds = dict.fromkeys(OF_SIGNALS[one["kind"]] for one in mail.decision["signals"] or () if one["kind"] in OF_SIGNALS)
    told = words.gettext(_FROM_MAIL) % {"day": words.day(at), "time": words.time(at)}
    return values | {
        "mail": mail.id,
        "about": next(iter(cases), "") or (sender["citizen"] if known else None) or "",
        "on": at.date().isoformat(),
        "at": at.strftime("%H:%M"),
        "channel": "mail",
        "kinds": ",".join(kinds),
        "what": told,
        "concerns": _exposed(request, who, mail),
    }


def _exposed(request: Request, who: Visitor, mail: MailFound) -> str:
    """Whoever the mail was written to; whoever reports where it was written to them, or to nobody whom they may choose."""
    there = {own_key(one.address) for one in colleagues(request, who)}
    written_to = [own_key(one["address"]) for one in mail.decision["recipients"]]
    own = own_key(who.address)
    return own if own in written_to else next((one for one in written_to if one in there), own)


def colleagues(request: Request, who: Visitor) -> list[Employee]:
    """Those for whom somebody may report: who works where they do, or where they lead."""
    every = {one.address: one for one in console_of(request).store.organisation().employees.values()}.values()
    own = own_key(who.address)
    return sorted((one for one in every if one.unit in who.units and own_key(one.address) != own), key=lambda one: one.name)


def for_whom(request: Request, who: Visitor, address: str) -> str | None:
    """Whom ``address`` stands for, where that is whoever reports or a colleague of theirs."""
    key = own_key(address)
    if key == own_key(who.address):
        return normalise(who.address)
    return next((normalise(one.address) for one in colleagues(request, who) if own_key(one.address) == key), None)


async def report_in(request: Request, who: Visitor, form: Fields, mail: MailFound | None) -> tuple[Report | None, Wrong]:
    """What is written, or what is wrong with it. Whom we know is told to nobody who tells nothing."""
    wrong = list(_lacks(request, form))
    whom = Whom()
    if not wrong:
        found = await whom_of(request, form.get("about", "").strip())
        wrong = [("about", _WHOM)] if found is None else []
        whom = found or whom
    if wrong:
        return None, tuple(wrong)
    try:
        return Report.model_validate(_values(request, who, form, whom, mail)), ()
    except ValidationError:
        return None, (("on", _DAY),)


def _lacks(request: Request, form: Fields) -> Wrong:
    what = form.get("what", "").strip()
    today = console_of(request).clock.now().astimezone(ZONE).date().isoformat()
    long = (("what", _LONG),) if len(what) > MOST_WORDS else ()
    ahead = (("on", _DAY),) if not form.get("on") or form["on"] > today else ()
    return (*((("what", _WHAT),) if not what else ()), *long, *ahead)


def _values(request: Request, who: Visitor, form: Fields, whom: Whom, mail: MailFound | None) -> dict[str, Any]:
    return {
        "concerns": for_whom(request, who, form.get("concerns") or who.address) or normalise(who.address),
        "on": form["on"],
        "at": form.get("at") or None,
        "channel": form["channel"] if form.get("channel") in CHANNELS else "other",
        "what": form["what"].strip(),
        "kinds": [one for one in form.get("kinds", "").split(",") if one in CATEGORIES],
        "situation": form["situation"] if form.get("situation") in SITUATIONS else None,
        "near_miss": "near_miss" in form,
        "wants_support": "wants_support" in form,
        "wish": form["wish"] if form.get("wish") in WISHES else None,
        "citizen": whom.citizen,
        "case": whom.case,
        "mail": mail.id if mail else None,
    }


async def whom_of(request: Request, about: str) -> Whom | None:
    """Whom it is about, by a number or a whole address: a name could be somebody else's. Nobody where nothing is written, and
    None where there is nobody such."""
    views = console_of(request).store.views
    if not about:
        return Whom()
    if len(about) > 320:
        return None
    if "@" in about:
        found = await views.citizens(about, limit=2)
        return Whom(found.items[0].citizen.id) if len(found.items) == 1 else None
    case: Case | None = await views.case(about)
    if case:
        return Whom(case.citizen, case.id)
    one = await views.citizen(about)
    return Whom(one.citizen.id) if one else None


def unit_of(request: Request, who: Visitor, concerns_: str) -> str | None:
    """The unit whose leader follows it up: of the employee concerned, else one of whoever reports."""
    console = console_of(request)
    found = console.store.organisation().employee(concerns_, policy_of(console.settings))
    return found.unit if found else next(iter(sorted(who.units)), None)

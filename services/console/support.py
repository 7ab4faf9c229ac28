"""*Åbn med støtte*: what the citizen wrote, read together with somebody, one paragraph at a time.

Who is present is chosen among the unit's people and recorded with the reason (``domain.md`` (f), R19). It gives nobody a right that
they have not: whoever opens it may read the mail anyway.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from starlette.requests import Request
from starlette.responses import HTMLResponse

from services.console.auth.visitor import Visitor
from services.console.concern import Concerns, concerns
from services.console.context import console_of
from services.console.mail_words import RIGHTS, unread
from services.console.opened_mail import LEAST, WHY
from services.console.original import Original, read_original
from services.console.playbooks import playbooks_of
from services.console.post_words import summed_up
from services.console.posts import HANDLERS
from services.console.recorded import recorded
from services.console.web import page, words_of
from services.console.words import N_
from services.settings import ZONE
from services.store.looked_up import MailFound
from workflows.addresses import own_key
from workflows.paragraphs import paragraphs
from workflows.people import Employee
from workflows.playbooks import Playbook, Situation, for_signals
from workflows.rights import Action
from workflows.summary import summary_of

PRESENT = N_("Vælg, hvem der er hos dig.")
Signals = Collection[tuple[str, str]]  # kind and level


@dataclass(frozen=True, slots=True)
class Unopened:
    """A mail by its id, as far as it is known without being read. ``path``: the page that it belongs to."""

    id: str
    received_at: datetime
    path: str
    signals: Signals
    rights: Collection[str]


@dataclass(frozen=True, slots=True)
class Opening:
    """How somebody may read it: who can be present, and whether care is called for.

    ``careful``: it may hit whoever reads it, or was moved away from them.
    """

    mail: Unopened
    with_whom: tuple[Employee, ...]
    careful: bool

    def lacks(self, why: str, present: str) -> tuple[tuple[str, str], ...]:
        """What is missing before it is opened: field and sentence."""
        wrong = [("present", PRESENT)] if self.person(present) is None else []
        return (*wrong, *([("why", WHY)] if len(why.strip()) < LEAST else []))

    def person(self, address: str) -> Employee | None:
        """Whom ``address`` names, of those who can be present."""
        return next((one for one in self.with_whom if own_key(one.address) == own_key(address)), None)


async def leads_to(request: Request, who: Visitor, mail: str | None) -> bool:
    """Whether ``who`` may read this mail, and nothing keeps it away from them: then another page may lead them to it."""
    concerned = concerns(request)
    found = await concerned.store.views.mail(mail) if mail else None
    if found is None or not (await concerned.found(found)).opens_to(who.rights, Action.SEE_ORIGINAL):
        return False
    return who.rights.address not in await _away(request, concerned, found)


async def _away(request: Request, concerned: Concerns, mail: MailFound) -> frozenset[str]:
    citizens = sorted(mail.about.citizens)
    await concerned.know_people(citizens)
    return concerned.shielded(citizens, mail.decision["recipients"], console_of(request).clock.now())


async def opening_of_mail(request: Request, who: Visitor, mail: MailFound) -> Opening:
    """That of a mail's own page."""
    away = await _away(request, concerns(request), mail)
    told = Unopened(mail.id, mail.received_at, f"/mails/{mail.id}", signals_of(mail), mail.decision["rights"] or ())
    return opening(request, who, told, (mail.about.units & who.units) or mail.about.units, away)


def opening(request: Request, who: Visitor, mail: Unopened, units: Collection[str], away: Collection[str]) -> Opening:
    """``units`` are those whose people can be present, but whoever the mail was moved ``away`` from."""
    careful = who.rights.address in away or any(level != "grey" for _, level in mail.signals)
    return Opening(mail, _beside(request, who, units or who.units, away), careful)


def _beside(request: Request, who: Visitor, units: Collection[str], away: Collection[str]) -> tuple[Employee, ...]:
    """Who works in these units, or answers for them; their leaders first."""
    ours = console_of(request).store.organisation()
    leading = {own_key(one) for id in units if (unit := ours.units.get(id)) for one in (unit.leader, unit.head, unit.deputy) if one}
    never = {*away, own_key(who.address)}
    every = {one.address: one for one in ours.employees.values()}.values()
    found = [
        one
        for one in every
        if one.role in HANDLERS and (one.unit in units or own_key(one.address) in leading) and own_key(one.address) not in never
    ]
    return tuple(sorted(found, key=lambda one: (own_key(one.address) not in leading, one.name)))


async def supported_page(request: Request, who: Visitor, one: Opening, why: str, present: str) -> HTMLResponse:
    """What the citizen wrote, for two; that they read it, together and why is recorded first."""
    mail, person = one.mail, one.person(present)
    assert person is not None, "Opening.lacks was not asked"
    await recorded(request, who, "mail.original_read", mail.id, why.strip(), present=own_key(person.address))
    stored = await console_of(request).store.mail(mail.id)
    read = await read_original(stored.content) if stored and stored.content is not None else None
    return page(
        request,
        "supported.html",
        received_at=mail.received_at,
        back=mail.path,
        present=person.name,
        original=read,
        paragraphs=paragraphs(read.text) if read else (),
        summary=_summary(request, read, mail.received_at),
        asks=bool(mail.rights or (read and read.figures and read.figures["questions"])),
        rights=[RIGHTS.get(each, each) for each in mail.rights],
        unread=unread(read.unreadable if read else ()),
        playbooks=fitting(request, mail.signals),
        shaken=playbooks_of(request).shaken,
    )


def signals_of(mail: MailFound) -> list[tuple[str, str]]:
    """Kind and level of each; of a mail that is not assessed yet none are known."""
    return [(one["kind"], one["level"]) for one in mail.decision["signals"] or ()]


def fitting(request: Request, signals: Signals) -> list[tuple[Situation, Playbook]]:
    """The playbooks that a mail's signals lead to, the gravest first."""
    found = playbooks_of(request)
    return [(one, found.of(one)) for one in for_signals(signals)]


def _summary(request: Request, read: Original | None, received_at: datetime) -> str:
    if read is None or read.figures is None:
        return ""
    return summed_up(summary_of(read.figures, received_at.astimezone(ZONE).date()), words_of(request))

"""A citizen's time line: mails, frameworks and happenings among each other, the newest first, a page at a time."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta

from services.console.auth.visitor import Visitor
from services.console.citizens import Names, Opened
from services.console.concern import Matter
from services.console.framework_words import CATEGORIES, CHANNELS, HISTORY
from services.console.incidents import may_see, shows_whole
from services.console.mail_words import LEVEL_CHIPS, OUTCOME_CHIPS, OUTCOMES, RIGHTS, SENDERS, SIGNALS, TOLD, UNDELIVERED
from services.console.recipients import may_know_why
from services.console.signals import SITUATIONS
from services.console.words import N_, Words, without_ids
from services.settings import ZONE
from services.store.dossiers import Kept
from services.store.looked_up import MailLine, Wanted
from services.store.places import place
from services.store.receipts import UntoldCitizen
from services.store.sql_store import SqlStore
from workflows.happening import Happening
from workflows.incident import Incident
from workflows.rights import Action
from workflows.situation import Situation

MAILS = 30  # a page
ROUNDS = 10
NAMED = 3  # recipients of a mail
AROUND = ("relative", "representative")
EVER = datetime.max.replace(tzinfo=UTC)
NEVER = datetime.min.replace(tzinfo=UTC)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SHOWS: Mapping[str, str] = {
    "all": N_("Alt"),
    "mails": N_("Mails"),
    "elsewhere": N_("Gik et andet sted hen"),
    "red": N_("Røde mails"),
    "frameworks": N_("Rammer"),
    "happenings": N_("Hændelser"),
}
TITLE, UNSURE = N_("Mail til %(names)s"), N_("Mail, måske fra borgeren, til %(names)s")
_WANTED: Mapping[str, Wanted | None] = {"all": None, "mails": None, "elsewhere": "redirected", "red": "red"}


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that was. ``exact`` is false where only the day is known; ``chips`` are words with their look."""

    at: datetime
    title: str
    path: str = ""
    texts: tuple[str, ...] = ()
    chips: tuple[tuple[str, str], ...] = ()
    kind: str = ""
    exact: bool = True


@dataclass(frozen=True, slots=True)
class Line:
    """A page of it; ``after`` asks for the next."""

    entries: tuple[Entry, ...]
    after: str | None = None


@dataclass(slots=True)
class Teller:
    """Tells one citizen's time line to one visitor."""

    store: SqlStore
    who: Visitor
    found: Opened
    names: Names
    words: Words
    told: Callable[[str], str] = field(init=False)

    def __post_init__(self) -> None:
        self.told = self.words.gettext

    async def line(self, show: str, after: str | None) -> Line:
        """What ``show`` of ``SHOWS`` names, from ``after`` on."""
        before, since, following = _before(after), NEVER, None
        mails: list[MailLine] = []
        others: list[Entry] = []
        if show in _WANTED:
            mails, following, since = await self._mails(_WANTED[show], after)
        if show in ("all", "mails"):
            others += [entry for one in await self.store.receipts.of_citizen(self.found.id) for entry in self._receipt(one)]
        if show in ("all", "frameworks"):
            others += [one for kept in self.found.dossiers for one in self._framework(kept)]
        if show in ("all", "happenings"):
            others += [one for kept in self.found.dossiers for one in self._happenings(kept)]
            others += [self._incident(one) for one in await self._incidents()]
            others += [self._situation(one) for one in await self.store.situations.of_citizen(self.found.id) if self._shows(one)]
        here = [*map(self.mail, mails), *(one for one in others if since <= one.at < before)]
        return Line(tuple(sorted(here, key=lambda one: one.at, reverse=True)), following)

    async def _mails(self, wanted: Wanted | None, after: str | None) -> tuple[list[MailLine], str | None, datetime]:
        """Those that the visitor may see, what asks for the next, and when the last came that was looked at."""
        seen: list[MailLine] = []
        last = EVER
        for _ in range(ROUNDS):
            page = await self.store.views.mails(citizens=[self.found.id], wanted=wanted, limit=MAILS - len(seen), after=after)
            await self.found.about.know_lines(page.items)
            for one in page.items:
                last = one.received_at
                if (await self.found.about.line(one)).opens_to(self.who.rights, Action.SEE_MAIL):
                    seen.append(one)
            after = page.after
            if after is None or len(seen) >= MAILS:
                break
        return seen, after, NEVER if after is None else last

    def mail(self, one: MailLine) -> Entry:
        """A mail, without what it says."""
        to = list(dict.fromkeys(self.names.employee(line.address) for line in one.recipients))
        more = len(to) - NAMED
        listed = ", ".join(to[:NAMED]) + (" " + self.told(N_("og %(num)s til")) % {"num": more} if more > 0 else "")
        language = self.words.language
        mine = [line for line in one.recipients if may_know_why(self.who, self.found.cases, line)]
        because = dict.fromkeys(without_ids(line.explanation.get(language, line.explanation.get("da", ""))) for line in mine)
        chips = [(self.told(OUTCOMES[one.outcome]), OUTCOME_CHIPS[one.outcome])]
        chips += [(self.told(SIGNALS.get(kind, kind)), LEVEL_CHIPS.get(level, "off")) for kind, level in one.signals]
        chips += [(self.told(RIGHTS.get(right, right)), "on") for right in one.rights]
        return Entry(
            at=one.received_at,
            title=self.told(UNSURE if one.grade == "probable" and one.person_role not in AROUND else TITLE) % {"names": listed},
            path=f"/mails/{one.id}",
            texts=(*([] if one.person_role == "party" else [self.told(SENDERS[one.person_role])]), *filter(None, because)),
            chips=tuple(chips),
            kind="alarm" if any(level == "red" for _, level in one.signals) else "",
        )

    def _receipt(self, one: UntoldCitizen) -> Iterator[Entry]:
        """That it did not arrive, and how the citizen was told; shown to those of the unit that has the mail."""
        if not Matter(frozenset({one.unit} if one.unit else ())).opens_to(self.who.rights, Action.SEE_MAIL):
            return
        path = f"/mails/{one.mail}"
        yield Entry(one.at, self.told(N_("Borgeren fik ikke kvittering")), path, (self.told(UNDELIVERED[one.why]),))
        if one.told_at and one.told_by and one.how:
            texts = (self.told(TOLD[one.how]), self.names.employee(one.told_by))
            yield Entry(one.told_at, self.told(N_("Der er fulgt op på kvitteringen")), path, texts)

    def _framework(self, kept: Kept) -> Iterator[Entry]:
        """Each move with it; of what a register file brought, that it did."""
        path = f"/frameworks/{kept.dossier.framework.id}"
        for step in kept.dossier.steps:
            who = self.names.employee(step.by) if step.by else self.told(N_("Vagten selv"))
            yield Entry(step.at, self.told(HISTORY[step.record.move]), path, (who,), kind="now")
        if not kept.dossier.steps:
            yield Entry(kept.at, self.told(HISTORY["loaded"]), path, kind="now")

    def _happenings(self, kept: Kept) -> Iterator[Entry]:
        dossier = kept.dossier
        recorded = [one for step in dossier.steps for one in getattr(step.record, "happenings", ())]
        for one in dict.fromkeys((*dossier.ground.happenings, *recorded)):
            title = self.told(N_("Hændelse: %(channel)s")) % {"channel": self.told(CHANNELS[one.channel])}
            yield Entry(_when(one), title, f"/frameworks/{dossier.framework.id}", (one.what,), exact=one.at is not None)

    async def _incidents(self) -> list[Incident]:
        """Those that the visitor may see, and that no framework tells of already."""
        told = {one.incident for kept in self.found.dossiers for one in kept.dossier.ground.happenings}
        there = [one.incident for one in await self.store.incidents.of_citizen(self.found.id)]
        rights = self.who.rights
        return [one for one in there if may_see(rights, one) and shows_whole(rights, one) and one.id not in told]

    def _incident(self, one: Incident) -> Entry:
        """That it was reported: what happened stands on its own page."""
        kinds = ", ".join(self.told(CATEGORIES[kind]) for kind in one.report.kinds)
        return Entry(
            one.happened(ZONE),
            self.told(N_("Indberettet hændelse")),
            f"/incidents/{one.id}",
            (kinds,) if kinds else (),
            ((self.told(N_("Lige ved")), "wait"),) if one.report.near_miss else (),
            exact=one.report.at is not None,
        )

    def _shows(self, one: Situation) -> bool:
        return one.removed_at is None and one.case in {case.id for case in self.found.cases}

    def _situation(self, one: Situation) -> Entry:
        by = self.told(N_("Noteret af %(name)s")) % {"name": self.names.employee(one.noted_by)}
        texts = (self.told(N_("Sag %(id)s")) % {"id": one.case}, by)
        return Entry(datetime.combine(one.on, time.min, ZONE), self.told(SITUATIONS[one.code]), texts=texts, exact=False)


def _when(one: Happening) -> datetime:
    """The instant; the day's beginning where only the day is known."""
    hours, minutes = map(int, (one.at or "0:0").split(":"))
    return datetime.combine(one.on, time.min, ZONE) + timedelta(hours=hours, minutes=minutes)


def _before(after: str | None) -> datetime:
    """The instant that a page begins below; none for the first, and for what was not made here."""
    key = place(after, int, str)
    try:
        return _EPOCH + timedelta(microseconds=int(key[0])) if key else EVER
    except OverflowError:
        return EVER

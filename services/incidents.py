"""Incidents as people report and follow them up: gather, let the pure core decide, keep it whole."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import NamedTuple

from services.clock import Clock, new_id
from services.evidence import Differs, secured
from services.gather import policy_of
from services.settings import Settings
from services.store.incidents import Evidence, Incidents, Kept, Save
from services.store.interface import Store
from services.working_hours import working_hours
from workflows import incident as core
from workflows.audit import AuditRecord
from workflows.decision import Sentence
from workflows.events import incident_overdue, incident_reported
from workflows.incident import Done, Incident, Refused, Report, Times, Wish, WishSays

GUARD = "guard"
GONE = Refused(Sentence("Mailens ord er slettet og kan ikke gemmes som bevis.", "The mail's words are removed and can't be kept."))
DIFFERS = Refused(Sentence("Mailen er ikke, som den kom. Tal med driften.", "The mail is not as it came. Talk to IT operations."))
UNSECURED = {"gone": GONE, "differs": DIFFERS}  # by their names in addresses of pages
OVERTAKEN = Refused(
    Sentence("En anden skrev på hændelsen imens. Se den igen.", "Somebody else wrote on the incident meanwhile. Look at it again.")
)


class By(NamedTuple):
    """Who does it: their address, and the name under which the audit chain knows them."""

    address: str
    account: str


def _nothing() -> None:
    """Nobody publishes here."""


class IncidentDesk:
    """See the module. ``told`` is called when there is something to publish. Every method may raise ``StoreUnavailable``."""

    def __init__(self, settings: Settings, store: Store, clock: Clock, told: Callable[[], None] = _nothing) -> None:
        self._store = store
        self._clock = clock
        self._told = told
        self._policy = policy_of(settings)
        self.times = Times(working_hours(settings), self._policy.zone)

    @property
    def incidents(self) -> Incidents:
        """Where they are kept."""
        return self._store.incidents

    def today(self) -> date:
        """The Danish day."""
        return self._clock.now().astimezone(self._policy.zone).date()

    async def report(
        self, report: Report, unit: str | None, by: By, *, id: str | None = None, secure: bool = False
    ) -> Kept | Refused:
        """Keep a report; the mail that it was made from is secured with it where ``secure``, and its bytes are still there.

        ``id`` names the report before it is kept, so that one that is sent twice is kept once.
        """
        now = self._clock.now()
        found = core.registered(id or new_id(now), report, unit, by=by.address, now=now, times=self.times)
        if isinstance(found, Refused):
            return found
        evidence = await self._evidence(found, report.mail, by, now) if secure and report.mail else None
        pieces = (evidence,) if isinstance(evidence, Evidence) else ()
        codes: dict[str, str | bool | None] = {
            "unit": unit,
            "channel": report.channel,
            "grave": found.grave,
            "near_miss": report.near_miss,
            "outside_hours": found.outside_hours,
        }
        event = incident_reported(found.id, now, codes)
        records = (AuditRecord(now, by.account, event.what, found.id, codes), *_secured(pieces, by, now))
        return await self._keep(Save(found, 0, None, (event,), records, pieces))

    async def tick(self, since: Kept, done: Done, by: By) -> Kept | Refused:
        """Write a point of the checklist down."""
        found = core.tick(since.incident, done, self.today())
        codes = {"point": done.point, "outcome": done.outcome}
        return await self._changed(since, found, self._record(by, "incident.point", since, codes))

    async def wish(self, since: Kept, says: WishSays, by: By) -> Kept | Refused:
        """Write down whether the employee wants it reported to the police."""
        found = core.wished(since.incident, Wish(says=says, by=by.address, at=self._clock.now()))
        return await self._changed(since, found, self._record(by, "incident.wish", since, {"wish": says}))

    async def name_citizen(self, since: Kept, citizen: str | None, case: str | None, by: By) -> Kept | Refused:
        """Write down whom it was about, or that nobody knows. Who stood there before is recorded."""
        found = core.about_citizen(since.incident, citizen, case)
        data = {"citizen": citizen, "before": since.incident.report.citizen}
        return await self._changed(since, found, self._record(by, "incident.citizen_named", since, data))

    async def secure(self, since: Kept, mail: str, by: By) -> Kept | Refused:
        """Secure a mail as evidence."""
        now = self._clock.now()
        evidence = await self._evidence(since.incident, mail, by, now)
        if isinstance(evidence, Refused):
            return evidence
        save = Save(since.incident, since.revision, since.next_at, audit=_secured((evidence,), by, now), evidence=(evidence,))
        return await self._keep(save)

    async def remind(self, since: Kept) -> bool:
        """Have people told of what is not done, each point once; whether there was anything."""
        now = self._clock.now()
        points = core.to_remind(since.incident, self.times, now)
        one = since.incident
        events = tuple(incident_overdue(one.id, point, one.unit, now) for point in points)
        records = tuple(AuditRecord(now, GUARD, event.what, one.id, event.data) for event in events)
        save = Save(core.reminded(one, points), since.revision, None, events, records)
        return isinstance(await self._keep(save), Kept) and bool(points)

    async def _evidence(self, incident: Incident, mail: str, by: By, now: datetime) -> Evidence | Refused:
        try:
            return await secured(self._store, incident.id, mail, by.address, now) or GONE
        except Differs:
            return DIFFERS

    def _record(self, by: By, action: str, since: Kept, data: Mapping[str, str | None]) -> AuditRecord:
        return AuditRecord(self._clock.now(), by.account, action, since.incident.id, dict(data))

    async def _changed(self, since: Kept, found: Incident | Refused, record: AuditRecord) -> Kept | Refused:
        if isinstance(found, Refused):
            return found
        return await self._keep(Save(found, since.revision, None, audit=(record,)))

    async def _keep(self, save: Save) -> Kept | Refused:
        kept = await self.incidents.keep(replace(save, next_at=core.next_reminder(save.incident, self.times)))
        if kept and save.events:
            self._told()
        return kept or OVERTAKEN


def _secured(pieces: tuple[Evidence, ...], by: By, now: datetime) -> tuple[AuditRecord, ...]:
    """Under the incident, with what would show that a byte was changed since."""
    return tuple(
        AuditRecord(now, by.account, "evidence.secured", one.line.incident, {"mail": one.line.mail, "sha256": one.line.sha256})
        for one in pieces
    )

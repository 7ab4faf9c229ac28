"""Who is told what about a mail, and when. Shielded: no word of the mail, no address or name of who wrote (law 9).

People are told, never functional mailboxes. A leader is told at once; a caseworker in working hours, else on the next working
morning. One person gets one notice about a mail, however many recipients of it concern them.
"""

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from itertools import chain
from typing import Any, Literal

from workflows.addresses import normalise, own_key, recipient_key
from workflows.deadlines import WorkingHours
from workflows.decision import Reason
from workflows.facts import CitizenFile, Organisation, Policy
from workflows.framework import ContactFramework
from workflows.meetings import inviting
from workflows.yellow import heard, pressing

Urgency = Literal["now", "same_day", "working_hours", "digest"]
NoticeRole = Literal["caseworker", "leader", "it"]
NoticeKind = Literal[
    "redirected", "redirected_leader", "signal_leader", "signal_unled", "meeting_asked", "identity_question", "identity_likeness",
    "identity_spoofing", "other_case_question", "mailbox_unreachable", "mailbox_not_watched", "canary_missing", "mail_not_moved",
    "post_unread", "posts_unread", "post_overdue", "posts_overdue", "post_right", "posts_right", "post_given", "case_given",
    "mail_stuck", "mail_late", "mail_unaccounted", "mail_set_aside", "mail_untold", "receipt_undelivered", "notice_untold",
    "notice_unopened", "framework_review", "framework_expires_soon", "framework_expired", "framework_submitted",
    "framework_approved", "framework_sent_back", "incident_reported", "incident_concerns_you", "incident_due",
    "assist_called", "relief_asked", "relief_answered",
]  # fmt: skip
Json = Mapping[str, Any]
NO_CONCERN = frozenset({Reason.INTERNAL_SENDER.value, Reason.AUTHORITY.value, Reason.NOT_EVALUATED.value})


@dataclass(frozen=True, slots=True)
class About:
    """What a notice may tell: our own ids and our own people's addresses."""

    mail: str  # its id; the framework's or the incident's, where the notice is about no mail
    at: datetime  # when the mail came, in the municipality's time
    people: tuple[str, ...] = ()  # to whom it was sent
    where: tuple[str, ...] = ()  # who has it now
    cases: tuple[str, ...] = ()
    frameworks: tuple[str, ...] = ()
    citizen: str | None = None
    unit: str | None = None  # its name
    leader: str | None = None
    level: str | None = None  # of the most serious signal
    signals: tuple[str, ...] = ()  # kinds, for leaders
    rights: tuple[str, ...] = ()
    meeting: bool = False  # it asks for one, where the framework says that contact is in writing
    day: date | None = None  # of a framework: its last one
    due: datetime | None = None  # by when something was to be done, in the municipality's time
    right: str | None = None  # the one that runs out
    count: int = 1  # of how many mails it tells
    size: int | None = None  # of the mail, in octets, where it could be read
    attachments: int = 0
    point: str | None = None  # of an incident's checklist: what is not done
    unit_id: str | None = None
    spared: tuple[str, ...] = ()  # who is not told, though they are next in line: whom an incident was done to
    again: Literal["reminder", "escalated"] | None = None  # why somebody hears of what was told before


@dataclass(frozen=True, slots=True)
class Notice:
    """One mail to one person. ``dedupe`` names what is told once for ever; ``due`` is when it may reach them."""

    to: str
    role: NoticeRole
    urgency: Urgency
    kind: NoticeKind
    due: datetime
    dedupe: str
    about: About
    language: Literal["da", "en"] = "da"

    def wire(self) -> dict[str, str]:
        """As in ``notify`` of ``decide --json``."""
        return {"to": self.to, "role": self.role, "urgency": self.urgency}


@dataclass(frozen=True, slots=True)
class House:
    """The municipality as notices need it: its people, its rules, and when people work."""

    organisation: Organisation
    policy: Policy
    hours: WorkingHours = field(default_factory=WorkingHours)

    def person(self, address: str) -> str | None:
        """Whom mail to ``address`` reaches, by their own address; None where it is a mailbox of a unit or an open address."""
        employee = self.organisation.employee(address, self.policy)
        if employee:
            return normalise(employee.address)
        key = recipient_key(address, self.policy.domains)
        return None if key in self.organisation.mailboxes() or self.organisation.open_kind(key, self.policy) else key

    def shown(self, address: str) -> str:
        """A recipient as we write them, never as the sender did: a plus-tag may hold words."""
        return self.person(address) or recipient_key(address, self.policy.domains)

    def unit_name(self, unit: str | None) -> str | None:
        """What people call it."""
        found = self.organisation.units.get(unit or "")
        return found.name if found else unit

    def unit_of(self, outcome: Json) -> str | None:
        """The unit concerned; of mail to a mailbox of a unit, whose it is."""
        if unit := outcome["unit"]:
            return str(unit)
        key = recipient_key(outcome["address"], self.policy.domains)
        own = ((one.id, box) for one in self.organisation.units.values() for box in (one.functional_mailbox, one.main_mailbox))
        return next((id for id, box in own if box and own_key(box) == key), None)

    def leader(self, unit: str | None) -> str | None:
        """Who leads ``unit``: its leader, else deputy or head, where that address is a person's."""
        found = self.organisation.units.get(unit or "")
        named = (found.leader, found.deputy, found.head) if found else ()
        return next((person for one in named if one and (person := self.person(one))), None)

    def duty_officer(self, unit: str | None) -> str | None:
        """Who is on duty for ``unit``, where that address is a person's."""
        found = self.organisation.units.get(unit or "")
        return self.person(found.duty_officer) if found and found.duty_officer else None


def plan(
    decision: Json,
    *,
    signals: Sequence[Json],
    rights: Sequence[str],
    house: House,
    now: datetime,
    received_at: datetime | None = None,
    files: Sequence[CitizenFile] = (),
    noted: Collection[str] = (),
    figures: Json | None = None,
) -> tuple[Notice, ...]:
    """The notices that a decided and assessed mail calls for. ``decision`` is the contract's JSON, with ``signals`` and
    ``rights`` in the same form; ``files`` are those of the sender's addresses; ``noted`` holds codes of ``workflows.reading``,
    ``figures`` the mail's ``size`` and ``attachments``, where it could be read."""
    mail = decision["mail"]["id"] or decision["mail"]["sha256"]
    asked = inviting(decision, noted, files)
    told = heard(signals, house.policy)
    planning = Planning(decision, mail, told, tuple(rights), house, now, received_at or now, asked, figures or {})
    return (*planning.of_the_mail(), *planning.identity_questions(files), *planning.case_questions())


@dataclass(frozen=True, slots=True)
class Planning:
    """What the notices of one mail are planned from. ``inviting``: recipients whom it asks to meet (``workflows.meetings``)."""

    decision: Json
    mail: str
    signals: Sequence[Json]
    rights: tuple[str, ...]
    house: House
    now: datetime
    received_at: datetime
    inviting: Sequence[Json] = ()
    figures: Json = field(default_factory=dict)

    @property
    def level(self) -> str | None:
        """The most serious of the signals."""
        found = {one["level"] for one in self.signals}
        return next((level for level in ("red", "yellow", "grey") if level in found), None)

    def of_the_mail(self) -> Iterator[Notice]:
        """Leaders first: who leads and is a recipient too gets the leader's notice alone."""
        framed = [one for one in self.decision["recipients"] if one["reason"] == Reason.FRAMEWORK_APPLIES.value]
        moved = [one for one in framed if one["action"] == "redirect"]
        leaders = self._by_person((to, one) for one in moved for to in self._answering(one["unit"]))
        workers = self._by_person((self._worker(one), one) for one in moved)
        alarmed = self._by_person((to, one) for one in self._alarming() for to in self._answering(self.house.unit_of(one)))
        yield from (self._to_leader("redirected_leader", to, about) for to, about in leaders.items())
        asked = self._by_person((self.house.leader(self.house.unit_of(one)), one) for one in self.inviting)
        yield from (self._to_leader("signal_leader", to, about) for to, about in alarmed.items() if to not in leaders)
        yield from (self._to_leader("meeting_asked", to, about) for to, about in asked.items() if to not in {*leaders, *alarmed})
        yield from (self._to_worker(to, about) for to, about in workers.items() if to not in leaders and to not in alarmed)
        yield from self._unled([*moved, *self._alarming()], {*leaders, *alarmed, *workers})

    def _worker(self, outcome: Json) -> str | None:
        """Whose mail it was, where we know them: who writes can make up an address, and its words."""
        known = outcome["case"] or self.house.organisation.employee(outcome["address"], self.house.policy)
        return self.house.person(outcome["address"]) if known else None

    def _unled(self, concerned: Sequence[Json], told: Collection[str]) -> Iterator[Notice]:
        """Red mail to somebody whom the register gives no leader: operations find out who leads them."""
        unled = [one for one in concerned if not any(self._answering(self.house.unit_of(one)))]
        if self.level != "red" or not unled:
            return
        about = replace(self.about_mail(unled), people=(), where=(), unit=None)
        for to in sorted(set(operations(self.house)).difference(told)):
            yield Notice(to, "it", "now", "signal_unled", self.now, f"notice:{self.mail}:{to}", about)

    def _answering(self, unit: str | None) -> tuple[str | None, ...]:
        """Who leads the unit; of red mail the duty officer too."""
        return (self.house.leader(unit), *((self.house.duty_officer(unit),) if self.level == "red" else ()))

    def _alarming(self) -> list[Json]:
        """What went as addressed and holds something that a leader should see."""
        delivered = [one for one in self.decision["recipients"] if one["action"] == "deliver" and one["reason"] not in NO_CONCERN]
        return delivered if self.level in ("red", "yellow") else []

    @staticmethod
    def _by_person(found: Iterable[tuple[str | None, Json]]) -> dict[str, list[Json]]:
        people: dict[str, list[Json]] = {}
        for person, outcome in found:
            if person:
                people.setdefault(person, []).append(outcome)
        return people

    def _to_leader(self, kind: NoticeKind, to: str, outcomes: Sequence[Json]) -> Notice:
        kinds = tuple(one["kind"] for one in self.signals if one["level"] != "grey")
        meeting = any(one in self.inviting for one in outcomes)
        about = self.about_mail(outcomes, signals=kinds, rights=self.rights, level=self.level, meeting=meeting)
        alone = kind == "signal_leader" and not meeting
        urgency, due = pressing(self.signals, self.house.policy, self.house.hours, self.now, alone=alone)
        return Notice(to, "leader", urgency, kind, due, f"notice:{self.mail}:{to}", about)

    def _to_worker(self, to: str, outcomes: Sequence[Json]) -> Notice:
        """Nothing of what was seen in the mail: the leader has that."""
        to_handle = bool(self.rights) or self.level in ("red", "yellow")
        urgency: Urgency = "same_day" if to_handle else "working_hours"
        due = self.house.hours.next_open(self.now, self.house.policy.zone)
        about = self.about_mail(outcomes, level="yellow" if to_handle else None)
        return Notice(to, "caseworker", urgency, "redirected", due, f"notice:{self.mail}:{to}", about)

    def about_mail(self, outcomes: Sequence[Json], **more: Any) -> About:  # noqa: ANN401 - fields of About
        """What may be told of what became of these recipients' mail."""
        house = self.house
        unit = house.unit_of(outcomes[0])
        return About(
            mail=self.mail,
            at=self.received_at.astimezone(house.policy.zone),
            people=tuple(dict.fromkeys(house.shown(one["address"]) for one in outcomes)),
            where=tuple(dict.fromkeys(to for one in outcomes for to in one["deliver_to"])),
            cases=tuple(dict.fromkeys(one["case"] for one in outcomes if one["case"])),
            frameworks=tuple(dict.fromkeys(one["framework"] for one in outcomes if one["framework"])),
            unit=house.unit_name(unit),
            unit_id=unit,
            leader=house.leader(unit),
            size=self.figures.get("size"),
            attachments=self.figures.get("attachments", 0),
            **more,
        )

    def identity_questions(self, files: Iterable[CitizenFile]) -> Iterator[Notice]:
        """A leader is asked once whether an address is a citizen's who has a framework in force."""
        sender, written = self.decision["sender"], self.decision["mail"]["header_from"]
        doubted = [one for one in self.decision["recipients"] if one["reason"] == Reason.SENDER_NOT_VERIFIED.value]
        if sender["grade"] != "probable" or not doubted or not written:
            return
        asked = {sender["citizen"], *(sender.get("candidates") or ())}
        for file in files:
            if file.citizen.id in asked and (found := self.leader_for(file, doubted)):
                yield self.question("identity_question", found[0], file.citizen.id, doubted)

    def question(self, kind: NoticeKind, to: str, citizen: str, outcomes: Sequence[Json]) -> Notice:
        """One question about an address and a citizen: asked once for ever, by whichever mail."""
        written = normalise(self.decision["mail"]["header_from"][0]).encode("utf-8", "surrogatepass")
        dedupe = f"identity:{hashlib.sha256(written).hexdigest()[:24]}:{citizen}"
        return Notice(to, "leader", "same_day", kind, self.now, dedupe, self.about_mail(outcomes[:1], citizen=citizen))

    def leader_for(self, file: CitizenFile, doubted: Sequence[Json]) -> tuple[str, str | None] | None:
        """Whom to ask about a citizen who has a framework in force, and the unit; None where nobody has to be asked."""
        policy = self.house.policy
        in_force = [one for one in file.frameworks if one.in_force(self.now, policy.zone, policy.calendar)]
        if not in_force:
            return None
        units = [*_units(in_force, file), *(one["unit"] for one in doubted)]
        asked = ((to, unit) for unit in units if (to := self.house.leader(unit)))
        deciders = (self.house.person(one.decided_by) for one in in_force if one.decided_by)
        return next(chain(asked, ((to, next(iter(units), None)) for to in deciders if to)), None)

    def case_questions(self) -> Iterator[Notice]:
        """A leader is asked once whether a framework should name the caseworker's other case too."""
        for one in self.decision["recipients"]:
            to = self.house.leader(one["unit"])
            if one["reason"] == Reason.OTHER_CASE_OPEN.value and to:
                dedupe = f"other-case:{one['framework']}:{one['case']}"
                yield Notice(to, "leader", "same_day", "other_case_question", self.now, dedupe, self.about_mail([one]))


def operations(house: House) -> Collection[str]:
    """Who runs the guard: employees of IT, else the postmaster whom every domain has (RFC 5321 4.5.1)."""
    found = {normalise(one.address) for one in house.organisation.employees.values() if one.role == "it"}
    return found or {house.policy.postmaster}


def _units(frameworks: Iterable[ContactFramework], file: CitizenFile) -> Iterator[str]:
    units = {case.id: case.unit for case in file.cases}
    for one in frameworks:
        if one.scope:
            yield from (units[case] for case in one.scope.cases if case in units)
            yield from one.scope.units

"""Trying a drafted framework on mail that was handled (*prøvekørsel*), by the one evaluator (law 7).

Each mail is decided again by its own facts, with the frameworks as they were at its instant and the draft in force beside them.
What one mail changes for the next, the receipt that was sent, is rebuilt on the way. Citizens, cases and units are as they are
now; where that alone changes a decision, it is told and never counted as the draft's doing.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, tzinfo
from typing import Any, NamedTuple

from workflows.addresses import normalise
from workflows.decide import decide
from workflows.decision import Decision, Outcome, Sentence
from workflows.dossier import Dossier
from workflows.facts import CitizenFile, Organisation, Policy
from workflows.framework import ContactFramework, State
from workflows.replay import Replay


@dataclass(frozen=True, slots=True)
class Handled:
    """A mail as it was handled: its inputs, what was decided (the contract's JSON), and what its assessment found."""

    replay: Replay
    decision: Mapping[str, Any]
    rights: tuple[str, ...] = ()
    signals: tuple[tuple[str, str], ...] = ()  # kind and level

    @property
    def written_from(self) -> frozenset[str]:
        """The From addresses, normalised."""
        return frozenset(map(normalise, self.replay.mail.headers.from_addresses))


class Version(NamedTuple):
    """A framework as it was from ``since`` on."""

    since: datetime
    framework: ContactFramework


@dataclass(frozen=True, slots=True)
class Background:
    """The register: the files by From addresses (normalised), and every version of these citizens' frameworks, the oldest first."""

    policy: Policy
    organisation: Organisation
    files: Mapping[frozenset[str], tuple[CitizenFile, ...]]
    history: Mapping[str, Sequence[Version]]  # by framework id

    def files_at(self, written_from: frozenset[str], at: datetime) -> tuple[CitizenFile, ...]:
        """The files with the frameworks as they were at that instant."""
        return tuple(replace(one, frameworks=self._frameworks_at(one.citizen.id, at)) for one in self.files[written_from])

    def _frameworks_at(self, citizen: str, at: datetime) -> tuple[ContactFramework, ...]:
        newest = (next((one for one in reversed(versions) if one.since <= at), None) for versions in self.history.values())
        found = (one.framework for one in newest if one and one.framework.citizen == citizen)
        return tuple(sorted(found, key=lambda one: one.id))


class Tried(NamedTuple):
    """One recipient: where the mail went and why, and where it would have gone. ``moved``: by the draft."""

    address: str
    was: str
    was_reason: str
    would: str
    reason: str
    explanation: Sentence
    moved: bool


@dataclass(frozen=True, slots=True)
class TriedMail:
    """One mail. ``register_changed``: by today's register it would have been decided otherwise without the draft too."""

    mail: str
    received_at: datetime
    recipients: tuple[Tried, ...]
    receipt_was: bool
    receipt: bool
    register_changed: bool
    rights: tuple[str, ...] = ()
    signals: tuple[tuple[str, str], ...] = ()

    @property
    def moved(self) -> bool:
        """Whether the draft would have sent anything of it elsewhere."""
        return any(one.moved for one in self.recipients)


Weeks = Mapping[str, tuple[int, int]]
"""By week (``2026-W48``): how many mails somebody got, and how many they would have got."""


@dataclass(frozen=True, slots=True)
class Backtest:
    """What a drafted framework would have done, the oldest mail first. ``people`` are final addresses, normalised."""

    framework: str
    citizen: str
    since: date
    mails: tuple[TriedMail, ...]
    people: Mapping[str, Weeks] = field(default_factory=dict)
    older_left_out: bool = False  # there was more mail since then than is tried at once

    @property
    def moved(self) -> tuple[TriedMail, ...]:
        """The mails that would have gone elsewhere."""
        return tuple(one for one in self.mails if one.moved)

    def rights(self) -> Counter[str]:
        """How many of those carry each rights marker: a deadline or a duty may be running."""
        return Counter(right for one in self.moved for right in one.rights)

    def signals(self) -> Counter[str]:
        """How many of those carry each kind of signal."""
        return Counter(kind for one in self.moved for kind, _ in one.signals)

    def wire(self, zone: tzinfo) -> dict[str, Any]:
        """As JSON values; times in ``zone``."""
        moved = self.moved
        return {
            "framework": self.framework,
            "citizen": self.citizen,
            "since": self.since.isoformat(),
            "mails": len(self.mails),
            "older_left_out": self.older_left_out,
            "elsewhere": len(moved),
            "rights_mails": [one.mail for one in moved if one.rights],
            "rights": dict(sorted(self.rights().items())),
            "signals": dict(sorted(self.signals().items())),
            "receipts": {"was": sum(one.receipt_was for one in self.mails), "would": sum(one.receipt for one in self.mails)},
            "register_changed": sum(one.register_changed for one in self.mails),
            "people": [{"address": one, "weeks": _weeks(weeks)} for one, weeks in sorted(self.people.items())],
            "decided": [_mail(one, zone) for one in self.mails],
        }


def backtest(draft: ContactFramework, past: Sequence[Handled], background: Background, since: date) -> Backtest:
    """Try ``draft`` on ``past``, the oldest first."""
    without, within = replay(past, background), replay(past, background, draft)
    mails = tuple(_tried(*each) for each in zip(past, without, within, strict=True))
    return Backtest(draft.id, draft.citizen, since, mails, _people(mails, background.policy.zone))


def replay(past: Sequence[Handled], background: Background, draft: ContactFramework | None = None) -> list[Decision]:
    """Decide ``past`` again, the oldest first, with ``draft`` in force throughout."""
    arrived = {one.replay.received_at for one in past}
    sent: dict[str, datetime] = {}
    found = []
    for one in past:
        sender = normalise(one.replay.mail.envelope.sender)
        before = one.replay.last_receipt if one.replay.last_receipt not in arrived else None  # those of ``past`` are rebuilt
        known = [receipt for receipt in (before, sent.get(sender)) if receipt]
        files = background.files_at(one.written_from, one.replay.received_at)
        given = one.replay._replace(last_receipt=max(known, default=None))
        decision = _decided(given, _with_draft(files, draft, given.received_at, background.policy.zone), background)
        if decision.receipt.send:
            sent[sender] = given.received_at
        found.append(decision)
    return found


def _decided(given: Replay, files: tuple[CitizenFile, ...], background: Background) -> Decision:
    return decide(given.mail, given.facts(background.policy, background.organisation, files), given.received_at)


def next_in_force(dossier: Dossier) -> ContactFramework:
    """What of it would come into force next: the successor that is being written, else the framework itself.

    While nobody has decided it, it is tried as decided by the leader who proposes or drafts it: where it covers the whole
    municipality, mail goes to their mailbox.
    """
    found = dossier.successor or dossier.framework
    drafted = dossier.last("drafted")
    leader = dossier.submitted.by if dossier.submitted else drafted.by if drafted else dossier.framework.decided_by
    return found if found.decided_by else found.model_copy(update={"decided_by": leader})


def in_trial(draft: ContactFramework, day: date) -> ContactFramework:
    """``draft`` as if in force on ``day``, in earnest. It begins as late as it may, so that it wins over what it will win over."""
    begins = min(draft.starts or day, day)
    return draft.model_copy(
        update={"state": State.ACTIVE, "starts": begins, "ends": day, "suspended": False, "observe": False},
    )


def _with_draft(
    files: tuple[CitizenFile, ...], draft: ContactFramework | None, at: datetime, zone: tzinfo
) -> tuple[CitizenFile, ...]:
    if draft is None:
        return files
    tried = in_trial(draft, at.astimezone(zone).date())
    return tuple(_replaced(one, tried) if one.citizen.id == draft.citizen else one for one in files)


def _replaced(file: CitizenFile, tried: ContactFramework) -> CitizenFile:
    others = (one for one in file.frameworks if one.id != tried.id)
    return replace(file, frameworks=tuple(sorted((*others, tried), key=lambda one: one.id)))


def _tried(handled: Handled, without: Decision, within: Decision) -> TriedMail:
    recorded = handled.decision["recipients"]
    given = handled.replay
    return TriedMail(
        given.mail.id or "",
        given.received_at,
        tuple(_recipient(*each) for each in zip(recorded, without.recipients, within.recipients, strict=True)),
        receipt_was=bool(handled.decision["receipt"]["send"]),
        receipt=within.receipt.send,
        register_changed=[_said(one) for one in recorded] != [(one.deliver_to, one.reason) for one in without.recipients],
        rights=handled.rights,
        signals=handled.signals,
    )


def _said(recorded: Mapping[str, Any]) -> tuple[tuple[str, ...], str]:
    return tuple(recorded["deliver_to"]), recorded["reason"]


def _recipient(recorded: Mapping[str, Any], without: Outcome, within: Outcome) -> Tried:
    (was,), (would,) = recorded["deliver_to"], within.deliver_to
    moved = within.deliver_to != without.deliver_to
    return Tried(within.address, was, recorded["reason"], would, within.reason.value, within.explanation, moved)


def _people(mails: Collection[TriedMail], zone: tzinfo) -> dict[str, Weeks]:
    """What each got and would have got: one copy of a mail, however many recipients it stands for."""
    found: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(lambda: [0, 0]))
    for one in mails:
        week = _week(one.received_at, zone)
        for place, each in enumerate(({tried.was for tried in one.recipients}, {tried.would for tried in one.recipients})):
            for address in set(map(normalise, each)):
                found[address][week][place] += 1
    return {address: {week: (was, would) for week, (was, would) in sorted(weeks.items())} for address, weeks in found.items()}


def _week(at: datetime, zone: tzinfo) -> str:
    year, week, _ = at.astimezone(zone).isocalendar()
    return f"{year}-W{week:02}"


def _weeks(weeks: Weeks) -> list[dict[str, Any]]:
    return [{"week": week, "was": was, "would": would} for week, (was, would) in weeks.items()]


def _mail(one: TriedMail, zone: tzinfo) -> dict[str, Any]:
    return {
        "mail": one.mail,
        "received_at": one.received_at.astimezone(zone).isoformat(),
        "recipients": [tried._asdict() | {"explanation": _sentence(tried.explanation)} for tried in one.recipients],
        "receipt": {"was": one.receipt_was, "would": one.receipt},
        "rights": list(one.rights),
        "signals": [{"kind": kind, "level": level} for kind, level in one.signals],
        "register_changed": one.register_changed,
    }


def _sentence(sentence: Sentence) -> dict[str, str]:
    return {"da": sentence.da, "en": sentence.en}

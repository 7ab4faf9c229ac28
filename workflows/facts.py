"""What a decision may know: gathered by the shell, read by the core, never fetched by it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from types import MappingProxyType
from typing import Literal, NamedTuple

from workflows.addresses import normalise, own_key, recipient_key
from workflows.deadlines import WorkingCalendar
from workflows.framework import ContactFramework
from workflows.people import Case, Citizen, Employee, OpenKind, Unit
from workflows.signals.rules import Kind

Told = Literal["now", "digest", "none"]  # how a leader hears of a yellow signal: at once, the next working morning, not at all
ALWAYS_OPEN = ("postmaster", "abuse")  # RFC 5321 4.5.1, RFC 2142


@dataclass(frozen=True, slots=True)
class Policy:
    """The settings that decisions read. ``domains`` are ours, in ASCII; ``bounce_domain`` is the guard's own."""

    domains: frozenset[str]
    authserv_id: str
    zone: tzinfo
    authentication: Literal["if_present", "required"] = "if_present"
    bounce_domain: str = ""
    municipality: str = ""
    main_domain: str = ""  # the first of the settings' domains
    calendar: WorkingCalendar = field(default_factory=WorkingCalendar)
    answer_within_days: Mapping[str, int] = field(default_factory=dict)  # functional mailbox -> working days
    yellow: Mapping[Kind, Told] = field(default_factory=dict)  # kind of a yellow signal -> how its leader hears; else at once

    @property
    def postmaster(self) -> str:
        """Who takes what nobody else takes (RFC 5321 4.5.1)."""
        return f"postmaster@{self.main_domain or min(self.domains)}"


@dataclass(frozen=True, slots=True)
class Authorities:
    """Whose mail no framework moves: domains with all their subdomains, and single addresses."""

    domains: frozenset[str] = frozenset()
    addresses: frozenset[str] = frozenset()

    def include(self, address: str) -> bool:
        """Whether ``address`` belongs to one of them."""
        plain = normalise(address)
        if plain in self.addresses:
            return True
        _, dot, domain = plain.rpartition("@")
        while dot:
            if domain in self.domains:
                return True
            _, dot, domain = domain.partition(".")
        return False


@dataclass(frozen=True, slots=True)
class Organisation:
    """The municipality's own side of the register, indexed by normalised address. Small, and held in memory."""

    units: Mapping[str, Unit] = field(default_factory=dict)
    employees: Mapping[str, Employee] = field(default_factory=dict)  # by address and by each alias
    open_addresses: Mapping[str, OpenKind] = field(default_factory=dict)
    authorities: Authorities = field(default_factory=Authorities)

    def employee(self, address: str, policy: Policy) -> Employee | None:
        """The employee whom a recipient address stands for; aliases and plus-tags included."""
        return self.employees.get(recipient_key(address, policy.domains))

    def open_kind(self, address: str, policy: Policy) -> str | None:
        """Why no framework may move mail to ``address``, or None."""
        key = recipient_key(address, policy.domains)
        employee = self.employees.get(key)  # an alias is as open as the address that it stands for
        if kind := self.open_addresses.get(key) or (employee and self.open_addresses.get(own_key(employee.address))):
            return kind.value
        local, _, domain = key.partition("@")
        return local if local in ALWAYS_OPEN and domain in policy.domains else None

    def mailboxes(self) -> frozenset[str]:
        """Every unit's functional and main mailbox, normalised."""
        found = (box for unit in self.units.values() for box in (unit.functional_mailbox, unit.main_mailbox) if box)
        return frozenset(own_key(box) for box in found)


@dataclass(frozen=True, slots=True)
class CitizenFile:
    """One citizen with all their cases and all their frameworks, in whatever state."""

    citizen: Citizen
    cases: tuple[Case, ...] = ()
    frameworks: tuple[ContactFramework, ...] = ()


class Facts(NamedTuple):
    """Everything that ``decide`` may look at besides the mail and the time.

    ``files`` holds the file of every citizen who has, or around whom somebody has, one of the sender's addresses.
    ``last_receipt`` is when this envelope sender last got a receipt from us. ``returns`` maps our own signed return addresses
    among the recipients (normalised) to the main mailbox that takes what comes home; one that maps to itself takes it.
    ``clock_wrong``: nobody knows what time it is, so frameworks count as lapsed. Where the database is away facts come from a
    signed snapshot: ``known`` is False where it is missing or not to be believed (then nothing may be decided),
    ``snapshot_expired`` where it is too old (frameworks count as lapsed), and ``receipts_known`` is False, since others may have
    sent a receipt meanwhile.
    """

    policy: Policy
    organisation: Organisation
    files: tuple[CitizenFile, ...] = ()
    last_receipt: datetime | None = None
    returns: Mapping[str, str] = MappingProxyType({})
    clock_wrong: bool = False
    known: bool = True
    snapshot_expired: bool = False
    receipts_known: bool = True

    def ends_here(self, address: str) -> bool:
        """Whether mail to ``address`` ends with the guard itself."""
        key = normalise(address)
        return self.returns.get(key) == key

    @property
    def lapsed(self) -> bool:
        """Whether frameworks count as lapsed, whatever their dates say (``domain.md`` (d), 7)."""
        return self.clock_wrong or self.snapshot_expired

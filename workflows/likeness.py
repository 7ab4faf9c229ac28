"""Who may have written a mail whose sender is unknown or in doubt: evidence side by side, for a leader who decides.

It is looked at after 250 and moves nothing. The grade is never ``verified``: only a person makes an address a citizen's, and only
for mail that comes afterwards. Relatives with the surname, representatives, employees with the same name, and people who want
somebody else to be blamed have rules of their own.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from workflows.addresses import normalise
from workflows.authentication import Verdict
from workflows.clues import Clues
from workflows.facts import CitizenFile
from workflows.found_by import keys_of_address, names_alike, of_kind, says_another, words_of_name
from workflows.identity_words import KINDS, WEIGHTS, IdentityWords, Kind
from workflows.people import Citizen, Grade, Person, Role

Doubt = Literal["another_name", "employee_namesake", "not_authenticated", "authentication_failed", "several"]
About = Literal["link", "spoofing"]
MOST = 5  # people with whom one mail is compared
SAME_SENTENCES = 2  # that an earlier mail must share: one alone may be a saying
_ORDER = (Grade.NONE, Grade.UNCONFIRMED, Grade.PROBABLE)


@dataclass(frozen=True, slots=True)
class Hint:
    """One piece of evidence: what the mail says beside what we know. Numbers of people are in neither."""

    kind: Kind
    says: str | None = None
    known: str | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """A citizen whom the store found by these keys: those of ``workflows.found_by``, ``case:ID``, and what the mails show.

    Those are ``case:ID``, ``thread:MAIL`` and ``words:MAIL:HASH``.
    """

    file: CitizenFile
    keys: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Sent:
    """How the mail was sent. ``employees`` are the names of our own people, as sets of folded words."""

    addresses: tuple[str, ...]
    verdict: Verdict = Verdict.ABSENT
    required: bool = False  # ``authentication = "required"``
    employees: frozenset[frozenset[str]] = field(default_factory=frozenset)


@dataclass(frozen=True, slots=True)
class Likeness:
    """That somebody may have written. ``person`` is somebody around the citizen, by name; None is the citizen.

    ``spoofing``: our own server says that the mail is not from where it says, so somebody may want to be taken for them.
    """

    citizen: str
    person: str | None
    role: Role
    grade: Grade
    about: About
    hints: tuple[Hint, ...]
    doubts: tuple[Doubt, ...] = ()

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """The kinds of its evidence, in the order of the list."""
        return tuple(hint.kind for hint in self.hints)


def likened(clues: Clues, sent: Sent, found: Iterable[Found], words: IdentityWords) -> tuple[Likeness, ...]:
    """Everybody of ``found`` (at most five) whom the evidence speaks for, the likeliest first. Total and deterministic.

    An address that somebody has registered is theirs: nobody else is likened to it, however alike their own.
    """
    written = {normalise(one) for one in sent.addresses}
    everybody = sorted(found, key=lambda one: one.file.citizen.id)
    owners = [one for one in everybody if written & set(_addresses(one.file.citizen))]
    compared = [_compared(clues, sent, one, words, written) for one in (owners or everybody)[:MOST]]
    ranked = sorted((one for one in compared if one.grade is not Grade.NONE), key=lambda one: (-_weight(one, words), one.citizen))
    return _not_both(ranked, words)


def _compared(clues: Clues, sent: Sent, found: Found, words: IdentityWords, written: set[str]) -> Likeness:
    citizen = found.file.citizen
    person = _whose(clues, citizen, written)
    hints = tuple(sorted(_hints(clues, sent, found, person or citizen, words), key=lambda one: KINDS.index(one.kind)))
    kinds = {one.kind for one in hints}
    grade = words.grade(kinds)
    doubts = tuple(_doubts(clues, sent, person or citizen, kinds))
    spoofed = "authentication_failed" in doubts and grade is Grade.PROBABLE
    if doubts and "registered_address" not in kinds:
        grade = min(grade, Grade.UNCONFIRMED, key=_ORDER.index)
    role = person.role if person else citizen.role
    return Likeness(citizen.id, person.name if person else None, role, grade, "spoofing" if spoofed else "link", hints, doubts)


def _whose(clues: Clues, citizen: Citizen, written: set[str]) -> Person | None:
    """Somebody around the citizen whose address or name it is; None: the citizen."""
    if written & {normalise(one.address) for one in citizen.addresses}:
        return None
    owner = next((one for one in citizen.people if written & {normalise(each.address) for each in one.addresses}), None)
    if owner or any(names_alike(name, citizen.name) for name in (clues.name, clues.signature)):
        return owner
    return next((one for one in citizen.people if names_alike(clues.name or clues.signature, one.name)), None)


def _hints(clues: Clues, sent: Sent, found: Found, who: Citizen | Person, words: IdentityWords) -> Iterator[Hint]:
    written = {normalise(one) for one in sent.addresses}
    own = [normalise(one.address) for one in who.addresses]
    yield from (Hint("registered_address", one, one) for one in own if one in written)
    yield from _names(clues, who)
    if not written & set(own):
        yield from _alike_addresses(sent, own, words)
    yield from _from_text(clues, found)
    threads = of_kind(found.keys, "thread")
    yield from (Hint("reply_chain", None, one) for one in threads[-1:])
    repeated = of_kind(found.keys, "words")
    if len(repeated) >= SAME_SENTENCES:
        yield Hint("same_words", None, repeated[0].partition(":")[0])


def _names(clues: Clues, who: Citizen | Person) -> Iterator[Hint]:
    if names_alike(clues.name, who.name):
        yield Hint("display_name", clues.name, who.name)
    if names_alike(clues.signature, who.name):
        yield Hint("signature", clues.signature, who.name)


def _alike_addresses(sent: Sent, own: Sequence[str], words: IdentityWords) -> Iterator[Hint]:
    """At most one of each kind; an address is compared by its folded parts."""
    given: dict[Kind, Hint] = {}
    for address in sent.addresses:
        keys = set(keys_of_address(address, words.common))
        for one in own:
            for key in sorted(keys & set(keys_of_address(one, words.common))):
                kind: Kind = "address_likeness" if key.startswith("local:") else "same_domain"
                given.setdefault(kind, Hint(kind, normalise(address), one))
    yield from given.values()


def _from_text(clues: Clues, found: Found) -> Iterator[Hint]:
    """CPR and telephone numbers are compared as hashes, and never shown."""
    if found.file.citizen.cpr_hash and f"cpr:{found.file.citizen.cpr_hash}" in clues.keys:
        yield Hint("cpr")
    if set(of_kind(found.keys, "phone")) & set(of_kind(clues.keys, "phone")):
        yield Hint("phone")
    own = {one.id for one in found.file.cases}
    yield from [Hint("case_number", one, one) for one in of_kind(found.keys, "case") if one in own][:1]


def _doubts(clues: Clues, sent: Sent, who: Citizen | Person, kinds: set[Kind]) -> Iterator[Doubt]:
    """What speaks against it. Each holds the grade down, whatever evidence there is."""
    if any(says_another(name, who.name) for name in (clues.name,) if name):
        yield "another_name"
    strong = kinds & {"reply_chain", "cpr", "registered_address"}
    if not strong and frozenset(words_of_name(clues.name)) in sent.employees:
        yield "employee_namesake"
    if sent.verdict is Verdict.FAILED:
        yield "authentication_failed"
    elif sent.required and sent.verdict is not Verdict.PASSED:
        yield "not_authenticated"


def _not_both(ranked: list[Likeness], words: IdentityWords) -> tuple[Likeness, ...]:
    """A leader is asked of one alone, for whom more speaks than for anybody else."""
    alone = len(ranked) < 2 or _weight(ranked[0], words) > _weight(ranked[1], words)
    return (*ranked[:alone], *map(_doubted, ranked[alone:]))


def _doubted(one: Likeness) -> Likeness:
    grade = one.grade if "registered_address" in one.kinds else min(one.grade, Grade.UNCONFIRMED, key=_ORDER.index)
    return Likeness(one.citizen, one.person, one.role, grade, one.about, one.hints, (*one.doubts, "several"))


def _weight(one: Likeness, words: IdentityWords) -> int:
    """Only for the order among those with whom one mail is compared; it is kept nowhere."""
    heaviest: dict[str, int] = {}
    for weighed in (words.evidence[kind] for kind in one.kinds):
        heaviest[weighed.tells] = max(WEIGHTS[weighed.weight], heaviest.get(weighed.tells, 0))
    return sum(heaviest.values())


def _addresses(citizen: Citizen) -> Iterator[str]:
    yield from (normalise(one.address) for one in citizen.addresses)
    yield from (normalise(one.address) for person in citizen.people for one in person.addresses)


def names_of(names: Iterable[str]) -> frozenset[frozenset[str]]:
    """Names as ``Sent.employees`` holds them; a name of one word is nobody's alone."""
    return frozenset(words for name in names if len(words := frozenset(words_of_name(name))) > 1)

"""Who is who: citizens and the people around them, employees, units, cases, and the addresses nobody may close.

The shapes are those of the register file (``workflows.register``); a value here is one entry of it.
"""

import re
import unicodedata
from contextlib import suppress
from datetime import date
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator

from workflows.cpr import HASH, cpr_hash, cpr_numbers

Address = Annotated[str, Field(min_length=3, max_length=320, pattern=r"^[^@\s]+@[^@\s]+$")]
Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,64}$")]
MAX_WORD = 64  # characters of a name's word by which somebody is found
MAX_WORDS = 16


def _day(value: object) -> object:
    """A date alone. Other things that pydantic would take for one (an instant, a count of seconds) are mistakes here."""
    if type(value) is date:
        return value
    if isinstance(value, str) and re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        with suppress(ValueError):
            return date.fromisoformat(value)
    raise ValueError("write a date that exists as YYYY-MM-DD, such as 2027-03-01")


def _number(value: object) -> object:
    return int(value) if isinstance(value, str) and value.isdecimal() else value


def _cpr(value: object) -> object:
    """The ten digits. What was written is in no message."""
    if value is None:
        return None
    found = list(cpr_numbers(value)) if isinstance(value, str) else []  # a number that begins with 0 is octal to YAML
    if len(found) != 1 or not isinstance(value, str) or len(value) > 11:
        raise ValueError("write a CPR number in quotes, with a date that exists, as DDMMYY-NNNN")
    return found[0]


def _cpr_hash(value: object) -> object:
    if value is not None and not (isinstance(value, str) and re.fullmatch(HASH, value)):
        raise ValueError("is only ever written by rammevagt export; write cpr instead")
    return value


def _phone(value: object) -> object:
    if not isinstance(value, str) or not re.fullmatch(r"\+?[0-9][0-9 ()./-]{5,24}", value):
        raise ValueError('write a telephone number in quotes, such as "12 34 56 78" or "+45 12345678"')
    return value


Phone = Annotated[str, BeforeValidator(_phone)]
Day = Annotated[date, BeforeValidator(_day)]
_WORD = re.compile(r"[^\W_]+")
_RING = "\u030a"  # over an a it makes another letter in Danish


def name_words(name: str) -> tuple[str, ...]:
    """The words of a name as people are looked for: lower case, without accents, each once, sorted.

    >>> name_words("Åse Müller-Sørensen")
    ('muller', 'sørensen', 'åse')
    """
    words = {word[:MAX_WORD] for word in _WORD.findall(name.lower() if name.isascii() else _without_accents(name))}
    return tuple(sorted(words)[:MAX_WORDS])


def _without_accents(name: str) -> str:
    parts = unicodedata.normalize("NFKD", name.casefold())
    return unicodedata.normalize("NFKC", "".join(one for one in parts if one == _RING or not unicodedata.combining(one)))


class Entry(BaseModel):
    """A strict, frozen entry: an unknown field is a mistake, never ignored."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Grade(StrEnum):
    """How sure we are who wrote; only ``verified`` routes."""

    VERIFIED = "verified"
    PROBABLE = "probable"
    UNCONFIRMED = "unconfirmed"
    NONE = "none"


class Role(StrEnum):
    """The sender's role towards a case."""

    PARTY = "party"
    RELATIVE = "relative"
    REPRESENTATIVE = "representative"
    NON_PARTY = "non_party"
    AUTHORITY = "authority"
    UNKNOWN = "unknown"


class OpenKind(StrEnum):
    """Roads that no framework closes (``domain.md`` (d))."""

    MAIN_MAILBOX = "main_mailbox"
    ELECTED = "elected"
    DPO = "dpo"
    WHISTLEBLOWER = "whistleblower"
    CITIZEN_ADVISER = "citizen_adviser"
    COMPLAINTS = "complaints"
    CHILD_CONCERN = "child_concern"
    DIGITAL_POST = "digital_post"


class RegisteredAddress(Entry):
    """An address of a citizen or a person around them. Written plainly in the file it is ``verified``."""

    address: Address
    grade: Literal[Grade.VERIFIED, Grade.PROBABLE] = Grade.VERIFIED


def _registered(value: object) -> object:
    return {"address": value} if isinstance(value, str) else value


class Person(Entry):
    """Somebody around the citizen: a representative (lawyer, guardian, companion) or a relative."""

    name: str
    role: Literal[Role.REPRESENTATIVE, Role.RELATIVE]
    addresses: tuple[RegisteredAddress, ...] = ()

    @field_validator("addresses", mode="before")
    @classmethod
    def _plain_addresses(cls, value: object) -> object:
        return [_registered(one) for one in value] if isinstance(value, list | tuple) else value


class Citizen(Entry):
    """A citizen (*borger*). ``role`` is ``non_party`` for somebody known who is no party to any case.

    ``cpr`` is only ever in a file that somebody loads; the store keeps, and exports, ``cpr_hash`` instead.
    """

    id: Id
    name: str
    role: Literal[Role.PARTY, Role.NON_PARTY] = Role.PARTY
    addresses: tuple[RegisteredAddress, ...] = ()
    phones: tuple[Phone, ...] = ()
    cpr: Annotated[str | None, BeforeValidator(_cpr)] = Field(default=None, repr=False)
    cpr_hash: Annotated[str | None, BeforeValidator(_cpr_hash)] = None
    people: tuple[Person, ...] = ()

    @field_validator("addresses", mode="before")
    @classmethod
    def _plain_addresses(cls, value: object) -> object:
        return [_registered(one) for one in value] if isinstance(value, list | tuple) else value

    def without_cpr(self, key: bytes) -> "Citizen":
        """The same citizen with the keyed hash of their CPR number in its place, as the store keeps them."""
        if self.cpr is None:
            return self
        return self.model_copy(update={"cpr": None, "cpr_hash": cpr_hash(key, self.cpr)})


class Case(Entry):
    """A case (*sag*) of one citizen, at one unit, with one caseworker."""

    id: Id
    citizen: Id
    unit: Id
    caseworker: Address
    open: bool = True


class Unit(Entry):
    """An organisational unit (*enhed*) with its leader and its mailboxes."""

    id: Id
    name: str
    leader: Address
    functional_mailbox: Address | None = None
    main_mailbox: Address | None = None
    head: Address | None = None
    deputy: Address | None = None
    duty_officer: Address | None = None
    mailbox_owner: Address | None = None


class Employee(Entry):
    """An employee; ``aliases`` are other addresses of the same person."""

    address: Address
    name: str
    unit: Id
    role: Literal["caseworker", "leader", "head", "lawyer", "work_environment", "dpo", "it"] = "caseworker"
    aliases: tuple[Address, ...] = ()
    risk_group: Annotated[Literal[1, 2] | None, BeforeValidator(_number)] = None
    training_valid_until: Day | None = None


class OpenAddress(Entry):
    """An address to which mail always goes as addressed."""

    address: Address
    kind: OpenKind

"""The evidence of who wrote as the file gives it (``config/identity.toml``): what each weighs, in words that a leader can read."""

import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from workflows.decision import Sentence
from workflows.found_by import Common
from workflows.people import Grade

Kind = Literal[
    "registered_address", "reply_chain", "cpr", "phone", "case_number", "display_name", "signature", "address_likeness",
    "same_domain", "same_words",
]  # fmt: skip
KINDS: tuple[Kind, ...] = get_args(Kind)
Weight = Literal["strong", "some", "little"]
WEIGHTS: Mapping[str, int] = {"strong": 3, "some": 2, "little": 1}


class BadIdentityWords(ValueError):
    """The file can't be used. ``faults`` names every mistake with its place."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = tuple(faults)


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _Evidence(_Table):
    kind: Kind
    weight: Weight
    tells: str = Field(pattern=r"^[a-z]{1,20}$")
    from_: Literal["mail", "text"] = Field(alias="from")
    da: str = Field(min_length=1)
    en: str = Field(min_length=1)


class _Common(_Table):
    locals: list[str]
    domains: list[str]


class _File(_Table):
    probable: int = Field(ge=4)  # less, and one piece of evidence alone would do
    unconfirmed: int = Field(ge=1)
    evidence: list[_Evidence]
    common: _Common


@dataclass(frozen=True, slots=True)
class Weighed:
    """One kind of evidence."""

    weight: Weight
    tells: str
    beyond_text: bool
    sentence: Sentence


@dataclass(frozen=True, slots=True)
class IdentityWords:
    """All of the file. Every kind is there."""

    evidence: Mapping[Kind, Weighed]
    probable: int
    unconfirmed: int
    common: Common

    def grade(self, kinds: Collection[Kind]) -> Grade:
        """What evidence of these kinds makes together: never ``verified``, and never less for more evidence.

        What tells by the same thing counts once. Text alone is ``unconfirmed`` at most: whoever knows the citizen can write it.
        """
        if "registered_address" in kinds:
            return Grade.PROBABLE
        heaviest: dict[str, int] = {}
        for one in (self.evidence[kind] for kind in kinds):
            heaviest[one.tells] = max(WEIGHTS[one.weight], heaviest.get(one.tells, 0))
        weight = sum(heaviest.values())
        if weight >= self.probable and len(heaviest) > 1 and any(self.evidence[kind].beyond_text for kind in kinds):
            return Grade.PROBABLE
        return Grade.UNCONFIRMED if weight >= self.unconfirmed else Grade.NONE


def identity_words_from(text: str) -> IdentityWords:
    """The file's content. Raises ``BadIdentityWords`` with every fault."""
    try:
        read = _File.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise BadIdentityWords([str(error)]) from error
    except ValidationError as error:
        raise BadIdentityWords([f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors()]) from error
    found = {one.kind: Weighed(one.weight, one.tells, one.from_ == "mail", Sentence(one.da, one.en)) for one in read.evidence}
    if faults := [f"evidence: {kind} is missing" for kind in KINDS if kind not in found]:
        raise BadIdentityWords(faults)
    if len(found) < len(read.evidence):
        raise BadIdentityWords(["evidence: a kind is written twice"])
    common = Common(frozenset(read.common.locals), frozenset(read.common.domains))
    return IdentityWords(found, read.probable, read.unconfirmed, common)

"""Playbooks (*handleplaner*): what to do when something hard happens, in the municipality's own words (``domain.md`` (f)).

They are read from a file (``config/playbooks.da.toml``) and checked whole. Which of them fits what a mail was found to hold, or
what somebody reported, is told here.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from workflows.dossier import Category
from workflows.faults import Fault, from_validation
from workflows.happening import Channel
from workflows.signals.rules import Kind

Language = Literal["da", "en"]
Situation = Literal[
    "threat_by_mail", "threat_on_phone", "threat_at_home", "self_harm", "child_in_danger", "unannounced_visit", "hateful_words",
    "exposure", "private_channels", "many_mails", "after_hard_conversation",
]  # fmt: skip
Contact = Literal["emergency", "police", "leader", "duty", "colleague", "crisis_line", "social_duty", "staff_help"]
LANGUAGES: tuple[Language, ...] = get_args(Language)
SITUATIONS: tuple[Situation, ...] = get_args(Situation)  # the gravest first
MOST_FIRST, MOST_LINE = 70, 200  # characters: the one thing is read in a glance


def _sentence(most: int) -> BeforeValidator:
    def check(value: object) -> object:
        if not isinstance(value, str) or not value.strip() or len(value) > most or "\n" in value:
            raise ValueError(f"write one line of text, of 1 to {most} characters, in quotes")
        return value.strip()

    return BeforeValidator(check)


First = Annotated[str, _sentence(MOST_FIRST)]
Line = Annotated[str, _sentence(MOST_LINE)]
Lines = Annotated[tuple[Line, ...], Field(min_length=1)]


class _Written(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Call(_Written):
    """Whom to call, and when."""

    who: Contact
    when: Line


class Playbook(_Written):
    """One situation. ``first`` is the one thing to do; ``do`` what follows, in order; ``say`` and ``end_say`` are said aloud."""

    title: First
    about: Line
    first: First
    do: Lines
    say: Lines
    call: Annotated[tuple[Call, ...], Field(min_length=1)]
    end_when: Lines
    end_say: Lines
    write: Lines
    leader: Lines


class Playbooks(_Written):
    """All of one language. ``shaken``: what helps whoever was hit by it."""

    shaken: Lines
    threat_by_mail: Playbook
    threat_on_phone: Playbook
    threat_at_home: Playbook
    self_harm: Playbook
    child_in_danger: Playbook
    unannounced_visit: Playbook
    hateful_words: Playbook
    exposure: Playbook
    private_channels: Playbook
    many_mails: Playbook
    after_hard_conversation: Playbook

    def of(self, situation: Situation) -> Playbook:
        """That of a situation."""
        found: Playbook = getattr(self, situation)
        return found


def playbooks_from(table: Mapping[str, Any]) -> Playbooks | tuple[Fault, ...]:
    """What a file says, or all that is wrong with it."""
    try:
        return Playbooks.model_validate(table)
    except ValidationError as error:
        return tuple(from_validation(error, Playbooks))


_OF_SIGNALS: Mapping[Kind, Situation] = {  # what is not named needs no more than a look
    "threat": "threat_by_mail",
    "home_visit": "threat_at_home",
    "self_harm": "self_harm",
    "child_in_danger": "child_in_danger",
    "insult": "hateful_words",
    "exposure": "exposure",
    "private_channel": "private_channels",
    "volume": "many_mails",
}
_OF_CATEGORIES: Mapping[Category, Situation] = {
    "physical_insecurity": "threat_at_home",
    "offensive_tone": "hateful_words",
    "public_shaming": "exposure",
    "private_contact": "private_channels",
    "volume": "many_mails",
    "outside_working_hours": "many_mails",
}
_SPOKEN: Collection[Channel] = ("phone", "meeting")


def for_signals(signals: Collection[tuple[str, str]]) -> tuple[Situation, ...]:
    """The situations that a mail's signals (kind, level) speak of, the gravest first; grey ones need none."""
    found = {_OF_SIGNALS.get(kind) for kind, level in signals if level != "grey"}  # type: ignore[call-overload]
    return tuple(one for one in SITUATIONS if one in found)


def for_incident(kinds: Collection[Category], channel: Channel) -> Situation:
    """The gravest situation that a report speaks of; where it names none, the one for afterwards."""
    found = set(_of_report(kinds, channel))
    return next((one for one in SITUATIONS if one in found), "after_hard_conversation")


def _of_report(kinds: Collection[Category], channel: Channel) -> Iterator[Situation]:
    for one in kinds:
        if one == "threats":
            yield "threat_on_phone" if channel in _SPOKEN else "threat_by_mail"
        elif one == "physical_insecurity" and channel == "meeting":
            yield "unannounced_visit"
        else:
            yield _OF_CATEGORIES[one]

"""What a rule is asked, and what it can answer."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Literal, NamedTuple

from workflows.decision import Reason, Sender, Sentence
from workflows.facts import CitizenFile, Facts
from workflows.framework import ContactFramework
from workflows.mail import Mail
from workflows.scope import Covering, Move, covering, move, narrowest, person_key


@dataclass(frozen=True)
class Question:
    """One mail, one recipient (as written in the envelope), and all that may be known about them."""

    mail: Mail
    sender: Sender
    facts: Facts
    now: datetime
    recipient: str

    @cached_property
    def key(self) -> str:
        """The recipient, with aliases and plus-tags resolved."""
        return person_key(self.recipient, self.facts.organisation, self.facts.policy)

    @cached_property
    def file(self) -> CitizenFile | None:
        """The sender's file."""
        return next((one for one in self.facts.files if one.citizen.id == self.sender.citizen), None)

    @cached_property
    def in_force(self) -> tuple[ContactFramework, ...]:
        """The sender's frameworks in force at this instant; none where nobody can tell."""
        policy = self.facts.policy
        found = self.file.frameworks if self.file and not self.facts.lapsed else ()
        return tuple(one for one in found if one.in_force(self.now, policy.zone, policy.calendar))

    @cached_property
    def winner(self) -> Covering | None:
        """The narrowest framework in force that covers the recipient."""
        if self.file is None:
            return None
        found = (covering(one, self.key, self.file, self.facts) for one in self.in_force)
        return narrowest(one for one in found if one)

    @cached_property
    def move(self) -> Move | None:
        """Where the winner would send the mail."""
        return move(self.winner, self.key, self.facts) if self.winner else None


class Ruled(NamedTuple):
    """The rule decides. ``to`` is set when the mail goes elsewhere; ``measure`` names what moves it."""

    reason: Reason
    because: Sentence
    to: str | None = None
    measure: str | None = None
    framework: Covering | None = None


class Passed(NamedTuple):
    """The rule looked and does not apply."""

    because: Sentence


Finding = Ruled | Passed


class Rule(NamedTuple):
    """A named rule. A rule about the sender gives every recipient the same answer and looks once."""

    name: str
    about: Literal["sender", "recipient"]
    look: Callable[[Question], Finding]

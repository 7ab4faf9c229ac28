"""What can come of sending: one value per recipient, and the two ways in which a connection lets us down."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Accepted:
    """The server took responsibility for this recipient."""


ACCEPTED = Accepted()


@dataclass(frozen=True, slots=True)
class Refused:
    """Refused for good. ``status`` is an enhanced code (RFC 3463); ``error`` begins with the reply code where a server said it."""

    status: str
    error: str


@dataclass(frozen=True, slots=True)
class Postponed:
    """Not now: this mail, at this recipient, is tried again."""

    status: str
    error: str


@dataclass(frozen=True, slots=True)
class Unreached:
    """The hop as a whole was away: no attempt of this mail's own."""

    error: str


@dataclass(frozen=True, slots=True)
class SetAside:
    """The guard died so often while sending this that it isn't tried now, and then alone."""

    crashes: int


Result = Accepted | Refused | Postponed | Unreached | SetAside


class ConnectionTrouble(Exception):
    """A connection that can't be made, or can no longer be used. ``str()`` is a short text without addresses."""


class DialogueTimeout(ConnectionTrouble):
    """The server didn't answer, or take what we sent, in time."""


class OutOfStep(ConnectionTrouble):
    """Answers and questions don't match: no answer of this mail can be believed, neither yes nor no."""


class StaleConnection(ConnectionTrouble):
    """A kept connection ended before it answered anything: nobody saw the mail, so another may be tried at once."""

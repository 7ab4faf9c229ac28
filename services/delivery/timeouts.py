"""How long a server may take (RFC 5321 4.5.3.2)."""

from dataclasses import dataclass

BYTES_PER_SECOND = 262_144  # slower than this, a large mail isn't waited for


@dataclass(frozen=True, slots=True)
class Timeouts:
    """In seconds (RFC 5321 4.5.3.2). ``ready`` is for all that comes before the first mail.

    ``attempt`` is for a whole transaction, and longer by the size of its content.
    """

    connect: float = 30
    ready: float = 330
    greeting: float = 300
    hello: float = 300
    mail: float = 300
    rcpt: float = 300
    data: float = 120
    block: float = 180
    dot: float = 600
    attempt: float = 600

    def of_command(self, command: bytes) -> float:
        """How long the reply to RSET, MAIL or RCPT may take, in seconds."""
        return self.rcpt if command.startswith(b"RCPT") else self.mail

    def of_attempt(self, size: int) -> float:
        """How long a transaction of ``size`` octets may take, in seconds."""
        return self.attempt + size / BYTES_PER_SECOND


RFC_TIMEOUTS = Timeouts()

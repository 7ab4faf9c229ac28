"""What the SMTP session hands on, and whom it hands it to."""

from datetime import datetime
from pathlib import Path
from typing import Literal, NamedTuple, Protocol

from workflows.mail import Envelope


class Received(NamedTuple):
    """One mail, whole, after the two mends, not yet ours.

    ``content`` is bytes in memory, or a file in the spool folder, flushed to disk (file and folder). ``header_block`` is the
    header section with its closing blank line, cut at 256 KiB. ``helo`` is what the client called itself.
    """

    id: str
    received_at: datetime
    client: str
    helo: str
    protocol: Literal["SMTP", "ESMTP", "ESMTPS", "LMTP", "LMTPS"]
    envelope: Envelope
    content: bytes | Path
    header_block: bytes
    sha256: str
    size: int
    smtputf8: bool = False
    eight_bit: bool = False


class Intake(Protocol):
    """Takes responsibility for a mail."""

    def ready(self) -> bool:
        """Whether mail can be taken now; if not, clients get 421."""
        ...

    def is_ours(self, recipient: str) -> bool:
        """Whether mail to ``recipient`` is ours to take; if not, it is relaying and gets 550."""
        ...

    async def take(self, received: Received) -> None:
        """Returns when the mail, its decision, deliveries, audit entry and events are on disk. Any exception means 451.

        After ``CommitUnknown`` the mail may be ours all the same: its file stays.
        """
        ...

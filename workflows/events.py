"""The wire events: CloudEvents 1.0, versioned, with ids and codes only.

No subject, text, name or address is ever part of an event: a consumer that needs more asks the store, and the
read is recorded there.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

STREAM = "RAMMEVAGT"
TYPE_PREFIX = "dk.rammevagt."
SUBJECT_PREFIX = "rammevagt."


@dataclass(frozen=True, slots=True)
class Event:
    """One event as it is born, in the transaction whose fact it tells.

    ``id`` is its identity for ever (CloudEvents ``id`` and ``Nats-Msg-Id``). ``what`` is ``<area>.<what>`` such as
    ``mail.decided``. ``subject`` is the guard's id of what it is about (a mail, a framework): events of one subject keep their order.
    """

    id: str
    what: str
    subject: str
    at: datetime
    data: dict[str, Any]

    def nats_subject(self) -> str:
        """Where it is published."""
        return SUBJECT_PREFIX + self.what

    def cloudevent(self) -> dict[str, Any]:
        """The structured-mode JSON (CloudEvents 1.0)."""
        return {
            "specversion": "1.0",
            "id": self.id,
            "source": "/rammevagt",
            "type": f"{TYPE_PREFIX}{self.what}.v1",
            "subject": self.subject,
            "time": self.at.isoformat(),
            "datacontenttype": "application/json",
            "data": self.data,
        }

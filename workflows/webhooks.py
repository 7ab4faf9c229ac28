"""Webhooks, as far as values go: which events somebody asked for, how a request is signed, and what its answer means.

Signatures, headers and the meaning of answers are those of Standard Webhooks 1.0 (standardwebhooks.com). Pure: the instant is an
argument.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import Enum
from typing import Any

from workflows.event_data import EVENTS

MEDIA_TYPE = "application/cloudevents+json"  # CloudEvents 1.0, HTTP binding, structured mode
PREFIX = "whsec_"
LEAST, MOST = 24, 64  # octets of a secret
REFUSALS = 12  # tries of one event that is refused while others may be taken: about an hour, by ``backoff.webhook_delay``
_OF_THIS_EVENT = frozenset({400, 406, 409, 413, 415, 422, 500, 501})


class Answer(Enum):
    """What the other system's status says of an event that was sent to it."""

    TAKEN = "taken"
    REFUSED = "refused"  # this event; another may be taken
    AWAY = "away"  # the system as a whole does not take events now
    GONE = "gone"  # it wants no more, ever


def meaning_of(status: int) -> Answer:
    """2xx alone takes an event; 410 ends a webhook; no redirection is followed."""
    if 200 <= status < 300:
        return Answer.TAKEN
    if status == 410:
        return Answer.GONE
    return Answer.REFUSED if status in _OF_THIS_EVENT else Answer.AWAY


def secrets_in(text: str) -> tuple[bytes, ...]:
    """The secrets in a file, one a line: the first is the current one, others are on their way out. Raises ``ValueError``."""
    found = tuple(_secret(line.strip()) for line in text.splitlines() if line.strip())
    if not found:
        raise ValueError("holds no secret")
    return found


def _secret(line: str) -> bytes:
    if not line.startswith(PREFIX):
        raise ValueError(f"holds a line that does not begin with {PREFIX}")
    try:
        found = base64.b64decode(line.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError(f"holds a line that is not in base64 after {PREFIX}") from None
    if not LEAST <= len(found) <= MOST:
        raise ValueError(f"holds a secret of {len(found)} octets; it must have {LEAST} to {MOST}")
    return found


def headers_of(id: str, body: bytes, at: datetime, secrets: Sequence[bytes]) -> dict[str, str]:
    """The headers of one try at ``at``. An event keeps its ``id`` however often it is sent; each secret signs for itself."""
    timestamp = str(int(at.timestamp()))
    signed = b".".join((id.encode(), timestamp.encode(), body))
    digests = (hmac.new(secret, signed, hashlib.sha256).digest() for secret in secrets)
    return {
        "content-type": MEDIA_TYPE,
        "webhook-id": id,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(f"v1,{base64.b64encode(one).decode()}" for one in digests),
    }


def kinds_of(pattern: str) -> tuple[str, ...]:
    """The kinds of events that ``pattern`` names: one kind, those of an area (``framework.*``), or all (``*``); none: unknown."""
    if pattern == "*":
        return tuple(EVENTS)
    area = pattern.removesuffix("*")
    return tuple(one for one in EVENTS if one == pattern or (area != pattern and area.endswith(".") and one.startswith(area)))


def names_unit(kind: str) -> bool:
    """Whether events of this kind say which unit they are about."""
    return not {"unit", "units"}.isdisjoint(EVENTS[kind].model_fields)


def concerns(data: Mapping[str, Any], unit: str | None) -> bool:
    """Whether an event is about ``unit``. A framework without units holds for all of them; None asks for every event."""
    if unit is None or data.get("units") == []:
        return True
    return data.get("unit") == unit or unit in data.get("units", ())

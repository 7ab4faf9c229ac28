"""Notices as the store keeps them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from pydantic import TypeAdapter

from services.store.values import OutgoingMail
from workflows.notice_rules import Preferences
from workflows.notices import Notice

State = Literal["waiting", "told", "untold", "needless"]  # needless: a reminder of what was opened before it was told
NOTICE = TypeAdapter(Notice)
PREFERENCES = TypeAdapter(Preferences)


@dataclass(frozen=True, slots=True)
class KeptNotice:
    """A notice, and how far it has come. ``revision`` names this state of it. ``next_at``: when something is to be done with it.

    ``mail`` is born with it where it goes by mail at once.
    """

    id: str
    notice: Notice
    batch: str
    at: datetime
    state: State = "waiting"
    next_at: datetime | None = None
    revision: int = 0
    channel: str | None = None
    failed: tuple[str, ...] = ()
    tries: int = 0
    delivery: str | None = None
    told_at: datetime | None = None
    seen_at: datetime | None = None
    opened_at: datetime | None = None
    mail: OutgoingMail | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of people: how they want to be told, when they were last told of a batch (person and batch), and of which
    batches something waits for them."""

    preferences: Mapping[str, Preferences] = field(default_factory=dict)
    told: Mapping[tuple[str, str], datetime] = field(default_factory=dict)
    waiting: Collection[tuple[str, str]] = frozenset()

"""Durable state: mail, decisions, queue, register, outbox, audit chain."""

from services.store.open import open_store
from services.store.sql_store import SqlStore

__all__ = ["SqlStore", "open_store"]

"""Adds to the assessments of mails what only the store knows: that their sender suddenly writes far more than they use to."""

from collections.abc import Mapping
from typing import Any

from services.settings import ZONE
from services.store.interface import Store, Unassessed
from workflows.assess import Signal, with_signal
from workflows.people import Grade
from workflows.signals import SignalWords
from workflows.signals.volume import LOOK_BACK, unusual

Wire = dict[str, Any]
Read = tuple[Unassessed, Wire]


async def with_volume(store: Store, words: SignalWords, told: Mapping[str, Mapping[str, Any]], found: list[Read]) -> list[Read]:
    """``found``, each with the signal where it belongs. ``told`` has the data of ``mail.decided`` by mail.

    Only verified senders are looked at: under doubt one person's volume would be laid on another.
    """
    writers = {mail.id: told[mail.id]["citizen"] for mail, _ in found if told[mail.id]["grade"] == Grade.VERIFIED}
    if not writers:
        return found
    oldest = min(mail.came_at for mail, _ in found)
    received = await store.views.received_of(set(writers.values()), oldest - LOOK_BACK)
    more = {mail.id: unusual(received[writers[mail.id]], mail.came_at, ZONE, words) for mail, _ in found if mail.id in writers}
    return [(mail, _with(wire, words, seen) if (seen := more.get(mail.id)) else wire) for mail, wire in found]


def _with(wire: Wire, words: SignalWords, rule_id: str) -> Wire:
    return with_signal(wire, Signal("volume", words.volume_level, rule_id))

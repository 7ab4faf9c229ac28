"""The notices that an assessed mail calls for, from what was found in it and from whom it may be."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from services.notify.evasion import beside_the_question
from services.store.interface import Unassessed
from workflows import notices
from workflows.facts import CitizenFile
from workflows.notice_rules import is_alarm
from workflows.notices import House, Notice

Wire = dict[str, Any]


def planned(
    mail: Unassessed, decision: Wire, wire: Wire, files: Sequence[CitizenFile], *, figures: Wire | None, house: House, now: datetime
) -> tuple[Notice, ...]:
    """``figures`` are the mail's (``workflows.summary``), where it could be read; ``files`` those of the sender's addresses, where
    something in the mail or its decision asks for them."""
    return notices.plan(
        decision,
        signals=beside_the_question(wire["signals"]),
        rights=wire["rights"],
        house=house,
        now=now,
        received_at=mail.came_at,
        files=files,
        noted=wire.get("noted", ()),
        figures=figures,
    )


def strangers_units(decision: Wire, plan: Sequence[Notice], house: House) -> frozenset[str]:
    """The units whose leaders are alarmed by a mail of nobody in the register, which is otherwise nobody's in the console."""
    sender, alarmed = decision["sender"], {one.to for one in plan if is_alarm(one)}
    if sender["citizen"] or sender.get("candidates") or not alarmed:
        return frozenset()
    units = {unit for one in decision["recipients"] if (unit := house.unit_of(one))}
    return frozenset(one for one in units if not alarmed.isdisjoint({house.leader(one), house.duty_officer(one)}))

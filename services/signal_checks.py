"""What the settings of signals must hold together, and with the signal words."""

from collections.abc import Iterator

from services import signal_words
from services.settings import Settings
from workflows.faults import Fault, nearest
from workflows.signals.rules import WEIGHED

NEVER_YELLOW = frozenset({"criticism", "unreadable"})


def signal_faults(settings: Settings) -> Iterator[Fault]:
    """Kinds and patterns that are named and can't be meant."""
    signals = settings.signals
    if not (signals.yellow or signals.off):
        return
    patterns = signal_words.patterns()
    danger = {one.kind for one in patterns.values() if one.level == "red"}
    for kind, told in signals.yellow.items():
        if kind in NEVER_YELLOW:
            yield Fault(("signals", "yellow", kind), f'"{kind}" is grey, and told to nobody; leave it out')
        elif told == "none" and kind in danger:
            yield Fault(
                ("signals", "yellow", kind), f'"{kind}" may be somebody in danger, and is always told; write "now" or "digest"'
            )
    for place, id in enumerate(signals.off):
        if id not in patterns:
            yield Fault(("signals", "off", place), f'there is no pattern "{id}"{nearest(id, tuple(patterns))}')
    for kind in sorted(danger):  # words on the scales see what phrases don't: they are no substitute
        of_kind = (one.id for one in patterns.values() if one.kind == kind and one.level == "red")
        if all(id in signals.off for id in of_kind if id not in WEIGHED.values()):
            yield Fault(("signals", "off"), f"leaves nothing red of {kind}; keep one of its patterns")

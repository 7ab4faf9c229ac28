"""The signal words as installed: read once from ``config/signals.da.toml``."""

from collections.abc import Mapping
from functools import cache, lru_cache
from pathlib import Path

from workflows.signals import Pattern, SignalWords, Tuning, patterns_from, words_from
from workflows.signals.rules import AS_GIVEN

FILE = Path(__file__).parents[1] / "config" / "signals.da.toml"


@lru_cache(maxsize=4)
def load(tuning: Tuning = AS_GIVEN) -> SignalWords:
    """The installed signal words, as a municipality has tuned them; raises ``BadSignalWords`` with every fault."""
    return words_from(FILE.read_text(encoding="utf-8"), tuning)


@cache
def patterns() -> Mapping[str, Pattern]:
    """What each of them looks for, by id, also of those that are switched off; at a fraction of what ``load`` costs."""
    return patterns_from(FILE.read_text(encoding="utf-8"))

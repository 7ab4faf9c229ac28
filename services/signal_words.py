"""The signal words as installed: read once from ``config/signals.da.toml``."""

from functools import lru_cache
from pathlib import Path

from workflows.signals import SignalWords, Tuning, words_from
from workflows.signals.rules import AS_GIVEN

FILE = Path(__file__).parents[1] / "config" / "signals.da.toml"


@lru_cache(maxsize=4)
def load(tuning: Tuning = AS_GIVEN) -> SignalWords:
    """The installed signal words, as a municipality has tuned them; raises ``BadSignalWords`` with every fault."""
    return words_from(FILE.read_text(encoding="utf-8"), tuning)

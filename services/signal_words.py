"""The signal words as installed: read once from ``config/signals.da.toml``."""

from functools import lru_cache
from pathlib import Path

from workflows.signals import SignalWords, words_from

FILE = Path(__file__).parents[1] / "config" / "signals.da.toml"


@lru_cache(maxsize=1)
def load() -> SignalWords:
    """The installed signal words; raises ``workflows.signals.BadSignalWords`` with every fault at once."""
    return words_from(FILE.read_text(encoding="utf-8"))

"""The evidence of who wrote as installed: read once from ``config/identity.toml``."""

from functools import lru_cache
from pathlib import Path

from workflows.identity_words import IdentityWords, identity_words_from

FILE = Path(__file__).parents[1] / "config" / "identity.toml"


@lru_cache(maxsize=1)
def load() -> IdentityWords:
    """What is installed; raises ``workflows.identity_words.BadIdentityWords`` with every fault at once."""
    return identity_words_from(FILE.read_text(encoding="utf-8"))

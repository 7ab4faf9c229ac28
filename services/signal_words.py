"""The signal words as installed: read once from ``config/signals.da.toml``, with the words' classes and weights beside it."""

import tomllib
from collections.abc import Mapping
from dataclasses import replace
from functools import cache, lru_cache
from pathlib import Path

from workflows.signals import BadSignalWords, Pattern, SignalWords, Tuning, patterns_from, words_from
from workflows.signals.rules import AS_GIVEN
from workflows.signals.scales import BadWeights, Scales, scales_from

_CONFIG = Path(__file__).parents[1] / "config"
FILE = _CONFIG / "signals.da.toml"
CLASSES_FILE = _CONFIG / "signals.classes.toml"
WEIGHTS_FILE = _CONFIG / "signals.weights.tsv"
RIGHTS_FILE = _CONFIG / "rights.weights.tsv"


@lru_cache(maxsize=4)
def load(tuning: Tuning = AS_GIVEN) -> SignalWords:
    """The installed signal words, as a municipality has tuned them; raises ``BadSignalWords`` with every fault."""
    return replace(words_from(FILE.read_text(encoding="utf-8"), tuning), scales=_scales())


@cache
def patterns() -> Mapping[str, Pattern]:
    """What each of them looks for, by id, also of those that are switched off; at a fraction of what ``load`` costs."""
    return patterns_from(FILE.read_text(encoding="utf-8"))


@cache
def _scales() -> Scales:
    classes, red, rights = (file.read_text(encoding="utf-8") for file in (CLASSES_FILE, WEIGHTS_FILE, RIGHTS_FILE))
    try:
        return scales_from(classes_of(classes), red, rights)
    except (BadWeights, tomllib.TOMLDecodeError) as fault:
        raise BadSignalWords([f"{CLASSES_FILE.name}, {WEIGHTS_FILE.name}, {RIGHTS_FILE.name}: {fault}"]) from fault


def classes_of(text: str) -> dict[str, list[str]]:
    """The classes of words that a file's ``text`` (TOML) lists, by name; raises ``BadWeights``."""
    classes = tomllib.loads(text).get("classes")
    if not isinstance(classes, dict):
        raise BadWeights("[classes] is missing")
    return classes

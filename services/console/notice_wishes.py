"""How somebody wants to be told, as they fill it in: read, checked, and shown again where something is wrong."""

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import time
from typing import get_args

from services.console.words import N_
from services.settings import NoticeChannel
from workflows.notice_mail import Language
from workflows.notice_rules import CONSOLE, MAIL, Preferences

MOST_WAYS = MOST_DIGESTS = 3
BY_MAIL, HERE_ALONE = N_("Mail"), N_("Kun her i Rammevagt")
LANGUAGES: dict[str, str] = {"both": N_("Dansk med engelsk under"), "da": N_("Dansk"), "en": N_("Engelsk")}
NO_WAY = N_("Vælg, hvor du vil have besked.")
NO_HANDLE = N_("Skriv, hvem du er i %(title)s.")
WRONG_HANDLE = N_("Det kan %(title)s ikke bruge. Se efter, om der er en slåfejl.")
NO_TIME = N_("Skriv et klokkeslæt, for eksempel 16.30.")
HALF = N_("Skriv både, hvornår roen begynder, og hvornår den slutter.")
NO_PAUSE = N_("Roen kan ikke begynde og slutte på samme klokkeslæt.")
NO_LANGUAGE = N_("Vælg et sprog.")
_CLOCK = re.compile(r"([0-9]{1,2})[.:]([0-9]{2})(?::00)?")
Errors = list[tuple[str, str, dict[str, str]]]  # of which field, in which words, with what put in


@dataclass(frozen=True, slots=True)
class Filled:
    """The form as it was filled in, or as it would be for what is kept."""

    ways: Sequence[str] = ()
    handles: Mapping[str, str] = field(default_factory=dict)
    quiet: tuple[str, str] = ("", "")
    digest: Sequence[str] = ()
    language: str = "both"


def filled_of(kept: Preferences) -> Filled:
    """The form for what is kept."""
    begins, ends = (f"{one:%H:%M}" for one in kept.quiet) if kept.quiet else ("", "")
    return Filled(kept.channels, dict(kept.handles), (begins, ends), [f"{one:%H:%M}" for one in kept.digest], kept.language)


def read(filled: Filled, there: Sequence[NoticeChannel]) -> tuple[Preferences, Errors]:
    """What was filled in, and what is wrong with it. ``there``: the ways that IT has set up."""
    errors: Errors = []
    ways = _ways(filled, {one.name for one in there}, errors)
    handles = _handles(filled, ways, there, errors)
    quiet = _quiet(filled.quiet, errors)
    digest = _digest(filled.digest, errors)
    if filled.language not in get_args(Language):
        errors.append(("language", NO_LANGUAGE, {}))
    language: Language = "da" if filled.language == "da" else "en" if filled.language == "en" else "both"
    return Preferences(ways, quiet, digest, language, handles), errors


def _ways(filled: Filled, there: set[str], errors: Errors) -> tuple[str, ...]:
    """Each once; what comes after the console alone is never tried."""
    chosen = list(dict.fromkeys(one for one in filled.ways[:MOST_WAYS] if one))
    if not chosen or not {*chosen} <= {MAIL, CONSOLE, *there}:
        errors.append(("way-1", NO_WAY, {}))
        return (MAIL,)
    return tuple(chosen[: chosen.index(CONSOLE) + 1] if CONSOLE in chosen else chosen)


def _handles(filled: Filled, ways: Sequence[str], there: Sequence[NoticeChannel], errors: Errors) -> dict[str, str]:
    found = {}
    for one in there:
        handle = filled.handles.get(one.name, "").strip()
        if handle and not re.fullmatch(one.handle, handle):
            errors.append((f"handle-{one.name}", WRONG_HANDLE, {"title": one.title}))
        elif handle:
            found[one.name] = handle
        elif one.name in ways:
            errors.append((f"handle-{one.name}", NO_HANDLE, {"title": one.title}))
    return found


def _quiet(typed: tuple[str, str], errors: Errors) -> tuple[time, time] | None:
    names = ("quiet-from", "quiet-until")
    begins, ends = (_time(one, name, errors) for one, name in zip(typed, names, strict=True))
    if bool(typed[0].strip()) != bool(typed[1].strip()):
        errors.append((names[1] if typed[0].strip() else names[0], HALF, {}))
    if begins is None or ends is None:
        return None
    if begins == ends:
        errors.append((names[1], NO_PAUSE, {}))
    return begins, ends


def _digest(typed: Sequence[str], errors: Errors) -> tuple[time, ...]:
    found = [_time(one, f"digest-{place}", errors) for place, one in enumerate(typed[:MOST_DIGESTS], 1)]
    return tuple(sorted({one for one in found if one is not None}))


def _time(typed: str, name: str, errors: Errors) -> time | None:
    """As a browser sends it, or as people write it; None where there is none."""
    if not typed.strip():
        return None
    match = _CLOCK.fullmatch(typed.strip())
    with suppress(ValueError):
        if match:
            return time(int(match[1]), int(match[2]))
    errors.append((name, NO_TIME, {}))
    return None

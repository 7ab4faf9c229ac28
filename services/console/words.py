"""The console's languages: texts, dates, weekdays and numbers. Danish is the source; English comes from ``translations/en.po``."""

import re
from datetime import date, datetime, timedelta
from functools import cache
from gettext import NullTranslations
from io import BytesIO
from pathlib import Path

from babel.core import Locale
from babel.dates import format_date, format_datetime, format_time, format_timedelta
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal
from babel.support import Translations

from services.settings import ZONE

LANGUAGES = {"da": "Dansk", "en": "English"}
SOURCE = "da"
FOLDER = Path(__file__).parent / "translations"
_LOCALES = {"da": "da_DK", "en": "en_GB"}
_KILO = 1000
_OWN_IDS = tuple(
    (re.compile(rf"\b{word} [0-9a-z]{{26}}\b"), instead)  # as ``services.clock.new_id`` makes them
    for word, instead in (("Ramme", "Rammen"), ("ramme", "rammen"), ("Framework", "The framework"), ("framework", "the framework"))
)


def N_(text: str) -> str:
    """Marks a text that is translated where it is shown."""
    return text


class Words:
    """One language. Instants are shown in Danish time."""

    def __init__(self, language: str) -> None:
        self.language = language
        self.locale = Locale.parse(_LOCALES[language])
        self.texts: NullTranslations = NullTranslations() if language == SOURCE else _read(language)

    def gettext(self, text: str) -> str:
        """``text`` in this language."""
        return self.texts.gettext(text)

    def ngettext(self, one: str, many: str, count: int) -> str:
        """``one`` or ``many`` in this language; ``%(num)s`` is for the caller to fill."""
        return self.texts.ngettext(one, many, count)

    def long_date(self, day: date) -> str:
        """23. november 2026."""
        return format_date(_day(day), "long", locale=self.locale)

    def day(self, day: date) -> str:
        """Mandag den 23. november 2026, as it stands inside a sentence."""
        return format_date(_day(day), "full", locale=self.locale)

    def short_date(self, day: date) -> str:
        """23.11.2026."""
        pattern = "dd.MM.yyyy" if self.language == SOURCE else "dd/MM/yyyy"
        return format_date(_day(day), pattern, locale=self.locale)

    def weekday(self, day: date) -> str:
        """Mandag."""
        return format_date(_day(day), "EEEE", locale=self.locale)

    def time(self, at: datetime) -> str:
        """10.00."""
        return format_time(at.astimezone(ZONE), "short", locale=self.locale)

    def clock(self, text: str) -> str:
        """10.00, of a time of day that is kept as text (10:00)."""
        return text.replace(":", ".") if self.language == SOURCE else text

    def moment(self, at: datetime) -> str:
        """23. nov. 2026 10.00."""
        return format_datetime(at, "d. MMM y HH.mm" if self.language == SOURCE else "d MMM y HH:mm", ZONE, self.locale)

    def span(self, span: timedelta) -> str:
        """3 timer."""
        return format_timedelta(span, locale=self.locale)

    def ago(self, at: datetime, now: datetime) -> str:
        """For 3 timer siden, or om 3 timer."""
        return format_timedelta(at - now, add_direction=True, locale=self.locale)

    def number(self, value: float) -> str:
        """12.345."""
        return format_decimal(value, locale=self.locale)

    def size(self, count: float) -> str:
        """12,3 MB."""
        for unit in ("kB", "MB", "GB"):
            count /= _KILO
            if count < _KILO:
                return f"{self.number(round(count, 1))} {unit}"
        count /= _KILO
        return f"{self.number(round(count, 1))} TB"


@cache
def words(language: str) -> Words:
    """A language of ``LANGUAGES``; any other is Danish."""
    return Words(language if language in LANGUAGES else SOURCE)


@cache
def known() -> frozenset[str]:
    """Every text of the pages, in the source language."""
    with (FOLDER / "en.po").open("rb") as file:
        catalog = read_po(file, locale="en")
    return frozenset(one for message in catalog if (one := message.id) and isinstance(one, str))


def without_ids(text: str) -> str:
    """A sentence of the evaluator without the ids that the guard itself gave frameworks: they tell nobody anything."""
    for pattern, instead in _OWN_IDS:
        text = pattern.sub(instead, text)
    return text


def _day(day: date) -> date:
    return day.astimezone(ZONE).date() if isinstance(day, datetime) else day


def _read(language: str) -> Translations:
    with (FOLDER / f"{language}.po").open("rb") as file:
        catalog = read_po(file, locale=language)
    compiled = BytesIO()
    write_mo(compiled, catalog)
    compiled.seek(0)
    return Translations(compiled)

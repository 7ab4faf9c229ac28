"""What is told about posts, in words: when something is due, what a mail holds, and what a reader looks for."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from babel.lists import format_list
from babel.numbers import format_decimal

from services.console.mail_words import RIGHTS
from services.console.words import N_, Words
from services.settings import ZONE
from workflows.post import Owed
from workflows.summary import Summary

SOON = timedelta(days=6)  # within which a weekday tells a day apart
CLOSE = timedelta(hours=2)  # before a deadline, in which it is pressing
WHOLE = 100  # øre in a krone

DUE = {
    "read": N_("Skal læses %(when)s"),
    "answer": N_("Skal besvares %(when)s"),
    "right": N_("%(right)s: skal være behandlet %(when)s"),
}
LATE = {
    "read": N_("Skulle være læst %(when)s"),
    "answer": N_("Skulle være besvaret %(when)s"),
    "right": N_("%(right)s: skulle være behandlet %(when)s"),
}
TODAY, TOMORROW = N_("inden kl. %(time)s i dag"), N_("inden kl. %(time)s i morgen")
THIS_WEEK, LATER = N_("senest %(weekday)s kl. %(time)s"), N_("senest %(weekday)s den %(date)s")
EARLIER_TODAY, YESTERDAY, BEFORE = N_("kl. %(time)s i dag"), N_("i går kl. %(time)s"), N_("%(day)s kl. %(time)s")

DUTIES = (
    (N_("Er der nye oplysninger?"), N_("Notér dem på sagen.")),
    (N_("Søger borgeren om noget?"), N_("En ansøgning skal behandles, også når der er en ramme.")),
    (N_("Klager borgeren?"), N_("Også en klage over rammen eller over en medarbejder skal videre.")),
    (N_("Er der bekymring for et barn?"), N_("Den skal vurderes inden 24 timer.")),
    (N_("Er nogen i fare eller i akut nød?"), N_("Ring 112 ved fare for liv. Sig det til lederen med det samme.")),
    (N_("Beder borgeren om aktindsigt, eller om at få noget rettet eller slettet?"), N_("Det har sine egne frister.")),
    (N_("Skulle mailen have været sendt til nogen anden?"), N_("Send den videre. Afvis den ikke.")),
)
FOUND = {
    "new_facts": N_("Nye oplysninger, som er noteret på sagen"),
    "application": N_("En ansøgning"),
    "complaint": N_("En klage"),
    "child_concern": N_("Bekymring for et barn"),
    "urgent_help": N_("Nogen i fare eller i akut nød"),
    "file_access": N_("Ønske om aktindsigt"),
    "data_access": N_("Ønske om at se egne oplysninger"),
    "deletion_request": N_("Ønske om at få noget rettet eller slettet"),
    "nothing_new": N_("Ikke noget nyt"),
}


@dataclass(frozen=True, slots=True)
class Due:
    """One deadline as it is shown: its text, and how pressing it is (the kind of a chip; nothing: there is time)."""

    text: str
    kind: str
    right: bool = False  # that of a right


def due(one: Owed, now: datetime, words: Words) -> Due:
    """What is owed of a post, by when."""
    right = words.gettext(RIGHTS.get(one.right, one.right)) if one.right else ""
    late = one.due <= now
    when = since(one.due, now, words) if late else until(one.due, now, words)
    text = words.gettext((LATE if late else DUE)[one.what]) % {"when": when, "right": right}
    return Due(text, "alarm" if late else "look" if one.due - now <= CLOSE else "", bool(right))


def until(at: datetime, now: datetime, words: Words) -> str:
    """*inden kl. 14.10 i dag*: within a sentence."""
    days = _day(at) - _day(now)
    text = TODAY if not days else TOMORROW if days == timedelta(days=1) else THIS_WEEK if days <= SOON else LATER
    return _filled(text, at, words)


def since(at: datetime, now: datetime, words: Words) -> str:
    """*i går kl. 14.10*: within a sentence."""
    days = _day(now) - _day(at)
    return _filled(EARLIER_TODAY if not days else YESTERDAY if days == timedelta(days=1) else BEFORE, at, words)


def summed_up(found: Summary, words: Words) -> str:
    """What a mail holds, in a few short sentences without a word of it."""
    return " ".join(_sentences(found, words))


def _sentences(found: Summary, words: Words) -> Iterator[str]:
    if found.words:
        yield words.ngettext("Mailen er på ét ord.", "Mailen er på %(num)s ord.", found.words) % {"num": words.number(found.words)}
    else:
        yield words.gettext("Mailen har ingen tekst, som vagten kan læse.")
    if found.questions:
        yield words.ngettext("Den stiller ét spørgsmål.", "Den stiller %(num)s spørgsmål.", found.questions) % {
            "num": words.number(found.questions)
        }
    named = [words.long_date(one) for one in found.dates] + [_kroner(one, words) for one in found.amounts]
    if named:
        text = words.gettext("Den nævner blandt andet %(named)s.") if found.more else words.gettext("Den nævner %(named)s.")
        yield text % {"named": _listed(named, words)}
    if found.attachments:
        yield words.ngettext("Én fil er vedhæftet.", "%(num)s filer er vedhæftet.", found.attachments) % {
            "num": words.number(found.attachments)
        }


def _kroner(amount: int, words: Words) -> str:
    shown = words.number(amount // WHOLE) if amount % WHOLE == 0 else format_decimal(amount / WHOLE, "#,##0.00", words.locale)
    return words.gettext("%(amount)s kroner") % {"amount": shown}


def _listed(named: Sequence[str], words: Words) -> str:
    return format_list(named, locale=words.locale)


def _filled(text: str, at: datetime, words: Words) -> str:
    values = {"time": words.time(at), "weekday": words.weekday(_day(at)), "day": words.day(_day(at)), "date": words.long_date(at)}
    return words.gettext(text) % values


def _day(at: datetime) -> date:
    return at.astimezone(ZONE).date()

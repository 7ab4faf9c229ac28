"""What the placeholders of a letter stand for, written out from the matter.

A value that does not concern the letter is not there; one that it needs and nobody has given is there and empty.
"""

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from string import Template

from workflows.addresses import normalise
from workflows.dossier import Decided, Eased, Extended, Heard, Record
from workflows.framework import URGENT_WORKING_DAYS, ContactFramework
from workflows.happening import Happening
from workflows.intervention import concerned_units, intervention
from workflows.letters.language import listed, written_day, written_hours
from workflows.letters.measures import measure_values
from workflows.letters.shapes import MOVE, Kind, Language, Matter, Value, exact, own
from workflows.letters.texts import Wording
from workflows.people import Unit

Values = Mapping[str, Value]
_ANSWERS = ("expects", "consequence", "talk", "threat", "breach")  # fields of the move's record that stand in the letter as written
HALF_YEAR = range(182, 185)  # days, as months fall
_UNSEEN = frozenset({"Cc", "Cs", "Cn", "Co", "Zl", "Zp"})
_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff\u00ad")


@dataclass(frozen=True, slots=True)
class Writing:
    """One letter while it is being written: of what kind, about what, in which words."""

    kind: Kind
    matter: Matter
    words: Wording

    @property
    def language(self) -> Language:
        """Of the letter."""
        return self.words.language

    def say(self, phrase: str, **given: str) -> str:
        """A phrase of the municipality's."""
        return Template(self.words.phrases[phrase]).substitute(given)

    def record(self) -> Record | None:
        """What the move records: as it is being made, or as it was made."""
        if self.matter.record is not None and self.matter.record.move == MOVE[self.kind]:
            return self.matter.record
        made = self.matter.dossier.last(MOVE[self.kind])
        return made.record if made else None

    def answer(self, *names: str) -> str:
        """What the author wrote in the first of these fields of the record; empty where it has none of them."""
        record = self.record()
        return next((str(text).strip() for name in names if (text := getattr(record, name, None))), "")

    def framework(self) -> ContactFramework:
        """The framework that the letter tells of: as it will be, where that is another than it is."""
        current, record = self.matter.dossier.framework, self.record()
        if isinstance(record, Eased):
            return record.framework
        if self.kind == "extension" and self.matter.dossier.successor is not None:
            return self.matter.dossier.successor
        if isinstance(record, Extended):
            return current.model_copy(update={"starts": record.starts, "review": record.review, "ends": record.ends})
        return current

    def unit(self) -> Unit | None:
        """The unit that writes: the author's own where the framework concerns it, else the first that it concerns."""
        concerned = concerned_units(self.framework(), self.matter.cases)
        author = self.matter.employees.get(normalise(self.matter.by))
        own = author.unit if author and (author.unit in concerned or not concerned) else min(concerned, default="")
        return self.matter.units.get(own)

    def day(self, one: date | None) -> Value:
        """A day as it is written, which the citizen must be told."""
        return exact(written_day(one, self.language) if one else "")

    def name_of(self, address: str) -> str:
        """An employee's name; the address of somebody who is not in the register."""
        known = self.matter.employees.get(normalise(address))
        return known.name if known else address


def values(writing: Writing) -> Values:
    """Every placeholder of this letter."""
    found: dict[str, Value] = {}
    for part in (_people, _head, _measures, _dates, _happenings, _ground, _answers, _heard):
        found |= part(writing)
    return {name: Value(clean(one.text), _cleaned(one.kept), _cleaned(one.words)) for name, one in found.items()}


def _cleaned(texts: tuple[str, ...]) -> tuple[str, ...]:
    return tuple([clean(one) for one in texts])


def clean(text: str) -> str:
    """The text as it can stand on paper: composed (NFC), line ends as one, no control and no direction-changing characters."""
    lines = unicodedata.normalize("NFC", text).replace("\r\n", "\n").replace("\r", "\n").replace("\t", " ")
    return "".join(one for one in lines if one == "\n" or (unicodedata.category(one) not in _UNSEEN and one not in _TURNING))


def _people(writing: Writing) -> Values:
    matter, unit = writing.matter, writing.unit()
    decider = matter.dossier.framework.decided_by if writing.kind in ("decision", "urgent") else None
    return {
        "citizen": Value(matter.citizen.name),
        "unit": exact(unit.name if unit else ""),
        "leader": exact(writing.name_of(unit.leader) if unit else ""),
        "signer": exact(writing.name_of(decider or matter.by)),
        "municipality": exact(matter.head.name),
    }


def _head(writing: Writing) -> Values:
    head, language = writing.matter.head, writing.language
    found = {
        "phone": exact(head.phone),
        "phone_hours": exact(listed([written_hours(one, language) for one in head.phone_hours], language)),
        "urgent_phone": exact(head.urgent_phone),
        "dpo": exact(head.dpo),
        "kept": exact(_kept(writing, head.kept_days)),
    }
    if head.citizen_adviser:
        found["citizen_adviser"] = Value(writing.say("adviser.who", who=head.citizen_adviser))
    return found


def _kept(writing: Writing, days: int) -> str:
    return writing.say("time.kept_half_year") if days in HALF_YEAR else writing.say("time.kept_days", days=str(days))


def _measures(writing: Writing) -> Values:
    return measure_values(writing.framework(), writing.matter, writing.unit(), writing.language, writing.say)


def _dates(writing: Writing) -> Values:
    framework, matter = writing.framework(), writing.matter
    found = {
        "today": writing.day(matter.today),
        "starts": writing.day(framework.starts),
        "review": writing.day(framework.review),
        "ends": writing.day(framework.ends),
    }
    decided = matter.dossier.last("decided", "activated_urgently")
    if decided and writing.kind not in ("decision", "urgent"):
        found["decided"] = writing.day(decided.at.astimezone(matter.head.zone).date())
    if writing.kind == "urgent":
        lapse = matter.head.calendar.nth_working_day(framework.starts, URGENT_WORKING_DAYS) if framework.starts else None
        found["lapses"] = writing.day(min(lapse, framework.ends) if lapse and framework.ends else lapse)
    return found


def _happenings(writing: Writing) -> Values:
    """What happened; for an extension inside the period that ends, or why it goes on without."""
    record = writing.record()
    told, instead = writing.matter.dossier.ground.happenings, ""
    if writing.kind == "extension":
        told, instead = (record.happenings if isinstance(record, Extended) else ()), writing.answer("without_incident_because")
    told = tuple([one for one in told if one.what.strip()])
    text = _items(_happening(one, writing) for one in told) or instead
    days = tuple([written_day(one.on, writing.language) for one in told])
    return {"happenings": Value(text, days, tuple([one.what for one in told]) or own(instead).words)}


def _happening(one: Happening, writing: Writing) -> str:
    """With its day; what tells by itself who did it ("Du skrev …") follows the day as it is."""
    day = written_day(one.on, writing.language)
    clock = (one.at or "").replace(":", ".") if writing.language == "da" else one.at or ""
    when = writing.say("happening.when_at", date=day, time=clock) if clock else writing.say("happening.when", date=day)
    tells_who = one.what.strip().casefold().startswith(("du ", "you "))
    return writing.say("happening.told" if tells_who else f"happening.{one.channel}", when=when, what=one.what.strip())


def _ground(writing: Writing) -> Values:
    ground, framework = writing.matter.dossier.ground, writing.framework()
    found = {
        "burden": own((ground.burden or "").strip()),
        "reason": own((framework.reason or "").strip()),
        "milder": own(writing.answer("milder_not_enough")) if writing.kind == "extension" else _milder(writing),
        "legal_basis": own((framework.legal_basis or "").strip()),
        "way_back": own((ground.way_back or "").strip()),
    }
    if ground.needs:
        found["needs"] = Value(_items(writing.say(f"needs.{one}") for one in ground.needs))
    if (degree := intervention(framework).degree) > 1:
        found["nature"] = Value(writing.say("nature.formal" if degree == 3 else "nature.restriction"))
    return found


def _milder(writing: Writing) -> Value:
    """What was considered, and why it does not do."""
    means = [one for one in writing.framework().milder_means if one.what.strip()]
    text = _items(writing.say("milder.means", what=one.what, why_not=one.why_not) for one in means)
    return Value(text, words=tuple([part for one in means for part in (one.what, one.why_not) if part.strip()]))


def _answers(writing: Writing) -> Values:
    """What the author answered for this move."""
    record = writing.record()
    by = record.answer_by if isinstance(record, Heard) else None
    written = {name: own(writing.answer(name)) for name in _ANSWERS}
    return {**written, "because": own(writing.answer("because", "cause")), "answer_by": writing.day(by)}


def _heard(writing: Writing) -> Values:
    """How things stand at a hearing; then the citizen's answer to it, or why there was none before."""
    if writing.kind == "hearing":
        urgent = writing.matter.dossier.last("activated_urgently")
        return {"standing": Value(writing.say("hearing.preliminary" if urgent else "hearing.undecided"))}
    hearing = writing.matter.dossier.last("heard")
    if writing.kind == "decision" and hearing is not None and isinstance(hearing.record, Heard):
        record = writing.record()
        silent = isinstance(record, Decided) and record.answered is False
        if silent:
            by = written_day(hearing.record.answer_by, writing.language)
            return {"reply": exact(writing.say("hearing.no_answer", answer_by=by))}
        answer = writing.answer("objections")
        return {"reply": own(answer)._replace(text=writing.say("hearing.answered", what=answer) if answer else "")}
    if writing.kind in ("decision", "urgent") and intervention(writing.framework()).degree == 3:
        because = writing.answer("no_hearing_because")
        return {"no_hearing": own(because)._replace(text=writing.say("hearing.skipped", because=because) if because else "")}
    return {}


def _items(lines: Iterable[str]) -> str:
    """Each on a line of its own, as a list; a line break inside one would end it."""
    return "\n".join(f"- {' '.join(one.split())}" for one in lines)

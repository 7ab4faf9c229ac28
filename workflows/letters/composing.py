"""Writes a letter: the municipality's words, the matter's facts, and the author's own words over them; and says what is missing."""

import re
from collections.abc import Iterator, Mapping
from string import Template

from workflows.decision import Sentence
from workflows.letters import wanted
from workflows.letters.language import written_day
from workflows.letters.parts import FIXED, IF_THERE, MANDATORY, NAMES, values_of, words_of
from workflows.letters.saying import holds, says
from workflows.letters.shapes import Kind, Language, Letter, Matter, Section, Value
from workflows.letters.texts import PartText, Wording, fingerprint
from workflows.letters.tone import advice_on
from workflows.letters.values import Values, Writing, clean, values

TITLE = "title"
_PARAGRAPHS = re.compile(r"\n[ \t]*\n")


class Unfinished(Exception):
    """The letter can't be sent yet. ``because`` says what to do, one plain sentence each."""

    def __init__(self, because: tuple[Sentence, ...]) -> None:
        super().__init__("; ".join(one.en for one in because))
        self.because = because


def compose(kind: Kind, matter: Matter, words: Wording, edited: Mapping[str, str] | None = None) -> Letter:
    """The letter as it stands now. ``edited`` holds the author's own text of parts (and of ``title``) by their ids; they win."""
    writing = Writing(kind, matter, words)
    own, known = edited or {}, values(writing)
    text = words.letters[kind]
    sections = tuple([_section(kind, part, known, own.get(part.id), words) for part in text.parts])
    there = {part.id for part in text.parts}
    recipient = tuple([line for one in matter.recipient if (line := clean(one).strip())]) or (clean(matter.citizen.name).strip(),)
    title = " ".join(clean(own.get(TITLE) or _filled(text.title, known)).split())
    lacks = [wanted.gone(NAMES[part]) for part in MANDATORY[kind] if part not in there]
    lacks += [wanted.NO_TITLE] * (not title) + [wanted.NO_RECIPIENT] * (not recipient[0])
    return Letter(
        framework=matter.dossier.framework.id,
        kind=kind,
        language=words.language,
        version=matter.version,
        title=title,
        on=matter.today,
        written_on=written_day(matter.today, words.language),
        sender=tuple(_sender(writing)),
        recipient=recipient,
        sections=sections,
        lacks=tuple(lacks),
        texts=fingerprint(words, kind),
    )


def finished(letter: Letter) -> Letter:
    """The letter, which lacks nothing. Raises ``Unfinished``."""
    if letter.missing:
        raise Unfinished(letter.missing)
    return letter


def _sender(writing: Writing) -> Iterator[str]:
    unit, head = writing.unit(), writing.matter.head
    lines = [head.name, unit.name if unit else "", *head.address]
    return (clean(one).strip() for one in lines if one.strip())


def _section(kind: Kind, part: PartText, known: Values, own: str | None, words: Wording) -> Section:
    default = _filled(part.text, known)
    text = default if own is None else _trimmed(clean(own))
    mandatory = part.id in MANDATORY[kind]
    return Section(
        id=part.id,
        heading=part.heading and _filled(part.heading, known),
        text=text,
        default=default,
        missing=tuple(dict.fromkeys(_missing(kind, part.id, known, (text, default), words.language))) if mandatory else (),
        advice=tuple(advice_on(text, words.language)),
    )


def _filled(text: str, known: Values) -> str:
    """With its values; a paragraph that one of its values has nothing to say for is left out."""
    kept = [one for one in _PARAGRAPHS.split(text) if all(_is_given(name, known) for name in Template(one).get_identifiers())]
    return _trimmed("\n\n".join(Template(one).substitute({name: known[name].text for name in _names(one)}) for one in kept))


def _names(text: str) -> list[str]:
    return Template(text).get_identifiers()


def _is_given(name: str, known: Values) -> bool:
    return bool(known.get(name, Value("")).text.strip())


def _trimmed(text: str) -> str:
    return "\n\n".join(paragraph for one in _PARAGRAPHS.split(text) if (paragraph := one.strip(" \t\n")))


def _missing(kind: Kind, part: str, known: Values, texts: tuple[str, str], language: Language) -> Iterator[Sentence]:
    """What is not known, then what is not said; ``texts`` are the author's and the standard one."""
    text, default = texts
    if_there = [one for one in IF_THERE.get((kind, part), ()) if one in known]
    there = (*values_of(kind, part), *if_there)
    unknown = [one for one in there if not _is_given(one, known)]
    yield from (wanted.WANTED[one] for one in unknown)
    if unknown:
        return
    if not text:
        yield wanted.empty(NAMES[part])
    elif part in FIXED and not all(holds(text, one) for one in _PARAGRAPHS.split(default)):
        yield wanted.cut(NAMES[part])
    else:
        yield from _unsaid(NAMES[part], [known[one] for one in there], text, words_of(kind, part, language))


def _unsaid(name: Sentence, values: list[Value], text: str, words: tuple[str, ...]) -> Iterator[Sentence]:
    """What a part must say, and does not."""
    yield from (wanted.left_out(name, one) for value in values for one in value.kept if not holds(text, one))
    yield from (wanted.unsaid(name, one) for value in values for one in value.words if not holds(text, one))
    yield from (wanted.left_out(name, one) for one in words if not says(text, one))

"""The letter that goes with a move, while its fields are being written: proposed by the guard, mended by its author."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from starlette.requests import Request

from services.clock import new_id
from services.console.context import console_of
from services.console.frameworks import Opened, letter_of
from services.console.move_forms import FORMS
from services.letters import Printed, print_letter
from services.store.dossiers import Letter as Finished
from workflows.dossier import Record
from workflows.letters import TITLE, Kind, Language, Letter
from workflows.lifecycle_told import FINAL, letter_to_tell

Fields = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Draft:
    """A letter with what its author changed; ``marks`` tell of each part whether it is still as it was proposed."""

    letter: Letter
    edited: Mapping[str, str]
    language: Language
    recipient: str

    @property
    def marks(self) -> dict[str, str]:
        """By part, a fingerprint of what the guard proposed."""
        return {one.id: mark(one.default) for one in self.letter.sections}


def mark(text: str) -> str:
    """A fingerprint of a text, whatever its line ends and spaces."""
    return hashlib.sha256(" ".join(text.split()).encode()).hexdigest()[:16]


def kind_of(move: str, found: Opened) -> Kind | None:
    """Which letter goes with this move; whoever was told nothing needs no apology."""
    if move == "registered_in_error":
        told = found.dossier.last("warned", "heard", "activated", "activated_urgently")
        return FORMS[move].letter if told or found.dossier.framework.citizen_informed else None
    return FORMS[move].letter


def drafted(request: Request, found: Opened, kind: Kind, record: Record | None, form: Fields) -> Draft:
    """The letter with the words of ``form``."""
    changed = dict(edited(form))
    language: Language = "en" if form.get("letter_language") == "en" else "da"
    recipient = form.get("recipient", found.citizen.name)
    lines = tuple([line.strip() for line in recipient.splitlines() if line.strip()][:8])
    letter = letter_of(request, found, kind, record, changed, language=language, recipient=lines)
    return Draft(letter, changed, language, recipient)


def edited(form: Fields) -> Iterator[tuple[str, str]]:
    """The parts that are otherwise than they were proposed."""
    for name, text in form.items():
        part = name.removeprefix("part.")
        if part != name and mark(text) != form.get(f"was.{part}"):
            yield part, text
    if title := form.get("letter_title", "").strip():
        yield TITLE, title


async def preview(request: Request, draft: Draft) -> Printed:
    """How it will look on paper, marked as a draft. Raises ``Unfinished`` and ``PrinterFailed``."""
    return await print_letter(draft.letter, console_of(request).settings.letters.folder, draft=True)


def named(found: Opened) -> str:
    """An id for a letter that is about to be finished."""
    return new_id(found.now)


async def finish(request: Request, found: Opened, letter: Letter, id: str) -> Finished:
    """The letter as it is kept and sent. Raises ``Unfinished`` and ``PrinterFailed``."""
    printed = await print_letter(letter, console_of(request).settings.letters.folder)
    return Finished(id, found.id, letter.kind, found.now, printed.sha256, letter.model_dump_json(), printed.pdf)


def to_tell(found: Opened) -> str | None:
    """The letter of the decision that the citizen has yet to be told of; the newest about any, where an older version decided."""
    newest = next((id for id, kind in reversed(tuple(found.around.letters.items())) if kind in FINAL), None)
    return letter_to_tell(found.dossier) or newest

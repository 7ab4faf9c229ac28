"""The letter that goes with a move made by a program: the same words, the same checks and the same printer as on pages."""

from dataclasses import replace
from typing import Annotated

from pydantic import Field
from starlette.requests import Request

from services.console.frameworks import Opened, letter_of
from services.console.move_letters import finish, kind_of, named
from services.console.problems import Problem, refused
from services.letters import PrinterFailed
from services.store.dossiers import Letter as Finished
from workflows import lifecycle
from workflows.dossier import Record, RegisteredInError
from workflows.happening import Text
from workflows.letters import Language, Letter, Unfinished
from workflows.lifecycle import Refused
from workflows.people import Entry

Line = Annotated[str, Field(max_length=200)]


class LetterWriting(Entry):
    """What its author writes of a letter: parts in their own words by id (see ``letters/draft``), and to whom it goes.

    ``recipient`` are the lines in the envelope's window; the citizen's name where there are none.
    """

    language: Language = "da"
    recipient: Annotated[tuple[Line, ...], Field(max_length=8)] = ()
    title: Line | None = None
    parts: dict[str, Text] = Field(default_factory=dict)


def drafted_for(request: Request, found: Opened, record: Record, writing: LetterWriting) -> Letter:
    """The letter as it stands. Raises ``Problem`` where the move has none."""
    kind = kind_of(record.move, found)
    if kind is None:
        raise Problem(409, "No letter goes with this move.")
    edited = dict(writing.parts) | ({"title": writing.title} if writing.title else {})
    return letter_of(request, found, kind, record, edited, language=writing.language, recipient=writing.recipient)


async def finished_for(request: Request, found: Opened, record: Record, writing: LetterWriting) -> tuple[Record, Finished]:
    """The move's record, which names the letter, and the letter, printed; nothing is kept.

    Raises ``Problem`` with what is missing from either, and ``IllegalTransition``.
    """
    id, letter = named(found), drafted_for(request, found, record, writing)
    whole = naming(record, id)
    around = replace(found.around, letters={**found.around.letters, id: letter.kind})
    tried = lifecycle.move(found.dossier, whole, found.doer.actor, found.now, around)
    if because := (*(tried.because if isinstance(tried, Refused) else ()), *letter.missing):
        raise refused(because)
    try:
        return whole, await finish(request, found, letter, id)
    except Unfinished as error:
        raise refused(error.because) from None
    except PrinterFailed:
        raise Problem(503, "The letter could not be printed just now.", {"Retry-After": "60"}) from None


def naming(record: Record, letter: str) -> Record:
    """``record`` with its letter."""
    field = "apology" if isinstance(record, RegisteredInError) else "letter"
    return record.model_copy(update={field: letter}) if field in type(record).model_fields else record

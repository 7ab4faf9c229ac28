"""Letters to the citizen (*breve*): warning, hearing, decision, extension, easing, lifting and the few beside them.

``compose`` writes one from the municipality's words and the matter; what the citizen is owed is checked here (``domain.md`` (e)),
and a letter that lacks any of it is never ``finished``.
"""

from workflows.letters.composing import TITLE, Unfinished, compose, finished
from workflows.letters.shapes import KINDS, LANGUAGES, MOVE, Block, Hours, Kind, Language, Letter, Letterhead, Matter, Section
from workflows.letters.showing import Change, Shown, as_text, blocks, changes, preview
from workflows.letters.texts import Texts, Wording

__all__ = [
    "KINDS",
    "LANGUAGES",
    "MOVE",
    "TITLE",
    "Block",
    "Change",
    "Hours",
    "Kind",
    "Language",
    "Letter",
    "Letterhead",
    "Matter",
    "Section",
    "Shown",
    "Texts",
    "Unfinished",
    "Wording",
    "as_text",
    "blocks",
    "changes",
    "compose",
    "finished",
    "preview",
]

"""Frameworks as programs see them."""

from datetime import date

from pydantic import AwareDatetime, BaseModel

from services.console.api.asking import Words, etag, words
from services.console.concern import Matter
from services.settings import ZONE
from services.store.dossier_rows import Kept
from workflows.dossier import Dossier
from workflows.framework import State
from workflows.intervention import intervention


class FrameworkLine(BaseModel):
    """A framework among others."""

    id: str
    citizen: str
    state: State
    degree: int
    units: list[str]
    starts: date | None
    review: date | None
    ends: date | None
    suspended: bool
    observe: bool
    due: date | None


class FrameworkWhole(FrameworkLine):
    """A framework with its dossier. ``etag`` names this state of it; ``author`` and ``at`` tell who made it and when."""

    etag: str
    revision: int
    version: int
    author: str
    at: AwareDatetime
    move: str | None
    degree_because: list[Words]
    dossier: Dossier


def line_of(kept: Kept, matter: Matter) -> FrameworkLine:
    """``kept`` as one of many."""
    one = kept.dossier.framework
    return FrameworkLine(
        id=one.id,
        citizen=one.citizen,
        state=one.state,
        degree=intervention(one).degree,
        units=sorted(matter.units),
        starts=one.starts,
        review=one.review,
        ends=one.ends,
        suspended=one.suspended,
        observe=one.observe,
        due=kept.due,
    )


def whole_of(kept: Kept, matter: Matter) -> FrameworkWhole:
    """``kept`` with everything."""
    return FrameworkWhole(
        **line_of(kept, matter).model_dump(),
        etag=etag(kept),
        revision=kept.revision,
        version=kept.version,
        author=kept.author,
        at=kept.at.astimezone(ZONE),
        move=kept.move,
        degree_because=[words(one) for one in intervention(kept.dossier.framework).because],
        dossier=kept.dossier,
    )

"""What every part of the API asks with: who asks, ids, pages, and the version that a change starts from."""

import json
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Depends, Header, Path
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse

from services.console.auth.visitor import Visitor, visitor
from services.console.problems import ABOUT, Problem
from services.store.dossier_rows import Kept
from workflows.decision import Sentence

T = TypeVar("T")
ANY_ID = r"^[A-Za-z0-9._-]{1,64}$"
Who = Annotated[Visitor, Depends(visitor)]
IdInPath = Annotated[str, Path(pattern=ANY_ID)]
IfMatch = Annotated[str | None, Header(max_length=100, description="The ETag of what you saw.")]


class Paging(BaseModel):
    """Which page, and how large. A name that is not known is refused: a filter that is misspelt would show everything."""

    model_config = ConfigDict(extra="forbid")

    cursor: str | None = Field(None, max_length=500, description="`next` of the page before; any other is the beginning.")
    limit: int = Field(50, ge=1, le=100, description="How many at most.")


class OfCitizen(Paging):
    """Those of one citizen, or of all."""

    citizen: str | None = Field(None, pattern=ANY_ID)


class Listed(BaseModel, Generic[T]):
    """Some of many; ``next`` is the cursor of the next page."""

    items: list[T]
    next: str | None = None


class Words(BaseModel):
    """A sentence in Danish and in English."""

    da: str
    en: str


def words(sentence: Sentence) -> Words:
    """``sentence`` for a program."""
    return Words(da=sentence.da, en=sentence.en)


class Ascii(JSONResponse):
    """JSON in ASCII: what came by mail may hold what is no character."""

    def render(self, content: Any) -> bytes:  # noqa: ANN401 - any JSON
        """As bytes."""
        return json.dumps(content, ensure_ascii=True, separators=(",", ":")).encode("ascii")


def etag(kept: Kept) -> str:
    """Which state of a framework this is."""
    return f'"{kept.revision}.{kept.version}"'


def must_be(kept: Kept, seen: str | None) -> None:
    """Raises where ``seen`` does not name ``kept``: 428 for none, 412 for another."""
    if seen is None:
        raise Problem(428, ABOUT[428])
    if seen.strip().removeprefix("W/") != etag(kept):
        raise overtaken(kept.author, kept)


def overtaken(by: str, now: Kept | None) -> Problem:
    """Somebody was faster: who, when, and the ETag of what there is now."""
    headers = {"ETag": etag(now)} if now else {}
    at = {"at": now.at.isoformat()} if now else {}
    return Problem(412, ABOUT[412], headers, by=by, **at)

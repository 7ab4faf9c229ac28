"""What a program is told when something is wrong: problem+json (RFC 9457), and how the API's page says so."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, HTTPException
from fastapi.openapi.utils import get_openapi
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from workflows.decision import Sentence

MEDIA = "application/problem+json"
ABOUT = {
    400: "The request can't be read: its body is no JSON, or not UTF-8.",
    401: "No token, or one that does not open any more.",
    403: "The token's scopes do not cover this.",
    404: "There is no such thing, or not for this token's account.",
    405: "There is no such method here.",
    409: "What has to be done before this can be.",
    412: "Somebody else has changed it since: by whom, and when. Read it again.",
    413: "The request is too large.",
    422: "The request does not have the form that it must have: where, and what is wrong.",
    428: "Name in If-Match the ETag of what you saw.",
    429: "Too many requests: wait as long as Retry-After says.",
    503: "The store does not answer: try again after Retry-After.",
}
_SCHEMA = {
    "type": "object",
    "required": ["type", "title", "status"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "because": {"type": "array", "items": {"$ref": "#/components/schemas/Words"}},
        "errors": {"type": "array", "items": {"type": "object"}},
        "by": {"type": "string"},
        "at": {"type": "string", "format": "date-time"},
    },
}
_CONTENT = {"content": {MEDIA: {"schema": {"$ref": "#/components/schemas/Problem"}}}}
_ALWAYS = (400, 401, 403, 404, 413, 422, 429, 503)


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """How the API's page tells of these."""
    return {status: {"description": ABOUT[status]} | _CONTENT for status in statuses}


PROBLEMS = problems(*_ALWAYS)


class Problem(HTTPException):
    """A problem with more to tell than its status: ``more`` are further members."""

    def __init__(self, status: int, detail: str, headers: dict[str, str] | None = None, **more: object) -> None:
        super().__init__(status, detail, headers)
        self.more = more


def refused(because: Sequence[Sentence]) -> Problem:
    """What has to be done first, in Danish and English."""
    return Problem(409, because[0].en if because else ABOUT[409], because=[{"da": one.da, "en": one.en} for one in because])


def answer(status: int, detail: str | None = None, headers: dict[str, str] | None = None, **more: object) -> Response:
    """The answer for ``status``."""
    title = HTTPStatus(status).phrase
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail or ABOUT.get(status, title)} | more
    return JSONResponse(body, status, headers, MEDIA)


def is_for_programs(request: Request) -> bool:
    """Whether a program asks."""
    return request.url.path.startswith("/api/")


def describe(app: FastAPI) -> None:
    """Have ``app`` tell its API at its ``openapi_url``: tokens, and problems of one shape."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            told = get_openapi(title="Rammevagt", version="1", description=__doc__, routes=app.routes)
            schemas = told.setdefault("components", {}).setdefault("schemas", {})
            schemas["Problem"] = _SCHEMA
            for unused in ("HTTPValidationError", "ValidationError"):
                schemas.pop(unused, None)
            told["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
            told["security"] = [{"token": []}]
            app.openapi_schema = told
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]

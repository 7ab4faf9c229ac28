"""Pages: a template and values become HTML in the visitor's language."""

import hashlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import CodeType

from jinja2 import BytecodeCache, Environment, FileSystemLoader, StrictUndefined, Template
from jinja2.bccache import Bucket
from markupsafe import escape
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse

from services.console.auth.visitor import Visitor
from services.console.context import console_of
from services.console.framework_words import state_told
from services.console.navigation import ROLES, Waits, menu_of
from services.console.words import LANGUAGES, SOURCE, Words, known, without_ids, words
from services.settings import ZONE

TEMPLATES = Path(__file__).parent / "templates"
STATIC = Path(__file__).parent / "static"
COOKIE = "language"


def visitor_of(request: Request) -> Visitor | None:
    """Who has logged in, if anybody."""
    found = getattr(request.state, "visitor", None)
    return found if isinstance(found, Visitor) else None


def words_of(request: Request) -> Words:
    """The language of ``request``: the visitor's choice, else the browser's, else Danish."""
    if (chosen := request.cookies.get(COOKIE)) in LANGUAGES:
        return words(chosen)
    if visitor := visitor_of(request):
        return words(visitor.language)
    wanted = (part.split(";")[0].strip()[:2].lower() for part in request.headers.get("accept-language", "").split(","))
    return words(next((one for one in wanted if one in LANGUAGES), SOURCE))


def page(request: Request, template: str | Template, *, status: int = 200, **values: object) -> HTMLResponse:
    """``template`` of the templates folder with ``values``, for the visitor of ``request``."""
    return HTMLResponse(rendered(request, template, **values).encode("utf-8", "replace"), status)  # mail may hold what is no text


def rendered(request: Request, template: str | Template, **values: object) -> str:
    """The same as text."""
    language = words_of(request)
    now = console_of(request).clock.now()
    visitor = visitor_of(request)
    always = {
        "request": request,
        "path": request.url.path,
        "here": here(request),
        "visitor": visitor,
        "csrf": visitor.csrf if visitor else "",
        "menu": menu_of(visitor, getattr(request.state, "waits", Waits())),
        "roles": ROLES,
        "topics": None,
        "unseen": getattr(request.state, "unseen", 0),
        "municipality": console_of(request).settings.municipality.name,
        "now": now,
        "today": now.astimezone(ZONE).date(),
        "state_of": lambda one: state_told(one, one.last_day(console_of(request).settings.calendar()), now.astimezone(ZONE).date()),
    }
    return environment(language.language).get_template(template).render(always | values)


def here(request: Request) -> str:
    """The address of this page within the console."""
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")


def see(path: str) -> RedirectResponse:
    """Go on to ``path`` after a form was taken."""
    return RedirectResponse(path, 303)


@cache
def asset(name: str) -> str:
    """The address of a file of ours, another one when the file is another: browsers keep what they have."""
    return f"/static/{name}?{hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:8]}"


class _Compiled(BytecodeCache):
    """What one language has compiled, for the other: the code is the same, and compiling takes half a second of all pages."""

    def __init__(self) -> None:
        self._codes: dict[str, CodeType] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """The code, where it is there."""
        bucket.code = self._codes.get(bucket.key)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep it."""
        if bucket.code:
            self._codes[bucket.key] = bucket.code


_COMPILED = _Compiled()


@cache
def environment(language: str) -> Environment:
    """Jinja with the texts and the forms of dates of one language."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        auto_reload=False,
        bytecode_cache=_COMPILED,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    one = words(language)
    made.install_gettext_callables(_ours(one), one.ngettext, newstyle=True)  # type: ignore[attr-defined]
    for filter_ in (
        one.long_date,
        one.day,
        one.short_date,
        one.weekday,
        one.time,
        one.clock,
        one.moment,
        one.span,
        one.ago,
        one.number,
        one.size,
    ):
        made.filters[filter_.__name__] = filter_
    made.filters["without_ids"] = without_ids
    made.globals.update(language=language, languages=LANGUAGES, asset=asset)
    return made


def _ours(one: Words) -> Callable[[str], str]:
    """Translates for templates, which take what they are given for markup and for a format: what is no text of ours is neither."""

    def gettext(text: str) -> str:
        return one.gettext(text) if text in known() else str(escape(text)).replace("%", "%%")

    return gettext

"""Makes one extract of much in a process of its own (``python -m services.console.citizen_extract_child``, see
``services.aside_child``): the same as the page makes of little.
"""

from types import SimpleNamespace

from starlette.requests import Request

from services.aside_child import Asked, main
from services.console.citizen_extract import WANTED, Wanted, made
from services.console.citizens import opened
from services.console.context import Console
from services.console.live import Live
from services.console.web import COOKIE
from services.store.changes import Changes
from workflows.rights import Action


async def extract(asked: Asked) -> bytes:
    """As the page, or as the file."""
    wanted = WANTED.validate_python(asked.asked)
    request = _request(wanted, Console(asked.settings, asked.store, asked.clock, Live(_no_news)))
    return await made(request, wanted.who, await opened(request, wanted.who, wanted.citizen, Action.SEE_RECORDS), wanted.shape)


def _request(wanted: Wanted, console: Console) -> Request:
    """As it came to the guard, but for what a page of somebody who has been let in does not look at."""
    return Request(
        {
            "type": "http",
            "method": "GET",
            "path": wanted.path,
            "query_string": wanted.query.encode(),
            "headers": [(b"cookie", f"{COOKIE}={wanted.language}".encode())],
            "app": SimpleNamespace(state=SimpleNamespace(console=console)),
            "state": {"visitor": wanted.who, "waits": wanted.waits, "unseen": wanted.unseen},
        }
    )


async def _no_news(_: int | None) -> Changes:
    return Changes(0)


if __name__ == "__main__":
    main(extract)

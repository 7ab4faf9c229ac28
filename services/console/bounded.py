"""No request is larger than what a page can need, whatever it says about itself."""

from fastapi import HTTPException
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MOST = 4 * 1024 * 1024  # bytes: ten times the own side of a municipality of 10,000 employees


class Bounded:
    """Ends a request that is larger with 413."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        read = 0

        async def receiving() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > MOST:
                raise HTTPException(413)
            return message

        said = Headers(scope=scope).get("content-length", "0") if scope["type"] == "http" else "0"
        await self.app(scope, _refusing if said.isdecimal() and int(said[:12]) > MOST else receiving, send)


async def _refusing() -> Message:
    raise HTTPException(413)

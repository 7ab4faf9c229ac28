"""One event to one webhook, by HTTP: signed, over verified TLS, within a few seconds, and no further than the address says."""

import asyncio
import ssl
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

import httpx2

from services.settings import Webhook
from services.store.webhooks import Why
from workflows.webhooks import Answer, headers_of, meaning_of, secrets_in

TIMEOUT = 10.0  # seconds for a whole request; far less than the broker waits for what became of an event
LARGEST = 16 * 1024  # octets of an answer that are read, so that its connection can be used again; nothing of it is kept


@dataclass(frozen=True, slots=True)
class Sent:
    """What came of a try. ``why`` says more where it is not taken; ``status`` is that of HTTP, where there was one."""

    answer: Answer
    why: Why | None = None
    status: int | None = None


class Post:
    """Sends to one webhook, over a connection that is kept. The secret is read anew for each event: it may be changed any time."""

    def __init__(self, webhook: Webhook, tls: ssl.SSLContext | None = None) -> None:
        """``tls`` in place of the machine's own list of whom to trust."""
        self._webhook = webhook
        self._http = httpx2.AsyncClient(
            verify=tls or ssl.create_default_context(),
            follow_redirects=False,
            timeout=TIMEOUT,
            limits=httpx2.Limits(max_connections=1),
            headers={"user-agent": f"rammevagt/{version('rammevagt')}", "accept": "*/*"},
        )

    async def send(self, id: str, body: bytes, at: datetime) -> Sent:
        """Send the event ``id`` as it is; ``at`` is now. Never raises because of the other system."""
        try:
            secrets = secrets_in(await asyncio.to_thread(Path(self._webhook.secret_file).read_text, "ascii"))
        except (OSError, ValueError):
            return Sent(Answer.AWAY, "secret")
        try:
            async with asyncio.timeout(TIMEOUT):
                return _read(await self._status(body, headers_of(id, body, at, secrets)))
        except (TimeoutError, httpx2.TimeoutException):
            return Sent(Answer.AWAY, "too_slow")
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
            return Sent(Answer.AWAY, "certificate" if _is_certificate(error) else "no_connection")

    async def _status(self, body: bytes, headers: dict[str, str]) -> int:
        async with self._http.stream("POST", self._webhook.url, content=body, headers=headers) as answer:
            read = 0
            async for part in answer.aiter_raw():
                read += len(part)
                if read > LARGEST:
                    break
            return answer.status_code

    async def close(self) -> None:
        """End the connection."""
        await self._http.aclose()


def _read(status: int) -> Sent:
    answer = meaning_of(status)
    if answer is Answer.TAKEN:
        return Sent(answer)
    if answer is Answer.GONE:
        return Sent(answer, "gone", status)
    return Sent(answer, "redirected" if 300 <= status < 400 else "status", status)


def _is_certificate(error: BaseException) -> bool:
    """Whether a verification failed, however deep it lies in what the library tells."""
    one: BaseException | None = error
    while one is not None and not isinstance(one, ssl.SSLCertVerificationError):
        one = one.__cause__ or one.__context__
    return one is not None

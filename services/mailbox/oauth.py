"""Access tokens by client credentials (RFC 6749 4.4): asked for over TLS, shared by mailboxes, renewed before they end."""

import asyncio
import json
import ssl
import threading
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import httpx2

from services.clock import Clock
from services.mailbox.trouble import Trouble, trouble_of
from services.settings import OAuth2
from workflows.mailbox_state import Trouble as Code

PATIENCE = 20.0  # seconds for the whole call, in which a server may send an octet now and then
LARGEST = 256 * 1024  # octets of an answer
LASTS = timedelta(hours=1)  # of a token whose server does not say (RFC 6749 5.1)
EARLY = timedelta(minutes=5)  # before its end a token counts as over; of a short one, half its time
_CLIENT = frozenset({"invalid_client", "unauthorized_client", "invalid_scope", "invalid_grant", "invalid_request"})


@dataclass(frozen=True, slots=True)
class Token:
    """``good_until``: a connection that was opened with it is made anew by then. ``ends`` as its server says."""

    value: str
    good_until: datetime
    ends: datetime


class Tokens:
    """One token for all mailboxes that ask with the same client and scope. For threads."""

    def __init__(self, clock: Clock, tls: ssl.SSLContext | None = None, patience: float = PATIENCE) -> None:
        self._clock = clock
        self._tls = tls
        self._patience = patience
        self._lock = threading.Lock()
        self._locks: dict[tuple[str, ...], threading.Lock] = {}
        self._tokens: dict[tuple[str, ...], Token] = {}
        self._failed: dict[tuple[str, ...], tuple[float, Code]] = {}  # when the last call ended that failed, and why

    def token(self, client: OAuth2, secret: str) -> Token:
        """A token that is good now. Raises ``Trouble``; what failed meanwhile has failed for all who waited."""
        began = time.monotonic()
        key = (client.token_url, client.client_id, client.scope, secret)
        with self._lock:
            one_at_a_time = self._locks.setdefault(key, threading.Lock())
        with one_at_a_time:
            found = self._tokens.get(key)
            if found is None or self._clock.now() >= found.good_until:
                found = self._tokens[key] = self._asked_since(began, key, client, secret)
            return found

    def _asked_since(self, began: float, key: tuple[str, ...], client: OAuth2, secret: str) -> Token:
        at, code = self._failed.get(key, (began, None))
        if code and at > began:
            raise Trouble(code)
        try:
            return self._asked(client, secret)
        except Trouble as error:
            self._failed[key] = time.monotonic(), error.code
            raise

    def forget(self, token: str) -> None:
        """A mail server refuses it: the next one is asked for anew."""
        with self._lock:
            self._tokens = {key: one for key, one in self._tokens.items() if one.value != token}

    def _asked(self, client: OAuth2, secret: str) -> Token:
        form = {
            "grant_type": "client_credentials",
            "client_id": client.client_id,
            "client_secret": secret,
            "scope": client.scope,
        }
        now = self._clock.now()
        status, told = self._answered(client.token_url, form)
        if status != httpx2.codes.OK:
            raise Trouble(_refusal(status, told))
        value, lasts = told.get("access_token"), _seconds(told.get("expires_in"))
        if not isinstance(value, str) or not value:
            raise Trouble("token_unavailable")
        return Token(value, now + max(lasts - EARLY, lasts / 2), now + lasts)

    def _answered(self, url: str, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        try:
            return asyncio.run(self._post(url, form))
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
            found = trouble_of(_cause(error))
            raise (found if found.code == "certificate" else Trouble("token_unavailable")) from error

    async def _post(self, url: str, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        """On a loop of its own, which can give up a call in the middle of whatever it waits for."""
        async with (
            asyncio.timeout(self._patience),
            httpx2.AsyncClient(verify=self._tls or ssl.create_default_context(), timeout=self._patience) as http,
            http.stream("POST", url, data=form, headers={"Accept": "application/json"}) as answer,
        ):
            return answer.status_code, await _json(answer)


def _cause(error: BaseException) -> Exception:
    """A failed verification, however deep it lies in what the library tells."""
    one: BaseException | None = error
    while one is not None and not isinstance(one, ssl.SSLCertVerificationError):
        one = one.__cause__ or one.__context__
    return one or OSError()


async def _json(answer: httpx2.Response) -> dict[str, Any]:
    text = b""
    async for part in answer.aiter_bytes():
        text += part
        if len(text) > LARGEST:
            return {}
    try:
        told = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}


def _refusal(status: int, told: dict[str, Any]) -> Code:
    refused = told.get("error") in _CLIENT or status in {401, 403}
    return "client_refused" if refused else "token_unavailable"


def _seconds(value: object) -> timedelta:
    try:
        found = timedelta(seconds=float(str(value)))
    except (ValueError, OverflowError):
        return LASTS
    return found if timedelta() < found <= timedelta(days=1) else LASTS

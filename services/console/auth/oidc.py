"""Single sign-on: OpenID Connect 1.0, authorization code with PKCE (RFC 7636), state and nonce, as RFC 9700 asks.

The provider is asked over TLS; what it says of somebody is believed when its signature, issuer, audience, time and nonce are right.
"""

import asyncio
import base64
import hashlib
import hmac
import json
import secrets
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import httpx2
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from services.clock import Clock
from services.console.auth.seal import Sealer
from services.settings import Oidc
from workflows.addresses import normalise

ALGORITHMS = ("RS256", "PS256", "ES256")  # signed with the provider's own key: never "none", never with a shared secret
LASTS = timedelta(minutes=10)  # from the start to the return
FRESH = timedelta(hours=1)  # how long what the provider says of itself is kept
AGAIN = timedelta(minutes=1)  # between looks for a new key
PATIENCE = 10.0  # seconds
LARGEST = 1024 * 1024  # bytes of an answer
LEEWAY = 60  # seconds that the provider's clock may be off


class SignOnFailed(Exception):
    """Nobody was recognised; the text is a code for the log."""


@dataclass(frozen=True, slots=True)
class Person:
    """Whom the provider has recognised. ``role`` is None where none of theirs is one here."""

    subject: str
    address: str
    name: str
    role: str | None


@dataclass(frozen=True, slots=True)
class _About:
    """What the provider says of itself, and its keys."""

    at: datetime
    endpoints: Mapping[str, Any]
    keys: KeySet


class Provider:
    """The identity provider of the settings."""

    def __init__(self, settings: Oidc, sealer: Sealer, clock: Clock) -> None:
        self._settings = settings
        self._sealer = sealer
        self._clock = clock
        self._about: _About | None = None
        self._asking = asyncio.Lock()
        self._tls: ssl.SSLContext | None = None

    async def start(self, back: str, following: str) -> tuple[str, str]:
        """Where to send somebody, and what their browser keeps until they are ``back``. Raises ``SignOnFailed``."""
        about = await self._known()
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        asked = {
            "response_type": "code",
            "client_id": self._settings.client_id,
            "redirect_uri": back,
            "scope": " ".join(self._settings.scopes),
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        kept = self._sealer.seal("oidc", [state, nonce, verifier, following], until=self._clock.now() + LASTS)
        url = str(about.endpoints["authorization_endpoint"])
        return f"{url}{'&' if '?' in url else '?'}{urlencode(asked)}", kept

    async def finish(self, answer: Mapping[str, str], kept: str, back: str) -> tuple[Person, str]:
        """Who is back with the provider's ``answer``, and where they wanted to go. Raises ``SignOnFailed``."""
        opened = self._sealer.opened("oidc", kept, self._clock.now())
        if opened is None:
            raise SignOnFailed("not_started_here")
        state, nonce, verifier, following = opened
        if not hmac.compare_digest(answer.get("state", "").encode("utf-8", "replace"), state.encode()):
            raise SignOnFailed("wrong_state")
        if answer.get("iss", self._settings.issuer) != self._settings.issuer:  # RFC 9207
            raise SignOnFailed("wrong_issuer")
        if "error" in answer or not answer.get("code"):
            raise SignOnFailed("provider_refused")
        about = await self._known()
        given = await self._redeem(about, answer["code"], verifier, back)
        return self._person(await self._claims(given, nonce)), following

    async def _redeem(self, about: _About, code: str, verifier: str, back: str) -> str:
        """The id token for ``code``: the provider gives it to whoever has the verifier too, once."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": back,
            "client_id": self._settings.client_id,
            "code_verifier": verifier,
        }
        headers = {}
        if self._settings.client_secret_file:
            secret = (await asyncio.to_thread(Path(self._settings.client_secret_file).read_text, "utf-8")).strip()
            if "client_secret_post" in about.endpoints.get("token_endpoint_auth_methods_supported", ()):
                form["client_secret"] = secret
            else:
                both = f"{quote(self._settings.client_id, safe='')}:{quote(secret, safe='')}"
                headers["Authorization"] = f"Basic {base64.b64encode(both.encode()).decode()}"
        answer = await self._ask("POST", str(about.endpoints["token_endpoint"]), data=form, headers=headers)
        if not isinstance(token := answer.get("id_token"), str):
            raise SignOnFailed("no_id_token")
        return token

    async def _claims(self, token: str, nonce: str) -> Mapping[str, Any]:
        """What the token says, when it may be believed (OpenID Connect Core 3.1.3.7)."""
        for newest in (False, True):  # a key that nobody knows may be new
            about = await self._known(newest=newest)
            try:
                claims = jwt.decode(token, about.keys, algorithms=ALGORITHMS).claims
                break
            except JoseError as error:
                failure = error
            except (ValueError, TypeError, KeyError) as error:
                raise SignOnFailed("token_unreadable") from error
        else:
            raise SignOnFailed(f"token_{failure.error}") from failure
        self._check(claims, nonce)
        return claims

    def _check(self, claims: dict[str, Any], nonce: str) -> None:
        registry = jwt.JWTClaimsRegistry(
            now=int(self._clock.now().timestamp()),
            leeway=LEEWAY,
            iss={"essential": True, "value": self._settings.issuer},
            aud={"essential": True, "value": self._settings.client_id},
            exp={"essential": True},
            iat={"essential": True},
            sub={"essential": True},
            nonce={"essential": True, "value": nonce},
        )
        try:
            registry.validate(claims)
        except (JoseError, ValueError, TypeError) as error:
            raise SignOnFailed(f"token_{getattr(error, 'error', 'invalid')}") from error
        if claims.get("azp", self._settings.client_id) != self._settings.client_id:
            raise SignOnFailed("token_for_another")

    def _person(self, claims: Mapping[str, Any]) -> Person:
        address = claims.get(self._settings.address_claim)
        if not isinstance(address, str) or not _is_address(address) or claims.get("email_verified") is False:
            raise SignOnFailed("no_address")
        if len(claims["sub"]) > 255:
            raise SignOnFailed("long_subject")
        name = claims.get("name")
        plain = "".join(one for one in name if one.isprintable()).strip()[:200] if isinstance(name, str) else ""
        return Person(f"{self._settings.issuer} {claims['sub']}", normalise(address), plain or address, self._role(claims))

    def _role(self, claims: Mapping[str, Any]) -> str | None:
        """The first role of the settings that the claim holds."""
        held = claims.get(self._settings.role_claim)
        values = [held] if isinstance(held, str) else held if isinstance(held, list) else []
        return next((role.value for value, role in self._settings.roles.items() if value in values), None)

    async def _known(self, *, newest: bool = False) -> _About:
        """What the provider says of itself; asked anew now and then, and where its keys may have changed."""
        async with self._asking:
            now = self._clock.now()
            age = now - self._about.at if self._about else FRESH
            if self._about is None or age >= (AGAIN if newest else FRESH):
                self._about = await self._discovered(now)
            return self._about

    async def _discovered(self, now: datetime) -> _About:
        issuer = self._settings.issuer
        said = await self._ask("GET", f"{issuer.rstrip('/')}/.well-known/openid-configuration")
        if said.get("issuer") != issuer:
            raise SignOnFailed("another_issuer")
        names = ("authorization_endpoint", "token_endpoint", "jwks_uri")
        scheme = issuer.partition("://")[0]
        if not all(isinstance(said.get(one), str) and said[one].startswith(("https://", f"{scheme}://")) for one in names):
            raise SignOnFailed("discovery_incomplete")
        try:
            keys = KeySet.import_key_set(await self._ask("GET", said["jwks_uri"]))  # type: ignore[arg-type]
        except (JoseError, ValueError, TypeError, KeyError) as error:
            raise SignOnFailed("keys_unreadable") from error
        return _About(now, said, keys)

    async def _ask(self, method: str, url: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - as httpx2 takes them
        """An answer in JSON, of reasonable size, at once; where it leads elsewhere nobody follows."""
        if self._tls is None:
            self._tls = await asyncio.to_thread(ssl.create_default_context)
        try:
            async with (
                asyncio.timeout(PATIENCE),
                httpx2.AsyncClient(verify=self._tls, timeout=PATIENCE) as client,
                client.stream(method, url, **more) as answer,
            ):
                if answer.status_code != httpx2.codes.OK:
                    raise SignOnFailed(f"answer_{answer.status_code}")
                return _object(await _limited(answer))
        except (httpx2.HTTPError, httpx2.InvalidURL, TimeoutError, OSError) as error:
            raise SignOnFailed("provider_away") from error


async def _limited(answer: httpx2.Response) -> bytes:
    content = b""
    async for part in answer.aiter_bytes():
        content += part
        if len(content) > LARGEST:
            raise SignOnFailed("answer_too_large")
    return content


def _object(content: bytes) -> dict[str, Any]:
    """A JSON object."""
    try:
        found = json.loads(content)
    except ValueError as error:
        raise SignOnFailed("answer_unreadable") from error
    if not isinstance(found, dict):
        raise SignOnFailed("answer_unreadable")
    return found


def _is_address(value: str) -> bool:
    local, at, domain = value.rpartition("@")
    return bool(at and local and domain) and value.isprintable() and " " not in value and len(value) <= 320

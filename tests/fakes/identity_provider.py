"""A small OpenID provider over a real socket: it checks what a real one checks, and can be told to lie."""

import asyncio
import base64
import hashlib
import json
import secrets
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass, field
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

import uvicorn
from fakes.arrivals import SetClock
from joserfc import jwt
from joserfc.jwk import KeySet, OctKey, RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

CLIENT, SECRET = "rammevagt", "hemmeligt & langt: +%"


@dataclass
class IdentityProvider:
    """``person`` is who logs in; ``lies`` replace claims of the token, and None takes one away."""

    clock: SetClock
    issuer: str = ""
    person: dict[str, object] = field(default_factory=dict)
    lies: dict[str, object] = field(default_factory=dict)
    algorithm: str = "RS256"
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "k-1", "use": "sig"}))
    signing: RSAKey | None = None  # None: with ``key``
    said: dict[str, object] = field(default_factory=dict)  # replaces what it says of itself
    answer: Response | None = None  # of the token endpoint, instead of a token
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def about(self) -> dict[str, object]:
        ends = {name: f"{self.issuer}/{name}" for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")}
        return {"issuer": self.issuer, **ends} | self.said

    def authorize(self, url: str) -> str:
        """What a browser does there: somebody logs in; gives where they are sent back to."""
        query = {name: one for name, [one] in parse_qs(urlsplit(url).query).items()}
        assert url.startswith(f"{self.issuer}/authorization_endpoint?")
        assert (query["response_type"], query["code_challenge_method"], query["client_id"]) == ("code", "S256", CLIENT)
        code = secrets.token_urlsafe(16)
        self.codes[code] = query
        return f"{query['redirect_uri']}?{urlencode({'code': code, 'state': query['state'], 'iss': self.issuer})}"

    async def _about(self, _: Request) -> Response:
        self.asked.append("about")
        return JSONResponse(self.about())

    async def _keys(self, _: Request) -> Response:
        return JSONResponse(KeySet([self.key]).as_dict(private=False))

    async def _token(self, request: Request) -> Response:
        async with request.form() as form:
            given = dict(form)
        kept = self.codes.pop(str(given.get("code")), None)
        verifier = hashlib.sha256(str(given.get("code_verifier")).encode()).digest()
        challenge = base64.urlsafe_b64encode(verifier).rstrip(b"=").decode()
        basic = request.headers.get("authorization", "").removeprefix("Basic ")
        who = [unquote(one) for one in base64.b64decode(basic).decode().split(":")]
        if kept is None or kept["code_challenge"] != challenge or kept["redirect_uri"] != given.get("redirect_uri"):
            return JSONResponse({"error": "invalid_grant"}, 400)
        if who != [CLIENT, SECRET]:
            return JSONResponse({"error": "invalid_client"}, 401)
        return self.answer or JSONResponse({"access_token": "x", "token_type": "Bearer", "id_token": self.token(kept["nonce"])})

    def token(self, nonce: str) -> str:
        now = int(self.clock.now().timestamp())
        claims = {"iss": self.issuer, "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": nonce, **self.person, **self.lies}
        claims = {name: value for name, value in claims.items() if value is not None}
        if self.algorithm == "none":
            parts = [json.dumps(one).encode() for one in ({"alg": "none"}, claims)]
            return ".".join([*(base64.urlsafe_b64encode(one).rstrip(b"=").decode() for one in parts), ""])
        if self.algorithm == "HS256":  # signed with the public key, as if it were a shared secret
            public = OctKey.import_key(self.key.as_pem(private=False))
            return jwt.encode({"alg": "HS256", "kid": "k-1"}, claims, public, algorithms=["HS256"])
        key = self.signing or self.key
        return jwt.encode({"alg": self.algorithm, "kid": key.kid}, claims, key, algorithms=[self.algorithm])

    async def _elsewhere(self, _: Request) -> Response:
        return RedirectResponse("/token_endpoint", 307)


@asynccontextmanager
async def providing(clock: SetClock) -> AsyncIterator[IdentityProvider]:
    """One that runs."""
    provider = IdentityProvider(clock)
    routes = [
        Route("/.well-known/openid-configuration", provider._about),
        Route("/jwks_uri", provider._keys),
        Route("/token_endpoint", provider._token, methods=["POST"]),
        Route("/elsewhere", provider._elsewhere, methods=["POST"]),
    ]
    server = uvicorn.Server(uvicorn.Config(Starlette(routes=routes), log_config=None, lifespan="off", access_log=False))
    server.capture_signals = nullcontext  # type: ignore[method-assign,assignment]
    listening = socket.create_server(("127.0.0.1", 0))
    provider.issuer = f"http://127.0.0.1:{listening.getsockname()[1]}"
    provider.person = {"sub": "u-1", "email": "Lene@Eksempel.dk", "name": "Lene Lund", "roles": ["Rammevagt Leder"]}
    running = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        yield provider
    finally:
        server.should_exit = True
        await running

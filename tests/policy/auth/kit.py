"""Keys, tokens and fakes that the tests of auth share."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import jwt
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from google.protobuf import empty_pb2
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm
from multidict import CIMultiDict, CIMultiDictProxy

from transom_runtime.binding import Auth, AuthKind, Binding, Policy, StreamKind
from transom_runtime.call import Call, Principal, RequestHead
from transom_runtime.policy.auth.meter import Found
from transom_runtime.policy.auth.options import Issuer
from transom_runtime.policy.auth.refusals import Refusal

ISSUER = "https://issuer.example/auth/v1"
AUDIENCE = "authenticated"
SECRET = "a secret of thirty-two bytes at least"

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey


@cache
def rsa_key(number: int = 0, bits: int = 2048) -> rsa.RSAPrivateKey:
    """One of several RSA keys, made once."""
    del number
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


@cache
def ec_key(number: int = 0) -> ec.EllipticCurvePrivateKey:
    """One of several P-256 keys, made once."""
    del number
    return ec.generate_private_key(ec.SECP256R1())


@cache
def ed_key() -> ed25519.Ed25519PrivateKey:
    """An Ed25519 key, made once."""
    return ed25519.Ed25519PrivateKey.generate()


def pem(key: PrivateKey) -> str:
    """A key's public half."""
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def jwk(key: PrivateKey, kid: str | None, **extra: Any) -> dict[str, Any]:
    """A key's public half as its issuer publishes it."""
    public: Any = key.public_key()
    family: Any = {rsa.RSAPrivateKey: RSAAlgorithm, ec.EllipticCurvePrivateKey: ECAlgorithm}
    to_jwk = next((made.to_jwk for kind, made in family.items() if isinstance(key, kind)), OKPAlgorithm.to_jwk)
    entry: dict[str, Any] = {**to_jwk(public, as_dict=True), **extra}
    entry.pop("key_ops", None)
    entry.update({"key_ops": extra["key_ops"]} if "key_ops" in extra else {})
    return entry if kid is None else {**entry, "kid": kid}


def claims(**changes: Any) -> dict[str, Any]:
    """Claims that are right; None leaves one out."""
    now = int(time.time())
    whole = {"iss": ISSUER, "aud": AUDIENCE, "sub": "user-1", "iat": now, "exp": now + 600, **changes}
    return {name: value for name, value in whole.items() if value is not None}


def token(
    key: PrivateKey | str = SECRET,
    algorithm: str = "HS256",
    *,
    headers: Mapping[str, Any] | None = None,
    **changes: Any,
) -> str:
    """A signed token."""
    return jwt.encode(claims(**changes), key, algorithm=algorithm, headers=dict(headers or {}))


def secret_issuer(**changes: Any) -> Issuer:
    """An issuer with a shared secret."""
    given: dict[str, Any] = {
        "name": "main",
        "issuer": ISSUER,
        "audiences": (AUDIENCE,),
        "algorithms": ("HS256",),
        "secret": SECRET,
    }
    return Issuer(**{**given, **changes})


def jwks_issuer(url: str, **changes: Any) -> Issuer:
    """An issuer that publishes its keys."""
    return secret_issuer(**{"secret": "", "jwks_url": url, "algorithms": ("RS256", "ES256"), **changes})


def call_of(
    headers: Sequence[tuple[str, str]] = (),
    *,
    kind: AuthKind = AuthKind.USER,
    scopes: tuple[str, ...] = (),
    stream: StreamKind = StreamKind.UNARY,
    raw_query: str = "",
    fields: tuple[str, ...] = (),
) -> Call:
    """A call with these headers and this query, of a route with this auth, whose query may reach these fields."""
    binding = Binding(
        id="test.Service.Method",
        method="GET",
        template="/v1/things",
        path=("v1", "things"),
        rpc="/test.Service/Method",
        request=empty_pb2.Empty,
        response=empty_pb2.Empty,
        stream=stream,
        query=fields,
        policy=Policy(auth=Auth(kind=kind, scopes=scopes)),
    )
    head = RequestHead(
        method="GET",
        raw_path="/v1/things",
        raw_query=raw_query,
        headers=CIMultiDictProxy(CIMultiDict(headers)),
        address="192.0.2.7",
    )
    return Call(binding=binding, head=head, request_id="r-1")


def bearer(text: str) -> list[tuple[str, str]]:
    """The header that carries a token."""
    return [("Authorization", f"Bearer {text}")]


@dataclass
class FakeCache:
    """A token cache whose parts can be filled and watched."""

    local: dict[str, Principal] = field(default_factory=dict)
    shared: dict[str, Principal] = field(default_factory=dict)
    gets: int = 0
    hold: asyncio.Event | None = None
    """Where set, shared lookups wait for it."""

    def peek(self, digest: str) -> Principal | None:
        return self.local.get(digest)

    async def get(self, digest: str) -> Principal | None:
        self.gets += 1
        if self.hold is not None:
            await self.hold.wait()
        return self.shared.get(digest)

    async def put(self, principal: Principal) -> None:
        self.local[principal.token_digest] = principal
        self.shared[principal.token_digest] = principal


@dataclass
class FakeRevocations:
    """Revoked sign-ins."""

    sessions: set[str] = field(default_factory=set)

    def is_revoked(self, principal: Principal) -> bool:
        return principal.session_id in self.sessions


@dataclass
class FakeSignIns:
    """Who was seen, and from where."""

    seen: list[tuple[str, str, str]] = field(default_factory=list)

    def touch(self, principal: Principal, address: str, user_agent: str) -> None:
        self.seen.append((principal.session_id, address, user_agent))


@dataclass
class FakeTickets:
    """Tickets and whom they stand for."""

    holders: dict[str, Principal] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    async def redeem(self, text: str) -> Principal | None:
        self.asked.append(text)
        return self.holders.pop(text, None)


@dataclass
class FakeMeter:
    """All that was counted."""

    where: list[Found] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    fetches: list[tuple[str, bool]] = field(default_factory=list)

    def found(self, where: Found) -> None:
        self.where.append(where)

    def refused(self, refusal: Refusal) -> None:
        self.refusals.append(refusal)

    def keys_fetched(self, issuer: str, *, succeeded: bool) -> None:
        self.fetches.append((issuer, succeeded))


@dataclass
class FakeClock:
    """A clock that stands until it is moved."""

    now: float = 1_000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Provider:
    """An identity provider on a real socket, which answers as it is told."""

    url: str = ""
    respond: Callable[[web.Request], Awaitable[web.StreamResponse]] | None = None
    requests: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.requests.append((request.method, dict(request.headers), await request.read()))
        assert self.respond is not None
        return await self.respond(request)

    def publish(self, *keys: dict[str, Any]) -> None:
        """Answer with a key set."""
        self.answer({"keys": list(keys)})

    def answer(self, document: Any, status: int = 200) -> None:
        """Answer with a document."""

        async def respond(request: web.Request) -> web.StreamResponse:
            return web.json_response(document, status=status)

        self.respond = respond

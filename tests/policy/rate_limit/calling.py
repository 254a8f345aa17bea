"""Calls and routes for tests of rate limits."""

from __future__ import annotations

from google.protobuf import empty_pb2
from multidict import CIMultiDict, CIMultiDictProxy

from transom_runtime.binding import Binding, LimitBy, Policy, RateLimit
from transom_runtime.call import ANONYMOUS, Call, Principal, PrincipalKind, RequestHead
from transom_runtime.errors import CallError
from transom_runtime.policy.rate_limit import RateLimitGate

ADA = Principal(kind=PrincipalKind.USER, id="ada")
EVE = Principal(kind=PrincipalKind.USER, id="eve")
CI = Principal(kind=PrincipalKind.API_KEY, id="ci")


def route(*limits: RateLimit, method: str = "Get") -> Binding:
    """A route with these limits."""
    return Binding(
        id=f"shop.v1.Shop.{method}",
        method="GET",
        template="/v1/shop",
        path=("v1", "shop"),
        rpc=f"/shop.v1.Shop/{method}",
        request=empty_pb2.Empty,
        response=empty_pb2.Empty,
        policy=Policy(rate_limits=limits),
    )


def limit(
    requests: int, *, tier: str = "", per_s: float = 3600, by: LimitBy = LimitBy.CALLER, burst: int = 0
) -> RateLimit:
    """A limit; slow enough by default that nothing comes back during a test."""
    return RateLimit(tier=tier, requests=requests, per_s=per_s, by=by, burst=burst)


def call(caller: Principal = ANONYMOUS, *, address: str = "192.0.2.1") -> Call:
    """A call that was admitted so far."""
    head = RequestHead(
        method="GET", raw_path="/v1/shop", raw_query="", headers=CIMultiDictProxy(CIMultiDict()), address=address
    )
    return Call(binding=route(), head=head, request_id="r", principal=caller)


async def admitted(gate: RateLimitGate, made: Call) -> bool:
    """Whether the gate lets the call pass; any refusal but for calling too often is the test's failure."""
    try:
        await gate.check(made)
    except CallError as error:
        if error.reason != "RATE_LIMITED":
            raise
        return False
    return True

"""The context that servicers get."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from multidict import CIMultiDict, CIMultiDictProxy

from transom_runtime.binding import UNROUTED
from transom_runtime.call import ANONYMOUS, Call, Principal, PrincipalKind, RequestHead
from transom_runtime.upstream.local import LocalContext

ADA = Principal(kind=PrincipalKind.USER, id="ada", session_id="s-1", expires_at=2_000_000_000.0)

MakeContext = Callable[..., LocalContext]


def make_context(principal: Principal = ANONYMOUS, **headers: str) -> LocalContext:
    head = RequestHead(
        method="GET",
        raw_path="/",
        raw_query="",
        headers=CIMultiDictProxy(CIMultiDict(headers)),
        address="192.0.2.1",
    )
    return LocalContext(call=Call(binding=UNROUTED, head=head, request_id="r-1", principal=principal))


@pytest.fixture
def nobody() -> LocalContext:
    """Nobody asks."""
    return make_context()


@pytest.fixture
def ada() -> MakeContext:
    """Ada asks, with the given changes to what is known of her."""

    def ask(**changes: Any) -> LocalContext:
        return make_context(replace(ADA, **changes), Authorization="Bearer ada's")

    return ask

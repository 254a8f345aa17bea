"""The opening handshake, on plain values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from multidict import CIMultiDict, CIMultiDictProxy

from downstream.wire import make_head
from transom_runtime.call import RequestHead
from transom_runtime.downstream.handshake import accept_headers, check_handshake, is_handshake, upgrade_required
from transom_runtime.errors import CallError

GOOD = (
    ("Upgrade", "websocket"),
    ("Connection", "Upgrade"),
    ("Sec-WebSocket-Version", "13"),
    ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
)


def head(*more: tuple[str, str], without: Sequence[str] = (), host: str = "api.example.com") -> RequestHead:
    pairs = [pair for pair in GOOD if pair[0] not in without]
    return replace(make_head(), headers=CIMultiDictProxy(CIMultiDict([*pairs, *more])), host=host)


def refused(*more: tuple[str, str], without: Sequence[str] = ()) -> CallError:
    with pytest.raises(CallError) as raised:
        check_handshake(head(*more, without=without), ())
    return raised.value


@pytest.mark.parametrize(
    ("upgrade", "expected"),
    [("websocket", True), ("WebSocket", True), ("h2c, websocket", True), ("h2c", False), ("websockets", False)],
)
def test_what_asks_for_a_websocket(upgrade: str, expected: bool) -> None:
    """The Upgrade header is a list of tokens, in any case; POST asks for none."""
    asking = head(("Upgrade", upgrade), without=["Upgrade"])
    assert is_handshake(asking) == expected
    assert not is_handshake(replace(asking, method="POST"))
    assert not is_handshake(make_head())


@pytest.mark.parametrize(
    ("name", "values", "status", "reason"),
    [
        ("Sec-WebSocket-Version", ["8"], 426, "WEBSOCKET_VERSION"),
        ("Sec-WebSocket-Version", [], 426, "WEBSOCKET_VERSION"),
        ("Connection", ["close"], 400, "MALFORMED_HANDSHAKE"),
        ("Connection", [], 400, "MALFORMED_HANDSHAKE"),
        ("Sec-WebSocket-Key", [], 400, "MALFORMED_HANDSHAKE"),
        ("Sec-WebSocket-Key", ["short"], 400, "MALFORMED_HANDSHAKE"),
        ("Sec-WebSocket-Key", ["dGhlIHNhbXBsZSBub25jZQ"], 400, "MALFORMED_HANDSHAKE"),
        ("Sec-WebSocket-Key", ["dGhlIHNhbXBsZSBub25jZSE="], 400, "MALFORMED_HANDSHAKE"),
        ("Sec-WebSocket-Key", ["ä" * 24], 400, "MALFORMED_HANDSHAKE"),
        ("Sec-WebSocket-Key", ["dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25jZQ=="], 400, "MALFORMED_HANDSHAKE"),
        ("Content-Length", ["5"], 400, "MALFORMED_HANDSHAKE"),
        ("Transfer-Encoding", ["chunked"], 400, "MALFORMED_HANDSHAKE"),
    ],
)
def test_s8_a_bad_handshake_is_told_as_http(name: str, values: list[str], status: int, reason: str) -> None:
    """S8: each has a status and a stable reason; another version is answered with the one that is spoken."""
    error = refused(*((name, value) for value in values), without=[name])
    assert (error.http_status, error.reason) == (status, reason)
    assert (error.headers.get("Sec-WebSocket-Version") == "13") == (status == 426)


def test_a_plain_request_is_told_to_upgrade() -> None:
    """RFC 9110, 15.5.22: 426 says to what, and that this is for this connection."""
    error = upgrade_required()
    assert (error.http_status, error.reason) == (426, "UPGRADE_REQUIRED")
    assert (error.headers["Upgrade"], error.headers["Connection"]) == ("websocket", "Upgrade")


@pytest.mark.parametrize(
    ("origin", "host", "origins", "welcome"),
    [
        (None, "api.example.com", (), True),
        ("https://api.example.com", "api.example.com", (), True),
        ("https://API.example.com", "api.EXAMPLE.com", (), True),
        ("https://api.example.com", "api.example.com:443", (), True),
        ("http://api.example.com", "api.example.com:80", (), True),
        ("http://localhost:8080", "localhost:8080", (), True),
        ("http://[::1]:8080", "[::1]:8080", (), True),
        ("http://localhost:3000", "localhost:8080", (), False),
        ("https://api.example.com", "api.example.com:8443", (), False),
        ("https://evil.example.com", "api.example.com", (), False),
        ("https://api.example.com.evil.example", "api.example.com", (), False),
        ("https://evil.example/api.example.com", "api.example.com", (), False),
        ("null", "api.example.com", (), False),
        ("null", "", (), False),
        ("file://", "", (), False),
        ("https://app.example.com", "api.example.com", ("https://app.example.com",), True),
        ("http://app.example.com", "api.example.com", ("https://app.example.com",), False),
        ("https://app.example.com:444", "api.example.com", ("https://app.example.com",), False),
        ("https://anybody.example", "api.example.com", ("*",), True),
        ("null", "api.example.com", ("*",), True),
        ("https://[", "api.example.com", (), False),
    ],
)
def test_s8_pages_of_other_origins_stay_out(
    origin: str | None, host: str, origins: tuple[str, ...], welcome: bool
) -> None:
    """Browsers let any page open a WebSocket and say which it is: of those, this host's and CORS's may (403)."""
    asking = head(*([("Origin", origin)] if origin is not None else []), host=host)
    if welcome:
        check_handshake(asking, origins)
        return
    with pytest.raises(CallError) as raised:
        check_handshake(asking, origins)
    assert (raised.value.http_status, raised.value.reason) == (403, "ORIGIN_NOT_ALLOWED")


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [
        ([], None),
        (["transom.v1.json"], "transom.v1.json"),
        (["soap, transom.v1.json"], "transom.v1.json"),
        (["soap", "transom.v1.json"], "transom.v1.json"),
        (["TRANSOM.V1.JSON"], None),
        (["soap"], None),
    ],
)
def test_s8_the_protocol_is_chosen_from_what_is_offered(offered: list[str], chosen: str | None) -> None:
    """RFC 6455, 4.2.2: one of the offered subprotocols, or none; extensions never."""
    headers = accept_headers(
        head(
            *(("Sec-WebSocket-Protocol", offer) for offer in offered),
            ("Sec-WebSocket-Extensions", "permessage-deflate"),
        )
    )
    assert headers.get("Sec-WebSocket-Protocol") == chosen
    assert headers["Sec-WebSocket-Accept"] == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
    assert headers.keys() - {"Sec-WebSocket-Protocol"} == {"Upgrade", "Connection", "Sec-WebSocket-Accept"}

"""Upstream failures as CallErrors."""

from __future__ import annotations

import pytest
from google.protobuf.any_pb2 import Any
from google.rpc.error_details_pb2 import DebugInfo, ErrorInfo, RetryInfo
from google.rpc.status_pb2 import Status

from transom_runtime.errors import HTTP_STATUS, Code, Origin
from transom_runtime.upstream.errors import build_error


def details_bin(code: int, *details: ErrorInfo | RetryInfo | DebugInfo) -> tuple[tuple[str, bytes], ...]:
    status = Status(code=code, message="inner")
    for detail in details:
        status.details.add().Pack(detail)
    return (("grpc-status-details-bin", status.SerializeToString()),)


@pytest.mark.parametrize("code", [code for code in Code if code is not Code.OK])
def test_every_code_has_its_status(code: Code) -> None:
    """E2: the HTTP status is the code's own."""
    assert build_error(code, "no such thing", (("a", "b"),)).http_status == HTTP_STATUS[code]


def test_an_upstreams_message_is_shown() -> None:
    """E2: what the upstream says goes to the client, as the upstream's."""
    error = build_error(Code.NOT_FOUND, 'no book at 10:30 named "x"', ())
    assert (error.message, error.origin, error.reason) == ('no book at 10:30 named "x"', Origin.UPSTREAM, "")


@pytest.mark.parametrize(
    "code, text",
    [
        (Code.UNAVAILABLE, "failed to connect to all addresses; last error: UNKNOWN: ipv4:10.1.2.3:50051: refused"),
        (Code.UNAVAILABLE, "errors resolving engine.internal:50051: [field:hostname lookup error]"),
        (Code.UNAVAILABLE, "Socket closed"),
        (Code.DEADLINE_EXCEEDED, "Stream removed (Deadline Exceeded)"),
        (Code.UNKNOWN, "Unexpected <class 'ValueError'>: secret"),
        (Code.UNKNOWN, "Exception calling application: secret"),
        (Code.INTERNAL, "Received RST_STREAM with error code 2"),
        (Code.INTERNAL, "Traceback (most recent call last): secret"),
        (Code.CANCELLED, "RST_STREAM from 10.0.0.7"),
        (Code.UNKNOWN, ""),
    ],
)
def test_the_network_behind_is_not_shown(code: Code, text: str) -> None:
    """E5: no host, address or type name is in the message."""
    error = build_error(code, text, ())
    for secret in ("10.", "engine", "secret", "ValueError", "RST", "Socket", "Stream removed"):
        assert secret not in error.message
    assert error.message


def test_connection_trouble_is_the_gateways_to_tell() -> None:
    """E5: an upstream that cannot be reached is 503 in the gateway's own words, with a reason and a remedy."""
    error = build_error(Code.UNAVAILABLE, "failed to connect to all addresses", ())
    assert (error.http_status, error.origin, error.reason) == (503, Origin.GATEWAY, "UPSTREAM_UNREACHABLE")
    assert error.remedy


def test_trailers_prove_that_the_upstream_spoke() -> None:
    """E2: UNAVAILABLE with trailers is the upstream's own answer, and keeps its message."""
    error = build_error(Code.UNAVAILABLE, "down for maintenance", (("grpc-retry-pushback-ms", "1500"),))
    assert (error.message, error.origin) == ("down for maintenance", Origin.UPSTREAM)


@pytest.mark.parametrize(
    "text, http_status, origin",
    [
        ("Stream removed (CLIENT: Received message larger than max (9 vs. 4))", 502, Origin.GATEWAY),
        ("CLIENT: Sent message larger than max (9 vs. 4)", 413, Origin.DOWNSTREAM),
        ("SERVER: Received message larger than max (9 vs. 4)", 413, Origin.DOWNSTREAM),
        ("grpc: received message larger than max (9 vs. 4)", 413, Origin.DOWNSTREAM),
        ("quota of messages used up", 429, Origin.UPSTREAM),
    ],
)
def test_sizes_are_no_quota(text: str, http_status: int, origin: Origin) -> None:
    """E2: a reply over the channel's limit is 502 and a request over it 413; only a quota is 429."""
    error = build_error(Code.RESOURCE_EXHAUSTED, text, ())
    assert (error.http_status, error.origin) == (http_status, origin)


def test_details_are_decoded() -> None:
    """E4: the details of the status travel as the upstream packed them."""
    info = ErrorInfo(reason="TAKEN", domain="d")
    error = build_error(Code.ABORTED, "taken", details_bin(10, info))
    packed = Any()
    packed.Pack(info)
    assert error.details == (packed,)


def test_details_of_another_code_are_dropped() -> None:
    """E4: where the inner code differs from the status, the status wins."""
    error = build_error(Code.ABORTED, "taken", details_bin(5, ErrorInfo(reason="X")))
    assert (error.code, error.message, error.details) == (Code.ABORTED, "taken", ())


def test_broken_details_are_dropped() -> None:
    """E4: details that cannot be decoded do not spoil the error."""
    assert build_error(Code.ABORTED, "taken", (("grpc-status-details-bin", b"\xff\xff"),)).details == ()


def test_stack_traces_of_an_upstream_are_dropped() -> None:
    """E5: DebugInfo is for logs, not for clients."""
    info = ErrorInfo(reason="X")
    packed = Any()
    packed.Pack(info)
    trailers = details_bin(13, DebugInfo(detail="stack"), info)
    assert build_error(Code.INTERNAL, "broke", trailers).details == (packed,)


def test_retry_info_says_when() -> None:
    """E3: RetryInfo becomes the time after which a repeat makes sense."""
    info = RetryInfo()
    info.retry_delay.FromMilliseconds(2500)
    assert build_error(Code.UNAVAILABLE, "busy", details_bin(14, info)).retry_after_s == 2.5


@pytest.mark.parametrize(
    "value, pushback_s, retry_after_s",
    [("0", 0.0, 0.0), ("1500", 1.5, 1.5), ("-1", -1.0, None), ("soon", -1.0, None), ("", -1.0, None)],
)
def test_pushback_is_read(value: str, pushback_s: float, retry_after_s: float | None) -> None:
    """E3: the pushback trailer says when to repeat; what is no number says never."""
    error = build_error(Code.UNAVAILABLE, "busy", (("grpc-retry-pushback-ms", value),))
    assert (error.pushback_s, error.retry_after_s) == (pushback_s, retry_after_s)

"""The deadline of a call."""

from __future__ import annotations

import math

import pytest

from transom_runtime.binding import Binding, StreamKind
from transom_runtime.errors import CallError, Code
from transom_runtime.upstream.deadline import DeadlineOptions, own_timeout_s, timeout_of
from upstream.calls import binding

STREAM = binding(stream=StreamKind.SERVER)


@pytest.mark.parametrize(
    "headers, of, expected_s",
    [
        ((), binding(), 60),
        ((), binding(timeout_s=5), 5),
        ((), binding(timeout_s=500), 60),
        ((("Grpc-Timeout", "2S"),), binding(timeout_s=5), 2),
        ((("Grpc-Timeout", "90S"),), binding(timeout_s=5), 5),
        ((("Grpc-Timeout", "1500m"),), binding(), 1.5),
        ((("Grpc-Timeout", "2500000u"),), binding(), 2.5),
        ((("Grpc-Timeout", "99999999n"),), binding(), 0.099999999),
        ((("Grpc-Timeout", "1M"),), STREAM, 60),
        ((("Grpc-Timeout", "1H"),), STREAM, 3600),
        ((("X-Server-Timeout", "2.5"),), binding(), 2.5),
        ((("X-Server-Timeout", "1e1"),), binding(), 10),
        ((("X-Server-Timeout", "4"), ("Grpc-Timeout", "3S")), binding(), 3),
        ((), STREAM, math.inf),
        ((("Grpc-Timeout", "99999999H"),), STREAM, math.inf),
        ((("X-Server-Timeout", "1e300"),), STREAM, math.inf),
        ((("X-Server-Timeout", "1e999"),), STREAM, math.inf),
        ((), binding(stream=StreamKind.SERVER, timeout_s=120), 120),
    ],
)
def test_the_least_timeout_holds(headers: tuple[tuple[str, str], ...], of: Binding, expected_s: float) -> None:
    """H4: the timeout is the least of the client's, the method's and, but for streams, the server's cap."""
    own_s = own_timeout_s(of, DeadlineOptions(max_timeout_s=60))
    assert timeout_of(dict(headers), own_s) == expected_s


@pytest.mark.parametrize(
    "header, value",
    [("Grpc-Timeout", value) for value in ("", "5", "S", "-1S", "1.5S", "123456789S", "1x", "1 S", "٣S", "1S1S")]
    + [("X-Server-Timeout", value) for value in ("", "x", "nan", "inf", "-inf", "1_0", "0x1", "1s", "٣")],
)
def test_a_malformed_timeout_is_a_bad_request(header: str, value: str) -> None:
    """H4: a malformed timeout, a negative Grpc-Timeout among them, is 400 and names the header."""
    with pytest.raises(CallError) as caught:
        timeout_of({header: value}, math.inf)
    assert caught.value.http_status == 400
    assert [fault.field for fault in caught.value.faults] == [header]


@pytest.mark.parametrize(
    "header, value",
    [("Grpc-Timeout", "0S"), ("X-Server-Timeout", "0"), ("X-Server-Timeout", "-1.5"), ("X-Server-Timeout", "-0")],
)
def test_no_time_at_all_is_504(header: str, value: str) -> None:
    """H4: zero, or a negative X-Server-Timeout, is 504 at once."""
    with pytest.raises(CallError) as caught:
        timeout_of({header: value}, math.inf)
    assert (caught.value.code, caught.value.http_status) == (Code.DEADLINE_EXCEEDED, 504)


@pytest.mark.parametrize("cap_s", [0, -1, math.nan])
def test_a_cap_has_to_be_positive(cap_s: float) -> None:
    """A cap that would refuse every call is refused when it is set."""
    with pytest.raises(ValueError, match="max_timeout_s"):
        DeadlineOptions(max_timeout_s=cap_s)

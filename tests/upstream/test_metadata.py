"""What crosses between headers and metadata."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import replace

import pytest

from transom_runtime.call import Principal, PrincipalKind
from transom_runtime.errors import CallError
from transom_runtime.upstream import metadata as metadata_module
from transom_runtime.upstream.metadata import MetadataOptions, RequestMetadata, ResponseMetadata
from upstream.calls import binding, call

Headers = tuple[tuple[str, str], ...]
OWN = [("x-request-id", "r-1"), ("x-forwarded-proto", "http"), ("x-principal-kind", "anonymous")]


def crossing(headers: Headers, *, forward: bool = False, allow: tuple[str, ...] | None = None) -> list[object]:
    options = MetadataOptions() if allow is None else MetadataOptions(request_allow=allow)
    pairs = RequestMetadata(options).encode(call(binding(forward=forward), headers))
    return [pair for pair in pairs if pair not in OWN]


@pytest.mark.parametrize(
    "header, value, expected",
    [
        ("Accept-Language", "de", ("accept-language", "de")),
        ("Tracestate", "a=b", ("tracestate", "a=b")),
        ("baggage", "k=v", ("baggage", "k=v")),
        ("Grpc-Metadata-X-Tenant", "acme", ("x-tenant", "acme")),
        ("GRPC-METADATA-shard", "7", ("shard", "7")),
        ("Grpc-Metadata-Trace-Bin", b64encode(b"\x00\xff\x10").decode(), ("trace-bin", b"\x00\xff\x10")),
        ("Grpc-Metadata-Trace-Bin", "AP8Q", ("trace-bin", b"\x00\xff\x10")),
        ("Grpc-Metadata-Trace-Bin", "AA", ("trace-bin", b"\x00")),
        ("Grpc-Metadata-Trace-Bin", "AA==", ("trace-bin", b"\x00")),
        ("Grpc-Metadata-Trace-Bin", "", ("trace-bin", b"")),
    ],
)
def test_allowed_headers_cross(header: str, value: str, expected: object) -> None:
    """H1: allowed headers and those with the prefix reach the upstream, binary ones decoded, padded or not."""
    assert crossing(((header, value),)) == [expected]


@pytest.mark.parametrize(
    "header",
    [
        "User-Agent", "Cookie", "X-Tenant", "Host", "Content-Type", "Content-Length", "Connection", "Keep-Alive", "TE",
        "Trailer", "Transfer-Encoding", "Upgrade", "Proxy-Authorization", "Grpc-Timeout", "Grpc-Encoding",
        "X-Principal-Id", "X-Principal-Kind", "X-Principal-Scopes", "X-Principal-Anything", "X-Request-Id",
        "Authorization", "X-Forwarded-For", "Forwarded",
    ],
)  # fmt: skip
def test_other_headers_stay_here(header: str) -> None:
    """H1: what is not on the list stays here, and the prefix is no way around it."""
    assert crossing(((header, "v"),)) == []
    prefixed = [] if header in {"User-Agent", "Cookie", "X-Tenant"} else [f"Grpc-Metadata-{header}"]
    assert crossing(tuple((name, "v") for name in prefixed), forward=True) == []


def test_headers_for_one_hop_stay_here() -> None:
    """H1: a header that Connection names is for this gateway alone, allowed or prefixed."""
    named = (("Connection", "keep-alive, Baggage"), ("Connection", "grpc-metadata-shard"))
    sent = (("baggage", "k=v"), ("Grpc-Metadata-Shard", "7"), ("Tracestate", "a=b"))
    assert crossing((*named, *sent)) == [("tracestate", "a=b")]


def test_a_wide_list_still_keeps_what_never_crosses() -> None:
    """H1: hop-by-hop and gRPC's own headers, and names of the caller, do not cross under any allow list."""
    sent = (("Connection", "x"), ("Host", "h"), ("grpc-status", "0"), ("x-principal-id", "root"), ("X-Tenant", "acme"))
    assert crossing(sent, allow=("*",)) == [("x-tenant", "acme")]


def test_globs_allow_families_of_names() -> None:
    """H1: an entry of the allow list may be a glob, in any case."""
    assert crossing((("X-Tenant-Id", "1"), ("X-Other", "2")), allow=("X-Tenant-*",)) == [("x-tenant-id", "1")]


def test_authorization_crosses_where_the_policy_forwards_it() -> None:
    """H1: the caller's credential travels only where the route's policy says so."""
    sent = (("Authorization", "Bearer t"), ("Grpc-Metadata-Authorization", "Bearer other"))
    assert crossing(sent, forward=True) == [("authorization", "Bearer t")]
    assert crossing(sent) == []
    assert crossing(sent, allow=("*",)) == []


def test_the_call_names_its_request_and_trace() -> None:
    """H1: request id and trace are the call's, whatever the client sent under their names."""
    traced = call(
        headers=(("traceparent", "00-client"), ("X-Request-Id", "client"), ("Grpc-Metadata-Traceparent", "x"))
    )
    traced.traceparent = "00-ours"
    pairs = list(RequestMetadata(MetadataOptions()).encode(traced))
    assert pairs == [OWN[0], ("traceparent", "00-ours"), *OWN[1:]]


def test_an_untraced_call_passes_the_clients_trace_on() -> None:
    """H1: where the gateway does not trace, the client's own trace context crosses."""
    assert crossing((("traceparent", "00-client"),)) == [("traceparent", "00-client")]


def test_the_verified_caller_travels() -> None:
    """H1: the upstream hears who the caller is, and nothing that the caller claims."""
    verified = call(headers=(("X-Principal-Id", "root"), ("Grpc-Metadata-X-Principal-Id", "root")))
    verified.principal = Principal(kind=PrincipalKind.USER, id="u 1%é\n", scopes=frozenset({"b", "a"}))
    pairs = list(RequestMetadata(MetadataOptions()).encode(verified))
    assert pairs[2:] == [
        ("x-principal-kind", "user"),
        ("x-principal-id", "u%201%25%C3%A9%0A"),
        ("x-principal-scopes", "a b"),
    ]


def test_long_lists_of_scopes_are_not_remembered() -> None:
    """H1: a caller of short scopes is written once, one whose token names KiB of them each time, alike."""
    metadata, kept = RequestMetadata(MetadataOptions()), metadata_module._kept_principal
    kept.cache_clear()
    for length, remembered in ((8, 1), (4096, 1)):
        caller = call()
        caller.principal = Principal(kind=PrincipalKind.USER, id="u", scopes=frozenset({"s" * length}))
        assert list(metadata.encode(caller))[-1] == ("x-principal-scopes", "s" * length)
        assert kept.cache_info().currsize == remembered
    assert kept.cache_parameters()["maxsize"] is not None


def test_the_way_that_a_call_came_travels() -> None:
    """H5: the upstream hears the believed chain with the gateway's peer appended, and nothing else under its names."""
    claimed = (
        ("X-Forwarded-For", "6.6.6.6"), ("X-Forwarded-Host", "evil"), ("Forwarded", "for=6.6.6.6"), ("X-Real-IP", "6"),
        ("Grpc-Metadata-X-Forwarded-For", "6.6.6.6"), ("Grpc-Metadata-X-Real-IP", "6"),
    )  # fmt: skip
    came = call(headers=claimed)
    came.head = replace(came.head, scheme="https", host="api.test", forwarded_for=("192.0.2.1", "10.0.0.7"))
    pairs = list(RequestMetadata(MetadataOptions(request_allow=("*",))).encode(came))
    assert pairs == [
        ("x-request-id", "r-1"),
        ("x-forwarded-for", "192.0.2.1, 10.0.0.7"),
        ("x-forwarded-proto", "https"),
        ("x-forwarded-host", "api.test"),
        ("x-principal-kind", "anonymous"),
    ]


def test_a_name_that_was_seen_before_is_judged_by_each_call() -> None:
    """H1: what is remembered of a name is its key; whether that crosses is for the call's route and trace to say."""
    metadata = RequestMetadata(MetadataOptions())
    sent = (("Authorization", "Bearer t"), ("traceparent", "00-client"))
    traced = call(binding(forward=False), sent)
    traced.traceparent = "00-ours"
    for _ in range(2):
        forwarded = metadata.encode(call(binding(forward=True), sent))
        assert [pair for pair in forwarded if pair not in OWN] == [
            ("authorization", "Bearer t"),
            ("traceparent", "00-client"),
        ]
        assert [pair for pair in metadata.encode(traced) if pair not in OWN] == [("traceparent", "00-ours")]


def test_more_names_than_are_remembered_cross_all_the_same() -> None:
    """H1: clients choose names, so few of them are kept; those behind the last one are looked at each time."""
    metadata = RequestMetadata(MetadataOptions())
    for number in range(1100):
        header = f"Grpc-Metadata-X-{number}"
        assert (f"x-{number}", "v") in metadata.encode(call(headers=((header, "v"),)))
    for header in ("Grpc-Metadata-X-1099", "Grpc-Metadata-X-" + "y" * 200):
        for _ in range(2):
            assert (header.lower().removeprefix("grpc-metadata-"), "v") in metadata.encode(
                call(headers=((header, "v"),))
            )


@pytest.mark.parametrize("host", ["", "a, b", "h\n", "münchen"])
def test_a_host_that_is_none_does_not_travel(host: str) -> None:
    """H5: a host that metadata cannot hold, or that would look like two, is left out."""
    came = call()
    came.head = replace(came.head, host=host)
    assert list(RequestMetadata(MetadataOptions()).encode(came)) == OWN


@pytest.mark.parametrize(
    "header, value",
    [
        ("Grpc-Metadata-X-Bin", "not base64!"),
        ("Grpc-Metadata-X-Bin", "A"),
        ("Grpc-Metadata-X-Bin", "é"),
        ("Grpc-Metadata-X", "é"),
        ("Grpc-Metadata-X", "a\x00b"),
        ("Grpc-Metadata-X", "a\x7f"),
        ("Grpc-Metadata-a!b", "v"),
        ("Accept-Language", "dé"),
    ],
)
def test_what_metadata_cannot_hold_is_a_bad_request(header: str, value: str) -> None:
    """H1: a value that grpc would refuse to send is 400 and names the header, not the value."""
    with pytest.raises(CallError) as caught:
        crossing(((header, value),))
    assert caught.value.http_status == 400
    assert [fault.field for fault in caught.value.faults] == [header]


def test_binary_values_may_be_joined_by_commas() -> None:
    """H1: a binary header may carry several values, as gRPC itself allows."""
    assert crossing((("Grpc-Metadata-X-Bin", "AA, AQ=="),)) == [("x-bin", b"\x00"), ("x-bin", b"\x01")]


def test_nothing_reaches_the_client_unless_allowed() -> None:
    """H2: by default no metadata becomes a header."""
    assert ResponseMetadata(MetadataOptions()).headers([("x", "1")], [("y", "2")]) == {}


def test_allowed_metadata_becomes_headers() -> None:
    """H2: initial metadata and trailers have prefixes of their own; repeated keys are joined, bytes are base64."""
    crossed = ResponseMetadata(MetadataOptions(response_allow=("x-*", "etag")))
    assert crossed.headers(
        [("x-a", "1"), ("x-a", "2"), ("secret", "s"), ("etag", "e")], [("x-b-bin", b"\x00\xff"), ("x-a", "3")]
    ) == {
        "Grpc-Metadata-x-a": "1, 2",
        "Grpc-Metadata-etag": "e",
        "Grpc-Trailer-x-b-bin": "AP8=",
        "Grpc-Trailer-x-a": "3",
    }


@pytest.mark.parametrize("value", ["a\rb", "a\nb", "a\x00b", "\r\nSet-Cookie: x"])
def test_control_characters_never_cross(value: str) -> None:
    """H2: a value with CR, LF or NUL does not become a header."""
    assert ResponseMetadata(MetadataOptions(response_allow=("*",))).headers([("x", value)], ()) == {}


@pytest.mark.parametrize("key", ["grpc-status-details-bin", "grpc-retry-pushback-ms", ":status", "a b", "x\r\ny"])
def test_protocol_keys_never_cross(key: str) -> None:
    """H2: gRPC's own trailers, and keys that are no header names, stay here under any allow list."""
    assert ResponseMetadata(MetadataOptions(response_allow=("*",))).headers([(key, "v")], [(key, "v")]) == {}


def test_r3_what_is_passed_on_has_a_cap() -> None:
    """R3: headers for the upstream that are too much together are 431, before the upstream is asked; what stays here
    does not count.
    """
    headers = (("Grpc-Metadata-A", "x" * 5000), ("Cookie", "x" * 5000), ("Grpc-Metadata-B", "x" * 3190))
    assert crossing(headers) == [("a", "x" * 5000), ("b", "x" * 3190)]
    with pytest.raises(CallError) as caught:
        crossing((*headers, ("Grpc-Metadata-C", "x")))
    assert (caught.value.http_status, caught.value.reason) == (431, "HEADERS_TOO_LARGE")

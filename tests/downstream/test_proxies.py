"""Who the caller is behind proxies."""

from __future__ import annotations

import pytest
from multidict import CIMultiDict, CIMultiDictProxy

from transom_runtime.downstream.proxies import NO_PROXIES, Forwarding, Hop, TrustedProxies

PROXIES = TrustedProxies.parse(["10.0.0.0/8", "fd00::/8"])
DIRECT = Hop(address="10.0.0.1", scheme="http", host="gateway:80")


def caller(*headers: tuple[str, str], proxies: TrustedProxies = PROXIES, direct: Hop = DIRECT) -> tuple[str, str, str]:
    hop = proxies.caller(direct, CIMultiDictProxy(CIMultiDict(headers)))
    return hop.address, hop.scheme, hop.host


ALL = (("X-Forwarded-For", "6.6.6.6"), ("X-Forwarded-Proto", "https"), ("X-Forwarded-Host", "api.example.com"))


def test_h5_nobody_is_believed_by_default() -> None:
    """H5: without configuration forwarding headers mean nothing."""
    assert caller(*ALL, proxies=NO_PROXIES) == ("10.0.0.1", "http", "gateway:80")


def test_h5_a_stranger_is_not_believed() -> None:
    """H5: only configured proxies may speak for others."""
    stranger = Hop(address="203.0.113.9", scheme="http", host="h")
    assert caller(*ALL, direct=stranger) == ("203.0.113.9", "http", "h")


def test_h5_a_trusted_proxy_is_believed() -> None:
    """H5: address, scheme and host come from the proxy."""
    assert caller(*ALL) == ("6.6.6.6", "https", "api.example.com")


@pytest.mark.parametrize(
    ("value", "address"),
    [
        ("1.1.1.1, 2.2.2.2", "2.2.2.2"),
        ("1.1.1.1, 2.2.2.2, 10.0.0.7", "2.2.2.2"),
        ("10.0.0.9, 10.0.0.7", "10.0.0.9"),
        ("1.1.1.1:8080", "1.1.1.1"),
        ("[2001:db8::1]:443", "2001:db8::1"),
        ("2001:db8::1", "2001:db8::1"),
        ("::ffff:1.2.3.4", "1.2.3.4"),
        ("fe80::1%eth0", "fe80::1"),
        ("1.1.1.1, unknown", "10.0.0.1"),
        ("1.1.1.1, <script>, 10.0.0.7", "10.0.0.7"),
        ("", "10.0.0.1"),
        (" , ,", "10.0.0.1"),
        ("1.1.1.1, 999.1.1.1", "10.0.0.1"),
    ],
)
def test_h5_the_right_most_untrusted_address_wins(value: str, address: str) -> None:
    """H5: what stands left of the first stranger was written by that stranger."""
    assert caller(("X-Forwarded-For", value))[0] == address


def test_h5_a_list_in_pieces_is_one_list() -> None:
    """H5: a proxy may append a header line instead of an element."""
    assert caller(("X-Forwarded-For", "1.1.1.1"), ("X-Forwarded-For", "2.2.2.2"))[0] == "2.2.2.2"


def test_h5_scheme_and_host_belong_to_the_same_hop() -> None:
    """H5: what the caller wrote itself, further left, is not taken."""
    told = caller(
        ("X-Forwarded-For", "1.1.1.1, 2.2.2.2, 10.0.0.7"),
        ("X-Forwarded-Proto", "gopher, https, http"),
        ("X-Forwarded-Host", "evil, good, inner"),
    )
    assert told == ("2.2.2.2", "https", "good")


@pytest.mark.parametrize(("scheme", "host"), [("ftp", "a b"), ("", "x\ty"), ("javascript", "h:999999")])
def test_h5_nonsense_is_passed_over(scheme: str, host: str) -> None:
    """H5: a scheme or a host that cannot be one leaves the connection's own."""
    assert caller(("X-Forwarded-Proto", scheme), ("X-Forwarded-Host", host))[1:] == ("http", "gateway:80")


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("for=1.1.1.1;proto=https;host=a.example", ("1.1.1.1", "https", "a.example")),
        ('For="[2001:db8::1]:99" ; Proto=HTTPS', ("2001:db8::1", "https", "gateway:80")),
        ('for=1.1.1.1, for="2.2.2.2";proto=https, for=10.0.0.3;proto=http', ("2.2.2.2", "https", "gateway:80")),
        ("for=_hidden;proto=https", ("10.0.0.1", "https", "gateway:80")),
        ('for="1.1.1.1', ("10.0.0.1", "http", "gateway:80")),
        ("nonsense", ("10.0.0.1", "http", "gateway:80")),
    ],
)
def test_h5_forwarded(value: str, told: tuple[str, str, str]) -> None:
    """H5: RFC 7239's header says the same things in its own grammar."""
    assert caller(("Forwarded", value)) == told


def test_h5_a_header_that_the_proxies_do_not_write_is_the_callers() -> None:
    """H5: which headers the proxies write can be said, so that the others are not believed."""
    headers = (("Forwarded", "for=1.1.1.1"), ("X-Forwarded-For", "2.2.2.2"))
    answers = {f: caller(*headers, proxies=TrustedProxies.parse(["10.0.0.1/32"], f))[0] for f in Forwarding}
    assert answers == {
        Forwarding.EITHER: "2.2.2.2",
        Forwarding.X_FORWARDED: "2.2.2.2",
        Forwarding.FORWARDED: "1.1.1.1",
    }
    only = TrustedProxies.parse(["10.0.0.1/32"], Forwarding.X_FORWARDED)
    assert caller(("Forwarded", "for=1.1.1.1"), proxies=only)[0] == "10.0.0.1"


def test_a_peer_without_an_address_stays_what_it_is() -> None:
    """A Unix socket has no address to judge."""
    assert caller(*ALL, direct=Hop(address="unix", scheme="http", host="h")) == ("unix", "http", "h")


def test_networks_are_checked_at_start() -> None:
    """A network that is none is refused by name."""
    with pytest.raises(ValueError, match=r"10\.0\.0\.999"):
        TrustedProxies.parse(["10.0.0.999/8"])


@pytest.mark.parametrize(
    ("address", "sent", "way"),
    [
        ("203.0.113.9", "6.6.6.6", ("203.0.113.9",)),
        ("10.0.0.1", "", ("10.0.0.1",)),
        ("10.0.0.1", "6.6.6.6, 2.2.2.2, 10.0.0.7", ("2.2.2.2", "10.0.0.7", "10.0.0.1")),
        ("10.0.0.1", "2.2.2.2, unknown, 10.0.0.7", ("10.0.0.7", "10.0.0.1")),
        ("unix", "2.2.2.2", ()),
    ],
)
def test_h5_the_way_is_what_trusted_proxies_told_and_the_peer(address: str, sent: str, way: tuple[str, ...]) -> None:
    """H5: the chain to pass on begins with the caller and ends with the peer; what strangers wrote is not in it."""
    direct = Hop(address=address, scheme="http", host="h")
    headers = CIMultiDictProxy(CIMultiDict({"X-Forwarded-For": sent}))
    assert PROXIES.caller(direct, headers).forwarded_for == way

"""What never reaches a log."""

from __future__ import annotations

import pytest
from google.protobuf.wrappers_pb2 import StringValue

from transom_runtime.observe.logs.redaction import REDACTED, redact, redact_field, redact_text

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ1MSJ9.c2lnbmF0dXJl"


@pytest.mark.parametrize(
    "name",
    [
        "authorization", "Authorization", "proxy-authorization", "cookie", "Set-Cookie", "x-api-key", "api_key",
        "apikey", "access_token", "token", "refresh-token", "password", "db_password", "client.secret", "jwt",
        "private_key", "credential", "credentials", "ticket", "signature",
    ],
)  # fmt: skip
def test_secret_names_hide_their_values(name: str) -> None:
    """A field with a secret's name is cut as a whole, whatever it holds."""
    assert redact_field(name, "hunter2") == REDACTED
    assert redact_field(name, ["hunter2"]) == REDACTED
    assert redact({"headers": {name: "hunter2"}}) == {"headers": {name: REDACTED}}


@pytest.mark.parametrize(
    "name", ["route", "request_id", "trace_id", "principal", "token_cache_hits", "keys", "address"]
)
def test_other_names_show_theirs(name: str) -> None:
    """What is no secret is logged as it is."""
    assert redact_field(name, "plain") == "plain"


def test_numbers_and_absence_are_no_secrets() -> None:
    """A count or an empty field with a secret's name says nothing, and stays."""
    assert [redact_field("token", value) for value in (3, True, None, "")] == [3, True, None, ""]


@pytest.mark.parametrize(
    "text, kept",
    [
        (f"Bearer {JWT}", f"Bearer {REDACTED}"),
        ("a bearer token is required", "a bearer token is required"),
        ("Bearer token-1", f"Bearer {REDACTED}"),
        ("Authorization: Basic dXNlcjpwYXNz", f"Authorization: Basic {REDACTED}"),
        (f"got {JWT}.", f"got {REDACTED}"),
        ("GET /x?access_token=abc&y=1", f"GET /x?access_token={REDACTED}&y=1"),
        ("/x?key=abc#f", f"/x?key={REDACTED}#f"),
        ("/x?ticket=a%20b c", f"/x?ticket={REDACTED} c"),
        ("redis://user:pa55@cache:6379/0", f"redis://user:{REDACTED}@cache:6379/0"),
        ("rediss://:pa55@cache/0", f"rediss://:{REDACTED}@cache/0"),
        ("monkey=banana", "monkey=banana"),
        ("no secret here", "no secret here"),
    ],
)
def test_secrets_within_texts_are_cut(text: str, kept: str) -> None:
    """Credentials are told by their look: after a scheme, in a query, in a URL, or as a JWT."""
    got = redact_text(text)
    assert got.rstrip(".") == kept.rstrip(".")


def test_messages_and_bytes_are_not_shown() -> None:
    """A message is logged by its type only, so that no field marked debug_redact can be in a log; bytes by length."""
    assert redact(StringValue(value="secret")) == "<google.protobuf.StringValue>"
    assert redact([b"secret", bytearray(b"x")]) == ["<6 bytes>", "<1 bytes>"]


def test_depth_is_bounded() -> None:
    """A value that holds itself does not hang the log."""
    loop: dict[str, object] = {}
    loop["again"] = loop
    assert "[too deep]" in str(redact(loop))

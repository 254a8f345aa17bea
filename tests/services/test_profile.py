"""Profiles, and what a caller may change in them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest
from google.protobuf import json_format
from google.protobuf.field_mask_pb2 import FieldMask

from services.conftest import ADA
from transom.gateway.v1 import identity_pb2
from transom_runtime.errors import CallError
from transom_runtime.services.profile import claims_profile, profile_changes, provider_profile


def nested(depth: int) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for _ in range(depth):
        value = {"a": value}
    return value


def test_claims() -> None:
    """OpenID Connect's standard claims make a profile."""
    claims = {"email": "a@example.com", "name": "Ada", "picture": "https://example.com/a", "locale": "en", "role": "r"}
    profile = claims_profile(replace(ADA, claims=claims, scopes=frozenset({"b", "a"})))
    assert (profile.email, profile.display_name, profile.role) == ("a@example.com", "Ada", "r")
    assert (profile.avatar_url, profile.locale) == ("https://example.com/a", "en")
    assert (list(profile.scopes), profile.session_id) == (["a", "b"], "s-1")
    assert profile.expire_time.ToSeconds() == 2_000_000_000
    assert not profile.HasField("metadata")


def test_metadata_in_claims() -> None:
    """Where standard claims are missing the user's metadata says the same; the rest of it is shown as it is."""
    metadata = {"full_name": "Ada L", "avatar_url": "https://example.com/b", "locale": "fr", "theme": {"dark": True}}
    profile = claims_profile(replace(ADA, claims={"locale": "en", "user_metadata": metadata}))
    assert (profile.display_name, profile.avatar_url, profile.locale) == ("Ada L", "https://example.com/b", "en")
    assert json_format.MessageToDict(profile.metadata) == {"theme": {"dark": True}}


def test_a_bare_token() -> None:
    """A token that says nothing but who calls makes a profile of just that."""
    profile = claims_profile(replace(ADA, expires_at=math.inf))
    assert profile == identity_pb2.Profile(user_id="ada", session_id="s-1", source=identity_pb2.Profile.SOURCE_CLAIMS)


@pytest.mark.parametrize(
    "claims",
    [
        {"email": 5, "name": ["x"], "picture": None, "locale": {}, "role": True},
        {"user_metadata": "text"},
        {"user_metadata": {"full_name": 5, "avatar_url": []}},
        {"user_metadata": {"x": math.nan}},
        {"user_metadata": {"x": 10**400}},
        {"user_metadata": {"x": "\ud800"}},
        {"user_metadata": nested(50)},  # too deep for protobuf's wire format
        {"user_metadata": nested(200)},  # too deep for its JSON format
    ],
)
def test_claims_of_other_kinds(claims: Mapping[str, Any]) -> None:
    """Claims that are not what their names say, or that no message can hold, are left out of the profile."""
    profile = claims_profile(replace(ADA, claims=claims))
    assert (profile.user_id, profile.display_name, profile.email) == ("ada", "", "")
    assert not profile.HasField("metadata")


def test_a_providers_user() -> None:
    """A provider's user makes a profile; who calls is still what the token says."""
    user = {"id": "other", "email": "a@example.com", "role": "authenticated", "user_metadata": {"name": "Ada", "n": 1}}
    profile = provider_profile(user, ADA)
    assert (profile.user_id, profile.email, profile.role) == ("ada", "a@example.com", "authenticated")
    assert profile.display_name == "Ada"
    assert json_format.MessageToDict(profile.metadata) == {"name": "Ada", "n": 1.0}


def changes(profile: Mapping[str, Any], *paths: str) -> dict[str, Any]:
    request = identity_pb2.UpdateProfileRequest(update_mask=FieldMask(paths=paths))
    json_format.ParseDict(dict(profile), request.profile)
    return profile_changes(request)


PROFILE = {
    "displayName": "Ada",
    "avatarUrl": "https://example.com/a",
    "locale": "en",
    "metadata": {"theme": "dark", "size": 3, "full_name": "Eve", "avatar_url": "javascript:alert(1)"},
}


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        ((), {}),
        (("display_name",), {"full_name": "Ada"}),
        (("locale", "avatar_url"), {"locale": "en", "avatar_url": "https://example.com/a"}),
        (("metadata",), {"theme": "dark", "size": 3.0}),  # not the names of the profile's own fields
        (("metadata.theme",), {"theme": "dark"}),
        (("metadata.gone",), {"gone": None}),  # the mask names it, the body does not: it goes
        (
            ("*",),
            {"full_name": "Ada", "avatar_url": "https://example.com/a", "locale": "en", "theme": "dark", "size": 3.0},
        ),
    ],
)
def test_changes(paths: Sequence[str], expected: dict[str, Any]) -> None:
    """What the mask names changes, under the provider's names, and nothing else."""
    assert changes(PROFILE, *paths) == expected


def test_clearing() -> None:
    """What the mask names and the body leaves empty is cleared."""
    assert changes({}, "display_name", "avatar_url") == {"full_name": "", "avatar_url": ""}
    assert changes({"metadata": {"theme": None}}, "metadata") == {"theme": None}


def test_every_fault_is_told() -> None:
    """All that cannot be changed comes at once, each at its place in the body."""
    with pytest.raises(CallError) as raised:
        changes(
            {"displayName": "x" * 201, "avatarUrl": "http://" + "x" * 2000},
            "display_name",
            "avatar_url",
            "email",
            "user_id",
            "colour",
            "metadata.full_name",
        )
    assert [(fault.field, fault.reason) for fault in raised.value.faults] == [
        ("/displayName", "OUT_OF_RANGE"),
        ("/avatarUrl", "OUT_OF_RANGE"),
        ("/avatarUrl", "INVALID_VALUE"),
        ("/email", "IMMUTABLE_FIELD"),
        ("/userId", "IMMUTABLE_FIELD"),
        ("update_mask", "UNKNOWN_FIELD"),
        ("update_mask", "UNKNOWN_FIELD"),
    ]


def test_only_what_changes_is_checked() -> None:
    """A value that the mask does not name is not looked at."""
    assert changes({"avatarUrl": "ftp://x", "locale": "en"}, "locale") == {"locale": "en"}

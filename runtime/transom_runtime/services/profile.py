"""Profiles: made of a token's claims or an identity provider's user, and what a caller may change in them."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from google.protobuf import json_format, struct_pb2
from google.protobuf.message import DecodeError, EncodeError

from transom.gateway.v1 import identity_pb2
from transom_runtime.call import Principal
from transom_runtime.errors import Fault, bad_request

NAME_LENGTH: Final = 200
ADDRESS_LENGTH: Final = 2000

_METADATA_NAMES: Final[Mapping[str, str]] = {
    "display_name": "full_name",
    "avatar_url": "avatar_url",
    "locale": "locale",
}
"""The fields that a provider keeps within the user's metadata, and their names there."""


def claims_profile(caller: Principal) -> identity_pb2.Profile:
    """The profile that the claims of a token make: OpenID Connect's standard ones, else Supabase's metadata."""
    claims = caller.claims
    profile = _profile(claims, caller, identity_pb2.Profile.SOURCE_CLAIMS)
    profile.display_name = _text(claims.get("name")) or profile.display_name
    profile.avatar_url = _text(claims.get("picture")) or profile.avatar_url
    profile.locale = _text(claims.get("locale")) or profile.locale
    return profile


def provider_profile(user: Mapping[str, Any], caller: Principal) -> identity_pb2.Profile:
    """The profile that a provider's user makes (the fields of Supabase's `/auth/v1/user`)."""
    return _profile(user, caller, identity_pb2.Profile.SOURCE_PROVIDER)


def _profile(
    user: Mapping[str, Any], caller: Principal, source: identity_pb2.Profile.Source.ValueType
) -> identity_pb2.Profile:
    """The fields that a token's claims and a provider's user have in common."""
    given = user.get("user_metadata")
    metadata = given if isinstance(given, Mapping) else {}
    profile = identity_pb2.Profile(
        user_id=caller.id,
        email=_text(user.get("email")),
        display_name=_text(metadata.get("full_name")) or _text(metadata.get("name")),
        avatar_url=_text(metadata.get("avatar_url")),
        locale=_text(metadata.get("locale")),
        role=_text(user.get("role")),
        scopes=sorted(caller.scopes),
        session_id=caller.session_id,
        source=source,
    )
    _put_metadata(profile, metadata)
    if math.isfinite(caller.expires_at):
        profile.expire_time.FromSeconds(int(caller.expires_at))
    return profile


def _put_metadata(profile: identity_pb2.Profile, metadata: Mapping[str, Any]) -> None:
    """Show the metadata; none of it where users put in what cannot be sent: infinities, nesting without end."""
    shown = _without_own_fields(metadata)
    if not shown:
        return
    with contextlib.suppress(json_format.Error, DecodeError, EncodeError, ValueError, OverflowError):
        parsed = json_format.ParseDict(shown, struct_pb2.Struct())
        json_format.MessageToDict(parsed)  # refuses NaN, which a Struct holds but JSON does not
        profile.metadata.CopyFrom(struct_pb2.Struct.FromString(parsed.SerializeToString()))


def _without_own_fields(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """The metadata without what a profile has fields for: those are shown, checked and changed there."""
    return {name: value for name, value in metadata.items() if name not in _METADATA_NAMES.values()}


def profile_changes(request: identity_pb2.UpdateProfileRequest) -> dict[str, Any]:
    """The changes that a request asks for, in the provider's names. Raises CallError (400) with every fault."""
    profile, faults = request.profile, list[Fault]()
    changes: dict[str, Any] = {}
    for path in _expanded(request.update_mask.paths):
        name, _, key = path.partition(".")
        if name == "metadata" and key not in _METADATA_NAMES.values():
            metadata = _without_own_fields(json_format.MessageToDict(profile.metadata))
            changes |= {key: metadata.get(key)} if key else metadata
        elif path in _METADATA_NAMES:
            value = getattr(profile, path)
            faults += _CHECKS[path](value)
            changes[_METADATA_NAMES[path]] = value
        else:
            faults.append(_unfit(path))
    if faults:
        raise bad_request(faults)
    return changes


def _expanded(paths: Iterable[str]) -> Sequence[str]:
    """The paths, each once; `*` stands for all that can be changed (AIP-134)."""
    return tuple(
        dict.fromkeys(each for path in paths for each in ((*_METADATA_NAMES, "metadata") if path == "*" else (path,)))
    )


def _unfit(path: str) -> Fault:
    field = identity_pb2.Profile.DESCRIPTOR.fields_by_name.get(path)
    if field is None:
        return Fault(field="update_mask", description=f"a profile has no {path!r}", reason="UNKNOWN_FIELD")
    return Fault(field=f"/{field.json_name}", description="cannot be changed", reason="IMMUTABLE_FIELD")


def _check_name(value: str) -> list[Fault]:
    return _check_length("/displayName", value, NAME_LENGTH)


def _check_address(value: str) -> list[Fault]:
    faults = _check_length("/avatarUrl", value, ADDRESS_LENGTH)
    if value and not value.startswith("https://"):
        faults.append(Fault(field="/avatarUrl", description="is no https address"))
    return faults


def _check_length(field: str, value: str, most: int) -> list[Fault]:
    if len(value) <= most:
        return []
    return [Fault(field=field, description=f"is longer than {most} characters", reason="OUT_OF_RANGE")]


def _accept(_value: str) -> list[Fault]:
    """For fields whose text needs no look beyond the sanitizer's."""
    return []


_CHECKS: Final[Mapping[str, Callable[[str], list[Fault]]]] = {
    "display_name": _check_name,
    "avatar_url": _check_address,
    "locale": _accept,
}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""

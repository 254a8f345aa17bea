"""What operators change about routes by selector."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest
from google.protobuf import empty_pb2
from pydantic import BaseModel, ConfigDict, ValidationError

from transom_runtime.binding import Auth, AuthKind, Binding, Policy, RateLimit, Retry
from transom_runtime.overrides import Override, apply_overrides


def binding(id_: str, **policy: Any) -> Binding:
    return Binding(
        id=id_,
        method="GET",
        template="/v1/x",
        path=("v1", "x"),
        rpc="/" + id_.partition("#")[0].replace(".Get", "/Get"),
        request=empty_pb2.Empty,
        response=empty_pb2.Empty,
        policy=Policy(**policy),
    )


GET = binding("files.v1.Files.GetFile", timeout_s=5.0, retry=Retry(attempts=3))
AGAIN = binding("files.v1.Files.GetFile#1")
OTHER = binding("notes.v1.Notes.GetNote")
ALL = (GET, AGAIN, OTHER)


def policy(applied: dict[str, Binding | None], of: Binding) -> Policy:
    found = applied[of.id]
    assert found is not None
    return found.policy


def test_nothing_changes_by_itself() -> None:
    """Without overrides each binding is served as it is."""
    assert apply_overrides(ALL, []) == {each.id: each for each in ALL}


@pytest.mark.parametrize(
    ("selector", "matched"),
    [
        ("files.v1.Files.GetFile", (GET, AGAIN)),
        ("files.v1.Files.*", (GET, AGAIN)),
        ("*", ALL),
        ("*.GetNote", (OTHER,)),
        ("files.*.GetFile", (GET, AGAIN)),
    ],
)
def test_selectors(selector: str, matched: tuple[Binding, ...]) -> None:
    """A selector names methods, with stars for any run of characters; additional bindings go with their method."""
    applied = apply_overrides(ALL, [Override(selector=selector, timeout_s=1.0)])
    assert tuple(each for each in ALL if policy(applied, each).timeout_s == 1.0) == matched


def test_only_what_is_said_changes() -> None:
    """Each part of a policy is replaced on its own."""
    limits = (RateLimit(requests=5),)
    override = Override(
        selector="files.v1.Files.GetFile",
        auth=Auth(kind=AuthKind.API_KEY),
        rate_limits=limits,
        max_body_bytes=10,
        retry=Retry(attempts=1),
    )
    changed = policy(apply_overrides(ALL, [override]), GET)
    assert changed == Policy(
        auth=Auth(kind=AuthKind.API_KEY),
        rate_limits=limits,
        max_body_bytes=10,
        retry=Retry(attempts=1),
        timeout_s=5.0,
    )


def test_limits_can_be_taken_away() -> None:
    """An empty list of limits replaces the proto's, unlike none at all."""
    limited = binding("a.B.GetC", rate_limits=(RateLimit(requests=1),))
    assert policy(apply_overrides([limited], [Override(selector="*")]), limited).rate_limits
    assert not policy(apply_overrides([limited], [Override(selector="*", rate_limits=())]), limited).rate_limits


def test_no_method_becomes_safe_to_repeat() -> None:
    """A setting changes how often an idempotent method is tried, and never makes another one idempotent."""
    applied = apply_overrides(ALL, [Override(selector="*", retry=Retry(attempts=9))])
    assert policy(applied, GET).retry == Retry(attempts=9)
    assert policy(applied, OTHER).retry is None


def test_later_overrides_win() -> None:
    """Of two overrides the later one wins, part by part; what was disabled stays so."""
    applied = apply_overrides(
        ALL,
        [
            Override(selector="*", timeout_s=1.0, max_body_bytes=7),
            Override(selector="notes.*", timeout_s=2.0),
            Override(selector="files.*", disabled=True),
            Override(selector="files.*", timeout_s=3.0),
        ],
    )
    assert (policy(applied, OTHER).timeout_s, policy(applied, OTHER).max_body_bytes) == (2.0, 7)
    assert (applied[GET.id], applied[AGAIN.id]) == (None, None)


def test_selectors_that_match_nothing() -> None:
    """All selectors without a method are told at once: none is passed over in silence."""
    overrides = [Override(selector=each) for each in ("files.v1.File.*", "*", "notes", "files.v1.Files.GetFile#1")]
    with pytest.raises(LookupError) as raised:
        apply_overrides(ALL, overrides)
    assert raised.value.args == ("no method is matched by 'files.v1.File.*', 'notes', 'files.v1.Files.GetFile#1'",)


@pytest.mark.parametrize(
    "wrong", [{"timeout_s": 0}, {"timeout_s": -1.0}, {"timeout_s": float("nan")}, {"max_body_bytes": 0}]
)
def test_values_that_cannot_be(wrong: dict[str, Any]) -> None:
    """A time or a size that would refuse every call is a mistake."""
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Override(selector="*", **wrong)


def test_settings_make_overrides() -> None:
    """Overrides are written in a settings file, and a word that is not known there is a mistake."""

    class File(BaseModel):
        model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid")  # as the settings have it
        override: Override

    written = {"selector": "*", "auth": {"kind": "public"}, "rate_limits": [{"requests": 5, "by": "address"}]}
    assert File.model_validate({"override": written}).override.auth == Auth(kind=AuthKind.PUBLIC)
    with pytest.raises(ValidationError):
        File.model_validate({"override": {"selector": "*", "timeout": 5}})

"""Putting a gateway together: what settings cannot be kept is said at start, all of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from serving.kit import Sessions, services, settings
from transom_runtime.assembly import build_gateway
from transom_runtime.assembly.upstreams import ProtectedUpstream, upstream_of
from transom_runtime.binding import AuthKind, RateLimit
from transom_runtime.overrides import Override
from transom_runtime.policy.rate_limit import RateLimitOptions
from transom_runtime.settings import SettingsError
from transom_runtime.upstream.local import LocalUpstream
from workflow.v1 import sessions_gateway


async def refused(**options: Any) -> str:
    """What is said of settings that cannot be used."""
    handlers = options.pop("handlers", None)
    own = options.pop("services", services(Sessions()))
    with pytest.raises(SettingsError) as raised:
        build_gateway(settings(*options.pop("routes", ()), **options), handlers=handlers, services=own)
    return str(raised.value)


async def test_every_service_without_an_upstream_is_named_once() -> None:
    """A service that no upstream serves is a mistake; each is named, however many of its routes there are."""
    said = (await refused(services=())).splitlines()
    assert len(said) == 2
    assert "none serves workflow.v1.SessionService" in said[0]
    assert "none serves workflow.v1.ExecutionService" in said[1]


async def test_the_codec_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """The log says at start which codec serves; where the native one is required and not there, there is no start."""
    monkeypatch.setattr("transom_runtime.transcode.native.native_plans", lambda: None)
    with capture_logs() as logs:
        build_gateway(settings(), services=services(Sessions()))
    assert {"event": "codec chosen", "codec": "pure", "log_level": "info"} in logs
    assert "was not built" in await refused(transcode={"native": "require"})


async def test_a_module_of_routes_that_is_not_there() -> None:
    """A missing index is named, with what to do about it."""
    said = await refused(routes=("no_such_routes",))
    assert "'no_such_routes' cannot be imported" in said
    assert "transom generate" in said


@pytest.mark.parametrize(
    "content, words",
    [
        ("VALUE = 1", "has no ROUTES"),
        ("import no_such_dependency", "imports 'no_such_dependency'"),
        ("from transom_runtime import api\napi.require(99)", "surface 99"),
    ],
)
async def test_a_module_of_routes_that_is_none(tmp_path: Path, content: str, words: str) -> None:
    """An index without routes, with a missing import or of another surface is told apart, without a traceback."""
    name = f"routes_{abs(hash(content))}"
    (tmp_path / f"{name}.py").write_text(content, "utf-8")
    assert words in await refused(routes=(name,), generated=tmp_path)


async def test_selectors_and_handlers_that_mean_nothing() -> None:
    """An override or a handler for a method that is not there is a mistake: it would protect nothing."""
    assert "workflow.v1.Nothing" in await refused(overrides=(Override(selector="workflow.v1.Nothing"),))
    assert "there is no binding x.y.Z" in await refused(handlers={"x.y.Z": sessions_gateway.get_session})


async def test_the_same_routes_twice() -> None:
    """Two modules that list the same routes are a mistake in the settings."""
    module = "workflow.v1.sessions_gateway"
    assert (await refused(routes=(module, module))).startswith("routes: ")


async def test_limits_that_cannot_be_kept_are_told_by_binding() -> None:
    """A tier that nobody gave numbers to is told with the binding that names it, whose id stands there once."""
    limit = RateLimit(tier="nobody", requests=0)
    override = Override(selector="workflow.v1.SessionService.GetSession", rate_limits=(limit,))
    said = await refused(overrides=(override,), rate_limit=RateLimitOptions())
    assert "'nobody'" in said
    assert said.count("workflow.v1.SessionService.GetSession") == 1


async def test_files_that_cannot_be_read() -> None:
    """A certificate that is not there is named by its setting."""
    with pytest.raises(SettingsError, match="redis"):
        build_gateway(
            settings(
                redis={
                    "url": "rediss://127.0.0.1:1/0",
                    "tls": {"cert_path": "/nowhere/c.pem", "key_path": "/nowhere/k.pem"},
                }
            ),
            services=services(Sessions()),
        )


async def test_a_disabled_route_is_not_served() -> None:
    """What an operator disables is not there; the rest is."""
    override = Override(selector="workflow.v1.SessionService.DeleteSession", disabled=True)
    made = build_gateway(settings(overrides=(override,)), services=services(Sessions()))
    ids = {endpoint.binding.id for endpoint in made.endpoints}
    assert "workflow.v1.SessionService.DeleteSession" not in ids
    assert "workflow.v1.SessionService.GetSession" in ids


async def test_a_team_service_takes_the_place_of_the_gateways_own() -> None:
    """`auth` of an override is the one that is kept, and the team's servicer the one that is called."""
    made = build_gateway(settings(), services=services(Sessions()))
    assert {endpoint.binding.policy.auth.kind for endpoint in made.endpoints} == {AuthKind.PUBLIC}
    assert all(endpoint.invoke or endpoint.open_stream for endpoint in made.endpoints)


@pytest.mark.parametrize(
    "globs, chosen",
    [
        ([("*",), ("workflow.v1.*",)], 1),
        ([("workflow.v1.SessionService",), ("workflow.v1.*", "*")], 0),
        ([("*",), ("*",)], 0),
        ([("other.*",), ("*",)], 1),
    ],
)
def test_the_most_exact_upstream_serves(globs: list[tuple[str, ...]], chosen: int) -> None:
    """Of the upstreams that could serve a method the most exact one does; of equals the first."""
    upstreams = [ProtectedUpstream(upstream=LocalUpstream("u", []), services=names) for names in globs]
    assert upstream_of(sessions_gateway.GET_SESSION, upstreams) is upstreams[chosen]

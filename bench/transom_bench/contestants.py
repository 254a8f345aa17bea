"""The contestants: what is measured, each a program of its own in front of the one stub upstream."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from transom_bench.cores import Cores
from transom_bench.envoy import envoy
from transom_bench.program import Running, running
from transom_bench.tokens import SECRET

_SAID: Final = "serving at"
_OFTEN: Final = {"requests": 50_000_000, "burst": 1_000_000}
_ONCE: Final = {"requests": 1, "per_s": 86_400.0}
"""Of the routes that refuse, so that a limit is met."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What every contestant finds when it starts."""

    folder: Path
    """Where it may keep its files; the contestant's name tells them apart."""
    cores: Cores
    upstream: int
    """The port of the stub upstream."""
    descriptor_set: Path
    redis_url: str


Start = Callable[[Surroundings], AbstractContextManager[Running]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Contestant:
    """One gateway, and how it is started."""

    name: str
    label: str
    """What tables call it."""
    policies: bool
    """Whether it asks who calls, and how often."""
    start: Start


def open_settings(upstream: int) -> dict[str, Any]:
    """Of transom without policies: everybody may call, as often as they like, with any text."""
    return {
        "listen": {"host": "127.0.0.1", "port": 0, "backlog": 4096},
        "upstreams": {"stub": {"channel": {"target": f"127.0.0.1:{upstream}"}}},
        "overrides": [{"selector": "*", "auth": {"kind": "public"}}],
        "rate_limit": {"enabled": False},
        "redis": {"streams": {"max_per_caller": 0}},
        "sanitize": {"mode": "off"},
    }


def guarded_settings(upstream: int, redis_url: str) -> dict[str, Any]:
    """Of transom with all policies as the protos have them, save that limits are out of reach, or met at once."""
    issuer = {"name": "bench", "issuer": "bench", "audiences": ["transom"], "algorithms": ["HS256"], "secret": SECRET}
    return {
        **open_settings(upstream),
        "overrides": [],
        "redis": {"url": redis_url},
        "auth": {"issuers": [issuer]},
        "rate_limit": {"tiers": {"standard": _OFTEN, "expensive": _ONCE}},
        "sanitize": {"mode": "block"},
    }


@contextlib.contextmanager
def serve_transom(name: str, settings: dict[str, Any], around: Surroundings) -> Iterator[Running]:
    """A running transom with these settings, on the measured core."""
    config = around.folder / f"{name}.yaml"
    config.write_text(yaml.safe_dump(settings))
    with _python(name, ["-m", "transom_runtime", "serve", "--config", str(config)], around) as process:
        yield process


def _transom(around: Surroundings) -> AbstractContextManager[Running]:
    return serve_transom("transom", open_settings(around.upstream), around)


def _pure_transom(around: Surroundings) -> AbstractContextManager[Running]:
    return serve_transom("transom-pure", {**open_settings(around.upstream), "transcode": {"native": "off"}}, around)


def _guarded_transom(around: Surroundings) -> AbstractContextManager[Running]:
    return serve_transom("transom-policies", guarded_settings(around.upstream, around.redis_url), around)


def _envoy(around: Surroundings) -> AbstractContextManager[Running]:
    return envoy(around.folder, around.upstream, around.descriptor_set, cores=around.cores.measured)


def _aiohttp(around: Surroundings) -> AbstractContextManager[Running]:
    arguments = ["-m", "transom_bench.baselines.aiohttp_gateway", f"127.0.0.1:{around.upstream}"]
    return _python("aiohttp", arguments, around)


def _floor(around: Surroundings) -> AbstractContextManager[Running]:
    return _python("floor", ["-m", "transom_bench.baselines.floor_gateway", f"127.0.0.1:{around.upstream}"], around)


def _fastapi(around: Surroundings) -> AbstractContextManager[Running]:
    arguments = ["-m", "transom_bench.baselines.fastapi_gateway", f"127.0.0.1:{around.upstream}"]
    return _python("fastapi", arguments, around)


def _guarded_fastapi(around: Surroundings) -> AbstractContextManager[Running]:
    arguments = ["-m", "transom_bench.baselines.fastapi_gateway", f"127.0.0.1:{around.upstream}", around.redis_url]
    return _python("fastapi-policies", arguments, around)


def _python(name: str, arguments: list[str], around: Surroundings) -> AbstractContextManager[Running]:
    return running(
        [sys.executable, *arguments],
        cores=around.cores.measured,
        log=around.folder / f"{name}.log",
        says=_SAID,
        environment={"BENCH_SECRET": SECRET},
    )


CONTESTANTS: Final = (
    Contestant(name="transom", label="transom", policies=False, start=_transom),
    Contestant(name="transom-pure", label="transom, pure codec", policies=False, start=_pure_transom),
    Contestant(name="envoy", label="Envoy's transcoder", policies=False, start=_envoy),
    Contestant(name="aiohttp", label="aiohttp by hand", policies=False, start=_aiohttp),
    Contestant(name="floor", label="aiohttp and grpc.aio alone", policies=False, start=_floor),
    Contestant(name="fastapi", label="FastAPI by hand", policies=False, start=_fastapi),
    Contestant(name="transom-policies", label="transom, all policies", policies=True, start=_guarded_transom),
    Contestant(
        name="fastapi-policies", label="FastAPI by hand, token and limit", policies=True, start=_guarded_fastapi
    ),
)

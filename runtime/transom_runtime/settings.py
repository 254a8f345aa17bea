"""Settings: all that an operator decides, from the environment and a YAML file; checked whole at start.

The only reader of the environment. Each stage's options are its own dataclass, used here as it is, so a setting is
documented where it works. (That is why pydantic-settings does not serve: it does not reach into dataclasses from the
environment.) `TRANSOM_LISTEN__PORT=9000` and `listen: {port: 9000}` are the same; the environment wins.
Lists and mappings in the environment are JSON.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Final

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from transom_runtime.downstream.cors import CorsOptions
from transom_runtime.downstream.listener import ListenOptions
from transom_runtime.downstream.stream import StreamOptions
from transom_runtime.observe.logs import LogOptions
from transom_runtime.observe.metrics import MetricsOptions
from transom_runtime.observe.tracing import TracingOptions
from transom_runtime.overrides import Override
from transom_runtime.policy.auth.options import AuthOptions
from transom_runtime.policy.rate_limit import RateLimitOptions
from transom_runtime.policy.sanitize.options import SanitizeOptions
from transom_runtime.routing import Unescape
from transom_runtime.serving.stages import FramingOptions
from transom_runtime.state import StateOptions
from transom_runtime.transcode.options import TranscodeOptions
from transom_runtime.upstream.breaker import BreakerOptions
from transom_runtime.upstream.channels import ChannelOptions
from transom_runtime.upstream.deadline import DeadlineOptions
from transom_runtime.upstream.metadata import MetadataOptions
from transom_runtime.upstream.retry import RetryOptions

PREFIX: Final = "TRANSOM_"
CONFIG: Final = "TRANSOM_CONFIG"
"""Names the YAML file where the command line does not."""


class SettingsError(Exception):
    """The settings cannot be used; the message has a line for each mistake."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamOptions:
    """One upstream: a channel, and which services are behind it."""

    channel: ChannelOptions
    services: tuple[str, ...] = ("*",)
    """Full service names, `*` for any run of characters. The most exact one wins; of equals the first upstream."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessOptions:
    """The worker processes and how they end."""

    workers: int = 1
    drain_delay_s: float = 0.0
    """Time between refusing readiness and taking no more work: as long as load balancers need to notice."""
    grace_s: float = 30.0
    """How long calls in flight may take after SIGTERM."""

    def __post_init__(self) -> None:
        if self.workers < 1:
            raise ValueError("workers is less than 1")


class Settings(BaseModel):
    """Every setting. Unknown names are mistakes."""

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    name: str = "transom"
    """What the gateway calls itself: the domain of its errors, the name in its status and traces."""
    generated: Path = Path("generated")
    """Where `transom generate` wrote: an import root."""
    routes: tuple[str, ...] = ("transom_routes",)
    """The modules under it that list routes."""
    max_body_bytes: int = 4 * 2**20
    """The largest request body, where a method's policy does not say."""
    unescape: Unescape = Unescape.ALL_CHARACTERS_EXCEPT_SLASH
    """How escapes in multi-segment variables are decoded (semantics.md P2)."""
    trusted_proxies: tuple[str, ...] = ()
    """CIDRs of the proxies whose forwarding headers are believed."""
    listen: ListenOptions = ListenOptions()
    process: ProcessOptions = ProcessOptions()
    upstreams: dict[str, UpstreamOptions] = {}
    redis: StateOptions = StateOptions()
    auth: AuthOptions = AuthOptions()
    rate_limit: RateLimitOptions = Field(default_factory=RateLimitOptions)
    sanitize: SanitizeOptions = SanitizeOptions()
    transcode: TranscodeOptions = TranscodeOptions()
    metadata: MetadataOptions = MetadataOptions()
    deadlines: DeadlineOptions = DeadlineOptions()
    retry: RetryOptions = RetryOptions()
    breaker: BreakerOptions = BreakerOptions()
    streams: StreamOptions = StreamOptions()
    framing: FramingOptions = FramingOptions()
    cors: CorsOptions = CorsOptions()
    logs: LogOptions = LogOptions()
    metrics: MetricsOptions = MetricsOptions()
    tracing: TracingOptions = TracingOptions()
    overrides: tuple[Override, ...] = ()
    """Policies that replace the protos', by selector."""


def load_settings(file: Path | None = None, **arguments: Any) -> Settings:
    """Read the environment and a file. Raises SettingsError with every mistake.

    `file` defaults to what TRANSOM_CONFIG names. `arguments` are the command line's, by dotted name with `__` for the
    dot; they win over all; None means not given. Relative paths are the process's, not the file's.
    """
    file = file or (Path(named) if (named := os.environ.get(CONFIG)) else None)
    given = {name: value for name, value in arguments.items() if value is not None}
    try:
        content = _merged(_merged(_read_file(file), _read_environment()), _nested(given))
        return Settings.model_validate(content)
    except ValidationError as error:
        raise SettingsError("\n".join(_told(fault) for fault in error.errors())) from None


def worker_environment(file: Path | None) -> dict[str, str]:
    """The environment that lets a worker read the same settings as this process."""
    named = {CONFIG: str(file.resolve())} if file else {}
    return {**os.environ, **named}


def _read_file(file: Path | None) -> dict[str, Any]:
    if file is None:
        return {}
    if not file.is_file():
        raise SettingsError(f"{file}: there is no such file")
    try:
        content = yaml.safe_load(file.read_text("utf-8")) or {}
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SettingsError(f"{file}: is not YAML: {error}") from error
    if not isinstance(content, dict):
        raise SettingsError(f"{file}: is no mapping of settings")
    return content


def _read_environment() -> dict[str, Any]:
    """What the environment sets, nested. Names that no setting has are left to other programs' conventions."""
    flat = {
        name.removeprefix(PREFIX).lower(): _parsed(name, value)
        for name, value in os.environ.items()
        if name.startswith(PREFIX) and name != CONFIG
    }
    return _nested(flat)


def _parsed(name: str, value: str) -> Any:
    """A list or mapping out of JSON; any other value as it is, for the setting's own type to read."""
    if not value.lstrip().startswith(("[", "{")):
        return value
    try:
        return json.loads(value)
    except json.JSONDecodeError as error:
        raise SettingsError(f"{name}: is not JSON: {error}") from error


def _nested(flat: Mapping[str, Any]) -> dict[str, Any]:
    nested: dict[str, Any] = {}
    for name, value in flat.items():
        *parents, last = name.split("__")
        place = nested
        for parent in parents:
            place = place.setdefault(parent, {})
        place[last] = value
    return nested


def _merged(lower: Any, upper: Any) -> Any:
    """Mappings merged, the upper one winning; anything else replaced."""
    if not (isinstance(lower, Mapping) and isinstance(upper, Mapping)):
        return upper
    return {**lower, **{name: _merged(lower.get(name), value) for name, value in upper.items()}}


def _told(fault: ErrorDetails) -> str:
    """A mistake in a line; never the value, which may be a secret."""
    where = ".".join(map(str, fault["loc"])) or "settings"
    if fault["type"] in {"extra_forbidden", "unexpected_keyword_argument"}:
        return f"{where}: there is no such setting"
    return f"{where}: {fault['msg'].removeprefix('Value error, ')}"

"""Settings: all that an operator decides, from the environment and a YAML file; checked whole at start.

The only reader of the environment. Each stage's options are its own dataclass, used here as it is, so a setting is
documented where it works. (That is why pydantic-settings does not serve: it does not reach into dataclasses from the
environment.) `TRANSOM_LISTEN__PORT=9000` and `listen: {port: 9000}` are the same; the environment wins.
Lists and mappings in the environment are JSON.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Final

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from pydantic_core import ErrorDetails

from transom_runtime.downstream.cors import CorsOptions
from transom_runtime.downstream.error_body import ErrorOptions
from transom_runtime.downstream.listener import ListenOptions
from transom_runtime.downstream.proxies import TrustedProxies
from transom_runtime.downstream.stream_options import StreamOptions
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
# Kubernetes sets these in every pod beside a Service named transom (docker-style links): they are nobody's settings.
_SERVICE_LINK: Final = re.compile(r"TRANSOM_(SERVICE_(HOST|PORT(_\w+)?)|PORT(_[0-9]+_(TCP|UDP|SCTP)(_\w+)?)?)")


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
        if min(self.drain_delay_s, self.grace_s) < 0:
            raise ValueError("drain_delay_s and grace_s have to be 0 or more")


class Settings(BaseModel):
    """Every setting. Unknown names are mistakes."""

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    name: str = Field(default="transom", pattern=r"^[A-Za-z0-9][A-Za-z0-9._ -]*$")
    """What the gateway calls itself: the domain of its errors, the name in its status and traces."""
    generated: Path = Path("generated")
    """Where `transom generate` wrote: an import root."""
    routes: tuple[str, ...] = ("transom_routes",)
    """The modules under it that list routes."""
    max_body_bytes: int = Field(default=4 * 2**20, ge=1)
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
    errors: ErrorOptions = ErrorOptions()
    streams: StreamOptions = StreamOptions()
    framing: FramingOptions = FramingOptions()
    cors: CorsOptions = CorsOptions()
    logs: LogOptions = LogOptions()
    metrics: MetricsOptions = MetricsOptions()
    tracing: TracingOptions = TracingOptions()
    overrides: tuple[Override, ...] = ()
    """Policies that replace the protos', by selector."""

    @field_validator("trusted_proxies")
    @classmethod
    def _check_proxies(cls, cidrs: tuple[str, ...]) -> tuple[str, ...]:
        TrustedProxies.parse(cidrs)
        return cidrs


def load_settings(file: Path | None = None, **arguments: Any) -> Settings:
    """Read the environment and a file. Raises SettingsError with every mistake.

    `file` defaults to what TRANSOM_CONFIG names. `arguments` are the command line's, by dotted name with `__` for the
    dot; they win over all; None means not given. Relative paths are the process's, not the file's.
    """
    file = file or (Path(named) if (named := os.environ.get(CONFIG)) else None)
    mistakes: list[str] = []
    from_file = _read_file(file, mistakes)
    from_environment = _nested(_read_environment(mistakes), mistakes)
    given = _nested({name: value for name, value in arguments.items() if value is not None}, mistakes)
    try:
        settings = Settings.model_validate(_merged(_merged(from_file, from_environment), given))
    except ValidationError as error:
        mistakes += [_told(fault) for fault in error.errors()]
        raise SettingsError("\n".join(mistakes)) from None
    if mistakes:
        raise SettingsError("\n".join(mistakes))
    return settings


def worker_environment(file: Path | None) -> dict[str, str]:
    """The environment that lets a worker read the same settings as this process."""
    named = {CONFIG: str(file.resolve())} if file else {}
    return {**os.environ, **named}


def _read_file(file: Path | None, mistakes: list[str]) -> dict[str, Any]:
    """What the file sets; nothing, and a mistake, where it cannot be read."""
    if file is None:
        return {}
    try:
        content = yaml.safe_load(file.read_text("utf-8"))
    except OSError as error:
        mistakes.append(f"{file}: cannot be read: {(error.strerror or 'it failed').lower()}")
    except yaml.YAMLError as error:
        mistakes.append(f"{file}: is not YAML: {_place(error)}")
    except UnicodeDecodeError:
        mistakes.append(f"{file}: is not UTF-8")
    else:
        if content is None or isinstance(content, dict):
            return content or {}
        mistakes.append(f"{file}: is no mapping of settings")
    return {}


def _place(error: yaml.YAMLError) -> str:
    """What is wrong and where; PyYAML's own text quotes the line, which may hold a secret."""
    if not isinstance(error, yaml.MarkedYAMLError) or error.problem_mark is None:
        return "it cannot be parsed"
    mark = error.problem_mark
    return f"line {mark.line + 1}, column {mark.column + 1}"


def _read_environment(mistakes: list[str]) -> dict[str, Any]:
    """What the environment sets, by name in lower case, without the prefix."""
    flat = {}
    for name, value in os.environ.items():
        if name.startswith(PREFIX) and name != CONFIG and not _SERVICE_LINK.fullmatch(name):
            try:
                flat[name.removeprefix(PREFIX).lower()] = _parsed(value)
            except json.JSONDecodeError as error:
                mistakes.append(f"{name}: is not JSON: {error.msg} at character {error.pos + 1}")
    return flat


def _parsed(value: str) -> Any:
    """A list or mapping out of JSON; any other value as it is, for the setting's own type to read."""
    return json.loads(value) if value.lstrip().startswith(("[", "{")) else value


def _nested(flat: Mapping[str, Any], mistakes: list[str]) -> dict[str, Any]:
    """The settings as a tree. What is set more exactly wins over what is set as a whole, whatever their order."""
    nested: dict[str, Any] = {}
    for name in sorted(flat, key=lambda name: (name.count("__"), name)):
        *parents, last = name.split("__")
        place: Any = nested
        for parent in parents:
            place = place.setdefault(parent, {}) if isinstance(place, dict) else None
        if isinstance(place, dict):
            place[last] = _merged(place.get(last), flat[name])
        else:
            mistakes.append(f"{name.replace('__', '.')}: is part of a setting that is set as a whole")
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

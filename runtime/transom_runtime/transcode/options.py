"""The knobs of transcoding."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Strictness(Enum):
    """What becomes of names that the request message does not have, in query and body alike."""

    LENIENT = "lenient"
    """They are ignored."""
    REPORT = "report"
    """They are ignored, and reported with the binding."""
    STRICT = "strict"
    """They are refused, with the nearest known name."""


class OutputDefaults(Enum):
    """Which fields that hold their default appear in JSON (semantics.md J2)."""

    OMIT = "omit"
    """None, unless presence is explicit and they are set."""
    IMPLICIT = "implicit"
    """Those without presence: scalars, lists and maps."""
    ALL = "all"
    """Those, and null for messages that are not set; a oneof's members stay out."""


class Native(Enum):
    """Whether the compiled codec takes what is beyond doubt. What is read, written and refused is the same."""

    AUTO = "auto"
    """Where it was built."""
    OFF = "off"
    """Never."""
    REQUIRE = "require"
    """Always: without it, the gateway does not start."""

    @classmethod
    def _missing_(cls, value: object) -> Native | None:
        """Read a bare `off` of YAML, which is its false."""
        return cls.OFF if value is False else None


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputForm:
    """How messages are written."""

    defaults: OutputDefaults = OutputDefaults.OMIT
    proto_names: bool = False
    """Whether fields go by their proto names, `page_size`, instead of their JSON names."""
    enum_numbers: bool = False
    """Whether enums are numbers instead of names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TranscodeOptions:
    """How requests are read and responses written."""

    strictness: Strictness = Strictness.STRICT
    output_defaults: OutputDefaults = OutputDefaults.OMIT
    output_proto_names: bool = False
    """Whether responses spell fields as the proto does, `page_size`; requests may spell them either way, always."""
    output_enum_numbers: bool = False
    """Whether responses hold enums as numbers."""
    plus_is_space: bool = True
    """Whether a plus in a query is a space (P5)."""
    system_parameters: frozenset[str] = frozenset({"$alt", "key", "access_token", "fields", "prettyPrint"})
    """Query parameters that are never unknown (Q7)."""
    max_json_bytes: int = 32 * 1024 * 1024
    """The longest JSON body that is parsed, whatever the route's own cap is."""
    max_depth: int = 100
    """Objects and arrays inside each other, the outermost counted. Protobuf parsers stop at 100 messages."""
    max_elements: int = 100_000
    """Array elements in one body."""
    max_fields: int = 100_000
    """Object members in one body."""
    native: Native = Native.AUTO
    """Whether the compiled codec is used, which is many times as fast: `auto`, `off` or `require`."""
    allow_dotted_body: bool = False
    """Whether `body` and `response_body` may be dotted paths, as in protos written for grpc-gateway (B4)."""

    def __post_init__(self) -> None:
        """Raise ValueError where a cap is not positive, or deeper than Python's own stack allows."""
        for name in ("max_json_bytes", "max_depth", "max_elements", "max_fields"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be positive")
        if self.max_depth > 200:
            raise ValueError("max_depth must not be over 200")

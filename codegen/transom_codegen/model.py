"""The IR: everything that is said about the HTTP side of a run's protos, complete before a template runs."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from google.protobuf.descriptor import Descriptor
    from google.protobuf.descriptor_pool import DescriptorPool

    from transom_codegen.path_template import PathTemplate
    from transom_codegen.policy import Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    """A place in a source."""

    file: str
    """The source as its importers name it, or the path of a YAML."""
    line: int = 0
    """Counted from 1; 0: the file as a whole."""
    column: int = 0
    """Counted from 1; 0: the line as a whole."""


class StreamKind(Enum):
    """Which sides of an RPC send more than one message."""

    UNARY = "unary"
    SERVER = "server"
    CLIENT = "client"
    BIDI = "bidi"


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageClass:
    """A message type, and where Python finds its class."""

    descriptor: Descriptor
    """The type, in the run's pool."""
    module: str
    """The module that holds the class: `shop.v1.shop_pb2`."""
    qualname: str
    """The class within the module, dotted where it is nested."""

    @property
    def full_name(self) -> str:
        """The name of the type in protobuf."""
        return str(self.descriptor.full_name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rpc:
    """A method of a service."""

    name: str
    """Its own name: `GetItem`."""
    full_name: str
    """Its name with package and service: `shop.v1.Shop.GetItem`."""
    stream: StreamKind
    request: MessageClass
    response: MessageClass
    policy: Policy
    """Its policy, the service's defaults merged in."""
    comment: str = ""
    """The proto comment, unindented; empty: none."""
    deprecated: bool = False
    """Whether it, its service or its file is marked deprecated."""
    location: Location
    """Where it is declared."""

    @property
    def path(self) -> str:
        """The path of its gRPC calls: `/shop.v1.Shop/GetItem`."""
        service, _, name = self.full_name.rpartition(".")
        return f"/{service}/{name}"

    @property
    def summary(self) -> str:
        """The first sentence of the comment, on one line."""
        paragraph = " ".join(self.comment.partition("\n\n")[0].split())
        sentence, stop, _ = paragraph.partition(". ")
        return f"{sentence}." if stop else paragraph


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """One HTTP endpoint bound to one RPC: an HTTP rule, or one of its additional bindings."""

    rpc: Rpc
    index: int = 0
    """0: the rule itself; from 1: its additional bindings."""
    method: str
    """The HTTP method, upper case, or `*` for any."""
    template: PathTemplate
    body: str | None = None
    """`*`, a top-level field of the request, or None: no body."""
    response_body: str | None = None
    """The top-level field of the response that is the whole body, or None: the message."""
    query: tuple[str, ...] = ()
    """The top-level fields of the request, in proto names, that a query may reach."""
    handler: str
    """The name of the handler, unique in its module."""
    location: Location
    """Where the rule stands: the annotation, or the entry of a service configuration."""

    @property
    def id(self) -> str:
        """`package.Service.Method`, with `#1`, `#2` … for additional bindings."""
        return f"{self.rpc.full_name}#{self.index}" if self.index else self.rpc.full_name

    @property
    def constant(self) -> str:
        """The name of the binding in its module."""
        return self.handler.upper()


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A service of a file, bound to HTTP or not."""

    name: str
    full_name: str
    rpcs: tuple[Rpc, ...] = ()
    """All its methods, in the order of the file; also those without an HTTP rule."""
    bindings: tuple[Binding, ...] = ()
    """All its endpoints, in the order of the file."""
    comment: str = ""
    deprecated: bool = False
    location: Location


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A proto file of the run."""

    name: str
    """The file as its importers name it: `shop/v1/shop.proto`."""
    package: str
    services: tuple[Service, ...] = ()
    module: str
    """The module of its handlers: `shop.v1.shop_gateway`."""
    comment: str = ""
    """The comment before the syntax line or the package."""

    @property
    def bindings(self) -> tuple[Binding, ...]:
        """All its endpoints, in the order of the file."""
        return tuple(binding for service in self.services for binding in service.bindings)


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """All that one run generates."""

    files: tuple[File, ...]
    """The files to generate, by name; also those without a binding."""
    pool: DescriptorPool
    """Every type that they reach."""
    comments: dict[str, str] = field(default_factory=dict)
    """Proto comments, by the full name of what they stand at; imports included."""
    locations: dict[str, Location] = field(default_factory=dict)
    """Where things are declared, by full name."""

    @property
    def services(self) -> tuple[Service, ...]:
        """All services of the run."""
        return tuple(service for file in self.files for service in file.services)

    @property
    def bindings(self) -> tuple[Binding, ...]:
        """All endpoints of the run, in the order of files and declarations."""
        return tuple(binding for file in self.files for binding in file.bindings)

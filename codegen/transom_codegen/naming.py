"""What generated things are called: modules, handlers and constants, in names that later additions leave alone."""

from __future__ import annotations

import keyword
import re
from typing import Final

_WORD_STARTS: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")

# What a generated module uses itself: as a handler's name, or, in capitals, as its binding's.
RESERVED: Final = frozenset({"api", "getattr", "importlib", "routes", "tuple", "web"})
_MESSAGES: Final = "_pb2"
_MIXINS: Final = "transom_mixins"


def message_module(file: str) -> str:
    """The module of a proto file's messages, as protoc names it: `shop.v1.shop_pb2`."""
    return f"{_module_stem(file)}{_MESSAGES}"


def gateway_module(file: str) -> str:
    """The module of a proto file's handlers, beside that of its messages: `shop.v1.shop_gateway`."""
    return f"{_module_stem(file)}_gateway"


def mixin_module(file: str) -> str:
    """The module of the handlers of a proto whose messages a package provides: under a root of its own, since the
    package's folders may be closed to others.
    """
    return f"{_MIXINS}.{gateway_module(file)}"


def module_path(module: str) -> str:
    """The file of a module, from the import root: `shop/v1/shop_gateway.py`."""
    return f"{module.replace('.', '/')}.py"


def is_importable(module: str) -> bool:
    """Whether an import statement can name the module: not where a part is a keyword, or no name (`3d.x_pb2`)."""
    return all(part.isidentifier() and not keyword.iskeyword(part) for part in module.split("."))


def handler_name(rpc: str, index: int = 0) -> str:
    """A handler's name, from its RPC's own: `get_session`; an additional binding has its number: `get_session_1`."""
    name = as_snake_case(rpc)
    if name.upper() == name:
        # Without a letter, a handler and its binding, which is the same in capitals, would be one.
        name = f"rpc{name}"
    if index:
        return f"{name}_{index}"
    is_taken = keyword.iskeyword(name) or name in RESERVED or name.endswith(_MESSAGES)
    return f"{name}_" if is_taken else name


def qualified_handler_name(service: str, rpc: str, index: int = 0) -> str:
    """A handler's name where a service further up in the file has taken the plain one: `shop_get_item`."""
    return handler_name(f"{service}_{rpc}", index)


def as_snake_case(name: str) -> str:
    """`GetHTTPRule` as `get_http_rule`; what is snake case already stays as it is."""
    return re.sub(r"_{2,}", "_", _WORD_STARTS.sub("_", name)).lower()


def _module_stem(file: str) -> str:
    stem = file.removesuffix(".proto").removesuffix(".protodevel")
    return stem.replace("-", "_").replace("/", ".")

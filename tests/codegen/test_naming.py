"""Names: readable, legal, and left alone by later additions."""

from __future__ import annotations

import pytest

from transom_codegen import naming
from transom_codegen.module_names import ModuleNames


@pytest.mark.parametrize(
    ("name", "snake"),
    [
        ("GetSession", "get_session"),
        ("GetHTTPRule", "get_http_rule"),
        ("ListV1Items", "list_v1_items"),
        ("already_snake", "already_snake"),
        ("Mixed_Case", "mixed_case"),
        ("X", "x"),
    ],
)
def test_snake_case(name: str, snake: str) -> None:
    """Words are told apart by their capitals; abbreviations stay one word."""
    assert naming.as_snake_case(name) == snake


@pytest.mark.parametrize(
    ("rpc", "index", "handler"),
    [
        ("GetItem", 0, "get_item"),
        ("GetItem", 1, "get_item_1"),
        ("Import", 0, "import_"),  # a keyword
        ("Import", 2, "import_2"),  # with its number it is none
        ("Web", 0, "web_"),  # what the module imports
        ("Api", 0, "api_"),
        ("Routes", 0, "routes_"),  # its constant would be ROUTES
    ],
)
def test_handler_names(rpc: str, index: int, handler: str) -> None:
    """A handler is never a keyword, nor what its module needs itself."""
    assert naming.handler_name(rpc, index) == handler


def test_modules_as_protoc_names_them() -> None:
    """Dashes become underscores; a keyword in the path keeps an import statement from naming the module."""
    assert naming.message_module("shop/v1/big-items.proto") == "shop.v1.big_items_pb2"
    assert naming.gateway_module("shop/v1/big-items.proto") == "shop.v1.big_items_gateway"
    assert naming.module_path("shop.v1.shop_gateway") == "shop/v1/shop_gateway.py"
    assert naming.is_importable("shop.v1.shop_pb2")
    assert not naming.is_importable("shop.lambda.shop_pb2")


def test_imports_of_one_name() -> None:
    """Of two modules with one name, the neighbour keeps it and the stranger is named in full."""
    names = ModuleNames(["shop.v1.common_pb2", "base.v1.common_pb2", "shop.v1.shop_pb2", "top_pb2"], home="shop.v1")
    assert names.statements == [
        "from base.v1 import common_pb2 as base_v1_common_pb2",
        "from shop.v1 import common_pb2",
        "from shop.v1 import shop_pb2",
        "import top_pb2",
    ]


def test_imports_through_keywords() -> None:
    """A module whose path has a keyword in it is imported by its name as text."""
    names = ModuleNames(["a.lambda.b_pb2"], home="c")
    assert names.statements == ["import importlib", 'b_pb2 = importlib.import_module("a.lambda.b_pb2")']

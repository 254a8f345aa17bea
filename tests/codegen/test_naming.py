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
        ("Getattr", 0, "getattr_"),  # what reaches messages that are called like keywords
        ("Importlib", 0, "importlib_"),
        ("ShopPb2", 0, "shop_pb2_"),  # modules of messages are called that
        ("_", 0, "rpc_"),  # its constant would be itself
        ("_1", 2, "rpc_1_2"),
        ("Routes", 0, "routes_"),  # its constant would be ROUTES
    ],
)
def test_handler_names(rpc: str, index: int, handler: str) -> None:
    """A handler is never a keyword, nor what its module needs itself."""
    assert naming.handler_name(rpc, index) == handler


def test_modules_as_protoc_names_them() -> None:
    """Dashes become underscores, dots directories; keywords and digits keep a statement from naming the module."""
    assert naming.message_module("shop/v1/big-items.proto") == "shop.v1.big_items_pb2"
    assert naming.message_module("shop.items.proto") == "shop.items_pb2"
    assert naming.gateway_module("shop/v1/big-items.proto") == "shop.v1.big_items_gateway"
    assert naming.module_path("shop.v1.shop_gateway") == "shop/v1/shop_gateway.py"
    assert naming.is_importable("shop.v1.shop_pb2")
    assert not naming.is_importable("shop.lambda.shop_pb2")
    assert not naming.is_importable("shop.3d.shop_pb2")


def test_imports_of_one_name() -> None:
    """Of two modules with one name, the neighbour keeps it and the stranger is named in full."""
    names = ModuleNames(["shop.v1.common_pb2", "base.v1.common_pb2", "shop.v1.shop_pb2", "top_pb2"], home="shop.v1")
    assert names.imports == [
        "from base.v1 import common_pb2 as base_v1_common_pb2",
        "from shop.v1 import common_pb2",
        "from shop.v1 import shop_pb2",
        "import top_pb2",
    ]
    assert names.loads == []


def test_imports_in_full() -> None:
    """Without a home every module is named in full; names that would then be one are numbered."""
    names = ModuleNames(["a.b_c.d_gateway", "a.b.c_d_gateway", "top_gateway"], home=None)
    assert names.imports == [
        "from a.b import c_d_gateway as a_b_c_d_gateway",
        "from a.b_c import d_gateway as a_b_c_d_gateway_2",
        "import top_gateway",
    ]
    assert names.all == ["a_b_c_d_gateway", "a_b_c_d_gateway_2", "top_gateway"]


def test_modules_that_no_statement_can_name() -> None:
    """A keyword, a digit in front or a character of no name: such a module is imported by its name as text."""
    names = ModuleNames(["a.lambda.b_pb2", "a.3d_pb2", "with space.+x_pb2"], home="c")
    assert names.imports == []
    assert names.loads == [
        '_3d_pb2 = importlib.import_module("a.3d_pb2")',
        'b_pb2 = importlib.import_module("a.lambda.b_pb2")',
        '_x_pb2 = importlib.import_module("with space.+x_pb2")',
    ]

"""Pages of lists in memory."""

from __future__ import annotations

import base64

import pytest

from transom_runtime.errors import CallError, Code
from transom_runtime.services.paging import page_of

ITEMS = list(range(7))


def page(size: int = 0, token: str = "", most: int = 5) -> tuple[list[int], str]:
    return page_of(ITEMS, page_size=size, page_token=token, default=3, most=most)


def test_pages_follow_each_other() -> None:
    """Following the tokens shows every item once; the last page has no token."""
    seen, token, pages = [], "", 0
    while pages == 0 or token:
        items, token = page(2, token)
        seen += items
        pages += 1
    assert (seen, pages) == (ITEMS, 4)


@pytest.mark.parametrize(("size", "length"), [(0, 3), (1, 1), (5, 5), (1000, 5)])
def test_page_sizes(size: int, length: int) -> None:
    """Zero asks for the default, and nothing for more than the most."""
    assert len(page(size)[0]) == length


def test_the_last_page_is_full() -> None:
    """A page that ends with the list has no next one."""
    assert page(7, most=10) == (ITEMS, "")


def test_a_list_that_has_shrunk() -> None:
    """A token beyond the end of the list asks for an empty last page."""
    _, token = page(5)
    assert page_of([1], page_size=5, page_token=token, default=3, most=5) == ([], "")


def test_a_negative_size() -> None:
    """A negative page size is refused at its field."""
    with pytest.raises(CallError) as raised:
        page(-1)
    assert raised.value.code is Code.INVALID_ARGUMENT
    assert [fault.field for fault in raised.value.faults] == ["page_size"]


def encoded(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "token",
    [
        "nonsense",
        "%%%%",
        "é",
        "a",  # of no possible length
        encoded("at:"),
        encoded("at:-3"),
        encoded("at:1_0"),
        encoded("at: 3"),
        encoded("at:٣"),  # a digit, but none of ours
        encoded("at:03"),
        encoded("to:3"),
        encoded("at:3") + "=",
        encoded("at:3")[:2] + "!" + encoded("at:3")[2:],  # base64 decoders skip what they do not know
        encoded("at:" + "9" * 5000),  # longer than Python reads
    ],
)
def test_forged_tokens(token: str) -> None:
    """A token that this list did not give is refused at its field."""
    with pytest.raises(CallError) as raised:
        page(2, token)
    assert raised.value.code is Code.INVALID_ARGUMENT
    assert [fault.field for fault in raised.value.faults] == ["page_token"]

"""A list request, read: which rows, in which order, from where."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar

from workflow_engine.listing.fields import EVERYTHING, Clause, Column, conjunction
from workflow_engine.listing.filter import compile_filter
from workflow_engine.listing.lexer import FilterError
from workflow_engine.listing.order import Order, OrderTerm, key_types, order_sql, parse_order, rows_after
from workflow_engine.listing.token import decode_token, encode_token, list_digest
from workflow_engine.refusal import Violation, invalid

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

T = TypeVar("T")

DEFAULT_PAGE_SIZE: Final = 50
MAX_PAGE_SIZE: Final = 200
NEWEST_FIRST: Final[Order] = (OrderTerm(name="create_time", descending=True),)


class ListRequest(Protocol):
    """What every list request has."""

    page_size: int
    page_token: str
    filter: str
    order_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """Which rows, in which order, from where."""

    where: Clause
    order: Order
    page_size: int
    digest: str
    """Stands for the filter and the order: a page token is good for one list only."""

    @property
    def order_sql(self) -> str:
        """What stands behind ORDER BY."""
        return order_sql(self.order)

    def token_after(self, keys: Sequence[str | int]) -> str:
        """The token of the page that begins after the row with these order values and id."""
        return encode_token(self.digest, keys)


def build_query(request: ListRequest, columns: Mapping[str, Column[Any]], within: Clause = EVERYTHING) -> Query:
    """Read a list request over these columns, inside `within`. Raises Refusal with all that is wrong with it."""
    reading = _Reading()
    page_size = reading.read("page_size", DEFAULT_PAGE_SIZE, lambda: _page_size(request.page_size))
    matching = reading.read("filter", EVERYTHING, lambda: compile_filter(request.filter, columns))
    order = reading.read("order_by", NEWEST_FIRST, lambda: _order(request.order_by, columns))
    digest = list_digest(request.filter, order_sql(order), repr(within))
    start = reading.read("page_token", EVERYTHING, lambda: _start(request.page_token, digest, order, columns))
    if reading.violations:
        raise invalid(reading.violations)
    return Query(where=conjunction(within, matching, start), order=order, page_size=page_size, digest=digest)


class _Reading:
    """Reads one field of a request after the other and keeps what is wrong with each."""

    def __init__(self) -> None:
        self.violations: list[Violation] = []

    def read(self, field: str, default: T, parse: Callable[[], T]) -> T:
        try:
            return parse()
        except FilterError as error:
            self.violations.append(Violation(field=field, description=str(error)))
            return default


def _page_size(asked: int) -> int:
    if asked < 0:
        raise FilterError(f"is negative: {asked}")
    return min(asked or DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE)


def _order(source: str, columns: Mapping[str, Column[Any]]) -> Order:
    return parse_order(source, columns) if source.strip() else NEWEST_FIRST


def _start(token: str, digest: str, order: Order, columns: Mapping[str, Column[Any]]) -> Clause:
    return rows_after(order, decode_token(token, digest, key_types(order, columns))) if token else EVERYTHING

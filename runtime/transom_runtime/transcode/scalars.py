"""How scalars are read: one set of rules for path, query and body (semantics.md Q6)."""

from __future__ import annotations

import binascii
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from google.protobuf.descriptor import EnumDescriptor, FieldDescriptor

from transom_runtime.extension import TextCheck, TextRefused
from transom_runtime.transcode.faults import Flaw, Refused, refuse, refuse_type, show
from transom_runtime.transcode.field_access import enum_of
from transom_runtime.transcode.json_number import ExactFloat

# RFC 8259 section 6.
_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_INTEGER: Final = re.compile(r"-?(?:0|[1-9][0-9]*)")
_MAX_DIGITS: Final = 25
"""No 64-bit integer has more; longer ones are never converted, which could take long."""
_EXACT_BELOW: Final = 2.0**53
_MAX_FLOAT: Final = math.nextafter(float.fromhex("0x1.ffffffp+127"), 0)
"""The largest number that rounds to a finite 32-bit float: the shortest text of the largest float is above it."""
_MAX_DOUBLE: Final = float.fromhex("0x1.fffffffffffffp+1023")
_BOOLS: Final = {"true": True, "false": False}
_SPECIAL: Final = {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": float("-inf")}
_FROM_URL: Final = str.maketrans("-_", "+/")


@dataclass(frozen=True, slots=True)
class ScalarRule:
    """How one type of scalar is read. Both raise Refused; neither takes null."""

    from_json: Callable[[Any], Any]
    """From a JSON value."""
    from_text: Callable[[str], Any]
    """From the text of a path variable, a query parameter or a map key."""


def build_scalar(field: FieldDescriptor, check: TextCheck | None = None) -> ScalarRule:
    """The rule of a field's type; `check` looks at every text of a string field."""
    match field.cpp_type:
        case FieldDescriptor.CPPTYPE_STRING if field.type == FieldDescriptor.TYPE_BYTES:
            return _BYTES
        case FieldDescriptor.CPPTYPE_STRING:
            return _STRING if check is None else _checked(check)
        case FieldDescriptor.CPPTYPE_ENUM:
            return _enum_rule(enum_of(field))
        case kind:
            return _PLAIN[kind]


def _integer_rule(low: int, high: int) -> ScalarRule:
    wanted = f"an integer from {low} to {high}"

    def in_range(number: int, value: Any) -> int:
        if low <= number <= high:
            return number
        raise refuse(f"is not between {low} and {high}", value, reason="OUT_OF_RANGE")

    def from_text(text: str) -> int:
        if _INTEGER.fullmatch(text) and len(text) <= _MAX_DIGITS:
            return in_range(int(text), text)
        if not _NUMBER.fullmatch(text):
            raise refuse("is no integer", text)
        return in_range(_integer_of(text), text)

    def from_json(value: Any) -> int:
        if type(value) is int:
            return in_range(value, value)
        if type(value) is str:
            return from_text(value)
        if isinstance(value, float):
            return in_range(_integer_of_float(value), value)
        raise refuse_type(wanted, value)

    return ScalarRule(from_json, from_text)


def _integer_of(text: str) -> int:
    """The value of a JSON number in any of its forms; any number outside 64 bits where it is huge."""
    number = Decimal(text)
    if number and number.adjusted() > _MAX_DIGITS:
        return 1 << 70 if number > 0 else -1 << 70
    if number != number.to_integral_value():
        raise refuse("is no integer", text)
    return int(number)


def _integer_of_float(value: float) -> int:
    if isinstance(value, ExactFloat):
        return _integer_of(value.text)
    if value.is_integer() and abs(value) < _EXACT_BELOW:
        return int(value)
    # Beyond 2**53 the digits are lost: the refusal makes the caller read the number as it was written.
    raise Refused(Flaw(description="is no integer", reason="INVALID_VALUE", shown=show(value), is_inexact=True))


def _float_rule(limit: float) -> ScalarRule:
    def in_range(number: float, value: Any) -> float:
        if -limit <= number <= limit:
            return number
        raise refuse("is out of range", value, reason="OUT_OF_RANGE")

    def from_text(text: str) -> float:
        if _NUMBER.fullmatch(text):
            return in_range(float(text), text)
        special = _SPECIAL.get(text)
        if special is None:
            raise refuse("is no number", text)
        return special

    def from_json(value: Any) -> float:
        if isinstance(value, float):
            return in_range(value, value)
        if type(value) is int:
            return in_range(_float_of(value), value)
        if type(value) is str:
            return from_text(value)
        raise refuse_type("a number", value)

    return ScalarRule(from_json, from_text)


def _float_of(number: int) -> float:
    try:
        return float(number)
    except OverflowError:
        return float("inf")


def _bool_from_json(value: Any) -> bool:
    if value is True or value is False:
        return bool(value)
    raise refuse_type("true or false", value)


def _bool_from_text(text: str) -> bool:
    value = _BOOLS.get(text)
    if value is None:
        raise refuse("is neither 'true' nor 'false'", text)
    return value


def _string_from_json(value: Any) -> str:
    if type(value) is str:
        return value
    raise refuse_type("a string", value)


def _string_from_text(text: str) -> str:
    """The text; a header that was not UTF-8 comes with surrogates in it, which no message can hold."""
    if not text.isascii():
        try:
            text.encode("utf-8")
        except UnicodeEncodeError as error:
            raise refuse("is not UTF-8", reason="INVALID_TEXT") from error
    return text


def _checked(check: TextCheck) -> ScalarRule:
    def pass_check(text: str) -> str:
        try:
            return check(text)
        except TextRefused as refused:
            raise refuse(refused.description, reason=refused.reason) from refused

    def from_json(value: Any) -> str:
        return pass_check(value if type(value) is str else _string_from_json(value))

    return ScalarRule(from_json, lambda text: pass_check(_string_from_text(text)))


def _bytes_from_json(value: Any) -> bytes:
    if type(value) is str:
        return _bytes_from_text(value)
    raise refuse_type("a string of base64", value)


def _bytes_from_text(text: str) -> bytes:
    digits = text.rstrip("=")
    if text != digits and (len(text) % 4 or len(text) - len(digits) > 2):
        raise refuse("is no base64: its padding is wrong", text)
    try:
        encoded = digits.translate(_FROM_URL).encode("ascii")
        return binascii.a2b_base64(encoded + b"=" * (-len(digits) % 4), strict_mode=True)
    except (ValueError, UnicodeEncodeError) as error:
        raise refuse("is no base64", text) from error


def _enum_rule(enum: EnumDescriptor) -> ScalarRule:
    by_name = {name: value.number for name, value in enum.values_by_name.items()}
    numbers = frozenset(enum.values_by_number) if enum.is_closed else None
    integer = _PLAIN[FieldDescriptor.CPPTYPE_INT32]

    def known(number: int, value: Any) -> int:
        if numbers is None or number in numbers:
            return number
        raise refuse("is no value of the enum", value)

    def from_text(text: str) -> int:
        number = by_name.get(text)
        if number is not None:
            return number
        if not _INTEGER.fullmatch(text):
            raise refuse("is no value of the enum", text)
        return known(integer.from_text(text), text)

    def from_json(value: Any) -> int:
        if type(value) is str:
            return from_text(value)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return known(integer.from_json(value), value)
        raise refuse_type("the name or number of an enum value", value)

    return ScalarRule(from_json, from_text)


def key_from_text(rule: ScalarRule, text: str) -> Any:
    """The key of a map. Integers have one spelling here, so that two members cannot be one key."""
    key = rule.from_text(text)
    if type(key) is int and str(key) != text:
        raise refuse("is no map key: write integers plainly", text)
    return key


_STRING: Final = ScalarRule(_string_from_json, _string_from_text)
_BYTES: Final = ScalarRule(_bytes_from_json, _bytes_from_text)
LIMITS: Final[dict[int, tuple[float, float]]] = {
    FieldDescriptor.CPPTYPE_FLOAT: (-_MAX_FLOAT, _MAX_FLOAT),
    FieldDescriptor.CPPTYPE_DOUBLE: (-_MAX_DOUBLE, _MAX_DOUBLE),
    FieldDescriptor.CPPTYPE_INT32: (-(2**31), 2**31 - 1),
    FieldDescriptor.CPPTYPE_INT64: (-(2**63), 2**63 - 1),
    FieldDescriptor.CPPTYPE_UINT32: (0, 2**32 - 1),
    FieldDescriptor.CPPTYPE_UINT64: (0, 2**64 - 1),
}
"""The least and the greatest number of each type."""
_PLAIN: Final = {
    FieldDescriptor.CPPTYPE_BOOL: ScalarRule(_bool_from_json, _bool_from_text),
    FieldDescriptor.CPPTYPE_FLOAT: _float_rule(_MAX_FLOAT),
    FieldDescriptor.CPPTYPE_DOUBLE: _float_rule(_MAX_DOUBLE),
    FieldDescriptor.CPPTYPE_INT32: _integer_rule(-(2**31), 2**31 - 1),
    FieldDescriptor.CPPTYPE_INT64: _integer_rule(-(2**63), 2**63 - 1),
    FieldDescriptor.CPPTYPE_UINT32: _integer_rule(0, 2**32 - 1),
    FieldDescriptor.CPPTYPE_UINT64: _integer_rule(0, 2**64 - 1),
}

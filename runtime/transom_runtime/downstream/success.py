"""What a successful response carries beside its body, prepared once per binding (semantics.md H3)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Mapping

    from transom_runtime.binding import Success

_PLACEHOLDER: Final = re.compile(r"\{([A-Za-z_][A-Za-z0-9_.]*)(?:=[^{}]*)?\}")
_ETAG: Final = re.compile(r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"')
_OPAQUE: Final = re.compile(r"[\x21\x23-\x7e]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class SuccessPlan:
    """A route's success policy, ready for use."""

    status: int = 200
    location: tuple[str, ...] = ()
    """The template of Location: literal texts at the even places, field paths at the odd ones; empty: none."""
    etag_field: str = ""
    cache_control: str = ""
    fields: tuple[str, ...] = ()
    """The response fields whose texts are wanted."""

    def headers(self, texts: Mapping[str, str]) -> dict[str, str]:
        """The headers of one response. A header whose field has no text, or no fit one, is left out."""
        headers = {}
        if self.location and (location := self._location(texts)):
            headers["Location"] = location
        if self.etag_field and (etag := as_etag(texts.get(self.etag_field, ""))):
            headers["ETag"] = etag
        if self.cache_control:
            headers["Cache-Control"] = self.cache_control
        return headers

    def _location(self, texts: Mapping[str, str]) -> str:
        if not all(texts.get(field) for field in self.location[1::2]):
            return ""
        # A slash stays: `/v1/{name}` is written for names such as `shelves/1/books/2`.
        return "".join(quote(texts[part], safe="/~") if index % 2 else part for index, part in enumerate(self.location))


PLAIN_SUCCESS: Final = SuccessPlan()


def build_success(success: Success) -> SuccessPlan:
    """Prepare a success policy. Raises ValueError where it cannot be kept."""
    if success.status not in range(200, 400):
        raise ValueError(f"success status {success.status} is not between 200 and 399")
    location = tuple(_PLACEHOLDER.split(success.location)) if success.location else ()
    if any("{" in text or "}" in text for text in location[::2]):
        raise ValueError(f"malformed Location template {success.location!r}")
    if not f"{success.location}{success.cache_control}".isprintable():
        raise ValueError("a control character in the Location or Cache-Control of a success policy")
    fields = (*location[1::2], success.etag_field)
    return SuccessPlan(
        status=success.status,
        location=location,
        etag_field=success.etag_field,
        cache_control=success.cache_control,
        fields=tuple(dict.fromkeys(field for field in fields if field)),
    )


def as_etag(text: str) -> str:
    """A text as an entity tag: as it is where it is one already, else quoted; empty where it cannot be one."""
    if _ETAG.fullmatch(text):
        return text
    return f'"{text}"' if _OPAQUE.fullmatch(text) else ""

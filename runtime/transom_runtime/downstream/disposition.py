"""Content-Disposition: whether a content is shown or kept, and under which name (RFC 6266, RFC 8187)."""

from __future__ import annotations

import re
import unicodedata
from enum import Enum
from typing import Final
from urllib.parse import quote

_LONGEST: Final = 255
"""What file systems take, in characters."""
# RFC 6266, appendix D: some agents decode percent escapes where none are meant, and misread quoted pairs.
_MISREAD: Final = re.compile(r'["\\]|%(?=[0-9A-Fa-f]{2})')
# RFC 8187's attr-char, besides letters and digits; `quote` adds `_.-~` by itself.
_PLAIN: Final = "!#$&+^`|"
_HIDDEN: Final = frozenset({"Cc", "Cf", "Co", "Cn", "Cs", "Zl", "Zp"})


class Disposition(Enum):
    """How a content is shown."""

    UNSAID = ""
    """As an attachment where it has a name, else as the client likes."""
    INLINE = "inline"
    ATTACHMENT = "attachment"


def content_disposition(disposition: Disposition, filename: str) -> str:
    """The header; empty: none. Whatever the name holds, it ends neither its quotes nor the header nor a directory."""
    name = clean_filename(filename)
    kind = disposition.value or ("attachment" if name else "")
    if not name:
        return kind
    plain = _MISREAD.sub("_", _as_ascii(name))
    extended = "" if plain == name else f"; filename*=UTF-8''{quote(name, safe=_PLAIN)}"
    return f'{kind}; filename="{plain}"{extended}'


def clean_filename(filename: str) -> str:
    """The last part of a path, without what no eye sees and no file system wants; empty where nothing is left."""
    last = re.split(r"[/\\]", filename)[-1]
    shown = "".join(char for char in last if unicodedata.category(char) not in _HIDDEN)
    name = shown.strip()[:_LONGEST].strip()
    return "" if name in {"", ".", ".."} else name


def _as_ascii(name: str) -> str:
    """The name for agents that know no other alphabet: accents gone, a low line for what has no Latin letter."""
    parts = unicodedata.normalize("NFKD", name)
    bare = "".join(char for char in parts if not unicodedata.combining(char))
    return "".join(char if " " <= char <= "~" else "_" for char in bare)

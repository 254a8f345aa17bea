"""Usual texts by kind, as a compiled codec tells them: more than those of `usual.py`, which must be cheap in Python.

`tests/policy/sanitize/test_usual_texts.py` holds each of these against every rule of its kind.
"""

from __future__ import annotations

import string
from dataclasses import replace
from functools import cache
from typing import Final

from transom_runtime.extension import UsualTexts
from transom_runtime.policy.sanitize.command_rules import PROGRAMS
from transom_runtime.policy.sanitize.rule import Kind

_BLANK: Final = "[ \t\n\r]"
_BLANKS: Final = f"{_BLANK}*"
# What joins the words of SQL in its rules.
_GAP: Final = "[ \t\n\r+()]*"
_LETTERS: Final = string.ascii_letters + string.digits
_VISIBLE: Final = _LETTERS + string.punctuation + " \t\n\r"

# All but what control_rules.py looks for.
_SEEN: Final = ((0x85, 0x85), (0xA0, 0x2029), (0x202F, 0x2065), (0x206A, 0xDFFFF), (0xE0080, 0x10FFFF))
# Letters and marks that no view turns into ASCII, or drops: none that NFKC or lower case does, and nothing invisible.
_FOREIGN: Final = (
    *((0xA1, 0xA7), (0xA9, 0xA9), (0xAB, 0xAC), (0xAE, 0xAE), (0xB0, 0xB1), (0xB5, 0xB7), (0xBB, 0xBB), (0xBF, 0x12F)),
    *((0x131, 0x131), (0x134, 0x13E), (0x141, 0x148), (0x14A, 0x17E), (0x180, 0x1C3), (0x1CD, 0x1F0), (0x218, 0x21B)),
    *((0x300, 0x33F), (0x386, 0x386), (0x388, 0x3CE), (0x400, 0x52F), (0x531, 0x556), (0x561, 0x586), (0x5D0, 0x5EA)),
    *((0x61F, 0x65F), (0x66E, 0x6D3), (0x900, 0x965), (0xE01, 0xE4E), (0x1E00, 0x1E99), (0x1EA0, 0x1EF9)),
    *((0x2010, 0x2016), (0x2018, 0x2023), (0x2030, 0x2032), (0x2039, 0x203A), (0x20AC, 0x20AC), (0x2190, 0x21FF)),
    *((0x2600, 0x27BF), (0x3001, 0x3011), (0x3041, 0x3096), (0x30A1, 0x30FE), (0x3400, 0x4DBF), (0x4E00, 0x9FFF)),
    *((0xAC00, 0xD7A3), (0xFE0F, 0xFE0F), (0x1F300, 0x1F64F), (0x1F680, 0x1F6FF)),
    (0x1F900, 0x1F9FF),
)

# Of every finding of script_rules.py that has neither `<` nor `=` in it.
_SCRIPT: Final = (f"p{_BLANKS}t{_BLANKS}:", "data:", f":{_BLANKS}expression", "moz-binding", f"behavior{_BLANKS}:")
# A condition: a quote or a number, a word, and something to compare.
_CONDITION: Final = tuple(
    f"{start}{_GAP}{word}{_GAP}{literal}"
    for start in ("['\")]", "^[ \t\n\r+-]*[0-9][0-9]*")
    for word in ("or", "and", "xor", "&&")
    for literal in ("['\"0-9]", "true", "false", "null", "not")
)
_STATEMENTS: Final = (
    *("drop", "truncate", "alter", "create", "insert", "delete", "update", "select", "exec", "declare", "shutdown"),
    "grant",
)
_NAMES: Final = (
    *("waitfor", "dbms_", "information_schema", "sqlite_", "pg_catalog", "xp_", "load_file", "outfile", "dumpfile"),
    *("mysql[.]user", "@@", "_tables", "extractvalue", "updatexml", "xmltype"),
)
_SQL: Final = (
    *(f"union{_GAP}{more}select" for more in ("", f"all{_GAP}", f"distinct{_GAP}")),
    *("like", "--", "['\"][ \t\n\r+();]*#", "/[*]", f"sleep{_BLANKS}[(]", f"benchmark{_BLANKS}[(]"),
    *(*_CONDITION, *_NAMES, *(f";{_GAP}{statement}" for statement in _STATEMENTS)),
)
# Programs that are found without an argument.
_ALONE: Final = "whoami", "uname", "ls", "ifconfig", "ipconfig", "printenv", "netstat", "systeminfo", "tasklist", "id"
_COMMAND: Final = (
    *("^[;&]", f"[;&]{_BLANKS}/", *(f"[;&]{_BLANKS}{program}[ \t\n\r.${{]" for program in PROGRAMS)),
    *(f"[;&]{_BLANKS}{alone}" for alone in _ALONE),
    *("[$][({]", f"[(][)]{_BLANKS}[{{]", "/dev/", "mkfifo", f"cmd{_BLANKS}/", f"exe{_BLANKS}/"),
    *(f"{program}{_BLANK}{_BLANKS}-" for program in ("sh", "shell", "exe", "nc", "cat")),
)
_TRAVERSAL: Final = (
    *("[.][.][/;]", f"^{_BLANKS}/", f"^{_BLANKS}[a-z]:/"),
    *(f"{scheme}:/" for scheme in ("file", "php", "expect", "phar", "zip", "glob", "gopher", "dict")),
)
# What a view would decode, and so read otherwise.
_CODED: Final = ("%[0-9a-fu]", "&[#a-z]")

_PLAIN: Final = UsualTexts(
    characters=_LETTERS + " \t\n\r.,!?-'\"():;/%&_+*@[]#${}^~",
    beyond=_FOREIGN,
    never=(*_SCRIPT, *_SQL, *_COMMAND, *_TRAVERSAL, *_CODED),
)
_USUAL: Final = {
    Kind.HTML: UsualTexts(characters=_VISIBLE.translate({ord("<"): None, ord("&"): None}), beyond=_SEEN),
    Kind.CODE: UsualTexts(characters=_VISIBLE, beyond=_SEEN),
    Kind.IDENTIFIER: UsualTexts(characters=_LETTERS + "_.:~-", never=("^[.]",)),
    Kind.PATH: UsualTexts(characters=_LETTERS + " _-./()+,@=!'", beyond=_FOREIGN, never=("[.][.]", f"^{_BLANKS}/")),
}


@cache
def usual_texts(kind: Kind, max_scan_chars: int) -> UsualTexts:
    """The texts of a kind that no rule strikes in, and that are not cleaned. Of a longer text than is looked over, the
    two ends are read as one, which may say something that the text does not.
    """
    return replace(_PLAIN, max_bytes=max_scan_chars) if kind is Kind.PLAIN else _USUAL[kind]

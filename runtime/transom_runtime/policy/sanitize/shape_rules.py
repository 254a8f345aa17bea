"""Rules about the shape of identifiers and relative paths: these fields have one, so whatever breaks it is refused."""

from __future__ import annotations

import re
from typing import Final

from transom_runtime.policy.sanitize.rule import Kind, Mode, Rule, Severity


def _identifier(rule_id: str, title: str, description: str, refusal: str, pattern: str) -> Rule:
    return Rule(
        id=rule_id,
        title=title,
        description=description,
        reason="INVALID_IDENTIFIER",
        refusal=refusal,
        severity=Severity.MEDIUM,
        applies_to=(Kind.IDENTIFIER,),
        mode=Mode.BLOCK,
        pattern=re.compile(pattern),
    )


def _path(rule_id: str, title: str, description: str, refusal: str, pattern: str) -> Rule:
    return Rule(
        id=rule_id,
        title=title,
        description=description,
        reason="PATH_TRAVERSAL",
        refusal=refusal,
        severity=Severity.HIGH,
        applies_to=(Kind.PATH,),
        mode=Mode.BLOCK,
        pattern=re.compile(pattern),
    )


IDENTIFIER_RULES: Final = (
    _identifier(
        "identifier-characters",
        "Identifier characters",
        "Anything but letters, digits and `-_.:~` in a name or id; or a name that is only `.` or `..`.",
        "may hold letters, digits and -_.:~ only",
        r"[^A-Za-z0-9_.:~-]|\A\.{1,2}\Z",
    ),
)

PATH_RULES: Final = (
    _path(
        "path-parent",
        "Parent directory",
        "A `..` segment, however it is written or encoded.",
        "must not hold the segment '..'",
        r"(?:\A|[/\\])\s{0,4}\.\.\s{0,4}(?:[/\\;]|\Z)",
    ),
    _path(
        "path-absolute",
        "Absolute path",
        "A path that starts at a root, a drive or a home directory.",
        "must be a relative path",
        r"\A\s{0,4}(?:[/\\]|[a-z]:|~[^/\\]{0,64}[/\\]|~\Z)",
    ),
    _path(
        "path-backslash",
        "Backslash",
        "A backslash, which is a separator on some systems and a letter on others.",
        "must not hold a backslash",
        r"\\",
    ),
    _path(
        "path-encoded",
        "Encoded separator",
        "A percent-encoded dot, slash, backslash, percent sign or NUL: whoever decodes once more is led astray.",
        "must not hold encoded dots or separators",
        r"%(?:2e|2f|5c|00|25|c0%a[ef]|c1%9c|e0%80%a[ef]|uff0e|u2215|u2216)",
    ),
    _path(
        "path-line",
        "Line break",
        "A tab or a line break in a path.",
        "must not hold tabs or line breaks",
        "[\\t\\n\\r\\x85\u2028\u2029]",
    ),
)

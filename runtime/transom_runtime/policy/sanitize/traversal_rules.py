"""Rules about paths in prose: what leaves a directory for a file that was never meant to be read."""

from __future__ import annotations

import re
from typing import Final

from transom_runtime.policy.sanitize.rule import Kind, Mode, Rule, Severity


def _traversal(rule_id: str, title: str, description: str, needles: tuple[str, ...], pattern: str) -> Rule:
    return Rule(
        id=rule_id,
        title=title,
        description=description,
        reason="PATH_TRAVERSAL",
        refusal="looks like a path out of its directory",
        severity=Severity.HIGH,
        applies_to=(Kind.PLAIN,),
        mode=Mode.REPORT,
        needles=needles,
        pattern=re.compile(pattern),
    )


_CODED_SLASH: Final = r"%(?:25)?(?:2f|5c)"

TRAVERSAL_RULES: Final = (
    _traversal(
        "traversal-climb",
        "Climbing path",
        "Three steps up, or fewer towards a system's own files. Two are a link in documentation.",
        ("../", "..\\", "..;/", "....//"),
        r"(?:\.\.;?[/\\]{1,4}){3}|\.\.[/\\]{1,4}(?:\.\.[/\\]{1,4}){0,8}"
        r"(?:etc[/\\]|windows\b|winnt\b|boot\.ini|win\.ini|proc[/\\]|root[/\\]|var[/\\]|home[/\\]|users[/\\]|\.ssh\b|"
        r"\.env\b|\.git[/\\]|\.aws\b|web-inf|inetpub)|\.\.;/|(?:\.{4}//){2}",
    ),
    _traversal(
        "traversal-encoded",
        "Encoded climbing path",
        "A `..` that is percent-encoded, once or twice, or in bytes that only careless decoders accept.",
        ("%2", "%5c", "%c0%a", "%c1%9c", "%e0%80%a", "%uff0e", "%00"),
        # Each begins with its first character, so that a search runs from one to the next.
        rf"%(?:25)?2e(?:(?:%(?:25)?2e|\.){_CODED_SLASH}|%(?:25)?2e[/\\])|\.(?:%(?:25)?2e|\.){_CODED_SLASH}"
        r"|%c0%a[ef]|%c1%9c|%e0%80%a[ef]|%uff0e|\.\.[/\\][^%]{0,64}%00",
    ),
    _traversal(
        "traversal-target",
        "System file",
        "A text that is nothing but the path of a system's own file, or an address that reads one.",
        ("/", "\\"),
        r"\A\s{0,4}/(?:etc/(?:passwd|shadow|group|hosts|sudoers|ssh/|issue)|proc/(?:self|version|\d)|root/\.|var/log/)\S{0,128}\s{0,4}\Z"
        r"|\A\s{0,4}[a-z]:[/\\]{1,4}(?:windows|winnt|boot\.ini|inetpub)\S{0,128}\s{0,4}\Z"
        r"|\bfile:/{1,4}(?:etc|proc|root|c:|localhost)|\b(?:php|expect|phar|zip|glob|gopher|dict)://\S",
    ),
)

"""Rules about script in texts (XSS): markup that runs code where the text is shown as HTML."""

from __future__ import annotations

import re
from typing import Final

from transom_runtime.policy.sanitize.rule import Kind, Mode, Rule, Severity


def _script(rule_id: str, title: str, description: str, needles: tuple[str, ...], pattern: str) -> Rule:
    return Rule(
        id=rule_id,
        title=title,
        description=description,
        reason="SCRIPT_INJECTION",
        refusal="looks like script",
        severity=Severity.HIGH,
        applies_to=(Kind.PLAIN,),
        mode=Mode.REPORT,
        needles=needles,
        pattern=re.compile(pattern),
    )


# Browsers skip white space inside of a scheme's name.
_JAVASCRIPT: Final = r"\s{0,3}".join("javascript:")
_VBSCRIPT: Final = r"\s{0,3}".join("vbscript:")
_EVENT: Final = (
    r"on(?:abort|animation\w{3,9}|auxclick|before\w{3,16}|blur|canplay\w{0,7}|change|click|close|contextmenu|copy|cut|"
    r"dblclick|drag\w{0,5}|drop|ended|error|focus\w{0,3}|hashchange|input|invalid|key\w{2,5}|load\w{0,9}|message|"
    r"mouse\w{2,5}|page\w{4}|paste|play\w{0,3}|pointer\w{2,10}|popstate|ready\w{0,11}|reset|resize|scroll\w{0,3}|search|"
    r"select\w{0,11}|show|start|storage|submit|toggle|touch\w{3,6}|transition\w{3,6}|unload|wheel)"
)

SCRIPT_RULES: Final = (
    _script(
        "script-tag",
        "Script element",
        "A `<script>` element.",
        ("script",),
        r"<[\s/\x00]{0,8}script(?:[\s/>]|\Z)",
    ),
    _script(
        "script-event",
        "Event handler",
        "An event handler in a tag, or after a quote that may end an attribute: `onerror=`, `onclick=` …",
        ("=",),
        rf"(?:<[a-z!/?][^<>]{{0,256}}?[\s/\"'`]|[\"'`][\s/]{{0,8}}){_EVENT}\s{{0,8}}=",
    ),
    _script(
        "script-address",
        "Script address",
        "An address that is a program: `javascript:`, `vbscript:`, or a `data:` document.",
        (":",),
        # "JavaScript: the good parts" is a book: what follows must look like code.
        rf"{_JAVASCRIPT}(?:\s{{0,8}}//|\s{{0,8}}[\w.$/\[%*!~+-]{{0,64}}[(=`\[{{])"
        rf"|{_VBSCRIPT}\s{{0,8}}\w{{1,32}}[\s]{{0,4}}[(\"]"
        r"|data:\s{0,4}(?:text/html|image/svg\+xml|application/xhtml\+xml)\s{0,4}[;,]",
    ),
    _script(
        "script-embed",
        "Embedding element",
        "An element that loads a foreign document or plug-in, or that redirects what is around it.",
        ("<",),
        r"<(?:iframe|frame|frameset|applet|embed|portal)(?:[\s/>]|\Z)"
        r"|<(?:object|base|link|meta|form|style|svg|math|isindex|button|input)(?=[\s/])[^<>]{0,256}?"
        r"[\s/\"'](?:data|href|http-equiv|action|formaction|src)\s{0,4}=",
    ),
    _script(
        "script-style",
        "Script in style",
        "A style that runs code in old browsers: `expression()`, `-moz-binding`, `behavior: url()`.",
        ("expression", "-moz-binding", "behavior"),
        r":\s{0,4}expression\s{0,4}\(|-moz-binding\s{0,4}:|behavior\s{0,4}:\s{0,4}url",
    ),
)

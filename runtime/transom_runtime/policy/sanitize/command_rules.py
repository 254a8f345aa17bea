"""Rules about shell commands in texts: what a shell would run if the text were put into one of its lines."""

from __future__ import annotations

import re
from typing import Final

from transom_runtime.policy.sanitize.rule import Kind, Mode, Rule, Severity


def _command(rule_id: str, title: str, description: str, needles: tuple[str, ...], pattern: str) -> Rule:
    return Rule(
        id=rule_id,
        title=title,
        description=description,
        reason="COMMAND_INJECTION",
        refusal="looks like a shell command",
        severity=Severity.HIGH,
        applies_to=(Kind.PLAIN,),
        mode=Mode.REPORT,
        needles=needles,
        pattern=re.compile(pattern),
    )


PROGRAMS: Final = (
    *("cat", "ls", "id", "whoami", "uname", "wget", "curl", "nc", "ncat", "netcat", "bash", "sh", "zsh"),
    *("ksh", "dash", "python", "python2", "python3", "perl", "ruby", "php", "node", "rm", "chmod", "chown"),
    *("ping", "nslookup", "dig", "host", "telnet", "ssh", "scp", "echo", "printf", "sleep", "kill", "touch"),
    *("tee", "powershell", "pwsh", "cmd", "type", "dir", "net", "ipconfig", "ifconfig", "netstat", "env"),
    *("printenv", "head", "tail", "awk", "sed", "base64", "xxd", "find", "tftp", "certutil", "bitsadmin"),
    *("systeminfo", "tasklist", "reg", "crontab", "sudo"),
)
_PROGRAM: Final = rf"(?:/(?:usr/)?(?:local/)?s?bin/)?(?:{'|'.join(PROGRAMS)})(?:\.exe)?"
# What makes a word after a semicolon a command and not prose: an option, a path, a variable, an address, a number.
_ARGUMENT: Final = (
    r"(?:\s{1,8}|\$\{?ifs\}?(?:\$9)?)(?:--?[a-z]|/[\w*?]|~/|\.{1,2}/|\$[\w({]|https?:|['\"]?<|>|\d{1,3}(?:\s{0,4}\Z|[;|&#.])"
    r"|-\w\s|[a-z]:\\)|<\(|<[\s]{0,2}/|\{ifs"
)

COMMAND_RULES: Final = (
    _command(
        "command-chain",
        "Chained command",
        "A known program with an option or a path after `;`, `|`, `&`, or alone at the end after one of them.",
        (";", "|", "&"),
        # The mark first, so that a search runs from one to the next: before `\A`, every character would be tried.
        rf"[;|&](?:\s{{0,8}}{_PROGRAM}(?:{_ARGUMENT})"
        r"|(?:\s{0,8}(?:whoami|uname|ls|ifconfig|ipconfig|printenv|netstat|systeminfo|tasklist)|id)[\s;|&#]{0,4}\Z"
        r"|(?:(?<=\A.)|(?<=\A\|\|)|(?<=\A&&))\s{0,4}(?:whoami|id|uname|ls|dir|ps|w|env|reboot|ipconfig|ifconfig)\s{0,4}\Z)",
    ),
    _command(
        "command-substitution",
        "Command substitution",
        "A known program inside `$( )`, or inside backticks that follow on a word.",
        ("$(", "`"),
        rf"\$\(\s{{0,4}}{_PROGRAM}(?:[\s)|;<]|\Z)|[\w;|&=]`\s{{0,4}}{_PROGRAM}[\s`]",
    ),
    _command(
        "command-shell",
        "Shell started",
        "A shell that is told to run something, or to connect to somebody.",
        ("-", "cmd", "/dev/", "mkfifo"),
        r"/bin/(?:ba|z|k|da|c|tc)?sh\s{1,8}-\w|\b(?:ba|z|da)?sh\s{1,4}-i\b|\b(?:powershell|pwsh)(?:\.exe)?\s{1,8}-"
        r"(?:e|en|enc|encodedcommand|nop|noprofile|w|windowstyle|c|command|ep|exec|executionpolicy)\b"
        r"|\bcmd(?:\.exe)?\s{1,4}/[ckq]\b|/dev/(?:tcp|udp)/\w|\b(?:nc|ncat|netcat)\s{1,4}(?:-\w{1,8}\s{1,4}){0,3}-\w{0,6}[elc]"
        r"|\bmkfifo\s{1,4}/",
    ),
    _command(
        "command-lookup",
        "Evaluated lookup",
        "A lookup that a library evaluates into code: `${jndi:…}`, or a function in an environment variable.",
        ("${", "()"),
        r"\$\{\s{0,4}(?:jndi\s{0,4}:|\$\{|lower:|upper:|::-)|\(\)\s{0,4}\{\s{0,4}(?::|_)?\s{0,4};?\s{0,4}\}\s{0,4};",
    ),
)

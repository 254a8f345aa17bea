"""Rules about SQL in texts: what breaks out of a literal, or reads and stalls a database.

Words of SQL in prose are no finding; their grammar is. Views of the text have comments replaced by a space.
"""

from __future__ import annotations

import re
from typing import Final

from transom_runtime.policy.sanitize.rule import Kind, Mode, Rule, Severity


def _sql(rule_id: str, title: str, description: str, needles: tuple[str, ...], pattern: str) -> Rule:
    return Rule(
        id=rule_id,
        title=title,
        description=description,
        reason="SQL_INJECTION",
        refusal="looks like SQL",
        severity=Severity.HIGH,
        applies_to=(Kind.PLAIN,),
        mode=Mode.REPORT,
        needles=needles,
        pattern=re.compile(pattern),
    )


# A plus sign is a space in queries.
_GAP: Final = r"[\s+(]{1,20}"
_MAYBE: Final = r"[\s+(]{0,20}"
_COLUMN: Final = r"(?:null\b|\d|\*|@@|['\"]|[\w.@`]{1,40}(?:\([^()]{0,64}\))?\s{0,8}(?:,|from\b|--|#))"
_WORD: Final = r"(?:or|and|xor|\|\||&&)"
_LITERAL: Final = r"(?:'[^']{0,32}'|\"[^\"]{0,32}\"|\d{1,12}|true|false|null)"
_COMPARE: Final = r"(?:=|<>|!=|<|>|like\b|is\b|in\b|between\b|rlike\b|regexp\b)"

SQL_RULES: Final = (
    _sql(
        "sql-union",
        "UNION SELECT",
        "A second query joined to the first.",
        ("union",),
        rf"\bunion{_GAP}(?:(?:all|distinct){_GAP})?select{_MAYBE}{_COLUMN}",
    ),
    _sql(
        "sql-tautology",
        "Always-true condition",
        "A quote followed by a comparison of literals, or a thing compared with itself: `' or '1'='1`, `or 1=1`.",
        ("=", "<", ">", "like", " is ", " in", "between", "--", "#", "true"),
        rf"(?:['\")]|\A[\s+]{{0,4}}-?\d{{1,12}})[\s+)]{{0,10}}{_WORD}{_MAYBE}(?:not[\s+(]{{1,8}})?"
        rf"{_LITERAL}[\s+)]{{0,10}}{_COMPARE}"
        rf"|\b(?:or|and){_GAP}(['\"]?)(\w{{1,20}})\1[\s+]{{0,8}}(?:=|like)[\s+]{{0,8}}\1\2(?!\w)"
        rf"|['\"][\s+)]{{0,10}}(?:or|\|\|){_GAP}(?:true|1)[\s+)]{{0,4}}(?:--|#|\Z)",
    ),
    _sql(
        "sql-comment",
        "Rest commented out",
        "A quote that ends a literal, then a comment that hides the rest of the query: `admin'--`.",
        ("--", "#"),
        r"\A[^'\"]{0,64}['\"][\s+);]{0,8}(?:--[\s+-]{0,8}|#)\Z|['\"][\s+)]{0,8};[\s+]{0,4}--",
    ),
    _sql(
        "sql-stacked",
        "Second statement",
        "A statement after a semicolon: `; DROP TABLE`, `; DELETE FROM` …",
        (";",),
        r";[\s+]{0,20}(?:(?:drop|truncate|alter|create)[\s+]{1,20}(?:table|database|schema|user|view|index|login|role)\b"
        r"|insert[\s+]{1,20}into\b|delete[\s+]{1,20}from\b|update[\s+]{1,20}[\w.`\"]{1,64}[\s+]{1,20}set\b"
        r"|select[\s+]{1,20}[\w*@'\"(]|exec(?:ute)?[\s+(]{1,20}(?:xp_|sp_|master|immediate|')|declare[\s+]{1,20}@"
        r"|shutdown\b[\s+]{0,20}(?:--|;|\Z)|grant[\s+]{1,20}\w{1,20}[\s+]{1,20}on\b)",
    ),
    _sql(
        "sql-delay",
        "Stalled query",
        "A function that makes the database wait, by which answers are guessed.",
        ("sleep", "benchmark", "waitfor", "receive_message"),
        r"(?:\b(?:select|and|or|if|when|case|where|xor|limit)|[=,;'\"(|&-])[\s+(]{0,20}(?:pg_)?sleep\s{0,4}\(\s{0,4}['\"\d]"
        r"|\bpg_sleep\s{0,4}\(|\bbenchmark\s{0,4}\(\s{0,4}\d|\bwaitfor[\s+]{1,20}(?:delay|time)\b"
        r"|dbms_(?:pipe\.receive_message|lock\.sleep)|dbms_session\.sleep",
    ),
    _sql(
        "sql-catalogue",
        "Database internals",
        "Names of catalogues, files and procedures that only a database's own tools need.",
        (
            "_schema",
            "_master",
            "pg_catalog",
            "xp_",
            "load_file",
            "file",
            "mysql.user",
            "@@",
            "_tables",
            "xml",
            "extract",
        ),
        r"\binformation_schema\s{0,4}\.|\bsqlite_(?:master|schema)\b|\bpg_catalog\s{0,4}\.|\bxp_(?:cmdshell|dirtree|regread)\b"
        r"|\bload_file\s{0,4}\(|\binto[\s+]{1,8}(?:out|dump)file\b|\bmysql\.user\b|@@(?:version|datadir|hostname)\b"
        r"|\b(?:all|user|dba)_tables\b|\b(?:extractvalue|updatexml|xmltype)\s{0,4}\(",
    ),
)

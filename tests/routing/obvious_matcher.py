"""A slow and obvious matcher, written from the texts of google/api/http.proto and docs/semantics.md (T, V, P, R).

It shares nothing with the product: rules are texts, it has a parser and a percent-decoder of its own, tries every rule
on every request, and sorts what fits. So it can be read against the specification line by line.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import zip_longest

ALL_METHODS = {"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"}
KEPT = {
    "ALL_CHARACTERS": "",
    "ALL_CHARACTERS_EXCEPT_SLASH": "/",
    "ALL_CHARACTERS_EXCEPT_RESERVED": ":/?#[]@!$&'()*+,;=",  # RFC 6570, 1.5
}


@dataclass(frozen=True)
class Rule:
    """`METHOD /template`, taken apart: each part is a pattern and the variable that it belongs to."""

    text: str
    method: str
    parts: tuple[tuple[str, str | None], ...]
    verb: str

    @property
    def order(self) -> list[int]:
        """R1: literal, `*`, `**`, segment by segment; a template that ends is more exact than one that goes on."""
        kinds = [{"*": 1, "**": 3}.get(pattern, 0) for pattern, _ in self.parts]
        return kinds if kinds[-1] == 3 else [*kinds, 2]

    @property
    def shape(self) -> tuple[object, ...]:
        """What requests see of it: names of variables are not part of it, nor how literals are written."""
        return (self.verb, *(p if p in {"*", "**"} else decode(p) for p, _ in self.parts))

    def multi(self, variable: str) -> bool:
        """P2: whether a variable may cover more than one segment."""
        patterns = [pattern for pattern, owner in self.parts if owner == variable]
        return len(patterns) > 1 or patterns == ["**"]


def parse(text: str) -> Rule:
    """The grammar: segments between slashes, a variable around some of them, a verb behind the last colon (V1)."""
    method, template = text.split(" ")
    verb = ""
    if template.rfind(":") > max(template.rfind("/"), template.rfind("}")):
        template, _, verb = template.rpartition(":")
    parts: list[tuple[str, str | None]] = []
    for variable, covered, plain in re.findall(r"\{([^}=]+)(?:=([^}]*))?\}|([^/{}]+)", template):
        if plain:
            parts.append((plain, None))
        else:  # T1: {x} is {x=*}
            parts += [(pattern, variable) for pattern in (covered or "*").split("/")]
    return Rule(text, method, tuple(parts), decode(verb))


def decode(raw: str, keep: str = "") -> str:
    """P1, P3: percent-decoding, once, character by character; what stands for one of `keep` stays as written."""
    found, at = bytearray(), 0
    while at < len(raw):
        if raw[at] == "%":
            if not re.fullmatch("[0-9A-Fa-f]{2}", raw[at + 1 : at + 3]):
                raise ValueError(raw)
            byte = int(raw[at + 1 : at + 3], 16)
            found += raw[at : at + 3].encode() if chr(byte) in keep else bytes([byte])
            at += 3
        else:
            found += raw[at].encode("utf-8", "surrogateescape")
            at += 1
    return found.decode("utf-8")


@dataclass(frozen=True)
class Answer:
    """What must become of a request."""

    status: int
    rule: str = ""
    variables: tuple[str, ...] = ()
    allow: tuple[str, ...] = ()
    next: tuple[str, ...] = ()
    """The rules that have the request too, in their order."""


def answer(rules: list[Rule], method: str, path: str, mode: str = "ALL_CHARACTERS_EXCEPT_SLASH") -> Answer:
    """P4 and P3 first, then V2 and V3, then R1 and R2."""
    segments = path[1:].split("/")
    try:
        if any(decode(segment) in {".", ".."} for segment in segments):
            return Answer(400)
    except ValueError:
        return Answer(400)
    having = [(rule, bound) for rule in rules if (bound := bindings(rule, segments)) is not None]
    able = [(rule, bound) for rule, bound in having if serves(rule, method, [other for other, _ in having])]
    able.sort(key=lambda found: (not found[0].verb, found[0].order, found[0].method == "*"))
    if able:
        rule, bound = able[0]
        return won(rule, bound, mode, tuple(other.text for other, _ in able[1:]))
    return Answer(405, allow=allow({rule.method for rule, _ in having})) if having else Answer(404)


def won(rule: Rule, bound: list[tuple[str, str | None]], mode: str, following: tuple[str, ...]) -> Answer:
    """P2: the texts of the variables, in the order of the template."""
    if rule.verb and decode(bound[-1][0]) in {".", ".."}:
        return Answer(400)  # P4: before its verb, the segment is one of dots
    texts = []
    for variable in dict.fromkeys(name for _, name in rule.parts if name is not None):
        raw = "/".join(segment for segment, owner in bound if owner == variable)
        texts.append(decode(raw, KEPT[mode] if rule.multi(variable) else ""))
    return Answer(200, rule.text, tuple(texts), next=following)


def bindings(rule: Rule, segments: list[str]) -> list[tuple[str, str | None]] | None:
    """Each raw segment with the variable that takes it; None where the rule does not have the path."""
    if rule.verb:
        head, colon, tail = segments[-1].rpartition(":")
        if not colon or decode(tail) != rule.verb:
            return None
        segments = [*segments[:-1], head]
    bound: list[tuple[str, str | None]] = []
    for part, segment in zip_longest(rule.parts, segments):
        if part is not None and part[0] == "**":  # T3: all that is left, if anything is
            return bound + [(rest, part[1]) for rest in segments[len(bound) :]]
        if part is None or segment is None:
            return None
        fits = segment != "" if part[0] == "*" else decode(part[0]) == decode(segment)  # T2, T7
        if not fits:
            return None
        bound.append((segment, part[1]))
    return bound


def serves(rule: Rule, method: str, having: list[Rule]) -> bool:
    """R2: HEAD answers wherever GET does, unless the same path has a HEAD of its own."""
    if rule.method in {method, "*"}:
        return True
    own = any(other.method == "HEAD" and other.shape == rule.shape for other in having)
    return method == "HEAD" and rule.method == "GET" and not own


def allow(methods: set[str]) -> tuple[str, ...]:
    """R2: what `Allow` says."""
    more = {"HEAD"} if "GET" in methods else set()
    every = ALL_METHODS if "*" in methods else set()
    return tuple(sorted((methods - {"*"}) | more | every | {"OPTIONS"}))

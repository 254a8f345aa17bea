"""The router against a slow and obvious matcher (T, V, P, R), over rules and requests made at random.

The rules go through the generator's own parser, so that template texts mean to it what they mean to the reference.
`TRANSOM_EXAMPLES=20000 pytest tests/routing/test_router_property.py` looks further than every run of the tests does.
"""

from __future__ import annotations

import os
from collections.abc import Iterable

import pytest
from google.protobuf import empty_pb2
from hypothesis import assume, event, given, settings
from hypothesis import strategies as st

from routing.obvious_matcher import Answer, Rule, answer, parse
from transom_codegen.path_template import Segment as ParsedSegment
from transom_codegen.path_template import Variable, parse_path_template
from transom_codegen.path_template import Wildcard as ParsedWildcard
from transom_runtime.binding import Binding, Capture, Segment, Wildcard
from transom_runtime.errors import CallError
from transom_runtime.routing import Router, Unescape

FURTHER = os.environ.get("TRANSOM_EXAMPLES", "")
EXAMPLES = settings(max_examples=int(FURTHER or "400"), derandomize=not FURTHER, deadline=None)
pytestmark = pytest.mark.timeout(0 if FURTHER else 60)

LITERALS = ("a", "b", "go", "%61", "caf%C3%A9", "a%2Fb", "urn:x", "a.b", "+")
VERBS = ("", "", ":go", ":g%6F", ":b", ":a%20b")
COVERED = ("*", "a/*", "*/b", "caf%C3%A9", "*/*", "a")
TAILS = ("**", "{t=**}", "{t=a/**}", "{t=*/**}", "{t=a/*/**}")
SEGMENTS = (
    *("a", "b", "go", "x", "", "café", "caf%C3%A9", "caf%c3%a9", "%61", "a%2Fb", "a%2fb", "a%252Fb", "a+b", "+", "%2B"),
    *("a:go", "b:g%6f", "urn:x", "urn%3Ax", "x%3Ago", ":go", ":", "a:b:go", "urn:x:1", "a:", "a:a%20b", "sha256:ab"),
    *("a.b", "...", "%3F%23%5B%5D", "%7E%20%40%3D", "2026-11-23T10:00:00Z", "%F0%9F%98%80"),
)
BROKEN = (".", "..", "%2e", ".%2E", "..:go", ".:g%6f", "%2e:go", "%", "%2", "%zz", "%ff", "%C3", "\udcff", "%zz:go")

METHODS = ("GET", "GET", "GET", "POST", "HEAD", "OPTIONS", "DELETE", "*")


@st.composite
def templates(draw: st.DrawFn) -> str:
    """A template that the grammar has."""
    plain = st.sampled_from([*LITERALS[:3], *LITERALS, "*"])
    covered = st.sampled_from(("", "", *(f"={part}" for part in COVERED)))
    parts = draw(
        st.lists(st.one_of(plain.map(lambda text: (text, None)), covered.map(lambda text: ("", text))), max_size=3)
    )
    names = iter(("u", "v.w", "x", "y"))
    written = [text if cover is None else f"{{{next(names)}{cover}}}" for text, cover in parts]
    tail = draw(st.sampled_from(TAILS)) if not written or draw(st.integers(0, 2)) == 0 else ""
    return "/" + "/".join([*written, *([tail] if tail else [])]) + draw(st.sampled_from(VERBS))


rules = st.lists(st.tuples(st.sampled_from(METHODS), templates()).map(" ".join), min_size=1, max_size=10)
sound = st.lists(st.sampled_from(SEGMENTS), min_size=1, max_size=5)
any_text = st.text("ab/%:.2eFf+ é", max_size=12)
other_paths = st.one_of(
    sound.map("/".join),
    st.lists(st.sampled_from((*SEGMENTS, *BROKEN)), min_size=1, max_size=4).map("/".join),
    any_text,
).map("/{}".format)


@st.composite
def paths(draw: st.DrawFn, chosen: list[Rule]) -> str:
    """A path of one of the rules, more often than not; else any."""
    if draw(st.integers(0, 3)) == 0:
        return draw(other_paths)
    rule = draw(st.sampled_from(chosen))
    segments: list[str] = []
    for pattern, _ in rule.parts:
        if pattern == "**":
            segments += draw(st.lists(st.sampled_from(SEGMENTS), max_size=3))
        else:
            segments.append(draw(st.sampled_from(("a", *SEGMENTS))) if pattern == "*" else pattern)
    return "/" + "/".join(segments) + (f":{rule.verb.replace(' ', '%20')}" if rule.verb else "")


methods = st.sampled_from((*METHODS[:-1], "PUT", "PROPFIND"))


def bind(rule: str) -> Binding:
    """The binding that the generator makes of a rule."""
    method, text = rule.split(" ")
    template = parse_path_template(text)
    return Binding(
        id=rule,
        method=method,
        template=text,
        path=tuple(map(as_segment, template.segments)),
        verb=template.verb,
        rpc="/t.T/M",
        request=empty_pb2.Empty,
        response=empty_pb2.Empty,
    )


def as_segment(segment: ParsedSegment) -> Segment:
    if isinstance(segment, Variable):
        return Capture(segment.field_path, *(as_part(part) for part in segment.segments))
    return as_part(segment)


def as_part(part: str | ParsedWildcard) -> str | Wildcard:
    return Wildcard(part.value) if isinstance(part, ParsedWildcard) else part


def distinct(texts: Iterable[str]) -> list[Rule]:
    """Rules that can be told apart: what the generator and the router refuse otherwise."""
    return list({(rule.method, rule.shape): rule for rule in map(parse, texts)}.values())


def ask(router: Router[str], method: str, path: str) -> Answer:
    """The router's answer, without those that would come next."""
    try:
        match = router.match(method, path)
    except CallError as error:
        allow = tuple(error.headers["Allow"].split(", ")) if "Allow" in error.headers else ()
        return Answer(error.http_status, allow=allow)
    return Answer(200, match.target, match.variables)


@EXAMPLES
@given(st.data(), rules, methods, st.sampled_from(list(Unescape)))
def test_the_router_agrees_with_the_obvious_matcher(
    data: st.DataObject, texts: list[str], method: str, mode: Unescape
) -> None:
    """T1, T2, T3, T4, T7, V1, V2, V3, P1, P2, P3, P4, R1, R2: the same binding, the same texts, the same refusal and
    `Allow`, for every set of rules in every order of declaration, in each of the modes.
    """
    chosen = distinct(texts)
    path = data.draw(paths(chosen), "path")
    declared = chosen if data.draw(st.booleans()) else chosen[::-1]
    router = Router([(bind(r.text), r.text) for r in declared], unescape=mode)
    expected = answer(chosen, method, path, mode.value)
    event(f"status {expected.status}")
    event(f"runners-up {min(len(expected.next), 3)}")
    assert ask(router, method, path) == Answer(expected.status, expected.rule, expected.variables, expected.allow)


@EXAMPLES
@given(st.data(), rules, methods)
def test_an_explanation_is_the_routers_own_answer(data: st.DataObject, texts: list[str], method: str) -> None:
    """R1, V3: what is explained is what is matched; runners-up come in the order in which they would be taken; and no
    rule that the search passed by goes untold.
    """
    chosen = distinct(texts)
    path = data.draw(paths(chosen), "path")
    router = Router([(bind(r.text), r.text) for r in chosen])
    explained, expected = router.explain(method, path), answer(chosen, method, path)
    assert ask(router, method, path).status == (explained.error.http_status if explained.error else 200)
    assume(expected.status != 400)
    assert (explained.binding.id if explained.binding else "") == expected.rule
    assert tuple(text for _, text in explained.variables) == expected.variables
    assert tuple(other.binding.id for other in explained.runners_up) == expected.next
    told = {binding.id for step in explained.steps for binding in step.bindings}
    assert expected.rule not in told
    if expected.status in {404, 405}:
        assert {rule.text for rule in chosen if not rule.verb} <= told


@pytest.mark.parametrize(
    ("texts", "method", "path", "expected"),
    [
        (["GET /v1/{x}"], "HEAD", "/v1/a%2Fb", Answer(200, "GET /v1/{x}", ("a/b",))),
        (["GET /{p=docs/**}"], "GET", "/docs/", Answer(200, "GET /{p=docs/**}", ("docs/",))),
        (["GET /v1/{p=**}:act"], "GET", "/v1:act", Answer(200, "GET /v1/{p=**}:act", ("",))),
        (["GET /a/{x}", "* /a/b"], "GET", "/a/b", Answer(200, "* /a/b", next=("GET /a/{x}",))),
        (["GET /a"], "GET", "/a/", Answer(404)),
        (["GET /a/{x}"], "GET", "/a/..", Answer(400)),
        (["GET /a/{x}", "* /a/b"], "PUT", "/a/c", Answer(405, allow=("GET", "HEAD", "OPTIONS"))),
        (["* /a"], "PUT", "/b", Answer(404)),
    ],
)
def test_the_obvious_matcher_is_right(texts: list[str], method: str, path: str, expected: Answer) -> None:
    """The reference gives the answers that the specification's own examples have."""
    assert answer([parse(text) for text in texts], method, path) == expected

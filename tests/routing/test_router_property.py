"""The router against a slow and obvious matcher, written from semantics.md T, V and R."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from transom_runtime.binding import DOUBLE_STAR, STAR, Binding, Capture, Wildcard
from transom_runtime.errors import CallError
from transom_runtime.routing import Router

LITERALS = ("a", "b", "go")
VERBS = ("", "go", "b")

parts = st.sampled_from([*LITERALS, "*"])
templates = st.builds(
    lambda head, tail, verb: "/" + "/".join([*head, *tail]) + (f":{verb}" if verb else ""),
    st.lists(parts, min_size=1, max_size=3),
    st.sampled_from([[], ["**"], ["{x=**}"], ["{x}"], ["{x=a/*}"], ["{x=*/**}"]]),
    st.sampled_from(VERBS),
)
rules = st.lists(
    st.tuples(st.sampled_from(["GET", "POST", "*", "HEAD"]), templates).map(" ".join), min_size=1, max_size=12
)
paths = st.lists(
    st.sampled_from(["a", "b", "go", "", "a:go", "x:b", ":go", "q", "a:b:go"]), min_size=1, max_size=4
).map(lambda segments: "/" + "/".join(segments))


def shape(binding: Binding) -> tuple[str | Wildcard, ...]:
    """The template without its variables."""
    return tuple(
        part for segment in binding.path for part in (segment.parts if isinstance(segment, Capture) else (segment,))
    )


def ways(pattern: tuple[str | Wildcard, ...], segments: list[str]) -> bool:
    """Whether a pattern takes exactly these segments."""
    if not pattern:
        return not segments
    if pattern[0] is DOUBLE_STAR:
        return True
    if not segments:
        return False
    fits = bool(segments[0]) if pattern[0] is STAR else pattern[0] == segments[0]
    return fits and ways(pattern[1:], segments[1:])


def rank(binding: Binding, method: str) -> tuple[object, ...]:
    """R1's order as a sort key: smaller is more specific. An end comes before a `**` that takes nothing."""
    order = [0 if isinstance(part, str) else 2 if part is STAR else 3 for part in shape(binding)]
    return (
        not binding.verb,
        [*order, *([] if shape(binding)[-1] is DOUBLE_STAR else [1])],
        method_rank(binding, method),
    )


def method_rank(binding: Binding, method: str) -> int:
    """An own method, then the GET that HEAD may use, then any."""
    return [method, "GET", "*"].index(binding.method) if binding.method != "*" else 2


def readings(path: str) -> Iterator[tuple[str, list[str]]]:
    """V2: the path with its last colon as a verb's, and without."""
    segments = path[1:].split("/")
    head, colon, tail = segments[-1].rpartition(":")
    if colon:
        yield tail, [*segments[:-1], head]
    yield "", segments


def serves(binding: Binding, method: str) -> bool:
    return binding.method in {method, "*"} or (method == "HEAD" and binding.method == "GET")


def expected(bindings: list[Binding], method: str, path: str) -> Binding | int:
    """The binding that must answer, or the status of the refusal."""
    having = [
        b
        for b, (verb, segments) in product(bindings, list(readings(path)))
        if b.verb == verb and ways(shape(b), segments)
    ]
    able = sorted((b for b in having if serves(b, method)), key=lambda b: rank(b, method))
    if able:
        return able[0]
    return 405 if having else 404


@settings(max_examples=600, deadline=None)
@given(st.data(), rules, paths, st.sampled_from(["GET", "POST", "HEAD", "PUT"]))
def test_the_trie_agrees_with_the_obvious_matcher(
    binding: Callable[[str], Binding], data: st.DataObject, chosen: list[str], path: str, method: str
) -> None:
    """R1, R2, T2, T3, V2, V3: the same answer for every set of routes, in every order of declaration."""
    bindings = list({(b.method, shape(b), b.verb): b for b in map(binding, chosen)}.values())
    assume(bindings)
    router = Router([(b, b) for b in data.draw(st.permutations(bindings))])
    try:
        answer: Binding | int = router.match(method, path).target
    except CallError as error:
        answer = error.http_status
    assert answer == expected(bindings, method, path)

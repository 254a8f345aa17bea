"""Explanations: the router's own search, told."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from transom_runtime.binding import Binding
from transom_runtime.routing import Explanation, Router

BuildRouter = Callable[..., Router[str]]


def told(explanation: Explanation) -> list[tuple[str, str, list[str]]]:
    """The steps as place, reason and rules."""
    return [(step.place, step.reason, [b.id for b in step.bindings]) for step in explanation.steps]


def test_where_a_request_goes(router: BuildRouter, binding: Callable[[str], Binding]) -> None:
    """R1: the binding and its variables, what was left aside on the way, and what it wins by over the next ones."""
    routes = router("GET /v1/{id}", "GET /v1/{p=**}", "POST /v1/{id}", "GET /v1/x/y", "GET /other", "* /v1/{id}")
    explanation = routes.explain("GET", "/v1/a%20b")
    assert explanation.error is None
    assert explanation.binding == binding("GET /v1/{id}")
    assert explanation.variables == (("id", "a b"),)
    assert told(explanation) == [
        ("/", "segment 1 is 'v1', not 'other'", ["GET /other"]),
        ("/v1", "segment 2 is 'a b', not 'x'", ["GET /v1/x/y"]),
        ("/v1/*", "the path matches, with POST", ["POST /v1/{id}"]),
    ]
    assert [(other.binding.id, other.reason) for other in explanation.runners_up] == [
        ("* /v1/{id}", "a method of its own comes before any method"),
        ("GET /v1/{p=**}", "in segment 2, '*' comes before '**'"),
    ]


@pytest.mark.parametrize(
    ("rules", "path", "reasons"),
    [
        (("GET /a/{x}:go", "GET /a/{x}"), "/a/b:go", ["the verb ':go' is tried before plain routes"]),
        (("GET /a/b", "GET /{x}/b"), "/a/b", ["in segment 1, the literal 'a' comes before '*'"]),
        (("GET /a", "GET /a/**"), "/a", ["the end of a template comes before '**'"]),
        (("GET /a", "GET /b"), "/a", []),
        (
            ("GET /a/b:go", "GET /**:go", "GET /{p=**}"),
            "/a/b:go",
            ["in segment 1, the literal 'a' comes before '**'", "the verb ':go' is tried before plain routes"],
        ),
    ],
)
def test_what_a_winner_wins_by(router: BuildRouter, rules: tuple[str, ...], path: str, reasons: list[str]) -> None:
    """R1, V3: each runner-up comes with what the one before it has over it."""
    explanation = router(*rules).explain("GET", path)
    assert explanation.binding is not None
    assert explanation.binding.id == rules[0]
    assert [other.reason for other in explanation.runners_up] == reasons


def test_dead_ends_come_in_the_order_of_the_search(router: BuildRouter) -> None:
    """R1: a search that goes back from dead ends tells each of them, a literal's before the star's."""
    explanation = router("GET /a/b/c", "GET /a/*/d", "GET /*/b/e", "GET /*/**").explain("GET", "/a/b/x")
    assert explanation.binding is not None
    assert explanation.binding.id == "GET /*/**"
    assert told(explanation) == [
        ("/a/b", "segment 3 is 'x', not 'c'", ["GET /a/b/c"]),
        ("/a/*", "segment 3 is 'x', not 'd'", ["GET /a/*/d"]),
        ("/*/b", "segment 3 is 'x', not 'e'", ["GET /*/b/e"]),
    ]


@pytest.mark.parametrize(
    ("path", "status", "place", "reason"),
    [
        ("/v1/", 404, "/v1", "segment 2 is empty, which '*' does not take"),
        ("/v1", 404, "/v1", "the path ends here"),
        ("/v1/a/b", 404, "/v1/*", "the path goes on with segment 3, 'b'"),
        ("/v2/a", 404, "/", "segment 1 is 'v2', not 'v1'"),
        ("/v1/a", 405, "/v1/*", "the path matches, with POST"),
        ("/v1/%zz", 400, "/v1/*", "the path matches, with POST"),
    ],
)
def test_why_nothing_matches(router: BuildRouter, path: str, status: int, place: str, reason: str) -> None:
    """R2: a refusal carries the error that the client gets, and the place where the search left each route."""
    explanation = router("POST /v1/{id}").explain("GET", path)
    assert explanation.binding is None
    assert explanation.error is not None
    assert explanation.error.http_status == status
    assert told(explanation) == [(place, reason, ["POST /v1/{id}"])]


def test_many_literals_are_not_all_named(router: BuildRouter) -> None:
    """A place with many literals tells some, for the reader; the step has all, for a hint."""
    (step,) = router(*(f"GET /r{i}" for i in range(9))).explain("GET", "/r9").steps
    assert step.reason.endswith("'r5' and 3 more")
    assert (step.sought, len(step.literals), len(step.bindings)) == ("r9", 9, 9)


@pytest.mark.parametrize("path", ["/v1/..", "*"])
def test_what_is_refused_before_the_search(router: BuildRouter, path: str) -> None:
    """P4: a path that is refused before routing has no steps, only its error."""
    explanation = router("POST /v1/{id}").explain("GET", path)
    assert (explanation.steps, explanation.allowed, explanation.binding) == ((), (), None)
    assert explanation.error is not None


def test_a_broken_variable_keeps_its_binding(router: BuildRouter) -> None:
    """P3: a request that reaches a binding with a malformed escape is told both."""
    explanation = router("GET /v1/{id}").explain("GET", "/v1/%zz")
    assert explanation.binding is not None
    assert explanation.error is not None
    assert [fault.field for fault in explanation.error.faults] == ["id"]
    assert explanation.variables == ()


def test_allowed(router: BuildRouter) -> None:
    """R2: the methods that a path answers to, over all routes and verbs that have it."""
    routes = router("GET /a/{x}", "POST /a/{x}:go", "* /c")
    assert routes.explain("PUT", "/a/1:go").allowed == ("GET", "HEAD", "OPTIONS", "POST")
    assert routes.explain("PUT", "/a/1").allowed == ("GET", "HEAD", "OPTIONS")
    assert routes.explain("GET", "/c").allowed == ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")
    assert routes.explain("GET", "/nowhere").allowed == ()


def test_watching_changes_nothing(router: BuildRouter) -> None:
    """A router that has explained a request goes on matching it as before, hidden runners-up included."""
    routes = router("GET /v1/{id}", "GET /v1/**")
    before = routes.match("GET", "/v1/a")
    assert len(routes.explain("GET", "/v1/a").runners_up) == 1
    assert routes.match("GET", "/v1/a") == before

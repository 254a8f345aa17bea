"""The router, line by line of semantics.md T, V, P and R."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from transom_runtime.errors import CallError, Code, Origin
from transom_runtime.routing import Match, Router, Unescape

BuildRouter = Callable[..., Router[str]]


def refusal(router: Router[str], method: str, path: str) -> CallError:
    with pytest.raises(CallError) as caught:
        router.match(method, path)
    return caught.value


def test_t1_bare_variable_is_one_segment(router: BuildRouter) -> None:
    """T1: `{x}` binds one non-empty segment."""
    routes = router("GET /v1/{x}")
    assert routes.match("GET", "/v1/a") == Match("GET /v1/{x}", ("a",))
    assert refusal(routes, "GET", "/v1/a/b").http_status == 404


def test_t1_variables_come_in_template_order(router: BuildRouter) -> None:
    """T1: variables and bare wildcards stand side by side, and only variables bind."""
    routes = router("GET /v1/{a=x/*}/y/*/{b=**}")
    assert routes.match("GET", "/v1/x/1/y/2/3/4").variables == ("x/1", "3/4")


@pytest.mark.parametrize("path", ["/v1/items/", "/v1/items//", "//items"])
def test_t2_star_takes_no_empty_segment(router: BuildRouter, path: str) -> None:
    """T2: `*` never matches an empty segment."""
    assert refusal(router("GET /v1/items/{id}", "GET /{a}/items"), "GET", path).http_status == 404


@pytest.mark.parametrize(
    ("rule", "path", "bound"),
    [
        ("GET /v1/{p=**}", "/v1/a/b", "a/b"),
        ("GET /v1/{p=**}", "/v1/", ""),
        ("GET /v1/{p=**}", "/v1", ""),
        ("GET /v1/{p=**}:act", "/v1/:act", ""),
        ("GET /v1/{p=**}:act", "/v1:act", ""),
        ("GET /v1/{p=**}:act", "/v1/a:act", "a"),
        ("GET /{p=docs/**}", "/docs", "docs"),
        ("GET /{p=docs/**}", "/docs/", "docs/"),
        ("GET /{p=docs/**}", "/docs//a/", "docs//a/"),
        ("GET /{p=**}", "/", ""),
        ("GET /{p=**}", "//", "/"),
    ],
)
def test_t3_double_star_binds_the_text_that_matched(router: BuildRouter, rule: str, path: str, bound: str) -> None:
    """T3: `**` takes any number of segments, none and empty ones included, and binds what matched."""
    assert router(rule).match("GET", path).variables == (bound,)


def test_t4_trailing_slash_is_another_path(router: BuildRouter) -> None:
    """T4: a trailing slash leads elsewhere, unless `**` takes it."""
    assert refusal(router("GET /v1/items"), "GET", "/v1/items/").http_status == 404
    assert router("GET /v1/items/**").match("GET", "/v1/items/").variables == ()


@pytest.mark.parametrize("path", ["/caf%C3%A9/x", "/caf%c3%a9/x", "/%63af%C3%A9/x", "/café/x"])
def test_t7_literals_compare_decoded(router: BuildRouter, path: str) -> None:
    """T7: a literal matches every way of writing it."""
    assert router("GET /caf%C3%A9/{x}").match("GET", path).variables == ("x",)


def test_an_empty_template_is_the_root(router: BuildRouter) -> None:
    """A template without segments is the path `/`."""
    assert router("GET /").match("GET", "/").target == "GET /"


def test_v1_verb_is_a_literal_end(router: BuildRouter) -> None:
    """V1: a verb ends the template, after a variable or a literal."""
    routes = router("POST /v1/{name=a/*}:cancel", "POST /v1/a:purge")
    assert routes.match("POST", "/v1/a/7:cancel") == Match("POST /v1/{name=a/*}:cancel", ("a/7",))
    assert routes.match("POST", "/v1/a:purge").target == "POST /v1/a:purge"


@pytest.mark.parametrize("name", ["urn:x:1", "sha256:abc", "2026-11-23T10:00:00Z", "a:cancel:", ":", "x:other"])
def test_v2_colon_without_such_a_verb_is_data(router: BuildRouter, name: str) -> None:
    """V2: text after the last colon is a verb only where a route has that verb."""
    routes = router("GET /v1/{id}", "GET /v1/{id}:cancel")
    assert routes.match("GET", f"/v1/{name}") == Match("GET /v1/{id}", (name,))


def test_v2_the_last_colon_counts(router: BuildRouter) -> None:
    """V2: a value may hold colons before its verb."""
    routes = router("GET /v1/{id}:cancel")
    assert routes.match("GET", "/v1/urn:x:1:cancel").variables == ("urn:x:1",)


def test_v2_verb_route_that_does_not_fit_leaves_the_colon_to_the_value(router: BuildRouter) -> None:
    """V2: a known verb on a path that its route does not have is data."""
    routes = router("GET /v1/a/{id}:cancel", "GET /v1/b/{id}")
    assert routes.match("GET", "/v1/b/7:cancel").variables == ("7:cancel",)


def test_v3_verb_comes_before_a_more_specific_plain_route(router: BuildRouter) -> None:
    """V3: verb routes are tried first, however specific the plain ones are."""
    routes = router("GET /v1/{p=**}:act", "GET /v1/a/{id}")
    assert routes.match("GET", "/v1/a/x:act").target == "GET /v1/{p=**}:act"


def test_v3_other_methods_verb_does_not_hide_the_own_plain_route(router: BuildRouter) -> None:
    """V3: only routes of the request's method compete; the others count for the 405."""
    routes = router("POST /v1/{id}:cancel", "GET /v1/{id}")
    assert routes.match("GET", "/v1/7:cancel") == Match("GET /v1/{id}", ("7:cancel",))
    assert refusal(routes, "PUT", "/v1/7:cancel").headers["Allow"] == "GET, HEAD, OPTIONS, POST"


def test_v3_escaped_colon_is_data(router: BuildRouter) -> None:
    """V3: `%3A` never marks a verb; the verb's own letters may be escaped."""
    routes = router("GET /v1/{id}", "GET /v1/{id}:cancel")
    assert routes.match("GET", "/v1/7%3Acancel") == Match("GET /v1/{id}", ("7:cancel",))
    assert routes.match("GET", "/v1/7:c%61ncel") == Match("GET /v1/{id}:cancel", ("7",))


def test_p1_split_first_then_decode_once(router: BuildRouter) -> None:
    """P1: `%252F` decodes to `%2F` and stops there; `+` stays a plus (P5)."""
    routes = router("GET /v1/{id}")
    assert routes.match("GET", "/v1/a%252Fb+c").variables == ("a%2Fb+c",)


def test_p2_single_segment_decodes_its_slash(router: BuildRouter) -> None:
    """P2: a variable of one segment is decoded whole."""
    assert router("GET /v1/{id}").match("GET", "/v1/a%2Fb%2fc").variables == ("a/b/c",)


@pytest.mark.parametrize(
    ("unescape", "bound"),
    [
        (Unescape.ALL_CHARACTERS, "é x/y/z%2F:?#[]@!$&'()*+,;=~"),
        (Unescape.ALL_CHARACTERS_EXCEPT_SLASH, "é x%2Fy%2fz%2F:?#[]@!$&'()*+,;=~"),
        (
            Unescape.ALL_CHARACTERS_EXCEPT_RESERVED,
            "é x%2Fy%2fz%2F%3A%3F%23%5B%5D%40%21%24%26%27%28%29%2A%2B%2C%3B%3D~",
        ),
    ],
)
def test_p2_multi_segment_modes(router: BuildRouter, unescape: Unescape, bound: str) -> None:
    """P2: what stays escaped in a variable of several segments depends on the mode, and keeps its case."""
    raw = "%C3%A9%20x%2Fy%2fz%252F%3A%3F%23%5B%5D%40%21%24%26%27%28%29%2A%2B%2C%3B%3D%7E"
    assert router("GET /v1/{p=**}", unescape=unescape).match("GET", f"/v1/{raw}").variables == (bound,)


@pytest.mark.parametrize("segment", ["%", "%2", "%zz", "a%2xb", "%ff", "%C3", "%C3%28", "%ED%A0%80", "\udcff"])
@pytest.mark.parametrize("rule", ["GET /v1/{a.b}", "GET /v1/{a.b=**}", "GET /v1/{a.b}:act"])
def test_p3_malformed_text_is_refused_at_its_field(router: BuildRouter, rule: str, segment: str) -> None:
    """P3, E1: a malformed escape and bytes that are no UTF-8 are 400, with the field path of the variable."""
    error = refusal(router(rule, "GET /v1/{a.b}/y"), "GET", f"/v1/{segment}" + (":act" if ":act" in rule else ""))
    assert (error.http_status, error.code, error.origin) == (400, Code.INVALID_ARGUMENT, Origin.DOWNSTREAM)
    assert [fault.field for fault in error.faults] in (["a.b"], [""])
    error.message.encode()


def test_p3_all_faults_are_named(router: BuildRouter) -> None:
    """P3, E1: every broken segment is a fault of its own, at the field that takes it."""
    error = refusal(router("GET /{a}/*/{b=**}"), "GET", "/%/%2/x/%zz")
    assert [(fault.field, fault.description) for fault in error.faults] == [
        ("a", "malformed percent-escape '%'"),
        ("", "malformed percent-escape '%2'"),
        ("b", "malformed percent-escape '%zz'"),
    ]


def test_p3_an_unknown_path_with_a_malformed_escape_is_400(router: BuildRouter) -> None:
    """P3: malformed comes before unknown."""
    assert refusal(router("GET /v1/a"), "GET", "/nowhere/%zz").http_status == 400


@pytest.mark.parametrize("dots", [".", "..", "%2e", "%2E%2e", ".%2E"])
@pytest.mark.parametrize("where", ["/v1/{}", "/v1/{}/x", "/{}", "/v1/x/{}:act", "/nowhere/{}/x"])
def test_p4_dot_segments_are_refused(router: BuildRouter, dots: str, where: str) -> None:
    """P4: `.` and `..`, plain or escaped, are 400 whatever the routes are."""
    error = refusal(router("GET /v1/{p=**}", "GET /v1/{p=**}:act"), "GET", where.format(dots))
    assert (error.http_status, error.faults[0].reason) == (400, "DOT_SEGMENT")


@pytest.mark.parametrize("segment", ["...", ".a", "a.", "%2e%2e%2e", "a..b"])
def test_p4_other_dots_are_data(router: BuildRouter, segment: str) -> None:
    """P4: only whole segments of one or two dots are refused."""
    assert router("GET /v1/{p}").match("GET", f"/v1/{segment}").variables == (segment.replace("%2e", "."),)


@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize(
    ("path", "rule"),
    [
        ("/a/b/c", "GET /a/b/c"),
        ("/a/b/x", "GET /a/b/{z}"),
        ("/a/x/c", "GET /a/*/c"),
        ("/a/x/y", "GET /a/**"),
        ("/a", "GET /a"),
        ("/a/", "GET /a/**"),
        ("/x/b/c", "GET /{x}/b/c"),
        ("/x/b/d", "GET /**"),
        ("/a/b/x/d", "GET /*/b/x/d"),
    ],
)
def test_r1_most_specific_wins_whatever_the_order(router: BuildRouter, path: str, rule: str, backwards: bool) -> None:
    """R1: literal before `*` before `**`, from the left, going back from dead ends; order of declaration is nothing."""
    rules = [
        "GET /a/b/c", "GET /a/b/{z}", "GET /a/*/c", "GET /a", "GET /{x}/b/c", "GET /**", "GET /*/b/x/d",
    ]  # fmt: skip
    if not path.startswith("/a/b/x/"):
        rules.append("GET /a/**")
    assert router(*(rules[::-1] if backwards else rules)).match("GET", path).target == rule


def test_r1_concrete_method_comes_before_any_method(router: BuildRouter) -> None:
    """R1: at one path a concrete method wins; `*` has the rest, HEAD and OPTIONS of its own path included."""
    routes = router("* /a/{x}", "GET /a/{x}", "* /b")
    assert routes.match("GET", "/a/1").target == "GET /a/{x}"
    assert routes.match("HEAD", "/a/1").target == "GET /a/{x}"
    for method in ("OPTIONS", "DELETE", "PROPFIND"):
        assert routes.match(method, "/a/1").target == "* /a/{x}"
    assert routes.match("HEAD", "/b").target == "* /b"


def test_r1_the_path_decides_before_the_method(router: BuildRouter) -> None:
    """R1: `*` on the more specific path wins over a concrete method on a wider one."""
    routes = router("* /a/b", "GET /a/{x}")
    assert routes.match("GET", "/a/b").target == "* /a/b"
    assert routes.match("HEAD", "/a/b").target == "* /a/b"


def test_r2_unknown_path_is_404(router: BuildRouter) -> None:
    """R2: no route has the path."""
    error = refusal(router("GET /a"), "GET", "/b")
    assert (error.code, error.http_status, error.reason) == (Code.NOT_FOUND, 404, "ROUTE_NOT_FOUND")


def test_r2_other_method_is_405_with_allow(router: BuildRouter) -> None:
    """R2: a known path says which methods it answers to, over all routes that have it."""
    routes = router("GET /a/{x}", "POST /a/b", "DELETE /{p=**}")
    error = refusal(routes, "PUT", "/a/b")
    assert (error.code, error.http_status) == (Code.UNIMPLEMENTED, 405)
    assert error.headers == {"Allow": "DELETE, GET, HEAD, OPTIONS, POST"}
    assert refusal(routes, "PUT", "/q").headers == {"Allow": "DELETE, OPTIONS"}


def test_r2_head_answers_wherever_get_does(router: BuildRouter) -> None:
    """R2: HEAD goes to GET's route, unless it has one of its own."""
    routes = router("GET /a/{x}", "GET /b/**", "HEAD /b/**")
    assert routes.match("HEAD", "/a/1").target == "GET /a/{x}"
    assert routes.match("HEAD", "/b/1").target == "HEAD /b/**"


def test_r2_options_is_left_to_whoever_answers_it(router: BuildRouter) -> None:
    """R2: OPTIONS is refused with what `Allow` should say, unless a route serves it."""
    routes = router("GET /a", "OPTIONS /b", "* /c")
    assert refusal(routes, "OPTIONS", "/a").headers == {"Allow": "GET, HEAD, OPTIONS"}
    assert routes.match("OPTIONS", "/b").target == "OPTIONS /b"
    assert routes.match("OPTIONS", "/c").target == "* /c"
    assert refusal(routes, "OPTIONS", "/nowhere").http_status == 404


@pytest.mark.parametrize("target", ["*", "", "example.com:443"])
def test_targets_that_are_no_paths_are_404(router: BuildRouter, target: str) -> None:
    """The other forms of a request target lead nowhere, even where `**` takes every path."""
    assert refusal(router("* /{p=**}"), "OPTIONS", target).http_status == 404


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("GET /a/{x}", "GET /a/{x}"),
        ("GET /a/{x}", "GET /a/{y}"),
        ("GET /a/{x=b/*}", "GET /a/b/{y}"),
        ("GET /a/{x=**}", "GET /a/**"),
        ("* /a:go", "* /a:go"),
    ],
)
def test_routes_of_one_shape_are_refused_by_name(router: BuildRouter, one: str, two: str) -> None:
    """Two bindings that match the same requests cannot be told apart, and both are named."""
    with pytest.raises(ValueError, match="match the same requests") as caught:
        router(one, two)
    assert one in str(caught.value)
    assert two in str(caught.value)


def test_deep_backtracking_stays_cheap(router: BuildRouter) -> None:
    """A search visits each node of the tree once, however many choices there are: no path is a bomb."""
    rules = [f"GET /{'/'.join('a' if bits >> i & 1 else '*' for i in range(8))}/end" for bits in range(256)]
    assert refusal(router(*rules), "GET", "/a" * 8 + "/nope").http_status == 404


def test_long_paths_do_not_exhaust_the_stack(router: BuildRouter) -> None:
    """A path of many segments is found or refused, never a RecursionError."""
    routes = router("GET /{p=**}:x", "GET /a/{p=**}")
    assert routes.match("GET", "/a" + "/b" * 4000).variables[0].count("b") == 4000

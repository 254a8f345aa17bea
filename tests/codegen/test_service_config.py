from __future__ import annotations

import textwrap

import pytest

from transom_codegen.service_config import ServiceConfig, check_selectors, load_service_config


def _load(rules: str, more: str = "") -> ServiceConfig:
    text = "type: google.api.Service\nhttp:\n  rules:\n" + textwrap.indent(textwrap.dedent(rules), "  ") + more
    return load_service_config("service.yaml", text)


def _found(config: ServiceConfig) -> list[tuple[str, int, int]]:
    return [(problem.rule, problem.line, problem.column) for problem in config.problems]


def test_rule_is_read_with_its_place() -> None:
    """A rule becomes the HttpRule that an annotation would have had, and remembers where it and its bindings stand."""
    config = _load("""\
        - selector: shop.v1.Shop.Get
          get: /v1/{name=items/*}
          response_body: item
          additional_bindings:
          - custom: {kind: PURGE, path: "/v1/items:purge"}
            body: "*"
        """)
    rule = config.rule_for("shop.v1.Shop.Get")
    assert config.problems == ()
    assert rule is not None
    assert (rule.http.get, rule.http.response_body) == ("/v1/{name=items/*}", "item")
    assert rule.http.additional_bindings[0].custom.kind == "PURGE"
    assert (rule.mark.line, rule.mark.column) == (4, 5)
    assert [(mark.line, mark.column) for mark in rule.additional_marks] == [(8, 7)]


@pytest.mark.parametrize(
    "selector,method,selected",
    [
        ("a.B.C", "a.B.C", True),
        ("a.B.C", "a.B.CD", False),
        ("a.B.*", "a.B.C", True),
        ("a.*", "a.B.C", True),  # a wildcard stands for one or more components
        ("a.*", "ab.B.C", False),
        ("'*'", "a.B.C", True),
        ("a.B.X, a.B.C", "a.B.C", True),
    ],
)
def test_selectors_follow_the_specification(selector: str, method: str, selected: bool) -> None:
    """Selectors are lists of names whose last component may be a wildcard."""
    config = _load(f"- selector: {selector}\n  get: /v1\n")
    assert config.problems == ()
    assert (config.rule_for(method) is not None) is selected


def test_last_rule_wins() -> None:
    """Where two rules select a method the later one counts."""
    config = _load("- {selector: 'a.*', get: /first}\n- {selector: a.B.C, get: /second}\n")
    rule = config.rule_for("a.B.C")
    assert rule is not None
    assert rule.http.get == "/second"


def test_other_sections_and_json_names_pass() -> None:
    """Sections for other products are let through, and keys may be spelt as in JSON."""
    config = _load(
        "- {selector: a.B.C, get: /x, responseBody: y}\n",
        "  fully_decode_reserved_expansion: false\nname: shop.example\nconfig_version: 3\nbackend: {rules: []}\n",
    )
    assert config.problems == ()
    assert config.rules[0].http.response_body == "y"


@pytest.mark.parametrize(
    "rules,expected",
    [
        ("- {get: /x}\n", [("service-config-selector", 4, 5)]),
        ("- {selector: 'a.b*', get: /x}\n", [("service-config-selector", 4, 5)]),
        ("- {selector: '*.b', get: /x}\n", [("service-config-selector", 4, 5)]),
        ("- {selector: a.B.C}\n", [("service-config-rule", 4, 5)]),
        ("- {selector: a.B.C, get: /x, put: /x}\n", [("service-config-rule", 4, 5)]),
        ("- {selector: a.B.C, got: /x, get: /y}\n", [("service-config-key", 4, 23)]),
        ("- {selector: a.B.C, get: /x, get: /y}\n", [("service-config-key", 4, 32)]),
        ("- {selector: a.B.C, get: [/x]}\n", [("service-config-value", 4, 28)]),
        (
            "- text\n",
            [("service-config-value", 4, 5), ("service-config-selector", 4, 5)],
        ),
        ("- {selector: a.B.C, custom: {kind: A, pat: /x}}\n", [("service-config-key", 4, 41)]),
        (
            "- {selector: a.B.C, get: /x, additional_bindings: [{selector: a, get: /y}]}\n",
            [("service-config-rule", 4, 54)],
        ),
        (
            "- {selector: a.B.C, get: /x, additional_bindings: [{get: /y, additional_bindings: [{get: /z}]}]}\n",
            [("service-config-rule", 4, 54)],  # B7: one level of nesting only
        ),
    ],
)
def test_mistakes_in_rules_are_placed(rules: str, expected: list[tuple[str, int, int]]) -> None:
    """Each mistake is a problem at its own line and column, and reading goes on behind it."""
    assert _found(_load(rules)) == expected


@pytest.mark.parametrize(
    "text,expected",
    [
        ("", [("service-config-syntax", 1, 1)]),
        ("a: [", [("service-config-syntax", 1, 5)]),
        ("a: \x07", [("service-config-syntax", 1, 1)]),
        ("[" * 5000, [("service-config-syntax", 1, 1)]),
        ("type: google.api.Service\n---\ntype: x\n", [("service-config-syntax", 2, 1)]),
        ("- x\n", [("service-config-value", 1, 1), ("service-config-type", 1, 1)]),
        ("http: {}\n", [("service-config-type", 1, 1)]),
        ("type: google.api.Servce\n", [("service-config-type", 1, 7)]),
        ("type: google.api.Service\nhtpp: {}\n", [("service-config-key", 2, 1)]),
        (
            "type: google.api.Service\nhttp: {fully_decode_reserved_expansion: maybe}\n",
            [("service-config-value", 2, 41)],
        ),
    ],
)
def test_mistakes_in_the_file_are_placed(text: str, expected: list[tuple[str, int, int]]) -> None:
    """A file that is no service configuration gives problems, never an exception."""
    assert _found(load_service_config("service.yaml", text)) == expected


def test_bare_star_is_explained() -> None:
    """`body: *`, which YAML takes for an alias, gets a hint about quotes."""
    config = load_service_config("service.yaml", "http:\n  rules:\n  - body: *\n")
    assert "quotes" in config.problems[0].hint


def test_selectors_without_a_method_are_reported() -> None:
    """A selector that matches nothing is an error where its service is in the run, and else a warning."""
    config = _load("- {selector: a.B.Typo, get: /x}\n- {selector: z.Z.Z, get: /y}\n- {selector: a.B.C, get: /z}\n")
    problems = check_selectors(config, ["a.B.C"])
    assert [(p.rule, p.line, p.is_error) for p in problems] == [
        ("unknown-selector", 4, True),
        ("unknown-selector", 5, False),
    ]

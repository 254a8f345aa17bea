"""The page that shows the comparison, written from the run itself."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from beside_envoy.cell import outcome_cell, request_cell
from beside_envoy.corpus import HERE
from beside_envoy.proxy import TRANSCODER
from beside_envoy.table import KINDS, Group, Result, Table

DOCS: Final = HERE.parents[1] / "docs"
PAGE: Final = DOCS / "envoy.md"
CONFORMANCE: Final = DOCS / "conformance.md"
_OPENING: Final = "<!-- beside Envoy: written by `make envoy ARGS=--write` -->"
_CLOSING: Final = "<!-- end of beside Envoy -->"

_SUMMARY: Final = """\
`make envoy` runs Envoy {version} with its gRPC-JSON transcoder, as strict as it can be told to be, and the gateway in
front of one gRPC server, from the same protos, and sends {sent} requests to both over plain sockets. Status, body,
content type, the headers that matter and what the upstream received are compared. {same} come to the same;
{differing} differ, for {reasons} reasons, each of them told in [envoy.md](envoy.md) with what both sides did. A
difference that has no reason there fails the run, and so does a reason that no longer holds."""

_HEAD: Final = """\
The same requests, sent as raw bytes to the gateway and to Envoy {version} with its gRPC-JSON transcoder, in front of
one gRPC server. `make envoy` compares them: status, content type, body (as JSON, or bytes), the headers that a
request is about, and the calls that reached the server. The corpus is `tests/beside_envoy/corpus/`, the reasons are
`tests/beside_envoy/differences.yaml`; this page is written from them and from a run, by `make envoy ARGS=--write`,
and the run fails where it is not up to date. Letters and numbers are the lines of [semantics.md](semantics.md)."""

_SET_UP: Final = """\
transom runs as it does by default, but that everybody may call, as often as they like, with any text. Envoy's filter
is told all that makes it do what transom does without being told:"""

_REFUSALS: Final = """\
- **Refusals** (E1). {refusals} requests are refused by both. transom's body is google.rpc.Status as JSON with
  RequestInfo, ErrorInfo, every fault by its place, and help; Envoy's is a sentence as plain text. Only the status is
  compared there, and that transom's body is what it has to be.
- **RequestInfo** (E1). {errors} errors of the upstream come through both. transom adds the request's id to their
  details; the rest is compared, and is the same where it is not listed below."""

_NOT_STARTED: Final = """\
`response_body` names any field here, unary and in every message of a stream (B8). Envoy refuses a configuration with
a rule whose `response_body` is no HttpBody:"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """All that the page tells."""

    version: str
    """Envoy's."""
    results: Sequence[Result]
    table: Table
    refusal: str
    """What Envoy says of a response_body that is no HttpBody."""


def render_page(run: Run) -> str:
    """The whole page."""
    return "\n".join([*_head(run), *_everywhere(run), *_kinds(run), *_rest(run)]) + "\n"


def render_summary(run: Run, page: str) -> str:
    """`page`, which is docs/conformance.md, with the numbers of the run between the marks."""
    differing = _differing(run.results)
    text = _SUMMARY.format(
        version=run.version,
        sent=len(run.results),
        same=len(run.results) - differing,
        differing=differing,
        reasons=len(run.table.groups),
    )
    before, _, rest = page.partition(_OPENING)
    _, _, after = rest.partition(_CLOSING)
    return f"{before}{_OPENING}\n{_filled(text)}\n{_CLOSING}{after}"


def write(files: Mapping[Path, str]) -> None:
    """Put texts in their places."""
    for file, text in files.items():
        file.write_text(text, "utf-8")


def _differing(results: Sequence[Result]) -> int:
    return sum(bool(result.respects) for result in results)


def _filled(text: str) -> str:
    return textwrap.fill(" ".join(text.split()), 125, break_long_words=False, break_on_hyphens=False)


def _head(run: Run) -> Iterator[str]:
    yield from ("# Beside Envoy", "", _filled(_HEAD.format(version=run.version)), "")
    yield from ("| requests about | sent | the same | different |", "|---|---:|---:|---:|")
    for section in dict.fromkeys(result.ask.section for result in run.results):
        yield _row(section, [result for result in run.results if result.ask.section == section])
    yield from (_row("all", run.results), "")
    yield from ("## How both are set up", "", _SET_UP, "", "```json", json.dumps(TRANSCODER, indent=2), "```", "")


def _row(name: str, results: Sequence[Result]) -> str:
    differing = _differing(results)
    return f"| {name} | {len(results)} | {len(results) - differing} | {differing} |"


def _everywhere(run: Run) -> Iterator[str]:
    refusals = sum(result.transom.own_words and result.envoy.own_words for result in run.results)
    errors = sum(result.is_passed_error for result in run.results)
    yield from ("## Everywhere", "", _REFUSALS.format(refusals=refusals, errors=errors), "")


def _kinds(run: Run) -> Iterator[str]:
    by_name = {result.ask.name: result for result in run.results}
    for kind, title in KINDS.items():
        yield from (f"## {title}", "")
        for group in run.table.groups:
            if group.kind == kind:
                yield from _group(group, [by_name[name] for name in group.requests if name in by_name])


def _group(group: Group, results: Sequence[Result]) -> Iterator[str]:
    yield from (f"### {group.title} ({', '.join(group.lines)})", "", _filled(group.why), "")
    yield from ("| request | transom | Envoy |", "|---|---|---|")
    for result in results:
        both = f"{outcome_cell(result, result.transom)} | {outcome_cell(result, result.envoy)}"
        yield f"| {request_cell(result.ask)} | {both} |"
    yield ""


def _rest(run: Run) -> Iterator[str]:
    yield from ("## What Envoy does not start with", "", _NOT_STARTED, "", "```", run.refusal, "```", "")
    yield from ("## The filter's options", "", "| Envoy | transom |", "|---|---|")
    for envoy, transom in run.table.options:
        yield f"| {envoy} | {transom} |"

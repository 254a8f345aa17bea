"""The sanitizer, for each text: kinds of fields, and texts that need a look or none."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Final

from google.protobuf.descriptor import FieldDescriptor

from transom_bench.micro.timing import Subject, repeated
from transom_runtime.extension import TextChecks
from workflow.v1.workflows_pb2 import Workflow

_WORKFLOW: Final = Workflow.DESCRIPTOR.fields_by_name
_PROSE: Final = "Fetches the suppliers' lists (EU, 5% off), checks them; tells the shop. "
_TEXTS: Final = (
    ("prose of letters and blanks", _WORKFLOW["name"], "nightly import of the price lists"),
    ("prose with marks", _WORKFLOW["name"], _PROSE),
    ("prose with marks, 10,000 characters", _WORKFLOW["name"], (_PROSE * 150)[:10_000]),
    ("an identifier", _WORKFLOW["id"], "wf-0123456789abcdef0123"),
    ("HTML without markup", _WORKFLOW["description"], "Fetches the lists and checks them."),
    ("HTML with markup", _WORKFLOW["description"], "<p>Fetches the <b>lists</b> and checks them.</p>"),
)


def sanitizer_subjects(checks: TextChecks) -> Iterator[Subject]:
    """Every kind of text."""
    for name, field, text in _TEXTS:
        yield _subject(name, checks, field, text)


def _subject(name: str, checks: TextChecks, field: FieldDescriptor, text: str) -> Subject:
    check = checks(field)
    assert check is not None, f"{field.full_name} is not checked"
    return Subject(group="sanitizer", name=name, batch=repeated(partial(check, text)))

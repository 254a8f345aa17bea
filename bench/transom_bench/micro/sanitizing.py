"""The sanitizer, for each text: kinds of fields, and texts that need a look or none. Asked in Python; and as the native
codec reads a body, which looks for itself and asks for what it is not sure of.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any, Final

import orjson

from transom_bench.micro.timing import Subject, repeated
from transom_runtime.extension import QuickCheck, TextChecks
from transom_runtime.settings import Settings
from transom_runtime.transcode.codec import Codec
from workflow.v1.workflows_gateway import CREATE_WORKFLOW
from workflow.v1.workflows_pb2 import Workflow

_PROSE: Final = "Fetches the suppliers' lists (EU, 5% off), checks them; tells the shop. "
_TEXTS: Final = (
    ("prose of letters and blanks", "name", "nightly import of the price lists"),
    ("prose with marks", "name", _PROSE),
    ("prose with marks, 10,000 characters", "name", (_PROSE * 150)[:10_000]),
    ("prose in another script", "name", "Ночной импорт цен поставщиков, «Москва»"),
    ("prose that the rules look at", "name", "a report like the last one -- in red"),
    ("an identifier", "id", "wf-0123456789abcdef0123"),
    ("HTML without markup", "description", "Fetches the lists and checks them."),
    ("HTML with markup", "description", "<p>Fetches the <b>lists</b> and checks them.</p>"),
)


def sanitizer_subjects(settings: Settings, checks: TextChecks) -> Iterator[Subject]:
    """Every kind of text, both ways."""
    codec = Codec(settings.transcode, text_checks=checks)
    for name, field, text in _TEXTS:
        yield _subject(name, "asked in Python", _check(checks, field), text)
        if codec.is_native:
            decode: Any = codec.request_decoder(CREATE_WORKFLOW).decode
            body = orjson.dumps({field: text})
            yield _subject(name, "a body of it, native codec", partial(decode, (), "", method="POST"), body=body)


def _check(checks: TextChecks, field: str) -> Any:
    check = checks(Workflow.DESCRIPTOR.fields_by_name[field])
    assert check is not None, f"{field} is not checked"
    return check.check if isinstance(check, QuickCheck) else check


def _subject(name: str, size: str, operation: Any, *sent: Any, **more: Any) -> Subject:
    return Subject(group="sanitizer", name=name, size=size, batch=repeated(partial(operation, *sent, **more)))

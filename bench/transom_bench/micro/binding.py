"""Binding: path, query and body into one message, small ones, with all checks of texts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from transom_bench.micro.timing import Subject, repeated
from transom_runtime.binding import Binding
from transom_runtime.extension import TextChecks
from transom_runtime.settings import Settings
from transom_runtime.transcode.codec import Codec
from workflow.v1.workflows_gateway import GET_WORKFLOW, LIST_WORKFLOWS, UPDATE_WORKFLOW


def binding_subjects(settings: Settings, checks: TextChecks) -> Iterator[Subject]:
    """Requests with more and more in them."""
    codec = Codec(settings.transcode, text_checks=checks)
    id_, query = "wf-0123456789abcdef", "page_size=20&page_token=abc&order_by=create_time"
    body = b'{"name":"nightly import","nodes":[{"id":"one","type":"http"}],"etag":"7bb9bb4ec168e0c4"}'
    yield _subject("path", codec, GET_WORKFLOW, Sent(variables=(id_,)))
    yield _subject("query of three", codec, LIST_WORKFLOWS, Sent(query=query))
    yield _subject(
        "path, query and body",
        codec,
        UPDATE_WORKFLOW,
        Sent(variables=(id_,), query="update_mask=name,nodes", body=body),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What a request has in it."""

    variables: tuple[str, ...] = ()
    query: str = ""
    body: bytes = b""


def _subject(name: str, codec: Codec, binding: Binding, sent: Sent) -> Subject:
    decode: Any = codec.request_decoder(binding).decode
    kind = "application/json" if sent.body else ""
    bound = partial(decode, sent.variables, sent.query, sent.body, content_type=kind, method=binding.method)
    bound()  # what is refused would be measured as a refusal
    return Subject(group="binding", name=name, batch=repeated(bound))

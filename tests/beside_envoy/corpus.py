"""The corpus: requests as data, sent to both transcoders as they are written, and what the upstream answers."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

HERE: Final = Path(__file__).parent
FOLDER: Final = HERE / "corpus"
DATA: Final = "application/octet-stream"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the upstream does with a call."""

    messages: tuple[Any, ...] | None = None
    """The messages that it sends, as JSON; None: the request itself."""
    code: str = "OK"
    """The name of the status that it ends with."""
    message: str = ""
    details: tuple[dict[str, Any], ...] = ()
    """The details of the error, each the JSON of an Any."""
    unknown_detail: bool = False
    """Whether a detail of a type that no descriptor set has comes with the error."""
    inner_code: str = ""
    """The code inside the details, where it is not that of the status."""
    initial: Mapping[str, str] = field(default_factory=dict)
    trailing: Mapping[str, str] = field(default_factory=dict)
    hangs: bool = False
    """Whether it waits for the call's end before it answers."""
    unheard: bool = False
    """Whether an error is the transcoder's own, though the call may have arrived: it was broken off, and time decides
    what the upstream saw of it and who says so.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One request of the corpus."""

    name: str
    section: str
    """The heading under which it stands: a letter of the specification and what it is about."""
    lines: tuple[str, ...]
    """The lines of the specification that it is about."""
    start: str
    """Method and target, as sent."""
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None
    answer: Answer = Answer()
    metadata: tuple[str, ...] = ()
    """The metadata keys that are compared, at the upstream."""
    headers_back: tuple[str, ...] = ()
    """The response headers that are compared, beside the content type."""

    @property
    def method(self) -> str:
        return self.start.partition(" ")[0]

    def raw(self, host: str) -> bytes:
        """The bytes of the request. A body has a length, and is JSON unless the headers say otherwise."""
        headers = dict(self.headers)
        lines = [f"{self.start} HTTP/1.1", f"Host: {host}", "Connection: close"]
        if self.body is not None and "Transfer-Encoding" not in headers:
            headers.setdefault("Content-Type", "application/json")
            headers.setdefault("Content-Length", str(len(self.body)))
        lines += [f"{name}: {value}" for name, value in headers.items() if value is not None]
        return "\r\n".join([*lines, "", ""]).encode("utf-8", "surrogateescape") + (self.body or b"")


class _Run(yaml.YAMLObject):
    """`!run [text, times]`: a long text, written short."""

    yaml_tag = "!run"
    yaml_loader = yaml.SafeLoader

    @classmethod
    def from_yaml(cls, loader: Any, node: Any) -> str:
        text, times = loader.construct_sequence(node)
        return str(text) * int(times)


def load_corpus() -> list[Ask]:
    """Every request, in the order of the files. Raises ValueError where two have one name."""
    asks = [ask for file in sorted(FOLDER.glob("*.yaml")) for ask in _read(file)]
    names = [ask.name for ask in asks]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"the corpus has two requests with the name {twice[0]!r}")
    return asks


def _read(file: Path) -> Iterator[Ask]:
    content = yaml.safe_load(file.read_text("utf-8"))
    for entry in content["requests"]:
        for given in _spread(entry):
            yield _as_ask(content["section"], given)


def _spread(entry: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """An entry with `each` is one request for every combination of its values, put in the place of `<name>`."""
    each = entry.pop("each", {})
    for values in itertools.product(*each.values()):
        yield _filled(entry, dict(zip(each, values, strict=True)))


def _filled(value: Any, values: Mapping[str, Any]) -> Any:
    match value:
        case dict():
            return {name: _filled(item, values) for name, item in value.items()}
        case list():
            return [_filled(item, values) for item in value]
        case str():
            for name, text in values.items():
                value = value.replace(f"<{name}>", str(text))
            return value
        case _:
            return value


def _as_ask(section: str, entry: dict[str, Any]) -> Ask:
    lines = entry["line"]
    return Ask(
        name=f"{section[0]}: {entry['name']}",
        section=section,
        lines=tuple(lines.split()),
        start=entry["send"],
        headers=tuple(entry.get("headers", {}).items()),
        body=_as_bytes(entry.get("body")),
        answer=Answer(**{name: _frozen(value) for name, value in entry.get("answer", {}).items()}),
        metadata=tuple(entry.get("metadata", ())),
        headers_back=tuple(entry.get("headers_back", ())),
    )


def _as_bytes(body: Any) -> bytes | None:
    """Text as it is, bytes (`!!binary`) as they are, anything else as JSON."""
    if body is None or isinstance(body, bytes):
        return body
    return body.encode() if isinstance(body, str) else json.dumps(body).encode()


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value

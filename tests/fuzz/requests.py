"""Requests for the bindings of a gateway: right ones, and right ones bent in every part."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import quote

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from hypothesis import strategies as st

from fuzz.subject import Sent
from transom_runtime.binding import DOUBLE_STAR, STAR, Binding, Capture, Segment
from transom_runtime.serving.kinds import takes_raw
from transom_runtime.transcode.field_access import is_map, json_key

F = FieldDescriptor
Draw = st.DrawFn

METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
WORDS: Final = (
    *(
        "",
        "a",
        "w-1",
        "x:go",
        "urn:x:1",
        "a/b",
        "..",
        ".",
        "é",
        "\U0001f600",
        "a b",
        "+",
        "%",
        "%2F",
        "%252F",
        "null",
        "*",
    ),
    *("0", "-0", "1", "-1", "1e3", "1.5", "1e400", "007", "0x10", "NaN", "Infinity", "-Infinity", "true", "True"),
    *("2147483648", "9223372036854775808", "18446744073709551616", "9" * 400, "1e999999999"),
    *("2026-11-23T10:00:00Z", "2026-11-23T10:00:00+02:00", "0000-00-00T00:00:00Z", "9999-12-31T23:59:59.999999999Z"),
    *("3.5s", "-0.1s", "315576000001s", "s", "a.b,c", ",", "aGk=", "aGk", "a-_/", "====", "NOVEL", "ATLAS", "novel"),
    *("<script>alert(1)</script>", "' OR 1=1 --", "../../etc/passwd", "\x00", "\x7f", "\r\n", "x" * 300),
)
RAW: Final = (
    "%",
    "%zz",
    "%ff",
    "%2",
    "%C3%28",
    "%ED%A0%80",
    "%00",
    "%2e%2E",
    "//",
    "/",
    ":",
    ";",
    "?",
    "#",
    "[]",
    "é",
    "%F0%9F%98%80",
)
CONTENT_TYPES: Final = (
    *("application/json", "application/json", "application/json; charset=utf-8", "application/json;charset=latin-1"),
    *(
        "application/merge-patch+json",
        "application/x-ndjson",
        "text/plain",
        "",
        "application/octet-stream",
        "multipart/form-data",
    ),
    *("multipart/form-data; boundary=x", "a/b/c", ";", "application/json;;=", "APPLICATION/JSON"),
)
HEADERS: Final[dict[str, tuple[str, ...]]] = {
    "Accept": (
        *(
            "*/*",
            "application/json",
            "text/event-stream",
            "application/x-ndjson",
            "application/problem+json",
            "text/html",
        ),
        *("application/json;q=0", "text/*;q=0.5, */*;q=0.1", "q=1", ";;;", "*/json", "application/json;q=9"),
    ),
    "Grpc-Timeout": ("1S", "5M", "0n", "-1S", "99999999H", "999999999H", "1", "S", "1.5S", "1X", "\u0661S"),
    "X-Server-Timeout": ("5", "0.5", "-1", "nan", "inf", "1e400", "", "x"),
    "Last-Event-ID": ("0", "7", "-1", "x", "18446744073709551616", "é"),
    "If-None-Match": ('"x"', "*", "W/", "x", '"'),
    "If-Match": ('"x"', "*", 'W/"x"', ""),
    "If-Range": ('"x"', "Mon, 23 Nov 2026 10:00:00 GMT", "x"),
    "Range": (
        "bytes=0-",
        "bytes=-5",
        "bytes=5-2",
        "bytes=0-0,2-3",
        "bytes=",
        "lines=1-2",
        "bytes=99999999999999999999-",
    ),
    "Content-Encoding": ("gzip", "identity", "br", "x", "gzip, gzip"),
    "X-Request-Id": ("abc", "", "a b", "x" * 300, "é"),
    "Traceparent": ("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "00-0-0-0", "x"),
    "Origin": ("https://app.example.com", "null", "x"),
    "Access-Control-Request-Method": ("POST", "x", ""),
    "Expect": ("100-continue", "200-ok"),
    "X-Forwarded-For": ("1.2.3.4", "x, y", "::1", ""),
    "Forwarded": ("for=1.2.3.4;proto=https", "for=", ";=,", 'for="[::1]:5'),
    "Grpc-Metadata-X-Y": ("1", "é", ""),
    "Grpc-Metadata-X-Bin": ("aGk=", "!", ""),
    "X-Principal-Id": ("root",),
    "Authorization": ("", "Bearer", "Bearer x", "Basic eDp5", "Bearer a.b.c", "bearer  x y"),
    "X-Api-Key": ("", "x", "é"),
    "Cookie": ("a=b", "=;"),
    "Upgrade": ("websocket", "h2c", "x"),
    "Connection": ("Upgrade", "keep-alive", "close", "x"),
    "Sec-WebSocket-Key": ("dGhlIHNhbXBsZSBub25jZQ==", "x"),
    "Sec-WebSocket-Version": ("13", "8"),
}
words = st.one_of(st.sampled_from(WORDS), st.sampled_from(WORDS), st.text(max_size=12), st.integers().map(str))


@st.composite
def requests(draw: Draw, bindings: Sequence[Binding], *, bend: int = 4) -> Sent:
    """A request for one of the bindings; `bend` in ten of its parts are not what they should be."""
    binding = draw(st.sampled_from(list(bindings)))
    bent = st.integers(0, 9).map(lambda drawn: drawn < bend)
    any_method = binding.method == "*" or (draw(bent) and draw(bent))
    method = draw(st.sampled_from(METHODS)) if any_method else binding.method
    path = draw(any_paths) if draw(bent) and draw(bent) else draw(paths(binding))
    query = draw(queries(binding)) if draw(st.booleans()) else ""
    headers = draw(st.dictionaries(st.sampled_from(sorted(HEADERS)), st.none(), max_size=3)) if draw(bent) else {}
    sent = {name: draw(st.sampled_from(HEADERS[name])) for name in headers}
    if takes_raw(binding):
        sent["Content-Type"], body = draw(uploads(bent))
        return Sent(method=method, target=path + (f"?{query}" if query else ""), headers=sent, body=body)
    body = draw(bodies(binding, bent)) if binding.body or draw(bent) else b""
    if body:
        usual = "application/x-ndjson" if body.count(b"\n") > 1 else "application/json"
        sent["Content-Type"] = draw(st.sampled_from(CONTENT_TYPES)) if draw(bent) and draw(bent) else usual
    return Sent(method=method, target=path + (f"?{query}" if query else ""), headers=sent, body=body)


any_paths = st.lists(st.one_of(words, st.sampled_from(RAW)), max_size=6).map(lambda parts: "/" + "/".join(parts))


@st.composite
def paths(draw: Draw, binding: Binding) -> str:
    """A path of the binding, each wildcard with some text."""
    parts = [part for segment in binding.path for part in _texts(draw, segment)]
    return "/" + "/".join(parts) + (f":{binding.verb}" if binding.verb else "")


def _texts(draw: Draw, segment: Segment) -> list[str]:
    parts = segment.parts if isinstance(segment, Capture) else (segment,)
    found: list[str] = []
    for part in parts:
        if part is STAR:
            found.append(draw(_segments))
        elif part is DOUBLE_STAR:
            found += draw(st.lists(_segments, max_size=3))
        else:
            found.append(quote(str(part), safe=""))
    return found


_segments = st.one_of(words.map(lambda word: quote(word, safe="")), st.sampled_from(RAW))


@st.composite
def queries(draw: Draw, binding: Binding) -> str:
    """Parameters: fields of the request in either spelling, deep ones too, and names that are none."""
    pairs = []
    for _ in range(draw(st.integers(1, 4))):
        name = draw(_names(binding.request.DESCRIPTOR))  # type: ignore[arg-type]  # the stubs know two descriptors
        text = draw(words)
        escaped = draw(st.one_of(st.just(quote(text, safe="")), st.just(quote(text, safe="")), st.sampled_from(RAW)))
        pairs.append(f"{quote(name, safe='.[]')}={escaped}" if draw(st.integers(0, 9)) else name)
    return draw(st.sampled_from(("&", "&", "&&"))).join(pairs)


@st.composite
def _names(draw: Draw, message: Descriptor) -> str:
    """The path to a field of a message, dotted."""
    parts: list[str] = []
    here: Descriptor | None = message
    while here is not None and here.fields and len(parts) < 6:
        field = draw(st.sampled_from(list(here.fields)))
        parts.append(draw(st.sampled_from((field.name, field.json_name))))
        here = field.message_type if draw(st.integers(0, 2)) else None
    stray = draw(st.sampled_from(("", "", "", "", "x", ".", "[k]", "key", "$alt", "a" * 100, ".a" * 40)))
    return ".".join(parts) + stray


@st.composite
def bodies(draw: Draw, binding: Binding, bent: st.SearchStrategy[bool]) -> bytes:
    """A body for the binding: JSON of its message or field, bent in places, and now and then in its bytes."""
    message: Any = binding.request.DESCRIPTOR
    if binding.body in {None, "*"}:
        value = draw(_objects(message, 4))
    else:
        value = draw(_values_of(message.fields_by_name[binding.body], 4))
    count = draw(st.integers(1, 3)) if binding.stream.value in {"client", "bidi"} else 1
    text = "\n".join([_dumped(draw, value)] * count)
    if count > 1 and draw(st.booleans()):
        text = f"[{text.replace(chr(10), ',')}]"
    raw = text.encode("utf-8", "surrogatepass")
    return draw(_broken(raw)) if draw(bent) and draw(bent) else raw


@st.composite
def uploads(draw: Draw, bent: st.SearchStrategy[bool]) -> tuple[str, bytes]:
    """Raw content, or a form with files and fields in it, bent in its bytes now and then."""
    content = draw(st.binary(max_size=200))
    if draw(st.booleans()):
        return draw(st.sampled_from(CONTENT_TYPES)), content
    parts = []
    for _ in range(draw(st.integers(0, 3))):
        name = draw(st.sampled_from(("file", "content", "filename", "x", "", 'a"b', "é")))
        file = draw(
            st.sampled_from(("", '; filename="a.txt"', "; filename*=UTF-8''%C3%A9", '; filename="../x"', "; filename"))
        )
        kind = draw(
            st.sampled_from(("", "Content-Type: text/plain\r\n", "Content-Transfer-Encoding: base64\r\n", "X\r\n"))
        )
        head = f'--x\r\nContent-Disposition: form-data; name="{name}"{file}\r\n{kind}\r\n'
        parts.append(head.encode() + draw(st.sampled_from((content, b"", b"words", b"\r\n--x"))) + b"\r\n")
    body = b"".join(parts) + b"--x--\r\n"
    return "multipart/form-data; boundary=x", draw(_broken(body)) if draw(bent) else body


def _dumped(draw: Draw, value: Any) -> str:
    ascii_only = draw(st.booleans())
    return json.dumps(value, ensure_ascii=ascii_only, indent=draw(st.sampled_from((None, None, 1))))


@st.composite
def _broken(draw: Draw, raw: bytes) -> bytes:
    """A body with bytes cut out, put in, doubled or wrapped."""
    at = draw(st.integers(0, len(raw)))
    inserted = draw(
        st.sampled_from(
            (
                *(
                    b"",
                    b"\xff",
                    b"\xef\xbb\xbf",
                    b"\x00",
                    b"{",
                    b"}",
                    b"[",
                    b"]",
                    b",",
                    b'"',
                    b"\\u",
                    b"\\ud800",
                    b"1e999",
                ),
                *(b"[" * 60, b'{"a":' * 60, b"9" * 500, b"-", b"/**/", b"nan", b"\xed\xa0\x80", b'"a":1,"a":2,'),
            )
        )
    )
    kind = draw(st.sampled_from(("insert", "insert", "cut", "overwrite", "double", "any")))
    match kind:
        case "insert":
            return raw[:at] + inserted + raw[at:]
        case "cut":
            return raw[:at]
        case "overwrite":
            return raw[:at] + inserted + raw[at + max(len(inserted), 1) :]
        case "double":
            return raw + raw
        case _:
            return draw(st.binary(max_size=40))


@st.composite
def _objects(draw: Draw, message: Descriptor, depth: int) -> Any:
    """The JSON of a message, wrong in places."""
    if draw(st.integers(0, 15)) == 0:
        return draw(_anything)
    special = _SPECIAL.get(message.full_name)
    if special is not None:
        return draw(special)
    fields = draw(st.lists(st.sampled_from(list(message.fields)), max_size=5)) if message.fields and depth else []
    value: dict[str, Any] = {}
    for field in fields:
        value[draw(st.sampled_from((json_key(field), field.name)))] = draw(_values_of(field, depth - 1))
    if draw(st.integers(0, 11)) == 0:
        value[draw(words)] = draw(_anything)
    return value


@st.composite
def _values_of(draw: Draw, field: FieldDescriptor, depth: int) -> Any:
    """The JSON of a field."""
    if draw(st.integers(0, 11)) == 0:
        return draw(_anything)
    if is_map(field):
        entry: Any = field.message_type
        count = draw(st.integers(0, 2))
        return {draw(words): draw(_values_of(entry.fields_by_name["value"], depth)) for _ in range(count)}
    if field.is_repeated:
        return [draw(_single(field, depth)) for _ in range(draw(st.integers(0, 3)))]
    return draw(_single(field, depth))


def _single(field: FieldDescriptor, depth: int) -> st.SearchStrategy[Any]:
    if field.message_type is not None:
        return _objects(field.message_type, depth)
    if field.enum_type is not None:
        return st.one_of(st.sampled_from([value.name for value in field.enum_type.values]), st.integers(-2, 9))
    return _SCALARS.get(field.type, _numbers)


_numbers = st.one_of(st.integers(-(2**65), 2**65), st.integers(-5, 5), st.floats(), words)
_strings = st.one_of(words, st.text(max_size=20))
_anything: st.SearchStrategy[Any] = st.recursive(
    st.one_of(st.none(), st.booleans(), _numbers, _strings),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(words, inner, max_size=3)),
    max_leaves=6,
)
_SCALARS: Final[dict[int, st.SearchStrategy[Any]]] = {
    F.TYPE_STRING: _strings,
    F.TYPE_BYTES: st.sampled_from(("", "aGk=", "aGk", "a-_/", "====", "é", "!")),
    F.TYPE_BOOL: st.sampled_from((True, False, "true", 1, None)),
}
_SPECIAL: Final[dict[str, st.SearchStrategy[Any]]] = {
    "google.protobuf.Timestamp": st.sampled_from(WORDS),
    "google.protobuf.Duration": st.sampled_from(WORDS),
    "google.protobuf.FieldMask": st.sampled_from(WORDS),
    "google.protobuf.Struct": _anything,
    "google.protobuf.Value": _anything,
    "google.protobuf.ListValue": _anything,
    "google.protobuf.Any": st.builds(
        lambda url, value: {"@type": url, "value": value},
        st.sampled_from(
            (
                *(
                    "type.googleapis.com/google.protobuf.Duration",
                    "type.googleapis.com/google.rpc.Status",
                    "x/y",
                    "",
                    5,
                ),
                *("type.googleapis.com/google.protobuf.Any", "type.googleapis.com/google.protobuf.Struct"),
            )
        ),
        _anything,
    ),
}

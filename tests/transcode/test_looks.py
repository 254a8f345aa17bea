"""Looks: the texts that the native codec passes without asking are those that are told to be usual, no other one, and
whoever counts texts and findings counts the same as with the pure codec.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from policy.sanitize.corpus import BENIGN, COMMAND, HIDDEN, SCRIPT, SQL
from policy.sanitize.kit import BLOCK_ALL, REPORT_ALL
from policy.sanitize.test_usual import CASED, PROSE
from policy.sanitize.told import told_usual
from transcode.codec_pair import Pair
from transcode.conftest import bind
from transcode.examples import examples
from transcode.kept import kept_bytes
from transcode.made_types import MadeType
from transcode.watched_texts import MAX_CHARS, USUAL, WatchedTexts
from transom_runtime.binding import Policy, Sse
from transom_runtime.errors import CallError
from transom_runtime.extension import QuickCheck, TextRefused, UsualTexts
from transom_runtime.policy.sanitize.options import SanitizeOptions
from transom_runtime.policy.sanitize.rule import Kind, Mode
from transom_runtime.policy.sanitize.sanitizer import Sanitizer
from transom_runtime.policy.sanitize.tally import Finding
from transom_runtime.transcode.codec import Codec
from transom_runtime.transcode.native import native_plans
from transom_runtime.transcode.native.automaton import build_automaton
from transom_runtime.transcode.options import Native, TranscodeOptions

pytestmark = pytest.mark.usefixtures("native")

MARKS = "'\"()-;:/%&.,#$[]{}@_+*~ \n\taor1ntulxX<=>|\\`é’\u202e\U000e0041１"  # noqa: RUF001 -- these letters are the point
TEXTS = CASED | PROSE | st.text(alphabet=MARKS, max_size=12) | st.text()
SETTINGS = {
    "default": SanitizeOptions(),
    "report": REPORT_ALL,
    "block": BLOCK_ALL,
    "off": SanitizeOptions(mode=Mode.OFF),
    "one off": SanitizeOptions(
        rule_modes={"control-nul": Mode.OFF, "script-tag": Mode.BLOCK}, max_scan_chars=MAX_CHARS
    ),
}


class Looking:
    """A native decoder of one text, which tells whether it passed without its check being asked."""

    def __init__(self, book: Any, usual: UsualTexts) -> None:
        self._asked: list[str] = []
        self._passed = 0
        checks = QuickCheck(check=self._ask, usual=usual, count=self._count)
        codec = Codec(TranscodeOptions(native=Native.REQUIRE), text_checks=lambda _: checks)
        self._decoder = codec.request_decoder(bind(book, method="POST", body="*"))
        self._new = book

    def passes(self, text: str) -> bool:
        """Whether the extension took a text for usual."""
        self._asked.clear()
        self._passed = 0
        body = json.dumps({"title": text}, ensure_ascii=False).encode()
        assert self._new.FromString(self._decoder.decode((), "", body, method="POST")).title == text
        assert (self._passed, self._asked) in ((1, []), (0, [text]))
        return self._passed == 1

    def _ask(self, text: str) -> str:
        self._asked.append(text)
        return text

    def _count(self, texts: int) -> None:
        self._passed += texts


@pytest.mark.parametrize("kind", list(Kind))
def test_every_character(kind: Kind, shelf: Any) -> None:
    """Of every byte of ASCII, and what is at the edges of ranges beyond, a text is usual just where it is told to be:
    alone, first, in the middle and last.
    """
    looking, told = Looking(shelf.Book, USUAL[kind]), told_usual(USUAL[kind])
    edges = {edge + step for pair in USUAL[kind].beyond for edge in pair for step in (-1, 0, 1)}
    points = {*range(256), *edges, 0x7FF, 0x800, 0xFFFF, 0x10000} - {*range(0xD800, 0xE000), 0x110000}
    for character in map(chr, sorted(points)):
        for text in (character, f"a{character}", f"{character}a", f"a{character}b"):
            assert looking.passes(text) == told(text), ascii(text)


@pytest.mark.parametrize("kind", list(Kind))
@examples(150)
@given(text=TEXTS)
def test_usual_as_told(kind: Kind, text: str, shelf: Any) -> None:
    """Texts made of the words of injections, and any others."""
    looking = _looking(shelf, USUAL[kind])
    assert looking.passes(text) == told_usual(USUAL[kind])(text)


_LOOKING: dict[UsualTexts, Looking] = {}


def _looking(shelf: Any, usual: UsualTexts) -> Looking:
    return _LOOKING.setdefault(usual, Looking(shelf.Book, usual))


LETTERS = st.sampled_from(["a", "b", "[ab]", "[b-d]", "[.]", "[(]", "d"])
ITEMS = st.tuples(LETTERS, st.sampled_from(["", "", "*"])).map("".join)
# The last item is always there: a sequence that may be empty is refused.
SEQUENCES = st.tuples(st.sampled_from(["", "^"]), st.lists(ITEMS, max_size=3).map("".join), LETTERS).map("".join)


@examples(300)
@given(
    never=st.lists(SEQUENCES, max_size=4),
    texts=st.lists(st.text(alphabet="abcdABD.(é", max_size=8), min_size=1, max_size=8),
)
def test_any_sequences(never: list[str], texts: list[str], shelf: Any) -> None:
    """Whatever sequences are never usual, the automaton finds what a regular expression does."""
    usual = UsualTexts(characters="abcdABD.(", beyond=((0xE9, 0xE9),), never=tuple(never), max_bytes=8)
    looking, told = Looking(shelf.Book, usual), told_usual(usual)
    for text in texts:
        assert looking.passes(text) == told(text), (never, text)


@pytest.mark.parametrize(
    "sequence",
    ["", "^", "*", "a**", "[a", "a]", "a^", "[]", "a*[bc]*", "a.", "a+", "(a)", "[^a]", "\\s", "é", "[aé]", "[b-a]"],
)
def test_malformed_sequences(sequence: str) -> None:
    """What is no sequence is refused when the automaton is built."""
    with pytest.raises(ValueError, match="malformed"):
        build_automaton(UsualTexts(characters="a", never=(sequence,)))


@pytest.mark.parametrize(
    "usual",
    [
        UsualTexts(characters="abé"),
        *(
            UsualTexts(characters="a", beyond=ranges)
            for ranges in [((0x41, 0x50),), ((0xEA, 0xE9),), ((0xE9, 0xE9), (0xEA, 0xEB)), ((0x110000, 0x110001),)]
        ),
        UsualTexts(characters="a", beyond=((0x100, 0x110), (0xE0, 0xE9))),
    ],
)
def test_malformed_usual_texts(usual: UsualTexts) -> None:
    """Characters and ranges that are not as they are told to be stop the gateway's start, not its first request."""
    with pytest.raises(ValueError, match="malformed"):
        build_automaton(usual)


def test_too_many_sequences() -> None:
    """Sequences that make more rows than fit are refused, not cut."""
    letters = "abcdefghijklmnopqrstuvwxyz"
    never = tuple(f"{one}{other}{letters}" for one in letters[:10] for other in letters[:10])
    with pytest.raises(ValueError, match="too many"):
        build_automaton(UsualTexts(characters=letters, never=never))


LOOK = (8, bytes(128), 1, (0xE9, 0xEA), 2, bytes((0, 0, 0, 0, 0, 0, 2, 0)))


@pytest.mark.parametrize(
    ("place", "wrong"),
    [
        *(
            (0, -1),
            (0, 2**31),
            (1, b"\2" * 128),
            (1, b""),
            (2, 0),
            (2, 2),
            (3, (1, 2)),
            (3, (200, 200)),
            (3, (0x110001,)),
        ),
        *((4, 1), (4, 3), (5, b""), (5, bytes(4)), (5, bytes(7)), (5, bytes((0, 0, 2, 0, 0, 0, 2, 0)))),
        *(
            (5, bytes((0, 0, 0, 0, 2, 0, 2, 0))),
            (5, bytes((0, 0, 0, 0, 0, 0, 1, 0))),
            (5, bytes((0, 0, 0, 0, 0, 0, 4, 0))),
        ),
    ],
)
def test_malformed_looks(place: int, wrong: Any) -> None:
    """A table that would lead the extension out of it is refused when it is built, not trusted."""
    plans: Any = native_plans()
    plans((), (), (), (), (LOOK,), (0, -1))
    with pytest.raises(ValueError, match="malformed"):
        plans((), (), (), (), ((*LOOK[:place], wrong, *LOOK[place + 1 :]),), (0,))
    with pytest.raises(ValueError, match="malformed"):
        plans((), (), (), (), (LOOK,), (1,))
    text = (1, 13, 0, -1, -1, 0, b'"a":')
    with pytest.raises(ValueError, match="malformed"):
        plans(((True, True, (text,), ()),), (), (), (), (), ())


def test_no_memory_is_kept(shelf: Any) -> None:
    """Neither texts that are looked at, usual or not, nor tables, whole or refused, leave memory behind."""
    plans: Any = native_plans()
    looking = Looking(shelf.Book, USUAL[Kind.PLAIN])

    def run() -> None:
        for _ in range(300):
            for text in ("usual", "x <b>", "é’\u202e"):  # noqa: RUF001 -- these letters are the point
                looking.passes(text)
            plans((), (), (), (), (LOOK, LOOK), (0, -1, 1))
            with contextlib.suppress(ValueError):
                plans((), (), (), (), (LOOK, LOOK), (2,))

    assert kept_bytes(run) < 2_000


def test_made_messages_watched(shelf: Any) -> None:
    """Texts in all that holds some (lists, maps, wrappers, Struct) are looked at by the look of their own field."""
    from google.protobuf import descriptor_pool

    watched = WatchedTexts()
    pair = Pair(MadeType(new=shelf.Book, pool=descriptor_pool.Default(), syntax="proto3"), watched)
    for text in ("usual", "a/b", "..", "<b>", "", "\u202e", "like", "é"):
        body = {"name": text, "tags": [text], "labels": {"..": text}, "note": text, "extra": {"a": [text, {"b": text}]}}
        pair.compare_read(json.dumps(body).encode())
    assert watched.asked


def _said(checked: tuple[Codec, Sanitizer, list[Finding]], shelf: Any, requests: list[Any]) -> Any:
    """All that a codec and its sanitizer say of requests."""
    codec, sanitizer, findings = checked
    sse = Policy(sse=Sse(resume_field="key"))
    binding = bind(shelf.GetBook, None, "name", method="POST", body="book", query=("tags", "first"), policy=sse)
    decoder = codec.request_decoder(binding)
    said: list[Any] = []
    with structlog.testing.capture_logs() as lines:
        for variable, query, body, resume in requests:
            try:
                wire = decoder.decode((variable,), query, body, method="POST", resume=resume)
                said.append(shelf.GetBook.FromString(wire).SerializeToString(deterministic=True))
            except CallError as error:
                said.append((error.code, error.message, error.faults))
    told = sanitizer.statistics()
    counts = told.checked, told.cleaned, told.found, told.blocked, told.by_rule, told.by_field
    return said, counts, sorted(map(repr, findings)), sorted(map(repr, lines))


def _codec(native: Native, options: SanitizeOptions) -> tuple[Codec, Sanitizer, list[Finding]]:
    findings: list[Finding] = []
    sanitizer = Sanitizer(options, on_finding=findings.append, clock=lambda: 0.0)
    return Codec(TranscodeOptions(native=native), text_checks=sanitizer), sanitizer, findings


@pytest.mark.parametrize("options", list(SETTINGS.values()), ids=list(SETTINGS))
@examples(60)
@given(data=st.data())
def test_counted_alike(options: SanitizeOptions, data: st.DataObject, shelf: Any) -> None:
    """In every mode both codecs send the same, refuse the same in the same order, and count, tell and log the same
    texts and findings, whether a request is native, becomes the pure codec's, or is refused (E1).
    """
    texts = st.sampled_from([*BENIGN, *SCRIPT, *SQL, *COMMAND, *HIDDEN]) | TEXTS
    requests = [_request(data.draw, texts) for _ in range(data.draw(st.integers(1, 4)))]
    native, pure = (_said(_codec(each, options), shelf, requests) for each in (Native.REQUIRE, Native.OFF))
    assert native == pure


def _request(draw: Callable[..., Any], texts: st.SearchStrategy[str]) -> tuple[str, str, bytes, str]:
    text = texts.map(lambda text: re.sub("[\ud800-\udfff]", "", text))
    book = {
        "title": draw(text),
        "tags": draw(st.lists(text, max_size=3)),
        "labels": {"a": draw(text)},
        "extra": {"b": draw(text)},
    }
    body = json.dumps(book).encode()
    # Some are no JSON in the end, some have a name that is not known: by then their texts were looked at.
    body = draw(st.sampled_from([body, body, body, body[:-1], body[:-1] + b',"no":1}']))
    query = f"first={quote(draw(text))}" if draw(st.booleans()) else ""
    return draw(text), query, body, draw(st.sampled_from(["", "7", "a b"]))


def test_only_one_count(shelf: Any) -> None:
    """The extension has one sum: checks that count elsewhere than the first are asked for each of their texts."""
    counts: dict[str, list[int]] = {"title": [], "name": []}
    asked: list[str] = []

    def ask(text: str) -> str:
        asked.append(text)
        return text

    def choose(field: Any) -> QuickCheck | None:
        if field.name not in counts:
            return None
        return QuickCheck(check=ask, usual=UsualTexts(characters="ab"), count=counts[field.name].append)

    codec = Codec(TranscodeOptions(native=Native.REQUIRE), text_checks=choose)
    decoder = codec.request_decoder(bind(shelf.Book, method="POST", body="*"))
    decoder.decode((), "", b'{"name":"a","title":"b"}', method="POST")
    assert [sum(each) for each in counts.values()] == [0, 1] or [sum(each) for each in counts.values()] == [1, 0]
    assert len(asked) == 1


def test_a_refused_request_counts_once(shelf: Any) -> None:
    """Usual texts beside one that is refused are counted by the pure codec, which reads them anew, and not twice."""
    passed: list[int] = []
    asked: list[str] = []

    def ask(text: str) -> str:
        asked.append(text)
        if text == "bad":
            raise TextRefused("BAD", "is bad")
        return text

    check = QuickCheck(check=ask, usual=UsualTexts(characters="ok"), count=passed.append)
    codec = Codec(TranscodeOptions(native=Native.REQUIRE), text_checks=lambda _: check)
    decoder = codec.request_decoder(bind(shelf.Book, method="POST", body="*"))
    with pytest.raises(CallError):
        decoder.decode((), "", b'{"name":"ok","title":"bad","tags":["ok","k"]}', method="POST")
    assert sum(passed) == 0
    assert sorted(asked) == ["bad", "k", "ok", "ok"]

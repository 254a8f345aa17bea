"""The mock, called over a real channel."""

from __future__ import annotations

import time
from typing import cast

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2

from mock.conftest import LIBRARY, Connect, Write
from transom_runtime.mock.plausible import LIST_LENGTH
from transom_runtime.mock.script import Script, ScriptError
from transom_runtime.mock.server import MockServer

GET = "methods: {library.Library.GetBook: [%s]}"
WATCH = "methods: {library.Library.Watch: [%s]}"


async def test_unscripted_answers(mocked: Connect) -> None:
    """Without a script every field of an answer says something, and fields of the request come back."""
    book = await (await mocked()).one("GetBook", {"title": "Dune"})
    assert book["title"] == "Dune"
    assert int(book["pageCount"]) > 0
    assert book["publishTime"].startswith("2026-01-01T")


async def test_scripted_answers(mocked: Connect, write: Write) -> None:
    """A scripted answer has what the script says; what it leaves out is made up; the first case that fits answers."""
    script = write(GET % "{when: {title: Emma}, response: {pageCount: 474}}, {response: {title: Dune}}")
    library = await mocked(script)
    emma = await library.one("GetBook", {"title": "Emma"})
    assert (emma["title"], emma["pageCount"]) == ("Emma", "474")
    assert emma["publishTime"]
    assert (await library.one("GetBook", {}))["title"] == "Dune"


async def test_a_script_has_the_last_word(mocked: Connect, write: Write) -> None:
    """What a script says holds, though the request has a field of that name, or a resource, that says otherwise."""
    library = await mocked(write(GET % "{response: {title: scripted}}"))
    book = await library.one("GetBook", {"title": "asked", "like": {"title": "liked", "pageCount": "7"}})
    assert (book["title"], book["pageCount"]) == ("scripted", "7")


async def test_times_in_scripts(mocked: Connect, write: Write) -> None:
    """A time may be written as YAML likes it."""
    library = await mocked(write(GET % "{response: {publish_time: 1965-08-01T00:00:00Z}}"))
    assert (await library.one("GetBook", {}))["publishTime"] == "1965-08-01T00:00:00Z"


async def test_scripted_errors(mocked: Connect, write: Write) -> None:
    """A scripted error is the RPC's status."""
    library = await mocked(write(GET % "{error: {code: NOT_FOUND, message: no such book}}"))
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await library.one("GetBook", {})
    assert (raised.value.code(), raised.value.details()) == (grpc.StatusCode.NOT_FOUND, "no such book")


async def test_details_of_scripted_errors(mocked: Connect, write: Write) -> None:
    """A scripted error carries its details as gRPC does."""
    detail = '{"@type": type.googleapis.com/google.rpc.ErrorInfo, reason: LOST, domain: library}'
    library = await mocked(write(GET % f"{{error: {{code: NOT_FOUND, message: lost, details: [{detail}]}}}}"))
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await library.one("GetBook", {})
    trailers = dict(raised.value.trailing_metadata() or ())
    status = status_pb2.Status.FromString(cast("bytes", trailers["grpc-status-details-bin"]))
    info = error_details_pb2.ErrorInfo()
    assert status.details[0].Unpack(info)
    assert (status.code, status.message, info.reason) == (5, "lost", "LOST")


async def test_times(mocked: Connect, write: Write) -> None:
    """A case answers as often as it may; then the next one that fits does."""
    library = await mocked(write(GET % "{response: {title: Dune}, times: 2}, {response: {title: Emma}}"))
    assert [(await library.one("GetBook", {}))["title"] for _ in range(4)] == ["Dune", "Dune", "Emma", "Emma"]


async def test_scripted_defaults(mocked: Connect, write: Write) -> None:
    """What a script gives stays, also where it is the field's default."""
    book = await (await mocked(write(GET % "{response: {title: '', pageCount: 0}}"))).one("GetBook", {"title": "Dune"})
    assert "title" not in book
    assert "pageCount" not in book
    assert book["publishTime"]


async def test_latency(mocked: Connect, write: Write) -> None:
    """An answer comes after its latency, and not before: a shorter deadline passes."""
    library = await mocked(write(GET % "{when: {title: slow}, latency_ms: 3600000}, {latency_ms: 30}"))
    started_at = time.monotonic()
    await library.one("GetBook", {})
    assert time.monotonic() - started_at >= 0.03
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await library.one("GetBook", {"title": "slow"}, timeout_s=0.05)
    assert raised.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED


async def test_unscripted_streams(mocked: Connect) -> None:
    """Without a script a stream has a few messages."""
    books = [book async for book in (await mocked()).many("Watch", {"title": "Dune"})]
    assert [book["title"] for book in books] == ["Dune"] * LIST_LENGTH


@pytest.mark.parametrize("name", ["Watch", "Chat"])
async def test_scripted_streams(mocked: Connect, write: Write, name: str) -> None:
    """A stream has the scripted messages, and then the scripted error."""
    case = "{responses: [{title: Dune}, {title: Emma}], error: {code: UNAVAILABLE}, latency_ms: 1}"
    library = await mocked(write(f"methods: {{library.Library.{name}: [{case}]}}"))
    books = library.many(name, {})
    assert [(await anext(books))["title"], (await anext(books))["title"]] == ["Dune", "Emma"]
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await anext(books)
    assert raised.value.code() is grpc.StatusCode.UNAVAILABLE


async def test_streams_of_nothing(mocked: Connect, write: Write) -> None:
    """A stream may be empty, or only fail."""
    library = await mocked(write(WATCH % "{when: {title: none}, responses: []}, {error: {code: ABORTED}}"))
    assert [book async for book in library.many("Watch", {"title": "none"})] == []
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        assert [book async for book in library.many("Watch", {})] == []
    assert raised.value.code() is grpc.StatusCode.ABORTED


async def test_client_streams(mocked: Connect) -> None:
    """Of a client stream the last message is answered; none at all counts as an empty one."""
    library = await mocked()
    assert (await library.one("Upload", {"title": "Dune"}, {"title": "Emma"}))["title"] == "Emma"
    assert (await library.one("Upload"))["title"]


async def test_streams_both_ways(mocked: Connect, write: Write) -> None:
    """Each request is answered as it comes, before the next is sent: by the case that fits, else by one message."""
    script = "{when: {title: Dune}, responses: [{title: a}, {title: b}]}, {when: {title: end}, error: {code: ABORTED}}"
    library = await mocked(write(f"methods: {{library.Library.Chat: [{script}]}}"))
    talk = library.talk("Chat")
    await talk.say({"title": "Emma"})
    first = await talk.hear()
    await talk.say({"title": "Dune"})
    heard = [await talk.hear(), await talk.hear()]
    await talk.say({"title": "Emma"})
    last = await talk.hear()
    assert [book["title"] for book in (first, *heard, last)] == ["Emma", "a", "b", "Emma"]
    assert first["pageCount"] != last["pageCount"], "each made-up message is another"
    await talk.say({"title": "end"})
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await talk.hear()
    assert raised.value.code() is grpc.StatusCode.ABORTED


async def test_a_silent_caller_hears_nothing(mocked: Connect) -> None:
    """A stream both ways on which nobody says anything is empty."""
    assert [book async for book in (await mocked()).many("Chat")] == []


async def test_a_taken_port() -> None:
    """A second mock on the same port is refused, not joined."""
    first, second = MockServer([LIBRARY], Script()), MockServer([LIBRARY], Script())
    port = await first.start("127.0.0.1:0")
    with pytest.raises(RuntimeError):
        await second.start(f"127.0.0.1:{port}")
    await first.stop()
    await second.stop()


def test_scripts_that_do_not_fit(write: Write) -> None:
    """Before anything is served, every scripted value is tried on its type: all that does not fit is named."""
    script = write(
        """
        methods:
          library.Library.Lend: [{}]
          library.Library.GetBook:
            - response: {title: Dune}
            - response: {colour: red}
            - responses: []
            - when: {author: Herbert}
            - response: {publishTime: yesterday}
            - response: {pageCount: many}
            - error: {code: ABORTED, details: [{"@type": type.googleapis.com/google.rpc.ErrorInfo}, {reason: LOST}]}
          library.Library.Watch:
            - response: {}
            - responses: [{}, {title: 5}]
        """
    )
    with pytest.raises(ScriptError) as raised:
        MockServer([LIBRARY], script)
    places = [line.split(": ")[:2] for line in str(raised.value).splitlines()]
    assert places == [
        ["library.Library.Lend", "no such method is served"],
        ["library.Library.GetBook[1].response", places[1][1]],
        ["library.Library.GetBook[2].responses", "the method answers once; write `response`"],
        ["library.Library.GetBook[3].when", places[3][1]],
        ["library.Library.GetBook[4].response", places[4][1]],
        ["library.Library.GetBook[5].response", places[5][1]],
        ["library.Library.GetBook[6].error.details[1]", places[6][1]],
        ["library.Library.Watch[0].response", "the method streams; write `responses`"],
        ["library.Library.Watch[1].responses[1]", places[8][1]],
    ]
    assert "colour" in places[1][1]

"""Responses to successes and failures."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.duration_pb2 import Duration
from google.rpc.error_details_pb2 import DebugInfo, RetryInfo

from downstream.wire import Serve, encode, make_binding, make_call
from transom_runtime.binding import Success
from transom_runtime.call import Call
from transom_runtime.downstream.error_body import ErrorForm, ErrorOptions
from transom_runtime.downstream.respond import Responder
from transom_runtime.downstream.success import build_success
from transom_runtime.errors import HTTP_STATUS, CallError, Code, Fault, Origin, bad_request


def fail(
    responder: Responder, error: CallError, call: Call | None = None, **headers: str
) -> tuple[web.Response, dict[str, Any]]:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    response = responder.error(call, error, make_mocked_request("GET", "/", headers=sent))
    assert isinstance(response.body, bytes)
    return response, orjson.loads(response.body)


def details(body: dict[str, Any]) -> dict[str, Any]:
    return {detail.pop("@type").rpartition(".")[2]: detail for detail in body["details"]}


@pytest.mark.parametrize("code", [code for code in Code if code is not Code.OK])
def test_e1_e2_every_code_has_its_status_and_body(responder: Responder, code: Code) -> None:
    """E1, E2: the body is google.rpc.Status, with RequestInfo always."""
    call = make_call()
    response, body = fail(responder, CallError(code, "it is so", origin=Origin.UPSTREAM), call)
    assert response.status == HTTP_STATUS[code]
    assert response.reason
    assert (body["code"], body["message"]) == (code, "it is so")
    assert details(body)["RequestInfo"] == {"requestId": call.request_id}
    assert response.headers["X-Request-Id"] == call.request_id
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["Server"] == "transom"
    assert response.content_type == "application/json"


def test_e1_googles_form() -> None:
    """E1: where the setting says so, the same content is what Google's own clients read (AIP-193)."""
    responder = Responder(encode, domain="test", options=ErrorOptions(form=ErrorForm.GOOGLE))
    error = CallError(Code.ABORTED, "it moved", origin=Origin.UPSTREAM, reason="MOVED")
    response, body = fail(responder, error)
    assert (response.status, response.content_type) == (409, "application/json")
    assert list(body) == ["error"]
    assert {name: body["error"][name] for name in ("code", "message", "status")} == {
        "code": 409,
        "message": "it moved",
        "status": "ABORTED",
    }
    assert details(body["error"])["ErrorInfo"] == {"reason": "MOVED", "domain": "test"}
    problem, _ = fail(responder, error, Accept="application/problem+json")
    assert problem.content_type == "application/problem+json"


def test_e1_decode_failures_carry_every_fault(responder: Responder) -> None:
    """E1: one field violation per fault, and what the caller can do."""
    faults = [
        Fault(field="/a", description="is no number"),
        Fault(field="x", description="is unknown", reason="UNKNOWN"),
    ]
    _, body = fail(responder, bad_request(faults))
    found = details(body)
    assert found["BadRequest"]["fieldViolations"] == [
        {"field": "/a", "description": "is no number", "reason": "INVALID_VALUE"},
        {"field": "x", "description": "is unknown", "reason": "UNKNOWN"},
    ]
    assert found["ErrorInfo"] == {"reason": "INVALID_REQUEST", "domain": "test"}
    assert found["Help"]["links"][0]["url"] == "https://example.com/help"


def test_e1_upstream_details_are_kept(responder: Responder) -> None:
    """E1: what the upstream said goes on, packed or not, and nothing of the gateway's is added."""
    packed = AnyMessage()
    packed.Pack(DebugInfo(detail="packed"))
    error = CallError(Code.ABORTED, "no", origin=Origin.UPSTREAM, details=[packed, DebugInfo(detail="plain")])
    _, body = fail(responder, error)
    assert [detail.get("detail") for detail in body["details"]] == [None, "packed", "plain"]
    assert "ErrorInfo" not in details(body)


def test_e1_problem_has_the_same_content(responder: Responder) -> None:
    """E1: RFC 9457 for those who ask."""
    error = CallError(Code.NOT_FOUND, "no such thing", origin=Origin.UPSTREAM, reason="GONE")
    response, body = fail(responder, error, Accept="application/problem+json")
    assert response.content_type == "application/problem+json"
    assert details(body)["ErrorInfo"]["reason"] == "GONE"
    del body["details"]
    assert body == {"type": "about:blank", "title": "Not Found", "status": 404, "detail": "no such thing", "code": 5}


def test_e3_401_always_has_a_challenge(responder: Responder) -> None:
    """E3: the policy's challenge, or one for an upstream that has none."""
    error = CallError(Code.UNAUTHENTICATED, "who", origin=Origin.UPSTREAM)
    assert fail(responder, error)[0].headers["WWW-Authenticate"] == 'Bearer realm="test", error="invalid_token"'
    error.headers["WWW-Authenticate"] = 'Bearer error="insufficient_scope"'
    assert fail(responder, error)[0].headers["WWW-Authenticate"] == 'Bearer error="insufficient_scope"'


@pytest.mark.parametrize("code", [Code.RESOURCE_EXHAUSTED, Code.UNAVAILABLE])
def test_e3_retry_after(responder: Responder, code: Code) -> None:
    """E3: 429 and 503 say when to come back: the gateway's word, the upstream's, or soon."""
    soon = CallError(code, "busy", origin=Origin.UPSTREAM)
    assert fail(responder, soon)[0].headers["Retry-After"] == "1"
    own = CallError(code, "busy", origin=Origin.GATEWAY, retry_after_s=2.25)
    response, body = fail(responder, own)
    assert response.headers["Retry-After"] == "3"
    assert details(body)["RetryInfo"] == {"retryDelay": "2.250s"}
    packed = AnyMessage()
    packed.Pack(RetryInfo(retry_delay=Duration(seconds=7)))
    theirs = CallError(code, "busy", origin=Origin.UPSTREAM, details=[packed], retry_after_s=9)
    response, body = fail(responder, theirs)
    assert response.headers["Retry-After"] == "7"
    assert [detail["@type"] for detail in body["details"]].count("type.googleapis.com/google.rpc.RetryInfo") == 1


def test_e3_a_broken_retry_detail_changes_nothing() -> None:
    """E3: an upstream's unreadable RetryInfo is passed over."""
    broken = AnyMessage(type_url="type.googleapis.com/google.rpc.RetryInfo", value=b"\xff")
    error = CallError(Code.UNAVAILABLE, "busy", origin=Origin.UPSTREAM, details=[broken])
    response = Responder(lambda _: b"{}").error(None, error, make_mocked_request("GET", "/"))
    assert response.headers["Retry-After"] == "1"


def test_errors_carry_what_policies_added(responder: Responder) -> None:
    """A limit's headers are on the refusal as well; the error's own headers win."""
    call = make_call()
    call.response_headers.update({"RateLimit": "r=0", "Allow": "x"})
    error = CallError(Code.UNIMPLEMENTED, "no", origin=Origin.DOWNSTREAM, http_status=405, headers={"Allow": "GET"})
    response, _ = fail(responder, error, call)
    assert (response.headers["RateLimit"], response.headers["Allow"]) == ("r=0", "GET")


def test_an_error_without_a_call_keeps_the_callers_request_id(responder: Responder) -> None:
    """Refusals before a call exists are found by the same id."""
    response, _ = fail(responder, bad_request([Fault(field="", description="no")]), X_Request_Id="abc")
    assert response.headers["X-Request-Id"] == "abc"


def test_h3_success(responder: Responder) -> None:
    """H3: status, Location, ETag and Cache-Control come from the policy and the response's fields."""
    plan = build_success(
        Success(status=201, location="/v1/{name}/x/{a.b}", etag_field="etag", cache_control="private, max-age=5")
    )
    assert plan.fields == ("name", "a.b", "etag")
    call = make_call(binding=make_binding())
    call.response_headers["RateLimit"] = "r=1"
    texts = {"name": "books/é 1", "a.b": "?#%\r\n", "etag": "v1"}
    response = responder.success(call, b"{}", plan=plan, texts=texts)
    assert response.status == 201
    assert response.headers["Location"] == "/v1/books/%C3%A9%201/x/%3F%23%25%0D%0A"
    assert response.headers["ETag"] == '"v1"'
    assert response.headers["Cache-Control"] == "private, max-age=5"
    assert response.headers["RateLimit"] == "r=1"
    assert response.headers["X-Request-Id"] == call.request_id
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.content_type == "application/json"
    assert response.body == b"{}"


def test_h3_fields_without_text_leave_their_header_out(responder: Responder) -> None:
    """H3: a half Location helps nobody."""
    plan = build_success(Success(location="/v1/{name}", etag_field="etag"))
    headers = responder.success(make_call(), b"{}", plan=plan, texts={"name": "", "etag": "a\nb"}).headers
    assert "Location" not in headers
    assert "ETag" not in headers


@pytest.mark.parametrize("text", ['"v1"', 'W/"v1"'])
def test_h3_entity_tags_are_not_quoted_twice(responder: Responder, text: str) -> None:
    """H3: an upstream that makes whole entity tags is left alone."""
    plan = build_success(Success(etag_field="etag"))
    assert responder.success(make_call(), b"{}", plan=plan, texts={"etag": text}).headers["ETag"] == text


@pytest.mark.parametrize(
    ("success", "message"),
    [
        (Success(status=404), "404"),
        (Success(status=0), "0"),
        (Success(location="/v1/{name"), "malformed Location"),
        (Success(location="/v1/{}"), "malformed Location"),
        (Success(location="/v1/\n"), "control character"),
        (Success(cache_control="a\r\nb: c"), "control character"),
    ],
)
def test_h3_success_policies_are_checked_at_start(success: Success, message: str) -> None:
    """H3: what cannot be kept is refused before the first request."""
    with pytest.raises(ValueError, match=message):
        build_success(success)


async def test_h3_204_and_head_have_no_body(serve: Serve) -> None:
    """H3, R2: 204 has neither body nor content type; HEAD has GET's headers only; the connection stays clean."""
    responder = Responder(encode)

    async def handler(request: web.Request) -> web.StreamResponse:
        call = make_call(request)
        if request.path == "/error":
            raise CallError(Code.NOT_FOUND, "no", origin=Origin.UPSTREAM)
        plan = build_success(Success(status=204 if request.path == "/empty" else 200))
        return responder.success(call, b'{"a":1}', plan=plan)

    wire = await (await serve(handler)).connect()
    empty = await wire.get("/empty")
    assert (empty.status, "Content-Type" in empty.headers, "Content-Length" in empty.headers) == (204, False, False)
    full, head = await wire.get("/"), await wire.get("/", method="HEAD")
    assert (head.status, head.headers["Content-Length"], full.body) == (200, "7", b'{"a":1}')
    assert (await wire.get("/error", method="HEAD")).status == 404
    assert (await wire.get("/error")).json["code"] == 5

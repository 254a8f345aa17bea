"""What a page of another origin may ask, send and read: CORS, as a browser enforces it."""

from __future__ import annotations

import uuid

from browser.chromium import Browser, eventually
from browser.pages import Site
from browser.product import visit
from e2e.stack import Gateway

# Asks as a page does; what it may read of the answer.
ASK = """
    const [path, { json, ...options }] = args;
    const body = json ? JSON.stringify(json) : undefined;
    try {
        const answer = await fetch(`${api}/${path}`, { ...options, body });
        return { status: answer.status, headers: Object.fromEntries(answer.headers), body: await answer.text() };
    } catch (error) {
        return { error: error.name };
    }
"""
JSON = {"Content-Type": "application/json"}


def test_json_with_a_token(browser: Browser, site: Site, served: Gateway) -> None:
    """H3, R2: a page of a listed origin creates, changes and deletes; it reads every header that tells it more."""
    visit(browser, site, served.address)
    sign_in = {"Authorization": f"Bearer {browser.run('return token')}"}
    sent = {"X-Request-Id": uuid.uuid4().hex, "traceparent": f"00-{'a' * 32}-{'b' * 16}-01"}
    new = {"method": "POST", "headers": JSON | sign_in | sent, "json": {"name": "from a page"}}
    made = browser.run(ASK, "workflows", new)
    assert made["status"] == 201, made
    assert made["headers"]["x-request-id"] == sent["X-Request-Id"]
    assert {"location", "etag", "ratelimit", "ratelimit-policy", "content-type"} <= set(made["headers"])
    path = made["headers"]["location"].removeprefix("/api/v1/")
    patched = browser.run(ASK, path, {"method": "PATCH", "headers": JSON | sign_in, "json": {"name": "again"}})
    assert patched["status"] == 200, patched
    assert browser.run(ASK, path, {"method": "DELETE", "headers": sign_in})["status"] == 204


def test_refusals_can_be_read(browser: Browser, site: Site, served: Gateway) -> None:
    """E1, E3: why a page was refused is told to it: the body, and the headers that say what to do about it."""
    visit(browser, site, served.address)
    refused = browser.run(ASK, "workflows", {})
    assert refused["status"] == 401
    assert "Bearer" in refused["headers"]["www-authenticate"]
    assert '"code":16' in refused["body"].replace(" ", "")
    assert browser.run(ASK, "nowhere", {})["status"] == 404
    answers = [browser.run(ASK, "public/validation/rules", {}) for _ in range(2)]
    assert [answer["status"] for answer in answers] == [200, 429]
    assert int(answers[1]["headers"]["retry-after"]) > 0


def test_a_header_that_is_not_listed(browser: Browser, site: Site, served: Gateway) -> None:
    """A header that pages may not send keeps the browser from sending the request at all."""
    visit(browser, site, served.address)
    named = {"X-Request-Id": uuid.uuid4().hex}
    assert browser.run(ASK, "public/status", {"headers": named | {"X-Other": "1"}}) == {"error": "TypeError"}
    assert not was_asked(served, named["X-Request-Id"])


def test_another_origin(browser: Browser, site: Site, served: Gateway) -> None:
    """A page of an origin that is not listed reads nothing, and its JSON is not even sent."""
    visit(browser, site, served.address)
    token = browser.run("return token")
    origin = site.origin.replace("127.0.0.1", "localhost")
    browser.open(f"{origin}/?api={served.address}/api/v1")
    named = {"X-Request-Id": uuid.uuid4().hex}
    headers = JSON | named | {"Authorization": f"Bearer {token}"}
    assert browser.run(ASK, "public/status", {}) == {"error": "TypeError"}
    post = {"method": "POST", "headers": headers, "json": {"name": "of a stranger"}}
    assert browser.run(ASK, "workflows", post) == {"error": "TypeError"}
    assert any("blocked by CORS policy" in line for line in browser.console())
    assert not was_asked(served, named["X-Request-Id"])


def was_asked(served: Gateway, request_id: str) -> bool:
    """Whether a call of that id was made, as far as the log has it when it has the call that is made now."""
    last = served.connect().send("GET", "/api/v1/public/status").headers["x-request-id"]
    eventually(lambda: last in served.log.read_text("utf-8"), "the log is written")
    return request_id in served.log.read_text("utf-8")

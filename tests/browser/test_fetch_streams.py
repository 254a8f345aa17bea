"""NDJSON as a page reads it with `fetch`: message by message, until it has enough, and to the error that ends it."""

from __future__ import annotations

import signal
import uuid
from typing import Any

from browser.chromium import Browser, eventually
from browser.pages import Site
from browser.product import Lives, calls, run, visit
from e2e.stack import Connection, Gateway, token

# Leaves what arrives in `pieces`; how it ended in `outcome`.
READ = """
    const [session, workflow] = args;
    window.pieces = []; window.outcome = null; window.stop = new AbortController();
    const options = { method: "POST", json: { text: `run ${workflow}` }, signal: stop.signal };
    (async () => {
        for await (const piece of messages(`sessions/${session}/messages`, options)) pieces.push(piece);
    })().then(() => { outcome = "end"; }, (error) => { outcome = error instanceof Error ? error.name : error; });
"""


def conversation(connection: Connection, site: Site, gate: str) -> tuple[str, str]:
    """A new session, and a workflow that waits at a gate."""
    execution = run(connection, site, gate)
    workflow = connection.send("GET", f"/api/v1/executions/{execution}", token=token()).json()["workflowId"]
    made = connection.send("POST", "/api/v1/sessions", {"title": "in a browser"}, token=token())
    return made.json()["id"], workflow


def said(connection: Connection, session: str) -> list[dict[str, Any]]:
    """The messages that the engine has kept of a session."""
    answer = connection.send("GET", f"/api/v1/sessions/{session}", token=token())
    found: list[dict[str, Any]] = answer.json().get("recentMessages", [])
    return found


def test_messages_arrive_one_by_one(browser: Browser, site: Site, served: Gateway) -> None:
    """S1: the first messages of a reply are in the page while the rest of it cannot even have been made."""
    gate = uuid.uuid4().hex[:8]
    session, workflow = conversation(served.connect(), site, gate)
    visit(browser, site, served.address)
    browser.run(READ, session, workflow)
    browser.until("pieces.length >= 2")
    early = browser.run("return [pieces.map((piece) => piece.type), outcome]")
    assert early[0][0] == "TYPE_EXECUTION"
    assert "TYPE_COMPLETE" not in early[0]
    assert early[1] is None
    site.open_gate(gate)
    assert browser.until("outcome") == "end"
    pieces = browser.run("return pieces")
    assert [piece["sequence"] for piece in pieces] == [str(number) for number in range(1, len(pieces) + 1)]
    assert pieces[-1]["type"] == "TYPE_COMPLETE"
    assert pieces[-1]["message"]["text"] == "".join(piece.get("text", "") for piece in pieces)


def test_abort_cancels_the_call(browser: Browser, site: Site, served: Gateway) -> None:
    """S5: a page that aborts ends the call in the engine too: the reply that nobody waited for is not kept."""
    gate = uuid.uuid4().hex[:8]
    connection = served.connect()
    session, workflow = conversation(connection, site, gate)
    visit(browser, site, served.address)
    before = len(calls(served.log, "SendMessage"))
    browser.run(READ, session, workflow)
    browser.until("pieces.length >= 2")
    browser.run("stop.abort()")
    assert browser.until("outcome") == "AbortError"
    eventually(lambda: len(calls(served.log, "SendMessage")) == before + 1, "the call is over")
    assert calls(served.log, "SendMessage")[-1]["code"] == "CANCELLED"
    site.open_gate(gate)
    execution = browser.run("return pieces[0].executionId")
    path = f"/api/v1/executions/{execution}"
    eventually(
        lambda: connection.send("GET", path, token=token()).json()["state"] == "STATE_SUCCEEDED",
        "what the message started goes on",
    )
    assert [message["role"] for message in said(connection, session)] == ["ROLE_USER"]


def test_an_error_in_band(browser: Browser, site: Site, lives: Lives) -> None:
    """S3: what ends a stream behind its first message is a last line, which the page takes for the error that it is."""
    gate = uuid.uuid4().hex[:8]
    session, workflow = conversation(lives.now.connect(), site, gate)
    visit(browser, site, lives.address)
    browser.run(READ, session, workflow)
    browser.until("pieces.length >= 2")
    lives.end(signal.SIGTERM)
    outcome = browser.until("outcome")
    assert (outcome["@type"], outcome["code"]) == ("type.googleapis.com/google.rpc.Status", 14)
    site.open_gate(gate)


def test_an_early_error(browser: Browser, site: Site, served: Gateway) -> None:
    """S2, E1: what fails before the first message is an HTTP error, whose whole body the page can read."""
    visit(browser, site, served.address)
    browser.run(READ, "none", "none")
    outcome = browser.until("outcome")
    assert outcome["code"] == 5
    assert "@type" not in outcome

"""The gateway's own documentation page, in the browser that its readers have."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

import transom_routes
from browser.chromium import Browser
from browser.pages import Site
from browser.product import run
from e2e.stack import Gateway, token


def test_it_lists_every_route_offline(browser: Browser, served: Gateway) -> None:
    """The page loads under its own security policy, from nowhere else, without a word in the console, and has a card
    for every route, each of which can be opened.
    """
    browser.open(f"{served.address}/docs")
    browser.until("document.querySelector('.operation')")
    shown = browser.run(
        "return [...document.querySelectorAll('.operation summary .path')].map((path) => path.textContent)"
    )
    assert sorted(shown) == sorted(route.binding.template for route in transom_routes.ROUTES)
    browser.run("for (const card of document.querySelectorAll('.operation')) card.open = true")
    browser.until("[...document.querySelectorAll('.operation')].every((card) => card.querySelector('.body'))")
    loaded = browser.run("return performance.getEntriesByType('resource').map((entry) => new URL(entry.name).origin)")
    assert set(loaded) == {served.address}
    assert browser.console() == []


def test_a_search(browser: Browser, served: Gateway) -> None:
    """Words of the search leave the routes that have all of them."""
    browser.open(f"{served.address}/docs")
    browser.until("document.querySelector('.operation')")
    browser.type_into("#search", "workflow execute")
    shown = "[...document.querySelectorAll('.operation')].filter((card) => !card.hidden).map((card) => card.id)"
    browser.until("document.querySelector('.operation[hidden]')")
    assert browser.run(f"return {shown}") == ["workflow.v1.WorkflowService.ExecuteWorkflow"]


def card(browser: Browser, served: Gateway, rpc: str) -> str:
    """Open the page and a card of it, with a token typed in; the selector of its form."""
    browser.open(f"{served.address}/docs")
    browser.until("document.querySelector('.operation')")
    browser.type_into("#token", token())
    browser.run("document.getElementById(args[0]).open = true", rpc)
    form = f"[id='{rpc}'] form"
    browser.until("document.querySelector(args[0])", form)
    return form


def answer(browser: Browser, form: str) -> Any:
    """Send a card's form; the status and the text of its answer, once that is whole."""
    browser.click(f"{form} button[type=submit]")
    browser.until("document.querySelector(`${args[0]} button[type=submit]:enabled`)", form)
    browser.until("document.querySelector(`${args[0]} ~ .answer .status`)", form)
    script = """
        const answer = document.querySelector(`${args[0]} ~ .answer`);
        return [answer.querySelector(".status").textContent, answer.querySelector(".copyable pre").textContent];
    """
    return browser.run(script, form)


def test_a_request_of_the_page(browser: Browser, served: Gateway) -> None:
    """What is typed into a card is sent, and its answer shown."""
    form = card(browser, served, "workflow.v1.WorkflowService.ListWorkflows")
    browser.type_into(f"{form} input[aria-label$=' page_size'], {form} input[aria-label$=' pageSize']", "1")
    status, text = answer(browser, form)
    assert status == "200 OK"
    assert "workflows" in text or text == "{}"
    assert browser.console() == []


def test_a_stream_of_the_page(browser: Browser, site: Site, served: Gateway) -> None:
    """A stream is shown as it arrives, for as long as its reader wants."""
    execution = run(served.connect(), site, uuid.uuid4().hex[:8])
    form = card(browser, served, "workflow.v1.ExecutionService.WatchExecution")
    browser.type_into(f"{form} input[aria-label$=' execution_id']", execution)
    browser.click(f"{form} button[type=submit]")
    shown = "document.querySelector(`${args[0]} ~ .answer`).textContent"
    browser.until(f"{shown}.includes('TYPE_NODE_STARTED')", form)
    browser.click(f"{form} button[type=button]")
    browser.until(f"{shown}.includes('stopped after')", form)


def test_an_upload_of_the_page(browser: Browser, site: Site, served: Gateway, tmp_path: Path) -> None:
    """A file that is chosen in a card is uploaded, under its type and the name that was typed in."""
    note = tmp_path / "note.txt"
    note.write_text("from the docs page", "utf-8")
    form = card(browser, served, "workflow.v1.FileService.UploadFile")
    browser.type_into(f"{form} input[aria-label$=' filename']", "note.txt")
    browser.type_into(f"{form} input[type=file]", str(note))
    status, text = answer(browser, form)
    assert status == "201 Created", text
    assert '"contentType": "text/plain"' in text
    assert '"sizeBytes": "18"' in text

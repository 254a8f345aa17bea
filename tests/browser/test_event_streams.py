"""Server-sent events as a browser hears them: in order, to their end, and whatever becomes of the gateway."""

from __future__ import annotations

import signal
import uuid
from typing import Any

import pytest

from browser.chromium import Browser
from browser.pages import Site
from browser.product import Lives, calls, run, visit
from e2e.stack import Gateway

TYPES = ["CREATED", "STARTED", "NODE_STARTED", "NODE_SUCCEEDED", "SUCCEEDED"]
WHOLE = ["CREATED", "STARTED", *["NODE_STARTED", "NODE_SUCCEEDED"] * 4, "SUCCEEDED"]
"""The events of an execution with two gates between its two other nodes."""
# What a page writes by itself: nothing but the browser's own EventSource.
SOURCE = """
    const [execution, types, query] = args;
    window.seen = []; window.errors = []; window.opens = 0; window.ends = 0;
    window.source = new EventSource(`${api}/executions/${execution}/events${query}`);
    const heard = (event) => seen.push([event.lastEventId, event.type, JSON.parse(event.data).sequence]);
    for (const type of types) source.addEventListener(type, heard);
    source.onopen = () => { opens += 1; };
    source.onerror = (event) => errors.push(event.data ? JSON.parse(event.data).error : null);
    source.addEventListener("end", () => { ends += 1; source.close(); });
"""
WATCH = """
    const [execution, types] = args;
    window.seen = []; window.ended = false;
    const heard = (event) => seen.push([event.lastEventId, event.type, JSON.parse(event.data).sequence]);
    watch(execution, types, heard).then(() => { ended = true; }, (error) => { ended = error; });
"""


def names(types: list[str]) -> list[str]:
    return [f"TYPE_{name}" for name in types]


def gates() -> tuple[str, str]:
    """Two gates that no other test knows."""
    name = uuid.uuid4().hex[:8]
    return f"one-{name}", f"two-{name}"


def everything() -> list[list[str]]:
    return [[str(number), name, str(number)] for number, name in enumerate(names(WHOLE), start=1)]


def seen(browser: Browser) -> Any:
    return browser.run("return seen")


def test_all_events_in_order(browser: Browser, site: Site, opened: Gateway) -> None:
    """S4: an EventSource hears every event under its name and id, as it happens, and `end` once, after the last."""
    first, second = gates()
    execution = run(opened.connect(), site, first, second)
    visit(browser, site, opened.address)
    browser.run(SOURCE, execution, names(TYPES), "")
    browser.until("seen.length === 5")
    site.open_gate(first)
    browser.until("seen.length === 7")
    site.open_gate(second)
    browser.until("ends")
    assert seen(browser) == everything()
    assert browser.run("return [ends, opens, errors, source.readyState]") == [1, 1, [], 2]


def test_a_place_to_begin(browser: Browser, site: Site, opened: Gateway) -> None:
    """S4: a page that knows events already names the last one as a parameter, and hears those after it."""
    execution = run(opened.connect(), site)
    visit(browser, site, opened.address)
    browser.run(SOURCE, execution, names(TYPES), "?after_sequence=4")
    browser.until("ends")
    assert [event[0] for event in seen(browser)] == ["5", "6", "7"]


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_a_public_stream_goes_on_by_itself(
    browser: Browser, site: Site, open_lives: Lives, how: signal.Signals
) -> None:
    """S4: the gateway ends in mid-stream and starts again; the EventSource comes back with `Last-Event-ID`, and has
    heard every event once, those that happened meanwhile too. A gateway that drains says so first, in band (S3).
    """
    first, second = gates()
    execution = run(open_lives.now.connect(), site, first, second)
    visit(browser, site, open_lives.address)
    browser.run(SOURCE, execution, names(TYPES), "")
    browser.until("seen.length === 5")
    open_lives.end(how)
    site.open_gate(first)
    browser.until("errors.length")
    open_lives.start()
    browser.until("seen.length === 7")
    site.open_gate(second)
    browser.until("ends")
    assert seen(browser) == everything()
    assert browser.run("return [ends, opens]") == [1, 2]
    told = [error for error in browser.run("return errors") if error]
    assert [error["code"] for error in told] == ([14] if how is signal.SIGTERM else [])
    assert all("DRAINING" in str(error["details"]) for error in told)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_a_user_s_stream_goes_on_with_new_tickets(
    browser: Browser, site: Site, lives: Lives, how: signal.Signals
) -> None:
    """S4: on a route for users the page's own lines fetch a new ticket and name the last id; nothing is lost either."""
    first, second = gates()
    execution = run(lives.now.connect(), site, first, second)
    visit(browser, site, lives.address)
    browser.run(WATCH, execution, names(TYPES))
    browser.until("seen.length === 5")
    lives.end(how)
    site.open_gate(first)
    lives.start()
    browser.until("seen.length === 7")
    site.open_gate(second)
    assert browser.until("ended") is True
    assert seen(browser) == everything()
    assert "access_token" not in lives.now.log.read_text("utf-8")


def test_a_ticket_does_not_come_back(browser: Browser, site: Site, lives: Lives) -> None:
    """A ticket opens one stream: when the browser comes back with it by itself it is refused, and closes for good."""
    first, second = gates()
    execution = run(lives.now.connect(), site, first, second)
    visit(browser, site, lives.address)
    browser.run(SOURCE, execution, names(TYPES), f"?access_token={browser.run('return await ticket()')}")
    browser.until("seen.length === 5")
    lives.end(signal.SIGKILL)
    lives.start()
    browser.until("source.readyState === EventSource.CLOSED")
    assert browser.run("return [seen.length, opens, ends]") == [5, 1, 0]
    assert [call["code"] for call in calls(lives.now.log, "WatchExecution")] == ["UNAUTHENTICATED"]
    site.open_gate(first)
    site.open_gate(second)


def test_what_stays_wrong_is_told(browser: Browser, site: Site, served: Gateway) -> None:
    """S2: a stream of what is not there is refused before it begins, and the page's lines find out why."""
    visit(browser, site, served.address)
    browser.run(WATCH, "none", names(TYPES))
    assert browser.until("ended")["code"] == 5


def test_another_origin_hears_nothing(browser: Browser, site: Site, opened: Gateway) -> None:
    """A page of an origin that is not listed hears nothing of a stream, not even why it failed."""
    execution = run(opened.connect(), site)
    visit(browser, site, opened.address)
    browser.open(site.origin.replace("127.0.0.1", "localhost") + f"/?api={opened.address}/api/v1")
    browser.run(SOURCE, execution, names(TYPES), "")
    browser.until("source.readyState === EventSource.CLOSED")
    assert browser.run("return [seen, opens, errors]") == [[], 0, [None]]

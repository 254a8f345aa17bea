"""A WebSocket as a browser opens it: a console on an execution, with a ticket, from a page of another origin."""

from __future__ import annotations

import signal
import uuid

import pytest

from browser.chromium import Browser, eventually
from browser.pages import Site
from browser.product import Lives, calls, run, visit
from e2e.stack import Gateway

# Leaves what the console says in `seen`, how it closed in `closes`.
OPEN = """
    window.seen = []; window.closes = [];
    window.opened = await openConsole(args[0], (message) => seen.push(message), (...close) => closes.push(close));
"""


def waiting(gateway: Gateway, site: Site) -> str:
    """An execution that waits at a gate that nobody opens before its console cancels it, or the end."""
    return run(gateway.connect(), site, uuid.uuid4().hex[:8])


def test_commands_and_events(browser: Browser, site: Site, served: Gateway) -> None:
    """S8: commands go in and are answered while events come in beside them; the empty frame ends it well, with 1000."""
    execution = waiting(served, site)
    visit(browser, site, served.address)
    browser.run(OPEN, execution)
    browser.run("opened.say({ command: 'COMMAND_STATUS' })")
    browser.until("seen.length === 1")
    browser.run("opened.say({ command: 'COMMAND_WATCH', afterSequence: '1' })")
    browser.until("seen.length === 5")
    browser.run("opened.say({ command: 'COMMAND_CANCEL' }); opened.end()")
    assert browser.until("closes.length && closes[0]") == [1000, ""]
    status, *rest = browser.run("return seen")
    assert status["execution"]["state"] in {"STATE_PENDING", "STATE_RUNNING"}
    events = [message["event"]["sequence"] for message in rest if "event" in message]
    assert events == [str(number) for number in range(2, 2 + len(events))]
    assert [message["execution"]["state"] for message in rest if "execution" in message] == ["STATE_CANCELLED"]


def test_a_faulty_command(browser: Browser, site: Site, served: Gateway) -> None:
    """S8, E1: what is no message is answered with an error that names its place, and close 4003; JS sees both."""
    visit(browser, site, served.address)
    browser.run(OPEN, waiting(served, site))
    browser.run("opened.say({ command: 'COMMAND_DANCE' })")
    code, reason = browser.until("closes.length && closes[0]")
    assert code == 4003
    assert "COMMAND_DANCE" in reason
    error = browser.run("return seen.at(-1).error")
    assert (error["@type"], error["code"]) == ("type.googleapis.com/google.rpc.Status", 3)
    assert "/0/command" in str(error["details"])


def test_what_the_engine_refuses(browser: Browser, site: Site, served: Gateway) -> None:
    """S8: the engine's own refusal reaches the page, its code in the close frame."""
    visit(browser, site, served.address)
    browser.run(OPEN, "none")
    browser.run("opened.say({ command: 'COMMAND_STATUS' })")
    assert browser.until("closes.length && closes[0]")[0] == 4005
    assert browser.run("return seen.at(-1).error.code") == 5


def test_a_page_that_leaves(browser: Browser, site: Site, served: Gateway) -> None:
    """S5, S8: a page that goes away ends the call: nothing is left open behind it."""
    visit(browser, site, served.address)
    before = len(calls(served.log, "OpenConsole"))
    browser.run(OPEN, waiting(served, site))
    browser.run("opened.say({ command: 'COMMAND_WATCH' })")
    browser.until("seen.length >= 1")
    browser.open("about:blank")
    eventually_ended(served, before + 1)
    assert calls(served.log, "OpenConsole")[-1]["code"] == "CANCELLED"


def test_draining(browser: Browser, site: Site, lives: Lives) -> None:
    """S8: a gateway that ends says so in band, and closes with 4014: another one may be asked."""
    visit(browser, site, lives.address)
    browser.run(OPEN, waiting(lives.now, site))
    browser.run("opened.say({ command: 'COMMAND_STATUS' })")
    browser.until("seen.length === 1")
    lives.end(signal.SIGTERM)
    code, reason = browser.until("closes.length && closes[0]")
    assert (code, reason) == (4014, "the gateway is shutting down")
    assert "DRAINING" in str(browser.run("return seen.at(-1).error.details"))


@pytest.mark.parametrize("whose", ["listed", "the gateway's own", "another"])
def test_origins(browser: Browser, site: Site, served: Gateway, whose: str) -> None:
    """S8: a WebSocket opens from a page of the gateway's own origin or of a listed one, and from no other, though its
    ticket is good.
    """
    execution = waiting(served, site)
    visit(browser, site, served.address)
    address = f"{served.address.replace('http', 'ws')}/api/v1/executions/{execution}/console"
    address += f"?access_token={browser.run('return await ticket()')}"
    another = site.origin.replace("127.0.0.1", "localhost")
    browser.open({"listed": site.origin, "another": another}.get(whose, f"{served.address}/docs"))
    before = len(calls(served.log, "OpenConsole"))
    script = """
        const socket = new WebSocket(args[0], "transom.v1.json");
        const event = await new Promise((done) => { socket.onopen = socket.onclose = done; });
        socket.close();
        return [event.type, event.code ?? 0];
    """
    ended = browser.run(script, address)
    eventually_ended(served, before + 1)
    code = calls(served.log, "OpenConsole")[-1]["code"]
    expected = (["close", 1006], "PERMISSION_DENIED") if whose == "another" else (["open", 0], "CANCELLED")
    assert (ended, code) == expected


def eventually_ended(gateway: Gateway, number: int) -> None:
    """Wait until so many consoles have ended."""
    eventually(lambda: len(calls(gateway.log, "OpenConsole")) >= number, "the console has ended")

"""A real browser, spoken to in the WebDriver protocol (W3C): Chromium by way of chromedriver, both Debian's."""

from __future__ import annotations

import base64
import contextlib
import http.client
import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

CHROMIUM: Final = shutil.which("chromium")
CHROMEDRIVER: Final = shutil.which("chromedriver")
MISSING: Final = "no chromium and chromedriver are installed; on Debian: apt-get install --yes chromium chromium-driver"
SCRIPT_TIMEOUT_S: Final = 30
# The name server knows nobody but this machine: what a page loads from elsewhere fails, and shows in its console.
_OFFLINE: Final = "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost"
_ELEMENT: Final = "element-6066-11e4-a52e-4f735466cecf"
"""The key of element references (WebDriver, 11.3)."""


class WebDriverError(Exception):
    """What chromedriver, or a script in the page, has to complain of."""


@contextlib.contextmanager
def chromium(folder: Path) -> Iterator[Browser]:
    """A running browser with a profile of its own under `folder`; what it downloads goes to `folder/downloads`."""
    downloads = folder / "downloads"
    downloads.mkdir(parents=True)
    with _driver(folder / "chromedriver.log") as port:
        session = _send(port, "POST", "/session", {"capabilities": {"alwaysMatch": _capabilities(folder, downloads)}})
        browser = Browser(port, session["sessionId"], session["capabilities"]["browserVersion"], downloads)
        try:
            yield browser
        finally:
            with contextlib.suppress(WebDriverError, OSError):
                browser.command("DELETE", "")


def _capabilities(folder: Path, downloads: Path) -> dict[str, Any]:
    switches = [
        "--headless",
        "--no-sandbox",  # which root cannot have
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--disable-breakpad",
        "--disable-back-forward-cache",  # a page that was left is gone, with its connections
        f"--host-resolver-rules={_OFFLINE}",
        f"--user-data-dir={folder / 'profile'}",
    ]
    preferences = {"download.default_directory": str(downloads), "download.prompt_for_download": False}
    return {
        "browserName": "chrome",
        "goog:chromeOptions": {"binary": CHROMIUM, "args": switches, "prefs": preferences},
        "goog:loggingPrefs": {"browser": "INFO"},
        "timeouts": {"script": SCRIPT_TIMEOUT_S * 1000, "pageLoad": SCRIPT_TIMEOUT_S * 1000},
    }


@contextlib.contextmanager
def _driver(log: Path) -> Iterator[int]:
    """A running chromedriver; its port. It ends with all that it started."""
    assert CHROMEDRIVER is not None, MISSING
    command = [CHROMEDRIVER, "--port=0", f"--log-path={log}"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True)
    try:
        assert process.stdout is not None
        told = next((line for line in process.stdout if b"successfully on port" in line), b"")
        assert told, f"chromedriver did not start: see {log}"
        yield int(told.split()[-1].rstrip(b"."))
    finally:
        process.terminate()
        process.wait(timeout=30)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        assert process.stdout is not None
        process.stdout.close()


def _send(port: int, method: str, path: str, body: Any = None) -> Any:
    """A command of the protocol; the value of its answer. Raises WebDriverError."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=SCRIPT_TIMEOUT_S * 2)
    with contextlib.closing(connection):
        headers = {"Content-Type": "application/json"}
        connection.request(method, path, json.dumps(body or {}) if method == "POST" else None, headers)
        response = connection.getresponse()
        value = json.loads(response.read())["value"]
    if response.status != 200:
        raise WebDriverError(f"{value['error']}: {value['message'].splitlines()[0]}")
    return value


class Browser:
    """A browser with one window."""

    def __init__(self, port: int, session: str, version: str, downloads: Path) -> None:
        self.version = version
        self.downloads = downloads
        self._port = port
        self._session = session

    def command(self, method: str, path: str, body: Any = None) -> Any:
        """A command of the protocol to this browser."""
        return _send(self._port, method, f"/session/{self._session}{path}", body)

    def open(self, url: str) -> None:
        """Go to a page, and wait until it is loaded."""
        self.command("POST", "/url", {"url": url})

    def run(self, script: str, *arguments: Any) -> Any:
        """Run the body of an async function in the page, with `arguments`; what it returns."""
        script = f"return (async (...args) => {{ {script} }})(...arguments)"
        return self.command("POST", "/execute/sync", {"script": script, "args": list(arguments)})

    def until(self, condition: str, *arguments: Any) -> Any:
        """Wait in the page until an expression is true; its value. Raises WebDriverError where that takes too long."""
        again = "await new Promise((done) => setTimeout(done, 10))"
        script = f"for (let found; ; {again}) if (found = {condition}) return found;"
        return self.run(script, *arguments)

    def find(self, selector: str) -> str:
        """The element that a CSS selector names."""
        found: str = self.command("POST", "/element", {"using": "css selector", "value": selector})[_ELEMENT]
        return found

    def click(self, selector: str) -> None:
        """Click an element, as a person does."""
        self.command("POST", f"/element/{self.find(selector)}/click")

    def type_into(self, selector: str, text: str) -> None:
        """Type into an element; into a file input, the path of a file."""
        self.command("POST", f"/element/{self.find(selector)}/value", {"text": text})

    def console(self) -> list[str]:
        """What the console has said since the last time it was asked, failed loads included."""
        return [
            f"{entry['level']} {entry['message']}" for entry in self.command("POST", "/se/log", {"type": "browser"})
        ]

    def screenshot(self, file: Path) -> None:
        """Keep a picture of the page."""
        file.write_bytes(base64.b64decode(self.command("GET", "/screenshot")))

    def downloaded(self, name: str) -> Path:
        """The file of that name in the download folder, once it is whole."""
        file = self.downloads / name
        eventually(lambda: file.exists() and not list(self.downloads.glob("*.crdownload")), f"{name} is downloaded")
        return file


def eventually(condition: Callable[[], bool], what: str, *, within_s: float = 15.0) -> None:
    """Return when a condition of another process holds. Raises TimeoutError."""
    until = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > until:
            raise TimeoutError(f"not within {within_s:g} s: {what}")
        time.sleep(0.01)

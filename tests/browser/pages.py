"""Where the pages come from: a site of another origin than the gateway's, and gates at which workflows wait.

Its page runs the code of docs/browsers.md as it stands there.
"""

from __future__ import annotations

import contextlib
import re
import threading
from collections import defaultdict
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final

DOCUMENT: Final = Path(__file__).parents[2] / "docs" / "browsers.md"
PAGE: Final = b"""<!doctype html>
<meta charset="utf-8"><title>a page of another origin</title><link rel="icon" href="data:,">
<script>
  const told = new URLSearchParams(location.search);
  const api = told.get("api"), token = told.get("token");
</script>
<script src="/browsers.js"></script>
"""
GATE_TIMEOUT_S: Final = 25.0


class Site:
    """The site. Gates open when they are told to, whether somebody waits there already or not."""

    def __init__(self) -> None:
        self._gates: defaultdict[str, threading.Event] = defaultdict(threading.Event)
        site = self

        class Handler(BaseHTTPRequestHandler):
            """Answers for `site`."""

            def do_GET(self) -> None:
                content_type, content = site.content(self.path)
                self.send_response(200)
                self.send_header("Content-Type", content_type)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                with contextlib.suppress(ConnectionError):
                    self.wfile.write(content)

            def log_message(self, *_: object) -> None:
                """Nothing is logged."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.origin = f"http://127.0.0.1:{self.server.server_port}"

    def open_gate(self, name: str) -> None:
        """Let whoever waits at a gate go on."""
        self._gates[name].set()

    def content(self, path: str) -> tuple[str, bytes]:
        """What is at a path, with its type; behind a gate nothing, once it is open."""
        if path == "/browsers.js":
            return "text/javascript", javascript(DOCUMENT.read_text("utf-8")).encode()
        if path.startswith("/gate/"):
            self._gates[path.removeprefix("/gate/")].wait(GATE_TIMEOUT_S)
            return "text/plain", b""
        return "text/html", PAGE


def javascript(document: str) -> str:
    """The code of a document, all of it in a piece."""
    return "\n".join(re.findall(r"^```js\n(.*?)^```", document, re.MULTILINE | re.DOTALL))


@contextlib.contextmanager
def serving_pages() -> Iterator[Site]:
    """A running site."""
    site = Site()
    thread = threading.Thread(target=site.server.serve_forever, daemon=True)
    thread.start()
    try:
        yield site
    finally:
        site.server.shutdown()
        site.server.server_close()
        thread.join(timeout=30)

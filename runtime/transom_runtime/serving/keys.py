"""What a request carries along, by aiohttp's typed keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aiohttp import web

from transom_runtime.call import Call
from transom_runtime.downstream.framing import Framing
from transom_runtime.downstream.websocket import Socket
from transom_runtime.serving.sought import Sought
from transom_runtime.serving.time_limit import TimeLimit

if TYPE_CHECKING:
    from transom_runtime.serving.endpoint import Endpoint

CALL: Final = web.RequestKey("transom_call", Call)
"""The call that the request became."""
ENDPOINT: Final[web.RequestKey[Endpoint]] = web.RequestKey("transom_endpoint")
"""The endpoint that serves it."""
LIMIT: Final = web.RequestKey("transom_limit", TimeLimit)
"""What ends its handler at the call's deadline; absent where there is none."""
FRAMING: Final = web.RequestKey("transom_framing", Framing)
"""How its stream is framed."""
SOCKET: Final = web.RequestKey("transom_socket", Socket)
"""What carries its stream, where that is a WebSocket; absent where it is the response."""
SOUGHT: Final = web.RequestKey("transom_sought", Sought)
"""Where in its content the upstream was told to begin; absent where it cannot be told."""

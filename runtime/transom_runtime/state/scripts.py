"""Lua scripts: many steps on Redis as one, called by digest."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from transom_runtime.state.commands import Argument, CommandRefused, Redis


class Script:
    """One script. Its keys must share a hash tag, so that they live on one node of a Cluster."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._sha1 = hashlib.sha1(source.encode(), usedforsecurity=False).hexdigest()

    async def run(self, redis: Redis, keys: Sequence[str], arguments: Sequence[Argument] = ()) -> Any:
        """Run the script; its reply. A server that does not know it is taught.

        Raises StateUnavailable or CommandRefused. NOSCRIPT means that nothing was done, so sending the source after
        it repeats nothing.
        """
        try:
            return await redis.execute("EVALSHA", self._sha1, len(keys), *keys, *arguments)
        except CommandRefused as error:
            if error.code != "NOSCRIPT":
                raise
        return await redis.execute("EVAL", self._source, len(keys), *keys, *arguments)

"""Lua scripts: many steps on Redis as one, called by digest."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from transom_runtime.state.commands import Argument, CommandRefused, Redis
from transom_runtime.state.prepared import PreparedCommand


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
        return await self.run_source(redis, keys, arguments)

    async def run_source(self, redis: Redis, keys: Sequence[str], arguments: Sequence[Argument]) -> Any:
        """Run the script on a server that does not know it, and knows it then."""
        return await redis.execute("EVAL", self._source, len(keys), *keys, *arguments)

    def prepare(self, key_count: int, arguments: Sequence[Argument]) -> PreparedScript:
        """The script made ready to be run with so many keys, and with the same arguments each time."""
        command = PreparedCommand(("EVALSHA", self._sha1, key_count), arguments, open_words=key_count)
        return PreparedScript(self, command, tuple(arguments))


@dataclass(frozen=True, slots=True)
class PreparedScript:
    """A script of which only the keys are open."""

    script: Script
    command: PreparedCommand
    arguments: tuple[Argument, ...]

    async def run(self, redis: Redis, keys: Sequence[str]) -> Any:
        """Run the script, as `Script.run` does."""
        try:
            return await redis.execute_prepared(self.command, keys)
        except CommandRefused as error:
            if error.code != "NOSCRIPT":
                raise
        return await self.script.run_source(redis, keys, self.arguments)

"""The side of the caller: HTTP in, HTTP out, over aiohttp (semantics.md S, E, R3, H)."""

"""The runtime under every generated handler: it authenticates, limits, transcodes, calls and answers."""

__version__ = "0.1.0"

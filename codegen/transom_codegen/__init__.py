"""The generator: annotated protos in, aiohttp handlers out."""

__version__ = "0.1.0"

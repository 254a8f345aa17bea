"""The engine's memory: SQLite, off the event loop."""

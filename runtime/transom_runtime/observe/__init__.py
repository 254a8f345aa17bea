"""Watching calls: log lines, metrics and traces. Nothing here changes a call, but for the trace that it carries."""

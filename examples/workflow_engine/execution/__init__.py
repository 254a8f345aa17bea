"""Executions: what happens to them is written down first, then told to whoever watches."""

"""Processes: one worker, or a supervisor over several that share a port."""

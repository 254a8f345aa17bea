"""Graphs of nodes: whether one makes sense, and what happens when it is executed."""

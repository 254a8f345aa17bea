"""A small workflow engine behind gRPC: it keeps graphs of nodes and executes them."""

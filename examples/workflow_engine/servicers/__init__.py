"""The engine's services: each method is one RPC, in plain messages."""

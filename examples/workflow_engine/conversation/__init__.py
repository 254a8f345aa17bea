"""Sessions: what a caller says, and what the engine answers."""

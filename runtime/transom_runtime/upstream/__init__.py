"""The far side of a call: channels and in-process servicers, and the retry and breaker that stand before them."""

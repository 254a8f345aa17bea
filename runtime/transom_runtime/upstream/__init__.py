"""The far side of a call: channels and in-process servicers, and the retry and breaker that stand before them."""

import os

# gRPC's core reads this once, while it is loaded. By itself it hands each of a channel's bytes to threads of its own
# and from there to the one that Python waits in; without, the latter reads the socket itself: a call costs 10 us less
# and more where calls do not come together (`make bench-upstream`, table `releases`). What an operator asks for stands.
os.environ.setdefault("GRPC_EXPERIMENTS", "-event_engine_client")

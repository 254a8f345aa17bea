"""The benchmark: what a request costs through the gateway, beside what it costs through others, in one run."""

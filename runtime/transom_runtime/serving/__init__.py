"""Serving a call: where the stages meet. A route becomes an endpoint, and a request walks through it step by step."""

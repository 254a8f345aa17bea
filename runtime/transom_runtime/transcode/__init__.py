"""HTTP requests to messages and messages to JSON: what stands between a path, a query and a body, and the wire."""

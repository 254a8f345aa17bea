"""Sanitize: what texts of requests may hold. Each field's kind of text, from the proto, decides what is looked for."""

"""Auth: who calls. A credential of a request becomes a principal, from a cache or by verifying it, or a refusal."""

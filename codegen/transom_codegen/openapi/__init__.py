"""The OpenAPI document of a run: every route as its callers see it."""

from transom_codegen.openapi.document import render_openapi

__all__ = ["render_openapi"]

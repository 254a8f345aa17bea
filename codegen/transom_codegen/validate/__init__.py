"""Checks the IR of a run: what each mistake is, docs/problems.md says rule by rule."""

from transom_codegen.validate.check import validate

__all__ = ["validate"]

"""Log lines: how they look, what they hold of a call, and what they never hold."""

from transom_runtime.observe.logs.access import AccessLog
from transom_runtime.observe.logs.configure import LogOptions, configure_logs
from transom_runtime.observe.logs.redaction import redact, redact_text

__all__ = ["AccessLog", "LogOptions", "configure_logs", "redact", "redact_text"]

"""Why the engine refuses a call: one exception, and its form on the wire."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import grpc
from google.protobuf import any_pb2
from google.rpc import error_details_pb2, status_pb2

if TYPE_CHECKING:
    from collections.abc import Sequence

DOMAIN: Final = "workflow.engine"
DETAILS_KEY: Final = "grpc-status-details-bin"


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """One thing wrong with a request, and where."""

    field: str
    """The field path in the request: `workflow.nodes[2].id`."""
    description: str
    """A lower-case clause that quotes the offending value."""


class Refusal(Exception):  # noqa: N818 -- a refusal is an answer to the caller, not a malfunction
    """Why a call is not served. Whoever called reads all of it: nothing secret, no path, no type name."""

    def __init__(
        self, code: grpc.StatusCode, message: str, *, reason: str, violations: Sequence[Violation] = ()
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        """A lower-case clause."""
        self.reason = reason
        """A stable UPPER_SNAKE word for programs."""
        self.violations = tuple(violations)
        """All that is wrong with the request, where that is the reason."""

    def details(self) -> bytes:
        """The refusal as a serialized google.rpc.Status: what travels in `grpc-status-details-bin`."""
        status = status_pb2.Status(code=self.code.value[0], message=self.message)
        status.details.append(_packed(error_details_pb2.ErrorInfo(reason=self.reason, domain=DOMAIN)))
        if self.violations:
            status.details.append(_packed(_bad_request(self.violations)))
        return bytes(status.SerializeToString())


def invalid(violations: Sequence[Violation]) -> Refusal:
    """The refusal of a request that is wrong in all these places; never empty."""
    first = violations[0]
    more = f" (and {len(violations) - 1} more)" if len(violations) > 1 else ""
    return Refusal(
        grpc.StatusCode.INVALID_ARGUMENT,
        f"{first.field!r}: {first.description}{more}",
        reason="INVALID_REQUEST",
        violations=violations,
    )


def not_found(kind: str, resource_id: str) -> Refusal:
    """The refusal of an id that the caller has nothing under: it does not tell whether somebody else has."""
    return Refusal(grpc.StatusCode.NOT_FOUND, f"no {kind} {resource_id!r}", reason=f"{kind.upper()}_NOT_FOUND")


def stale(kind: str, resource_id: str) -> Refusal:
    """The refusal of a change that was made to a version that is no longer the current one (AIP-154)."""
    return Refusal(
        grpc.StatusCode.ABORTED,
        f"{kind} {resource_id!r} has changed: read it again and repeat the change",
        reason="ETAG_MISMATCH",
    )


def _bad_request(violations: Sequence[Violation]) -> error_details_pb2.BadRequest:
    return error_details_pb2.BadRequest(
        field_violations=[
            error_details_pb2.BadRequest.FieldViolation(field=violation.field, description=violation.description)
            for violation in violations
        ]
    )


def _packed(message: error_details_pb2.ErrorInfo | error_details_pb2.BadRequest) -> any_pb2.Any:
    packed = any_pb2.Any()
    packed.Pack(message)
    return packed

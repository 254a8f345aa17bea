"""What auth tells metrics: how callers were found, why credentials were refused, whether keys could be fetched."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from transom_runtime.policy.auth.refusals import Refusal


class Found(Enum):
    """Where the verdict on a credential came from. The value is its label in metrics."""

    MEMORY = "memory"
    """This process knew the caller."""
    SHARED = "shared"
    """Another replica did."""
    VERIFIED = "verified"
    """The signature was verified, or the key looked up."""
    TICKET = "ticket"
    """A stream ticket stood for the caller."""
    REFUSED = "refused"
    """This process had just refused the same credential."""


class AuthMeter(Protocol):
    """Counts. Called on the way of every request: must be quick, and must not raise."""

    def found(self, where: Found) -> None:
        """A verdict was had."""

    def refused(self, refusal: Refusal) -> None:
        """A call was refused."""

    def keys_fetched(self, issuer: str, *, succeeded: bool) -> None:
        """An issuer's keys were asked for."""


class _Silent:
    def found(self, where: Found) -> None:
        pass

    def refused(self, refusal: Refusal) -> None:
        pass

    def keys_fetched(self, issuer: str, *, succeeded: bool) -> None:
        pass


SILENT: Final[AuthMeter] = _Silent()
"""Counts nothing."""

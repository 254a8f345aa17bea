"""Who calls: the identity that the gateway verified, as it travels in the metadata of a call."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import grpc

from workflow_engine.refusal import Refusal

Metadata = Iterable[tuple[str, str | bytes]]

ID_KEY: Final = "x-principal-id"
KIND_KEY: Final = "x-principal-kind"


def caller_of(metadata: Metadata | None) -> str:
    """The caller, as the owner of what it creates. Raises Refusal where the metadata names nobody.

    The kind is part of it: an API key that is called like a user does not reach that user's workflows.
    """
    values = {key: value for key, value in metadata or () if key in {ID_KEY, KIND_KEY}}
    principal_id = values.get(ID_KEY)
    if not isinstance(principal_id, str) or not principal_id:
        raise Refusal(grpc.StatusCode.UNAUTHENTICATED, f"the metadata holds no {ID_KEY!r}", reason="PRINCIPAL_MISSING")
    return f"{values.get(KIND_KEY) or 'user'!s}:{principal_id}"

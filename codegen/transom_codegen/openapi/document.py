"""The document itself: paths in the order of the protos, components by name, the same bytes from the same protos."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from transom_codegen import __version__
from transom_codegen.openapi.operation import SCHEMES, build_operation
from transom_codegen.openapi.paths import Paths
from transom_codegen.openapi.responses import response_components
from transom_codegen.openapi.schemas import Schemas
from transom_codegen.policy import AuthKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from transom_codegen.model import Api, Service

_OPENAPI: Final = "3.1.1"
_GENERATOR: Final = "protoc-gen-transom"
DOCUMENT_START: Final = f'{{\n  "x-generator": "{_GENERATOR}'
"""How every document begins: what tells it from one that somebody wrote."""

_METHODS: Final = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"})
_VERSION: Final = re.compile(r"v\d+\w*")
_SECURITY_SCHEMES: Final = {
    AuthKind.USER: {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "A user's token.",
    },
    AuthKind.API_KEY: {
        "type": "apiKey",
        "in": "header",
        "name": "X-API-Key",
        "description": "A key of the tool layer; `Authorization: Bearer` takes it as well.",
    },
}


def render_openapi(api: Api) -> str:
    """The OpenAPI 3.1 document of all bindings of a run, as JSON text."""
    services = [service for service in api.services if service.bindings]
    schemas = Schemas(api.comments)
    document = {
        "x-generator": f"{_GENERATOR} {__version__}",
        "openapi": _OPENAPI,
        "info": _info(api),
        "servers": [{"url": "/"}],
        "tags": [_tag(service, _tag_name(service, services)) for service in services],
        "paths": _paths(services, schemas),
        "components": _components(services, schemas),
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _info(api: Api) -> dict[str, str]:
    packages = sorted({file.package for file in api.files if file.bindings})
    versions = {package.rpartition(".")[2] for package in packages}
    version = versions.pop() if len(versions) == 1 else ""
    return {"title": ", ".join(filter(None, packages)) or "API", "version": version if _is_version(version) else "v1"}


def _is_version(word: str) -> bool:
    return _VERSION.fullmatch(word) is not None


def _tag_name(service: Service, services: Sequence[Service]) -> str:
    """The service's own name, where no other service of the run has the same."""
    shared = Counter(other.name for other in services)[service.name] > 1
    return service.full_name if shared else service.name


def _tag(service: Service, name: str) -> dict[str, Any]:
    return {"name": name, "description": service.comment} if service.comment else {"name": name}


def _paths(services: Sequence[Service], schemas: Schemas) -> dict[str, dict[str, Any]]:
    paths, items = Paths(), dict[str, dict[str, Any]]()
    for service in services:
        tag = _tag_name(service, services)
        for binding in service.bindings:
            path = paths.open(binding.template)
            operation = build_operation(binding, tag, path, schemas)
            item = items.setdefault(path.text, {})
            if binding.method in _METHODS:
                item[binding.method.lower()] = operation
            else:
                # OpenAPI 3.1 has no room for other methods.
                item.setdefault("x-transom-methods", {})[binding.method] = operation
    return items


def _components(services: Sequence[Service], schemas: Schemas) -> dict[str, Any]:
    kinds = {binding.rpc.policy.auth.kind for service in services for binding in service.bindings}
    schemes = {SCHEMES[kind]: scheme for kind, scheme in _SECURITY_SCHEMES.items() if kind in kinds}
    components = {"schemas": schemas.components, "responses": response_components()}
    return {**components, "securitySchemes": schemes} if schemes else components

"""Where protos come from: a team's own root, its further roots, and what installed packages provide."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Final

_PACKAGE: Final = Path(__file__).parent
_SHIPPED: Final = (_PACKAGE / "protos", _PACKAGE.parents[1] / "protos")


def own_protos(root: Path, provided: list[Path]) -> list[str]:
    """The names of the protos under a root, sorted; not those that a package provides, modules included."""
    names = (path.relative_to(root).as_posix() for path in root.rglob("*.proto"))
    return sorted(name for name in names if not any((place / name).exists() for place in provided))


def provided_roots(root: Path) -> list[Path]:
    """The roots of google's common protos, protobuf's own and transom's; never `root` itself."""
    candidates = [_google_root(), _protobuf_root(), *_SHIPPED[:1]]
    # A checkout ships its protos from its own root, in which they are generated and not provided.
    if not _SHIPPED[0].is_dir():
        candidates.append(_SHIPPED[1])
    return [place for place in candidates if place.is_dir() and place.resolve() != root.resolve()]


def _google_root() -> Path:
    """`google` is a namespace of several packages: google.api is in the one that has the annotations."""
    return Path(str(files("google.api").joinpath("annotations.proto"))).parents[2]


def _protobuf_root() -> Path:
    return Path(str(files("grpc_tools").joinpath("_proto")))

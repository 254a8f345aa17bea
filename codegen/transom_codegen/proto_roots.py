"""Where protos come from: a team's own root, its further roots, and what installed packages provide."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Final

_PACKAGE: Final = Path(__file__).parent
_SHIPPED: Final = _PACKAGE / "protos"
_CHECKOUT: Final = _PACKAGE.parents[1] / "protos"

_LONGRUNNING: Final = "google/longrunning/operations.proto"
_LONGRUNNING_FILE: Final = "google/longrunning/operations_proto.proto"


@dataclass(frozen=True, slots=True, kw_only=True)
class Provided:
    """Protos of installed packages: importable everywhere, and never generated, as their modules are installed too."""

    roots: tuple[Path, ...]
    renamed: dict[str, Path] = field(default_factory=dict)
    """Protos whose file is not named as importers name them."""

    def has(self, name: str) -> bool:
        """Whether a package provides the proto of that name."""
        return name in self.renamed or any(_provides(root, name) for root in self.roots)

    def find_service(self, full_name: str) -> str | None:
        """The name of the proto that declares a service, which stands in the folder of its package."""
        package, _, service = full_name.rpartition(".")
        declaration = re.compile(rf"^service\s+{re.escape(service)}\s*\{{", re.MULTILINE)
        for name, path in self._protos_of(package.replace(".", "/")):
            if declaration.search(path.read_text("utf-8")):
                return name
        return None

    def _protos_of(self, folder: str) -> Iterator[tuple[str, Path]]:
        yield from ((name, path) for name, path in self.renamed.items() if name.rpartition("/")[0] == folder)
        for root in self.roots:
            yield from ((path.relative_to(root).as_posix(), path) for path in sorted((root / folder).glob("*.proto")))


def _provides(root: Path, name: str) -> bool:
    # Of a checkout only transom's own protos are everybody's: the others are its application's.
    return (root / name).is_file() and (root != _CHECKOUT or name.startswith("transom/"))


def find_provided(root: Path) -> Provided:
    """Google's common protos, protobuf's own and transom's; `root` itself provides nothing."""
    google = _google_root()
    # A checkout has transom's protos in its own root, where they are generated from; a wheel ships them.
    shipped = _SHIPPED if _SHIPPED.is_dir() else _CHECKOUT
    roots = (google, _protobuf_root(), shipped)
    return Provided(
        roots=tuple(place for place in roots if place.is_dir() and place.resolve() != root.resolve()),
        # The wheel renames this one file, but not what its module is registered as.
        renamed={_LONGRUNNING: google / _LONGRUNNING_FILE} if (google / _LONGRUNNING_FILE).is_file() else {},
    )


def own_protos(root: Path, provided: Provided) -> list[str]:
    """The names of the protos under a root, sorted; not those that a package provides."""
    names = (path.relative_to(root).as_posix() for path in root.rglob("*.proto") if path.is_file())
    return sorted(name for name in names if not provided.has(name))


def _google_root() -> Path:
    """`google` is a namespace of several packages: google.api is in the one that has the annotations."""
    return Path(str(files("google.api").joinpath("annotations.proto"))).parents[2]


def _protobuf_root() -> Path:
    return Path(str(files("grpc_tools").joinpath("_proto")))

"""Fetches annotated protos that nobody here wrote: packages of the npm registry, pinned in packages.json.

Run as a program it unpacks them under a folder, from which everything else runs offline. A package whose bytes are not
those of its pinned sha512 is refused.
"""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

MANIFEST: Final = Path(__file__).with_name("packages.json")
FOLDER: Final = Path(__file__).parents[2] / "third_party" / "public"
"""Where `make` lets them be unpacked: an import root of protos."""
_INSIDE: Final = "package/build/protos/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """One package, and which of its protos are wanted."""

    name: str
    version: str
    integrity: str
    """What npm writes into lock files: `sha512-` and the digest in base64."""
    protos: tuple[str, ...]
    """Folders of the import root."""

    def is_intact(self, content: bytes) -> bool:
        """Whether the bytes are the pinned ones."""
        return self.integrity == f"sha512-{base64.b64encode(hashlib.sha512(content).digest()).decode()}"


class FetchError(Exception):
    """The packages cannot be had; the message says what is missing or wrong."""


def read_manifest() -> list[Package]:
    """The pinned packages."""
    entries = json.loads(MANIFEST.read_text("utf-8"))
    return [Package(**{**entry, "protos": tuple(entry["protos"])}) for entry in entries]


def fetch(target: Path) -> int:
    """Fetch and unpack every package; says how many protos there are now. Raises FetchError."""
    if shutil.which("npm") is None:
        raise FetchError(
            "there is no npm, which fetches the public protos that the gateway is held against; "
            "install Node.js (on Debian: apt install npm)"
        )
    with tempfile.TemporaryDirectory() as scratch:
        return sum(_unpack(package, archive, target) for package, archive in _pack(read_manifest(), Path(scratch)))


def _pack(packages: list[Package], scratch: Path) -> list[tuple[Package, Path]]:
    wanted = [f"{package.name}@{package.version}" for package in packages]
    command = ["npm", "pack", "--silent", "--ignore-scripts", "--pack-destination", str(scratch), *wanted]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    if done.returncode:
        raise FetchError(f"npm could not fetch {', '.join(wanted)}: {done.stderr.strip() or 'it did not say why'}")
    return [(package, scratch / _archive_name(package)) for package in packages]


def _archive_name(package: Package) -> str:
    return f"{package.name.removeprefix('@').replace('/', '-')}-{package.version}.tgz"


def _unpack(package: Package, archive: Path, target: Path) -> int:
    if not package.is_intact(archive.read_bytes()):
        raise FetchError(f"{package.name} {package.version} is not what packages.json pins: its sha512 differs")
    with tarfile.open(archive) as tar:
        found = [member for member in tar.getmembers() if _is_wanted(package, member)]
        for member in found:
            content = tar.extractfile(member)
            assert content is not None
            file = target / member.name.removeprefix(_INSIDE)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content.read())
    return len(found)


def _is_wanted(package: Package, member: tarfile.TarInfo) -> bool:
    name = member.name.removeprefix(_INSIDE)
    is_plain = member.isfile() and member.name.startswith(_INSIDE) and ".." not in Path(name).parts
    return is_plain and name.endswith(".proto") and name.startswith(tuple(f"{folder}/" for folder in package.protos))


def main() -> None:
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    shutil.rmtree(target, ignore_errors=True)
    try:
        count = fetch(target)
    except FetchError as error:
        shutil.rmtree(target, ignore_errors=True)
        sys.exit(f"transom: {error}")
    sys.stdout.write(f"transom: {count} public protos in {target}\n")


if __name__ == "__main__":
    main()

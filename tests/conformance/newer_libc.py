"""A C library that is newer than the system's, beside it: Debian's, unpacked and never installed.

The runner of the conformance suite asks for glibc 2.38, which Debian 12 does not have. A program starts with another C
library through that library's own loader; what the program starts in turn has the system's again.
"""

from __future__ import annotations

import platform
import subprocess
from pathlib import Path
from typing import Final

_RELEASE: Final = "trixie"
_PACKAGES: Final = ("libc6", "libgcc-s1", "libstdc++6")
_KEYRING: Final = "/usr/share/keyrings/debian-archive-keyring.gpg"


def fetch_libc(folder: Path) -> None:
    """Fetch the library into a folder, by the machine's own apt, from the archive that it uses.

    Raises SystemExit with a sentence where that is not possible.
    """
    system = platform.freedesktop_os_release()
    if system.get("ID") != "debian":
        raise SystemExit("the conformance runner needs glibc 2.38, which this system does not have")
    try:
        _unpack(_archive(system["VERSION_CODENAME"]), folder)
    except (OSError, subprocess.CalledProcessError) as error:
        reason = error if isinstance(error, OSError) else "apt says why"
        raise SystemExit(f"the C library that the conformance runner needs could not be fetched: {reason}") from error


def _unpack(archive: str, folder: Path) -> None:
    apt = folder / "apt"
    for part in ("lists/partial", "archives/partial", "none"):
        (apt / part).mkdir(parents=True, exist_ok=True)
    sources = apt / "sources.list"
    sources.write_text(f"deb [signed-by={_KEYRING}] {archive} {_RELEASE} main\n")
    options = _apart(apt, sources)
    subprocess.run(["apt-get", *options, "--quiet=2", "update"], check=True)
    subprocess.run(["apt-get", *options, "--quiet=2", "download", *_PACKAGES], check=True, cwd=apt)
    for package in apt.glob("*.deb"):
        subprocess.run(["dpkg-deb", "--extract", package, folder], check=True)


def loader_of(folder: Path) -> list[str]:
    """The words before a command that start it with the library of a folder."""
    (loader,) = folder.glob("usr/lib/*/ld-linux-*.so.*")
    return [str(loader), "--library-path", str(loader.parent)]


def _archive(release: str) -> str:
    """Where the machine has its packages of a release from."""
    targets = ["indextargets", "--no-release-info", "--format", "$(REPO_URI)", "Created-By: Packages"]
    listed = subprocess.run(
        ["apt-get", *targets, f"Release: {release}"], check=True, capture_output=True, text=True
    ).stdout.split()
    if not listed:
        raise SystemExit(f"apt has no archive of {release}, so the conformance runner's C library cannot be fetched")
    return listed[0]


def _apart(apt: Path, sources: Path) -> list[str]:
    """Options under which apt leaves the system's own state alone."""
    settings = {
        "Dir::Etc::SourceList": sources,
        "Dir::Etc::SourceParts": apt / "none",
        "Dir::Etc::PreferencesParts": apt / "none",
        "Dir::State::Lists": apt / "lists",
        "Dir::Cache": apt,
        "APT::Sandbox::User": "root",
    }
    return [word for name, value in settings.items() for word in ("-o", f"{name}={value}")]

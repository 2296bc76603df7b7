"""A Python interpreter: its version, where it looks for installed packages, and which are there.

It is started isolated and without `site`, so that nothing that is installed, no `.pth` file and no module of the user's
is executed. Packages are found by the names of their folders of metadata.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from qanat.errors import InputInvalid, QanatError
from qanat.system import files, programs

# With -S, `import site` executes nothing, and sys.prefix is that of the installation, also in a venv.
_QUESTION = """\
import json, os, platform, site, sys
home = os.path.dirname(os.path.dirname(os.path.abspath(sys.executable)))
in_venv = os.path.isfile(os.path.join(home, "pyvenv.cfg"))
build = platform.python_implementation() + ", " + platform.python_compiler()
print(json.dumps([platform.python_version(), build, home, in_venv,
    site.getsitepackages([home]) if in_venv else [], site.getsitepackages(), site.getusersitepackages()]))
"""
PATIENCE_S = 10.0
PACKAGES_MAX = 20_000
_DIRECT_URL_BYTES_MAX = 64 * 2**10
_METADATA = re.compile(r"([A-Za-z0-9][A-Za-z0-9._]*)-([^-/]+)(?:-py[0-9.]+)?\.(?:dist|egg)-info\Z")
_SEPARATORS = re.compile(r"[-_.]+")
_WITH_BASE = re.compile(rb"^include-system-site-packages\s*=\s*true\s*$", re.MULTILINE | re.IGNORECASE)
VENV, CONDA, SYSTEM = "venv", "conda", "system"


@dataclass(frozen=True, slots=True)
class Installation:
    """An interpreter that is installed below `home`.

    `folders` are where it looks for packages, in this order, whether they exist or not. `kind` is VENV, CONDA,
    SYSTEM, or empty for another one.
    """

    version: str
    build: str
    kind: str
    home: str
    folders: tuple[str, ...]

    def as_mapping(self) -> dict[str, Any]:
        """Return all of it, for a file."""
        return asdict(self)


def ask(python: Path, cwd: Path, environment: Mapping[str, str]) -> Installation | None:
    """Start an interpreter and ask it what it is; None if it does not answer as a Python does."""
    with contextlib.suppress(QanatError, OSError, ValueError, TypeError):
        asked = programs.run([str(python), "-I", "-S", "-c", _QUESTION], cwd=cwd, timeout_s=PATIENCE_S)
        version, build, home, in_venv, own, base, user = json.loads(asked.out)
        with_base = not in_venv or _has_base(Path(home))
        folders = [*own, *(base if with_base else ())]
        if with_base and not environment.get("PYTHONNOUSERSITE"):
            folders.insert(len(own), user)
        kind = VENV if in_venv else CONDA if os.path.isdir(f"{home}/conda-meta") else SYSTEM if home == "/usr" else ""  # noqa: PTH112
        return Installation(str(version), str(build), kind, str(home), tuple(map(str, folders)))
    return None


def _has_base(home: Path) -> bool:
    return bool(_WITH_BASE.search(files.read(home / "pyvenv.cfg", limit_bytes=2**16)))


def distributions(folders: Sequence[str]) -> dict[str, str]:
    """Map the packages in these folders, of which the first one counts, to their versions; all of it is printable."""
    found: dict[str, str] = {}
    for folder in folders:
        for name, version in _in_folder(folder):
            if len(found) < PACKAGES_MAX and version.isprintable():
                found.setdefault(name, version)
    return found


def conda_packages(home: str) -> dict[str, str]:
    """Map the packages of the conda environment in a folder to their versions and builds; all of it is printable."""
    try:
        names = sorted(os.listdir(f"{home}/conda-meta"))  # noqa: PTH208
    except OSError:
        return {}
    parts = [
        name.removesuffix(".json").rsplit("-", 2) for name in names if name.endswith(".json") and name.isprintable()
    ]
    return {part[0]: f"{part[1]} {part[2]}" for part in parts[:PACKAGES_MAX] if len(part) == 3}


def _in_folder(folder: str) -> Iterator[tuple[str, str]]:
    try:
        names = sorted(os.listdir(folder))  # noqa: PTH208
    except OSError:
        return
    for metadata in names:
        if match := _METADATA.match(metadata):
            yield _SEPARATORS.sub("-", match[1]).lower(), match[2] + _source(f"{folder}/{metadata}")


def _source(metadata: str) -> str:
    """Return what a package was installed from if that is not an index, as a clause; its address may have a secret."""
    try:
        url = json.loads(files.read(Path(metadata, "direct_url.json"), limit_bytes=_DIRECT_URL_BYTES_MAX))
        if commit := url.get("vcs_info", {}).get("commit_id"):
            return f" (commit {str(commit)[:12]})"
        return " (editable)" if url.get("dir_info", {}).get("editable") else " (from a file)"
    except (InputInvalid, ValueError, AttributeError):
        return ""

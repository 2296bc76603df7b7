"""The rule no-results: what runs write, the cache, and large files stay out of the repository."""

from __future__ import annotations

import fnmatch
import shlex
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from qanat.domain.findings import Finding
from qanat.domain.layout import STATE, is_inside
from qanat.domain.shortening import quoted
from qanat.errors import InputInvalid
from qanat.git import staged
from qanat.git.staged import Entry
from qanat.records import schemas, storage, yaml_io
from qanat.system import files
from qanat.system.files import TEMPORARY
from qanat.usecases.checks.rule import Option, Rule
from qanat.usecases.checks.scope import Scope

ID = "no-results"
SIZE_BYTES_MAX = 5_000_000
_CONFIG_BYTES_MAX = 2**20
_INFO_BYTES_MAX = 64 * 2**20


def check(
    scope: Scope, names: Sequence[str], *, max_bytes: int = SIZE_BYTES_MAX, allowed: Sequence[str] = ()
) -> list[Finding]:
    """List the files among these that must not be committed; `allowed` are patterns of paths that may."""
    entries = scope.state.entries(names) if names else {}
    chosen = [e for e in entries.values() if not any(fnmatch.fnmatchcase(e.path, pattern) for pattern in allowed)]
    results = _result_dir(scope)
    runs = _Storages(scope, chosen)
    sizes = staged.sizes(scope.location, [e.blob for e in chosen if e.mode != staged.SUBMODULE])
    found = []
    for entry in chosen:
        size = sizes.get(entry.blob, 0)
        if problem := _place_problem(entry.path, results) or runs.problem(entry.path):
            found.append(Finding(entry.path, 1, ID, problem, _remedy(entry.path)))
        elif size > max_bytes:
            remedy = f"{_remedy(entry.path)}, or keep it with git lfs, or raise --max-size"
            found.append(Finding(entry.path, 1, ID, f"has {size:,} bytes, more than {max_bytes:,}", remedy))
    return found


def parse_size(words: str) -> int:
    """Parse a size such as 500kB, 5MB or 1000000 (bytes). Raises InputInvalid."""
    text = words.strip().lower().removesuffix("b").removesuffix("i")
    factor = {"k": 10**3, "m": 10**6, "g": 10**9}.get(text[-1:], 1)
    number = text[:-1] if factor > 1 else text
    if not (number.isascii() and number.isdigit()) or len(number) > 15:
        raise InputInvalid(f"{quoted(words)} is not a size", hint="write it as 500kB, 5MB or 1000000")
    return int(number) * factor


def _place_problem(path: str, results: str) -> str:
    if path.startswith(f"{STATE}/cache/"):
        return "is a cache file, which can be recreated"
    name = PurePosixPath(path).name
    if path.startswith(f"{STATE}/") and name.startswith(".") and name.endswith(TEMPORARY):
        return "is an incomplete file that qanat was writing"
    if results and path == results:
        return "is the link to where runs write their results"
    if results and path.startswith(f"{results}/"):
        return f"is in {results}/, where runs write their results"
    return ""


def _remedy(path: str) -> str:
    return f"git rm --cached -- {shlex.quote(path)}"


def _result_dir(scope: Scope) -> str:
    """Return the folder of storage directories in the state's settings; empty if it is outside the project."""
    config = f"{STATE}/config.yaml"
    entries = scope.state.entries([config])
    found = dict(staged.contents(scope.location, [e.blob for e in entries.values()], _CONFIG_BYTES_MAX))
    try:
        content = schemas.current(yaml_io.load(next(iter(found.values()), b""), config), "config", config)
    except InputInvalid:
        content = None
    named = content.get("result_dir") if isinstance(content, dict) else None
    folder = str(PurePosixPath(named)) if isinstance(named, str) and named else "results"
    return folder if is_inside(folder) and folder != "." else ""


class _Storages:
    """Storage directories outside the folder of results: those with an `info.yaml` that qanat wrote."""

    def __init__(self, scope: Scope, chosen: Sequence[Entry]) -> None:
        infos = {e.path: e.blob for e in chosen if PurePosixPath(e.path).name == storage.INFO}
        found = dict(staged.contents(scope.location, infos.values(), _INFO_BYTES_MAX))
        self._root = scope.project.root
        self._runs = {str(PurePosixPath(p).parent): storage.run_of(found.get(b, b"")) for p, b in infos.items()}

    def problem(self, path: str) -> str:
        """Return which run's storage directory contains a file; empty for any other file."""
        for folder in list(PurePosixPath(path).parents)[:-1]:
            if run_id := self._run_of(str(folder)):
                return f"is in {folder}/, where run {run_id} wrote its results"
        return ""

    def _run_of(self, folder: str) -> str | None:
        if self._runs.get(folder) is None:
            self._runs[folder] = storage.run_of(_head(self._root / folder / storage.INFO)) or ""
        return self._runs[folder]


def _head(file: Path) -> bytes:
    """Return the beginning of a file; empty if it does not exist or is a symbolic link."""
    try:
        if file.is_symlink() or not files.is_file(file):
            return b""
        with file.open("rb") as opened:
            return opened.read(4096)
    except OSError:
        return b""


RULE = Rule(
    ID,
    refuses="files that runs wrote, files of the cache, and files of more than 5 MB",
    check=check,
    options=(
        Option("--max-size", "max_bytes", "SIZE", "reject larger files: 500kB, 5MB, … (default: 5MB)", parse_size),
        Option("--allow", "allowed", "PATTERN", "accept files that match PATTERN", repeatable=True),
    ),
)

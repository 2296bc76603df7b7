"""Files of another repository at a commit, fetched without a checkout.

So none of its hooks, filters, links and submodules has any effect.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from qanat.errors import GitRefused
from qanat.git import command
from qanat.system import programs

FETCH_S = 120.0
# Of the commit with all its files, as it is transferred, and of what git says about them.
FETCHED_MIB_MAX = 64
_REF = "refs/qanat/fetched"
_CAREFUL = ("-c", "core.hooksPath=/dev/null", "-c", "fetch.fsckObjects=true", "-c", "core.fsmonitor=false")
# All that is fetched goes into one file, which the limit below stops; a small object can become a large one.
_IN_ONE_FILE = ("-c", "fetch.unpackLimit=1", "-c", "pack.threads=1", "-c", "core.bigFileThreshold=8m")
_BOUNDED = 'ulimit -v 2097152 2>/dev/null; ulimit -f "$1" || exit; out=$2; shift 2; exec "$@" >"$out"'
_BLOCK = 512
# `ext::` and transports of other packages would start programs; a prompt would wait for a terminal, and find none.
_ENVIRONMENT = {"GIT_ALLOW_PROTOCOL": "https:ssh:file", "GIT_TERMINAL_PROMPT": "0", "GIT_NO_LAZY_FETCH": "1"}
_PROGRAM, _LINK = "100755", "120000"
_REGULAR = ("100644", _PROGRAM)


@dataclass(frozen=True, slots=True)
class Entry:
    """A file or a symbolic link of a commit: its size in bytes, and whether it is executable or a link."""

    size: int
    is_program: bool
    is_link: bool


@dataclass(frozen=True, slots=True)
class Fetched:
    """A commit of another repository, in a temporary one that is gone after the `with` block."""

    commit: str
    _folder: Path

    def files(self) -> dict[str, int]:
        """Return the size of each regular file in bytes, by its path from the root."""
        return {path: entry.size for path, entry in self.entries().items() if not entry.is_link}

    def entries(self) -> dict[str, Entry]:
        """Return what is known of each file and each symbolic link, by its path from the root."""
        found = {}
        for row in _git(self._folder, "ls-tree", "-r", "-z", "-l", self.commit).split(b"\0"):
            # MODE TYPE ID SIZE, a tab and the path: git-ls-tree(1), section "Output format".
            facts, _, path = row.partition(b"\t")
            if path and (mode := facts.split()[0].decode()) in (*_REGULAR, _LINK):
                entry = Entry(int(facts.split()[3]), is_program=mode == _PROGRAM, is_link=mode == _LINK)
                found[path.decode("utf-8", "surrogateescape")] = entry
        return found

    def read(self, path: str) -> bytes:
        """Return the bytes of a file, or the target of a link."""
        return _git(self._folder, "cat-file", "blob", f"{self.commit}:{path}")


@contextmanager
def fetched(url: str, ref: str | None) -> Iterator[Fetched]:
    """Yield a commit of a repository, by default the newest of its own branch. Raises GitRefused, RunnerUnavailable."""
    with tempfile.TemporaryDirectory(prefix="qanat-") as name:
        folder = Path(name)
        _git(folder, "init", "--quiet", "--bare", "--template=")
        words = ("--quiet", "--depth=1", "--no-tags", "--no-recurse-submodules", "--no-auto-maintenance")
        _git(folder, "fetch", *words, "--", url, f"+{ref or 'HEAD'}:{_REF}")
        commit = _git(folder, "rev-parse", "--verify", f"{_REF}^{{commit}}").decode().strip()
        yield Fetched(commit, folder)


def _git(folder: Path, *arguments: str) -> bytes:
    words = ["git", f"--git-dir={folder}", *_CAREFUL, *_IN_ONE_FILE, *arguments]
    out = folder / "qanat-out"
    limit = FETCHED_MIB_MAX * 2**20
    bounded = ["sh", "-c", _BOUNDED, "sh", str(limit // _BLOCK), str(out), *words]
    done = programs.run(bounded, cwd=folder, env=_ENVIRONMENT, timeout_s=FETCH_S)
    # git does not always say why it gave up, but leaves the file, as large as it could be.
    if done.status != 0 and any(file.stat().st_size >= limit for file in (out, *folder.glob("objects/pack/*"))):
        raise GitRefused(
            f"the commit has more than {FETCHED_MIB_MAX} MiB, which is the limit",
            hint="keep the templates in a repository of their own",
        )
    if done.status != 0:
        error = command.refused(f"git {arguments[0]}", done)
        hint = error.hint or "try it with: git ls-remote, and the same address"
        raise GitRefused(error.message, hint=hint)
    return out.read_bytes()

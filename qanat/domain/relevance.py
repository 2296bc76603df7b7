"""Whether a file that git does not track may be code or input of a run.

It may if it is the program, lies in the experiment's folder, has a suffix of the program's language, or is named by an
argument. Anything else, such as a notebook or a log beside the code, is no reason to doubt what ran.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from qanat.domain.experiment import Experiment

_LANGUAGES = (
    ({"python", "pypy", "ipython", "torchrun", "accelerate"}, {".py", ".pyi", ".pyx", ".so", ".pth"}),
    ({"sh", "bash", "dash", "zsh", "ksh"}, {".sh", ".bash", ".zsh", ".ksh"}),
    ({"rscript", "r"}, {".r", ".rds", ".rmd"}),
    ({"julia"}, {".jl"}),
    ({"perl"}, {".pl", ".pm"}),
    ({"ruby"}, {".rb"}),
    ({"node", "deno", "bun", "ts-node", "tsx"}, {".js", ".mjs", ".cjs", ".ts", ".tsx", ".json"}),
    ({"matlab", "octave"}, {".m", ".mat"}),
    ({"java", "scala"}, {".java", ".jar", ".class", ".scala"}),
    ({"lua"}, {".lua"}),
)


@dataclass(frozen=True, slots=True)
class Relevance:
    """What makes an untracked file count; paths are from the project's root."""

    executable: str
    folder: str
    suffixes: frozenset[str]
    named: frozenset[str]

    def counts(self, path: str) -> bool:
        """Return whether a file may be code or input of the run."""
        file = PurePosixPath(path)
        if path == self.executable or file.suffix.lower() in self.suffixes:
            return True
        above = {path, *map(str, file.parents)} - {"."}
        return self.folder in above or not self.named.isdisjoint(above)


def relevance_of(experiment: Experiment, groups: Iterable[Sequence[str]], root: str) -> Relevance:
    """Return what makes an untracked file count for a run of an experiment with these arguments of its groups."""
    words = {word for args in groups for word in args}
    named = frozenset(path for word in words for path in _paths_in(word, root))
    suffixes = _suffixes(experiment.program.command, experiment.program.executable)
    return Relevance(
        _from_root(experiment.program.executable, root), _from_root(experiment.path, root), suffixes, named
    )


def _suffixes(command: str, executable: str) -> frozenset[str]:
    """Return the suffixes of the files that a program's language imports or runs."""
    own = PurePosixPath(executable).suffix.lower()
    programs = {PurePosixPath(part).name.lower().rstrip("0123456789.") for part in command.split()}
    found = {own} if own else set()
    for names, suffixes in _LANGUAGES:
        if programs & names or own in suffixes:
            found |= suffixes
    return frozenset(found)


def _paths_in(word: str, root: str) -> list[str]:
    """Return the paths that an argument may name, from the root: the whole argument, and what follows a `=`."""
    found = (_from_root(part, root) for part in {word, word.partition("=")[2]} if part)
    return [path for path in found if path]


def _from_root(path: str, root: str) -> str:
    """Return a path relative to the project's root; empty for the root itself and for one outside."""
    inside = os.path.relpath(os.path.normpath(os.path.join(root, path)), root) if path and "\0" not in path else ".."  # noqa: PTH118
    return "" if inside == "." or inside.split("/")[0] == ".." else inside

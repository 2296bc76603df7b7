"""The rule documents: numbers, tables and figures in texts are those of their runs."""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cached_property

from qanat.domain.findings import Finding
from qanat.domain.latex_references import VALUES
from qanat.domain.layout import RUNS, STATE, kind_of
from qanat.domain.references import LATEX, MARKS, language_of
from qanat.git import staged
from qanat.git.staged import Entry
from qanat.usecases.checks.rule import Rule
from qanat.usecases.checks.scope import Scope

ID = "documents"
SIZE_BYTES_MAX = 32 * 2**20


def check(scope: Scope, names: Sequence[str]) -> list[Finding]:
    """List what is wrong with the references in these texts, as they will be committed.

    Runs are as the working tree has them, and it is not looked at which of them are still fresh. If records are
    deleted, it is also listed which other texts name their runs.
    """
    texts = dict(_texts(scope, [name for name in names if takes(name)]))
    gone = [change.path for change in scope.changes(RUNS) if change.new is None and kind_of(change.path) == "run"]
    others = dict(_texts(scope, [path for path in scope.state.entries() if takes(path)])) if gone else {}
    # Opening the index writes the schemas for editors, and a repository without a project must not get any.
    is_project = (scope.project.root / STATE).is_dir()
    found = _findings(scope, {**others, **texts}) if (texts or others) and is_project else []
    ids = [posixpath.basename(path).removesuffix(".yaml") for path in gone]
    unchanged = others.keys() - texts
    return [one for one in found if one.file not in unchanged or any(_misses(one, run) for run in ids)]


def _misses(finding: Finding, run: str) -> bool:
    """Return whether a finding is that a run does not exist."""
    number = run.partition("-")[0]
    named = (f"run {which}{then}" for which in (number, run) for then in (" does not exist", ", which"))
    return any(name in finding.problem for name in named)


def takes(path: str) -> bool:
    """Return whether there may be references in a file; comments on runs have none."""
    return bool(language_of(path)) and not path.startswith(f"{STATE}/")


def _texts(scope: Scope, names: Sequence[str]) -> Iterator[tuple[str, bytes]]:
    """Yield the texts in which there may be references, with their paths."""
    entries = scope.state.entries(names) if names else {}
    paths: dict[str, list[str]] = {}
    for entry in entries.values():
        if entry.mode not in (staged.LINK, staged.SUBMODULE):
            paths.setdefault(entry.blob, []).append(entry.path)
    for blob, data in staged.contents(scope.location, paths, SIZE_BYTES_MAX):
        if any(mark in data for mark in MARKS):
            yield from ((path, data) for path in paths[blob])


def _findings(scope: Scope, texts: Mapping[str, bytes]) -> list[Finding]:
    from qanat.usecases.references import check as checking  # most commits have no such texts
    from qanat.usecases.references.judging import Judge
    from qanat.usecases.references.known_runs import KnownRuns
    from qanat.usecases.references.sources import TextFile
    from qanat.usecases.tracking.refresh import Refreshed

    state = _Staged(scope)
    given = [
        TextFile(path, data, _values_of(state.entries, path) if language_of(path) == LATEX else "")
        for path, data in sorted(texts.items())
    ]
    with scope.project.index() as index:
        index.sync()
        known = KnownRuns.of(scope.project, index, Refreshed())
        return checking.findings(checking.check(state, Judge(known, lambda _: ()), given), ID)


class _Staged:
    """The files of the next commit."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    @cached_property
    def entries(self) -> dict[str, Entry]:
        """All files, by path."""
        return self._scope.state.entries()

    def read(self, path: str) -> bytes | None:
        """Return the bytes of a file; None if the commit has no such file, or it is a link or too large."""
        entry = self.entries.get(path)
        if entry is None or entry.mode in (staged.LINK, staged.SUBMODULE):
            return None
        found = staged.contents(self._scope.location, [entry.blob], SIZE_BYTES_MAX)
        return next((data for _, data in found), None)


def _values_of(paths: Collection[str], name: str) -> str:
    """Return the nearest file of values above a text in LaTeX, or one beside it."""
    folder = above = posixpath.dirname(name)
    while True:
        if (path := posixpath.join(above, VALUES)) in paths:
            return path
        if not above:
            return posixpath.join(folder, VALUES)
        above = posixpath.dirname(above)


RULE = Rule(
    ID,
    refuses="texts whose numbers, tables and figures are not those of their runs",
    check=check,
    takes=takes,
)

"""The hooks in a project of 10,000 records when a commit changes one file, alone and through pre-commit."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks import projects
from benchmarks.budgets import Budget, Measured
from benchmarks.clock import Command, alternate, command, seconds
from benchmarks.projects import Place
from qanat.usecases.checks.rule import rule_ids

EXPERIMENT = "noop"
RECORDS = 10_000
PROGRAMS = rule_ids()
PEER = "`git status`"


def hooks(place: Place) -> Iterator[Measured]:
    """Measure each hook for one changed file next to `git status`, then all of them in one commit."""
    root = projects.make(place.folder / "hooks", EXPERIMENT)
    projects.add_records(root, EXPERIMENT, RECORDS)
    _configure_pre_commit(root)
    changed = _change_a_tag(root)
    status = command(["git", "status", "--porcelain"], root)
    for name in PROGRAMS:
        what = f"hook `qanat-{name}`, one file changed among {RECORDS:,} records"
        ours, theirs = alternate(what, place.quick, command([*_program(name), changed], root), status)
        yield Measured(what, seconds(ours), PEER, seconds(theirs), Budget(0, 1.0))
    yield _all_at_once(place, root)
    yield from _through_pre_commit(place, root)


def _change_a_tag(root: Path) -> str:
    """Change and stage one record as qanat does; return its path."""
    file = next(iter(sorted((root / ".qanat/runs" / EXPERIMENT / "50").glob("*.yaml"))))
    file.write_text(file.read_text().replace("tags: [sweep]", "tags: [sweep, good]"))
    projects.run_checked(["git", "add", file], root)
    return file.relative_to(root).as_posix()


def _program(name: str) -> Command:
    return [sys.executable, "-P", "-m", "qanat_hooks.hook", name]


def _all_at_once(place: Place, root: Path) -> Measured:
    what = "the hook of `qanat hooks install`, which checks all rules"
    status = command(["git", "status", "--porcelain"], root)
    commit = command([sys.executable, "-P", "-m", "qanat_hooks.commit"], root)
    ours, theirs = alternate(what, place.quick, commit, status)
    return Measured(what, seconds(ours), PEER, seconds(theirs), Budget(0, 1.0))


def _through_pre_commit(place: Place, root: Path) -> Iterator[Measured]:
    """Measure `pre-commit run` with each hook, next to a hook that does nothing."""
    pre_commit: Command = [sys.executable, "-m", "pre_commit", "run"]
    for name in PROGRAMS:
        what = f"`pre-commit run qanat-{name}`, the same"
        sides = (command([*pre_commit, name], root), command([*pre_commit, "nothing"], root))
        ours, theirs = alternate(what, place.quick, *sides)
        yield Measured(what, seconds(ours), "a hook that is `true`", seconds(theirs), Budget(0, 1.0))


def _configure_pre_commit(root: Path) -> None:
    """Configure pre-commit to call the programs of this environment, and one that does nothing."""
    entries = {name: shlex.join(map(str, _program(name))) for name in PROGRAMS} | {"nothing": "true"}
    local = [{"id": n, "name": n, "language": "system", "entry": e, "require_serial": True} for n, e in entries.items()]
    (root / ".pre-commit-config.yaml").write_text(json.dumps({"repos": [{"repo": "local", "hooks": local}]}))
    projects.commit_all(root)

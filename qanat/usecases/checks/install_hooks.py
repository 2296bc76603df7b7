"""Setting up plain git hooks, which check commits and commit records after them, and how git merges and fetches."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from qanat.errors import GitRefused
from qanat.git import config, hooks
from qanat.git.hooks import Hook
from qanat.records import ledger
from qanat.usecases.checks.rules import no_results
from qanat.usecases.merging import deleted, keep_commits, setup
from qanat.usecases.project import Project

# git runs the second one when a merge creates a commit by itself.
CHECKS = ("pre-commit", "pre-merge-commit")
AFTER = "post-commit"
NAMES = (*CHECKS, AFTER)
_PRE_COMMIT_CONFIG = ".pre-commit-config.yaml"
_SCRIPT = """\
#!/bin/sh
{mark}: it checks what is about to be committed.
# Remove it with: qanat hooks uninstall. A hook that was here before runs first.
before="$(dirname -- "$0")/{name}{kept}"
if test -x "$before"; then "$before" "$@" || exit; fi
if test -x {python} && test -d {package}; then
    exec {python} -P -m qanat_hooks.commit{options}
fi
echo "qanat: commit not checked, because this no longer exists:" {python} >&2
echo "  hint: reinstall qanat, then: qanat hooks install; or remove this hook: rm" "$0" >&2
"""
# git ignores how this hook ends. Without a ledger, nothing waits.
_AFTER_COMMIT = """\
#!/bin/sh
{mark}: it commits the records of runs that wait for a commit.
# Remove it with: qanat hooks uninstall. A hook that was here before runs first.
before="$(dirname -- "$0")/{name}{kept}"
if test -x "$before"; then "$before" "$@"; fi
unset GIT_INDEX_FILE
ledger="$(git rev-parse --git-common-dir)/qanat/{ledger}"
deletions="$(git rev-parse --git-dir)/qanat/{deletions}"
test -s "$ledger" || test -d "$deletions" || exit 0
if test -x {python} && test -d {package}; then
    exec {python} -P -m qanat_hooks.records
fi
echo "qanat: records not committed, because this no longer exists:" {python} >&2
echo "  hint: reinstall qanat, then: qanat hooks install; or remove this hook: rm" "$0" >&2
"""


@dataclass(frozen=True, slots=True)
class Installed:
    """What installing did: each hook and whether it is new or changed, and what else was set up."""

    hooks: tuple[tuple[Hook, bool], ...]
    attributes: bool
    driver: bool
    remote: bool
    also_by_pre_commit: bool


def install(
    project: Project,
    *,
    remote: str | None = None,
    max_size: str | None = None,
    allowed: Sequence[str] = (),
    records_only: bool = False,
) -> Installed:
    """Set up the hooks, merging and, for a remote, fetching; after a failure, nothing of that is left.

    With `records_only`, of the hooks only the one that commits records. Raises UsageError, InputInvalid, GitRefused or
    WriteFailed.
    """
    folder = hooks.folder(project.location)
    options = _options(max_size, allowed)
    with hooks.restored_on_failure(folder, NAMES), config.restored_on_failure(project.location):
        fetched = keep_commits.set_up_remote(project, remote) if remote else False
        # The second may be a link to the first, and is to be kept as such.
        names = (AFTER,) if records_only else NAMES
        done = tuple(hooks.install(folder, name, _script(name, options)) for name in reversed(names))[::-1]
        merging = setup.set_up(project)
    twice = not records_only and is_run_by_pre_commit(project)
    return Installed(done, merging.attributes, merging.driver, fetched, twice)


def uninstall(project: Project) -> list[Hook]:
    """Remove our hooks and restore the ones that they call; return the hooks that were removed."""
    folder = hooks.folder(project.location)
    return [taken for name in NAMES if (taken := hooks.uninstall(folder, name))]


def status(project: Project) -> list[Hook]:
    """Return the state of every hook."""
    folder = hooks.folder(project.location)
    return [hooks.find(folder, name) for name in NAMES]


def commits_records(project: Project) -> bool:
    """Return whether the hook is installed that commits what waits for a commit of the user's."""
    try:
        return hooks.find(hooks.folder(project.location), AFTER).ours
    except GitRefused:
        return False


def is_current(hook: Hook) -> bool:
    """Return whether a hook of ours runs exactly this qanat."""
    return hook.ours and f"exec {shlex.quote(sys.executable)} -P".encode() in hook.file.read_bytes()


def _script(name: str, options: Sequence[str]) -> bytes:
    """Return the hook's script. -P keeps Python from looking for modules in the working tree."""
    script = _AFTER_COMMIT if name == AFTER else _SCRIPT
    return script.format(
        mark=hooks.MARK.decode(),
        name=name,
        kept=hooks.KEPT,
        python=shlex.quote(sys.executable),
        package=shlex.quote(str(Path(__file__).parents[2])),
        ledger=ledger.FILE,
        deletions=deleted.FOLDER,
        options="".join(f" {shlex.quote(option)}" for option in options),
    ).encode("utf-8", "surrogateescape")


def _options(max_size: str | None, allowed: Sequence[str]) -> list[str]:
    if max_size is not None:
        no_results.parse_size(max_size)
    return [*([f"--max-size={max_size}"] if max_size else []), *(f"--allow={pattern}" for pattern in allowed)]


def is_run_by_pre_commit(project: Project) -> bool:
    """Return whether pre-commit runs the checks of qanat in this project."""
    try:
        return b"id: qanat-" in (project.root / _PRE_COMMIT_CONFIG).read_bytes()
    except OSError:
        return False

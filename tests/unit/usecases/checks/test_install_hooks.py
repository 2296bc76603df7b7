"""Setting up the checks of a commit as plain git hooks, and with them how git merges and fetches."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path

import pytest

import qanat
from qanat.errors import InputInvalid, UsageError
from qanat.usecases.checks import install_hooks
from tests.support.world import World

NAMES = ["pre-commit", "pre-merge-commit", "post-commit"]


def hook(world: World, name: str = "pre-commit") -> Path:
    """Return the file of a hook."""
    return world.root / ".git/hooks" / name


def test_the_hooks_are_installed_once(world: World) -> None:
    first = install_hooks.install(world.project)
    assert [(found.name, found.ours, changed) for found, changed in first.hooks] == [
        (name, True, True) for name in NAMES
    ]
    assert all(hook(world, name).stat().st_mode & 0o777 == 0o755 for name in NAMES)
    again = install_hooks.install(world.project)
    assert [changed for _, changed in again.hooks] == [False, False, False]


def test_a_hook_runs_this_very_qanat_on_the_commit(world: World) -> None:
    install_hooks.install(world.project)
    text, python = hook(world).read_text(), shlex.quote(sys.executable)
    assert text.startswith("#!/bin/sh\n")
    assert f"    exec {python} -P -m qanat_hooks.commit\n" in text
    assert f"test -x {python} && test -d {shlex.quote(str(Path(qanat.__file__).parent))};" in text
    assert "/pre-commit.before-qanat" in text
    assert "/pre-merge-commit.before-qanat" in hook(world, "pre-merge-commit").read_text()


def test_options_are_those_of_the_hook(world: World) -> None:
    install_hooks.install(world.project, max_size="1MB", allowed=["*.csv", "my file"])
    assert " -m qanat_hooks.commit --max-size=1MB '--allow=*.csv' '--allow=my file'\n" in hook(world).read_text()
    (found, changed), *_ = install_hooks.install(world.project, max_size="2MB").hooks
    assert changed
    assert " -m qanat_hooks.commit --max-size=2MB\n" in found.file.read_text()


def test_a_size_that_is_none_is_refused_before_anything_is_written(world: World) -> None:
    with pytest.raises(InputInvalid, match="'much' is not a size"):
        install_hooks.install(world.project, remote=None, max_size="much")
    assert not hook(world).exists()


def test_a_remote_that_is_not_there_is_refused_before_anything_is_written(world: World) -> None:
    with pytest.raises(UsageError, match="remote 'origin' does not exist"):
        install_hooks.install(world.project, remote="origin")
    assert not hook(world).exists()


def test_merging_and_fetching_are_set_up_along_with_it(world: World, tmp_path: Path) -> None:
    (world.root / ".gitattributes").unlink()
    world.git("config", "--remove-section", "merge.qanat")
    world.git("remote", "add", "origin", str(tmp_path))
    done = install_hooks.install(world.project, remote="origin")
    assert (done.attributes, done.driver, done.remote) == (True, True, True)
    assert "merge=qanat" in (world.root / ".gitattributes").read_text()
    again = install_hooks.install(world.project, remote="origin")
    assert (again.attributes, again.driver, again.remote) == (False, False, False)
    assert not install_hooks.install(world.project).remote


def test_what_pre_commit_runs_as_well_is_told(world: World) -> None:
    assert not install_hooks.install(world.project).also_by_pre_commit
    world.write(".pre-commit-config.yaml", "repos:\n- hooks:\n  - id: ruff\n")
    assert not install_hooks.install(world.project).also_by_pre_commit
    world.write(".pre-commit-config.yaml", "repos:\n- hooks:\n  - id: qanat-validate\n")
    assert install_hooks.install(world.project).also_by_pre_commit


def test_the_hook_that_commits_records_may_be_the_only_one(world: World) -> None:
    world.write(".pre-commit-config.yaml", "repos:\n- hooks:\n  - id: qanat-validate\n")
    assert not install_hooks.commits_records(world.project)
    done = install_hooks.install(world.project, records_only=True)
    assert [found.name for found, _ in done.hooks] == ["post-commit"]
    assert not done.also_by_pre_commit
    assert install_hooks.commits_records(world.project)
    assert not hook(world).exists()


def test_the_status_tells_whose_hooks_there_are(world: World) -> None:
    assert [(found.name, found.ours) for found in install_hooks.status(world.project)] == [(n, False) for n in NAMES]
    install_hooks.install(world.project)
    found, other, _ = install_hooks.status(world.project)
    assert found.ours
    assert install_hooks.is_current(found)
    other.file.write_text(other.file.read_text().replace(sys.executable, "/nowhere/python"))
    assert install_hooks.status(world.project)[1].ours
    assert not install_hooks.is_current(other)


def test_a_hook_that_is_not_ours_is_not_current(world: World) -> None:
    hook(world).parent.mkdir()
    hook(world).write_text(f"exec {shlex.quote(sys.executable)} -P\n")
    assert not install_hooks.is_current(install_hooks.status(world.project)[0])


def test_a_hook_that_was_there_is_put_back(world: World) -> None:
    hook(world).parent.mkdir()
    hook(world).write_text("#!/bin/sh\nexit 1\n")
    install_hooks.install(world.project)
    taken = install_hooks.uninstall(world.project)
    assert [found.name for found in taken] == NAMES
    assert hook(world).read_text() == "#!/bin/sh\nexit 1\n"
    assert not hook(world, "pre-merge-commit").exists()
    assert install_hooks.uninstall(world.project) == []


def test_a_hook_that_was_there_goes_first_and_may_refuse(world: World) -> None:
    hook(world).parent.mkdir()
    hook(world).write_text('#!/bin/sh\necho "before: $*"\nexit 7\n')
    hook(world).chmod(0o755)
    install_hooks.install(world.project)
    done = subprocess.run([hook(world), "a b"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (7, "before: a b\n")


def test_a_hook_whose_qanat_is_gone_says_so_and_lets_the_commit_be(world: World) -> None:
    install_hooks.install(world.project)
    hook(world).write_text(hook(world).read_text().replace(sys.executable, "/nowhere/python"))
    done = subprocess.run([hook(world)], capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert "/nowhere/python" in done.stderr
    assert "qanat hooks install" in done.stderr

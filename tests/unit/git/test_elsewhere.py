"""The version of a folder or file in any repository."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from qanat.errors import GitRefused
from qanat.git.elsewhere import version_of
from tests.support.repository import Repository


def test_a_whole_repository_is_its_commit_and_a_part_its_tree_or_blob(repository: Repository) -> None:
    commit = repository.commit(**{"sub/b*.txt": "b"})
    assert version_of(repository.root).id == f"commit:{commit}"
    assert version_of(repository.root / "sub").id == f"tree:{repository.git('rev-parse', 'HEAD:sub')}"
    assert version_of(repository.root / "sub/b*.txt").id == f"blob:{repository.git('rev-parse', 'HEAD:sub/b*.txt')}"
    repository.commit(**{":(top)x/y": "y"})
    assert version_of(repository.root / ":(top)x").id == f"tree:{repository.git('rev-parse', 'HEAD::(top)x')}"


def test_changes_count_where_they_are(repository: Repository) -> None:
    repository.commit(**{"sub/b*.txt": "b", "sub/bc.txt": "c"})
    repository.write("sub/bc.txt", "changed")
    assert version_of(repository.root).changed
    assert version_of(repository.root / "sub").changed
    assert not version_of(repository.root / "sub/b*.txt").changed
    assert not version_of(repository.root / "a.txt").changed
    repository.git("checkout", "--quiet", ".")
    repository.write("sub/new")
    assert version_of(repository.root / "sub").changed


def test_what_no_commit_has_is_refused(repository: Repository, tmp_path: Path) -> None:
    repository.write("new/a")
    with pytest.raises(GitRefused, match="is in a repository, but not in its last commit"):
        version_of(repository.root / "new")
    (tmp_path / "plain").mkdir()
    with pytest.raises(GitRefused, match="is not in a repository"):
        version_of(tmp_path / "plain")


def test_a_submodule_is_its_commit_once_it_is_checked_out(repository: Repository) -> None:
    inner = Repository(repository.root / "inner")
    repository.git("init", "--quiet", "inner")
    commit = inner.commit(**{"a": "1"})
    repository.git("add", "inner")
    repository.git("commit", "--quiet", "--message", "inner")
    assert version_of(inner.root).id == f"commit:{commit}"
    inner.root.rename(repository.root / ".git/away")
    inner.root.mkdir()
    with pytest.raises(GitRefused, match="is a submodule that is not checked out"):
        version_of(inner.root)


@pytest.fixture
def trap(tmp_path: Path) -> str:
    """Return the path of a program that leaves a file `sprung` beside itself."""
    trap = tmp_path / "trap.sh"
    trap.write_text(f"#!/bin/sh\ntouch {tmp_path}/sprung\ncat\n")
    trap.chmod(0o755)
    return str(trap)


def is_sprung(trap: str) -> bool:
    return os.path.lexists(Path(trap).with_name("sprung"))


@pytest.mark.parametrize("key", ["core.fsmonitor", "filter.x.clean", "filter.x.process", "filter.x.smudge"])
def test_the_settings_of_a_repository_start_no_program(repository: Repository, trap: str, key: str) -> None:
    repository.commit(**{".gitattributes": "*.txt filter=x\n", "a.txt": "a"})
    repository.git("config", key, trap)
    repository.git("config", "filter.x.required", "true")
    os.utime(repository.root / "a.txt", (1, 1))
    assert not version_of(repository.root).changed
    assert not is_sprung(trap)


def test_filters_of_the_user_are_used(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trap: str
) -> None:
    repository.commit(**{".gitattributes": "*.txt filter=x\n", "a.txt": "KEPT"})
    (tmp_path / "home").mkdir()
    (tmp_path / "home/.gitconfig").write_text('[filter "x"]\n\tclean = tr a-z A-Z\n')
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.delenv("GIT_CONFIG_GLOBAL", raising=False)
    repository.git("config", "filter.x.clean", trap)
    repository.write("a.txt", "kept")
    assert not version_of(repository.root).changed
    assert not is_sprung(trap)


def test_settings_of_the_environment_stay(repository: Repository, monkeypatch: pytest.MonkeyPatch, trap: str) -> None:
    repository.commit(**{".gitattributes": "*.txt filter=x\n", "a.txt": "KEPT"})
    for name, value in {"COUNT": "1", "KEY_0": "filter.x.clean", "VALUE_0": "tr a-z A-Z"}.items():
        monkeypatch.setenv(f"GIT_CONFIG_{name}", value)
    repository.git("config", "filter.x.clean", trap)
    repository.write("a.txt", "kept")
    assert not version_of(repository.root).changed
    assert not is_sprung(trap)


def test_no_missing_object_is_fetched(repository: Repository, trap: str) -> None:
    repository.commit(**{"d/a.txt": "a"})
    tree = repository.git("rev-parse", "HEAD:d")
    for key, value in {
        "core.repositoryformatversion": "1",
        "extensions.partialClone": "origin",
        "remote.origin.promisor": "true",
        "remote.origin.url": f"ext::{trap} ext",
        "remote.origin.uploadpack": trap,
        "protocol.ext.allow": "always",
    }.items():
        repository.git("config", key, value)
    (repository.root / ".git/objects" / tree[:2] / tree[2:]).unlink()
    (repository.root / ".git/index").unlink()
    with pytest.raises(GitRefused):
        version_of(repository.root / "d")
    assert not is_sprung(trap)

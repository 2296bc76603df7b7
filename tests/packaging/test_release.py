"""`make release`: the commit, the tag and the files of a release, made in a copy of the project."""

from __future__ import annotations

import sys
from datetime import UTC, datetime

import pytest

import qanat
from tests.support.packages import copy_project
from tests.support.sandbox import Result, Sandbox, call

pytestmark = [pytest.mark.xdist_group("packaging"), pytest.mark.slow]
CHANGELOG = "# Changelog\n\n## Unreleased\n\n* Something new.\n\n## 0.0.1 (2026-01-02)\n\n* The first.\n"


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Sandbox:
    """Return a repository with the project's files."""
    copy = Sandbox(copy_project(tmp_path_factory.mktemp("release") / "the copy"))
    copy.git("init", "--quiet")
    copy.write("CHANGELOG.md", CHANGELOG)
    copy.write("schemas/released.json", "{}\n")  # as before the first release
    copy.commit("everything")
    return copy


def release(copy: Sandbox, *words: str, code: int = 0) -> Result:
    """Run the program behind `make release`."""
    return call([sys.executable, "-W", "error", "tools/release.py", *words], copy.root, code=code)


def state(copy: Sandbox) -> tuple[str, ...]:
    """Return what a refused release and a dry run leave as it is."""
    trees = copy.git("worktree", "list", "--porcelain")
    return copy.git("rev-parse", "HEAD"), copy.git("tag", "--list"), copy.status(), trees


def test_a_release_is_refused_without_a_reason_to_make_it(copy: Sandbox) -> None:
    before = state(copy)
    assert release(copy, "0.9", code=1).err == "0.9 is not a version such as 0.2.0\n"
    older = f"0.0.9 is older than {qanat.__version__}, the version in qanat/__init__.py\n"
    assert release(copy, "0.0.9", code=1).err == older
    copy.git("tag", "v9.0.0")
    assert release(copy, "9.0.0", code=1).err == "the tag v9.0.0 exists\n"
    copy.git("tag", "--delete", "v9.0.0")
    copy.write("notes.txt", "1\n")
    assert release(copy, "9.0.0", code=1).err == "there are uncommitted changes:\n?? notes.txt\n"
    (copy.root / "notes.txt").unlink()
    assert state(copy) == before


def test_a_release_that_fails_leaves_nothing_behind(copy: Sandbox) -> None:
    copy.write("CHANGELOG.md", CHANGELOG.replace("* Something new.\n\n", ""))
    copy.commit("nothing new")
    before = state(copy)
    assert release(copy, "9.0.0", code=1).err == "CHANGELOG.md has nothing under ## Unreleased\n"
    assert state(copy) == before
    copy.git("reset", "--quiet", "--hard", "HEAD~1")


def test_a_release_is_a_commit_with_a_tag_and_files_and_can_be_undone(copy: Sandbox) -> None:
    before = state(copy)
    tried = release(copy, "9.0.0", "--dry-run")
    assert "CHANGELOG.md" in tried.out
    assert tried.out.endswith("v9.0.0 would have qanat-9.0.0-py3-none-any.whl, qanat-9.0.0.tar.gz.\n")
    assert state(copy) == before
    assert not (copy.root / "dist").exists()
    done = release(copy, "9.0.0")
    assert sorted(path.name for path in (copy.root / "dist").iterdir()) == [
        "qanat-9.0.0-py3-none-any.whl",
        "qanat-9.0.0.tar.gz",
    ]
    assert copy.git("log", "-1", "--format=%s") == "Release 9.0.0"
    assert copy.git("tag", "--points-at", "HEAD") == "v9.0.0"
    assert copy.status() == ""
    assert (copy.root / "qanat/__init__.py").read_text().count('__version__ = "9.0.0"') == 1
    assert "\n  version: 9.0.0\n" in (copy.root / "recipe/recipe.yaml").read_text()
    assert (
        f"# Changelog\n\n## 9.0.0 ({datetime.now(UTC):%Y-%m-%d})\n\n* Something new.\n"
        in (copy.root / "CHANGELOG.md").read_text()
    )
    assert (copy.root / "share/man/man1/qanat.1").read_text().startswith('.TH QANAT 1 "" "qanat 9.0.0"')
    assert "\nversion: 9.0.0\n" in (copy.root / "CITATION.cff").read_text()
    assert '"since": "9.0.0"' in (copy.root / "schemas/released.json").read_text()
    ready = copy.git("rev-parse", "HEAD")
    copy.git("tag", "--delete", "v9.0.0")
    release(copy, "9.0.0")  # a tree that is ready only gets the tag
    assert copy.git("rev-parse", "HEAD", "v9.0.0^{commit}").split() == [ready, ready]
    undo = done.out.partition("Or undo it:")[2]
    call(["sh", "-ec", undo], copy.root)
    assert state(copy) == before

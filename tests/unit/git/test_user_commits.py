"""Commits of the user's files: what is committed, and what is left of the index when it cannot be."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from qanat.errors import GitRefused
from qanat.git import index_copy, user_commits
from tests.support.repository import Repository

RECORD = ".qanat/runs/train/0/4-7f3a9c.yaml"


@pytest.fixture
def dirty(repository: Repository) -> Repository:
    """Return a repository with changes of every kind, and a run record."""
    repository.commit(**{"gone.txt": "", "part.txt": "1\n", "record.txt": "", RECORD: "old\n"})
    repository.write("a.txt", "changed\n")
    repository.write("part.txt", "staged\n")
    repository.write("staged.txt", "staged\n")
    repository.git("add", "part.txt", "staged.txt")
    repository.write("part.txt", "and changed again\n")
    repository.write("intended.txt", "intended\n")
    repository.git("add", "--intent-to-add", "intended.txt")
    (repository.root / "gone.txt").unlink()
    repository.write("new.txt", "new\n")
    repository.write("other.txt", "other\n")
    repository.write(RECORD, "record\n")
    return repository


def hook(repository: Repository, name: str, script: str) -> None:
    """Install a hook."""
    repository.write(f".git/hooks/{name}", f"#!/bin/sh\n{script}\n").chmod(0o755)


def state(repository: Repository) -> dict[str, object]:
    """Return all that a failure must leave as it was."""
    found = (path for path in repository.root.rglob("*") if path.is_file() and ".git" not in path.parts)
    return {
        "index": (repository.root / ".git/index").read_bytes(),
        "refs": repository.git("for-each-ref"),
        "head": repository.head,
        "config": (repository.root / ".git/config").read_bytes(),
        "files": {str(path): path.read_bytes() for path in found},
        "left": [path for path in (repository.root / ".git").glob("qanat/commit-*")],
        "locks": [str(path) for path in (repository.root / ".git").rglob("*.lock")],
    }


def test_tracked_and_named_files_are_committed_and_no_record(dirty: Repository) -> None:
    commit = user_commits.commit(dirty.location, "message\n\nwith more", ["new.txt"])
    assert commit == dirty.head
    assert dirty.git("log", "-1", "--format=%B") == "message\n\nwith more"
    assert dirty.git("show", "--name-status", "--format=", "HEAD").splitlines() == [
        "M\ta.txt",
        "D\tgone.txt",
        "A\tintended.txt",
        "A\tnew.txt",
        "M\tpart.txt",
        "A\tstaged.txt",
    ]
    assert dirty.git("show", "HEAD:part.txt") == "and changed again"
    assert dirty.git("status", "--porcelain") == f" M {RECORD}\n?? other.txt"
    assert state(dirty)["left"] == state(dirty)["locks"] == []


def test_without_changes_nothing_is_committed(repository: Repository) -> None:
    head = repository.head
    assert user_commits.commit(repository.location, "message") == head
    assert repository.head == head


def test_a_staged_change_that_was_undone_in_the_file_is_committed_as_the_file_is(repository: Repository) -> None:
    repository.commit(**{"b.txt": "1\n"})
    repository.write("b.txt", "2\n")
    repository.git("add", "b.txt")
    repository.write("b.txt", "1\n")
    repository.write("a.txt", "changed\n")
    user_commits.commit(repository.location, "message")
    assert repository.git("status", "--porcelain") == ""
    assert repository.git("show", "HEAD:b.txt") == "1"


@pytest.mark.parametrize(
    ("name", "script", "said"),
    [
        ("pre-commit", "echo A..Passed; echo B..Failed >&2; exit 1", "A..Passed\n  B..Failed"),
        ("pre-commit", "git add other.txt; echo fix >added; git add added; rm added; exit 1", "exit status 1"),
        ("prepare-commit-msg", "echo not so >&2; exit 1", "not so"),
        ("commit-msg", "echo bad message >&2; exit 1", "bad message"),
        ("reference-transaction", '[ "$1" != prepared ] || { echo protected >&2; exit 1; }', "protected"),
    ],
)
def test_a_hook_that_refuses_leaves_everything_and_is_shown(
    dirty: Repository, name: str, script: str, said: str
) -> None:
    before = state(dirty)
    hook(dirty, name, script)
    with pytest.raises(GitRefused) as error:
        user_commits.commit(dirty.location, "message", ["new.txt"])
    assert said in error.value.message
    assert error.value.hint == "nothing was committed, and what you have staged is as it was"
    assert state(dirty) == before


def test_a_commit_that_cannot_be_signed_leaves_everything(dirty: Repository) -> None:
    dirty.git("config", "commit.gpgsign", "true")
    dirty.git("config", "gpg.program", "false")
    before = state(dirty)
    with pytest.raises(GitRefused, match="gpg failed to sign"):
        user_commits.commit(dirty.location, "message")
    assert state(dirty) == before


def test_a_locked_branch_leaves_everything(dirty: Repository) -> None:
    dirty.write(".git/refs/heads/main.lock")
    before = state(dirty)
    with pytest.raises(GitRefused, match=r"cannot lock ref 'HEAD'"):
        user_commits.commit(dirty.location, "message")
    assert state(dirty) == before


def test_a_locked_index_is_waited_for_and_named(dirty: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index_copy, "WAIT_S", 0.1)
    dirty.write(".git/index.lock")
    before = state(dirty)
    with pytest.raises(GitRefused, match=r"the index is locked: .*/index\.lock exists") as error:
        user_commits.commit(dirty.location, "message")
    assert error.value.hint == "another git is running, perhaps with an open editor; if none is, delete the file"
    assert state(dirty) == before


def test_an_index_that_is_locked_after_the_commit_takes_the_commit_back(
    dirty: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index_copy, "WAIT_S", 0.1)
    hook(dirty, "post-commit", "touch .git/index.lock")
    before = state(dirty)
    with pytest.raises(GitRefused, match=r"the index is locked: .*/index\.lock exists"):
        user_commits.commit(dirty.location, "message")
    (dirty.root / ".git/index.lock").unlink()
    assert state(dirty) == before


# ---- others beside it


def test_what_is_staged_meanwhile_stays_staged(dirty: Repository) -> None:
    stage = "unset GIT_INDEX_FILE; echo more >more.txt; git add more.txt; echo mine >a.txt; git add a.txt"
    hook(dirty, "pre-commit", f"{stage}; echo changed >a.txt")
    user_commits.commit(dirty.location, "message", ["new.txt"])
    assert dirty.git("status", "--porcelain") == f" M {RECORD}\nMM a.txt\nA  more.txt\n?? other.txt"
    assert dirty.git("show", ":a.txt") == "mine"
    assert dirty.git("show", "HEAD:a.txt") == "changed"


def test_what_a_hook_stages_is_committed(dirty: Repository) -> None:
    hook(dirty, "pre-commit", "echo formatted >a.txt; git add a.txt other.txt")
    user_commits.commit(dirty.location, "message")
    assert dirty.git("show", "HEAD:a.txt") == "formatted"
    assert dirty.git("status", "--porcelain") == f" M {RECORD}\n?? new.txt"


def test_a_commit_made_meanwhile_is_not_undone(dirty: Repository) -> None:
    """The copy of the index would not have it."""
    meanwhile = "unset GIT_INDEX_FILE; [ -e .git/once ] || { touch .git/once; git commit -q -m theirs -- part.txt; }"
    hook(dirty, "prepare-commit-msg", f'[ "$(git log -1 --format=%s)" = theirs ] || {{ {meanwhile}; }}')
    user_commits.commit(dirty.location, "message")
    assert dirty.git("log", "--format=%s", "-2").splitlines() == ["message", "theirs"]


def test_a_commit_that_git_made_on_another_head_is_taken_back_and_repeated(
    dirty: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    staged = user_commits.stage

    def commit_theirs_after(*arguments: object) -> None:
        staged(*arguments)  # type: ignore[arg-type]
        if not (dirty.root / "theirs.txt").exists():
            dirty.commit(**{"theirs.txt": "theirs\n"})

    monkeypatch.setattr(user_commits, "stage", commit_theirs_after)
    dirty.git("commit", "--quiet", "--all", "--message", "clean")
    dirty.write("a.txt", "mine\n")
    user_commits.commit(dirty.location, "message")
    assert dirty.git("show", "HEAD:theirs.txt") == "theirs"
    assert dirty.git("show", "HEAD:a.txt") == "mine"
    assert dirty.git("status", "--porcelain", "--untracked-files=no") == ""


def test_a_hook_may_commit_afterwards(dirty: Repository) -> None:
    own = "[ -e .git/once ] || { touch .git/once; git commit -q --allow-empty -m after; }"
    hook(dirty, "post-commit", own)
    made = user_commits.commit(dirty.location, "message", ["new.txt", "other.txt"])
    assert dirty.git("rev-parse", "HEAD~1") == made
    assert dirty.git("status", "--porcelain", "--", ".", ":!.qanat").splitlines() == []


ONCE = "[ -e .git/once ] && exit; touch .git/once"


def test_a_hook_may_amend_the_commit(dirty: Repository) -> None:
    hook(dirty, "post-commit", f"{ONCE}; git commit -q --amend --message amended")
    made = user_commits.commit(dirty.location, "message", ["new.txt", "other.txt"])
    assert made == dirty.head
    assert dirty.git("log", "-1", "--format=%s") == "amended"
    assert dirty.git("status", "--porcelain") == f" M {RECORD}"


def test_a_hook_that_uses_the_users_index_commits_once(dirty: Repository) -> None:
    before, index = dirty.head, dirty.git("ls-files", "--stage")
    hook(dirty, "post-commit", f"{ONCE}; unset GIT_INDEX_FILE; git commit -q --amend --message amended")
    user_commits.commit(dirty.location, "message", ["new.txt"])
    assert dirty.git("rev-parse", "HEAD~1") == before
    assert dirty.git("ls-files", "--stage") == index


def test_a_hook_that_removes_the_commit_is_not_asked_again(dirty: Repository) -> None:
    before = state(dirty)
    hook(dirty, "post-commit", "git rev-parse HEAD >>.git/made; git update-ref HEAD HEAD~1")
    with pytest.raises(GitRefused, match="the commit was replaced or removed, perhaps by a git hook") as caught:
        user_commits.commit(dirty.location, "message")
    assert caught.value.hint == "see git reflog"
    assert len((dirty.root / ".git/made").read_text().split()) == 1
    assert state(dirty) == before


def test_without_a_reflog_the_index_is_updated_too(dirty: Repository) -> None:
    dirty.git("config", "core.logAllRefUpdates", "false")
    shutil.rmtree(dirty.root / ".git/logs")  # git goes on with those that exist
    user_commits.commit(dirty.location, "message", ["new.txt"])
    assert dirty.git("status", "--porcelain") == f" M {RECORD}\n?? other.txt"


# ---- kinds of indexes


@pytest.mark.parametrize("kind", ["split", "version 4", "untracked cache", "none", "linked worktree"])
def test_every_kind_of_index_is_updated(dirty: Repository, kind: str, tmp_path: Path) -> None:
    match kind:
        case "split":
            dirty.git("update-index", "--split-index")
        case "version 4":
            dirty.git("update-index", "--index-version", "4")
        case "untracked cache":
            dirty.git("update-index", "--force-untracked-cache")
        case "none":
            dirty.git("reset", "--quiet", "--hard")
            (dirty.root / ".git/index").unlink()
        case _:
            dirty.git("worktree", "add", "--quiet", "-b", "topic", str(tmp_path / "linked"))
            dirty = Repository(tmp_path / "linked")
            dirty.write("a.txt", "changed\n")
    dirty.write("new.txt", "new\n")
    user_commits.commit(dirty.location, "message", ["new.txt"])
    assert dirty.git("show", "HEAD:new.txt") == "new"
    assert dirty.git("diff", "--cached") == ""
    assert dirty.git("diff", "--", ".", ":!.qanat") == ""


# ---- killed


@pytest.mark.parametrize("moment", ["before", "after"])
def test_what_a_killed_qanat_left_is_finished(dirty: Repository, moment: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its folder stays, and so does a lock that it took for the new index."""

    def killed(*_: object) -> None:
        raise SystemExit

    before = state(dirty)
    with monkeypatch.context() as patch:
        patch.setattr(user_commits, "_commit" if moment == "before" else "_update_index", killed)
        patch.setattr(index_copy, "remove", lambda folder: None)
        with pytest.raises(SystemExit):
            user_commits.commit(dirty.location, "message", ["new.txt"])
    assert (dirty.root / ".git/index").read_bytes() == before["index"]
    user_commits.finish_abandoned(dirty.location)
    if moment == "before":
        assert state(dirty) == before
        return
    assert dirty.git("status", "--porcelain") == f" M {RECORD}\n?? other.txt"
    assert state(dirty)["left"] == []


def test_a_commit_that_is_being_made_is_left_alone(dirty: Repository) -> None:
    with index_copy.copied(dirty.location) as copy:
        user_commits.finish_abandoned(dirty.location)
        assert copy.index.is_file()
    assert not copy.folder.exists()


def test_a_lock_of_a_killed_qanat_is_removed_and_one_of_git_is_not(dirty: Repository) -> None:
    with index_copy.copied(dirty.location) as copy:
        lock = dirty.root / ".git/index.lock"
        lock.hardlink_to(copy.index)
        index_copy.release(dirty.location, copy.index)
        assert not lock.exists()
        lock.touch()
        index_copy.release(dirty.location, copy.index)
        assert lock.exists()


# ---- what git does with files


def test_filters_are_applied_as_git_does(dirty: Repository) -> None:
    """As those of git-lfs are."""
    dirty.git("config", "filter.upper.clean", "tr a-z A-Z")
    dirty.git("config", "filter.upper.smudge", "tr A-Z a-z")
    dirty.write(".gitattributes", "*.up filter=upper\n")
    dirty.write("big.up", "large\n")
    user_commits.commit(dirty.location, "message", [".gitattributes", "big.up"])
    assert dirty.git("show", "HEAD:big.up") == "LARGE"
    assert dirty.git("status", "--porcelain", "--", ".", ":!.qanat") == "?? new.txt\n?? other.txt"


def test_a_filter_that_fails_leaves_everything(dirty: Repository) -> None:
    dirty.git("config", "filter.broken.clean", "false")
    dirty.git("config", "filter.broken.required", "true")
    dirty.write(".git/info/attributes", "a.txt filter=broken\n")
    before = state(dirty)
    with pytest.raises(GitRefused, match="git add failed"):
        user_commits.commit(dirty.location, "message")
    assert state(dirty) == before


@pytest.mark.parametrize("options", [["--cone"], ["--cone", "--sparse-index"], ["--no-cone"]])
def test_files_left_out_of_a_sparse_checkout_stay_in_the_commit(repository: Repository, options: list[str]) -> None:
    repository.commit(**{"in/a.txt": "1\n", "out/b.txt": "1\n", "out/deep/c.txt": "1\n"})
    repository.git("sparse-checkout", "set", *options, "in" if "--cone" in options else "/in/")
    repository.write("in/a.txt", "2\n")
    repository.write("in/new.txt", "new\n")
    user_commits.commit(repository.location, "message", ["in/new.txt"])
    assert repository.git("show", "--format=", "--name-only", "HEAD").splitlines() == ["in/a.txt", "in/new.txt"]
    assert repository.git("show", "HEAD:out/deep/c.txt") == "1"
    assert repository.git("status", "--porcelain") == ""
    assert not (repository.root / "out").exists()


def test_a_new_commit_of_a_submodule_is_committed(repository: Repository, tmp_path: Path) -> None:
    inner = Repository(tmp_path / "inner")
    inner.root.mkdir()
    inner.git("init", "--quiet")
    inner.commit(**{"x.txt": "1\n"})
    repository.git("submodule", "--quiet", "add", str(inner.root), "sub")
    repository.commit()
    sub = Repository(repository.root / "sub")
    wanted = sub.commit(**{"x.txt": "2\n"})
    user_commits.commit(repository.location, "message")
    assert repository.git("rev-parse", "HEAD:sub") == wanted
    assert repository.git("status", "--porcelain") == ""


def test_names_are_no_patterns(dirty: Repository) -> None:
    names = ["*.txt", ":(top)x", "a\nb", "-n", " ", "é"]
    for name in names:
        dirty.write(name, "x\n")
    user_commits.commit(dirty.location, "message", names)
    committed = dirty.git("show", "--format=", "--name-only", "-z", "--diff-filter=A", "HEAD").split("\0")
    assert sorted(filter(None, committed)) == sorted([*names, "intended.txt", "staged.txt"])
    assert dirty.git("status", "--porcelain", "--", ".", ":!.qanat") == "?? new.txt\n?? other.txt"


# ---- nothing but some files


def test_only_the_named_files_are_committed_and_the_rest_stays_staged(dirty: Repository) -> None:
    before = dirty.git("status", "--porcelain", "--", ".", ":!new.txt", ":!gone.txt")
    user_commits.commit_only(dirty.location, "message", ["new.txt", "gone.txt", "never.txt"])
    assert dirty.git("show", "--format=", "--name-status", "HEAD").splitlines() == ["D\tgone.txt", "A\tnew.txt"]
    assert dirty.git("status", "--porcelain", "--", ".", ":!gone.txt") == before
    assert dirty.git("show", ":part.txt") == "staged"


def test_a_hook_that_refuses_a_partial_commit_leaves_everything(dirty: Repository) -> None:
    before = state(dirty)
    hook(dirty, "pre-commit", "git add --all; exit 1")
    with pytest.raises(GitRefused):
        user_commits.commit_only(dirty.location, "message", ["new.txt"])
    assert state(dirty) == before

"""The hook `qanat-frozen-runs`: the record of an ended run stays unchanged, and is deleted only on purpose."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.hooks import hook
from tests.support.sandbox import Sandbox


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Sandbox:
    """Return a project with a run of two groups; every test leaves it as it was."""
    sandbox = Sandbox.make(tmp_path_factory.mktemp("house") / "my project")
    sandbox.experiment("hello", "exit 3\n")
    sandbox.qanat("run", "hello", "-g", "1", "-g", "2", code=1)
    return sandbox


@pytest.fixture(autouse=True)
def left_clean(house: Sandbox) -> Iterator[None]:
    """Restore the project after each test."""
    before = house.git("rev-parse", "HEAD")
    yield
    house.git("checkout", "--quiet", "--force", "main")
    house.git("reset", "--quiet", "--hard", before)
    house.git("clean", "--quiet", "--force", "-d")
    for branch in house.git("branch", "--format=%(refname:short)").splitlines():
        if branch != "main":
            house.git("branch", "--quiet", "-D", branch)


@pytest.fixture
def record(house: Sandbox) -> Path:
    """Return the file of the one record."""
    (path,) = house.record_files()
    return path


def name_of(house: Sandbox, file: Path) -> str:
    """Return a file's path from the root."""
    return file.relative_to(house.root).as_posix()


def edit(house: Sandbox, file: Path, old: str, new: str) -> None:
    """Replace a text that occurs once in a file, and stage the file."""
    text = file.read_text()
    assert text.count(old) == 1
    file.write_text(text.replace(old, new))
    house.git("add", "--all")


def test_a_clean_project_and_a_new_run_are_fine(house: Sandbox) -> None:
    assert hook(house, "frozen-runs", code=0).out == ""
    house.qanat("run", "hello", code=1)
    assert hook(house, "frozen-runs", "--from-ref", "HEAD~1", "--to-ref", "HEAD", code=0).out == ""


@pytest.mark.parametrize(
    ("old", "new", "line", "key"),
    [
        ("state: failed\n", "state: finished\n", 26, "state"),
        ("- {group: 1, args: ['2']", "- {group: 1, args: ['3']", 31, "groups.1.args"),
        ("description: ''", "description: better", 4, "description"),
        ("snapshot: false", "snapshot: true", 13, "code.snapshot"),
        ("runner: {name: local", "runner: {name: slurm", 23, "runner.name"),
    ],
)
def test_a_change_after_the_end_is_refused_with_file_line_rule_and_remedy(
    house: Sandbox, record: Path, old: str, new: str, line: int, key: str
) -> None:
    edit(house, record, old, new)
    name = name_of(house, record)
    start = f"{name}:{line}: frozen-runs: {key}"
    said = hook(house, "frozen-runs").out
    assert said.startswith(start)
    assert said.endswith(f" was changed after the run had ended; git checkout HEAD -- {name}\n")
    house.git("checkout", "HEAD", "--", name)
    assert hook(house, "frozen-runs", code=0).out == ""


def test_tags_comments_and_attempts_may_be_added(house: Sandbox) -> None:
    start = house.git("rev-parse", "HEAD")
    house.qanat("tag", "1", "add", "good")
    house.qanat("comment", "1", "--message", "worth a look")
    house.qanat("retry", "1", "--group", "1", code=1)
    text = house.record_files()[0].read_text()
    assert "good" in text
    assert "attempt: 2" in text
    assert hook(house, "frozen-runs", "--from-ref", start, code=0).out == ""
    edit(house, house.record_files()[0], "attempt: 2", "attempt: 1")
    assert "groups.1.attempt was changed after the run had ended" in hook(house, "frozen-runs").out


def test_what_a_record_says_only_matters_as_far_as_it_is_staged(house: Sandbox, record: Path) -> None:
    record.write_text(record.read_text().replace("state: failed\n", "state: finished\n"))
    assert hook(house, "frozen-runs", code=0).out == ""
    house.git("add", "--all")
    house.git("show", f"HEAD:{name_of(house, record)}")
    record.write_text(house.git("show", f"HEAD:{name_of(house, record)}") + "\n")
    assert "state was changed" in hook(house, "frozen-runs").out


def test_a_deleted_record_is_refused_until_someone_says_so(house: Sandbox, record: Path) -> None:
    name, run_id = name_of(house, record), record.stem
    house.git("rm", "--quiet", name)
    expected = (
        f"{name}:1: frozen-runs: the record was deleted without qanat delete; "
        f"git checkout HEAD -- {name}, or delete the run with: qanat delete {run_id}\n"
    )
    assert hook(house, "frozen-runs").out == expected
    hook(house, "frozen-runs", "--allow-deleted", run_id, code=0)
    hook(house, "frozen-runs", env={"QANAT_DELETED_RUNS": f"9-000000, {run_id}"}, code=0)
    start = house.git("rev-parse", "HEAD")
    house.git("commit", "--quiet", "--message", "tidy up")
    assert f"git checkout {start[:12]} -- {name}" in hook(house, "frozen-runs", "--from-ref", start).out
    house.git("commit", "--quiet", "--amend", "--message", f"tidy up\n\nDeleted-run: {run_id}")
    hook(house, "frozen-runs", "--from-ref", start, "--to-ref", "HEAD", code=0)


def test_runs_that_qanat_deletes_are_named_in_the_commit(house: Sandbox, record: Path) -> None:
    start = house.git("rev-parse", "HEAD")
    house.qanat("delete", "1", "--yes")
    assert f"Deleted-run: {record.stem}" in house.git("log", "-1", "--format=%B").splitlines()
    hook(house, "frozen-runs", "--from-ref", start, code=0)
    house.git("reset", "--quiet", "--hard", start)
    house.qanat("experiment", "delete", "hello", "--yes")
    hook(house, "frozen-runs", "--from-ref", start, code=0)


def test_a_record_that_becomes_a_link_or_unreadable_is_refused(house: Sandbox, record: Path) -> None:
    name = name_of(house, record)
    text = record.read_text()
    record.write_text(f"{text}id: [\n")
    house.git("add", "--all")
    assert f"{name}:" in (said := hook(house, "frozen-runs").out)
    assert "frozen-runs: the record can no longer be read; git checkout HEAD" in said
    record.unlink()
    record.symlink_to("/etc/passwd")
    house.git("add", "--all")
    assert hook(house, "frozen-runs").out.startswith(f"{name}:1: frozen-runs: the record is now a symbolic link; ")


def test_records_may_move_with_their_experiment(house: Sandbox, record: Path) -> None:
    definition = house.root / ".qanat/experiments/hello.yaml"
    definition.rename(definition.with_name("renamed.yaml"))
    moved = house.root / ".qanat/runs/renamed/0" / record.name
    moved.parent.mkdir(parents=True)
    moved.write_text(record.read_text().replace("experiment: hello\n", "experiment: renamed\n"))
    record.unlink()
    house.git("add", "--all")
    hook(house, "frozen-runs", code=0)
    edit(house, moved, "state: failed\n", "state: finished\n")
    expected = f"state was changed after the run had ended; git checkout HEAD -- {name_of(house, record)}\n"
    assert hook(house, "frozen-runs").out == f"{name_of(house, moved)}:26: frozen-runs: {expected}"


def test_a_server_compares_with_where_the_branch_left(house: Sandbox, record: Path, tmp_path: Path) -> None:
    house.git("checkout", "--quiet", "-b", "side")
    edit(house, record, "state: failed\n", "state: finished\n")
    house.git("commit", "--quiet", "--message", "forge")
    assert hook(house, "frozen-runs", code=0).out == ""
    assert "state was changed" in hook(house, "frozen-runs", env={"CI": "true"}).out
    clone = Sandbox(tmp_path / "clone")
    house.git("clone", "--quiet", "--branch", "side", str(house.root), str(clone.root))
    env = {"CI": "true", "GITHUB_BASE_REF": "main"}
    assert "state was changed" in hook(clone, "frozen-runs", env=env).out


def test_pre_commits_revisions_are_taken_from_the_environment(house: Sandbox, record: Path) -> None:
    edit(house, record, "state: failed\n", "state: finished\n")
    house.git("commit", "--quiet", "--message", "forge")
    env = {"PRE_COMMIT_FROM_REF": "HEAD~1", "PRE_COMMIT_TO_REF": "HEAD"}
    assert "state was changed" in hook(house, "frozen-runs", env=env).out
    env = {"PRE_COMMIT_FROM_REF": "HEAD~1", "PRE_COMMIT_TO_REF": "HEAD~1"}
    hook(house, "frozen-runs", env=env, code=0)


def test_a_revision_that_is_not_there_is_one_sentence(house: Sandbox) -> None:
    said = hook(house, "frozen-runs", "--from-ref", "gone", code=2)
    assert said.err.startswith("qanat-hook frozen-runs: 'gone' is not a commit of this repository\n  hint: ")


def test_a_repository_without_a_project_passes_and_no_repository_does_not(tmp_path: Path) -> None:
    plain = Sandbox(tmp_path / "plain")
    plain.root.mkdir()
    said = hook(plain, "frozen-runs", code=2)
    assert said.err == f"qanat-hook frozen-runs: {plain.root} is not in a git repository\n"
    plain.git("init", "--quiet")
    hook(plain, "frozen-runs", code=0)
    plain.write("a.txt", "a\n")
    plain.git("add", "--all")
    for name in ("frozen-runs", "validate", "no-results", "no-secrets"):
        hook(plain, name, code=0)
    assert not (plain.root / ".qanat").exists()


def test_all_records_deleted_with_the_project_are_seen(house: Sandbox, record: Path) -> None:
    name = name_of(house, record)
    house.git("rm", "--quiet", "-r", ".qanat")
    assert hook(house, "frozen-runs").out.startswith(f"{name}:1: frozen-runs: the record was deleted")


def test_in_a_merge_what_either_side_has_is_fine(house: Sandbox, record: Path) -> None:
    name = name_of(house, record)
    house.git("checkout", "--quiet", "-b", "side")
    house.qanat("delete", "1", "--yes")
    house.git("checkout", "--quiet", "main")
    house.write("other.txt", "x\n")
    house.commit("other")
    house.git("merge", "--quiet", "--no-commit", "--no-ff", "side")
    assert name in house.git("diff", "--cached", "--name-only", "HEAD")
    hook(house, "frozen-runs", code=0)
    house.git("merge", "--abort")
    house.git("checkout", "--quiet", "-b", "plain", "HEAD~1")
    house.write("third.txt", "x\n")
    house.commit("third")
    house.git("checkout", "--quiet", "main")
    house.git("merge", "--quiet", "--no-commit", "--no-ff", "plain")
    house.git("rm", "--quiet", name)
    assert re.match(rf"{re.escape(name)}:1: frozen-runs: the record was deleted", hook(house, "frozen-runs").out)

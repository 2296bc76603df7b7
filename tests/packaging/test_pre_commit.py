"""The hooks as users get them: from pre-commit, at a tag of this repository."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.packages import copy_project
from tests.support.sandbox import Result, Sandbox, call

pytestmark = pytest.mark.xdist_group("packaging")
TAG = "v0-under-test"
CONFIG = """\
repos:
  - repo: {repository}
    rev: {tag}
    hooks:
      - id: qanat-validate
      - id: qanat-frozen-runs
      - id: qanat-no-results
      - id: qanat-no-secrets
"""
EXPERIMENT = ".qanat/experiments/hello.yaml"
# Where pip cannot reach a package index, it takes the packages that the tests run with.
OFFLINE = {
    "PIP_NO_INDEX": "1",
    "PIP_NO_DEPS": "1",
    "PIP_NO_BUILD_ISOLATION": "0",  # means: no isolation
    "PYTHONPATH": sysconfig.get_path("purelib"),
}


@pytest.fixture(scope="module")
def tagged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a repository with a tag of this project's files."""
    folder = copy_project(tmp_path_factory.mktemp("tagged") / "qanat of today")
    call(["git", "init", "--quiet"], folder)
    call(["git", "add", "--all"], folder)
    call(["git", "commit", "--quiet", "--message", "everything"], folder)
    call(["git", "tag", TAG], folder)
    return folder


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory, tagged: Path) -> Iterator[Path]:
    """Let pre-commit have a cache of its own, and install the hook's environment there once."""
    folder = tmp_path_factory.mktemp("pre-commit")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PRE_COMMIT_HOME", str(folder / "cache"))
        patch.delenv("PYTHONPATH", raising=False)
        project = Sandbox(folder / "project")
        project.root.mkdir()
        project.git("init", "--quiet")
        project.write(".pre-commit-config.yaml", CONFIG.format(repository=tagged, tag=TAG))
        if _pre_commit(project, "install-hooks", code=None).code != 0:
            for name, value in OFFLINE.items():
                patch.setenv(name, value)
            _pre_commit(project, "install-hooks")
        yield folder / "cache"


@pytest.fixture
def project(sandbox: Sandbox, tagged: Path, cache: Path) -> Sandbox:
    """Return a project in which `git commit` runs the hook."""
    sandbox.experiment("hello", "echo hello\n")
    sandbox.write(".pre-commit-config.yaml", CONFIG.format(repository=tagged, tag=TAG))
    sandbox.commit("pre-commit")
    _pre_commit(sandbox, "install")
    return sandbox


def _pre_commit(project: Sandbox, *words: str, code: int | None = 0) -> Result:
    done = subprocess.run(
        [sys.executable, "-m", "pre_commit", *words],
        cwd=project.root,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PRE_COMMIT_COLOR": "never"},
    )
    result = Result(done.returncode, done.stdout, done.stderr)
    assert code is None or result.code == code, f"{words} ended with {result.code}\n{result.out}\n{result.err}"
    return result


def _commit(project: Sandbox, cwd: Path | None = None, *, code: int) -> str:
    """Add and commit everything; return what the hooks printed."""
    project.git("add", "--all")
    env = {"PRE_COMMIT_COLOR": "never"}
    done = call(["git", "commit", "--quiet", "--message", "a change"], cwd or project.root, code=code, env=env)
    return done.out + done.err


def test_a_good_change_is_committed(project: Sandbox) -> None:
    file = project.root / EXPERIMENT
    file.write_text(file.read_text() + "description: says hello\n")
    said = _commit(project, code=0)
    assert "validate .qanat/" in said
    assert "Passed" in said
    assert project.git("log", "-1", "--format=%s") == "a change"


def test_what_is_staged_is_refused_with_file_line_and_key_and_nothing_else_is_looked_at(project: Sandbox) -> None:
    project.qanat("run", "hello")
    (record,) = project.record_files()
    file = project.root / EXPERIMENT
    text = file.read_text()
    file.write_text(text + "colour: red\n")
    project.write("notes.txt", "1\n")
    project.git("add", "notes.txt")
    env = {"PRE_COMMIT_COLOR": "never"}
    done = call(["git", "commit", "--quiet", "--message", "notes"], project.root, env=env)
    assert "Failed" not in done.out + done.err
    assert project.status() == f" M {EXPERIMENT}"
    project.write(EXPERIMENT.replace("hello", "other"), text.replace("hello", "other", 1) + "datasets: [gone]\n")
    record.write_text(record.read_text().replace("state: finished", "state: splendid", 1))
    head = project.git("rev-parse", "HEAD")
    said = _commit(project, project.root / ".qanat", code=1)
    assert "Failed" in said
    assert f"{EXPERIMENT}:5: validate: colour: unknown key" in said
    assert ".qanat/experiments/other.yaml:5: validate: item 1 of datasets: dataset 'gone' does not exist" in said
    assert f"{record.relative_to(project.root)}:" in said
    assert project.git("rev-parse", "HEAD") == head


def test_everything_that_qanat_writes_passes_and_a_linked_work_tree_works_too(project: Sandbox) -> None:
    project.qanat("run", "hello", "-g", "1", "-g", "2")
    assert "Passed" in _pre_commit(project, "run", "--all-files").out
    linked = Sandbox(project.root.parent / "linked")
    project.git("worktree", "add", "--quiet", "-b", "side", str(linked.root))
    file = linked.root / EXPERIMENT
    file.write_text(file.read_text() + "colour: red\n")
    assert "colour: unknown key" in _commit(linked, code=1)
    file.write_text(file.read_text().replace("colour: red", "tags: [red]"))
    assert "Passed" in _commit(linked, code=0)


def test_every_rule_stops_a_commit_and_says_what_to_do(project: Sandbox) -> None:
    project.qanat("run", "hello")
    (record,) = project.record_files()
    name = record.relative_to(project.root).as_posix()
    record.write_text(record.read_text().replace("host: ", "host: not-"))
    file = project.root / EXPERIMENT
    file.write_text(file.read_text() + "description: see https://ada:lovelace@example.com/\n")
    project.write("results/big.bin", "x")
    project.git("add", "--force", "results/big.bin")
    project.write("--allow=*", "a file, and no option")
    project.write("--", "another")
    said = _commit(project, code=1)
    assert f"{name}:8: frozen-runs: host was changed after the run had ended; git checkout HEAD -- {name}" in said
    assert "results/big.bin:1: no-results: is in results/, where runs write their results; git rm --cached -- " in said
    assert f"{EXPERIMENT}:5: no-secrets: this looks like a password in a URL; use a variable" in said
    project.git("reset", "--quiet", "--hard")
    project.git("rm", "--quiet", name)
    assert f"{name}:1: frozen-runs: the record was deleted without qanat delete" in _commit(project, code=1)


def test_a_commit_of_some_files_is_checked_as_it_will_be(project: Sandbox) -> None:
    project.qanat("run", "hello")
    (record,) = project.record_files()
    record.write_text(record.read_text().replace("host: ", "host: not-"))
    project.write("notes.txt", "1\n")
    project.git("add", "--all")
    env = {"PRE_COMMIT_COLOR": "never", "CI": ""}
    call(["git", "commit", "--quiet", "--message", "notes", "notes.txt"], project.root, env=env)
    said = call(["git", "commit", "--message", "all", "--all"], project.root, env=env, code=1)
    assert "frozen-runs: host was changed after the run had ended" in said.out + said.err


def test_a_deleted_dataset_that_an_experiment_names_is_refused(project: Sandbox) -> None:
    project.write("data.csv", "1\n")
    project.write(".qanat/datasets/data.yaml", "schema: dataset/1\nname: data\npath: data.csv\n")
    file = project.root / EXPERIMENT
    file.write_text(file.read_text() + "datasets: [data]\n")
    project.git("add", "--all")
    project.git("commit", "--quiet", "--no-verify", "--message", "data")
    project.git("rm", "--quiet", ".qanat/datasets/data.yaml")
    assert f"{EXPERIMENT}:5: validate: item 1 of datasets: dataset 'data' no longer exists; " in _commit(
        project, code=1
    )


def test_all_files_and_the_files_between_two_revisions_are_checked(project: Sandbox) -> None:
    project.qanat("run", "hello")
    (record,) = project.record_files()
    name = record.relative_to(project.root).as_posix()
    start = project.git("rev-parse", "HEAD")
    file = project.root / EXPERIMENT
    file.write_text(file.read_text() + "colour: red\n")
    project.git("rm", "--quiet", "--cached", name)
    project.git("commit", "--quiet", "--all", "--no-verify", "--message", "broken")
    assert f"{EXPERIMENT}:5: validate: colour: unknown key" in _pre_commit(project, "run", "--all-files", code=1).out
    said = _pre_commit(project, "run", "--from-ref", start, "--to-ref", "HEAD", code=1).out
    assert f"{EXPERIMENT}:5: validate: colour: unknown key" in said
    assert f"{name}:1: frozen-runs: the record was deleted" in said
    _pre_commit(project, "run", "--from-ref", start, "--to-ref", start)


# ---- prek, which reads the same manifest

PREK = shutil.which("prek")


@pytest.mark.skipif(PREK is None, reason="prek is not installed")
def test_prek_runs_the_same_hooks(sandbox: Sandbox, tagged: Path, tmp_path: Path) -> None:
    sandbox.experiment("hello", "echo hello\n")
    sandbox.qanat("run", "hello")
    sandbox.write(".pre-commit-config.yaml", CONFIG.format(repository=tagged, tag=TAG))
    start = sandbox.commit("prek")
    env = {"PREK_HOME": str(tmp_path / "prek"), "PREK_COLOR": "never"}

    def prek(*words: str, code: int | None = 0) -> Result:
        return call([str(PREK), *words], sandbox.root, code=code, env=env)

    if prek("prepare-hooks", code=None).code != 0:
        pytest.skip("prek could not install the hooks, which it does from a package index")
    assert prek("run", "--all-files").out.count("Passed") == 4
    file = sandbox.root / EXPERIMENT
    file.write_text(file.read_text() + "colour: red\n")
    (record,) = sandbox.record_files()
    record.unlink()
    sandbox.commit("broken")
    said = prek("run", "--from-ref", start, "--to-ref", "HEAD", code=1).out
    assert f"{EXPERIMENT}:5: validate: colour: unknown key" in said
    assert "frozen-runs: the record was deleted" in said

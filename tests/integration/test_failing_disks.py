"""Disks that are full or read-only: every command says so in a sentence, nothing is lost, and the next one mends."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from qanat.errors import WriteFailed
from qanat.usecases.definitions.init import init_project, plan_init
from tests.support.disks import Disk, disk_at
from tests.support.invariants import violations
from tests.support.sandbox import Result, Sandbox
from tests.support.world import World

pytestmark = pytest.mark.slow
# $2 is the exit code, and $4 the storage directory.
SCRIPT = """echo "$2"
echo '{"acc": 1}' >"$4/metrics.json"
echo '{"loss": 1}' >"$4/metrics.jsonl"
exit "$2"
"""
PARTS = {"everything": ".", "git": ".git", "results": "results", "state": ".qanat"}


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Sandbox:
    """Return a project with a run that finished and one that failed, in which git ignores what fills a disk."""
    sandbox = Sandbox.make(tmp_path_factory.mktemp("original") / "project")
    sandbox.write(".git/info/exclude", "filler\ndata\n")
    sandbox.write("data/a", "1")
    sandbox.write(".qanat/datasets/d.yaml", "schema: dataset/1\nname: d\npath: data\ntrack: hash\n")
    sandbox.experiment("work", SCRIPT, datasets=["d"])
    sandbox.qanat("run", "work", "--code", "0")
    sandbox.qanat("run", "work", "--code", "1", code=1)
    return sandbox


@pytest.fixture
def project(original: Sandbox, tmp_path: Path) -> Sandbox:
    """Return a copy of that project."""
    return Sandbox(shutil.copytree(original.root, tmp_path / "project", symlinks=True))


@contextmanager
def on_disk(project: Sandbox, part: str = ".") -> Iterator[Disk]:
    """Put a part of the project on a disk of its own."""
    with disk_at(project.root / part) as disk:
        project.git("update-index", "--refresh")
        project.qanat("status")  # all files have become others
        yield disk


@pytest.fixture(params=PARTS)
def disk(project: Sandbox, request: pytest.FixtureRequest) -> Iterator[Disk]:
    """Put a part of the project, or all of it, on a disk of its own."""
    with on_disk(project, PARTS[request.param]) as found:
        yield found


def is_said(result: Result) -> bool:
    """Return whether a command that failed says so in sentences, and no command has met a bug."""
    sentences = [line for line in result.err.splitlines() if line.startswith(("qanat: ", "note: "))]
    return result.code in (0, 1) and "bug" not in result.err and (result.code == 0 or bool(sentences))


@pytest.mark.parametrize("pages", [0, 1, 3, 4, 6, 10])
def test_a_run_on_a_full_disk_is_never_lost(project: Sandbox, disk: Disk, pages: int) -> None:
    committed = project.committed_records()
    with disk.full(pages):
        result = project.qanat("run", "work", "-R", "--code 0 1 1", code=None)
    assert is_said(result), result
    assert project.qanat("status").err == ""
    assert violations(project, committed) == []
    runs = [record for record in project.records() if record["id"][0] == "3"]
    assert [group["state"] for run in runs for group in run["groups"]] in ([], ["finished"])
    started = "Run 3 of work: 1 group" in result.err
    assert bool(runs) == started, result.err
    assert (project.root / "results/work/run_3").exists() == started
    project.qanat("run", "work", "--code", "0")
    assert project.record(3 + started)["state"] == "finished"


@pytest.mark.parametrize(
    "words",
    [("retry", "2"), ("tag", "1", "add", "x"), ("comment", "1", "-m", "x"), ("delete", "1", "--yes"), ("status",)],
    ids=lambda words: words[0],
)
def test_other_commands_on_a_full_disk_lose_nothing(project: Sandbox, words: tuple[str, ...]) -> None:
    with on_disk(project) as disk:
        for pages in (0, 2, 4, 8):
            with disk.full(pages):
                result = project.qanat(*words, code=None)
            gone = words[0] == "delete" and pages > 0
            assert is_said(result) or (gone and result.code == 2), result
            assert project.qanat("status").err == ""
            kept = [path for path in project.committed_records() if words[0] != "delete" or "/2-" in path]
            assert violations(project, kept) == []


@pytest.mark.parametrize("pages", [0, 1, 3, 6])
def test_a_submission_whose_jobs_cannot_be_recorded_is_found_again(tmp_path: Path, pages: int) -> None:
    root = tmp_path / "world"
    root.mkdir()
    with disk_at(root) as disk, ExitStack() as filled:
        init_project(plan_init(root, "vi", "results"), {"world": {}})
        world = World(root)
        world.experiment("exit 0\n")
        world.write(".git/info/exclude", "filler\n")
        world.scheduler.after_taking = lambda batch: filled.enter_context(disk.full(pages))
        if pages < 2:
            with pytest.raises(WriteFailed, match="run 1 was submitted, but its jobs could not be recorded") as error:
                world.submit(2)
            assert error.value.hint.startswith("the next qanat command finds the jobs; free some space")
        else:
            world.submit(2)
            assert "the record of run 1 was saved, but not committed: cannot write " in world.outcome.notes[0]
        filled.close()
        world.scheduler.after_taking = lambda batch: None
        run = world.look()
        assert [group.job for group in run.groups] == ["1.0", "1.1"]
        assert len(world.scheduler.batches) == 1
        assert world.recorded() == run
        for job in world.scheduler.of(0, 1):
            job.ends()
        assert world.look() == world.committed()
        assert world.submit().number == 2


def test_a_read_only_project_can_be_read_quickly_and_says_what_cannot_be_done(project: Sandbox) -> None:
    reading = [
        ("status",),
        ("experiment", "status", "work"),
        ("experiment", "list"),
        ("show", "1"),
        ("logs", "2"),
        ("compare", "1", "2"),
        ("diff", "HEAD~1..HEAD"),
        ("validate",),
        ("run", "work", "--code", "0", "--dry-run"),
    ]
    writing = [
        ("run", "work", "--code", "0"),
        ("retry", "2"),
        ("tag", "1", "add", "x"),
        ("comment", "1", "-m", "x"),
        ("delete", "1", "--yes"),
    ]
    with on_disk(project) as disk:
        with disk.read_only():
            for words in reading:
                result = project.qanat(*words)
                assert "cannot" not in result.err, result
            for words in writing:
                refused = project.qanat(*words, code=None)
                assert refused.code in (1, 2), (words, refused)
                assert "read-only" in refused.err.lower(), (words, refused)
        assert project.qanat("status").err == ""
        assert violations(project) == []

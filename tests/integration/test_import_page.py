"""The page about importing: every command on it runs as it stands, in a project like the page's."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from tests.support.pages import ROOT
from tests.support.qanat_v0 import CONFIG, V0Project
from tests.support.reader import Reader, report
from tests.support.sandbox import Sandbox

LOG = "005 (4651.000.000) 2023-06-29 13:18:11 Job terminated.\n\t(1) Normal termination (return value 3)\n"


def old_project(root: Path) -> None:
    """Create the project that the page is about."""
    sandbox = Sandbox(root)
    root.mkdir(parents=True)
    sandbox.git("init", "--quiet")
    sandbox.write(".gitignore", "results/\n.qanat/database.db\n")
    sandbox.write("data/iris", "5.1\n")
    old = V0Project(root)
    old.configure(**CONFIG, nohtcondorwarning=True)
    old.experiment()
    old.insert("datasets", id=1, name="iris", path="data/iris")
    old.insert("datasets_experiments", experiment_id=1, dataset_id=1)
    sandbox.git("add", ".gitignore", "data", "experiments")
    sandbox.git("commit", "--quiet", "--message", "first")
    old.commit = sandbox.git("rev-parse", "HEAD")
    ended = {"status": ["finished"], "end_time": [datetime.fromisoformat("2023-06-29 13:18:15")]}
    old.run(1, [{"--nbins": "10"}], ended, files={"comment.md": "Good\n"}, description="first try")
    old.tag("runs_tags", "run_id", 1, "paper")
    old.run(3, [{"--nbins": "10"}, {"--nbins": "20"}], {"status": ["finished", "finished"]})
    old.run(4, [{"--nbins": "30"}], files={"log.txt": LOG}, status="running", finished=None, runner="htcondor")
    old.run(5, status="running", finished=None)


@pytest.mark.slow
def test_every_command_of_the_page_prints_what_the_page_shows(tmp_path: Path) -> None:
    reader = Reader(tmp_path / "ada")
    reader.cwd = tmp_path / "ada/iris"
    old_project(reader.cwd)
    reader.read(ROOT / "docs/import.md")
    assert report(reader) == ""

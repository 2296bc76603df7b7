"""Results that are compared with some of another environment: what differs is named, wherever one stands."""

from __future__ import annotations

import json
import shlex
import shutil
import sys
from pathlib import Path

import pytest

from qanat.cli.diff.markdown import markdown
from qanat.cli.diff.report import report
from qanat.usecases.review.mapping import as_mapping
from qanat.usecases.review.state import diff
from tests.support.world import World

PROGRAM = """\
import json, pathlib, sys
(pathlib.Path(sys.argv[sys.argv.index("--storage_path") + 1]) / "metrics.json").write_text('{"acc": 1}')
"""


def test_what_differs_is_named(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    python = json.dumps(shlex.quote(sys.executable))
    definition = f"schema: experiment/1\nname: train\nexecutable: train.py\nexecutable_command: {python}\n"
    world.commit(**{"train.py": PROGRAM, ".qanat/experiments/train.yaml": definition})
    (tmp_path / "mine-1.0.dist-info").mkdir()
    world.launch("--n", "1")
    branch = world.git("branch", "--show-current").strip()
    world.git("switch", "--quiet", "--create", "work")
    (tmp_path / "mine-1.0.dist-info").rename(tmp_path / "mine-1.1.dist-info")
    world.commit(**{"train.py": f"{PROGRAM}\n"})
    world.launch("--n", "1")
    world.git("switch", "--quiet", branch)
    shutil.rmtree(world.project.location.private / "environments")
    found = diff(world.project, f"{branch}...work", {})
    assert "in another environment: `mine 1.1, was 1.0`" in markdown(report(found))
    compared = as_mapping(found)["experiments"][0]["results"][0]["compared_with"]
    assert compared["other_environment"] is True
    assert compared["environment_differences"] == ["mine 1.1, was 1.0"]

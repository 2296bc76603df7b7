"""The README's first commands with a program of one's own, as typed by a person who presses Enter at every question."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.support.pages import ROOT
from tests.support.terminal import ENTER, Terminal

TRAIN = """\
import argparse, json, pathlib
parser = argparse.ArgumentParser(description="Train a small model")
parser.add_argument("--lr", type=float, default=0.1)
parser.add_argument("--seed", type=int, default=0)
parser.add_argument("--storage_path", type=pathlib.Path)
options = parser.parse_args()
(options.storage_path / "metrics.json").write_text(json.dumps({"loss": options.lr}))
"""


def own_program() -> list[list[str]]:
    """List the commands of qanat that the README shows for a program of one's own."""
    (block,) = re.findall(r"^```sh\n(\. \.venv/bin/activate.*?)^```$", (ROOT / "README.md").read_text(), re.M | re.S)
    lines = [shlex.split(line, comments=True) for line in block.splitlines()]
    return [words[1:] for words in lines if words[0] == "qanat"]


@pytest.mark.slow
def test_the_commands_for_a_program_of_ones_own_work_in_a_repository_that_has_it(tmp_path: Path) -> None:
    project = tmp_path / "my project"
    project.mkdir()
    (project / "train.py").write_text(TRAIN)
    for words in (("init", "--quiet"), ("add", "train.py"), ("commit", "--quiet", "--message", "Train")):
        subprocess.run(["git", *words], cwd=project, check=True)
    *before, last = own_program()
    assert (len(before), last) == (4, ["explore"])
    for words in before:
        with Terminal(project, *words) as terminal:
            terminal.ends_after(ENTER, codes=(0,))
    with Terminal(project, *last) as terminal:
        terminal.see("2 runs. Which run?")
        terminal.see("Leave")
        terminal.press("q")
        terminal.ends()
    records = [yaml.safe_load(file.read_text()) for file in sorted(project.glob(".qanat/runs/train/0/*.yaml"))]
    assert [[group["metrics"]["loss"] for group in record["groups"]] for record in records] == [
        [0.1],
        [0.1, 0.01, 0.1, 0.01, 0.1, 0.01],
    ]
    assert subprocess.run(["git", "status", "--short"], cwd=project, check=True, capture_output=True).stdout == b""

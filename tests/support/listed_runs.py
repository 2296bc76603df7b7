"""A project whose runs are hard to list: long descriptions, many tags, wide characters, long paths.

`python -m tests.support.listed_runs` writes the tables of `tests/data/tables/` again; read what changed.
"""

from __future__ import annotations

import os
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from qanat.domain.run import Group, RequestedParameters, Run, RunnerChoice, State
from qanat.records import run_codec
from tests.conftest import GIT_CONFIG
from tests.support.sandbox import Sandbox
from tests.support.terminal import Terminal
from tests.unit.records.example import RUN

TABLES = Path(__file__).parents[1] / "data/tables"
WIDTHS = (40, 80, 100, 120, 200)
PIPE = "pipe"
COMMANDS = {
    "status": ("status",),
    "experiment_status": ("experiment", "status", "iris"),
    "alike": ("experiment", "status", "alike"),
    "experiment_list": ("experiment", "list"),
    "dataset_list": ("dataset", "list"),
    "template_list": ("template", "list"),
    "compare": ("compare", "2", "3", "4", "--better", "accuracy=higher"),
}

LONG = "A description of three hundred characters that says at length what nobody reads to its end, " * 4
TAGS = tuple(f"tag{number}" for number in range(1, 21))
# A runner that is not installed: such runs stay as they were last seen.
ELSEWHERE = RunnerChoice("elsewhere")


def _run(number: int, words: str = "", state: State = State.FINISHED, **changes: Any) -> Run:
    """Return a run of one group with these arguments, launched in that minute of an hour."""
    minute = f"2026-11-23T05:{number % 60:02}"
    group = Group(0, tuple(words.split()), state, started=f"{minute}:01.000+00:00", ended=f"{minute}:43.000+00:00")
    if not state.ended:
        group = replace(group, started=None, ended=None)
    usual = {
        "number": number,
        "uid": f"{number:06x}",
        "experiment": "iris",
        "description": "",
        "created": f"{minute}:00+00:00",
        "requested": RequestedParameters(tuple(words.split())),
        "storage": f"results/iris/run_{number}",
        "groups": (group,),
    }
    return replace(RUN, **(usual | changes))


def _sweep(number: int, seeds: int) -> Run:
    """Return a run of a group for each seed."""
    made = _run(number, "--lr 0.05")
    groups = [replace(made.groups[0], number=seed, args=("--lr", "0.05", "--seed", str(seed))) for seed in range(seeds)]
    return replace(made, groups=tuple(replace(g, metrics={"accuracy": 0.5 + g.number / 16}) for g in groups))


def _measured(run: Run, **metrics: float) -> Run:
    return replace(run, groups=tuple(replace(group, metrics=metrics) for group in run.groups))


RUNS = (
    _run(1, "--lr 0.1", tags=("first",), description="First try"),
    _measured(_run(2, "--lr 0.1 --seed 1"), accuracy=0.9123, loss=0.25, **{"test.accuracy": 0.875, "test.loss": 1 / 3}),
    _measured(_run(3, "--lr 0.01 --seed 2"), accuracy=0.8, loss=0.5, **{"test.accuracy": 0.75, "test.loss": 2 / 3}),
    _sweep(4, 8),
    _run(5, "--lr 0.1", State.FAILED, tags=TAGS, description="Twenty tags"),
    _run(6, "--lr 0.1", State.CANCELLED, description=LONG[:300]),
    _run(
        7,
        "--lr 0.1",
        State.LOST,
        description="日本語の説明、とても長いので切る必要があります",
        tags=("速い", "🚀 rocket"),
    ),
    _run(8, "--lr 0.1 --verbose", storage=f"results/{'a_folder_in_/' * 12}iris/run_8"),
    _run(9, "--lr 0.1", description="Two branches made", tags=("twice",)),
    _run(9, "--lr 0.2", uid="b81e02", description="a run 9 each", tags=("twice",)),
    _run(1041, "--lr 0.3 --seed 3"),
    *(_run(n, "--lr 0.1", experiment="alike", storage=f"results/alike/run_{n}") for n in (20, 21)),
    _run(30, "--lr 0.5 --seed 1", State.QUEUED, runner=ELSEWHERE, tags=("night",)),
    _run(31, "--lr 0.7 --seed 1", State.HELD, runner=ELSEWHERE),
    _run(
        32,
        "--steps 5",
        State.QUEUED,
        runner=ELSEWHERE,
        experiment="wine",
        storage="results/wine/run_32",
        tags=("wine",),
    ),
)


def fill(sandbox: Sandbox) -> None:
    """Write definitions and records, and commit them."""
    for name in ("iris", "wine", "alike"):
        sandbox.experiment(name, "true", description=f"What is measured of {name}", tags=["flowers", "statistics"])
    sandbox.qanat("dataset", "new", "--name", "iris", "--path", ".", "--description", LONG[:120])
    words = ("--runner", "slurm", "-o", "--time=1-00:00:00", "-o", "--cpus-per-task=2", "-o", "--partition=long")
    sandbox.qanat("template", "new", "--name", "two_cpus", *words)
    for run in RUNS:
        sandbox.write(run_codec.path_of(run), run_codec.encode(run).decode())
    sandbox.commit("runs")


def shown(sandbox: Sandbox, command: str, width: int | str, **env: str) -> str:
    """Return what a command prints at a terminal of a width, or into a pipe, without what differs from day to day."""
    if width == PIPE:
        text = sandbox.qanat(*COMMANDS[command]).out
    else:
        # Notes on stderr are no part of a table.
        with Terminal(sandbox.root, *COMMANDS[command], size=(int(width), 50), env=env, mute=True) as terminal:
            terminal.ends()
            text = terminal.text.replace("\r\n", "\n")
    return text.replace(str(sandbox.root), "/home/ada/project")


def main() -> None:
    """Write the tables again."""
    TABLES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, ".gitconfig").write_text(GIT_CONFIG)
        os.environ |= {"HOME": folder, "TZ": "UTC"}
        sandbox = Sandbox.make(Path(folder) / "project")
        fill(sandbox)
        for command in COMMANDS:
            for width in (*WIDTHS, PIPE):
                (TABLES / f"{command}-{width}.txt").write_text(shown(sandbox, command, width))


if __name__ == "__main__":
    main()

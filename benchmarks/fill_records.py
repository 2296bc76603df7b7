"""`python -m benchmarks.fill_records ROOT EXPERIMENT COUNT [FIRST]`: add the records of many runs to a project."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from qanat.domain.run import Code, Group, RequestedParameters, Run, RunnerChoice, State, SubmissionFacts
from qanat.git import commits, lock, worktree
from qanat.records import run_codec
from qanat.system import files
from qanat.usecases.project import open_project

FIRST = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)


def main(root: Path, experiment: str, count: int, first: int = 1) -> None:
    """Write the records as qanat's own runs would leave them, numbered from `first` on, in a single commit."""
    project = open_project(root)
    tree = worktree.status(project.location)
    data: dict[str, bytes | None] = {}
    for number in range(first, first + count):
        run = _run(number, experiment, tree.commit or "")
        path, record = run_codec.path_of(run), run_codec.encode(run)
        files.write(root / path, record)
        data[path] = record
    with lock.held(project.location) as held:
        commits.commit_files(held, tree.branch or "", data, f"{count} runs", checked_out=True)


def _run(number: int, experiment: str, commit: str) -> Run:
    """Return a typical run: one group with a few arguments; one run in ten has failed."""
    created = FIRST + timedelta(minutes=4 * number)
    started, ended = (created + timedelta(seconds=s, milliseconds=number % 1000) for s in (1, 5 + number % 600))
    failed = number % 10 == 0
    args = ("--learning_rate", f"0.{number % 97:02}", "--seed", str(number))
    group = Group(
        number=0,
        args=args,
        state=State.FAILED if failed else State.FINISHED,
        job=str(1000 + number),
        exit_code=int(failed),
        reason="exit code 1" if failed else "",
        started=started.isoformat(timespec="milliseconds"),
        ended=ended.isoformat(timespec="milliseconds"),
        metrics={} if failed else {"accuracy": 0.5 + number % 1000 / 2000},
    )
    return Run(
        number=number,
        uid=f"{number * 7919 % 0xFFFFFF:06x}",
        experiment=experiment,
        description=f"learning rate of series {number // 97}",
        tags=("sweep",),
        created=created.isoformat(timespec="seconds"),
        author="Ada Lovelace <ada@example.org>",
        host="login01",
        code=Code(commit, commit[::-1], "main"),
        command=("true", f"{experiment}/program.txt"),
        datasets={},
        requested=RequestedParameters(args),
        runner=RunnerChoice("local"),
        storage=f"results/{experiment}/run_{number}",
        submission=SubmissionFacts(f"{number * 0x9E3779B97F4A7C15 % 2**64:016x}", pid=900 + number),
        groups=(group,),
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], *map(int, sys.argv[3:]))

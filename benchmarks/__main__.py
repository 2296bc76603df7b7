"""`python -m benchmarks [NAME…] [--rounds N] [--json FILE]`: measure the budgets and print their table.

`python -m benchmarks scale [--out DIR]` measures instead what commands cost among many records, for a table and a plot.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from benchmarks import (
    curves,
    data,
    hooks,
    htcondor,
    idle,
    listing,
    page,
    projects,
    recording,
    reviewing,
    running,
    scale,
    slurm,
)
from benchmarks.budgets import Measured, table
from benchmarks.clock import tell
from benchmarks.projects import Place

# In this order, because the last one makes this process large; see clock.cost_of_command.
BENCHMARKS: dict[str, Callable[[Place], Iterator[Measured]]] = {
    "start-up": running.start_up,
    "one-run": running.one_run,
    "100-groups": running.hundred_groups,
    "1000-groups": running.thousand_groups,
    "curves": curves.million_lines,
    "htcondor": htcondor.through_htcondor,
    "slurm": slurm.through_slurm,
    "data": data.data,
    "hooks": hooks.hooks,
    "1000-runs": listing.thousand_runs,
    "10000-runs": listing.ten_thousand_runs,
    "report-1000": page.thousand_runs,
    "report-10000": page.ten_thousand_runs,
    "report-curves": page.many_curves,
    "ui": idle.open_page,
    "diff": reviewing.hundred_changes,
    "completion": listing.completion,
    "large-repository": recording.large_repository,
}


# It takes an hour, has no budget, and is measured only if it is named.
SCALE = "scale"


def main() -> int:
    """Measure what was options for; return 1 if a budget is exceeded, 2 if something could not be measured."""
    options = _arguments()
    if SCALE in options.names:
        return _scale(options)
    names = [name for name in BENCHMARKS if not options.names or name in options.names]
    machine = _machine()
    if os.getloadavg()[0] > (os.cpu_count() or 1) / 2:
        tell("note: this machine is busy with other things, so the times will be longer than they should be")
    try:
        with tempfile.TemporaryDirectory(prefix="qanat-benchmarks-") as folder:
            measured = _measure(names, Place(Path(folder), options.rounds))
    except subprocess.CalledProcessError as error:
        tell(f"{shlex.join(map(str, error.cmd))} ended with {error.returncode}\n{error.stderr or ''}")
        return 2
    print(f"{table(measured)}\n\n{machine}")
    if options.json:
        content = {"machine": machine, "rows": [m.as_mapping() for m in measured]}
        options.json.write_text(json.dumps(content, ensure_ascii=False, indent=2) + "\n")
    return int(any(m.holds is False for m in measured))


def _scale(options: argparse.Namespace) -> int:
    with tempfile.TemporaryDirectory(prefix="qanat-benchmarks-") as folder:
        projects.own_surroundings(Path(folder) / "home")
        print(f"{scale.report(Place(Path(folder), options.rounds), options.out)}\n\n{_machine()}")
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"what to measure: {', '.join(BENCHMARKS)}; or {SCALE}"
    )
    parser.add_argument(
        "--rounds", type=int, metavar="N", help="rounds of each measurement; by default 3 if it is slow"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures of every round to FILE as JSON")
    parser.add_argument("--out", type=Path, metavar="DIR", help=f"with {SCALE}: write the table and the plot to DIR")
    options = parser.parse_args()
    if SCALE in options.names and len(options.names) > 1:
        parser.error(f"{SCALE} is measured by itself")
    if unknown := [name for name in options.names if name not in (*BENCHMARKS, SCALE)]:
        parser.error(f"there is no benchmark {unknown[0]!r}; choose from {', '.join(BENCHMARKS)}")
    if options.rounds is not None and options.rounds < 1:
        parser.error("--rounds must be at least 1")
    return options


def _measure(names: Sequence[str], place: Place) -> list[Measured]:
    projects.own_surroundings(place.folder / "home")
    measured: list[Measured] = []
    for name in names:
        for figure in BENCHMARKS[name](place):
            measured.append(figure)
            tell(" · ".join(filter(None, figure.row())))
    return measured


def _machine() -> str:
    """Return a sentence about the machine and the versions that were measured."""
    git = subprocess.run(["git", "--version"], capture_output=True, text=True, check=True).stdout.split()[2]
    return (
        f"Medians, on {os.cpu_count()} CPUs with Python {platform.python_version()}, git {git}, {platform.system()}; "
        f"load beforehand: {os.getloadavg()[0]:.1f}."
    )


if __name__ == "__main__":
    sys.exit(main())

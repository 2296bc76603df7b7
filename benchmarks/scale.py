"""What commands cost as records become many: at 1,000, 10,000 and 100,000, and at a million as far as can be told.

Each command takes turns with `git status` in the same project, and CPU time is noted beside wall-clock time, since the
former says more on a machine that is busy. What grows has its slope: the CPU time for each further record.
"""

from __future__ import annotations

import math
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from benchmarks import projects
from benchmarks.budgets import amount
from benchmarks.clock import Command, Cost, Side, alternate, command, cost_of_command, tell
from benchmarks.projects import QANAT, Place

EXPERIMENT = "many"
SIZES = (1_000, 10_000, 100_000)
MILLION = 1_000_000
# The stamps of younger files are not believed.
SETTLED_S = 4
# Of less than this, from the fewest to the most records, nobody can tell whether it grows.
FLAT = 1.3
GIT = "`git status`"
BEST = ("--where", "learning_rate<0.5 and metric.accuracy>0.6", "--sort", "-accuracy", "--top", "10")


@dataclass(slots=True)
class Line:
    """What a command took at each size: seconds of CPU and of wall-clock time, in every round."""

    what: str
    cpu_s: dict[int, list[float]] = field(default_factory=dict)
    wall_s: dict[int, list[float]] = field(default_factory=dict)
    is_simulated: bool = False

    def add(self, size: int, costs: Sequence[Cost]) -> None:
        """Note the costs of all rounds at a size."""
        self.cpu_s[size] = [cost.cpu_s for cost in costs]
        self.wall_s[size] = [cost.seconds for cost in costs]

    def cpu(self, size: int) -> float:
        """Return the median of the CPU time at a size."""
        return median(self.cpu_s[size])

    @property
    def slope_us(self) -> float:
        """The microseconds of CPU time for each record between the two largest sizes."""
        *_, fewer, more = sorted(self.cpu_s)
        return 1e6 * (self.cpu(more) - self.cpu(fewer)) / (more - fewer)

    @property
    def growth(self) -> str:
        """How it grows: not at all, or by how much for each record, and with which power of their number."""
        first, *_, fewer, more = sorted(self.cpu_s)
        if self.cpu(more) < FLAT * self.cpu(first):
            return "no"
        power = math.log(self.cpu(more) / self.cpu(fewer)) / math.log(more / fewer)
        return f"{self.slope_us:.2g} µs per record (~ n^{power:.1f})"

    @property
    def expected_s(self) -> float:
        """The CPU time for a million records if it goes on as between the two largest sizes."""
        most = max(self.cpu_s)
        return self.cpu(most) + max(0.0, self.slope_us) * (MILLION - most) / 1e6


def measure(place: Place, sizes: Sequence[int] = SIZES) -> tuple[list[Line], dict[str, dict[int, float]]]:
    """Return the lines, that of git among them, and sizes in MB by what they are of and the number of records."""
    lines: dict[str, Line] = {}
    room: dict[str, dict[int, float]] = {}
    for size in sizes:
        root = projects.make(place.folder / f"scale-{size}", EXPERIMENT)
        projects.add_records(root, EXPERIMENT, size)
        time.sleep(SETTLED_S)
        for what, side in _sides(root).items():
            _note(lines, what, size, place.slow, side, command(["git", "status", "--porcelain"], root))
        for what, megabytes in _room(root).items():
            room.setdefault(what, {})[size] = megabytes
    return [*lines.values()], room


def _sides(root: Path) -> Mapping[str, Side]:
    """Return the commands to measure; a run adds a record, and is the last one but for what takes long."""

    def without_index() -> Cost:
        projects.forget_index(root)
        return cost_of_command([str(QANAT), "experiment", "status", EXPERIMENT], root)

    typed = {"_QANAT_COMPLETE": "bash_complete", "COMP_WORDS": "qanat\nshow\n", "COMP_CWORD": "2"}
    tab: Command = ["env", *(f"{name}={value}" for name, value in typed.items()), QANAT]
    return {
        "building the index": without_index,
        "listing, the newest 50 shown": command([QANAT, "experiment", "status", EXPERIMENT], root),
        "the 10 best of all runs": command([QANAT, "runs", *BEST], root),
        "showing a run": command([QANAT, "show", "1"], root),
        "completing the number of a run": command(tab, root),
        "the hook for commits": command([sys.executable, "-P", "-m", "qanat_hooks.commit"], root),
        "`gc --plan`": command([QANAT, "gc", "--plan", "--newest", "3"], root),
        "a run of `true`, recorded": command([QANAT, "run", EXPERIMENT], root),
    }


def _note(lines: dict[str, Line], what: str, size: int, rounds: int, ours: Side, git: Side) -> None:
    found, beside = alternate(f"{what} among {size:,}", rounds, ours, git, warm_up=what != "building the index")
    lines.setdefault(what, Line(what)).add(size, found)
    line = lines.setdefault(GIT, Line(GIT))
    line.cpu_s.setdefault(size, []).extend(cost.cpu_s for cost in beside)
    line.wall_s.setdefault(size, []).extend(cost.seconds for cost in beside)
    tell(f"{what} among {size:,}: {amount(lines[what].cpu(size), 's')} of CPU, git {amount(line.cpu(size), 's')}")


def _room(root: Path) -> dict[str, float]:
    def total(files: Iterator[Path], of: Callable[[Path], int]) -> float:
        return sum(of(file) for file in files if file.is_file()) / 1e6

    def on_disk(file: Path) -> int:
        return file.stat().st_blocks * 512

    subprocess.run(["git", "repack", "-adq"], cwd=root, check=True)
    subprocess.run(["git", "prune-packed", "-q"], cwd=root, check=True)
    return {
        "records in the working tree": total((root / ".qanat/runs").rglob("*"), on_disk),
        "objects in git, packed": total((root / ".git/objects").rglob("*"), on_disk),
        "git's index": total((root / ".git").glob("index"), on_disk),
        "qanat's index": total((root / ".git/qanat").glob("index*"), on_disk),
    }


def simulate(place: Place, root: Path, size: int) -> list[Line]:
    """Return what can be told of a million records without writing them: git's index, and queries of qanat's.

    `root` is a project with `size` records, whose rows are copied.
    """
    query, staged = Line("asking an index of a million rows for the newest 50", is_simulated=True), Line("")
    query.add(MILLION, [_asked(root, size) for _ in range(place.slow)])
    staged = Line("git: staging one of a million records, and writing the tree", is_simulated=True)
    staged.add(MILLION, [*_staged(place.folder / "million", place.slow)])
    return [query, staged]


def _asked(root: Path, size: int) -> Cost:
    file = next((root / ".git/qanat").glob("index*.sqlite*"), None) or next((root / ".git/qanat").glob("index*"))
    copy = root.parent / "million.sqlite"
    if not copy.exists():
        copy.write_bytes(file.read_bytes())
        with sqlite3.connect(copy) as database:
            names = [row[1] for row in database.execute("PRAGMA table_info(runs)")]
            others = ", ".join(name for name in names if name != "path")
            for number in range(1, MILLION // size):
                database.execute(f"INSERT INTO runs (path, {others}) SELECT path || '{number}', {others} FROM runs "
                                 f"WHERE path GLOB '*.yaml'")  # fmt: skip
        tell("a million rows written")
    start, cpu = time.perf_counter(), time.process_time()
    with sqlite3.connect(copy) as database:
        database.execute("SELECT path FROM runs WHERE problem IS NULL ORDER BY created DESC, number DESC, uid LIMIT 50")
    return Cost(time.perf_counter() - start, cpu_s=time.process_time() - cpu)


def _staged(root: Path, rounds: int) -> Iterator[Cost]:
    root.mkdir()
    projects.run_checked(["git", "init", "-q"], root)
    lines = ["blob\nmark :1\ndata 2\nx\n", "commit refs/heads/main\ncommitter a <a@b> 0 +0000\ndata 1\nx\n"]
    lines += (f"M 100644 :1 .qanat/runs/e/{n // 100}/{n}-aaaaaa.yaml\n" for n in range(MILLION))
    subprocess.run(["git", "fast-import", "--quiet"], cwd=root, input="".join(lines).encode(), check=True)
    projects.run_checked(["git", "read-tree", "main"], root)
    tell("a million entries in an index of git")
    for number in range(rounds + 1):
        blob = subprocess.run(
            ["git", "hash-object", "-w", "--stdin"], cwd=root, input=b"%d" % number, stdout=subprocess.PIPE, check=True
        ).stdout.decode()
        entry = f"100644,{blob.strip()},.qanat/runs/e/0/{number}-aaaaaa.yaml"
        one = cost_of_command(["git", "update-index", "--cacheinfo", entry], root)
        tree = cost_of_command(["git", "write-tree"], root)
        if number:  # the first one has no cached trees
            yield Cost(one.seconds + tree.seconds, cpu_s=one.cpu_s + tree.cpu_s)


def table(lines: Sequence[Line], room: Mapping[str, Mapping[int, float]], sizes: Sequence[int] = SIZES) -> str:
    """Return a Markdown table of CPU times and sizes, with how each grows."""
    heads = ("CPU time, median", *(f"{size:,}" for size in sizes), "grows by", "a million, if it goes on so")
    rows = [heads, ("---",) * len(heads)]
    for line in lines:
        if line.is_simulated:
            rows.append((line.what, *("",) * len(sizes), "", f"{amount(line.cpu(MILLION), 's')} (simulated)"))
        else:
            cells = (amount(line.cpu(size), "s") for size in sizes)
            rows.append((line.what, *cells, line.growth, amount(line.expected_s, "s")))
    for what, found in room.items():
        each = 1e6 * (found[sizes[-1]] - found[sizes[-2]]) / (sizes[-1] - sizes[-2])
        cells = (f"{found[size]:.3g} MB" for size in sizes)
        million = found[sizes[-1]] + each * (MILLION - sizes[-1]) / 1e6
        rows.append((what, *cells, f"{each:.0f} bytes per record", f"{million:,.0f} MB"))
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def draw(lines: Sequence[Line], file: Path) -> None:
    """Draw the CPU time of each command over the number of records, as SVG or PNG by the file's name."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(9, 6), layout="constrained")
    for line in lines:
        if line.is_simulated:
            axes.plot([MILLION], [line.cpu(MILLION)], "x", label=f"{line.what} (simulated)")
            continue
        sizes = sorted(line.cpu_s)
        (drawn,) = axes.plot(sizes, [line.cpu(size) for size in sizes], "o-", label=line.what)
        axes.plot([sizes[-1], MILLION], [line.cpu(sizes[-1]), line.expected_s], ":", color=drawn.get_color())
    axes.set(xscale="log", yscale="log", xlabel="records of runs", ylabel="CPU time in seconds (dotted: expected)")
    axes.grid(visible=True, which="major", alpha=0.3)
    axes.legend(fontsize="small")
    figure.savefig(file)
    pyplot.close(figure)


def report(place: Place, out: Path | None) -> str:
    """Measure, and return the table; with `out`, a folder, write scale.md, scale.svg and scale.png there."""
    lines, room = measure(place)
    lines += simulate(place, place.folder / f"scale-{SIZES[-1]}", SIZES[-1])
    text = table(lines, room)
    if out:
        out.mkdir(parents=True, exist_ok=True)
        (out / "scale.md").write_text(f"{text}\n")
        for suffix in ("svg", "png"):
            draw(lines, out / f"scale.{suffix}")
    return text

"""Describe the iris flowers: moments, histograms, correlations and principal components."""

import argparse
import json
import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

FEATURES = ("sepal_length", "sepal_width", "petal_length", "petal_width")
SPECIES = ("setosa", "versicolor", "virginica")
DATA_FILE = "iris.data"
ROWS_MIN = 3

Floats = NDArray[np.float64]
Stats = dict[str, NDArray[Any]]


class DataError(Exception):
    """The data cannot be used; the message says where and why."""


@dataclass(frozen=True, slots=True)
class Flowers:
    """Measurements in cm, one row per flower and one column per feature, with an index into SPECIES each."""

    values: Floats
    labels: NDArray[np.int64]

    def of_species(self, name: str) -> "Flowers":
        """Return one species, or everything if name is "all"."""
        if name == "all":
            return self
        kept = self.labels == SPECIES.index(name)
        return Flowers(self.values[kept], self.labels[kept])


class Progress:
    """The file from which qanat reads how far a run is."""

    def __init__(self, path: Path, total: int) -> None:
        self.path = path
        path.write_text(f"count_total={total}\n", encoding="utf-8")

    def advance(self, steps: int) -> None:
        """Add to the steps that are done."""
        self._append(str(steps))

    def finish(self) -> None:
        """Record that nothing is left to do."""
        self._append("finished")

    def _append(self, line: str) -> None:
        with self.path.open("a", encoding="utf-8") as file:
            file.write(f"{line}\n")


def read_flowers(folder: Path) -> Flowers:
    """Read every flower in the folder's data file.

    Raises DataError if the file is missing or a line is not four numbers and a species.
    """
    path = folder / DATA_FILE
    if not path.is_file():
        raise DataError(f"no {DATA_FILE} in {folder}; --dataset_path must be the folder that contains it")
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    rows = [read_line(line, f"{path}:{number}") for number, line in enumerate(lines, 1) if line.strip()]
    values = np.array([row[0] for row in rows], dtype=np.float64).reshape(-1, len(FEATURES))
    return Flowers(values, np.array([row[1] for row in rows], dtype=np.int64))


def read_line(line: str, where: str) -> tuple[list[float], int]:
    """Parse the measurements and the species index of one line; `where` is for the error message."""
    *numbers, species = [field.strip() for field in line.split(",")]
    try:
        values = [float(number) for number in numbers]
        label = SPECIES.index(species.removeprefix("Iris-"))
    except ValueError as error:
        raise DataError(f"{where}: {error}") from error
    if len(values) != len(FEATURES) or not all(map(math.isfinite, values)):
        raise DataError(f"{where}: expected {len(FEATURES)} numbers and a species, found {line!r}")
    return values, label


def check(flowers: Flowers) -> None:
    """Raise DataError if there is too little to describe: few rows, or a feature that never varies."""
    rows = len(flowers.values)
    if rows < ROWS_MIN:
        raise DataError(f"{rows} flowers are left to describe; at least {ROWS_MIN} are needed")
    for name, spread in zip(FEATURES, np.ptp(flowers.values, axis=0), strict=True):
        if spread == 0:
            raise DataError(f"{name} is the same for all {rows} flowers, so it has no correlations")


def describe(values: Floats) -> Stats:
    """Summarise each feature; std is the sample's (n - 1)."""
    q1, median, q3 = np.quantile(values, [0.25, 0.5, 0.75], axis=0)
    return {
        "mean": np.mean(values, axis=0),
        "std": np.std(values, axis=0, ddof=1),
        "min": np.min(values, axis=0),
        "q1": q1,
        "median": median,
        "q3": q3,
        "max": np.max(values, axis=0),
    }


def histograms(flowers: Flowers, nbins: int) -> Stats:
    """Count flowers per bin: edges are [feature, edge], counts [species, feature, bin]."""
    edges = np.stack([np.histogram_bin_edges(column, nbins) for column in flowers.values.T])
    counts = [
        [np.histogram(column, bins)[0] for column, bins in zip(one.values.T, edges, strict=True)]
        for one in map(flowers.of_species, SPECIES)
    ]
    return {"histogram_edges": edges, "histogram_counts": np.array(counts)}


def correlate(values: Floats) -> Stats:
    """Compute Pearson's correlation of every pair of features."""
    return {"correlation": np.corrcoef(values, rowvar=False)}


def principal_components(values: Floats) -> Stats:
    """Find the principal components of the standardised features.

    Rows of components are the components, largest variance first; scores are [flower, component].
    """
    standardised = (values - values.mean(axis=0)) / np.std(values, axis=0, ddof=1)
    _, singular, components = np.linalg.svd(standardised, full_matrices=False)
    # A component's sign is arbitrary and differs between LAPACK builds: make the largest weight positive.
    largest = np.abs(components).argmax(axis=1, keepdims=True)
    components = components * np.sign(np.take_along_axis(components, largest, axis=1))
    variance = singular**2
    return {
        "explained_variance": variance / variance.sum(),
        "components": components,
        "scores": standardised @ components.T,
    }


def bootstrap(values: Floats, resamples: int, seed: int) -> Stats:
    """Estimate the standard error of each feature's mean from resamples of the flowers."""
    generator = np.random.default_rng(seed)
    rows = len(values)
    means = [values[generator.integers(rows, size=rows)].mean(axis=0) for _ in range(resamples)]
    return {"bootstrap_se": np.std(means, axis=0, ddof=1), "seed": np.array(seed)}


def planned_steps(flowers: Flowers, args: argparse.Namespace) -> Sequence[Callable[[], Stats]]:
    """List the steps to compute, in order."""
    return (
        partial(describe, flowers.values),
        partial(histograms, flowers, args.nbins),
        partial(correlate, flowers.values),
        partial(principal_components, flowers.values),
        partial(bootstrap, flowers.values, args.bootstrap, args.seed),
    )


def metrics(stats: Stats) -> dict[str, object]:
    """Choose the numbers worth comparing between runs, rounded so that they agree across machines."""

    def named(key: str, names: Sequence[str]) -> dict[str, float]:
        return {name: round(float(value), 6) for name, value in zip(names, stats[key], strict=True)}

    return {
        "rows": len(stats["species"]),
        "mean": named("mean", FEATURES),
        "std": named("std", FEATURES),
        "bootstrap_se": named("bootstrap_se", FEATURES),
        "explained_variance": named("explained_variance", ["pc1", "pc2", "pc3", "pc4"]),
    }


def summary(stats: Stats, species: str) -> str:
    """Return the main numbers as readable text."""
    columns = ["mean", "bootstrap_se", "std", "min", "q1", "median", "q3", "max"]
    table = np.stack([stats[name] for name in columns], axis=1)
    ratios = ", ".join(f"PC{i} {100 * ratio:.1f} %" for i, ratio in enumerate(stats["explained_variance"], 1))
    return "\n".join(
        [
            f"{len(stats['species'])} flowers, species: {species} (measurements in cm)",
            " " * 14 + "".join(f"{name.removeprefix('bootstrap_'):>8}" for name in columns),
            *(
                f"{name:<14}" + "".join(f"{value:8.3f}" for value in row)
                for name, row in zip(FEATURES, table, strict=True)
            ),
            f"explained variance: {ratios}",
        ]
    )


def at_least(minimum: int) -> Callable[[str], int]:
    """Return an argparse type for whole numbers that are not below minimum."""

    def whole_number(text: str) -> int:
        if (number := int(text)) < minimum:
            raise argparse.ArgumentTypeError(f"{number} is too small; the minimum is {minimum}")
        return number

    return whole_number


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, allow_abbrev=False, formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    parser.add_argument("--storage_path", type=Path, required=True, help="folder for the results")
    parser.add_argument("--dataset_path", type=Path, required=True, help=f"folder that contains {DATA_FILE}")
    parser.add_argument("--nbins", type=at_least(1), default=10, metavar="N", help="bins of each histogram")
    parser.add_argument("--seed", type=at_least(0), default=0, metavar="N", help="seed of the bootstrap")
    parser.add_argument("--bootstrap", type=at_least(2), default=200, metavar="N", help="resamples to draw")
    parser.add_argument("--species", choices=["all", *SPECIES], default="all", help="flowers to describe")
    return parser.parse_args(arguments)


def write_results(stats: Stats, storage: Path) -> None:
    """Store every statistic for the plot, and the metrics for qanat's record."""
    np.savez(storage / "stats.npz", **stats)
    (storage / "metrics.json").write_text(json.dumps(metrics(stats), indent=2) + "\n", encoding="utf-8")


def run(args: argparse.Namespace) -> None:
    """Describe the chosen flowers and write the results to the storage folder."""
    flowers = read_flowers(args.dataset_path).of_species(args.species)
    check(flowers)
    storage: Path = args.storage_path
    storage.mkdir(parents=True, exist_ok=True)
    steps = planned_steps(flowers, args)
    progress = Progress(storage / "progress.txt", len(steps))
    stats: Stats = {
        "features": np.array(FEATURES),
        "species_names": np.array(SPECIES),
        "species": flowers.labels,
    }
    for step in steps:
        stats |= step()
        progress.advance(1)
    write_results(stats, storage)
    progress.finish()
    print(summary(stats, args.species))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program; return 0, or 1 if the data or the storage folder cannot be used."""
    try:
        run(parse(arguments))
    except (DataError, OSError) as error:
        print(f"iris.py: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

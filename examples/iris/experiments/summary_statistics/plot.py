"""Draw the histograms, correlations and principal components that iris.py stored."""

import argparse
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")  # before pyplot: a compute node has no display

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

STATS_FILE = "stats.npz"
SUFFIXES = (".png", ".pdf", ".svg")
# Okabe and Ito's palette stays distinct for colour-blind readers; the markers help in greyscale.
COLOURS = ("#0072B2", "#E69F00", "#009E73")
MARKERS = ("o", "s", "^")
DARK_CELL = 0.6

Stats = dict[str, NDArray[Any]]


class PlotError(Exception):
    """Nothing can be drawn; the message says where and why."""


def folders_to_plot(storage: Path) -> list[Path]:
    """List the folders with statistics: a run's groups in order, or else the folder itself."""
    groups = [path.parent for path in storage.glob(f"group_*/{STATS_FILE}")]
    numbered = [path for path in groups if path.name.removeprefix("group_").isdecimal()]
    if numbered:
        return sorted(numbered, key=lambda path: int(path.name.removeprefix("group_")))
    if (storage / STATS_FILE).is_file():
        return [storage]
    raise PlotError(f"no {STATS_FILE} in {storage} or in its groups; did the run finish?")


def read_stats(path: Path) -> Stats:
    """Load what iris.py stored. Raises PlotError if the file is damaged."""
    try:
        with np.load(path, allow_pickle=False) as stored:
            return dict(stored)
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise PlotError(f"{path} cannot be read: {error}") from error


def label(name: str) -> str:
    """Return a feature's name as a label."""
    return name.replace("_", " ")


def draw_histogram(axes: Axes, stats: Stats, feature: int) -> None:
    """Stack the species' counts of one feature, with the mean and its standard error on top."""
    edges = stats["histogram_edges"][feature]
    bottom = np.zeros(len(edges) - 1)
    for counts, colour in zip(stats["histogram_counts"][:, feature], COLOURS, strict=True):
        axes.bar(edges[:-1], counts, np.diff(edges), bottom, align="edge", color=colour, edgecolor="white", lw=0.4)
        bottom += counts
    mean, error = stats["mean"][feature], stats["bootstrap_se"][feature]
    axes.axvspan(mean - error, mean + error, color="black", alpha=0.2, lw=0)
    axes.axvline(mean, color="black", lw=1.2, ls="--")
    axes.set_title(f"mean {mean:.3f} ± {error:.3f}", fontsize=10)
    axes.set_ylim(0, 1.08 * bottom.max())
    if feature == 0:
        axes.set_ylabel("flowers")
    axes.set_xlabel(f"{label(str(stats['features'][feature]))} (cm)")


def draw_correlation(axes: Axes, stats: Stats) -> None:
    """Show the correlation matrix as coloured cells with their values."""
    matrix = stats["correlation"]
    axes.imshow(matrix, cmap="RdBu_r", vmin=-1, vmax=1)
    for (row, column), value in np.ndenumerate(matrix):
        colour = "white" if abs(value) > DARK_CELL else "black"
        axes.text(column, row, f"{value:.2f}", ha="center", va="center", color=colour)
    names = [label(str(name)) for name in stats["features"]]
    axes.set_xticks(range(len(names)), [name.replace(" ", "\n") for name in names])
    axes.set_yticks(range(len(names)), names)
    axes.tick_params(length=0)
    axes.set_title("Correlation")


def draw_scores(axes: Axes, stats: Stats) -> None:
    """Scatter the flowers over the first two principal components, one colour per species."""
    looks = zip(stats["species_names"], COLOURS, MARKERS, strict=True)
    for index, (name, colour, marker) in enumerate(looks):
        first, second = stats["scores"][stats["species"] == index, :2].T
        if len(first):
            axes.scatter(first, second, s=30, color=colour, marker=marker, edgecolor="white", lw=0.4, label=name)
    share = 100 * stats["explained_variance"]
    axes.set_xlabel(f"PC 1 ({share[0]:.1f} % of the variance)")
    axes.set_ylabel(f"PC 2 ({share[1]:.1f} %)")
    axes.set_title("Principal components")
    axes.grid(alpha=0.3)
    axes.legend(title="species")


def draw(stats: Stats) -> Figure:
    """Compose the whole figure: histograms above, correlations and components below."""
    figure = plt.figure(figsize=(12, 7.5), layout="constrained")
    figure.suptitle(f"Iris: {len(stats['species'])} flowers, bootstrap seed {stats['seed']}")
    top, bottom = figure.subfigures(2, 1, height_ratios=[1, 1.5])
    for feature, axes in enumerate(top.subplots(1, len(stats["features"]))):
        draw_histogram(axes, stats, feature)
    correlation, scores = bottom.subplots(1, 2, width_ratios=[1, 1.6])
    draw_correlation(correlation, stats)
    draw_scores(scores, stats)
    return figure


def plot(folder: Path, name: str) -> Path:
    """Draw the statistics of one folder into an image beside them; return its path."""
    figure = draw(read_stats(folder / STATS_FILE))
    path = folder / name
    figure.savefig(path, dpi=120)
    plt.close(figure)
    return path


def image_name(text: str) -> str:
    """Check that text is a plain file name with a suffix that can be drawn."""
    if Path(text).name != text or Path(text).suffix not in SUFFIXES:
        raise argparse.ArgumentTypeError(f"{text!r} is not a file name ending in {', '.join(SUFFIXES)}")
    return text


def main(arguments: Sequence[str] | None = None) -> int:
    """Plot a run; return 0, or 1 if there is nothing to plot or nowhere to write."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--storage_path", type=Path, required=True, help="a run's folder, or one group's")
    parser.add_argument("--output", type=image_name, default="summary.png", metavar="NAME", help="image to write")
    args = parser.parse_args(arguments)
    try:
        for folder in folders_to_plot(args.storage_path):
            print(plot(folder, args.output))
    except (PlotError, OSError) as error:
        print(f"plot.py: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

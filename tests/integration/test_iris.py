"""The iris example does what its tutorial says, on the real data."""

import csv
import json
import os
import shutil
import statistics
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import yaml

pytestmark = pytest.mark.slow
EXAMPLE = Path(__file__).parents[2] / "examples" / "iris"
PROGRAMS = EXAMPLE / "experiments" / "summary_statistics"
DATA = EXAMPLE / "data" / "iris"
FEATURES = ["sepal_length", "sepal_width", "petal_length", "petal_width"]
SPECIES = ["setosa", "versicolor", "virginica"]
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"

# In cm, summed outside Python with awk; exact per species, since 50 values of one decimal each are averaged.
KNOWN_MEANS = {
    "all": [5.8433, 3.0573, 3.7580, 1.1993],
    "setosa": [5.006, 3.428, 1.462, 0.246],
    "versicolor": [5.936, 2.770, 4.260, 1.326],
    "virginica": [6.588, 2.974, 5.552, 2.026],
}

Result = subprocess.CompletedProcess[str]
Program = Callable[..., Result]


def column(feature: str, species: str = "all") -> list[float]:
    """Read one column of the data without numpy."""
    with (DATA / "iris.data").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.reader(file) if species in {"all", row[4].removeprefix("Iris-")}]
    return [float(row[FEATURES.index(feature)]) for row in rows]


def load(folder: Path) -> dict[str, np.ndarray]:
    with np.load(folder / "stats.npz", allow_pickle=False) as stored:
        return dict(stored)


def metrics(folder: Path) -> dict[str, dict[str, float]]:
    return json.loads((folder / "metrics.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def start() -> Program:
    """Start a program of the example."""
    environment = dict(os.environ)
    environment.pop("MPLBACKEND", None)
    # Lists the fonts now, if that was not done before: matplotlib says so on stderr where it is slow.
    fonts = [sys.executable, "-c", "import matplotlib.font_manager"]
    subprocess.run(fonts, env=environment, capture_output=True, timeout=120, check=True)

    def run(program: str, *words: object) -> Result:
        command = [sys.executable, PROGRAMS / program, *words]
        return subprocess.run(
            [str(word) for word in command],
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    return run


@pytest.fixture(scope="module")
def iris(start: Program) -> Program:
    """Run iris.py on the real data into a folder, and expect success without a warning."""

    def run(storage: Path, *words: object) -> Result:
        result = start("iris.py", *words, "--storage_path", storage, "--dataset_path", DATA)
        assert (result.returncode, result.stderr) == (0, "")
        return result

    return run


@pytest.fixture(scope="module")
def finished(iris: Program, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The storage folder of one run with the defaults; not to be written to."""
    storage = tmp_path_factory.mktemp("defaults") / "run_1"
    iris(storage)
    return storage


def test_data_are_fifty_flowers_of_each_species() -> None:
    assert [len(column("sepal_length", name)) for name in ["all", *SPECIES]] == [150, 50, 50, 50]


@pytest.mark.parametrize("species", ["all", *SPECIES])
def test_moments_and_quartiles_agree_with_known_means_and_the_standard_library(
    iris: Program, tmp_path: Path, species: str
) -> None:
    iris(tmp_path, "--species", species)
    stats = load(tmp_path)
    assert stats["mean"] == pytest.approx(KNOWN_MEANS[species], abs=1e-4)
    for index, feature in enumerate(FEATURES):
        values = column(feature, species)
        found = [stats[name][index] for name in ("mean", "std", "min", "q1", "median", "q3", "max")]
        quartiles = statistics.quantiles(values, method="inclusive")
        expected = [statistics.mean(values), statistics.stdev(values), min(values), *quartiles, max(values)]
        assert found == pytest.approx(expected)


def test_correlations_agree_with_the_standard_library(finished: Path) -> None:
    matrix = load(finished)["correlation"]
    assert matrix[2, 3] == pytest.approx(0.9628, abs=1e-3)
    expected = [[statistics.correlation(column(a), column(b)) for b in FEATURES] for a in FEATURES]
    assert matrix == pytest.approx(np.array(expected))


def test_principal_components_explain_the_known_shares(finished: Path) -> None:
    stats = load(finished)
    assert stats["explained_variance"] == pytest.approx([0.7296, 0.2285, 0.0367, 0.0052], abs=1e-4)
    # The scores are uncorrelated and their variances are the eigenvalues of the correlation matrix.
    eigenvalues = np.linalg.eigvalsh(stats["correlation"])[::-1]
    assert np.cov(stats["scores"], rowvar=False) == pytest.approx(np.diag(eigenvalues), abs=1e-9)
    assert stats["components"] @ stats["components"].T == pytest.approx(np.eye(4), abs=1e-9)


def test_largest_weight_of_each_component_is_positive(finished: Path) -> None:
    components = load(finished)["components"]
    assert (components.max(axis=1) == np.abs(components).max(axis=1)).all()


@pytest.mark.parametrize("nbins", [1, 10, 25])
def test_histograms_count_every_flower_once(iris: Program, tmp_path: Path, nbins: int) -> None:
    iris(tmp_path, "--nbins", nbins)
    stats = load(tmp_path)
    assert stats["histogram_counts"].shape == (3, 4, nbins)
    assert stats["histogram_edges"].shape == (4, nbins + 1)
    assert (stats["histogram_counts"].sum(axis=2) == 50).all()


def test_histogram_bins_hold_the_flowers_between_their_edges(finished: Path) -> None:
    stats = load(finished)
    # Petal lengths go from 1.0 to 6.9, so each of ten bins is 0.59 wide.
    short = sum(1.0 <= value < 1.59 for value in column("petal_length", "setosa"))
    assert stats["histogram_counts"][:, 2, 0].tolist() == [short, 0, 0]


def test_bootstrap_error_is_near_the_textbook_one(iris: Program, tmp_path: Path) -> None:
    iris(tmp_path, "--bootstrap", 4000)
    expected = [statistics.stdev(column(feature)) / 150**0.5 for feature in FEATURES]
    assert load(tmp_path)["bootstrap_se"] == pytest.approx(expected, rel=0.06)


def test_one_seed_gives_one_result_and_another_seed_another(finished: Path, iris: Program, tmp_path: Path) -> None:
    iris(tmp_path / "again", "--seed", 0)
    iris(tmp_path / "other", "--seed", 1)
    assert (tmp_path / "again" / "metrics.json").read_bytes() == (finished / "metrics.json").read_bytes()
    first, again, other = load(finished), load(tmp_path / "again"), load(tmp_path / "other")
    assert all(np.array_equal(first[name], again[name]) for name in first)
    changed = {name for name in first if not np.array_equal(first[name], other[name])}
    assert changed == {"seed", "bootstrap_se"}


def test_metrics_are_numbers_by_name(finished: Path) -> None:
    found = metrics(finished)
    assert found["rows"] == 150
    assert found["mean"]["sepal_length"] == pytest.approx(5.8433, abs=1e-4)
    assert found["explained_variance"]["pc1"] == pytest.approx(0.7296, abs=1e-4)
    assert list(found["bootstrap_se"]) == FEATURES


def test_progress_adds_up_and_ends_with_finished(finished: Path) -> None:
    first, *steps, last = (finished / "progress.txt").read_text(encoding="utf-8").splitlines()
    assert first == f"count_total={sum(map(int, steps))}"
    assert last == "finished"


def test_summary_is_printed(iris: Program, tmp_path: Path) -> None:
    printed = iris(tmp_path, "--species", "virginica").stdout
    assert "50 flowers, species: virginica" in printed
    assert [line.split()[:2] for line in printed.splitlines() if line.startswith("petal_width")] == [
        ["petal_width", "2.026"]
    ]


def test_missing_data_is_one_sentence_and_exit_code_1(start: Program, tmp_path: Path) -> None:
    result = start("iris.py", "--storage_path", tmp_path / "out", "--dataset_path", tmp_path)
    expected = f"iris.py: no iris.data in {tmp_path}; --dataset_path must be the folder that contains it\n"
    assert (result.returncode, result.stdout, result.stderr) == (1, "", expected)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("", "0 flowers are left"),
        ("5.1,3.5,1.4,0.2,Iris-setosa\n" * 3, "sepal_length is the same for all 3 flowers"),
        ("5.1,3.5,1.4,0.2,Iris-setosa\n5.1,3.5,1.4,Iris-setosa\n", "iris.data:2: expected 4 numbers"),
        ("5.1,3.5,1.4,nan,Iris-setosa\n", "iris.data:1: expected 4 numbers"),
        ("5.1,3.5,1.4,wide,Iris-setosa\n", "iris.data:1: could not convert"),
        ("\n5.1,3.5,1.4,0.2,Tulip\n", "iris.data:2: "),
    ],
)
def test_unusable_data_is_named_with_its_line(start: Program, tmp_path: Path, content: str, problem: str) -> None:
    (tmp_path / "iris.data").write_text(content, encoding="utf-8")
    result = start("iris.py", "--storage_path", tmp_path / "out", "--dataset_path", tmp_path)
    assert result.returncode == 1
    assert problem in result.stderr
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    "words", [["--nbins", "0"], ["--seed", "-1"], ["--bootstrap", "1"], ["--species", "rose"], ["--nb", "5"]]
)
def test_wrong_options_are_refused_before_anything_is_written(start: Program, tmp_path: Path, words: list[str]) -> None:
    result = start("iris.py", *words, "--storage_path", tmp_path / "out", "--dataset_path", DATA)
    assert result.returncode == 2
    assert words[0] in result.stderr
    assert not (tmp_path / "out").exists()


def test_plot_of_a_run_is_a_png_beside_its_statistics(start: Program, finished: Path, tmp_path: Path) -> None:
    # Only stats.npz: the plot needs neither the data nor anything else of the run.
    shutil.copy(finished / "stats.npz", tmp_path)
    result = start("plot.py", "--storage_path", tmp_path)
    picture = tmp_path / "summary.png"
    assert (result.returncode, result.stdout, result.stderr) == (0, f"{picture}\n", "")
    assert picture.read_bytes().startswith(PNG_SIGNATURE)


def test_plot_of_a_run_with_groups_is_one_picture_per_group_in_their_order(
    start: Program, iris: Program, tmp_path: Path
) -> None:
    iris(tmp_path / "group_10", "--species", "setosa")
    iris(tmp_path / "group_2", "--nbins", 20)
    (tmp_path / "group_3").mkdir()  # a group that failed
    result = start("plot.py", "--storage_path", tmp_path, "--output", "figure.svg")
    pictures = [tmp_path / "group_2" / "figure.svg", tmp_path / "group_10" / "figure.svg"]
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.splitlines() == [str(picture) for picture in pictures]
    assert all("<svg" in picture.read_text(encoding="utf-8") for picture in pictures)
    assert sorted(tmp_path.glob("**/figure.svg")) == sorted(pictures)


@pytest.mark.parametrize(("content", "problem"), [(None, "no stats.npz in "), (b"PK damaged", "cannot be read")])
def test_plot_without_statistics_says_so_with_exit_code_1(
    start: Program, tmp_path: Path, content: bytes | None, problem: str
) -> None:
    if content is not None:
        (tmp_path / "stats.npz").write_bytes(content)
    result = start("plot.py", "--storage_path", tmp_path)
    assert result.returncode == 1
    assert result.stderr.startswith("plot.py: ")
    assert problem in result.stderr
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize("name", ["../summary.png", "summary.exe", "summary"])
def test_plot_refuses_a_name_that_is_no_picture_in_the_folder(start: Program, finished: Path, name: str) -> None:
    result = start("plot.py", "--storage_path", finished, "--output", name)
    assert result.returncode == 2
    assert "is not a file name ending in" in result.stderr


def test_definitions_name_files_that_exist() -> None:
    dataset = yaml.safe_load((EXAMPLE / "data" / "iris.yaml").read_text(encoding="utf-8"))
    definition = EXAMPLE / "experiments_details" / "summary_statistics_iris.yaml"
    experiment = yaml.safe_load(definition.read_text(encoding="utf-8"))
    plot = experiment["actions"][0]["plot"]
    assert (EXAMPLE / dataset["path"] / "iris.data").is_file()
    assert (EXAMPLE / experiment["path"]).is_dir()
    assert (EXAMPLE / experiment["executable"]).is_file()
    assert (EXAMPLE / plot["executable"]).is_file()
    assert experiment["datasets"] == [dataset["name"]]


def test_program_accepts_the_parameters_file(iris: Program, tmp_path: Path) -> None:
    parameters = yaml.safe_load((PROGRAMS / "parameters.yaml").read_text(encoding="utf-8"))
    ranges = parameters["varying_args"]["range"]["options"]
    fixed = parameters["fixed_args"]["options"]
    firsts = {option: first for option, (first, _stop, _step) in ranges.items()}
    for number, group in enumerate(parameters["varying_args"]["groups"]):
        options = fixed | firsts | group["options"]
        iris(tmp_path / str(number), *[word for pair in options.items() for word in pair])
        assert metrics(tmp_path / str(number))["rows"] == 50

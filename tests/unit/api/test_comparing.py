"""Comparing runs from Python."""

from __future__ import annotations

import math

import pytest

import qanat
from qanat.errors import NotFound, UsageError
from tests.support.world import World

MEASURES = """\
case $2 in linear) base=10;; *) base=20;; esac
echo "{\\"acc\\": 0.$((base + $4 * $4))}" >"$6/metrics.json"
"""


@pytest.fixture
def compared(world: World, project: qanat.Project) -> qanat.Project:
    """Return a project with a run of two models and three seeds, and one that repeats a part of it."""
    world.write("train.sh", MEASURES)
    world.git("commit", "--quiet", "--all", "--message", "program")
    project.launch("train", ranges=["--model linear,deep", "--seed 0 3"])
    project.launch("train", ["--model", "deep"], ranges=["--seed 0 3"])
    return project


def test_rows_have_means_spreads_and_what_tells_them_apart(compared: qanat.Project) -> None:
    found = compared.compare(1)
    assert [(row.parameters, row.n, row.seeds) for row in found] == [
        ({"model": "linear"}, 3, ("0", "1", "2")),
        ({"model": "deep"}, 3, ("0", "1", "2")),
    ]
    assert [str(row.metrics["acc"]) for row in found] == ["0.117 ± 0.021", "0.217 ± 0.021"]
    assert (found[0].is_baseline, found[0].differences, len(found[:1])) == (False, {}, 1)
    assert repr(found) == "<Comparison: 2 rows of acc>"


def test_a_baseline_gives_differences_and_verdicts(compared: qanat.Project) -> None:
    base, deep, again = compared.compare(baseline="model=linear", better={"acc": "higher"})
    assert (base.is_baseline, base.verdicts) == (True, {})
    assert deep.differences["acc"].value == pytest.approx(0.1)
    assert [row.verdicts["acc"] for row in (deep, again)] == ["better", "better"]
    assert [row.is_baseline for row in compared.compare([1], baseline=compared.run(2))] == [True, False, False]


def test_a_condition_chooses_the_groups_of_the_baseline_too_unless_it_has_none(compared: qanat.Project) -> None:
    base, deep, again = compared.compare(where="seed<2", baseline="1")
    assert [(row.is_baseline, row.n, row.seeds) for row in (base, deep, again)] == [
        (True, 2, ("0", "1")),
        (True, 2, ("0", "1")),
        (False, 2, ("0", "1")),
    ]
    base, again = compared.compare(where="model=deep and seed<2", baseline="1")
    assert [(row.parameters, row.n) for row in (base, again)] == [({"model": "deep"}, 2)] * 2
    assert [(row.is_baseline, row.n) for row in compared.compare(where="run=1 and seed>0", baseline="2")] == [
        (True, 3),
        (False, 2),
        (False, 2),
    ]


def test_pooled_runs_count_a_seed_once_and_warn(compared: qanat.Project) -> None:
    with pytest.warns(UserWarning, match="3 groups do not count, since another with the same parameters") as warned:
        found = compared.compare([1, "2"], pool=True)
    assert [warning.filename for warning in warned] == [__file__]
    assert [(row.n, row.runs) for row in found] == [
        (3, (compared.run(1).id,)),
        (3, (compared.run(2).id,)),
    ]


def test_runs_that_do_not_exist_are_warnings_unless_none_does(compared: qanat.Project) -> None:
    with pytest.warns(UserWarning, match="runs 3, 4 are missing, and may have been deleted"):
        assert len(compared.compare(range(1, 5))) == 3
    with pytest.raises(NotFound, match="run 7 does not exist"):
        compared.compare(7)


def test_conditions_choose_groups_and_errors_name_keywords(compared: qanat.Project) -> None:
    (row,) = compared.compare(where="model=deep and run=1", metrics=["a*"], sort="acc", group_by="model")
    assert row.parameters == {"model": "deep"}
    with pytest.raises(UsageError, match="add pool=True if their code is the same"):
        compared.compare(baseline="model=deep")
    with pytest.raises(TypeError, match="metrics is a list of strings, not a single string"):
        compared.compare(metrics="acc")
    with pytest.raises(UsageError, match="the baseline is empty"):
        compared.compare(baseline=" ")


def test_a_comparison_is_a_data_frame_and_a_table_in_a_notebook(compared: qanat.Project) -> None:
    found = compared.compare(1, baseline="model=linear")
    frame = found.to_pandas()
    assert list(frame.columns[4:]) == [
        *("model", "acc", "acc.std", "acc.n"),
        *("acc.difference", "acc.p", "acc.verdict"),
    ]
    assert frame["acc"].tolist() == pytest.approx([0.35 / 3, 0.65 / 3])
    assert math.isnan(frame["acc.p"][0])
    page = found._repr_html_()
    assert "<tr><th>runs</th><th>n</th><th>model</th><th>acc</th></tr>" in page
    assert "<td>deep</td><td>0.217 ± 0.021 (+0.100, significant)</td>" in page


def test_what_curves_came_to_is_compared_on_request(world: World, project: qanat.Project) -> None:
    world.write("train.sh", 'printf \'{"loss": %s}\\n\' 9 "$2" 5 >"$4/metrics.jsonl"\n')
    world.git("commit", "--quiet", "--all", "--message", "program")
    project.launch("train", ranges=["--seed 0 3"])
    (row,) = project.compare(1, sort="loss.min")
    assert {name: str(s) for name, s in row.metrics.items()} == {"loss": "5", "loss.min": "1.0 ± 1.0"}
    (row,) = project.compare(1, metrics=["*.m*"])
    assert list(row.metrics) == ["loss.min", "loss.max"]
    with pytest.raises(UsageError, match=r"no group has the metric 'loss.mean'"):
        project.compare(1, metrics=["loss.mean"])


def test_without_runs_there_is_nothing_to_compare(project: qanat.Project) -> None:
    with pytest.raises(UsageError, match="nothing to compare: there are no runs"):
        project.compare()


def test_a_direction_is_higher_or_lower(compared: qanat.Project) -> None:
    with pytest.raises(UsageError, match="better values of 'acc' are higher or lower, not 'low'"):
        compared.compare(1, better={"acc": "low"})

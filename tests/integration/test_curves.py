"""Curves of real runs."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest

import qanat
from qanat.domain.metric_problems import CHANGED
from qanat.errors import InputInvalid, NotFound
from tests.support.sandbox import Sandbox

KILLED = """\
import os, signal, qanat
for step in range(5):
    qanat.log_metrics(step=step, loss=5 - step)
with open(os.environ["QANAT_STORAGE_PATH"] + "/metrics.jsonl", "a") as file:
    file.write('{"step": 5, "lo')
    file.flush()
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_program_that_is_killed_keeps_its_curve(tmp_path: Path) -> None:
    sandbox = Sandbox.make(tmp_path / "project")
    sandbox.python_experiment("train", KILLED)
    result = sandbox.qanat("run", "train", code=1)
    assert "metrics.jsonl: the last line is incomplete, and was left out" in result.err
    (group,) = sandbox.record()["groups"]
    assert (group["signal"], group["metrics"]) == (9, {"loss": 1})
    assert group["curves"] == {"loss": {"last": [1, 4], "min": [1, 4], "max": [5, 0], "count": 5}}
    assert sandbox.qanat("runs", "--where", "loss.max=5 and metric.loss.count<9", "--columns", "run,loss.min").out
    sandbox.qanat("validate")
    with pytest.warns(UserWarning, match="the last line is incomplete, and was left out"):
        curve = qanat.open(sandbox.root).run(1).curve("loss")
    assert (curve.name, curve.steps, curve.values) == ("loss", [0, 1, 2, 3, 4], [5, 4, 3, 2, 1])
    assert repr(curve) == "<Curve 'loss': 5 steps, last 1>"
    assert curve.to_pandas().loc[3] == 2


def test_curves_of_csv_are_recorded_and_read_from_python(tmp_path: Path) -> None:
    sandbox = Sandbox.make(tmp_path / "project")
    sandbox.experiment("train", 'printf "step,loss,acc\\n0.5,2,\\n1,1,0.5\\n" >"$QANAT_STORAGE_PATH/metrics.csv"\n')
    sandbox.qanat("run", "train")
    run = qanat.open(sandbox.root).run(1)
    assert run.metrics == {"loss": 1, "acc": 0.5}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        curves = run.curves()
    assert {name: (curve.steps, curve.values) for name, curve in curves.items()} == {
        "loss": ([0.5, 1], [2, 1]),
        "acc": ([1], [0.5]),
    }
    with pytest.raises(NotFound, match="group 0 has no curve 'los'") as raised:
        run.curve("los")
    assert raised.value.hint == "did you mean 'loss'?"
    with pytest.raises(NotFound) as raised:
        run.curve("entropy")
    assert raised.value.hint == "available: 'acc', 'loss'"
    (run.path / "metrics.csv").rename(run.path.parent / "metrics.csv")
    run.path.rename(run.path.parent / "elsewhere")
    with pytest.raises(InputInvalid, match="run_1 does not exist"):
        run.curves()


def test_a_file_that_was_edited_after_the_end_of_its_run_is_noted_where_its_curves_are_shown(tmp_path: Path) -> None:
    sandbox = Sandbox.make(tmp_path / "project")
    sandbox.experiment("train", 'echo \'{"loss": 2}\' >"$QANAT_STORAGE_PATH/metrics.jsonl"\n')
    sandbox.qanat("run", "train")
    path = sandbox.root / "results/train/run_1/metrics.jsonl"
    for command in (("metrics", "1"), ("show", "1"), ("compare", "1", "--plot", "step", "loss")):
        result = sandbox.qanat(*command)
        assert "has changed" not in result.out + result.err
    path.write_text('{"loss": 1}\n')
    said = f"{path}: {CHANGED}"
    assert f"Note: {said}" in sandbox.qanat("show", "1").out
    for command in (("metrics", "1"), ("metrics", "1", "-f", "--csv"), ("compare", "1", "--plot", "step", "loss")):
        assert f"note: {said}" in sandbox.qanat(*command).err
    with pytest.warns(UserWarning, match=CHANGED):
        assert qanat.open(sandbox.root).run(1).curve("loss").values == [1]

"""What the tags of runs that qanat exported to MLflow say: the ends of groups, and their arguments."""

from __future__ import annotations

import shlex

import pytest

from qanat.domain.run import State, described
from qanat.imports.mlflow_exported import args_of, end_of, metrics_of, tags_of
from qanat.usecases.exports import mlflow_names as names
from qanat.usecases.exports.mlflow_names import parameters_of, status_of

REASONS = ("", "exit code 3", "ended by SIGKILL", "{state} by SIGTERM", "{state} by qanat (by user ada)", "a (b), c")


@pytest.mark.parametrize("state", sorted(state for state in State if state.ended))
@pytest.mark.parametrize("attempts", [(1, 0), (2, 0), (2, 3)])
def test_an_end_is_what_it_was(state: State, attempts: tuple[int, int]) -> None:
    for form in REASONS:
        reason = form.format(state=state)
        tags = {"qanat.run": "1-abcdef", "qanat.state": described(state, reason, *attempts)}
        code = 3 if reason == "exit code 3" else None
        assert end_of(tags, status_of(state)) == (state, reason, code)
        assert end_of(tags, "RUNNING") is None
        assert end_of(tags | {"qanat.state": f"x{tags['qanat.state']}"}, status_of(state)) is None
    assert end_of({"qanat.state": "failed"}, "FAILED") is None


@pytest.mark.parametrize("args", [(), ("a b.csv", "-v", "--lr", "0.1", "--name=", "--on"), ("--x", "1", "2", "-1")])
def test_arguments_are_what_they_were_unless_the_parameters_are_others(args: tuple[str, ...]) -> None:
    command = shlex.join(["python", "train.py", *args])
    tags = {"qanat.run": "1-abcdef", "qanat.command": command, "mlflow.source.name": "train.py"}
    params = parameters_of(args)
    assert args_of(tags, params) == args
    assert args_of(tags, {**params, "lr": "9"}) is None
    assert args_of({**tags, "qanat.command": f"{command} '"}, params) is None
    assert args_of({**tags, "mlflow.source.name": "other.py"}, params) is None
    assert args_of({"qanat.command": command, "mlflow.source.name": "train.py"}, params) is None


def test_names_that_mlflow_does_not_take_are_what_they_were() -> None:
    tags = ["a%b", "a*b", "plain"]
    called = {names.tag_for(tag): "true" for tag in tags}
    exported = {
        "qanat.run": "1-abcdef",
        **called,
        names.TAGS: names.noted(tags, called, [f"tag.{one}" for one in tags]),
    }
    assert tags_of(exported) == tags
    del exported["tag.plain"]
    assert tags_of({**exported, "tag.new": "true"}) == ["a%b", "a*b", "new"]
    renamed = {"50__loss": "50%_loss"}
    exported[names.METRICS] = names.noted(renamed, [*renamed], [*renamed.values()])
    assert metrics_of(exported, ["50__loss", "acc"]) == {"50__loss": "50%_loss", "acc": "acc"}
    assert metrics_of({**exported, names.METRICS: '{"acc": "loss", "x": 5'}, ["acc"]) == {"acc": "acc"}
    assert metrics_of({**exported, names.METRICS: '{"acc": "loss"}'}, ["acc", "loss"]) == {"acc": "acc", "loss": "loss"}
    assert names.noted(["plain"], ["plain"], ["plain"]) == ""

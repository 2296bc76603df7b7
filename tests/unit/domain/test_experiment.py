"""The command line that starts a program."""

from __future__ import annotations

import pytest

from qanat.domain.experiment import Experiment, MetricSource, Program
from qanat.errors import EXIT_USAGE, InputInvalid


@pytest.mark.parametrize(
    ("executable", "command", "expected"),
    [
        ("src/iris.py", "python", ("python", "src/iris.py")),
        ("src/iris.py", "python -u", ("python", "-u", "src/iris.py")),
        ("src/iris.py", "'/opt/my python/bin/python' -u", ("/opt/my python/bin/python", "-u", "src/iris.py")),
        ("build/train", "", ("build/train",)),
        ("train", "", ("./train",)),
        ("my program", "", ("./my program",)),
        ("$(touch x); y", "sh", ("sh", "$(touch x); y")),
    ],
)
def test_a_program_is_started_with_its_command_then_its_file(
    executable: str, command: str, expected: tuple[str, ...]
) -> None:
    assert Program(executable, command).command_line() == expected


def test_a_command_with_an_open_quote_is_refused() -> None:
    with pytest.raises(InputInvalid) as caught:
        Program("a.py", "python '").command_line()
    assert caught.value.message == 'executable_command "python \'": no closing quotation'
    assert caught.value.hint == "close the quote or escape it"
    assert caught.value.exit_code == EXIT_USAGE


def test_titles_of_metrics_are_made_of_labels_and_units() -> None:
    sources = (
        MetricSource("a.json", label={"acc": "Accuracy", "f1": "F1 score"}, unit={"acc": "%"}),
        MetricSource("b.json", unit={"time": "s"}),
    )
    experiment = Experiment("train", Program("train.py"), metrics=sources)
    assert experiment.titles() == {"acc": "Accuracy (%)", "f1": "F1 score", "time": "time (s)"}

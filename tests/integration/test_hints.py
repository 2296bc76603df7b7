"""The commands in hints are typed as they stand, and do what the hint says."""

from __future__ import annotations

import re
import shlex

import pytest

from tests.support.sandbox import Sandbox

# What stands for a value that only the user knows.
KNOWN = {"PATH": "go.sh", "NAME": "e", "RUN": "1", "greet=COMMAND": "greet=sh go.sh", "FILE": "go.sh"}
_COMMAND = re.compile(r"qanat ((?:[^;:]|:(?! ))+)")


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Sandbox:
    """Return a project with an experiment, a finished run and definitions that cannot be used."""
    sandbox = Sandbox.make(tmp_path_factory.mktemp("house") / "my project")
    sandbox.experiment("e", "echo e\n")
    sandbox.write("go.sh", "echo go\n")
    sandbox.experiment("broken", "echo\n", executable="gone.sh")
    sandbox.write(".qanat/datasets/moved.yaml", "schema: dataset/1\nname: moved\npath: gone\n")
    sandbox.experiment("reader", "echo\n", datasets=["moved"])
    sandbox.write("t 3.yaml", "name: t3\nrunner: slurm\noptions: {--job-name: x}\n")
    sandbox.commit()
    sandbox.qanat("run", "e")
    return sandbox


def typed(hint: str) -> list[str]:
    """Return the arguments of the first command in a hint, with values for what only the user knows."""
    found = _COMMAND.search(hint)
    assert found, hint
    return [KNOWN.get(word, word) for word in shlex.split(found[1])]


@pytest.mark.parametrize(
    ("words", "code", "printed"),
    [
        ("run e --json", 0, '"id": "1-'),
        ("run e --runer local", 0, "Run 2"),
        ("retry 1", 0, "run"),
        ("show 99", 0, "finished"),
        ("action e greet 1", 0, "Updated .qanat/experiments/e.yaml"),
        ("run broken", 0, "Updated .qanat/experiments/broken.yaml"),
        ("compare 1 --plot", 0, "Compare "),
        ("template show t --runner", 0, "Show a template"),
        ("run reader", 0, "Updated .qanat/datasets/moved.yaml"),
        ("run e --runner slurm --submit-template 't 3.yaml'", 1, "t 3.yaml: --job-name"),
    ],
)
def test_the_command_of_a_hint_works(house: Sandbox, words: str, code: int, printed: str) -> None:
    refused = house.qanat(*shlex.split(words), code=2)
    hint = refused.err.partition("hint: ")[2].strip()
    result = house.qanat(*typed(hint), code=code)
    assert printed in result.out + result.err

"""Where the PATH of jobs comes from, as their runner knows it."""

from __future__ import annotations

from typing import Any

import pytest

from qanat.runners.registry import Registry

USER = "the shell that submitted them"
MACHINE = "the machine that ran them, since "
NO_GETENV = f"{MACHINE}their template has no getenv with PATH"


@pytest.mark.parametrize(
    ("runner", "options", "details", "source"),
    [
        ("local", {}, {}, "the shell that started qanat"),
        ("htcondor", Registry().default_templates()["htcondor"], {}, USER),
        ("htcondor", {"getenv": "true"}, {}, USER),
        ("htcondor", {"getenv": True}, {}, USER),
        ("htcondor", {"GetEnv": "HOME, PATH"}, {}, USER),
        ("htcondor", {"getenv": ["HOME", "PA*"]}, {}, USER),
        ("htcondor", {"environment": "A=1 PATH=/opt/bin"}, {}, "the environment in their template"),
        ("htcondor", {}, {}, NO_GETENV),
        ("htcondor", {"getenv": "HOME, LD_LIBRARY_PATH"}, {}, NO_GETENV),
        ("htcondor", {"getenv": "false", "environment": "LD_LIBRARY_PATH=/x"}, {}, NO_GETENV),
        ("slurm", {}, {}, USER),
        ("slurm", {}, {"export": "ALL"}, USER),
        ("slurm", {}, {"export": "A=1,PATH"}, USER),
        ("slurm", {}, {"export": "NONE"}, f"{MACHINE}they were submitted with --export=NONE"),
        ("of another package", {}, {}, ""),
    ],
)
def test_where_the_path_of_jobs_comes_from(
    runner: str, options: dict[str, Any], details: dict[str, Any], source: str
) -> None:
    assert Registry().path_from(runner, options, details) == source

"""Files of environments: their names, what is read from them, and the copies of which lost ones are written again."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from qanat.domain.environment import Environment, Interpreter
from qanat.errors import InputInvalid
from qanat.records import environments

NUMPY = Environment(
    Interpreter("python", "3.12.4", "CPython, GCC 12.2.0", "venv"),
    distributions={"numpy": "2.1.0", "mine": "0.1 (editable)"},
    conda={"cudatoolkit": "11.8.0 h37601d7_11"},
    locks={"uv.lock": f"sha256:{'ab' * 32}"},
    modules=("gcc/12.3",),
    variables={"OMP_NUM_THREADS": "4"},
)


def test_a_file_is_named_after_what_sha256sum_prints(tmp_path: Path) -> None:
    file = environments.encode(NUMPY)
    (tmp_path / "a").write_bytes(file.data)
    printed = subprocess.run(["sha256sum", tmp_path / "a"], capture_output=True, text=True, check=True).stdout
    assert file.path == f".qanat/environments/{printed[:16]}.yaml"
    assert environments.is_intact(file.path, file.data)
    assert not environments.is_intact(file.path, file.data + b"\n")


def test_a_file_is_read_back() -> None:
    for environment in (
        NUMPY,
        Environment(),
        Environment(executable=f"sha256:{'ab' * 32}", libraries={"liba.so.1": f"sha256:{'cd' * 32}"}),
        Environment(Interpreter("julia", "1.11")),
    ):
        assert environments.decode(environments.encode(environment).data, "a.yaml") == environment


def test_the_order_of_packages_does_not_change_the_name() -> None:
    turned = replace(NUMPY, distributions=dict(reversed(NUMPY.distributions.items())))
    assert environments.encode(turned) == environments.encode(NUMPY)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("schema: environment/1\ninterpreter: python\n", "a.yaml: interpreter: is not a mapping"),
        ("schema: environment/1\ninterpreter: {language: python}\n", "a.yaml: interpreter.version: is missing"),
        ("schema: environment/1\ndistributions: {numpy: 2}\n", "a.yaml: distributions: has a value that is not a"),
        ("schema: run/1\n", "a.yaml: schema 'run/1' is not environment/1"),
        ("- 1\n", "a.yaml: the file: is not a mapping"),
    ],
)
def test_a_file_that_is_no_environment_is_refused(text: str, problem: str) -> None:
    with pytest.raises(InputInvalid) as caught:
        environments.decode(text.encode(), "a.yaml")
    assert caught.value.message.startswith(problem)


def test_a_record_names_environments_whatever_else_it_says() -> None:
    record = b"description: environment\nenvironment: 3f2a9c41d07be586\n- {a: 0, environment: '0123456789012345'}\n"
    assert environments.named_in(record) == [
        ".qanat/environments/3f2a9c41d07be586.yaml",
        ".qanat/environments/0123456789012345.yaml",
    ]
    assert environments.named_in(b"environment: 3f2a9c41d07be5861\nenvironment: ../../../../ab.yaml\n") == []


def test_a_copy_with_other_bytes_is_none(tmp_path: Path) -> None:
    file = environments.encode(NUMPY)
    assert environments.copy_of(tmp_path, file.path) is None
    environments.keep_copy(tmp_path, file)
    assert environments.copy_of(tmp_path, file.path) == file.data
    (tmp_path / "environments" / f"{file.hash}.yaml").write_bytes(file.data + b"\n")
    assert environments.copy_of(tmp_path, file.path) is None

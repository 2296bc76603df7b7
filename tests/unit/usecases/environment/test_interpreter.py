"""What a command starts: the program that it names, in the environment that its launcher chooses."""

from __future__ import annotations

from pathlib import Path

import pytest

from qanat.records.remembered import Remembered
from qanat.usecases.environment import pythons
from qanat.usecases.environment.interpreter import Started, started_by


def program(path: Path, text: str = "") -> Path:
    """Make an executable file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with environments of many tools, and programs on PATH in `bin`."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    places = ("bin", ".venv/bin", "tools/bin", ".pixi/envs/default/bin", ".pixi/envs/gpu/bin", "active/bin")
    for place in (*places, "conda/bin", "conda/envs/ml/bin", "home/.conda/envs/own/bin"):
        program(tmp_path / place / "python")
    for name in ("python3.12", "uv", "poetry", "pixi", "simulate", "Rscript"):
        program(tmp_path / "bin" / name)
    program(tmp_path / "conda/bin/conda")
    program(tmp_path / "shebang", "#!/usr/bin/env python3.12\n")
    program(tmp_path / "train.R", "#!/usr/bin/env -S Rscript --vanilla\n")
    program(tmp_path / "uv-script.py", "#!/usr/bin/env -S uv run --script\n")
    program(tmp_path / "plain", "\x7fELF")
    program(tmp_path / "own.sh", "#!bin/simulate -x\n")
    return tmp_path


@pytest.mark.parametrize(
    ("command", "python"),
    [
        ("python train.py", "bin/python"),
        ("python3.12 -u train.py", "bin/python3.12"),
        (".venv/bin/python train.py", ".venv/bin/python"),
        ("env OMP_NUM_THREADS=1 python train.py", "bin/python"),
        ("nice -n 5 python train.py", "bin/python"),
        ("./shebang", "bin/python3.12"),
        ("env OMP_NUM_THREADS=1 ./shebang", "bin/python3.12"),
        ("uv run train.py", ".venv/bin/python"),
        ("uv run python -u train.py", ".venv/bin/python"),
        ("poetry run python train.py", "active/bin/python"),
        ("pixi run python train.py", ".pixi/envs/default/bin/python"),
        ("pixi run -e gpu python train.py", ".pixi/envs/gpu/bin/python"),
        ("pixi run --environment=gpu train.py", ".pixi/envs/gpu/bin/python"),
        ("conda run -p tools python train.py", "tools/bin/python"),
        ("conda run -n ml python train.py", "conda/envs/ml/bin/python"),
        ("conda run -n base python train.py", "conda/bin/python"),
        ("conda run --name own python train.py", "home/.conda/envs/own/bin/python"),
        ("conda run -n gone python train.py", "bin/python"),
        ("conda run python train.py", "active/bin/python"),
    ],
)
def test_a_command_starts_a_python(folder: Path, command: str, python: str) -> None:
    variables = {
        "PATH": f"bin:{folder}/conda/bin",
        "VIRTUAL_ENV": str(folder / "active"),
        "CONDA_PREFIX": str(folder / "active"),
    }
    assert started_by(command.split(), folder, variables) == Started(python=folder / python)


@pytest.mark.parametrize(
    ("command", "other"),
    [
        ("Rscript train.R", "bin/Rscript"),
        ("simulate input.txt", "bin/simulate"),
        ("./plain", "plain"),
        ("./own.sh", "bin/simulate"),
        ("./train.R", "bin/Rscript"),
        ("env -i OMP_NUM_THREADS=1 Rscript train.R", "bin/Rscript"),
        ("mpirun -n 4 ./plain", "plain"),
        ("env OMP_NUM_THREADS=1 ./plain", "plain"),
        ("missing input.txt", None),
        ("./missing", None),
    ],
)
def test_a_command_starts_another_program(folder: Path, command: str, other: str | None) -> None:
    assert started_by(command.split(), folder, {"PATH": "bin"}) == Started(other=folder / other if other else None)


@pytest.mark.parametrize(
    "command", ["./uv-script.py", "uv run --script plain", "uv run inline.py", "uv run -q inline.py"]
)
def test_a_script_with_packages_of_its_own_is_started_by_uv(folder: Path, command: str) -> None:
    (folder / "inline.py").write_text('import sys\n# /// script\n# dependencies = ["six"]\n# ///\n')
    script = folder / command.rsplit(maxsplit=1)[-1]
    assert started_by(command.split(), folder, {"PATH": "bin"}) == Started(other=folder / "bin/uv", script=script)
    assert started_by(["python", "inline.py"], folder, {"PATH": "bin"}) == Started(python=folder / "bin/python")


def test_folders_on_the_path_that_cannot_be_searched_are_passed_over(folder: Path) -> None:
    path = f"{'x' * 300}:{folder / 'plain'}:bin"
    assert started_by(["python", "train.py"], folder, {"PATH": path}) == Started(python=folder / "bin/python")
    unreadable = folder / "unreadable"
    unreadable.mkdir(mode=0)
    assert started_by(["python", "train.py"], folder, {"PATH": "unreadable:bin"}).python == folder / "bin/python"


def test_programs_may_be_at_the_top_of_the_file_system(folder: Path) -> None:
    command = ["conda", "run", "-n", "ml", "python", "train.py"]
    variables = {"PATH": "bin", "CONDA_EXE": "/conda-of-no-folder"}
    assert started_by(command, folder, variables) == Started(python=folder / "bin/python")
    assert pythons.describe(Remembered(folder), Path("/python-of-no-folder"), folder, {}, starts=True) == {}


def test_a_python_that_is_not_found_is_unknown(folder: Path) -> None:
    assert started_by(["python4", "train.py"], folder, {"PATH": "bin"}) == Started()

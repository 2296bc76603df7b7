"""The project as a package: a copy of its files, and fresh environments to install it in without a network."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

from tests.support.sandbox import Result, call

ROOT = Path(__file__).parents[2]


def copy_project(target: Path) -> Path:
    """Copy the files of this checkout that git does not ignore, including uncommitted ones."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    if listed.returncode != 0:
        pytest.skip("the project is not a git checkout")
    for name in os.fsdecode(listed.stdout).split("\0"):
        if name and (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)
    return target


class Environment:
    """A fresh virtual environment that sees the packages of the tests' own environment, but not the other way round."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        venv.create(folder, symlinks=True, with_pip=False)
        self.python = folder / "bin/python"
        outer = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
        # Lines of a .pth file are only added to the path: .pth files in those folders, such as the one of an
        # editable install of this very project, are not read.
        (self.packages / "outer.pth").write_text("".join(f"{path}\n" for path in sorted(outer)))

    @property
    def packages(self) -> Path:
        """The folder of its own packages."""
        (found,) = (self.folder / "lib").glob("python3.*/site-packages")
        return found

    def install(self, *words: str) -> Result:
        """Run `pip install arguments…` for this environment without downloading anything."""
        pip = [sys.executable, "-m", "pip", "--python", str(self.python), "--disable-pip-version-check"]
        offline = ["--no-deps", "--no-build-isolation", "--no-index"]
        return call([*pip, "install", "--quiet", *offline, *words], self.folder, env={"PYTHONPATH": ""})

    def run(self, program: str, *words: str, cwd: Path, code: int | None = 0) -> Result:
        """Run one of its programs."""
        return call([str(self.folder / "bin" / program), *words], cwd, code=code, env={"PYTHONPATH": ""})

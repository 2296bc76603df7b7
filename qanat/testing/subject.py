"""The runner that is tested, as its author describes it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

import pytest

from qanat.runners.api import Runner
from qanat.testing.place import Place
from qanat.testing.sandbox import Sandbox
from qanat.testing.words import FOLDER

GIT_CONFIG = """\
[user]
    name = Ada Lovelace
    email = ada@example.org
[init]
    defaultBranch = main
"""


class Subject:
    """What an author says of a runner; only `make` has to be said."""

    options: ClassVar[Mapping[str, Any]] = {}
    """A template for short jobs."""

    waiting: ClassVar[Mapping[str, Any] | None] = None
    """Options that keep a job in the queue until it is removed. Tests that need them are skipped without."""

    impossible: ClassVar[Mapping[str, Any] | None] = None
    """Options that the scheduler refuses when a job is submitted. Tests that need them are skipped without."""

    refused: ClassVar[Mapping[str, Any]] = {}
    """Options that a template must not have, since the runner sets them itself."""

    patience_s: ClassVar[float] = 60.0
    """How long a job may take until it has begun, or has ended, or the scheduler has noticed."""

    def make(self) -> Runner:
        """Give the runner, a new one each time: nothing may depend on what an earlier one remembers."""
        raise NotImplementedError

    @pytest.fixture
    def shared(self, tmp_path: Path) -> Path:
        """Give a new folder that the machines which run jobs see too; by default one of this machine."""
        return tmp_path

    def make_unreachable(self, patch: pytest.MonkeyPatch) -> None:
        """Change this process's surroundings so that the scheduler cannot be reached; by default its programs go."""
        patch.setenv("PATH", "")

    # ---- what the tests work with

    @pytest.fixture
    def place(self, shared: Path) -> Place:
        """Give a folder for jobs, with a name that is hard on scripts."""
        return Place(shared / FOLDER, self.options, self.patience_s)

    @pytest.fixture
    def project(self, shared: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
        """Give a project whose template `short` has the options; what is left of its runs is cancelled in the end."""
        config = shared / "gitconfig"
        config.write_text(GIT_CONFIG)
        monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
        sandbox = Sandbox.make(shared / FOLDER)
        self.template(sandbox, "short", self.options)
        sandbox.commit("template")
        yield sandbox
        for run in sandbox.qanat("status", "--json").json["in_flight"]:
            sandbox.qanat("cancel", run["id"], code=None)

    def template(self, project: Sandbox, name: str, options: Mapping[str, Any]) -> None:
        """Define a template of this runner."""
        import yaml

        runner = self.make().name
        content = {"schema": "template/1", "name": name, "runner": runner, "options": dict(options)}
        project.write(f".qanat/templates/{runner}/{name}.yaml", yaml.safe_dump(content, sort_keys=False))

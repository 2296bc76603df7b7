"""The runner under test, as its author describes it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

import pytest

from qanat.runners.api import Runner
from qanat.testing.arguments import FOLDER
from qanat.testing.place import Place
from qanat.testing.sandbox import Sandbox

GIT_CONFIG = """\
[user]
    name = Ada Lovelace
    email = ada@example.org
[init]
    defaultBranch = main
"""


class Subject:
    """What an author says about a runner; only `make` is required."""

    options: ClassVar[Mapping[str, Any]] = {}
    """A template for short jobs."""

    waiting: ClassVar[Mapping[str, Any] | None] = None
    """Options that keep a job in the queue until it is removed. Without them, the tests that need them are skipped."""

    impossible: ClassVar[Mapping[str, Any] | None] = None
    """Options that the scheduler rejects at submission. Without them, the tests that need them are skipped."""

    refused: ClassVar[Mapping[str, Any]] = {}
    """Options that a template must not set, since the runner sets them itself."""

    patience_s: ClassVar[float] = 60.0
    """How long a job may take to start or to end, and the scheduler to notice it."""

    def make(self) -> Runner:
        """Return a new runner on every call: nothing may depend on what an earlier one remembers."""
        raise NotImplementedError

    def make_offering(self, protocol: Any) -> Any:
        """Return a new runner that offers this protocol; skip the test for a runner that does not."""
        runner = self.make()
        if not isinstance(runner, protocol):
            pytest.skip(f"runner {runner.name} does not offer {protocol.__name__}")
        return runner

    @pytest.fixture
    def shared(self, tmp_path: Path) -> Path:
        """Return a new folder that is also visible on the machines that run jobs; by default a local one."""
        return tmp_path

    def make_unreachable(self, patch: pytest.MonkeyPatch) -> None:
        """Change this process's environment so that the scheduler cannot be reached; by default, empty PATH."""
        patch.setenv("PATH", "")

    # ---- what the tests work with

    @pytest.fixture
    def place(self, shared: Path) -> Place:
        """Return a place for jobs, in a folder with a name that is hard on scripts."""
        return Place(shared / FOLDER, self.options, self.patience_s)

    @pytest.fixture
    def project(self, shared: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
        """Yield a project whose template `short` has the options; at the end, cancel any active runs."""
        config = shared / "gitconfig"
        config.write_text(GIT_CONFIG)
        monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
        sandbox = Sandbox.make(shared / FOLDER)
        self.define_template(sandbox, "short", self.options)
        sandbox.commit("template")
        yield sandbox
        for run in sandbox.qanat("status", "--json").json["in_flight"]:
            sandbox.qanat("cancel", run, code=None)

    def define_template(self, project: Sandbox, name: str, options: Mapping[str, Any]) -> None:
        """Define a template of this runner."""
        import yaml

        runner = self.make().name
        content = {"schema": "template/1", "name": name, "runner": runner, "options": dict(options)}
        project.write(f".qanat/templates/{runner}/{name}.yaml", yaml.safe_dump(content, sort_keys=False))

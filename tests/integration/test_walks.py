"""The walks of CONTRIBUTING.md: their code, applied to a copy of the project, works as they say."""

from __future__ import annotations

import os
import re
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from tests.support.hooks import NOT_ON_A_SERVER
from tests.support.packages import ROOT, copy_project
from tests.support.sandbox import Result, Sandbox, call

PAGE = ROOT / "CONTRIBUTING.md"
BLOCK = re.compile(r"^( *)<!-- (file|add to|change) (\S+) -->\n\1```\w+\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Step:
    """A code block of the page, and what to do with it."""

    verb: str
    path: str
    text: str

    def take(self, tree: Path) -> None:
        """Write, extend or change a file of the copy."""
        file = tree / self.path
        match self.verb:
            case "file":
                file.parent.mkdir(exist_ok=True)
                file.write_text(self.text)
            case "add to":
                file.write_text(file.read_text() + self.text)
            case "change":
                before, after = self._side("-"), self._side("+")
                assert file.read_text().count(before) == 1, f"{self.path} does not have once:\n{before}"
                file.write_text(file.read_text().replace(before, after))

    def _side(self, sign: str) -> str:
        lines = self.text.splitlines(keepends=True)
        return "".join(line[1:] for line in lines if line[0] in (" ", sign))


def steps() -> Iterator[Step]:
    """Yield the steps of all walks in their order."""
    for found in BLOCK.finditer(PAGE.read_text()):
        yield Step(found[2], found[3], textwrap.dedent(found[4]))


@dataclass(frozen=True)
class Copy:
    """A copy of the project in which every walk was taken, driven in a project of its own."""

    tree: Path
    sandbox: Sandbox

    @property
    def env(self) -> dict[str, str]:
        """The variables with which Python finds the copy."""
        return {**NOT_ON_A_SERVER, "PYTHONPATH": f"{self.tree}{os.pathsep}{self.tree / 'hooks'}"}

    def python(self, *words: str, code: int = 0, cwd: Path | None = None) -> Result:
        """Run Python with the copy of qanat."""
        return call([sys.executable, *words], cwd or self.sandbox.root, code=code, env=self.env)

    def qanat(self, *words: str, code: int = 0) -> Result:
        """Run the copy's qanat."""
        return self.sandbox.qanat(*words, code=code, env=self.env)

    def commit(self, *, code: int) -> Result:
        """Add and commit everything."""
        self.sandbox.git("add", "--all")
        return call(["git", "commit", "--quiet", "-m", "x"], self.sandbox.root, code=code, env=self.env)


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the project in which every walk was taken."""
    copied = copy_project(tmp_path_factory.mktemp("walks") / "copy of qanat")
    for step in steps():
        step.take(copied)
    return copied


@pytest.fixture
def copy(tree: Path, sandbox: Sandbox) -> Copy:
    """Return the copy, with a project in which its qanat is the one that runs."""
    found = Copy(tree, sandbox)
    assert found.python("-c", "import qanat; print(qanat.__file__)").out == f"{tree}/qanat/__init__.py\n"
    return found


def test_the_walks_touch_the_files_that_the_page_promises(tree: Path) -> None:
    existing = {step.path for step in steps() if step.verb != "file"}
    assert existing == {"qanat/runners/registry.py", ".pre-commit-hooks.yaml", "qanat/cli/commands/table.py"}
    new = {step.path for step in steps() if step.verb == "file"}
    assert {path for path in new if (ROOT / path).exists()} == set()
    table, walks = PAGE.read_text().partition("## What a change touches\n")[2].split("\n### ", 1)
    assert [path for path in existing if f"`{path}`" not in table or f"{path} -->" not in walks] == []


@pytest.mark.slow
def test_the_code_is_as_the_project_wants_it(copy: Copy) -> None:
    files = [step.path for step in steps() if step.path.endswith(".py")]
    copy.python("-m", "ruff", "check", "--quiet", "--no-cache", *files, cwd=copy.tree)
    copy.python("-m", "ruff", "format", "--check", "--quiet", "--no-cache", *files, cwd=copy.tree)
    agreement = "tests/unit/usecases/checks/test_rule.py"
    copy.python("-m", "pytest", "-q", "-p", "no:cacheprovider", agreement, cwd=copy.tree)


@pytest.mark.slow
def test_the_hook_refuses_a_commit(copy: Copy) -> None:
    copy.qanat("hooks", "install")
    copy.sandbox.write("my notes.draft", "1\n")
    assert copy.commit(code=1).err == "my notes.draft:1: no-drafts: is a draft; git rm --cached -- 'my notes.draft'\n"
    copy.sandbox.git("rm", "--quiet", "--cached", "my notes.draft")
    copy.sandbox.write(".gitignore", "*.draft\n")
    copy.commit(code=0)


@pytest.mark.slow
def test_pre_commit_calls_the_hook_through_the_program_for_all_rules(copy: Copy) -> None:
    (entry,) = [h for h in yaml.safe_load((copy.tree / ".pre-commit-hooks.yaml").read_text()) if "draft" in h["id"]]
    program, *words = entry["entry"].split()
    assert program == "qanat-hook"
    copy.sandbox.write("a.draft", "1\n")
    copy.sandbox.git("add", "a.draft")
    done = copy.python("-P", "-m", "qanat_hooks.hook", *words, *entry["args"], "a.draft", code=1)
    assert done.out == "a.draft:1: no-drafts: is a draft; git rm --cached -- a.draft\n"
    assert copy.python("-P", "-m", "qanat_hooks.hook", *words, *entry["args"]).out == ""


@pytest.mark.slow
def test_the_runner_runs_and_cancels_jobs(copy: Copy) -> None:
    copy.sandbox.experiment("end", 'echo "$1"; exit "$1"\n')
    assert "known: local, htcondor, slurm, nohup" in copy.qanat("run", "--runner", "no", "end", "0", code=2).err
    copy.qanat("run", "--runner", "nohup", "end", "-g", "0", "-g", "3", "--wait", code=1)
    (record,) = copy.sandbox.records()
    assert [(group["state"], group["exit_code"]) for group in record["groups"]] == [("finished", 0), ("failed", 3)]
    assert copy.qanat("logs", "1", "--group", "1").out == "3\n"
    copy.sandbox.experiment("wait", "sleep 600\n")
    copy.qanat("run", "--runner", "nohup", "wait")
    copy.qanat("cancel", "2")
    assert copy.qanat("show", "2", "--json").json["state"] == "cancelled"


@pytest.mark.slow
def test_the_command_is_listed_and_works(copy: Copy) -> None:
    assert re.search("^  count +Count the experiments of the project.$", copy.qanat("--help").out, re.MULTILINE)
    assert copy.qanat("count").out == "0\n"
    copy.sandbox.experiment("end", "exit 0\n")
    assert copy.qanat("count").out == "1\n"
    assert "Example:\n    qanat count\n" in copy.qanat("count", "--help").out


@pytest.mark.slow
def test_generated_files_are_made_from_what_was_added(copy: Copy) -> None:
    copy.python("-m", "qanat.cli.completion.generate", cwd=copy.tree)
    copy.python("docs/generate.py", cwd=copy.tree)
    assert '"count"' in (copy.tree / "qanat/cli/completion/skeleton.json").read_text()
    assert "## qanat count\n" in (copy.tree / "docs/commands.md").read_text()
    assert "| `qanat-no-drafts` | files whose names end in .draft |" in (copy.tree / "docs/review.md").read_text()

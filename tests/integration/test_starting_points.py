"""The built-in starting points: created, validated, and run as their READMEs say."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml

from qanat.usecases.definitions.starting_points import BUILT_IN, PLACEHOLDER, names
from tests.support.pages import ROOT, commands_of
from tests.support.reader import Reader
from tests.support.sandbox import Sandbox

INTERPRETERS = {"r": ("Rscript",), "julia": ("julia",), "matlab": ("matlab", "octave-cli")}
FIGURES = {"python": "fit.svg", "r": "fit.svg"}


def created(folder: Path, name: str) -> Sandbox:
    """Return a new project with a starting point."""
    folder.mkdir(exist_ok=True)
    said = Sandbox(folder).qanat("init", "project", "--template", name, "--yes")
    assert "README.md" in said.out
    return Sandbox(folder / "project")


@pytest.mark.parametrize("name", names())
def test_a_starting_point_is_a_valid_project_in_one_commit(tmp_path: Path, name: str) -> None:
    sandbox = created(tmp_path, name)
    assert sandbox.status() == ""
    assert sandbox.git("rev-list", "--count", "HEAD") == "1"
    assert sandbox.git("log", "-1", "--format=%b").startswith(f"Starting point: {name} of qanat ")
    committed = set(sandbox.git("ls-files").splitlines())
    assert {path.relative_to(BUILT_IN / name).as_posix() for path in files_of(name)} <= committed
    assert sandbox.qanat("validate").out.endswith("no problems found\n")
    (experiment,) = (sandbox.root / ".qanat/experiments").iterdir()
    content = yaml.safe_load(experiment.read_text())
    assert content["actions"]
    assert content["datasets"]
    for runner in ("slurm", "htcondor"):
        words = ("--runner", runner, "--submit-template", "small", "--dry-run")
        shown = sandbox.qanat("run", *words, experiment.stem, "-f", "params/sweep.yaml").out
        assert re.search(r"^\d+ groups.*; nothing was run or written$", shown, re.MULTILINE), shown[-300:]


def files_of(name: str) -> list[Path]:
    """List the files of a starting point."""
    return [path for path in (BUILT_IN / name).rglob("*") if path.is_file() and "__pycache__" not in path.parts]


@pytest.mark.slow
@pytest.mark.parametrize("name", names())
def test_the_commands_of_its_readme_work(tmp_path: Path, name: str) -> None:
    wanted = INTERPRETERS.get(name, ("sh",))
    if not any(map(shutil.which, wanted)):
        pytest.skip(f"{' or '.join(wanted)} is not installed")
    reader = Reader(tmp_path / "ada")
    sandbox = created(reader.folder, name)
    reader.cwd = sandbox.root
    readme = sandbox.root / "README.md"
    reader.read(readme)  # each command must end with 0
    assert sandbox.status() == ""
    assert sandbox.qanat("validate").out.endswith("no problems found\n")
    runs = sandbox.qanat("runs", "--groups", "--json").json
    assert {run["state"] for run in runs} == {"finished"}
    assert all(run["metrics"] for run in runs)
    assert all(group["curves"] for group in sandbox.qanat("show", "2", "--json").json["groups"])
    acted = next(command for command in commands_of(readme) if " action " in command).split()
    folder = sandbox.root / "results" / acted[2] / "run_2"
    assert len(list(folder.glob("group_*/progress.txt"))) > 1
    assert [
        path for path in folder.rglob("*") if path.stat().st_mtime > (folder / "group_0/progress.txt").stat().st_mtime
    ]
    if figure := FIGURES.get(name):
        assert "<svg" in (folder / "group_0" / figure).read_text()
    only_changed_code_is_out_of_date(sandbox, acted[2], reader.env)


def only_changed_code_is_out_of_date(sandbox: Sandbox, experiment: str, env: dict[str, str]) -> None:
    """Check that `--needed` runs nothing after a change of notes and templates, and all groups after one of code."""
    wanted = ("run", "--needed", "--dry-run", experiment, "-f", "params/sweep.yaml")
    for path in ("README.md", "notes.md", ".qanat/templates/slurm/small.yaml", ".github/workflows/qanat.yml"):
        with (sandbox.root / path).open("a") as file:
            file.write("# mine\n")
    sandbox.commit("notes")
    assert re.search(r"\(\d+ done\); nothing was run", sandbox.qanat(*wanted, env=env).out)
    code = next(path for path in (sandbox.root / "src").iterdir() if path.stem in {experiment, "network", "argument"})
    with code.open("a") as file:
        file.write("\n")
    sandbox.commit("code")
    assert re.search(r"\(\d+ new\); nothing was run", sandbox.qanat(*wanted, env=env).out)


@pytest.mark.slow
def test_a_network_continues_as_if_it_had_not_been_stopped(tmp_path: Path) -> None:
    sandbox = created(tmp_path, "deep-learning")
    sandbox.qanat("run", "train", "--epochs", "5")
    sandbox.qanat("run", "train", "--epochs", "5", "--stop-after", "2")
    curves = [(sandbox.root / f"results/train/run_{n}/metrics.jsonl").read_text() for n in (1, 2)]
    assert curves[0] == curves[1]
    assert len(sandbox.qanat("show", "2", "--json").json["groups"][0]["earlier"]) == 2


def test_the_recipes_for_ci_and_hooks_are_those_of_the_docs() -> None:
    hooks = {hook["id"]: hook for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())}
    for name in names():
        workflow = yaml.safe_load((BUILT_IN / name / ".github/workflows/qanat.yml").read_text())
        (documented,) = re.findall(r"^on: pull_request\n.*?^```$", (ROOT / "docs/review.md").read_text(), re.M | re.S)[
            :1
        ]
        shown = yaml.safe_load(
            documented.removesuffix("```").replace("<where this repository is>@COMMIT", PLACEHOLDER.decode())
        )
        assert workflow == shown, name
        (local,) = yaml.safe_load((BUILT_IN / name / ".pre-commit-config.yaml").read_text())["repos"]
        assert [hook["id"] for hook in local["hooks"]] == [*hooks]
        for hook in local["hooks"]:
            published = hooks[hook["id"]]
            assert hook["entry"].split() == [*published["entry"].split(), *published.get("args", [])]
            keys = ("files", "exclude", "types", "always_run", "require_serial", "pass_filenames")
            assert {key: hook.get(key) for key in keys} == {key: published.get(key) for key in keys}


def test_where_there_is_no_python_its_other_name_is_used(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    for name in ("git", "python3"):
        (tmp_path / "bin" / name).symlink_to(str(shutil.which(name)))
    Sandbox(tmp_path).qanat("init", "project", "--template", "python", "--yes", env={"PATH": str(tmp_path / "bin")})
    text = (tmp_path / "project/.qanat/experiments/fit.yaml").read_text()
    assert text.count("executable_command: python3\n") == 2


def test_they_are_listed(tmp_path: Path) -> None:
    folder = Sandbox(tmp_path)
    listed = folder.qanat("init", "--list-templates").out
    for one in folder.qanat("init", "--list-templates", "--json").json:
        assert f"\n{one['name']} " in listed
        assert one["about"].endswith(".")
        assert one["commands"][0].startswith("qanat run ")
        assert "README.md" in one["files"]
    assert list(tmp_path.iterdir()) == []


# ---- where there is something already


@pytest.fixture
def mine(tmp_path: Path) -> Sandbox:
    """Return a repository of a user, with work that is staged and work that is not."""
    sandbox = Sandbox(tmp_path)
    sandbox.git("init", "--quiet", "--initial-branch", "main")
    sandbox.write("README.md", "# Mine\n")
    sandbox.write(".gitignore", "*.log\n")
    sandbox.write("src/count.sh", "echo mine\n")
    sandbox.commit("my work")
    sandbox.write("staged.txt", "1\n")
    sandbox.git("add", "staged.txt")
    return sandbox


def state(sandbox: Sandbox) -> tuple[str, str, dict[str, bytes]]:
    """Return all that a refused command must leave as it is."""
    files = {str(p): p.read_bytes() for p in sandbox.root.rglob("*") if p.is_file() and ".git" not in p.parts}
    return sandbox.git("rev-parse", "HEAD"), sandbox.status(), files


def test_files_that_exist_are_named_and_nothing_is_written(mine: Sandbox) -> None:
    before = state(mine)
    said = mine.qanat("init", "--template", "minimal", "--yes", code=2)
    assert "README.md, src/count.sh already exist; nothing was written" in said.err
    assert "--keep" in said.err
    (mine.root / "src/count.sh").unlink()  # git still has it
    assert "README.md, src/count.sh already exist" in mine.qanat("init", "--template", "minimal", "--yes", code=2).err
    mine.git("checkout", "src/count.sh")
    assert state(mine) == before


def test_files_that_exist_are_kept_if_wanted(mine: Sandbox) -> None:
    said = mine.qanat("init", "--template", "minimal", "--yes", "--keep")
    assert "kept as they are: README.md, src/count.sh" in said.err
    assert mine.git("show", "HEAD:README.md") == "# Mine"
    assert mine.git("show", "HEAD:frequent.sh").startswith("#!/bin/sh")
    assert (mine.root / ".gitignore").read_text().splitlines()[:3] == ["*.log", "*~", ".DS_Store"]
    assert mine.status() == "A  staged.txt"
    assert mine.git("log", "--format=%s").splitlines() == ["qanat: project set up", "my work"]


@pytest.mark.parametrize("obstacle", ["file", "link", "folder"])
def test_what_is_in_the_way_is_named(tmp_path: Path, obstacle: str) -> None:
    project, outside = tmp_path / "project", tmp_path / "outside"
    project.mkdir()
    outside.mkdir()
    place = project / ("README.md" if obstacle == "folder" else "data")
    if obstacle == "file":
        place.write_text("1")
    elif obstacle == "link":
        place.symlink_to(outside)
    else:
        place.mkdir()
    said = Sandbox(project).qanat("init", "--template", "minimal", "--yes", "--keep", code=2)
    assert "cannot be written" in said.err
    assert [path.name for path in project.iterdir()] == [place.name]
    assert list(outside.iterdir()) == []


def test_options_that_mean_nothing_are_refused(tmp_path: Path) -> None:
    folder = Sandbox(tmp_path)
    for words, message in (
        (["--template", "pyton"], "there is no starting point 'pyton'"),
        (["--template", "../python"], "there is no starting point"),
        (["--template", "python", "--trust"], "--trust is for starting points of others"),
        (["--answer", "a=b"], "--answer is for starting points of others"),
        (["--keep"], "--keep is for the files of a starting point"),
        (["--json"], "--json is for lists"),
    ):
        assert message in folder.qanat("init", "--yes", *words, code=2).err
    assert list(tmp_path.iterdir()) == []


def test_a_project_made_from_github_says_which_qanat_its_workflow_uses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from importlib import metadata

    from qanat.usecases.definitions import starting_points

    told = {"url": "https://github.com/ada/qanat.git", "vcs_info": {"vcs": "git", "commit_id": "a" * 40}}
    installed = SimpleNamespace(read_text=lambda _: json.dumps(told))
    monkeypatch.setattr(metadata, "distribution", lambda _: installed)
    workflow = starting_points.built_in("minimal").files[".github/workflows/qanat.yml"].decode()
    assert f"uses: ada/qanat@{'a' * 40}\n" in workflow

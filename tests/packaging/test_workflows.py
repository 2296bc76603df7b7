"""The workflows of GitHub and GitLab, by their linters and by what the project says elsewhere."""

from __future__ import annotations

import re
import sys
import tomllib
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
import yaml

import qanat
from tests.support.packages import ROOT
from tests.support.sandbox import call

WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
GITLAB = ROOT / ".gitlab-ci.yml"
STARTING_POINTS = sorted((ROOT / "starting_points").glob("*/.github/workflows/*.yml"))


def commands() -> list[str]:
    """List all commands of the workflows."""
    found: list[str] = []

    def look(node: Any) -> None:
        if isinstance(node, dict):
            for key, value in node.items():
                if key in ("run", "script"):
                    found.extend([value] if isinstance(value, str) else value)
                look(value)
        elif isinstance(node, list):
            for value in node:
                look(value)

    for file in [*WORKFLOWS, GITLAB]:
        look(yaml.safe_load(file.read_text()))
    return found


def matrices(file: Path) -> list[list[str]]:
    """List the values of each matrix of Pythons."""
    return [re.findall(r"'([\d.]+)'", line) for line in re.findall(r"python: \[.*\]", file.read_text(), re.IGNORECASE)]


def test_the_linters_find_nothing() -> None:
    call([str(Path(sys.executable).with_name("zizmor")), "--offline", "--no-progress", ".github", "action.yml"], ROOT)
    check = [sys.executable, "-m", "check_jsonschema", "--builtin-schema"]
    call([*check, "vendor.github-workflows", *map(str, [*WORKFLOWS, *STARTING_POINTS])], ROOT)
    call([*check, "vendor.github-actions", "action.yml"], ROOT)
    call([*check, "vendor.dependabot", ".github/dependabot.yml"], ROOT)
    call([*check, "vendor.gitlab-ci", "--data-transform", "gitlab-ci", str(GITLAB), "ci/gitlab-qanat.yml"], ROOT)


def test_actions_are_pinned_by_hash_to_the_same_version_everywhere() -> None:
    pins = defaultdict(set)
    copied = [ROOT / "action.yml", ROOT / "README.md", ROOT / "docs/review.md", *STARTING_POINTS]
    for file in [*WORKFLOWS, *copied]:
        for name, pin in re.findall(r"uses: ((?:actions|pypa)/[^@\s]+)@(.*)", file.read_text()):
            pins[name].add(pin)
    assert len(pins) == 5
    for name, versions in pins.items():
        assert len(versions) == 1, f"{name}: {versions}"
        assert re.fullmatch(r"[0-9a-f]{40} +# v\d+\.\d+\.\d+", min(versions)), f"{name}: {versions}"


@pytest.mark.parametrize("file", [*WORKFLOWS, GITLAB], ids=lambda file: file.name)
def test_every_matrix_has_the_pythons_of_the_classifiers(file: Path) -> None:
    classifiers = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["classifiers"]
    pythons = re.findall(r"Python :: (3\.\d+)", "\n".join(classifiers))
    assert all(matrix == pythons for matrix in matrices(file))
    assert matrices(file) or file.name == "release.yml"


def test_every_command_exists() -> None:
    said = "\n".join(commands())
    targets = set(re.findall(r"\bmake (\w+)", said)) | {"clusters", "browser", "slow"}
    makefile = (ROOT / "Makefile").read_text()
    assert [target for target in targets if f"\n{target}:" not in makefile] == []
    assert said.count('make "$WHAT"') == 2
    scripts = set(re.findall(r"\bsh (\S+\.sh)", said))
    assert scripts == {"ci/try-wheel.sh", "ci/check-tag.sh"}
    assert all((ROOT / script).is_file() for script in scripts)


def test_a_tag_that_is_not_the_version_of_the_tree_is_not_published(tmp_path: Path) -> None:
    for name in ("qanat/__init__.py", "ci/check-tag.sh"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text((ROOT / name).read_text())
    (tmp_path / "CHANGELOG.md").write_text("# Changelog\n\n## Unreleased\n")
    check = ["sh", "ci/check-tag.sh"]
    wrong = call([*check, "v9.0.0"], tmp_path, code=1)
    assert wrong.err == f"the tag is v9.0.0, but qanat/__init__.py says {qanat.__version__}\n"
    wrong = call([*check, f"v{qanat.__version__}"], tmp_path, code=1)
    assert wrong.err == f"CHANGELOG.md has no part for {qanat.__version__}\n"
    (tmp_path / "CHANGELOG.md").write_text(f"# Changelog\n\n## {qanat.__version__} (2026-01-02)\n")
    call([*check, f"v{qanat.__version__}"], tmp_path)

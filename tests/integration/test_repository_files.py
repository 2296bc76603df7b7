"""The files by which others cite the project, take part in it and set it up: valid, and true."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib

import pytest
import yaml

import qanat
from tests.support.pages import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


@pytest.mark.parametrize(
    ("kind", "files"),
    [
        ("citation-file-format", ["CITATION.cff"]),
        ("github-issue-forms", [".github/ISSUE_TEMPLATE/bug.yml", ".github/ISSUE_TEMPLATE/idea.yml"]),
        ("github-issue-config", [".github/ISSUE_TEMPLATE/config.yml"]),
    ],
)
def test_a_file_is_valid_for_those_who_read_it(kind: str, files: list[str]) -> None:
    words = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", f"vendor.{kind}", *files]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_citation_says_what_the_package_says() -> None:
    found = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert (found["title"], found["version"]) == (PROJECT["name"], qanat.__version__)
    assert (found["license"], found["authors"]) == (PROJECT["license"], PROJECT["authors"])
    assert found["keywords"] == PROJECT["keywords"]


def test_a_container_for_development_is_set_up_by_the_makefile_with_a_python_that_is_supported() -> None:
    found = json.loads((ROOT / ".devcontainer/devcontainer.json").read_text())
    (python,) = re.findall(r"^python:([0-9.]+)-", found["image"])
    assert f"Programming Language :: Python :: {python}" in PROJECT["classifiers"]
    (target,) = re.findall(r"make (\S+)$", found["postCreateCommand"])
    assert f"\n{target}:" in (ROOT / "Makefile").read_text()
    # What the specification of such files allows for a container that is made from an image.
    assert found.keys() <= {"name", "image", "init", "runArgs", "postCreateCommand", "remoteEnv", "customizations"}


def test_a_pull_request_is_asked_for_what_the_makefile_has() -> None:
    named = re.findall(r"`make (\w+)`", (ROOT / ".github/pull_request_template.md").read_text())
    assert named == ["quick", "docs"]
    assert all(f"\n{target}:" in (ROOT / "Makefile").read_text() for target in named)

"""docs/review.md shows what `qanat diff` reports on a real project, and names the keys that its JSON has."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support import review_page
from tests.support.review_page import PAGE, ROOT
from tests.support.sandbox import Sandbox

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("review page")]  # one project for all of it


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Sandbox:
    """Return the project of the page's example."""
    return review_page.make(tmp_path_factory.mktemp("review"))


def test_the_report_on_the_page_is_the_one_that_qanat_gives(example: Sandbox) -> None:
    assert review_page.lasting(review_page.shown()) == review_page.lasting(review_page.report(example))


def test_the_check_prints_what_the_page_shows(example: Sandbox) -> None:
    result = example.qanat("diff", "main...cleaner-data", "--check", code=1)
    section = PAGE.read_text().partition("### Baselines")[2]
    shown = re.findall(r"```text\n(.*?)```", section, re.DOTALL)[0]
    assert result.err == shown


def test_the_page_names_every_key_of_the_json_and_no_other(example: Sandbox) -> None:
    section = PAGE.read_text().partition("### As JSON")[2].partition("\n## ")[0]
    named = {
        key for cell in re.findall(r"^\| (`[^|]*`) \|", section, re.MULTILINE) for key in re.findall("`([^`]+)`", cell)
    }
    assert named == set(keys(example.qanat("diff", "--json").json, ""))


def keys(content: Any, place: str) -> list[str]:
    """List the keys of a mapping as the page names them; names chosen by users are `*`."""
    if isinstance(content, list):
        return sorted({key for item in content for key in keys(item, place.removesuffix(".") + "[].")})
    if not isinstance(content, dict):
        return []
    own = re.search(r"(states|parameters|groups|better|options|metrics)\.\Z", place)
    if own and own[1] != "metrics":
        return []
    names = {("*" if own else name): value for name, value in content.items()}
    below = [key for name, value in names.items() for key in keys(value, f"{place}{name}.")]
    return [*(f"{place}{name}" for name in names if name != "*"), *below]


def test_the_recipes_on_the_page_and_in_the_readme_are_those_that_there_are() -> None:
    text = PAGE.read_text() + (ROOT / "README.md").read_text()
    blocks = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    workflows = [yaml.safe_load(block) for block in blocks if "jobs:" in block]
    assert len(workflows) == 2
    for workflow in workflows:
        job = workflow["jobs"]["qanat"]
        assert workflow["concurrency"]["cancel-in-progress"] is True
        assert re.fullmatch(r"actions/checkout@[0-9a-f]{40}", job["steps"][0]["uses"])
        assert job["permissions"] == {"contents": "read", "pull-requests": "write"}
        assert job["steps"][0]["with"] == {"fetch-depth": 0, "persist-credentials": False}
    included = [yaml.safe_load(block) for block in blocks if "include:" in block]
    assert included
    for recipe in included:
        assert recipe["include"][0]["remote"].endswith("/ci/gitlab-qanat.yml")
        assert set(recipe["variables"]) == {"QANAT_PACKAGE"}
    assert Path(ROOT / "ci/gitlab-qanat.yml").is_file()

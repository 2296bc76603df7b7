"""What docs/review.md says about the hooks: its commands do what it shows."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from tests.support.hooks import NOT_ON_A_SERVER
from tests.support.pages import ROOT, blocks_of
from tests.support.reader import Reader, report
from tests.support.sandbox import Sandbox


@pytest.fixture
def section(tmp_path: Path) -> Path:
    """Return the section as a page of its own."""
    text = (ROOT / "docs/review.md").read_text()
    page = tmp_path / "hooks.md"
    page.write_text(text[text.index("\n## Hooks\n") : text.index("\n## Merging\n")])
    return page


@pytest.mark.slow
def test_the_commands_print_what_the_page_shows(
    sandbox: Sandbox, section: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in NOT_ON_A_SERVER.items():
        monkeypatch.setenv(name, value)
    sandbox.experiment("hello", "exit 3\n", description="says nothing")
    sandbox.qanat("run", "hello", code=1)
    reader = Reader(section.parent / "ada")
    reader.cwd = sandbox.root
    reader.read(section)
    assert report(reader) == ""
    assert len([b for b in blocks_of(section) if b.kind == "console"]) == 3
    assert sandbox.record_files() == []


def test_the_hooks_that_the_page_names_are_those_of_the_manifest(section: Path) -> None:
    manifest = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    (config,) = [b for b in blocks_of(section) if "repos:" in b.text]
    ids = {hook["id"] for hook in manifest}
    assert {hook["id"] for hook in yaml.safe_load(config.text)["repos"][0]["hooks"]} <= ids
    assert set(re.findall(r"^\| `(qanat-[a-z-]+)`", section.read_text(), re.MULTILINE)) == ids

"""The copies that tests begin with are what git would make of them."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.support.copied import refresh_index
from tests.support.sandbox import Sandbox


def test_git_knows_the_files_of_a_copy_as_unchanged_without_reading_them(sandbox: Sandbox, tmp_path: Path) -> None:
    copy = Sandbox(shutil.copytree(sandbox.root, tmp_path / "copy", symlinks=True))
    tracked = copy.git("ls-files", "--stage")
    assert len(copy.git("diff-files").splitlines()) == len(tracked.splitlines())
    refresh_index(copy.root)
    assert copy.git("diff-files") == ""
    assert (copy.git("ls-files", "--stage"), copy.git("fsck")) == (tracked, "")
    (copy.root / ".qanat/config.yaml").write_text("")
    assert copy.git("diff-files", "--name-only") == ".qanat/config.yaml"

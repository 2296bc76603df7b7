"""The example of docs/review.md: a real project, made by examples/review.sh, and qanat's report on it.

`python -m tests.support.review_page` writes the current report into the page.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.conftest import GIT_CONFIG
from tests.support.pages import normalised
from tests.support.sandbox import PROGRAM, Sandbox

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/review.md"
SCRIPT_S = 300  # sixteen programs, one after the other
BEGIN, END = "<!--report-->", "<!--end of report-->"
# The report words the groups' durations in one of two ways.
_DURATION = re.compile(r"; \S+(?: to \S+)? each(?:, median \S+)?$", re.MULTILINE)


def make(folder: Path) -> Sandbox:
    """Create the example's project in a new folder, with this Python and this qanat."""
    programs = folder / "bin"
    programs.mkdir()
    for name, words in (("python", [sys.executable]), ("qanat", PROGRAM)):
        (programs / name).write_text(f'#!/bin/sh\nexec {shlex.join(words)} "$@"\n')
        (programs / name).chmod(0o755)
    env = {**os.environ, "PATH": f"{programs}:{os.environ['PATH']}"}
    words = ["sh", str(ROOT / "examples/review.sh"), str(folder / "iris")]
    done = subprocess.run(words, env=env, capture_output=True, text=True, timeout=SCRIPT_S, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return Sandbox(folder / "iris")


def report(project: Sandbox) -> str:
    """Return what a pull request of the example shows, without the line that identifies the comment."""
    return project.qanat("diff", "main...cleaner-data", "--format", "markdown").out.partition("\n")[2]


def shown() -> str:
    """Return the report in the page."""
    return PAGE.read_text().partition(BEGIN)[2].partition(END)[0]


def lasting(text: str) -> list[str]:
    """Return the lines of a report without what differs each time."""
    return normalised(_DURATION.sub("; <took> each", text))


def main() -> None:
    """Write the page."""
    with tempfile.TemporaryDirectory(prefix="qanat-review-") as folder:
        home = Path(folder) / "home"
        home.mkdir()
        (home / ".gitconfig").write_text(GIT_CONFIG)
        os.environ |= {"HOME": str(home), "TZ": "UTC", "GITHUB_ACTIONS": "", "GITLAB_CI": ""}
        current = report(make(Path(folder)))
    before, rest = PAGE.read_text().split(BEGIN)
    PAGE.write_text(f"{before}{BEGIN}\n\n{current}\n{END}{rest.split(END)[1]}")


if __name__ == "__main__":
    main()

"""Make a release: version, changelog, schemas, files to upload, commit and tag. Nothing is pushed.

python tools/release.py 0.2.0            makes the commit and the tag v0.2.0, and puts what is uploaded into dist/
python tools/release.py 0.2.0 --dry-run  does the same in a folder that is removed again, and shows the changes
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).parents[1]
VERSION = re.compile(r'^__version__ = "(.*)"$', re.MULTILINE)
CITED_VERSION = re.compile(r"^version: .*$", re.MULTILINE)
RECIPE_VERSION = re.compile(r"^  version: .*$", re.MULTILINE)
UNRELEASED = "## Unreleased\n"
# What writes files that state the version, or that a release fixes; Python runs each in the release's folder.
GENERATORS = (["docs/generate.py"],)


def main() -> None:
    """Make the release that the arguments name. Exits with a sentence if it is refused or fails."""
    parser = argparse.ArgumentParser(description="Make a release. Nothing is pushed.")
    parser.add_argument("version", help="such as 0.2.0")
    parser.add_argument("--dry-run", action="store_true", help="do all of it in a folder that is removed again")
    arguments = parser.parse_args()
    version, tag = arguments.version, f"v{arguments.version}"
    _check(version, tag)
    with _worktree() as folder:
        _write(folder, version)
        files = _build(folder)
        _git(folder, "add", "--all")
        if arguments.dry_run:
            print(_git(folder, "diff", "--cached", "--stat"))
            print(f"{tag} would have {', '.join(file.name for file in files)}.")
            return
        if _git(folder, "status", "--porcelain"):
            # Hooks would look for .venv/ here.
            _git(folder, "commit", "--quiet", "--no-verify", "--message", f"Release {version}")
        commit = _git(folder, "rev-parse", "HEAD")
        shutil.rmtree(ROOT / "dist", ignore_errors=True)
        shutil.copytree(folder / "dist", ROOT / "dist")
    before = _git(ROOT, "rev-parse", "HEAD")
    _git(ROOT, "merge", "--quiet", "--ff-only", commit)
    _git(ROOT, "tag", "--annotate", "--message", f"qanat {version}", tag)
    print(f"{tag} is commit {commit[:10]}, and dist/ has {', '.join(file.name for file in files)}.")
    print(f"Publish it:  git push origin HEAD {tag}")
    print(f"Or undo it:  git tag --delete {tag} && git reset --keep {before[:10]}")


def _check(version: str, tag: str) -> None:
    """Refuse a version that cannot follow the last one, and a tree with changes."""
    if not re.fullmatch(r"(0|[1-9]\d*)(\.(0|[1-9]\d*)){2}", version):
        sys.exit(f"{version} is not a version such as 0.2.0")
    found = VERSION.search((ROOT / "qanat/__init__.py").read_text())
    current = found[1] if found else "0"
    if _parts(version) < _parts(current):
        sys.exit(f"{version} is older than {current}, the version in qanat/__init__.py")
    if _git(ROOT, "tag", "--list", tag):
        sys.exit(f"the tag {tag} exists")
    if changes := _git(ROOT, "status", "--porcelain"):
        sys.exit(f"there are uncommitted changes:\n{changes}")


def _parts(version: str) -> list[int]:
    return [int(part) for part in version.split(".")]


@contextmanager
def _worktree() -> Iterator[Path]:
    """Yield a linked working tree of HEAD, so that a failure leaves nothing behind."""
    with tempfile.TemporaryDirectory(prefix="qanat-release-") as temporary:
        folder = Path(temporary) / "qanat"
        _git(ROOT, "worktree", "add", "--quiet", "--detach", str(folder))
        try:
            yield folder
        finally:
            _git(ROOT, "worktree", "remove", "--force", str(folder))


def _write(folder: Path, version: str) -> None:
    """Write all files that a release changes."""
    _replace(folder / "qanat/__init__.py", VERSION, f'__version__ = "{version}"')
    _replace(folder / "CITATION.cff", CITED_VERSION, f"version: {version}")
    _replace(folder / "recipe/recipe.yaml", RECIPE_VERSION, f"  version: {version}")
    file = folder / "CHANGELOG.md"
    text = file.read_text()
    if UNRELEASED in text:
        text = text.replace(UNRELEASED, f"## {version} ({datetime.now(UTC):%Y-%m-%d})\n", 1)
        file.write_text(text)
    found = re.search(rf"^## {re.escape(version)} \([^)\n]*\)\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    if found is None or not found[1].strip():
        sys.exit("CHANGELOG.md has nothing under ## Unreleased")
    _python(folder, "tools/released_schemas.py", version)
    for words in GENERATORS:
        _python(folder, *words)


def _replace(file: Path, pattern: re.Pattern[str], line: str) -> None:
    text, count = pattern.subn(line, file.read_text(), count=1)
    if count != 1:
        sys.exit(f"{file.name} does not state the version")
    file.write_text(text)


def _build(folder: Path) -> list[Path]:
    """Build the sdist, and the wheel from it, check both, and return them."""
    _python(folder, "-m", "build", "--no-isolation")
    files = sorted((folder / "dist").iterdir())
    _python(folder, "-m", "twine", "check", "--strict", *map(str, files))
    _python(folder, "-m", "check_wheel_contents", *(str(file) for file in files if file.suffix == ".whl"))
    return files


def _python(folder: Path, *words: str) -> None:
    env = {**os.environ, "PYTHONPATH": f"{folder}{os.pathsep}{folder / 'hooks'}"}
    done = subprocess.run([sys.executable, *words], cwd=folder, env=env, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{' '.join(words)} failed:\n{done.stdout}{done.stderr}")


def _git(folder: Path, *words: str) -> str:
    done = subprocess.run(["git", *words], cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"git {' '.join(words[:2])} failed: {done.stderr.strip()}")
    return done.stdout.strip()


if __name__ == "__main__":
    main()

"""The hooks' programs, as git or pre-commit calls them."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.support.sandbox import Result, Sandbox, call

# Whoever runs the tests may do so on a server that says so.
NOT_ON_A_SERVER = {"CI": "", "GITHUB_BASE_REF": "", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": ""}


def hook(
    project: Sandbox,
    name: str,
    *words: str,
    code: int = 1,
    cwd: Path | None = None,
    env: dict[str, str] | None = None,
) -> Result:
    """Run `qanat-name words…`; -P, so that nothing is imported from the project."""
    program = [sys.executable, "-P", "-m", f"qanat_hooks.{name.replace('-', '_')}"]
    return call([*program, *words], cwd or project.root, code=code, env={**NOT_ON_A_SERVER, **(env or {})})

"""Running the hooks' programs as git or pre-commit does."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.support.sandbox import Result, Sandbox, call

# The tests may run on a CI server, whose variables would change what the hooks do.
NOT_ON_A_SERVER = {"CI": "", "GITHUB_BASE_REF": "", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": ""}


def hook(
    project: Sandbox,
    name: str,
    *words: str,
    code: int = 1,
    cwd: Path | None = None,
    env: dict[str, str] | None = None,
) -> Result:
    """Run `qanat-hook name arguments…`, or what git calls before a `commit`.

    -P keeps Python from importing anything from the project.
    """
    module = ["qanat_hooks.commit"] if name == "commit" else ["qanat_hooks.hook", name]
    program = [sys.executable, "-P", "-m", *module]
    return call([*program, *words], cwd or project.root, code=code, env={**NOT_ON_A_SERVER, **(env or {})})

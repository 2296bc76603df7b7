"""What checks compare: the next commit of a project, or an existing one, with what came before it."""

from __future__ import annotations

import pytest

# What a server, pre-commit and git itself tell a hook; whoever runs the tests may be in one.
VARIABLES = (
    "CI",
    "GITHUB_BASE_REF",
    "CI_MERGE_REQUEST_TARGET_BRANCH_NAME",
    "PRE_COMMIT_FROM_REF",
    "PRE_COMMIT_TO_REF",
    "QANAT_DELETED_RUNS",
)


@pytest.fixture(autouse=True)
def in_nobodys_hook(monkeypatch: pytest.MonkeyPatch) -> None:
    """Clear the variables that say what is to be compared."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)

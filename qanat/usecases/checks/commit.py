"""All rules at once, applied to everything that a commit changes."""

from __future__ import annotations

from collections.abc import Sequence

from qanat.domain.findings import Finding
from qanat.domain.layout import STATE
from qanat.usecases.checks import frozen_runs, no_results, no_secrets, validate_changes
from qanat.usecases.checks.scope import Scope


def check(scope: Scope, *, max_bytes: int = no_results.SIZE_BYTES_MAX, allowed: Sequence[str] = ()) -> list[Finding]:
    """List violations in a commit; `allowed` are patterns of files that may be committed even if they are results."""
    names = [change.path for change in scope.changes() if change.new]
    state = [n for n in names if n.startswith(f"{STATE}/") and not n.startswith(f"{STATE}/cache/")]
    return [
        *validate_changes.check(scope, [n for n in state if n.endswith((".yaml", ".yml"))]),
        *frozen_runs.check(scope),
        *no_results.check(scope, names, max_bytes=max_bytes, allowed=allowed),
        *no_secrets.check(scope, state),
    ]

"""All rules at once, applied to everything that a commit changes."""

from __future__ import annotations

from typing import Any

from qanat.domain.findings import Finding
from qanat.usecases.checks.rule import load_rule, rule_ids
from qanat.usecases.checks.scope import Scope


def check(scope: Scope, **options: Any) -> list[Finding]:
    """List violations in a commit; `options` are those of the rules, by the names of their values."""
    names = [change.path for change in scope.changes() if change.new]
    found: list[Finding] = []
    for rule in map(load_rule, rule_ids()):
        given = {option.name: options[option.name] for option in rule.options if option.name in options}
        found += rule.check(scope, [name for name in names if rule.takes(name)], **given)
    return found

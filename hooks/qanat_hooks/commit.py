"""Check everything that the next commit changes; `qanat hooks install` makes git call this before a commit."""

from __future__ import annotations

import sys
from typing import NoReturn

from qanat.usecases.checks import commit
from qanat.usecases.checks.rule import load_rule, rule_ids
from qanat_hooks import report

PROGRAM = "qanat-commit"


def main() -> NoReturn:
    """Check the next commit against all rules."""
    taken = [option for rule in map(load_rule, rule_ids()) for option in rule.options]
    options = report.parse(report.parser(PROGRAM, __doc__, taken), sys.argv[1:])
    report.finish(options, PROGRAM, lambda scope, _: commit.check(scope, **report.values(options, taken)))


if __name__ == "__main__":
    main()

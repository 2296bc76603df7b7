"""The program `qanat-hook`: check the next commit against one rule. Every hook of .pre-commit-hooks.yaml calls it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from functools import partial
from typing import NoReturn

from qanat.errors import EXIT_USAGE, QanatError
from qanat.usecases.checks.rule import Rule, load_rule, rule_ids
from qanat.usecases.checks.scope import Scope, names_in
from qanat.usecases.project import Project
from qanat_hooks import report

PROGRAM = "qanat-hook"


def main() -> NoReturn:
    """Check the rule whose id is the first argument, or all but one, or list the ids."""
    rule_id, *arguments = sys.argv[1:] or ["--help"]
    if rule_id == "--list":
        sys.stdout.writelines(f"{each}\n" for each in rule_ids())
        sys.exit(0)
    if rule_id in ("-h", "--help"):
        ways = ("RULE [OPTION ...] [FILE ...]", "--all-but RULE [OPTION ...] [FILE ...]", "--list")
        lines = "\n       ".join(f"{PROGRAM} {way}" for way in ways)
        sys.stdout.write(f"usage: {lines}\n\nrules:\n")
        sys.stdout.writelines(f"  {each:<12} refuses {load_rule(each).refuses}\n" for each in rule_ids())
        sys.exit(0 if sys.argv[1:] else EXIT_USAGE)
    if rule_id == "--all-but":
        sys.exit(_all_but(arguments[:1], arguments[1:]))
    check(rule_id, f"{PROGRAM} {rule_id}", arguments)


def _all_but(left_out: Sequence[str], arguments: Sequence[str]) -> int:
    """Check one rule after the other, apart from one; return the highest of their exit codes."""
    if not set(left_out) <= set(rule_ids()) or not left_out:
        check("".join(left_out), PROGRAM)
    ends = []
    for each in rule_ids():
        if each not in left_out:
            try:
                check(each, f"{PROGRAM} {each}", arguments)
            except SystemExit as end:
                ends.append(int(end.code or 0))
    return max(ends)


def check(rule_id: str, program: str, arguments: Sequence[str] | None = None) -> NoReturn:
    """Check one rule with the arguments of a program, by default those of this process."""
    try:
        rule = load_rule(rule_id)
    except QanatError as error:
        report.fail(PROGRAM, error)
    parser = report.parser(program, f"Refuse {rule.refuses}.", rule.options)
    options = report.parse(parser, sys.argv[1:] if arguments is None else arguments)
    report.finish(
        options,
        program,
        lambda scope, project: rule.check(
            scope, _names(rule, scope, project, options), **report.values(options, rule.options)
        ),
    )


def _names(rule: Rule, scope: Scope, project: Project, options: argparse.Namespace) -> list[str]:
    """Return the files to check: those named, or with --from-ref and none, all that were changed since."""
    if options.files or not options.from_ref:
        return names_in(project, options.files)
    return [change.path for change in scope.changes() if change.new and rule.takes(change.path)]


# Programs from before there was one for every rule.
frozen_runs = partial(check, "frozen-runs", "qanat-frozen-runs")
no_results = partial(check, "no-results", "qanat-no-results")
no_secrets = partial(check, "no-secrets", "qanat-no-secrets")
validate = partial(check, "validate", "qanat-validate")


if __name__ == "__main__":
    main()

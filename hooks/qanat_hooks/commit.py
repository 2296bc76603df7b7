"""Check everything that the next commit changes; `qanat hooks install` makes git call this before a commit."""

from __future__ import annotations

from typing import NoReturn

from qanat.usecases.checks import commit, no_results
from qanat_hooks import report


def main() -> NoReturn:
    """Check the next commit against all rules."""
    parser = report.parser("qanat-commit", __doc__)
    parser.add_argument(
        "--max-size", default="5MB", metavar="SIZE", help="reject larger files: 500kB, 5MB, … (default: 5MB)"
    )
    parser.add_argument(
        "--allow", action="append", default=[], metavar="PATTERN", help="accept files that match PATTERN"
    )
    options = report.parse(parser)
    report.finish(
        options,
        parser.prog,
        lambda scope, _: commit.check(scope, max_bytes=no_results.parse_size(options.max_size), allowed=options.allow),
    )


if __name__ == "__main__":
    main()

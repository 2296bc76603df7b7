"""What `qanat hooks install` lets git call before a commit: all rules, on everything that the commit changes."""

from __future__ import annotations

from typing import NoReturn

from qanat.usecases.checks import commit, no_results
from qanat_hooks import report


def main() -> NoReturn:
    """Check the next commit."""
    parser = report.parser("qanat-commit", __doc__)
    parser.add_argument("--max-size", default="5MB", metavar="SIZE", help="500kB, 5MB, …; 5MB by default")
    parser.add_argument("--allow", action="append", default=[], metavar="PATTERN", help="files that may get in")
    asked = report.parse(parser)
    report.finish(
        asked,
        parser.prog,
        lambda scope, _: commit.check(scope, max_bytes=no_results.parse_size(asked.max_size), allowed=asked.allow),
    )


if __name__ == "__main__":
    main()

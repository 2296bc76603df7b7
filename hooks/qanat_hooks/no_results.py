"""The hook `qanat-no-results`: keep results, the cache and large files out of the repository."""

from __future__ import annotations

from typing import NoReturn

from qanat.usecases.checks import no_results
from qanat.usecases.checks.scope import names_in
from qanat_hooks import report


def main() -> NoReturn:
    """Check the given files."""
    parser = report.parser("qanat-no-results", __doc__)
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
        lambda scope, project: no_results.check(
            scope,
            names_in(project, options.files),
            max_bytes=no_results.parse_size(options.max_size),
            allowed=options.allow,
        ),
    )


if __name__ == "__main__":
    main()

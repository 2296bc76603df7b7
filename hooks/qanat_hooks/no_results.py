"""The hook `qanat-no-results`: results of runs, the cache and large files stay out of the repository."""

from __future__ import annotations

from typing import NoReturn

from qanat.usecases.checks import no_results
from qanat.usecases.checks.scope import names_in
from qanat_hooks import report


def main() -> NoReturn:
    """Check the files named on the command line."""
    parser = report.parser("qanat-no-results", __doc__)
    parser.add_argument("--max-size", default="5MB", metavar="SIZE", help="500kB, 5MB, …; 5MB by default")
    parser.add_argument("--allow", action="append", default=[], metavar="PATTERN", help="files that may get in")
    asked = report.parse(parser)
    report.finish(
        asked,
        parser.prog,
        lambda scope, project: no_results.check(
            scope,
            names_in(project, asked.files),
            max_bytes=no_results.parse_size(asked.max_size),
            allowed=asked.allow,
        ),
    )


if __name__ == "__main__":
    main()

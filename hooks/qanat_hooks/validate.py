"""The hook `qanat-validate`: files below `.qanat/` against their schemas and against each other."""

from __future__ import annotations

from typing import NoReturn

from qanat.usecases.checks import validate_changes
from qanat.usecases.checks.scope import names_in
from qanat_hooks import report


def main() -> NoReturn:
    """Check the files named on the command line, and what names those that were deleted."""
    parser = report.parser("qanat-validate", __doc__)
    asked = report.parse(parser)
    report.finish(
        asked, parser.prog, lambda scope, project: validate_changes.check(scope, names_in(project, asked.files))
    )


if __name__ == "__main__":
    main()

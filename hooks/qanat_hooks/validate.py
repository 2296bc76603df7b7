"""The hook `qanat-validate`: check files in `.qanat/` against their schemas and against each other."""

from __future__ import annotations

from typing import NoReturn

from qanat.usecases.checks import validate_changes
from qanat.usecases.checks.scope import names_in
from qanat_hooks import report


def main() -> NoReturn:
    """Check the given files, and those that refer to deleted ones."""
    parser = report.parser("qanat-validate", __doc__)
    options = report.parse(parser)
    report.finish(
        options, parser.prog, lambda scope, project: validate_changes.check(scope, names_in(project, options.files))
    )


if __name__ == "__main__":
    main()

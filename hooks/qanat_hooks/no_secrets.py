"""The hook `qanat-no-secrets`: no file of `.qanat/` holds what looks like a password or a token."""

from __future__ import annotations

from typing import NoReturn

from qanat.usecases.checks import no_secrets
from qanat.usecases.checks.scope import names_in
from qanat_hooks import report


def main() -> NoReturn:
    """Check the files named on the command line."""
    parser = report.parser("qanat-no-secrets", __doc__)
    asked = report.parse(parser)
    report.finish(asked, parser.prog, lambda scope, project: no_secrets.check(scope, names_in(project, asked.files)))


if __name__ == "__main__":
    main()

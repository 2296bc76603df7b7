"""The hook `qanat-no-secrets`: reject what looks like a password or token in `.qanat/`."""

from __future__ import annotations

from typing import NoReturn

from qanat.usecases.checks import no_secrets
from qanat.usecases.checks.scope import names_in
from qanat_hooks import report


def main() -> NoReturn:
    """Check the given files."""
    parser = report.parser("qanat-no-secrets", __doc__)
    options = report.parse(parser)
    report.finish(
        options, parser.prog, lambda scope, project: no_secrets.check(scope, names_in(project, options.files))
    )


if __name__ == "__main__":
    main()

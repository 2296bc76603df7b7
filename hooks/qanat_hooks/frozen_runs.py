"""The hook `qanat-frozen-runs`: the record of a run that has ended stays as it is, and none goes without a word."""

from __future__ import annotations

from typing import NoReturn

from qanat.usecases.checks import frozen_runs
from qanat_hooks import report


def main() -> NoReturn:
    """Compare the records of the next commit, or of --to-ref, with those before; names of files do not matter."""
    parser = report.parser("qanat-frozen-runs", __doc__)
    parser.add_argument("--allow-deleted", action="append", default=[], metavar="ID", help="this run's record may go")
    asked = report.parse(parser)
    report.finish(asked, parser.prog, lambda scope, _: frozen_runs.check(scope, asked.allow_deleted))


if __name__ == "__main__":
    main()

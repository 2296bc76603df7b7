"""The hook `qanat-frozen-runs`: reject changes to records of ended runs, and unannounced deletions."""

from __future__ import annotations

from typing import NoReturn

from qanat.usecases.checks import frozen_runs
from qanat_hooks import report


def main() -> NoReturn:
    """Compare the records of the next commit, or of --to-ref, with the earlier ones; file arguments are ignored."""
    parser = report.parser("qanat-frozen-runs", __doc__)
    parser.add_argument(
        "--allow-deleted",
        action="append",
        default=[],
        metavar="ID",
        help="accept that the record of this run is deleted",
    )
    options = report.parse(parser)
    report.finish(options, parser.prog, lambda scope, _: frozen_runs.check(scope, options.allow_deleted))


if __name__ == "__main__":
    main()

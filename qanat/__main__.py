"""Let `python -m qanat` be the same as `qanat`."""

from qanat.cli.main import main

main()

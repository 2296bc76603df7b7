"""Run `qanat` for `python -m qanat`."""

from qanat.cli.main import main

main()

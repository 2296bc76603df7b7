"""Options in messages, as users have typed them."""

from __future__ import annotations

import click
import pytest

from qanat.cli.options import option
from qanat.cli.terminal.as_typed import as_typed


@click.command()
@option("-j", "--n-threads")
@option("-t", "--tag")
@option("--group")
@option("-f", "--param-file")
def command() -> None:
    """Stand for a command."""


@pytest.mark.parametrize(
    ("args", "message", "expected"),
    [
        ("-j 2", "--n-threads cannot be used", "-j cannot be used"),
        ("-j2", "--n-threads cannot be used", "-j cannot be used"),
        ("-j 0", "invalid value for '-j' / '--n-threads': 0", "invalid value for '-j': 0"),
        ("--n_threads=2", "--n-threads cannot be used", "--n-threads cannot be used"),
        ("--n-threads 2", "-j cannot be used", "--n-threads cannot be used"),
        ("-j 2 --n-threads 3", "--n-threads is used twice", "--n-threads is used twice"),
        ("x", "--n-threads cannot be used", "--n-threads cannot be used"),
        ("-j 2", "--n-threads-max and x--n-threads", "--n-threads-max and x--n-threads"),
        ("-t a", "use --tag in place of -t", "use --tag in place of -t"),
        ("--group_no 3", "--group is for one run", "--group-no is for one run"),
        ("-- -f x", "--param-file is missing", "--param-file is missing"),
    ],
)
def test_an_option_is_named_as_it_was_typed(args: str, message: str, expected: str) -> None:
    assert as_typed(message, command, args.split()) == expected

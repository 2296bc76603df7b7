"""Options: shown with dashes, accepted with underscores too, and listed in groups where there are many."""

from __future__ import annotations

import click
import pytest

from qanat.cli.commands.run import run
from qanat.cli.options import COUNT_MAX, grouped, shown, spellings
from qanat.cli.options import option as declared
from qanat.cli.program import qanat
from qanat.domain.retry_policy import TIMES_MAX
from tests.support.commands import contexts

SHORT_LIST = 8


def options(context: click.Context) -> list[click.Option]:
    """List the options of a command."""
    return [param for param in context.command.get_params(context) if isinstance(param, click.Option)]


def test_no_help_line_of_a_command_is_cut() -> None:
    for path, context in contexts(qanat).items():
        text = context.command.get_help(context)
        assert [line for line in text.splitlines() if line.endswith("...") and not line.startswith("Usage")] == [], path


def test_only_dashes_are_shown() -> None:
    for path, context in contexts(qanat).items():
        text = context.command.get_help(context)
        names = [name for option in options(context) for name in (*option.opts, *option.secondary_opts)]
        assert [name for name in (path, *names) if "_" in name] == []
        assert [name for name in names if name not in text] == [], path
        assert "x>=" not in text, path
        assert "<=x" not in text, path


def test_underscores_are_accepted_in_place_of_dashes() -> None:
    for path, context in contexts(qanat).items():
        parser = context.command.make_parser(context)
        for option in options(context):
            for name in (name for opt in option.opts for name in spellings(opt)):
                found, _, _ = parser.parse_args([name, *["1"] * (0 if option.is_flag else option.nargs)])
                assert option.name in found, f"{path} {name}"


def test_a_long_list_of_options_is_in_groups_and_none_is_lost() -> None:
    for path, context in contexts(qanat).items():
        groups = grouped(context.command, context)
        assert sum(map(len, groups.values())) == len(options(context)), path
        assert len(groups) > 1 or len(options(context)) <= SHORT_LIST + 1, path  # --help is not counted
        assert len(groups) == 1 or all(groups.values()), path


def test_the_groups_of_run_are_in_the_order_of_a_launch() -> None:
    context = click.Context(run)
    assert list(grouped(run, context)) == ["Parameters", "Where to run", "Code", "Recording", "Other"]
    text = run.get_help(context)
    assert text.index("Code:\n  --commit-message TEXT ") < text.index("Recording:\n") < text.index("Other:\n")
    assert "x>=1" not in text


@pytest.mark.parametrize(
    ("typed", "spelling"), [("--dry_run", "--dry-run"), ("--dry-run", "--dry-run"), ("-R", "-R"), ("a_b", "a_b")]
)
def test_an_option_is_named_with_dashes_however_it_was_typed(typed: str, spelling: str) -> None:
    assert shown(typed) == spelling


def test_a_command_may_be_typed_with_underscores_too() -> None:
    context = contexts(qanat)["qanat experiment"]
    assert isinstance(context.command, click.Group)
    name, command, rest = context.command.resolve_command(context, ["run_delete", "iris", "1"])
    assert (name, rest) == ("run-delete", ["iris", "1"])
    assert command is contexts(qanat)["qanat experiment run-delete"].command


def test_a_number_that_counts_nothing_is_refused_by_every_option() -> None:
    for path, context in contexts(qanat).items():
        for option in options(context):
            if isinstance(option.type, click.IntRange):
                with pytest.raises(click.BadParameter, match="is not in the range"):
                    option.type.convert("9" * 20, option, context)
                assert option.type.max in (COUNT_MAX, 65_535, TIMES_MAX), path  # 65535 is the last port


@pytest.mark.parametrize(("number", "name"), [(click.IntRange(1), "whole number"), (click.FloatRange(0), "number")])
def test_a_value_that_is_no_number_is_called_that(number: click.ParamType, name: str) -> None:
    @click.command()
    @declared("--many", type=number)
    def command(many: float) -> None:
        pass

    with pytest.raises(click.BadParameter, match=f"'x' is not a valid {name}"):
        command.main(["--many", "x"], standalone_mode=False)

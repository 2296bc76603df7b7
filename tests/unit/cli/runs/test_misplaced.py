"""Which arguments for a program look meant for qanat, and what to type instead."""

from __future__ import annotations

import shlex

import pytest

from qanat.cli.commands.action import action
from qanat.cli.commands.run import run
from qanat.cli.runs.misplaced import find, has, refuse, without_name
from qanat.cli.terminal.arguments import options_of, roles
from qanat.errors import UsageError

KNOWN = options_of(run)


def instead(line: str) -> str:
    """Return what qanat proposes to type instead of a line of arguments; empty if nothing looks wrong."""
    words = roles(shlex.split(line), KNOWN, 1)
    try:
        refuse(find(words, KNOWN), words, "qanat run")
    except UsageError as error:
        return error.hint.partition("; if it is meant for the program: ")[0].removeprefix("qanat run ")
    return ""


@pytest.mark.parametrize(
    ("typed", "proposed"),
    [
        ("e -g --lr 0.1 -g --lr 0.2", "e -g '--lr 0.1' -g '--lr 0.2'"),
        (
            "e --fixed -g --lr 0.1 --epochs 5 --group_param --lr 0.2 -j 2",
            "e --fixed -g '--lr 0.1 --epochs 5' --group_param '--lr 0.2' -j 2",
        ),
        ("e -g 1 --lr 0.1 -g 2 --lr 0.2", "e -g '1 --lr 0.1' -g '2 --lr 0.2'"),
        ("e -R --lr 0 1 0.1", "e -R '--lr 0 1 0.1'"),
        ("-g --a e -g --lr 'x y'", "-g --a e -g '--lr '\"'\"'x y'\"'\"''"),
        ("e -g'--lr 0.1'", "e -g '--lr 0.1'"),
        ("e -R--lr=1", "e -R --lr=1"),
        ("e -r '--lr 0 1 0.1' --groups '--a 1'", "e -R '--lr 0 1 0.1' -g '--a 1'"),
        ("e -t sweep", "e --tag sweep"),
        ("e 1 -h", "e 1 --help"),
        ("e --runer slurm --submit_tempalte=x", "e --runner slurm --submit-template x"),
        ("e \u2013\u2013runner slurm \u2014dry-run \u2013j 4", "e --runner slurm --dry-run -j 4"),
        ("e --description my first run --lr 0.1", "e --description 'my first run' --lr 0.1"),
        ("e --commit-message=x --commit_message fix it", "e --commit-message x --commit_message 'fix it'"),
    ],
)
def test_what_looks_meant_for_qanat_is_found_wherever_it_is(typed: str, proposed: str) -> None:
    assert instead(typed) == proposed
    assert instead(proposed) == ""


@pytest.mark.parametrize(
    "typed",
    [
        "e -g --verbose -g --quiet",
        "e -g --verbose --lr 0.1",
        "e -g --lr=0.1 data.csv -g --lr=0.2",
        "e -g 10 -g 20 --lr 0.1",
        "e -g '--lr 0.1' data.csv",
        "e -g -5 3",
        "e -g --lr -g --lr -- 0.1 0.2",
        "e -- --runer slurm -t sweep",
        "e -t 5 -t -x",
        "e -h localhost",
        "e -gx -Rx",
        "e -r 5 --range 0 --groups a",
        "e --description first data.csv",
        "e --description first 2 --commit-message --odd word",
    ],
)
def test_what_a_program_may_really_have_passes(typed: str) -> None:
    assert instead(typed) == ""


def test_a_group_before_the_name_is_found_when_its_value_was_taken_for_the_name() -> None:
    found = without_name(roles(["-g", "--lr", "0.1", "e"], KNOWN, 1))
    assert found
    assert found.problem == "-g takes one argument, here only --lr; 0.1 was taken for NAME"
    assert without_name(roles(["-g", "--lr 0.1", "e"], KNOWN, 1)) is None


def test_the_hint_has_the_way_to_the_program_unless_the_line_is_long() -> None:
    for extra, hint in (
        ("-j 2 a", "qanat run e -j 2 a --runner; if it is meant for the program: qanat run e -j 2 -- a --runer"),
        ("x" * 400, "after --, all arguments are passed to the program"),
    ):
        words = roles(["e", *extra.split(), "--runer"], KNOWN, 1)
        with pytest.raises(UsageError) as caught:
            refuse(find(words, KNOWN), words, "qanat run")
        assert caught.value.message == "--runer would be passed to the program (did you mean --runner?)"
        assert caught.value.hint == hint


def test_only_options_of_the_command_are_looked_for() -> None:
    known = options_of(action)
    words = roles(["e", "plot", "1", "--runer", "-t", "sweep", "-g--x", "--gruop", "0"], known, 3)
    assert [each.problem for each in find(words, known)] == [
        "--gruop would be passed to the program (did you mean --group?)"
    ]


@pytest.mark.parametrize(
    ("text", "option", "is_there"),
    [
        ('add_argument("--tag")', "--tag", True),
        ('add_argument("--tags")', "--tag", False),
        ('add_argument("-t", "--threads")', "-t", True),
        ("def main(n_jobs: int = 2): ...", "--n-jobs", True),
        ("n_jobs = 2", "--n-jobs", False),
        ("t: int", "-t", False),
        ("anything", "", False),
    ],
)
def test_an_option_of_the_programs_text_is_the_programs(text: str, option: str, is_there: bool) -> None:
    assert has(text.encode(), option) is is_there


@pytest.mark.parametrize(
    ("argument", "meant"),
    [
        ("--tag=x", "--tag x"),
        ("--storage_path=", "--storage-path ''"),
        ("--runner=local", "--runner local"),
        ("--dry-run=1", "--dry-run"),
        ("--dry-rnu", "--dry-run"),
        ("--dryrun", "--dry-run"),
        ("--dry", "--dry-run"),
        ("-dry-run", "--dry-run"),
        ("--dri_run", "--dry-run"),
        ("--snapshto", "--snapshot"),
        ("--inplace", "--in-place"),
        ("--commit-mesage=x", "--commit-message x"),
        ("--tga=x", "--tag x"),
        ("--tagg=x", "--tag x"),
        ("--tags=x", "--tag x"),
        ("--wiat", "--wait"),
        ("--jsno", "--json"),
        ("--runners=local", "--runner local"),
        ("--desc=x", "--description x"),
        ("--snap", "--snapshot"),
        ("-j2", "-j 2"),
        ("-j=16", "-j 16"),
    ],
)
def test_an_argument_that_may_have_been_meant_for_qanat_is_found(argument: str, meant: str) -> None:
    assert instead(f"e a {argument} b {argument}") == f"e a {meant} b {meant}"


@pytest.mark.parametrize(
    "argument",
    [
        "-t=x",
        "--x=--tag=y",
        "tag=x",
        "--tau",
        "--tage",
        "--stags",
        "--addr",
        "--bag",
        "--yen",
        "--ad",
        "--jsonl",
        "--await",
        "-lr",
        "-jx",
        "--seed",
        "--lr=0.1",
        "dry-run",
        "--dr",
        "--weights",
        "--draw",
        "--dropout",
        "--run",
        "--nbins",
        "--epochs",
        "--group",
        "--sample",
        "--steps",
        "--dry-wet",
        "--time",
        "--fail",
        "--para",
        "--param",
        "--parameter",
        "--range",
        "--storage",
    ],
)
def test_an_argument_that_only_resembles_an_option_is_the_programs(argument: str) -> None:
    assert instead(f"e {argument}") == ""

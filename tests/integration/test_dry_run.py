"""What a dry run prints: in short, or all of it with --show-script."""

from __future__ import annotations

import pytest

from tests.support.sandbox import Sandbox

RANGE = ("-R", "--n 0 30 1")
HINT = "  hint: show the scripts of jobs and all groups with --show-script\n"


@pytest.fixture
def project(sandbox: Sandbox) -> Sandbox:
    sandbox.experiment("argv", 'echo "$@"\n')
    return sandbox


def test_what_htcondor_would_be_given_is_short_unless_all_of_it_is_wanted(project: Sandbox) -> None:
    words = ("run", "argv", *RANGE, "--runner", "htcondor", "--dry-run")
    short = project.qanat(*words)
    lines = short.out.splitlines()
    assert [line for line in lines if line.startswith("# ")] == ["# and 25 more"]
    assert lines[lines.index(")") + 1 :][0] == ""
    assert [line.partition(":")[0] for line in lines if line.startswith("group ")] == [f"group {n}" for n in range(20)]
    assert lines[-2:] == ["… and 10 more groups", "30 groups; nothing was run or written"]
    assert len(lines) < 60
    assert short.err == HINT
    full = project.qanat(*words, "--show-script")
    assert "\n# job.sh\n#!/bin/sh\n" in full.out
    assert "group_29' '1' '29'\"" in full.out
    assert "\ngroup 29: " in full.out
    assert full.err == ""
    assert len(project.qanat(*words, "--json").json) == 30


def test_what_slurm_would_be_given_is_short_unless_all_of_it_is_wanted(project: Sandbox) -> None:
    words = ("run", "argv", *RANGE, "--runner", "slurm", "--dry-run")
    short = project.qanat(*words)
    assert short.out.startswith("sbatch --parsable --job-name=argv_1 ")
    assert "# job.sh" not in short.out
    assert len(short.out.splitlines()) < 35
    assert short.err == HINT
    assert "\n# job.sh\n#!/bin/sh\n" in project.qanat(*words, "--show-script").out


def test_of_a_local_run_the_first_groups_are_shown(project: Sandbox) -> None:
    short = project.qanat("run", "argv", *RANGE, "--dry-run")
    assert short.out.splitlines()[-2:] == ["… and 10 more groups", "30 groups; nothing was run or written"]
    assert short.err == "  hint: show all groups with --show-script\n"
    few = project.qanat("run", "argv", "-R", "--n 0 20 1", "--dry-run")
    assert (len(few.out.splitlines()), few.err) == (21, "")
    refused = project.qanat("run", "argv", "--show-script", code=2)
    assert refused.err.startswith("qanat: --show-script requires --dry-run\n")

"""sbatch's options in templates, and replaced options."""

from __future__ import annotations

from dataclasses import replace

import pytest

from qanat.errors import UsageError
from qanat.runners.slurm import flags
from qanat.runners.slurm.runner import SlurmRunner
from qanat.runners.submitting import option_changes
from qanat.runners.submitting.job_script import Stopping


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"--mem": "4G"}, ["--mem=4G"]),
        ({"mem": "4G"}, ["--mem=4G"]),
        ({"-p": "gpu"}, ["--partition=gpu"]),
        ({"p": "gpu"}, ["--partition=gpu"]),
        ({"-J": "x", "H": True}, ["--job-name=x", "--hold"]),
        ({"--exclusive": True}, ["--exclusive"]),
        ({"exclusive": None}, ["--exclusive"]),
        ({"requeue": False}, []),
        ({"ntasks": 2, "time": "1-00:00:00"}, ["--ntasks=2", "--time=1-00:00:00"]),
        ({"mail-type": ["END", "FAIL"]}, ["--mail-type=END,FAIL"]),
    ],
)
def test_options_are_written_as_words_with_or_without_dashes(options: dict[str, object], words: list[str]) -> None:
    assert flags.arguments(options) == words


@pytest.mark.parametrize(
    ("options", "variables", "said"),
    [
        ({}, {}, "ALL"),
        ({}, {"SBATCH_EXPORT": "NONE"}, "NONE"),
        ({"export": "PATH,COLOUR=blue"}, {"SBATCH_EXPORT": "NONE"}, "PATH,COLOUR=blue"),
        ({"--export": ["PATH", "HOME"], "get-user-env": "20L"}, {}, "PATH,HOME, get-user-env=20L"),
    ],
)
def test_which_variables_are_handed_on_is_said(
    options: dict[str, object], variables: dict[str, str], said: str
) -> None:
    assert flags.environment(options, variables) == said


def test_names_of_options_are_whole() -> None:
    assert {name for name in flags.LONG if name.endswith("-")} == set()
    assert {"gpus-per-socket", "mcs-label", "spread-job"} <= flags.LONG
    assert set(flags.SHORT.values()) <= flags.LONG | flags.OWN


def test_options_of_qanat_and_misspelt_ones_are_found() -> None:
    found = flags.key_problems({"--array": "1-3", "-J": "x", "cpu-per-task": 2, "-Z": 1, "mem": "1G"})
    assert found[:2] == [f"{key}: is set by qanat and cannot be in a template" for key in ("--array", "-J")]
    assert found[2].startswith("cpu-per-task: is not an option of sbatch; did you mean --cpus-per-task or ")
    assert found[3:] == ["-Z: is not an option of sbatch"]


@pytest.mark.parametrize(
    ("value", "change", "result"),
    [
        ("4G", "2x", "8G"),
        ("1000", "1.5x", "1500"),
        ("3M", "1.5x", "5M"),
        ("1GB", "2x", "2GB"),
        ("30:00", "2x", "0-01:00:00"),
        ("1-00:00:00", "2x", "2-00:00:00"),
        ("2-12", "2x", "5-00:00:00"),
        ("02:30:00", "2x", "0-05:00:00"),
        ("4G", "6G", "6G"),
    ],
)
def test_an_option_is_set_anew_or_multiplied(value: str, change: str, result: str) -> None:
    changed = option_changes.apply_changes({"--x": value}, {"x": change}, flags.long_name)
    assert changed == {"--x": result}


def test_an_option_is_set_anew_however_it_was_spelled_before() -> None:
    assert option_changes.apply_changes({"-t": "30:00"}, {"time": "2x"}, flags.long_name) == {"-t": "0-01:00:00"}
    assert option_changes.apply_changes({"--partition": "a"}, {"p": "b"}, flags.long_name) == {"--partition": "b"}


def test_an_option_that_is_not_there_is_added_but_not_multiplied() -> None:
    assert option_changes.apply_changes({}, {"mem": "4G"}, flags.long_name) == {"mem": "4G"}
    with pytest.raises(UsageError, match="the run has no mem that could be multiplied"):
        option_changes.apply_changes({}, {"mem": "2x"}, flags.long_name)
    with pytest.raises(UsageError, match="'lots' is neither an amount nor a time"):
        option_changes.apply_changes({"mem": "lots"}, {"mem": "2x"}, flags.long_name)


@pytest.mark.parametrize(
    ("options", "signals"),
    [
        ({}, ("TERM",)),
        ({"signal": "B:USR1@60"}, ("TERM",)),
        ({"signal": "B:TERM@60"}, ()),
        ({"--signal": "RB:sigterm"}, ()),
        ({"signal": "B:15@90"}, ()),
    ],
)
def test_a_warning_by_sigterm_is_not_taken_for_a_stop(options: dict[str, object], signals: tuple[str, ...]) -> None:
    found = flags.stopping(options)
    assert replace(found, requeue="") == Stopping(signals, all_processes=True)


def test_an_option_that_keeps_jobs_from_being_queued_again_contradicts_a_checkpoint() -> None:
    assert flags.again_problems({"mem": "1G", "--no-requeue": True}) == [
        "--no-requeue: keeps Slurm from queueing a group again"
    ]
    assert flags.again_problems({"no-requeue": False, "requeue": True}) == []


@pytest.mark.parametrize(
    ("text", "better"), [("USR1@60", "B:USR1@60"), ("ABRT", "B:ABRT"), ("R:USR1@60", "RB:USR1@60")]
)
def test_a_signal_that_no_program_would_get_is_warned_of(text: str, better: str) -> None:
    (said,) = flags.warnings({"signal": text})
    assert said.endswith(f"the program gets it with {better}")
    assert flags.warnings({"signal": better}) == flags.warnings({}) == []


@pytest.mark.parametrize(
    ("options", "names"), [({}, {""}), ({"export": "ALL,A=b"}, {"ALL", "A"}), ({"--export": ["A", "B"]}, {"A", "B"})]
)
def test_the_variables_that_a_template_names_are_known(options: dict[str, object], names: set[str]) -> None:
    assert flags.exported_names(options) == names


def test_options_that_limit_memory_and_time_are_found_however_they_are_spelled() -> None:
    options = {"--mem": "1G", "mem-per-cpu": "1G", "-t": 60, "tmp": "1G", "c": 2}
    assert SlurmRunner().limit_keys(options) == {"memory": ["--mem", "mem-per-cpu"], "time": ["-t"]}

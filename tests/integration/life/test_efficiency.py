"""`qanat efficiency`: what runs used of what they asked for, and templates that would have fitted."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from qanat.domain import times
from qanat.domain.run import Group, Run, RunnerChoice, State
from qanat.domain.used import Used
from qanat.records import run_codec
from tests.support.sandbox import Sandbox
from tests.unit.records.example import RUN

OPTIONS = {"--partition": "main", "--cpus-per-task": 4, "--mem": "16G", "--time": "2:00:00"}
OLD, BEGUN, ENDED = (f"2026-01-0{day}T10:{minute}:00+00:00" for day, minute in ((1, "00"), (2, "00"), (2, "12")))


def a_run(number: int, *uses: tuple[Used | None, str], ended: str = ENDED, **fields: Any) -> Run:
    """Return a run whose groups took twelve minutes, used this and failed for this reason, if there is one."""
    groups = tuple(
        Group(
            place,
            (),
            State.FAILED if reason else State.FINISHED,
            job=f"8_{place}",
            exit_code=1 if reason else 0,
            reason=reason,
            started=times.from_epoch(times.parse(ended).timestamp() - 720),
            ended=ended,
            used=used,
        )
        for place, (used, reason) in enumerate(uses)
    )
    base = replace(RUN, number=number, experiment="train", runner=RunnerChoice("slurm", "default", OPTIONS), **fields)
    return replace(base, groups=groups, submission=replace(RUN.submission, pid=None, process_start=None))


@pytest.fixture
def project(tmp_path: Path) -> Sandbox:
    sandbox = Sandbox.make(tmp_path / "project")
    sandbox.experiment("train", "exit 0")
    return sandbox


def record(sandbox: Sandbox, *runs: Run) -> None:
    """Commit the records of runs, as they come with a clone."""
    for run in runs:
        path = sandbox.root / run_codec.path_of(run)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(run_codec.encode(run))
    sandbox.git("add", ".qanat")
    sandbox.git("commit", "-q", "-m", "Runs of the cluster")


TRAINED = (Used(864, 1946), ""), (Used(720, 1024), ""), (Used(700, 900), "")
SHOWN = """\
train, slurm, template default: 3 groups of run 4-7f3a9c
            asked     largest    median    unused
  CPUs      4         1.2        1         70 %
  memory    16 GiB    1.9 GiB    1 GiB     88 %
  time      2 h       12 min     12 min    90 %
  Of 2.4 CPU hours, 74 % were not used.
# This would have fitted; it can be stored as .qanat/templates/slurm/train.yaml
schema: template/1
name: train
runner: slurm
description: What train needs
options:
  --partition: main
  --cpus-per-task: 1
  --mem: 2560M
  --time: 0-00:15:00
"""


def test_what_a_run_used_is_shown_with_a_template_that_would_have_fitted(project: Sandbox) -> None:
    record(project, a_run(4, *TRAINED))
    assert project.qanat("efficiency", "4").out == SHOWN
    assert "  - 📈 Used: 1.2 of 4 CPUs, 1.9 GiB of 16 GiB, 12 min of 2 h at most\n" in project.qanat("show", "4").out


def test_the_template_alone_is_a_valid_file(project: Sandbox) -> None:
    record(project, a_run(4, *TRAINED))
    text = project.qanat("efficiency", "4", "--template").out
    assert text == SHOWN[SHOWN.index("schema") :]
    (project.root / ".qanat/templates/slurm/train.yaml").write_text(text)
    project.qanat("template", "show", "train", "--runner", "slurm")
    for_other = yaml.safe_load(project.qanat("efficiency", "4", "--template", "--runner", "htcondor").out)
    assert for_other["options"].items() >= {"request_cpus": 1, "request_memory": "2560MB"}.items()


def test_a_template_of_its_own_keeps_its_name(project: Sandbox) -> None:
    (project.root / ".qanat/templates/slurm/big.yaml").write_text(
        "schema: template/1\nname: big\nrunner: slurm\noptions: {--mem: 16G}\nretry: {when: [timeout], times: 1}\n"
    )
    run = a_run(4, *TRAINED)
    record(project, replace(run, runner=replace(run.runner, template="big")))
    found = yaml.safe_load(project.qanat("efficiency", "4", "--template").out)
    assert (found["name"], found["retry"]) == ("big", {"when": ["timeout"], "times": 1})


def test_what_had_too_little_is_advised_to_ask_for_more(project: Sandbox) -> None:
    reason = "exit code 137, OUT_OF_MEMORY"
    record(project, a_run(4, (Used(864, 15_000), ""), (None, reason), (Used(1, 16_000), reason)))
    shown = project.qanat("efficiency", "4").out
    assert "  2 groups were ended for needing more memory.\n" in shown
    assert "  --mem: 24G\n" in shown


def test_without_a_run_those_of_the_last_week_are_considered(project: Sandbox) -> None:
    record(project, a_run(4, *TRAINED))
    assert "no run has ended in the last seven days" in project.qanat("efficiency").err
    record(project, a_run(5, (None, ""), ended=times.now()))
    shown = project.qanat("efficiency").out
    assert "1 group of run 5-7f3a9c\n" in shown
    assert "  memory    16 GiB    not known" in shown
    assert "  What the groups used was not noted, apart from the time.\n" in shown
    both = project.qanat("efficiency", "--where", "run>=4").out
    assert "4 groups of runs 5-7f3a9c, 4-7f3a9c\n" in both


def test_json_has_all_of_it(project: Sandbox) -> None:
    record(project, a_run(4, (Used(864, 1946, 300, 41), "")))
    (found,) = project.qanat("efficiency", "4", "--json").json
    assert found["asked"] == {"cpus": 4, "memory_mib": 16_384, "time_s": 7200, "gpus": None}
    assert found["used"]["gpu_memory_mib"] == {"largest": 300, "median": 300, "unused": None}
    assert found["used"]["gpu_percent"]["largest"] == 41
    assert found["used"]["time_s"]["unused"] == 0.9
    assert found["fitting"] == {"cpus": 1, "memory_mib": 2560, "time_s": 900, "gpus": None}
    assert found["fitting_template"]["options"]["--mem"] == "2560M"


def test_a_run_of_this_machine_needs_the_name_of_a_scheduler(project: Sandbox) -> None:
    project.qanat("run", "train")
    assert "This would have fitted" not in project.qanat("efficiency").out
    refused = project.qanat("efficiency", "--template", code=2)
    assert refused.err == (
        "qanat: there is no template that would have fitted\n  hint: name the scheduler: --runner slurm\n"
    )
    assert yaml.safe_load(project.qanat("efficiency", "--template", "--runner", "slurm").out)["runner"] == "slurm"


def test_several_templates_are_not_mixed_into_one_file(project: Sandbox) -> None:
    run = a_run(5, *TRAINED)
    record(project, a_run(4, *TRAINED), replace(run, runner=replace(run.runner, options={"--mem": "1G"})))
    refused = project.qanat("efficiency", "4", "5", "--template", code=2)
    assert "2 templates would have fitted different runs" in refused.err


def test_what_cannot_be_answered_is_said(project: Sandbox) -> None:
    assert "no run meets the condition and has started" in project.qanat("efficiency", "--where", "state=failed").err
    assert "run 9 does not exist" in project.qanat("efficiency", "9", code=2).err
    assert "runner 'abacus' does not exist" in project.qanat("efficiency", "--runner", "abacus", code=2).err
    assert "there is no template" in project.qanat("efficiency", "--template", code=2).err


def test_a_record_cannot_have_any_file_taken_for_its_template(project: Sandbox) -> None:
    (project.root / "secret.yaml").write_text("description: secret\nretry: {when: [timeout], times: 1}\noptions: {}\n")
    run = a_run(4, *TRAINED)
    record(project, replace(run, runner=replace(run.runner, template="./secret.yaml")))
    found = yaml.safe_load(project.qanat("efficiency", "4", "--template").out)
    assert (found["name"], "retry" in found) == ("train", False)

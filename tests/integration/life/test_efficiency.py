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
    assert found["fitting"] == {"cpus": 1, "memory_mib": 2560, "time_s": 900, "gpus": 1}
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


GPU = {"--partition": "gpu", "--gres": "gpu:a100:1", "--cpus-per-gpu": 8, "--mem-per-gpu": "64G", "--time": "1:00:00"}
SHIPPED = {"request_cpus": 4, "request_memory": "16GB", "request_gpus": 1, "allowed_job_duration": 7200}


def write(project: Sandbox, name: str, **content: Any) -> None:
    """Write a template."""
    runner, _, own = name.partition("/")
    text = yaml.safe_dump({"schema": "template/1", "name": own, "runner": runner} | content)
    (project.root / f".qanat/templates/{name}.yaml").write_text(text)


def test_templates_can_be_stored_as_they_are(project: Sandbox) -> None:
    write(project, "slurm/gpu", options=GPU)
    write(project, "slurm/base", options=OPTIONS)
    write(project, "slurm/big", options={"--mem": "16G"}, extends="base", when={"host": ["*"]})
    retry = {"when": ["timeout"], "times": 1, "time": "2x"}
    write(project, "htcondor/far", options=SHIPPED, transfer=True, retry=retry)
    used = (Used(864, 1946, 9000, 40), "")
    choices = [
        RunnerChoice("slurm", "gpu", GPU),
        RunnerChoice("slurm", "big", OPTIONS),
        RunnerChoice("htcondor", "far", SHIPPED),
        RunnerChoice("slurm", "default", OPTIONS),
        RunnerChoice("local", None, {"--n-threads": 1}),
    ]
    runs = [replace(a_run(n, used), runner=choice) for n, choice in enumerate(choices, 4)]
    bundled = replace(a_run(9, used, used, used), runner=choices[0])
    submission = replace(bundled.submission, per_job=3, at_once=2)
    record(project, *runs, replace(bundled, submission=submission))
    found = {}
    for number, runner in (*((n, "slurm") for n in (4, 5, 6, 8, 9)), (6, "htcondor"), (8, "htcondor")):
        text = project.qanat("efficiency", str(number), "--template", "--runner", runner).out
        found[number, runner] = yaml.safe_load(text)
        stored = project.root / f".qanat/templates/{runner}/{found[number, runner]['name']}.yaml"
        before = stored.read_bytes() if stored.exists() else None
        stored.write_text(text)
        project.qanat("validate", str(stored))
        stored.write_bytes(before) if before is not None else stored.unlink()
    assert found[4, "slurm"]["options"] == {
        "--partition": "gpu",
        "--gres": "gpu:a100:1",
        "--time": "0-00:15:00",
        "--cpus-per-task": 1,
        "--mem": "2560M",
    }
    big = found[5, "slurm"]
    assert (big["extends"], big["when"]) == (["base"], {"host": ["*"]})
    assert big["options"] == {"--cpus-per-task": 1, "--mem": "2560M", "--time": "0-00:15:00", "--gres": "gpu:1"}
    assert (found[6, "htcondor"]["transfer"], found[6, "htcondor"]["retry"]["time"]) == (True, "2x")
    assert found[8, "htcondor"]["options"]["request_gpus"] == 1
    assert found[9, "slurm"]["options"]["--cpus-per-task"] == 3


def test_a_template_of_a_pack_is_extended_and_not_replaced(project: Sandbox, tmp_path: Path) -> None:
    (tmp_path / "alpha/slurm").mkdir(parents=True)
    (tmp_path / "alpha/slurm/gpu.yaml").write_text("--partition: gpu\n--gres: gpu:1\n--mem-per-gpu: 64G\n")
    project.qanat("template", "add", str(tmp_path / "alpha"), "--yes", "--commit")
    options = {"--partition": "gpu", "--gres": "gpu:1", "--mem-per-gpu": "64G"}
    record(project, replace(a_run(4, *TRAINED), runner=RunnerChoice("slurm", "alpha-gpu", options)))
    text = project.qanat("efficiency", "4", "--template").out
    assert text == (
        "schema: template/1\nname: train\nrunner: slurm\ndescription: What train needs\nextends: [alpha-gpu]\n"
        "options:\n  --cpus-per-task: 1\n  --mem: 2560M\n  --time: 0-00:15:00\n  --mem-per-gpu: null\n"
    )
    (project.root / ".qanat/templates/slurm/train.yaml").write_text(text)
    project.qanat("validate", ".qanat/templates/slurm/train.yaml")
    shown = yaml.safe_load(project.qanat("template", "show", "train").out)["options"]
    assert "--mem-per-gpu" not in shown
    assert shown["--gres"] == "gpu:1"


def test_runs_of_this_machine_asked_for_nothing(project: Sandbox) -> None:
    runs = [replace(a_run(n, *TRAINED), runner=RunnerChoice("local", None, {"--time-limit": f"{n}m"})) for n in (4, 5)]
    record(project, *runs)
    assert project.qanat("efficiency", "4", "5").out == (
        "train, local: 6 groups of runs 5-7f3a9c, 4-7f3a9c\n"
        "            largest    median\n"
        "  CPUs      1.2        1\n"
        "  memory    1.9 GiB    1 GiB\n"
        "  time      12 min     12 min\n"
    )
    err = project.qanat("efficiency", "--where", "run>=4").err
    assert err == "  hint: for a template of a scheduler: qanat efficiency --where 'run>=4' --runner slurm\n"
    refused = project.qanat("efficiency", "--runner", "local", code=2).err
    assert refused == (
        "qanat: runner local has no templates: programs take what this machine has\n"
        "  hint: name a scheduler: --runner htcondor or slurm\n"
    )


def test_more_than_was_asked_for_is_no_part_of_it(project: Sandbox) -> None:
    options = {"--cpus-per-task": 1, "--mem": "1G", "--time": "0:10:00"}
    record(project, replace(a_run(4, (Used(1440, 2048), "")), runner=RunnerChoice("slurm", "default", options)))
    shown = project.qanat("show", "4").out
    assert "  - 📈 Used: 2 CPUs (1 asked for), 2 GiB (1 GiB asked for), 12 min (10 min asked for)\n" in shown

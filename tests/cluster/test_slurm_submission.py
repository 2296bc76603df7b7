"""What reaches Slurm: few arrays per run, the template's options, and every argument as it was typed."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from pathlib import Path

import pytest

from qanat.domain.expected_start import without_start
from qanat.runners.slurm import flags
from qanat.testing.arguments import NASTY
from tests.cluster.on_cluster import ARGUMENTS, WAIT, wait_until
from tests.cluster.slurm_project import LATER, OnSlurm
from tests.support.sandbox import PROGRAM

pytestmark = pytest.mark.xdist_group("slurm")

HOSTILE = [*NASTY, "%a%j%%", "#SBATCH --time=1", "QANAT", "$SLURM_JOB_ID", "-J"]


def test_one_group_is_a_plain_job_whose_id_is_committed_before_the_command_returns(on_either: OnSlurm) -> None:
    on_either.experiment("none", "exit 0\n")
    said = on_either.qanat("run", "none", "--runner", "slurm").err
    record = on_either.record()
    (job,) = (group["job"] for group in record["groups"])
    assert job.isdecimal()
    assert said.endswith(f"Submitted as job {job}\n")
    submission = record["submission"]
    assert submission["details"] == {"jobs": [job], "cluster": "tests", "export": "ALL"}
    assert submission["submitted"] >= record["created"]
    assert on_either.committed_records() == {f".qanat/runs/none/0/{record['id']}.yaml"}
    assert on_either.status() == ""
    assert on_either.cluster.squeue("%j %k", "-j", job) == [f"none_1 qanat:{submission['intent']}:0"]
    on_either.wait_for_states("finished")
    assert on_either.record()["groups"][0]["exit_code"] == 0
    assert on_either.status() == ""


def test_the_variables_of_a_job_that_submits_do_not_reach_the_jobs_it_submits(on_slurm: OnSlurm) -> None:
    """The memory of the outer job would contradict that of the inner one; Slurm kills what takes more."""
    on_slurm.experiment("inner", 'env >"$2/env.txt"\nsrun --ntasks=1 true\n')
    on_slurm.template("per-cpu", "mem-per-cpu: 20M\nexport: ALL,SLURM_JOB_NAME\n")
    arguments = [*PROGRAM, "run", "inner", "--runner", "slurm", "--submit-template", "per-cpu"]
    script = f"#!/bin/sh\ncd {shlex.quote(str(on_slurm.root))} && {shlex.join(arguments)}\n"
    output = on_slurm.root.parent / "outer.txt"
    outer = ("--job-name=outer", "--mem=1G", "--ntasks=1", "--array=7", f"--output={output}")
    on_slurm.cluster.run("sbatch", *outer, stdin=script)
    try:
        wait_until(on_slurm.committed_records)
    except AssertionError:
        said = output.read_text() if output.exists() else "nothing"
        queue = "\n".join(on_slurm.cluster.squeue("%i %j %T %r"))
        raise AssertionError(f"the job that submits printed {said}; the queue has\n{queue}") from None
    (group,) = on_slurm.wait_for_states("finished")
    lines = (on_slurm.storage("inner") / "env.txt").read_text().splitlines()
    variables = dict(line.split("=", 1) for line in lines if line.startswith("SLURM_"))
    assert variables["SLURM_JOB_ID"] == group["job"]
    assert variables["SLURM_MEM_PER_CPU"] == "20"
    assert {"SLURM_ARRAY_TASK_ID", "SLURM_MEM_PER_NODE"}.isdisjoint(variables)
    assert variables["SLURM_CONF"] == str(on_slurm.cluster.config)


def test_every_word_reaches_the_program_as_it_was_typed_and_works_in_the_checkout(on_slurm: OnSlurm) -> None:
    on_slurm.python_experiment("argv", ARGUMENTS)
    on_slurm.qanat("run", "argv", "--runner", "slurm", "--wait", "--", *HOSTILE)
    seen = on_slurm.seen("argv")
    assert seen["words"] == [*HOSTILE, "--storage_path", str(on_slurm.storage("argv"))]
    assert seen["cwd"] == str(on_slurm.root / on_slurm.record()["submission"]["checkout"])
    assert on_slurm.record()["code"]["workdir"] == "checkout"
    assert not list(on_slurm.root.rglob("pwned"))


def test_the_words_of_each_of_several_groups_reach_its_program(on_slurm: OnSlurm) -> None:
    on_slurm.python_experiment("argv", ARGUMENTS)
    groups = ["a 'two words'", "'new\nline' ';'", "$(touch pwned) é→"]
    on_slurm.qanat("run", "argv", *(w for g in groups for w in ("-g", g)), "--runner", "slurm", "--wait")
    expected = [["a", "two words"], ["new\nline", ";"], ["$(touch", "pwned)", "é→"]]
    for number, words in enumerate(expected):
        storage = on_slurm.storage("argv", group=number)
        seen = on_slurm.seen("argv", group=number)
        assert seen["words"] == [*words, "--storage_path", str(storage)]
        assert seen["env"]["QANAT_GROUP"] == seen["env"]["SLURM_ARRAY_TASK_ID"] == str(number)
        assert seen["env"]["QANAT_STORAGE_PATH"] == str(storage)
        assert on_slurm.record()["groups"][number]["curves"]["words"]["last"] == [len(seen["words"]), 5]
        assert (storage / "group_info.yaml").read_text().startswith("command: ")


@pytest.mark.parametrize(
    "name",
    [
        'it\'s "here"; $(touch pwned) `x` & *',
        "étoile → 🏁 #1 %d %% %A | pipe",
        "ends with a backslash\\",
        "new\nline\n12|RUNNING|None|N/A|N/A||x|(null)|/",
    ],
)
def test_a_project_may_be_in_a_folder_of_any_name(on_either: OnSlurm, tmp_path: Path, name: str) -> None:
    project = OnSlurm.make_beside(tmp_path / name, on_either.cluster)
    project.python_experiment("argv", ARGUMENTS)
    project.qanat("run", "argv", "-g", "a", "-g", "b", "--runner", "slurm", "--wait")
    for number, word in enumerate("ab"):
        storage = project.storage("argv", group=number)
        assert project.seen("argv", group=number)["words"] == [word, "--storage_path", str(storage)]
    assert {group["exit_code"] for group in project.record()["groups"]} == {0}
    assert (project.storage("argv") / "slurm.out").is_file()


# ---- arrays


def test_a_run_is_as_few_arrays_as_fit_and_each_group_is_the_job_that_its_record_says(on_slurm: OnSlurm) -> None:
    on_slurm.python_experiment("argv", ARGUMENTS)
    on_slurm.qanat("run", "argv", "-R", "--n 0 45 1", "--runner", "slurm", "--wait")
    record = on_slurm.record()
    first, second, third = on_slurm.numbers()
    assert record["submission"]["details"]["jobs"] == [first, second, third]
    jobs = [group["job"] for group in record["groups"]]
    assert jobs == [f"{(first, second, third)[n // 21]}_{n % 21}" for n in range(45)]
    for number in (0, 20, 21, 44):
        seen = on_slurm.seen("argv", group=number)
        assert seen["words"][:2] == ["--n", str(number)]
        assert f"{seen['env']['SLURM_ARRAY_JOB_ID']}_{seen['env']['SLURM_ARRAY_TASK_ID']}" == jobs[number]
    assert {group["state"] for group in record["groups"]} == {"finished"}


def test_a_cluster_that_takes_long_arrays_gets_one(on_slurm: OnSlurm) -> None:
    on_slurm.experiment("none", "exit 0\n")
    with on_slurm.cluster.with_settings("MaxArraySize=601"):
        on_slurm.cluster.restart_controller()
        record = on_slurm.submit("none", "-R", "--n 0 600 1", "--submit_template", "later")
        (number,) = on_slurm.numbers()
        assert [g["job"] for g in record["groups"]] == [f"{number}_{n}" for n in range(600)]
        assert set(on_slurm.states()) == {"queued"}
        on_slurm.qanat("hold", "1")
        assert set(on_slurm.states()) == {"held"}
        assert on_slurm.qanat("cancel", "1").out == "Run 1 of none cancelled\n"
        assert set(on_slurm.states()) == {"cancelled"}
        assert on_slurm.status() == ""
    on_slurm.cluster.restart_controller()


def test_max_running_holds_for_the_run_also_when_it_is_several_arrays(on_slurm: OnSlurm) -> None:
    on_slurm.experiment("wait", WAIT)
    words = ("-R", "--n 0 23 1", "--max-running", "2")
    on_slurm.submit("wait", str(on_slurm.gate()), "0", *words)
    first, second = on_slurm.numbers()
    on_slurm.begun(group=0)
    on_slurm.begun(group=1)
    waiting = [f"{second}_{n} PENDING Dependency" for n in (0, 1)]
    wait_until(lambda: on_slurm.in_queue("%i %T %r")[-2:] == waiting)
    assert on_slurm.states() == ["running"] * 2 + ["queued"] * 21
    limits = on_slurm.cluster.run("scontrol", "-o", "show", "job", first)
    assert "ArrayTaskThrottle=2 " in limits
    on_slurm.gate().touch()
    on_slurm.wait_for_states(*["finished"] * 23)


def test_a_template_may_have_a_dependency_beside_that_of_max_running(on_slurm: OnSlurm) -> None:
    on_slurm.experiment("none", "exit 0\n")
    on_slurm.template("after", f"-d: singleton\n{LATER}")
    on_slurm.submit("none", "-R", "--n 0 23 1", "--max-running", "2", "--submit_template", "after")
    first, second = on_slurm.numbers()
    shown = on_slurm.cluster.run("scontrol", "-o", "show", "job", second)
    (dependency,) = set(re.findall(r" Dependency=(\S+)", shown))
    assert "singleton" in dependency
    assert f"afterany:{first}_*" in dependency


@pytest.mark.parametrize("setting", ["MaxSubmitJobs", "MaxJobCount"])
def test_a_run_that_is_more_than_the_cluster_takes_is_refused_whole(on_accounting: OnSlurm, setting: str) -> None:
    on_accounting.experiment("none", "exit 0\n")
    cluster = on_accounting.cluster
    words = ("run", "none", "-R", "--n 0 45 1", "--runner", "slurm", "--submit_template", "later")
    if setting == "MaxJobCount":
        with cluster.with_settings("MaxJobCount=40"):
            cluster.restart_controller()
            said = on_accounting.qanat(*words, code=3).err
        cluster.restart_controller()
        expected = "Slurm refuses the run: it has 45 groups, and the cluster accepts 40 jobs (MaxJobCount)\n"
    else:
        with cluster.limited_to(30):
            said = on_accounting.qanat(*words, code=3).err
        expected = "Slurm refused the run: "
        assert "QOSMaxSubmitJobPerUserLimit" in said or "policy" in said
    assert said.startswith(f"qanat: {expected}")
    assert on_accounting.record_files() == []
    assert not on_accounting.storage("none").exists()
    assert [line for line in cluster.squeue("%j %T") if line == "none_1 PENDING"] == []
    assert on_accounting.status() == ""


# ---- templates


def test_the_options_of_a_template_arrive_however_their_keys_are_written(on_slurm: OnSlurm) -> None:
    on_slurm.experiment("none", "exit 0\n")
    options = ["-p: low", "--cpus-per-task: 3", "mem: 50M", "t: 1-02:00:00", "requeue: true", "--exclusive: false"]
    on_slurm.template("all", "\n".join([*options, "begin: now+1hour", "--mail-type: [END, FAIL]", "nice: 5"]))
    record = on_slurm.submit("none", "--submit_template", "all")
    shown = on_slurm.cluster.run("scontrol", "-o", "show", "job", on_slurm.numbers()[0])
    wanted = ("Partition=low", "CPUs/Task=3", "MinMemoryNode=50M", "TimeLimit=1-02:00:00", "Requeue=1", "Nice=5")
    assert [part for part in wanted if f" {part} " not in shown] == []
    assert record["runner"]["options"]["-p"] == "low"
    assert record["runner"]["template"] == "all"


def test_the_options_that_a_template_inherits_arrive_if_they_are_for_this_machine(on_slurm: OnSlurm) -> None:
    on_slurm.experiment("none", "exit 0\n")
    here = f"when: {{host: '{os.uname().nodename}*'}}\n"
    on_slurm.template("site", "-p: low\n--mem: 50M\nnice: 5", here)
    on_slurm.template("elsewhere", "-p: none\n", "when: {host: not-here}\n")
    on_slurm.template("mine", f"mem: 60M\n-t: 7\n{LATER}", "extends: [site, elsewhere]\n")
    record = on_slurm.submit("none", "--submit_template", "mine")
    shown = on_slurm.cluster.run("scontrol", "-o", "show", "job", on_slurm.numbers()[0])
    wanted = ("Partition=low", "MinMemoryNode=60M", "TimeLimit=00:07:00", "Nice=5")
    assert [part for part in wanted if f" {part} " not in shown] == []
    assert [(row["template"], row["options"]) for row in record["runner"]["sources"]] == [
        ("site", ["-p", "nice"]),
        ("mine", ["mem", "-t", "begin"]),
    ]


def test_every_option_of_the_sbatch_that_is_here_is_known(on_slurm: OnSlurm) -> None:
    done = subprocess.run(["sbatch", "--help"], capture_output=True, text=True, check=True)
    names = set(re.findall(r"--([a-z][a-z0-9-]+)", done.stdout))
    assert len(names) > 80
    assert names - flags.LONG - flags.OWN == set()
    short = dict(re.findall(r"^\s+-(\w), --([\w-]+)", done.stdout, re.MULTILINE))
    assert {k: flags.long_name(f"-{k}") for k in short} == short


@pytest.mark.parametrize(
    ("options", "variables", "recorded", "seen"),
    [
        ("", {}, "ALL", "blue"),
        ("", {"SBATCH_EXPORT": "NONE"}, "NONE", None),
        ("export: NONE", {}, "NONE", None),
        ("--export: [COLOUR=green, PATH]", {}, "COLOUR=green,PATH", "green"),
    ],
)
def test_the_environment_is_handed_on_as_the_template_says_and_the_record_says_how(
    on_slurm: OnSlurm, options: str, variables: dict[str, str], recorded: str, seen: str | None
) -> None:
    on_slurm.experiment("look", 'echo "colour: $COLOUR"\n')
    on_slurm.template("mine", options or "{}")
    words = ("run", "look", "--runner", "slurm", "--submit_template", "mine", "--wait")
    on_slurm.qanat(*words, env={"COLOUR": "blue", **variables})
    assert (on_slurm.storage("look") / "stdout.txt").read_text() == f"colour: {seen or ''}\n"
    assert on_slurm.record()["submission"]["details"]["export"] == recorded


def test_what_a_persons_environment_says_to_slurms_programs_does_not_lead_qanat_astray(on_slurm: OnSlurm) -> None:
    on_slurm.experiment("none", "exit 0\n")
    astray = {"SBATCH_ARRAY_INX": "0-3", "SBATCH_WAIT": "1", "SBATCH_JOB_NAME": "x", "SQUEUE_PARTITION": "low"}
    astray |= {"SQUEUE_STATES": "SUSPENDED", "SLURM_TIME_FORMAT": "relative", "SCANCEL_INTERACTIVE": "1"}
    later = ("run", "none", "--runner", "slurm", "--submit_template", "later")
    assert "Submitted as job" in on_slurm.qanat(*later, env=astray).err
    assert on_slurm.in_queue("%j %i") == [f"none_1 {on_slurm.numbers()[0]}"]
    shown = on_slurm.qanat("show", "1", "--json", env=astray).json
    assert (shown["state"], without_start(shown["groups"][0]["reason"])) == (
        "queued",
        "it is not to start yet (BeginTime)",
    )
    assert on_slurm.qanat("cancel", "1", env=astray).out == "Run 1 of none cancelled\n"


def test_a_template_with_a_comment_of_its_own_keeps_it_and_the_intent_is_in_the_name(on_slurm: OnSlurm) -> None:
    on_slurm.experiment("none", "exit 0\n")
    on_slurm.template("mine", f"--comment: grant 42\n{LATER}")
    on_slurm.template("off", f"comment: false\n{LATER}")
    for number, (template, comment) in enumerate({"mine": "grant 42", "off": "(null)"}.items(), 1):
        on_slurm.submit("none", "--submit_template", template)
        (job,) = on_slurm.numbers(number)
        name = f"none_{number}-qanat:{on_slurm.intent(number)}:0"
        assert on_slurm.cluster.squeue("%k|%j", "-j", job) == [f"{comment}|{name}"]
        assert on_slurm.states(number) == ["queued"]


def test_jobs_run_the_committed_program_when_it_is_edited_while_they_wait(on_slurm: OnSlurm) -> None:
    on_slurm.experiment("old", "echo committed; cat shared.txt\n")
    on_slurm.write("shared.txt", "old data\n")
    on_slurm.commit()
    on_slurm.template("held", "hold: true\n")
    on_slurm.submit("old", "--submit_template", "held")
    on_slurm.submit("old", "--submit_template", "held", "--in_place")
    assert [on_slurm.record(n)["code"]["workdir"] for n in (1, 2)] == ["checkout", "project"]
    on_slurm.write("old.sh", "echo edited; cat shared.txt\n")
    on_slurm.write("shared.txt", "new data\n")
    for number, expected in ((1, "committed\nold data\n"), (2, "edited\nnew data\n")):
        assert on_slurm.states(number) == ["held"]
        on_slurm.qanat("release", str(number))
        on_slurm.wait_for_states("finished", run=number)
        assert (on_slurm.storage("old", number) / "stdout.txt").read_text() == expected


def test_a_dry_run_prints_the_very_calls_of_sbatch_and_writes_nothing(on_slurm: OnSlurm) -> None:
    on_slurm.experiment("argv", 'echo "$@"\n')
    words = ["run", "argv", "it's $(x)", "-R", "--n 0 23 1", "--runner", "slurm", "--submit_template", "later"]
    before = on_slurm.cluster.squeue("%i")
    shown = on_slurm.qanat(*words, "--dry-run", "--show-script").out
    assert on_slurm.record_files() == []
    assert not (on_slurm.root / "results").exists()
    assert on_slurm.cluster.squeue("%i") == before
    on_slurm.qanat(*words)
    record = on_slurm.record()
    calls = re.findall(r"^(sbatch .*?) <<'QANAT'\n(.*?)^QANAT$", shown, re.MULTILINE | re.DOTALL)
    stand_ins = (
        (f"{record['id'][:2]}000000", record["id"]),
        ("0" * len(record["submission"]["intent"]), record["submission"]["intent"]),
    )
    for (command, script), number, indices in zip(calls, on_slurm.numbers(), ("0-20", "0-1"), strict=True):
        assert f"--array={indices} " in command
        for stand_in, real in stand_ins:
            command, script = command.replace(stand_in, real), script.replace(stand_in, real)  # noqa: PLW2901
        known = on_slurm.cluster.run("scontrol", "-o", "show", "job", number)
        (comment,) = set(re.findall(r" Comment=(\S+)", known))
        assert f"--comment={comment}" in shlex.split(command)
        file = on_slurm.root.parent / f"{number}.sh"
        on_slurm.cluster.run("scontrol", "write", "batch_script", number, str(file))
        assert file.read_text() == script


@pytest.mark.parametrize(
    ("options", "problem"),
    [("--partition: nope\n", "invalid partition specified: nope"), ("--time: soon\n", "Invalid --time specification")],
)
def test_what_slurm_refuses_is_said_and_leaves_no_trace(on_slurm: OnSlurm, options: str, problem: str) -> None:
    on_slurm.experiment("none", "exit 0\n")
    on_slurm.template("wrong", options)
    said = on_slurm.qanat("run", "none", "--runner", "slurm", "--submit_template", "wrong", code=3).err
    assert said.startswith("qanat: Slurm refused the run: ")
    assert problem in said
    assert said.endswith("  hint: qanat template show wrong --check\n")
    assert on_slurm.record_files() == []
    assert not on_slurm.storage("none").exists()
    assert on_slurm.status() == ""
    assert problem in on_slurm.qanat("template", "show", "wrong", "--check", code=1).err


CHECKS = [
    ("--cpu-per-task: 2", "--cpu-per-task: is not an option of sbatch; did you mean --cpus-per-task", 1),
    ("-J: mine", "-J: is set by qanat and cannot be in a template", 1),
    ("array: 1-3", "array: is set by qanat and cannot be in a template", 1),
    ("p: low\n--mem: 10M\nexclusive: true", "no problems found", 0),
]


@pytest.mark.parametrize(("options", "said", "code"), CHECKS)
def test_check_finds_what_is_wrong_with_a_template(on_slurm: OnSlurm, options: str, said: str, code: int) -> None:
    on_slurm.template("mine", options)
    assert f"mine: {said}" in on_slurm.qanat("template", "show", "mine", "--check", code=code).err
    if code:
        on_slurm.experiment("none", "exit 0\n")
        refused = on_slurm.qanat("run", "none", "--runner", "slurm", "--submit_template", "mine", code=2).err
        assert f"mine: {said}" in refused
        assert on_slurm.record_files() == []


def test_a_template_may_name_the_cluster_that_its_jobs_go_to(on_accounting: OnSlurm) -> None:
    on_accounting.experiment("wait", WAIT)
    on_accounting.template("there", "-M: tests\n")
    record = on_accounting.submit("wait", str(on_accounting.gate()), "3", "--submit_template", "there")
    assert record["submission"]["details"]["clusters"] == record["submission"]["details"]["cluster"] == "tests"
    on_accounting.begun()
    on_accounting.wait_for_states("running")
    on_accounting.gate().touch()
    (group,) = on_accounting.wait_for_states("failed")
    assert group["exit_code"] == 3
    on_accounting.template("later_there", f"clusters: tests\n{LATER}")
    on_accounting.submit("wait", "-R", "--n 0 3 1", "--submit_template", "later_there")
    on_accounting.qanat("hold", "2")
    assert on_accounting.states(2) == ["held"] * 3
    assert on_accounting.qanat("cancel", "2").out == "Run 2 of wait cancelled\n"


def test_jobs_are_started_by_hand_from_anywhere_in_the_project(on_slurm: OnSlurm) -> None:
    on_slurm.experiment("none", "exit 0\n")
    (on_slurm.root / "deep/er").mkdir(parents=True)
    on_slurm.qanat("run", "none", "--runner", "slurm", "--wait", cwd=on_slurm.root / "deep/er")
    assert on_slurm.record()["state"] == "finished"
    assert list((on_slurm.root / "deep/er").iterdir()) == []
    wait_until(lambda: on_slurm.in_queue("%T") == ["COMPLETED"])

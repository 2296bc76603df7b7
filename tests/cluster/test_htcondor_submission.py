"""What reaches HTCondor: one cluster per run, the template's options, and every argument as it was typed."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.cluster.htcondor_pool import Pool
from tests.cluster.htcondor_project import OnPool
from tests.cluster.on_cluster import ARGUMENTS, WAIT, wait_until

pytestmark = pytest.mark.xdist_group("htcondor")

HOSTILE = [
    "",
    " ",
    "two  words ",
    "it's",
    'a "quote"',
    "''",
    '""',
    "new\nline",
    "\n",
    "tab\there",
    ";",
    "&& touch pwned",
    "$(touch pwned)",
    "$$(Memory)",
    "$ENV(HOME)",
    "$(DOLLAR)",
    "`touch pwned`",
    "$HOME",
    "%a%j",
    "*",
    "~",
    "#",
    "\\",
    "\\\\n",
    "queue 3",
    "é→🏁",
    "-g",
]


def test_every_word_reaches_the_program_as_it_was_typed(on_pool: OnPool) -> None:
    on_pool.python_experiment("argv", ARGUMENTS)
    on_pool.qanat("run", "argv", "--runner", "htcondor", "--wait", "--", *HOSTILE)
    seen = on_pool.seen("argv")
    assert seen["words"] == [*HOSTILE, "--storage_path", str(on_pool.storage("argv"))]
    assert seen["cwd"] == str(on_pool.root / on_pool.record()["submission"]["checkout"])
    assert not list(on_pool.root.rglob("pwned"))


def test_the_words_of_each_of_several_groups_reach_its_program_and_its_group_info(on_pool: OnPool) -> None:
    on_pool.python_experiment("argv", ARGUMENTS)
    groups = ["a 'two words'", "'new\nline' ';'", "$(touch pwned) é→"]
    on_pool.qanat("run", "argv", *(w for g in groups for w in ("-g", g)), "--runner", "htcondor", "--wait")
    expected = [["a", "two words"], ["new\nline", ";"], ["$(touch", "pwned)", "é→"]]
    for number, words in enumerate(expected):
        storage = on_pool.storage("argv", group=number)
        assert on_pool.seen("argv", group=number)["words"] == [*words, "--storage_path", str(storage)]
        info = (storage / "group_info.yaml").read_text()
        assert info.startswith("command: ")
        variables = on_pool.seen("argv", group=number)["env"]
        assert (variables["QANAT_GROUP"], variables["QANAT_STORAGE_PATH"]) == (str(number), str(storage))
        assert on_pool.record()["groups"][number]["curves"]["words"]["last"] == [len(words) + 2, 5]


@pytest.mark.parametrize(
    "name",
    [
        'it\'s "here"; $(touch pwned) `x` & *',
        "étoile → 🏁 #1 %d $$(Memory) $ENV(HOME)",
        "ends with a backslash\\",
        "new\nline\nand $(DOLLAR)",
    ],
)
def test_a_project_may_be_in_a_folder_of_any_name(pool: Pool, on_pool: OnPool, tmp_path: Path, name: str) -> None:
    project = OnPool.make_beside(tmp_path / name, pool)
    project.python_experiment("argv", ARGUMENTS)
    project.qanat("run", "argv", "a", "--runner", "htcondor", "--wait")
    storage = project.storage("argv")
    assert project.seen("argv")["words"] == ["a", "--storage_path", str(storage)]
    assert project.record()["groups"][0]["exit_code"] == 0


def test_ten_thousand_groups_are_one_cluster_whose_jobs_are_made_as_max_materialize_says(on_pool: OnPool) -> None:
    on_pool.experiment("none", "exit 0\n")
    on_pool.template("few", "request_cpus: 100000\nmax_materialize: 20\nmax_idle: 10\n")
    said = on_pool.qanat("run", "none", "-R", "--n 0 10000 1", "--runner", "htcondor", "--submit_template", "few").err
    cluster = on_pool.cluster()
    assert said.endswith(f"Submitted as job {cluster}\n")
    record = on_pool.record()
    assert [g["job"] for g in record["groups"]] == [f"{cluster}.{n}" for n in range(10_000)]
    assert on_pool.status() == ""
    made = on_pool.pool.jobs("JobMaterializeLimit", "JobMaterializeMaxIdle", constraint=f"ClusterId == {cluster}")
    assert 1 <= len(made) <= 20
    assert (made[0]["JobMaterializeLimit"], made[0]["JobMaterializeMaxIdle"]) == (20, 10)
    # Those that HTCondor has not made yet wait as well.
    assert set(on_pool.states()) == {"queued"}

    on_pool.qanat("hold", "1")
    assert set(on_pool.states()) == {"held"}
    assert on_pool.qanat("cancel", "1").out == "Run 1 of none cancelled\n"
    groups = on_pool.record()["groups"]
    assert {g["state"] for g in groups} == {"cancelled"}
    assert groups[0]["reason"] == "cancelled by qanat"
    assert groups[-1]["reason"] == "removed before it began"
    assert on_pool.pool.jobs() == []


def test_a_schedd_that_does_not_make_jobs_itself_gets_them_one_by_one(on_pool: OnPool) -> None:
    on_pool.experiment("none", "exit 0\n")
    words = ("none", "-R", "--n 0 60 1", "--submit_template", "never")
    on_pool.submit(*words)
    assert len(on_pool.pool.jobs("JobMaterializeLimit")) == 60
    assert on_pool.job("JobMaterializeLimit")["JobMaterializeLimit"] == 60
    with on_pool.pool.with_settings("SCHEDD_ALLOW_LATE_MATERIALIZE = false"):
        wait_until(lambda: _is_refused(on_pool))
        on_pool.submit(*words)
    assert on_pool.cluster(2) != on_pool.cluster(1)
    assert len(on_pool.pool.jobs(constraint=f"ClusterId == {on_pool.cluster(2)}")) == 60
    assert "JobMaterializeLimit" not in on_pool.job("JobMaterializeLimit", run=2)
    assert on_pool.states(2) == ["queued"] * 60
    # Whoever asks for it in a template is told.
    on_pool.template("few", "request_cpus: 100000\nmax_materialize: 5\n")
    with on_pool.pool.with_settings("SCHEDD_ALLOW_LATE_MATERIALIZE = false"):
        wait_until(lambda: _is_refused(on_pool))
        said = on_pool.qanat("run", "none", "--runner", "htcondor", "--submit_template", "few", code=3).err
    assert said.startswith("qanat: HTCondor refused the run: ")
    assert len(on_pool.record_files()) == 2


def _is_refused(on_pool: OnPool) -> bool:
    """Return whether the schedd knows not to create jobs itself; condor_submit then ignores the limit."""
    text = "executable = /bin/true\nhold = true\nmax_materialize = 2\nbatch_name = probe\nqueue 5\n"
    on_pool.pool.tool("condor_submit", "-", input=text)
    probes = on_pool.pool.jobs(constraint='JobBatchName == "probe"')
    on_pool.pool.tool("condor_rm", "-constraint", 'JobBatchName == "probe"')
    return len(probes) == 5


def test_max_running_lets_so_many_groups_run_at_a_time_until_all_have(on_pool: OnPool) -> None:
    on_pool.experiment("wait", WAIT)
    words = ["-R", "--n 0 5 1", "--runner", "htcondor", "--max_running", "2"]
    on_pool.experiment("quick", "exit 0\n")
    on_pool.qanat("run", "wait", str(on_pool.gate()), "0", *words)
    on_pool.begun(group=0)
    on_pool.begun(group=1)
    assert len(on_pool.pool.jobs(constraint=f"ClusterId == {on_pool.cluster()}")) == 2
    assert on_pool.states() == ["running", "running", "queued", "queued", "queued"]
    on_pool.gate().touch()
    on_pool.wait_for_states(*["finished"] * 5)


def test_the_options_of_a_template_arrive_as_they_are_meant(on_pool: OnPool) -> None:
    on_pool.experiment("none", "exit 0\n")
    on_pool.template(
        "all",
        "\n".join(
            [
                "+WishedAcctGroup: group_usmb.listic",
                "My.Quoted: '\"as it is\"'",
                "+Tricky: 'a \"quote\" and a \\ backslash'",
                "+Sum: {expr: 1 + RequestCpus}",
                "+Yes: true",
                "+Count: 3",
                "request_cpus: 100000",
                "request_memory: 2GB",
                "priority: 7",
                "environment: {expr: '\"COLOUR=blue\"'}",
                "concurrency_limits: [one, two:3]",
            ]
        ),
    )
    on_pool.submit("none", "--submit_template", "all")
    names = ("WishedAcctGroup", "Quoted", "Tricky", "Yes", "Count", "RequestMemory", "JobPrio", "ConcurrencyLimits")
    job = on_pool.job(*names, "Environment", "Sum")
    assert {name: job[name] for name in names} == {
        "WishedAcctGroup": "group_usmb.listic",
        "Quoted": "as it is",
        "Tricky": 'a "quote" and a \\ backslash',
        "Yes": True,
        "Count": 3,
        "RequestMemory": 2048,
        "JobPrio": 7,
        "ConcurrencyLimits": "one,two:3",
    }
    assert job["Environment"] == "COLOUR=blue"
    raw = on_pool.pool.tool("condor_q", str(on_pool.cluster()), "-af:r", "Sum", "WishedAcctGroup").stdout
    assert raw == '1 + RequestCpus "group_usmb.listic"\n'


def test_a_run_of_several_groups_shares_one_event_log_and_its_batch_name(on_pool: OnPool) -> None:
    on_pool.experiment("none", "exit 0\n")
    record = on_pool.submit("none", "-R", "--n 0 3 1")
    cluster = record["submission"]["details"]["cluster"]
    assert record["submission"]["details"]["schedd"]
    assert [g["job"] for g in record["groups"]] == [f"{cluster}.{n}" for n in range(3)]
    on_pool.wait_for_states("finished", "finished", "finished")
    (log,) = on_pool.storage("none").rglob("htcondor.log")
    assert [f"({cluster:03}.{n:03}.000)" in log.read_text() for n in range(3)] == [True] * 3
    jobs = on_pool.pool.jobs("JobBatchName", constraint=f"ClusterId == {cluster}", history=True)
    assert {job["JobBatchName"] for job in jobs} == {"none_1"}


def test_jobs_run_the_committed_program_when_it_is_edited_while_they_wait(on_pool: OnPool) -> None:
    on_pool.experiment("old", "echo committed; cat shared.txt\n")
    on_pool.write("shared.txt", "old data\n")
    on_pool.commit()
    on_pool.template("held", "hold: true\n")
    record = on_pool.submit("old", "--submit_template", "held")
    assert record["code"]["workdir"] == "checkout"
    on_pool.write("old.sh", "echo edited\n")
    on_pool.write("shared.txt", "new data\n")
    on_pool.qanat("release", "1")
    on_pool.wait_for_states("finished")
    assert (on_pool.storage("old") / "stdout.txt").read_text() == "committed\nold data\n"


def test_in_place_jobs_see_the_edit_and_the_record_says_where_they_ran(on_pool: OnPool) -> None:
    on_pool.experiment("old", "echo committed\n")
    on_pool.template("held", "hold: true\n")
    record = on_pool.submit("old", "--submit_template", "held", "--in_place")
    assert record["code"]["workdir"] == "project"
    on_pool.write("old.sh", "echo edited\n")
    on_pool.qanat("release", "1")
    on_pool.wait_for_states("finished")
    assert (on_pool.storage("old") / "stdout.txt").read_text() == "edited\n"


def test_the_machine_that_runs_a_job_needs_a_posix_shell_and_no_python(on_pool: OnPool, tmp_path: Path) -> None:
    """Its PATH has the shell and what POSIX has beside it."""
    only = tmp_path / "bin"
    only.mkdir()
    for name in ("sh", "date", "mkdir", "mv", "rm", "uname", "wc", "sleep", "kill"):
        (only / name).symlink_to(str(shutil.which(name)))
    on_pool.experiment(
        "bare", 'for name in python python3 qanat git bash; do command -v $name; done; echo "PATH $PATH"\n'
    )
    on_pool.template("bare", f"environment: PATH={only}\n")
    on_pool.qanat("run", "bare", "-R", "--n 0 2 1", "--runner", "htcondor", "--submit_template", "bare", "--wait")
    for group in on_pool.record()["groups"]:
        assert (group["state"], group["exit_code"], group["host"]) == ("finished", 0, os.uname().nodename)
        assert (on_pool.storage("bare", group=group["group"]) / "stdout.txt").read_text() == f"PATH {only}\n"


def test_a_machine_with_a_file_system_domain_of_its_own_may_run_jobs(
    on_pool: OnPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Few pools set the domain, though most share their disks; HTCondor then copies, and finds nothing to copy."""
    on_pool.python_experiment("argv", ARGUMENTS)
    monkeypatch.setenv("_CONDOR_FILESYSTEM_DOMAIN", "elsewhere")
    on_pool.qanat("run", "argv", "a", "--runner", "htcondor", "--wait")
    assert on_pool.seen("argv")["words"][0] == "a"


def test_a_dry_run_prints_what_would_be_submitted_and_the_scripts_of_the_first_job(on_pool: OnPool) -> None:
    on_pool.experiment("argv", 'echo "$@"\n')
    words = ["run", "argv", "it's $(x)", "-R", "--n 0 3 1", "--runner", "htcondor", "--submit_template", "never"]
    shown = on_pool.qanat(*words, "--dry-run", "--show-script").out
    assert on_pool.record_files() == []
    assert not (on_pool.root / "results").exists()
    assert on_pool.pool.jobs() == []
    description, _, rest = shown.partition("\n\n# job.sh\n")
    job_script, _, rest = rest.partition("\n# commands/0.sh, group 0\n")
    commands, _, groups = rest.partition("\n\n")
    assert groups.endswith("3 groups; nothing was run or written\n")

    # HTCondor's own tool makes of the description the jobs that the run itself is submitted as.
    file = on_pool.root.parent / "shown.sub"
    file.write_text(description + "\n")
    on_pool.qanat(*words)
    record = on_pool.record()
    planned = _arguments_of(on_pool, file)
    submitted = on_pool.pool.jobs("Arguments", "RequestCpus")
    assert [job["Arguments"] for job in submitted] == planned
    assert {job["RequestCpus"] for job in submitted} == {100_000}
    storage = on_pool.storage("argv")
    stand_ins = (
        (f"{record['id'][:2]}000000", record["id"]),
        ("0" * len(record["submission"]["intent"]), record["submission"]["intent"]),
    )
    for stand_in, real in stand_ins:
        job_script = job_script.replace(stand_in, real)
    assert (storage / "job.sh").read_text() == job_script
    assert commands.strip().removesuffix("esac") in (storage / "commands/0.sh").read_text()
    assert str(on_pool.root / record["submission"]["checkout"]) in job_script


def _arguments_of(on_pool: OnPool, file: Path) -> list[str]:
    """Return the arguments of the jobs that condor_submit creates from a submit file."""
    ads = file.with_suffix(".ads")
    on_pool.pool.tool("condor_submit", "-dry-run", str(ads), str(file))
    lines = [line for line in ads.read_text().splitlines() if line.startswith('Arguments="')]
    return [line.removeprefix('Arguments="').removesuffix('"').replace('\\"', '"') for line in lines]


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ("universe: vanila\n", "I don't know about the 'vanila' universe."),
        ("priority: high\n", "priority=high is invalid, must eval to an integer."),
        ("requirements: '(('\n", "Parse error in expression:"),
    ],
)
def test_what_htcondor_refuses_is_said_and_leaves_no_trace(on_pool: OnPool, options: str, problem: str) -> None:
    on_pool.experiment("none", "exit 0\n")
    on_pool.template("wrong", options)
    said = on_pool.qanat("run", "none", "--runner", "htcondor", "--submit_template", "wrong", code=3).err
    assert said.startswith("qanat: HTCondor refused the run: ")
    assert problem in said
    assert "  hint: qanat template show wrong --check\n" in said
    assert on_pool.record_files() == []
    assert not on_pool.storage("none").exists()
    assert on_pool.status() == ""
    assert on_pool.pool.jobs() == []


def test_the_options_that_a_template_inherits_arrive_if_they_are_for_this_machine(on_pool: OnPool) -> None:
    on_pool.experiment("none", "exit 0\n")
    here = f"when: {{host: '{os.uname().nodename}*'}}\n"
    on_pool.template("site", "Request_Memory: 50MB\n+Site: alpha\nrequest_cpus: 100000", here)
    on_pool.template("elsewhere", "+Site: beta\n", "when: {host: not-here}\n")
    on_pool.template("mine", "request_memory: 60MB\nMy.site: gamma\n", "extends: [site, elsewhere]\n")
    record = on_pool.submit("none", "--submit_template", "mine")
    job = on_pool.job("RequestMemory", "Site", "RequestCpus")
    assert (job["RequestMemory"], job["Site"], job["RequestCpus"]) == (60, "gamma", 100000)
    assert [(row["template"], row["options"]) for row in record["runner"]["sources"]] == [
        ("site", ["request_cpus"]),
        ("mine", ["request_memory", "My.site"]),
    ]


def test_a_file_of_the_project_is_not_taken_for_a_module_of_pythons(on_pool: OnPool) -> None:
    for name in ("json", "htcondor2", "ctypes"):
        on_pool.write(f"{name}.py", "raise SystemExit('taken for Python')\n")
    on_pool.experiment("none", "exit 0\n")
    done = subprocess.run(
        [Path(__import__("sys").executable).with_name("qanat"), "run", "--runner", "htcondor", "none", "--wait"],
        cwd=on_pool.root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    wait_until(lambda: on_pool.record()["state"] == "finished")

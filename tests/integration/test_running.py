"""Running programs: how they end, which of their output is shown and kept, and their environment."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.gates import SCRIPT, Gates
from tests.support.invariants import violations
from tests.support.sandbox import PROGRAM, Sandbox, wait_until
from tests.support.terminal import Terminal

# $2 says how to end.
ENDS = """\
case $2 in
  well) exit 0 ;;
  three) echo "three is wrong" >&2; exit 3 ;;
  killed) kill -KILL $$ ;;
  crash) kill -SEGV $$ ;;
esac
"""


@pytest.fixture
def gates(sandbox: Sandbox) -> Gates:
    return Gates(sandbox)


def groups_of(record: dict[str, Any]) -> list[tuple[str, int | None, int | None, str | None]]:
    return [(g["state"], g.get("exit_code"), g.get("signal"), g.get("reason")) for g in record["groups"]]


def info(folder: Path, name: str = "info.yaml") -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load((folder / name).read_text())
    return content


# ---- how groups end


def test_a_group_that_fails_is_recorded_with_its_reason_and_the_run_goes_on(sandbox: Sandbox) -> None:
    sandbox.experiment("ends", ENDS)
    result = sandbox.qanat("run", "ends", "-R", "--how well,three,killed,crash,well", code=1)
    record = sandbox.record()
    assert record["state"] == "failed"
    assert groups_of(record) == [
        ("finished", 0, None, None),
        ("failed", 3, None, "exit code 3"),
        ("failed", None, 9, "ended by SIGKILL"),
        ("failed", None, 11, "ended by SIGSEGV"),
        ("finished", 0, None, None),
    ]
    head, *lines = result.err.splitlines()
    assert head.startswith("Run 1 of ends: 5 groups, local, commit ")
    assert lines[0].startswith("Run 1 of ends failed after ")
    assert lines[0].endswith(": results/ends/run_1")
    quoted = [
        line for line in lines if line.startswith("    ") and line[4] != " "
    ]  # what the shell says of a signal is its own
    assert quoted[0] == "    three is wrong"
    assert [line for line in lines[1:] if line not in quoted] == [
        "qanat: 3 of 5 groups failed",
        "  group 1: exit code 3; see results/ends/run_1/group_1/stderr.txt",
        "  group 2: ended by SIGKILL; see results/ends/run_1/group_2/stderr.txt",
        "  group 3: ended by SIGSEGV; see results/ends/run_1/group_3/stderr.txt",
        "  hint: run them again with: qanat retry 1",
        "        or, once the code is changed: qanat rerun 1 --failed --head",
    ]
    assert (sandbox.root / "results/ends/run_1/group_1/stderr.txt").read_text() == "three is wrong\n"


def test_a_single_group_that_fails_names_the_stderr_of_the_run(sandbox: Sandbox) -> None:
    sandbox.experiment("ends", ENDS)
    result = sandbox.qanat("run", "ends", "--how", "three", code=1)
    assert result.err.splitlines()[-4:] == [
        "qanat: 1 of 1 group failed",
        "  group 0: exit code 3; see results/ends/run_1/stderr.txt",
        "  hint: run it again with: qanat retry 1",
        "        or, once the code is changed: qanat rerun 1 --failed --head",
    ]
    assert violations(sandbox) == []


def test_a_program_that_does_not_accept_the_storage_directory_is_to_be_changed(sandbox: Sandbox) -> None:
    sandbox.experiment("bare", 'echo "bare: unrecognized option $1" >&2\nexit 2\n')
    assert sandbox.qanat("run", "bare", code=1).err.splitlines()[-2:] == [
        "  hint: let the program accept --storage_path, the option by which qanat passes the directory for its results",
        "        and then: qanat rerun 1 --failed --head",
    ]


def test_arguments_that_the_program_does_not_accept_are_to_be_corrected(sandbox: Sandbox) -> None:
    sandbox.experiment("ends", 'echo "ends: error: argument --n: invalid int value: $2" >&2\nexit $4\n')
    said = sandbox.qanat("run", "ends", "--n", "x", "--code", "2", code=1).err
    assert said.splitlines()[-2:] == [
        "  hint: correct the arguments in a new run: qanat run ends …",
        "        or, once the code is changed: qanat rerun 1 --failed --head",
    ]
    said = sandbox.qanat("run", "ends", "--n", "x", "-g", "--code 2", "-g", "--code 3", code=1).err
    assert said.splitlines()[-2] == "  hint: run them again with: qanat retry 2"


def test_groups_that_fail_alike_are_one_failure_and_many_failures_are_named_in_part(sandbox: Sandbox) -> None:
    sandbox.experiment("ends", 'echo "no module $1" >&2\nexit 3\n')
    same = sandbox.qanat("run", "ends", "torch", "-R", "--n 0 12 1", code=1).err
    assert same.splitlines()[-5:] == [
        "qanat: 12 of 12 groups failed",
        "  12 groups (0, 1, 2, 3, 4, and 7 more): exit code 3; see results/ends/run_1/group_0/stderr.txt",
        "    no module torch",
        "  hint: run them again with: qanat retry 1",
        "        or, once the code is changed: qanat rerun 1 --failed --head",
    ]
    different = sandbox.qanat("run", "ends", "-R", "pos_0 0 12 1", code=1).err
    assert "  group 9: exit code 3; see results/ends/run_2/group_9/stderr.txt\n    no module 9\n" in different
    assert "group 10" not in different
    assert different.splitlines()[-3] == "  … and 2 more"
    shown = sandbox.qanat("show", "1").out
    assert "Failures:\n  12 groups (0, 1, 2, 3, 4, and 7 more): exit code 3; see " in shown


def test_status_says_why_groups_of_an_active_run_failed(gates: Gates) -> None:
    sandbox = gates.sandbox
    sandbox.experiment("torn", 'case $1 in x) echo "no module" >&2; exit 3;; esac\n' + SCRIPT)
    with sandbox.start("run", "torn", "-g", "x", "-g", "x", "-g", f"{gates.path()} 0") as process:
        wait_until(lambda: "2 groups: no module" in sandbox.qanat("status").out)
        gates.open()
        process.communicate()


@pytest.mark.parametrize(
    ("command", "code", "reason"),
    [
        ("no-such-program", 127, "exit code 127: no-such-program was not found"),
        ("./tool", 126, "exit code 126: ./tool could not be executed"),
        ("./gone/tool", 127, "exit code 127: ./gone/tool, or the interpreter in its first line, was not found"),
    ],
)
def test_a_program_that_cannot_be_started_is_failed_and_not_finished(
    sandbox: Sandbox, command: str, code: int, reason: str
) -> None:
    sandbox.write("tool", "echo not reached\n")
    sandbox.experiment("tool", "exit 0\n", executable_command=command)
    result = sandbox.qanat("run", "tool", "-g", "1", "-g", "2", code=1)
    assert groups_of(sandbox.record()) == [("failed", code, None, reason)] * 2
    assert f"2 groups (0, 1): {reason}; see results/tool/run_1/group_0/stderr.txt" in result.err
    source = f"  {command} was looked for on the PATH of the jobs, which is that of the shell that started qanat\n"
    for said in (result.err, sandbox.qanat("show", "1").out):
        assert (source in said, "    qanat: PATH is /" in said) == ("/" not in command,) * 2
    hint = (
        "  hint: activate the environment that has no-such-program, and run them again with: qanat retry 1\n"
        "        or name its path:"
        " qanat experiment update tool --executable-command /path/to/no-such-program --commit\n"
        "        and then: qanat rerun 1 --failed --head\n"
    )
    assert result.err.endswith(hint) == ("/" not in command)


def test_a_retry_says_first_that_the_code_has_changed_since(sandbox: Sandbox) -> None:
    sandbox.experiment("ends", ENDS)
    sandbox.qanat("run", "ends", "-R", "--how well,three", code=1)
    assert "note:" not in sandbox.qanat("retry", "1", code=1).err
    sandbox.write("ends.sh", "exit 0\n")
    commit = sandbox.record()["code"]["commit"][:10]
    for words, which in (([], "--failed"), (["--group", "1"], "--group 1")):
        assert sandbox.qanat("retry", "1", *words, code=1).err.startswith(
            f"note: the code has changed since; retry uses commit {commit}"
            f" (for the code as it is now: qanat rerun 1 {which} --head)\n"
        )
    assert sandbox.qanat("rerun", "1", "--failed", "--head", "--commit-message", "Mend it").code == 0


def test_a_program_that_vanishes_while_the_run_goes_on_fails_the_groups_that_want_it(sandbox: Sandbox) -> None:
    sandbox.experiment("once", 'rm "$0"\n')
    assert sandbox.qanat("run", "once", "-g", "1", "-g", "2", code=1)
    assert [g["state"] for g in sandbox.record()["groups"]] == ["finished", "failed"]
    assert sandbox.record()["code"]["changed_while_running"] is True


def test_fail_fast_starts_no_more_groups(sandbox: Sandbox) -> None:
    sandbox.experiment("ends", ENDS)
    result = sandbox.qanat("run", "ends", "--fail-fast", "-R", "--how well,three,well,well", code=1)
    assert groups_of(sandbox.record()) == [
        ("finished", 0, None, None),
        ("failed", 3, None, "exit code 3"),
        ("cancelled", None, None, "not started: an earlier group had failed"),
        ("cancelled", None, None, "not started: an earlier group had failed"),
    ]
    assert "1 of 4 groups failed" in result.err
    assert violations(sandbox) == []


def test_fail_fast_lets_what_runs_come_to_its_end(gates: Gates) -> None:
    sandbox = gates.sandbox
    words = [w for name, code in [("a", 4), ("b", 0), ("c", 0)] for w in ("-g", f"{gates.path(name)} {code}")]
    process = sandbox.start("run", "wait", "--fail-fast", "-j", "2", *words)
    gates.begun(1, 0)
    gates.begun(1, 1)
    gates.open("a")
    wait_until(lambda: _states(sandbox)[0] == "failed")
    assert _states(sandbox)[1:] == ["running", "cancelled"]
    gates.open("b")
    process.communicate(timeout=60)
    assert process.returncode == 1
    assert [g["state"] for g in sandbox.record()["groups"]] == ["failed", "finished", "cancelled"]


def _states(sandbox: Sandbox) -> list[str]:
    listed = sandbox.qanat("experiment", "status", "wait", "--json").json
    return [group["state"] for group in listed[0]["groups"]]


def test_n_threads_keeps_that_many_busy_all_the_time_and_no_more(sandbox: Sandbox) -> None:
    """Not in waves: as soon as one of three ends, the next one starts, however long the other two take."""
    gates = Gates(sandbox)
    # Each counts, as it begins, the groups that have begun and not ended.
    count = 'for d in "$4"/../group_*; do [ -e "$d/begun" ] && [ ! -e "$d/over" ] && echo 1; done >"$4/busy"\n'
    begin, wait, end = gates_script_parts()
    sandbox.experiment("wait", begin + count + wait + ': >"$4/over"\n' + end)
    words = [word for name in "abcdef" for word in ("-g", f"{gates.path(name)} 0")]
    process = sandbox.start("run", "wait", "--n_threads", "3", *words)
    for group in (0, 1, 2):
        gates.begun(1, group)
    for gate, next_group in (("b", 3), ("d", 4), ("e", 5)):
        assert not (gates.storage(1, next_group) / "begun").exists()
        gates.open(gate)
        gates.begun(1, next_group)
        assert not (gates.storage(1, 0) / "completion.json").exists()
        assert not (gates.storage(1, 2) / "completion.json").exists()
    for gate in "acf":
        gates.open(gate)
    process.communicate(timeout=60)
    assert process.returncode == 0
    busy = [len((gates.storage(1, group) / "busy").read_text().split()) for group in range(6)]
    assert max(busy) == 3
    assert sandbox.record()["runner"] == {"name": "local", "options": {"n_threads": 3}}


def gates_script_parts() -> tuple[str, str, str]:
    """Split the script of Gates into its beginning, its waiting and its end."""
    from tests.support.gates import SCRIPT

    begin, _, rest = SCRIPT.partition("n=0\n")
    wait, _, end = rest.partition("exit")
    return begin, "n=0\n" + wait, "exit" + end


# ---- what is shown and kept

BYTES = bytes(range(256)) * 4096 + b"\xff\xfe no newline at the end"
LOUD = """\
import pathlib, sys
data = bytes(range(256)) * 4096 + b"\\xff\\xfe no newline at the end"
sys.stdout.buffer.write(data)
sys.stdout.flush()
sys.stderr.buffer.write(data[::-1])
"""


def test_a_single_groups_output_is_shown_and_kept_byte_for_byte(sandbox: Sandbox) -> None:
    sandbox.python_experiment("loud", LOUD)
    done = subprocess.run([*PROGRAM, "run", "loud"], cwd=sandbox.root, capture_output=True, check=True, timeout=60)
    folder = sandbox.root / "results/loud/run_1"
    assert done.stdout == BYTES
    assert (folder / "stdout.txt").read_bytes() == BYTES
    assert (folder / "stderr.txt").read_bytes() == BYTES[::-1]
    before, said, after = done.stderr.partition(BYTES[::-1])
    assert said
    assert before.startswith(b"Run 1 of loud: 1 group, local, commit ")
    assert before.count(b"\n") == 1
    assert after.startswith(b"Run 1 of loud finished after ")


def test_a_single_groups_output_is_shown_while_it_runs(sandbox: Sandbox) -> None:
    gates = Gates(sandbox)
    begin, wait, end = gates_script_parts()
    sandbox.experiment("wait", begin + "printf early\n" + wait + "printf late\n" + end)
    process = gates.start()
    assert process.stdout is not None
    assert process.stdout.read(5) == "early"
    assert process.poll() is None
    gates.open()
    assert process.communicate(timeout=60)[0] == "late"


def test_python_programs_are_shown_live_without_asking_for_it(sandbox: Sandbox) -> None:
    """Python buffers what it writes to a file, unless told not to."""
    gates = Gates(sandbox)
    program = "import pathlib, sys, time\nprint('early')\nwhile not pathlib.Path(sys.argv[1]).exists():\n"
    sandbox.python_experiment("python", program + "    time.sleep(0.02)\n")
    process = sandbox.start("run", "python", str(gates.path()))
    assert process.stdout is not None
    assert process.stdout.read(5) == "early"
    gates.open()
    process.communicate(timeout=60)
    assert process.returncode == 0


def test_a_hundred_megabytes_of_output_do_not_go_through_memory(sandbox: Sandbox) -> None:
    sandbox.experiment("flood", "head -c 100000000 /dev/zero\n")
    # A small process in between: a child counts the memory of its parent as its own peak until it has started.
    measure = (
        "import resource, subprocess, sys\n"
        "subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, check=True)\n"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)\n"
    )
    words = [sys.executable, "-c", measure, *PROGRAM, "run", "flood"]
    done = subprocess.run(words, cwd=sandbox.root, capture_output=True, text=True, check=True, timeout=60)
    assert int(done.stdout) < 100_000
    assert (sandbox.root / "results/flood/run_1/stdout.txt").stat().st_size == 100_000_000


def test_several_groups_show_plain_lines_where_there_is_no_terminal(sandbox: Sandbox) -> None:
    sandbox.experiment("talk", 'echo "$2"\n')
    result = sandbox.qanat("run", "talk", "-R", "--n 0 3 1", "-j", "2")
    assert result.out == ""
    assert "\x1b" not in result.err
    assert [line.partition(" after")[0].partition(",")[0] for line in result.err.splitlines()] == [
        "Run 1 of talk: 3 groups",
        "Run 1 of talk finished",
    ]
    kept = [(sandbox.root / f"results/talk/run_1/group_{i}/stdout.txt").read_text() for i in range(3)]
    assert kept == ["0\n", "1\n", "2\n"]


def test_several_groups_show_a_bar_with_counts_on_a_terminal(gates: Gates) -> None:
    words = [word for name, code in (("a", 0), ("b", 1), ("c", 0)) for word in ("-g", f"{gates.path(name)} {code}")]
    with Terminal(gates.sandbox.root, "run", "wait", "-j", "2", *words) as terminal:
        terminal.see("Run 1 of wait: 3 groups, local, commit ")
        terminal.see("0/3 2 running, 0 finished, 0 failed, 1 queued time left: unknown")
        gates.open("a")
        terminal.see("1/3 2 running, 1 finished, 0 failed time left:")
        gates.open("b")
        terminal.see("1/3 1 running, 1 finished, 1 failed time left:")
        gates.open("c")
        terminal.see("Run 1 of wait failed after ")
        terminal.see("1 of 3 groups failed")


# ---- what a program finds around it


def test_a_program_finds_its_run_and_group_in_its_environment_and_nothing_on_stdin(sandbox: Sandbox) -> None:
    sandbox.experiment("around", 'echo "$QANAT_RUN $QANAT_GROUP $(pwd)"\ncat\n')
    result = sandbox.qanat("run", "around", stdin="nothing for the program\n", env={"QANAT_GROUP": "of somebody else"})
    assert result.out == f"{sandbox.record()['id']} 0 {sandbox.root}\n"
    sandbox.qanat("run", "around", "-g", "1", "-g", "2")
    said = (sandbox.root / "results/around/run_2/group_1/stdout.txt").read_text()
    assert said == f"{sandbox.record(2)['id']} 1 {sandbox.root}\n"


def test_broken_pipes_end_programs_as_they_do_in_a_shell(sandbox: Sandbox) -> None:
    """Python ignores SIGPIPE, and its children would inherit that."""
    sandbox.experiment("pipe", '(yes; echo "yes ended with $?" >&2) | head -n 1\n')
    result = sandbox.qanat("run", "pipe")
    assert result.out == "y\n"
    assert "yes ended with 141\n" in result.err


def test_what_a_program_starts_and_leaves_running_does_not_hold_up_the_run(sandbox: Sandbox) -> None:
    sandbox.experiment("daemon", 'sleep 30 >/dev/null 2>&1 &\necho $! >"$2/pid"\n')
    sandbox.qanat("run", "daemon")
    pid = (sandbox.root / "results/daemon/run_1/pid").read_text().strip()
    # It ends by itself in the end: a program may leave a server running on purpose.
    subprocess.run(["kill", pid], check=True)
    assert sandbox.record()["state"] == "finished"


# ---- files of the storage directory


def test_info_files_have_the_keys_that_actions_have_always_read(sandbox: Sandbox) -> None:
    sandbox.write("data/x.txt", "1\n")
    sandbox.write(".qanat/datasets/x.yaml", "schema: dataset/1\nname: x\npath: data/x.txt\n")
    sandbox.experiment("ends", ENDS, datasets=["x"])
    sandbox.qanat("run", "ends", "--how", "well", "-g", "a --n 1", "-g", "b --n 2")
    record = sandbox.record()
    folder = sandbox.root / "results/ends/run_1"
    rest = ["--dataset_path", str(sandbox.root / "data/x.txt")]
    commands = [
        f"sh ends.sh --how well {name} --n {n} --storage_path '{folder}/group_{i}' {rest[0]} '{rest[1]}'"
        for i, (name, n) in enumerate([("a", 1), ("b", 2)])
    ]
    assert info(folder) == {
        "run_id": 1,
        "id": record["id"],
        "experiment": "ends",
        "executable": "ends.sh",
        "executable_command": "sh",
        "storage_path": str(folder),
        "commands": commands,
        "groups_of_parameters": [{"--how": ["well", "a"], "--n": "1"}, {"--how": ["well", "b"], "--n": "2"}],
        "repertories": [str(folder / "group_0"), str(folder / "group_1")],
        "working_directory": str(sandbox.root),
        "datasets": {"x": "data/x.txt"},
        "commit_sha": record["code"]["commit"],
        "status": "finished",
        "start_time": record["started"],
        "end_time": record["ended"],
    }
    assert info(folder / "group_1", "group_info.yaml") == {
        "command": commands[1],
        "parameters": {"--how": ["well", "b"], "--n": "2"},
    }
    assert sorted(path.name for path in (folder / "group_1").iterdir()) == [
        "completion.json",
        "group_info.yaml",
        "stderr.txt",
        "stdout.txt",
    ]


def test_info_says_how_a_run_is_doing_while_it_runs_and_how_it_ended(gates: Gates) -> None:
    process = gates.start(code=3)
    assert info(gates.storage())["status"] in ("queued", "running")
    assert info(gates.storage())["end_time"] is None
    gates.open()
    process.communicate(timeout=60)
    assert info(gates.storage())["status"] == "failed"
    assert info(gates.storage())["end_time"] == gates.sandbox.record()["ended"]


def test_tags_description_and_a_directory_of_ones_own_are_recorded(sandbox: Sandbox) -> None:
    sandbox.experiment("plain", 'echo "$2" >"$2/where.txt"\n')
    outside = sandbox.root.parent / "elsewhere/my results"
    words = ["--tag", "a", "-t", "b c", "-t", "a", "--description", "first: [try]\nsecond line"]
    sandbox.qanat("run", *words, "--storage_path", str(outside), "plain")
    record = sandbox.record()
    assert record["tags"] == ["a", "b c"]
    assert record["description"] == "first: [try]\nsecond line"
    assert record["storage"] == str(outside)
    assert (outside / "where.txt").read_text() == f"{outside}\n"
    assert not (sandbox.root / "results").exists()
    sandbox.write(".git/info/exclude", "/scratch/\n")
    sandbox.qanat("run", "plain", "--storage_path", "scratch/inside", cwd=sandbox.root)
    assert sandbox.record(2)["storage"] == "scratch/inside"
    table = sandbox.qanat("experiment", "status", "plain").out
    assert "a, b c" in table
    assert str(outside) in table


def test_results_go_where_the_settings_say(sandbox: Sandbox) -> None:
    config = sandbox.root / ".qanat/config.yaml"
    config.write_text(config.read_text().replace("result_dir: results", "result_dir: out/of the way"))
    sandbox.write(".gitignore", (sandbox.root / ".gitignore").read_text() + "/out/\n")
    sandbox.experiment("plain", 'echo "$2"\n')
    result = sandbox.qanat("run", "plain")
    assert result.out == f"{sandbox.root}/out/of the way/plain/run_1\n"
    assert sandbox.record()["storage"] == "out/of the way/plain/run_1"
    assert sandbox.status() == ""


def test_committing_records_can_be_left_to_the_user(sandbox: Sandbox) -> None:
    config = sandbox.root / ".qanat/config.yaml"
    config.write_text(config.read_text().replace("commit: each", "commit: manual"))
    sandbox.experiment("plain", "exit 0\n")
    head = sandbox.git("rev-parse", "HEAD")
    assert "not committed" not in sandbox.qanat("run", "plain").err
    sandbox.qanat("run", "plain")
    assert sandbox.qanat("status").err == ""
    assert sandbox.git("rev-parse", "HEAD") == head
    assert sandbox.status().splitlines() == ["?? .qanat/environments/", "?? .qanat/runs/"]
    assert [record["state"] for record in sandbox.records()] == ["finished", "finished"]
    sandbox.commit("the records, by myself")
    assert len(sandbox.committed_records()) == 2
    sandbox.qanat("validate")


# ---- metrics

LEAVE = """\
import json, pathlib, sys
folder = pathlib.Path(sys.argv[sys.argv.index("--storage_path") + 1])
for file, text in json.loads(sys.argv[1]).items():
    (folder / file).parent.mkdir(exist_ok=True)
    (folder / file).write_text(text)
"""


def leave(**files: str) -> str:
    """Return the argument that makes the program leave these files (`__` is a dot in a name)."""
    return json.dumps({name.replace("__", "."): text for name, text in files.items()})


def test_metrics_are_copied_into_the_groups_line(sandbox: Sandbox) -> None:
    sandbox.python_experiment("leave", LEAVE)
    nested = '{"acc": 0.5, "loss": {"train": 1, "test": {"mean": 2.5e-3}}, "name": "x", "ok": true, "list": [1]}'
    sandbox.qanat("run", "leave", leave(metrics__json=nested))
    assert sandbox.record(1)["groups"][0]["metrics"] == {"acc": 0.5, "loss.train": 1, "loss.test.mean": 0.0025}
    sandbox.qanat("run", "leave", leave(metrics__yaml="acc: 0.75\nloss: {train: -3}\n"))
    assert sandbox.record(2)["groups"][0]["metrics"] == {"acc": 0.75, "loss.train": -3}
    sandbox.qanat("run", "leave", leave(metrics__json='{"acc": NaN, "far": Infinity, "low": -Infinity}'))
    found = sandbox.record(3)["groups"][0]["metrics"]
    assert found["acc"] != found["acc"]
    assert (found["far"], found["low"]) == (float("inf"), float("-inf"))
    listed = sandbox.qanat("experiment", "status", "leave", "--json").json
    assert listed[0]["groups"][0]["metrics"] == {"acc": "NaN", "far": "Infinity", "low": "-Infinity"}
    assert violations(sandbox) == []


def test_each_group_has_its_own_metrics_also_when_it_failed(sandbox: Sandbox) -> None:
    sandbox.experiment("ends", 'echo "{\\"how\\": ${#2}}" >"$4/metrics.json"\n' + ENDS)
    sandbox.qanat("run", "ends", "-R", "--how well,three", code=1)
    assert [g["metrics"] for g in sandbox.record()["groups"]] == [{"how": 4}, {"how": 5}]


def test_an_experiment_may_name_its_own_files_and_keys_of_metrics(sandbox: Sandbox) -> None:
    metrics = [
        {"file": "out/scores.json", "keys": ["acc", "not.there"]},
        {"file": "more.yaml", "better": {"f": "lower"}},
    ]
    sandbox.python_experiment("leave", LEAVE, metrics=metrics)
    files = {"out/scores.json": '{"acc": 1, "other": 2}', "more.yaml": "f: 3\n", "metrics.json": '{"unasked": 4}'}
    sandbox.qanat("run", "leave", json.dumps(files))
    assert sandbox.record()["groups"][0]["metrics"] == {"acc": 1, "f": 3}


@pytest.mark.parametrize(
    ("name", "text"),
    [("metrics.json", '{"acc": 0.'), ("metrics.json", ""), ("metrics.yaml", "acc: [1\n"), ("metrics.json", "\0\0")],
)
def test_metrics_that_cannot_be_read_are_said_and_the_run_is_recorded(sandbox: Sandbox, name: str, text: str) -> None:
    sandbox.python_experiment("leave", LEAVE)
    result = sandbox.qanat("run", "leave", json.dumps({name: text}))
    (note,) = [line for line in result.err.splitlines() if line.startswith("note: ")]
    assert note.startswith(f"note: {sandbox.root}/results/leave/run_1/{name}: is not a metrics file: ")
    assert sandbox.record()["state"] == "finished"
    assert "metrics" not in sandbox.record()["groups"][0]
    assert violations(sandbox) == []


# ---- progress


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("count_total=4\n1\n1\n", "50 %"),
        ("tqdm\n 10%|#   | 1/10\r 70%|####   | 7/10", "70 %"),
        ("count_total=4\n1\nfinished\n", "100 %"),
        ("something else\n", ""),
    ],
)
def test_progress_of_a_running_program_is_in_the_table(gates: Gates, text: str, shown: str) -> None:
    process = gates.start()
    (gates.storage() / "progress.txt").write_text(text)
    (row,) = [line for line in gates.sandbox.qanat("status").out.splitlines() if "▶ running" in line]
    assert row.endswith(shown or "▶ running")
    assert "%" in row if shown else "%" not in row
    gates.open()
    process.communicate(timeout=60)
    (row,) = [line for line in gates.sandbox.qanat("experiment", "status", "wait").out.splitlines() if "🏁" in line]
    assert row.endswith("100 %")


def test_progress_of_several_groups_is_their_mean_with_the_number_that_ended(gates: Gates) -> None:
    sandbox = gates.sandbox
    gates.open("a")
    words = [word for name in ("a", "b", "c") for word in ("-g", f"{gates.path(name)} 0")]
    process = sandbox.start("run", "wait", "-j", "2", *words)
    for group in range(3):
        gates.begun(1, group)

    def progress() -> str:
        (row,) = [line for line in sandbox.qanat("status").out.splitlines() if "▶ running" in line]
        return row.partition("▶ running")[2].strip()

    assert progress() == "1/3 33 %"
    (gates.storage(1, 0) / "progress.txt").write_text("tqdm\n100%|")
    (gates.storage(1, 1) / "progress.txt").write_text("count_total=2\n1\n")
    assert progress() == "1/3 50 %"
    gates.open("b")
    gates.open("c")
    process.communicate(timeout=60)
    assert process.returncode == 0


def test_a_program_that_puts_a_pipe_in_the_place_of_its_completion_file_ends(sandbox: Sandbox) -> None:
    sandbox.experiment("pipe", 'mkfifo "$2/completion.json"; (cat "$2/completion.json" >"$2/read" &)')
    process = sandbox.start("run", "pipe")
    try:
        process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 0
    (group,) = sandbox.record()["groups"]
    assert (group["state"], group["exit_code"]) == ("finished", 0)

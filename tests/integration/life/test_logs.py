"""The output of a run's programs: afterwards, and while they print it."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.life.endings import exit_code
from tests.support.sandbox import PROGRAM, Sandbox, call, wait_until
from tests.support.terminal import Terminal

TALKS = 'echo "out $2"\necho "err $2" >&2\nprintf "no end"\n'
# Prints a line for every file `say<i>` that appears beside the project, until there is `stop`.
SPEAKS = """\
echo ready
n=1
while [ ! -e "$1/stop" ]; do
    [ -e "$1/say$n" ] && { echo "line $n of $3"; n=$((n + 1)); }
    sleep 0.02
done
printf last
"""


def storage(sandbox: Sandbox, experiment: str) -> Path:
    return sandbox.root / f"results/{experiment}/run_1"


def test_the_output_of_one_group_is_printed_byte_for_byte(sandbox: Sandbox) -> None:
    sandbox.experiment("raw", r"""printf 'a\000b\377\r\nc\033[1m'; printf 'oops\n' >&2""")
    subprocess.run([*PROGRAM, "run", "raw"], cwd=sandbox.root, capture_output=True, check=True)
    for words, expected in (([], b"a\0b\xff\r\nc\x1b[1m"), (["--stderr"], b"oops\n"), (["--group", "0"], None)):
        done = subprocess.run([*PROGRAM, "logs", "1", *words], cwd=sandbox.root, capture_output=True, check=True)
        assert done.stdout == (expected or b"a\0b\xff\r\nc\x1b[1m")
        assert done.stderr == (
            b"" if "--stderr" in words else b"note: there is more on stderr: qanat logs 1 --stderr\n"
        )


def test_a_group_that_is_silent_on_stdout_is_shown_by_its_stderr(sandbox: Sandbox) -> None:
    sandbox.experiment("mixed", '[ "$2" = 0 ] && echo out || echo err >&2\n')
    sandbox.qanat("run", "mixed", "-R", "--n 0,1")
    note = "nothing on stdout of 1 group; this is stderr"
    for words in ((), ("-f",)):
        shown = sandbox.qanat("logs", "1", *words)
        assert (shown.out, shown.err) == ("group 0 | out\ngroup 1 stderr | err\n", f"note: {note}\n")
    shown = sandbox.qanat("logs", "1", "--group", "1")
    assert (shown.out, shown.err) == ("err\n", "note: nothing on stdout; this is stderr\n")
    assert sandbox.qanat("logs", "1", "--group", "1", "--stdout").out == ""
    sandbox.experiment("quiet", "true\n")
    sandbox.qanat("run", "quiet")
    assert sandbox.qanat("logs", "2").err == "note: nothing has been printed\n"
    said = sandbox.qanat("logs", "1", "--stdout", "--stderr", code=2).err
    assert said == "qanat: --stdout cannot be used with --stderr\n  hint: use one of them\n"


def test_a_terminal_follows_both_streams_and_says_which(sandbox: Sandbox) -> None:
    sandbox.experiment("both", "echo out; echo err >&2\n")
    sandbox.qanat("run", "both")
    with Terminal(sandbox.root, "logs", "1", "-f") as terminal:
        terminal.see("out\r\nstderr | err\r\n")
        terminal.ends(0)


def test_the_last_lines_of_each_group_are_shown(sandbox: Sandbox) -> None:
    sandbox.experiment("counts", "seq 1 100; seq 201 300 >&2\n")
    sandbox.qanat("run", "counts", "-R", "--n 0,1")
    assert sandbox.qanat("logs", "1", "--tail", "2").out == (
        "group 0 | 99\ngroup 0 | 100\ngroup 1 | 99\ngroup 1 | 100\n"
    )
    assert sandbox.qanat("logs", "1", "-n", "1", "--group", "0", "--stderr").out == "300\n"
    assert sandbox.qanat("logs", "1", "-n", "0", "-f").out == ""


def test_lines_of_several_groups_begin_with_their_group(sandbox: Sandbox) -> None:
    sandbox.experiment("talks", TALKS)
    sandbox.qanat("run", "talks", "-R", "--n 5,6")
    out = sandbox.qanat("logs", "1").out
    assert out == "group 0 | out 5\ngroup 0 | no end\ngroup 1 | out 6\ngroup 1 | no end\n"
    assert sandbox.qanat("logs", "1", "--stderr").out == "group 0 | err 5\ngroup 1 | err 6\n"
    assert sandbox.qanat("logs", "1", "--group", "1").out == "out 6\nno end"
    assert sandbox.qanat("logs", "1", "-f").out == out
    result = sandbox.qanat("logs", "1", "--group", "2", code=2)
    assert result.err == "qanat: run 1 has no group 2\n  hint: its groups are 0 to 1\n"


@pytest.mark.parametrize("groups", [1, 2])
def test_following_ends_with_the_run_and_misses_nothing(sandbox: Sandbox, groups: int) -> None:
    sandbox.experiment("speaks", SPEAKS)
    beside = sandbox.root.parent
    run = sandbox.start("run", "speaks", str(beside), "-R", f"--n 0 {groups}", "-j", "2")
    folder = storage(sandbox, "speaks")
    first = folder if groups == 1 else folder / "group_0"
    wait_until(lambda: (first / "stdout.txt").exists() and (first / "stdout.txt").read_text())
    with subprocess.Popen(
        [*PROGRAM, "logs", "1", "--follow"], cwd=sandbox.root, stdout=subprocess.PIPE, text=True
    ) as follower:
        assert follower.stdout is not None
        prefix = "" if groups == 1 else "group 0 | "
        assert {follower.stdout.readline() for _ in range(groups)} >= {f"{prefix}ready\n"}
        for n in (1, 2):
            (beside / f"say{n}").touch()
            assert f"{prefix}line {n} of 0\n" in {follower.stdout.readline() for _ in range(groups)}
            assert follower.poll() is None
        (beside / "stop").touch()
        rest = follower.stdout.read()
        assert follower.wait(timeout=60) == 0
    assert rest == ("last" if groups == 1 else "group 0 | last\ngroup 1 | last\n")
    assert exit_code(run) == 0


def test_ctrl_c_leaves_the_following_and_not_the_run(sandbox: Sandbox) -> None:
    sandbox.experiment("speaks", SPEAKS)
    run = sandbox.start("run", "speaks", str(sandbox.root.parent), "--n", "0")
    wait_until((storage(sandbox, "speaks") / "stdout.txt").exists)
    follower = sandbox.start("logs", "1", "-f")
    assert follower.stdout is not None
    assert follower.stdout.readline() == "ready\n"
    follower.send_signal(signal.SIGINT)
    assert follower.communicate(timeout=60)[1].lstrip() == "qanat: aborted\n"
    assert follower.returncode == 130
    assert run.poll() is None
    (sandbox.root.parent / "stop").touch()
    assert exit_code(run) == 0


def test_a_reader_that_has_seen_enough_is_no_error(sandbox: Sandbox) -> None:
    sandbox.python_experiment("long", "for i in range(200_000): print(i)")
    sandbox.qanat("run", "long")
    words = [sys.executable, "-m", "qanat", "logs", "1"]
    script = '"$@" | head -n 1; exit "${PIPESTATUS[0]}"'
    result = call(["bash", "-c", script, "bash", *words], sandbox.root, code=141)
    assert (result.out, result.err) == ("0\n", "")


def test_a_group_that_has_not_begun_has_printed_nothing(sandbox: Sandbox) -> None:
    sandbox.experiment("speaks", SPEAKS)
    run = sandbox.start("run", "speaks", str(sandbox.root.parent), "-R", "--n 0,1")
    wait_until((storage(sandbox, "speaks") / "group_0" / "stdout.txt").exists)
    assert sandbox.qanat("logs", "1", "--group", "1").out == ""
    (sandbox.root.parent / "stop").touch()
    assert exit_code(run) == 0


def test_results_that_are_gone_are_said(sandbox: Sandbox) -> None:
    sandbox.experiment("talks", TALKS)
    sandbox.qanat("run", "talks")
    folder = storage(sandbox, "talks")
    shutil.rmtree(folder)
    assert sandbox.qanat("logs", "1", code=2).err == (
        f"qanat: the results of run 1 are missing: {folder}\n"
        "  hint: results are not in git: copy them from where the run was made, or repeat it with: qanat rerun 1\n"
    )


def test_a_pipe_that_a_program_has_left_in_place_of_its_output_is_not_waited_for(sandbox: Sandbox) -> None:
    sandbox.experiment("pipe", 'rm "$2/stdout.txt"; mkfifo "$2/stdout.txt"\n')
    sandbox.qanat("run", "pipe")
    assert sandbox.qanat("logs", "1").out == ""

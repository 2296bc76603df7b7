"""Earlier attempts at groups, as `logs`, `show`, `runs` and the last line of a run tell of them."""

from __future__ import annotations

import re
import shutil

import pytest
import yaml

from tests.support.sandbox import Sandbox

# $1 is the attempt that succeeds, $2 the exit code of those before it.
SCRIPT = """\
echo "attempt $QANAT_ATTEMPT"
[ "$QANAT_ATTEMPT" -ge "$1" ] || { echo "problem $QANAT_ATTEMPT" >&2; exit "$2"; }
"""


@pytest.fixture
def several(sandbox: Sandbox) -> Sandbox:
    """Return a project with a run of three groups: of one, three and two attempts."""
    content = {"schema": "experiment/1", "name": "several", "executable": "several.sh", "executable_command": "sh"}
    content |= {"retry": {"when": ["failed"], "times": 2}, "checkpoint": 75}
    sandbox.write("several.sh", SCRIPT)
    sandbox.write(".qanat/experiments/several.yaml", yaml.safe_dump(content))
    sandbox.commit()
    sandbox.qanat("run", "several", "-g", "1 0", "-g", "3 7", "-g", "2 75")
    return sandbox


def test_the_output_of_an_attempt_is_shown(several: Sandbox) -> None:
    assert several.qanat("logs", "1", "--attempt", "3").out == "group 1 | attempt 3\n"
    second = several.qanat("logs", "1", "--attempt", "2")
    assert second.out == "group 1 | attempt 2\ngroup 2 | attempt 1\ngroup 2 | attempt 2\n"
    assert second.err == "note: attempts 1 to 2 printed to the same files\n"
    one = ("logs", "1", "--group", "1", "--attempt")
    assert several.qanat(*one, "1", "--stderr").out == "problem 1\n"
    assert several.qanat(*one, "3", "--stderr").err == (
        "note: attempt 3 printed nothing to stderr; it printed to stdout: use --stdout\n"
    )
    assert several.qanat(*one, "4", code=2).err == (
        "qanat: group 1 of run 1 has no attempt 4\n  hint: there were attempts 1 to 3\n"
    )
    said = several.qanat("logs", "1", "--group", "0", "--attempt", "2", code=2).err
    assert said == "qanat: group 0 of run 1 has no attempt 2\n  hint: there was only attempt 1\n"
    said = several.qanat("logs", "1", "--attempt", "1", "-f", code=2).err
    assert said.startswith("qanat: -f cannot be used with --attempt\n")
    shutil.rmtree(several.root / "results/several/run_1/group_1/attempts/2")
    assert several.qanat(*one, "2", code=2).err == (
        "qanat: what attempt 2 at group 1 of run 1 printed is no longer there\n"
        "  hint: there is the output of attempt 1, attempt 3\n"
    )


def test_stderr_is_shown_of_an_attempt_without_stdout(sandbox: Sandbox) -> None:
    content = {"schema": "experiment/1", "name": "silent", "executable": "silent.sh", "executable_command": "sh"}
    sandbox.write("silent.sh", 'echo "problem $QANAT_ATTEMPT" >&2; exit 1\n')
    sandbox.write(".qanat/experiments/silent.yaml", yaml.safe_dump(content))
    sandbox.commit()
    sandbox.qanat("run", "silent", "-g", "a", "-g", "b", code=1)
    sandbox.qanat("retry", "1", "--group", "0", code=1)
    first = sandbox.qanat("logs", "1", "--attempt", "1")
    assert first.out == "group 0 stderr | problem 1\ngroup 1 stderr | problem 1\n"
    assert first.err == "note: nothing on stdout; this is stderr\n"
    assert sandbox.qanat("logs", "1", "--attempt", "2", "--group", "0").out == "problem 2\n"
    assert sandbox.qanat("logs", "1", "--attempt", "1", "--stdout").err == (
        "note: attempt 1 printed nothing to stdout; it printed to stderr: use --stderr\n"
    )


def test_attempts_are_a_column_and_a_condition(several: Sandbox) -> None:
    listed = several.qanat("runs", "--groups", "--where", "attempt>1", "--columns", "group,attempt", "--csv").out
    assert listed.splitlines() == ["group,attempt", "1,3", "2,2"]
    assert several.qanat("runs", "--where", "attempt=3", "--json").json[0]["groups"] == 3
    assert several.qanat("runs", "--where", "attempt>3", "--json").json == []
    lines = several.qanat("show", "1").out
    assert re.search(r"group 1: 3 7: finished, attempt 3 of 3, after \d", lines)
    assert re.search(r"attempt 1: failed \(exit code 7\), after \d", lines)
    assert re.search(r"group 0: 1 0: finished\n", lines)


def test_a_run_takes_as_long_as_all_its_attempts(sandbox: Sandbox) -> None:
    sandbox.experiment("slow", 'sleep "0.$QANAT_ATTEMPT"\n[ "$QANAT_ATTEMPT" = 2 ]\n')
    said = sandbox.qanat("run", "slow", "--retry", "1").err.splitlines()[-1]
    assert re.fullmatch(r"Run 1 of slow finished after \S+ \(\S+ in attempt 2\): results/slow/run_1", said)
    record = sandbox.record()
    (group,) = record["groups"]
    assert record["started"] == group["earlier"][0]["started"] < group["started"]
    (row,) = sandbox.qanat("runs", "--groups", "--json").json
    assert row["duration"] >= 0.3
    assert "no problems found" in sandbox.qanat("validate").out

"""The curves of runs: printed, and followed while a program writes them."""

from __future__ import annotations

import json
import re
import subprocess

from tests.integration.life.endings import exit_code
from tests.support.sandbox import PROGRAM, Sandbox, wait_until

WRITES = """\
for last; do :; done
echo '{"step": 1, "loss": 0.5}' >>"$last/metrics.jsonl"
while [ ! -e "$1/go" ]; do sleep 0.02; done
echo '{"step": 2, "loss": NaN, "acc": 1}' >>"$last/metrics.jsonl"
"""


def test_curves_are_followed_to_the_end_of_the_run_and_printed(sandbox: Sandbox) -> None:
    sandbox.experiment("writes", WRITES)
    beside = sandbox.root.parent
    run = sandbox.start("run", "writes", str(beside), "-R", "--n 5,6", "-j", "2")
    folder = sandbox.root / "results/writes/run_1"
    wait_until(lambda: all((folder / f"group_{n}/metrics.jsonl").exists() for n in (0, 1)))
    words = [*PROGRAM, "metrics", "1", "loss", "--follow", "--csv"]
    with subprocess.Popen(words, cwd=sandbox.root, stdout=subprocess.PIPE, text=True) as follower:
        assert follower.stdout is not None
        begun = [follower.stdout.readline() for _ in range(3)]
        assert begun == ["group,step,loss\n", "0,1,0.5\n", "1,1,0.5\n"]
        (beside / "go").touch()
        rest = follower.stdout.read()
        assert (sorted(rest.splitlines()), follower.wait(timeout=60)) == (["0,2,nan", "1,2,nan"], 0)
    assert exit_code(run) == 0
    assert sandbox.qanat("metrics", "1", "--csv", "--group", "1").out == "group,step,loss,acc\n1,1,0.5,\n1,2,nan,1.0\n"
    rows = json.loads(sandbox.qanat("metrics", "1", "--json", "--tail", "1").out)
    assert rows == [{"group": n, "step": 2, "values": {"loss": "NaN", "acc": 1.0}} for n in (0, 1)]
    text = sandbox.qanat("metrics", "1").out
    assert text == "".join(
        f"group {n}: {beside} --n {5 + n}\n    step          loss           acc\n       1           0.5\n"
        "       2           nan             1\n"
        for n in (0, 1)
    )
    shown = sandbox.qanat("show", "1").out
    assert re.search(
        r"Curves:\n  group +curve +course .*\n  0 +loss +▅\u00d7 +nan +0.5 at 1 +0.5 at 1\n  0 +acc +▅ ", shown
    )
    plot = sandbox.qanat("compare", "1", "--plot", "step", "loss")
    assert plot.out.endswith("\n  * run 1, group 0: n=5\n  o run 1, group 1: n=6\n")
    assert "note: run 1, group 0: n=5: not drawn: 1 value that is not finite\n" in plot.err
    said = sandbox.qanat("metrics", "1", "los", code=2).err
    assert said == "qanat: no curve is called 'los'\n  hint: did you mean 'loss'?\n"
    said = sandbox.qanat("metrics", "1", "los", "--follow", code=2).err
    assert said.startswith(
        "note: no curve is called 'los' yet (did you mean 'loss'?)\nqanat: no curve is called 'los'\n"
    )
    assert "--json cannot be used with --csv" in sandbox.qanat("metrics", "1", "--csv", "--json", code=2).err


def test_a_run_without_curves_says_how_a_program_leaves_them(sandbox: Sandbox) -> None:
    sandbox.experiment("silent", "true\n")
    sandbox.qanat("run", "silent")
    for words in ((), ("--follow",)):
        shown = sandbox.qanat("metrics", "1", *words)
        assert shown.out == ""
        assert shown.err.startswith(
            "note: no curves: a program writes a line of numbers for each step to metrics.jsonl"
        )

"""Runs whose groups may take only so long."""

from __future__ import annotations

from tests.support.gates import Gates
from tests.support.sandbox import Sandbox


def test_a_group_that_takes_too_long_has_failed_and_says_so(sandbox: Sandbox) -> None:
    gates = Gates(sandbox)
    ended = sandbox.qanat("run", "--time-limit", "1s", "wait", str(gates.path()), "0", code=1)
    assert "  group 0: exceeded the time limit of 1s; see results/wait/run_1/stderr.txt\n" in ended.err
    (group,) = sandbox.record()["groups"]
    assert (group["state"], group["signal"], group["reason"]) == ("failed", 15, "exceeded the time limit of 1s")
    shown = sandbox.qanat("show", "1").out
    assert "Status: ❌ failed (exceeded the time limit of 1s)" in shown
    assert "--time-limit: 1s" in shown
    gates.open()
    assert sandbox.qanat("retry", "1", "--time-limit", "1h").code == 0
    assert sandbox.record()["runner"]["options"] == {"time_limit": "1h"}
    assert sandbox.qanat("run", "--time-limit", "1", "wait", "x", "0", code=2).err == (
        "qanat: '1' is not a time limit\n  hint: write it as 90s, 30m, 2h, 1d12h or 1:30:00\n"
    )

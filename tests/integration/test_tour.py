"""The main job from end to end: define, run, look back."""

from __future__ import annotations

from tests.support.sandbox import Sandbox


def test_a_run_is_recorded_committed_and_listed(sandbox: Sandbox) -> None:
    sandbox.experiment("hello", 'echo "$@"\necho \'{"acc": 0.5}\' >"$2/metrics.json"\n')
    result = sandbox.qanat("run", "hello")
    storage = sandbox.root / "results/hello/run_1"
    assert result.out == f"--storage_path {storage}\n"
    record = sandbox.record()
    assert record["state"] == "finished"
    assert record["groups"][0]["metrics"] == {"acc": 0.5}
    assert sandbox.status() == ""
    assert sandbox.committed_records() == {f".qanat/runs/hello/0/{record['id']}.yaml"}
    (listed,) = sandbox.qanat("experiment", "status", "hello", "--json").json
    assert listed["id"] == record["id"]
    assert "🏁 finished" in sandbox.qanat("experiment", "status", "hello").out

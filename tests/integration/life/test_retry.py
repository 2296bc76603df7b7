"""Retrying groups within their run, with the same code; the files of earlier attempts are kept."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.integration.life.endings import exit_code
from tests.support.gates import Gates, is_running
from tests.support.invariants import violations
from tests.support.sandbox import Sandbox, wait_until

# Fails unless `ok` (of the program's own group, or of all) is beside the project; $2 is the group's value.
FLAKY = """\
beside=$(cd .. && pwd)
[ -n "$BESIDE" ] && beside=$BESIDE
echo "attempt of $2"
echo '{"acc": 0.5}' >"$4/metrics.json"
mkdir -p "$4/deep"; date >"$4/deep/file"
[ -e "$beside/ok" ] || [ -e "$beside/ok$2" ] || exit 3
"""


@pytest.fixture
def flaky(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    """Return a project whose program fails until it is told to succeed."""
    monkeypatch.setenv("BESIDE", str(sandbox.root.parent))
    sandbox.experiment("flaky", FLAKY)
    return sandbox


def let(sandbox: Sandbox, name: str = "ok") -> None:
    (sandbox.root.parent / name).touch()


def groups(sandbox: Sandbox) -> list[tuple[str, int]]:
    """Return state and attempt of every group of run 1."""
    return [(g["state"], g.get("attempt", 1)) for g in sandbox.record()["groups"]]


def storage(sandbox: Sandbox, group: int | None = None) -> Path:
    folder = sandbox.root / "results/flaky/run_1"
    return folder if group is None else folder / f"group_{group}"


def test_only_the_groups_that_failed_run_again_inside_the_same_run(flaky: Sandbox) -> None:
    let(flaky, "ok1")
    flaky.qanat("run", "flaky", "-R", "--n 0 3 1", code=1)
    before = flaky.record()
    assert groups(flaky) == [("failed", 1), ("finished", 1), ("failed", 1)]
    let(flaky)
    result = flaky.qanat("retry", "1", "--failed")
    assert "Run 1 of flaky: retrying 2 of 3 groups, local, commit " in result.err
    assert groups(flaky) == [("finished", 2), ("finished", 1), ("finished", 2)]
    after = flaky.record()
    assert after["groups"][1] == before["groups"][1]
    kept = ("id", "created", "code", "command", "parameters", "storage", "runner")
    assert {k: after[k] for k in kept} == {k: before[k] for k in kept}
    assert after["state"] == "finished"
    assert len(flaky.records()) == 1
    assert violations(flaky) == []


def test_what_earlier_attempts_left_is_kept_by_number(flaky: Sandbox) -> None:
    flaky.qanat("run", "flaky", "-R", "--n 0,1", code=1)
    flaky.qanat("retry", "1", code=1)
    let(flaky)
    flaky.qanat("retry", "1")
    for group in (0, 1):
        for number in ("1", "2"):
            attempt = storage(flaky, group) / "attempts" / number
            assert (attempt / "stdout.txt").read_text() == f"attempt of {group}\n"
            assert sorted(p.name for p in attempt.iterdir()) == [
                "completion.json",
                "deep",
                "metrics.json",
                "qanat_manifest.jsonl",
                "stderr.txt",
                "stdout.txt",
            ]
        left = json.loads((storage(flaky, group) / "completion.json").read_text())
        assert (left["attempt"], left["status"]) == (3, 0)
    assert groups(flaky) == [("finished", 3), ("finished", 3)]
    assert re.search(r"group 0: --n 0: finished, attempt 3, after \S+: acc 0.5", flaky.qanat("show", "1").out)
    assert flaky.qanat("logs", "1").out == "group 0 | attempt of 0\ngroup 1 | attempt of 1\n"


def test_a_run_of_one_group_keeps_its_attempts_in_its_own_directory(flaky: Sandbox) -> None:
    parameters = flaky.root.parent / "model.toml"
    parameters.write_text("a = 1")
    flaky.qanat("run", "flaky", "--n", "0", "--parameters_file", str(parameters), code=1)
    let(flaky)
    assert flaky.qanat("retry", "1").out == "attempt of 0\n"
    folder = storage(flaky)
    assert (folder / "attempts/1/stdout.txt").read_text() == "attempt of 0\n"
    assert (folder / "parameters_files/model.toml").read_text() == "a = 1"
    info = yaml.safe_load((folder / "info.yaml").read_text())
    assert (info["status"], info["id"]) == ("finished", flaky.record()["id"])
    assert groups(flaky) == [("finished", 2)]


def test_metrics_are_those_of_the_last_attempt(sandbox: Sandbox) -> None:
    script = 'n=$(ls "$4/attempts" 2>/dev/null | wc -l); echo "{\\"n\\": $n}" >"$4/metrics.json"; [ $n = 1 ] || exit 1'
    sandbox.experiment("counts", script)
    sandbox.qanat("run", "counts", "--x", "1", code=1)
    sandbox.qanat("retry", "1")
    assert sandbox.record()["groups"][0]["metrics"] == {"n": 1}


def test_groups_may_be_named_also_one_that_has_finished(flaky: Sandbox) -> None:
    let(flaky, "ok0")
    flaky.qanat("run", "flaky", "-R", "--n 0 3 1", code=1)
    said = "qanat: group 0 of run 1 has finished\n  hint: to run it again, leave out --failed\n"
    for command in ("retry", "rerun"):
        assert flaky.qanat(command, "1", "--group", "0", "--failed", code=2).err == said
    let(flaky)
    flaky.qanat("retry", "1", "--group", "0", "--group", "2")
    assert groups(flaky) == [("finished", 2), ("failed", 1), ("finished", 2)]
    result = flaky.qanat("retry", "1", "--group", "3", code=2)
    assert result.err == "qanat: run 1 has no group 3\n  hint: its groups are 0 to 2\n"


def test_where_every_group_has_finished_that_is_said(flaky: Sandbox) -> None:
    let(flaky)
    flaky.qanat("run", "flaky", "--n", "0")
    result = flaky.qanat("retry", "1", code=2)
    hint = "choose one with --group, or repeat the run: qanat rerun 1"
    assert result.err == f"qanat: every group of run 1 has finished\n  hint: {hint}\n"
    assert not (storage(flaky) / "attempts").exists()


def test_cancelled_and_lost_groups_run_again(sandbox: Sandbox) -> None:
    gates = Gates(sandbox)
    for n, command in ((1, "cancel"), (2, "status")):
        process = gates.start(run=n)
        if command == "status":
            (job,) = wait_until(lambda: [line for line in _journal(sandbox) if '"job"' in line])
            process.kill()
            exit_code(process)
            _kill_job(job)
        sandbox.qanat(command, *([str(n)] if command == "cancel" else []))
        if command == "cancel":
            exit_code(process)
    assert [sandbox.record(n)["state"] for n in (1, 2)] == ["cancelled", "lost"]
    gates.open()
    for n in (1, 2):
        sandbox.qanat("retry", str(n))
        record = sandbox.record(n)
        assert (record["state"], record["groups"][0]["attempt"]) == ("finished", 2)
    assert violations(sandbox) == []


def _journal(sandbox: Sandbox) -> list[str]:
    (file,) = (sandbox.root / ".git/qanat/inflight").iterdir()
    return file.read_text().splitlines()


def _kill_job(line: str) -> None:
    pid = int(json.loads(line)["job"])
    os.killpg(os.getpgid(pid), signal.SIGKILL)
    wait_until(lambda: not is_running(pid))


def test_a_run_that_goes_on_is_not_retried(sandbox: Sandbox) -> None:
    gates = Gates(sandbox)
    process = gates.start()
    result = sandbox.qanat("retry", "1", code=2)
    said = "qanat: run 1 is still running, so its groups cannot be retried\n"
    assert result.err == f"{said}  hint: wait until it ends, or cancel it: qanat cancel 1\n"
    gates.open()
    assert exit_code(process) == 0


# ---- the same code


REPORTS = """\
import pathlib, sys
folder = pathlib.Path(sys.argv[sys.argv.index("--storage_path") + 1])
(folder / "where").write_text(str(pathlib.Path.cwd()))
(folder / "code").write_text(pathlib.Path("code.txt").read_text())
(folder / "data").write_text(pathlib.Path(sys.argv[-1]).read_text())
sys.exit(0 if (folder / "attempts").exists() or (folder / "../attempts").exists() else 3)
"""


@pytest.fixture
def reporting(sandbox: Sandbox) -> Sandbox:
    """Return a project with a failed run, whose program prints its working directory and fails only once."""
    sandbox.write("code.txt", "first")
    sandbox.write("data.txt", "tracked data")
    sandbox.write(".qanat/datasets/d.yaml", "schema: dataset/1\nname: d\npath: data.txt\n")
    sandbox.python_experiment("reports", REPORTS, datasets=["d"])
    sandbox.qanat("run", "reports", code=1)
    return sandbox


def left(sandbox: Sandbox, run: int = 1) -> dict[str, str]:
    folder = sandbox.root / f"results/reports/run_{run}"
    return {name: (folder / name).read_text() for name in ("where", "code", "data")}


def test_a_tree_that_is_as_it_was_is_used_again(reporting: Sandbox) -> None:
    reporting.qanat("retry", "1")
    assert left(reporting)["where"] == str(reporting.root)
    assert "checkout" not in reporting.record()["submission"]


@pytest.mark.parametrize("change", ["committed", "dirty", "untracked", "another branch"])
def test_a_tree_that_has_changed_is_left_alone_and_a_checkout_of_the_runs_commit_used(
    reporting: Sandbox, change: str
) -> None:
    if change == "another branch":
        reporting.git("checkout", "--quiet", "-b", "other")
    reporting.write("new.txt" if change == "untracked" else "code.txt", "second")
    reporting.write("data.txt", "tracked data" if change == "untracked" else "other data")
    if change in ("committed", "another branch"):
        reporting.commit()
    status = reporting.status()
    commit = reporting.record()["code"]["commit"]
    reporting.qanat("retry", "1")
    checkout = reporting.root / ".qanat/cache/checkouts" / commit[:12]
    assert left(reporting) == {"where": str(checkout), "code": "first", "data": "tracked data"}
    record = reporting.record()
    assert record["submission"]["checkout"] == f".qanat/cache/checkouts/{commit[:12]}"
    assert record["code"]["commit"] == commit
    assert record["state"] == "finished"
    assert reporting.status() == status


def test_a_run_whose_commit_is_gone_cannot_be_retried_and_keeps_what_it_left(reporting: Sandbox) -> None:
    reporting.git("checkout", "--quiet", "--orphan", "fresh")
    reporting.write("code.txt", "second")
    reporting.commit("Begin anew")
    reporting.git("branch", "--quiet", "-D", "main")
    reporting.git("reflog", "expire", "--expire=now", "--all")
    reporting.git("gc", "--quiet", "--prune=now")
    commit = reporting.record()["code"]["commit"]
    for command in ("retry", "rerun"):
        result = reporting.qanat(command, "1", code=2)
        said = f"qanat: commit {commit[:10]} of run 1 is not in this repository\n"
        assert result.err == f"{said}  hint: fetch it from where the run was launched: git fetch\n"
    assert not (reporting.root / "results/reports/run_1/attempts").exists()


def test_data_that_are_gone_are_said_before_anything_is_set_aside(sandbox: Sandbox) -> None:
    data = sandbox.root.parent / "outside"
    data.write_text("data")
    sandbox.write("code.txt", "first")
    sandbox.write(".qanat/datasets/d.yaml", f"schema: dataset/1\nname: d\npath: {data}\n")
    sandbox.python_experiment("reports", REPORTS, datasets=["d"])
    sandbox.qanat("run", "reports", code=1)
    data.unlink()
    result = sandbox.qanat("retry", "1", code=2)
    assert result.err == (
        f"qanat: dataset d of run 1: {data} does not exist here\n  hint: it is outside of the repository, "
        "so it is not part of a clone: copy it there, or run with other data: qanat run reports\n"
    )
    assert not (sandbox.root / "results/reports/run_1/attempts").exists()
    assert sandbox.record()["state"] == "failed"


def test_code_that_changes_while_a_retry_goes_on_in_the_project_is_said(sandbox: Sandbox) -> None:
    gates = Gates(sandbox)
    gates.open()
    sandbox.qanat("run", "wait", str(gates.path()), "3", code=1)
    gates.path().unlink()
    process = sandbox.start("retry", "1")
    wait_until(lambda: (gates.storage() / "attempts").exists() and (gates.storage() / "begun").exists())
    sandbox.write("wait.sh", "exit 1\n")
    gates.open()
    assert exit_code(process) == 1
    assert sandbox.record()["code"]["changed_while_running"] is True


def test_a_snapshot_is_retried_as_it_was(reporting: Sandbox) -> None:
    reporting.write("code.txt", "not committed")
    reporting.qanat("run", "--snapshot", "reports", code=1)
    reporting.write("code.txt", "edited again")
    reporting.qanat("retry", "2")
    assert left(reporting, 2)["code"] == "not committed"
    assert (reporting.root / "code.txt").read_text() == "edited again"


# ---- the kept parameters file

READS = """\
import pathlib, sys
config = pathlib.Path(sys.argv[sys.argv.index("--config") + 1])
folder = pathlib.Path(sys.argv[sys.argv.index("--storage_path") + 1])
(folder / "read").write_text(config.read_text())
sys.exit(0 if (folder / "attempts").exists() else 3)
"""


def test_an_ignored_parameters_file_that_has_changed_is_read_as_it_was_kept(sandbox: Sandbox) -> None:
    sandbox.write(".gitignore", (sandbox.root / ".gitignore").read_text() + "*.toml\n")
    sandbox.python_experiment("reads", READS)
    sandbox.write("conf.toml", "first")
    sandbox.qanat("run", "reads", "--config", "conf.toml", "--parameters_file", "conf.toml", code=1)
    sandbox.write("conf.toml", "second")
    sandbox.qanat("retry", "1")
    assert (sandbox.root / "results/reads/run_1/read").read_text() == "first"


def test_a_parameters_file_elsewhere_that_has_changed_is_no_base_for_a_retry(sandbox: Sandbox) -> None:
    config = sandbox.root.parent / "conf.toml"
    config.write_text("first")
    sandbox.python_experiment("reads", READS)
    words = ["--config", str(config), "--parameters_file", str(config)]
    sandbox.qanat("run", "reads", *words, code=1)
    config.write_text("second")
    result = sandbox.qanat("retry", "1", code=2)
    said = f"qanat: the parameters file {config} has changed since run 1 was launched\n"
    assert result.err == f"{said}  hint: repeat the run with the copy that was kept: qanat rerun 1\n"
    config.write_text("first")
    sandbox.qanat("retry", "1")


def test_a_parameters_file_beside_the_project_that_is_as_it_was_is_read_again(sandbox: Sandbox) -> None:
    sandbox.write("../conf.toml", "first")
    sandbox.python_experiment("reads", READS)
    sandbox.qanat("run", "reads", "--config", "../conf.toml", "--parameters_file", "../conf.toml", code=1)
    sandbox.qanat("retry", "1")
    assert (sandbox.root / "results/reads/run_1/read").read_text() == "first"


def test_results_that_are_gone_are_made_anew(flaky: Sandbox) -> None:
    flaky.qanat("run", "flaky", "-R", "--n 0,1", code=1)
    shutil.rmtree(storage(flaky))
    let(flaky)
    flaky.qanat("retry", "1")
    assert groups(flaky) == [("finished", 2), ("finished", 2)]
    assert (storage(flaky, 0) / "stdout.txt").read_text() == "attempt of 0\n"


def test_groups_are_retried_side_by_side_and_no_more_once_one_has_failed(sandbox: Sandbox) -> None:
    sandbox.experiment("fails", "exit 3")
    sandbox.qanat("run", "fails", "-R", "--n 0 4 1", code=1)
    sandbox.qanat("retry", "1", "--fail_fast", code=1)
    states: list[Any] = [g["state"] for g in sandbox.record()["groups"]]
    assert states == ["failed", "cancelled", "cancelled", "cancelled"]
    result = sandbox.qanat("retry", "1", "--group", "0", "--submit_template", "x", code=2)
    assert "--submit-template cannot be used with runner local" in result.err

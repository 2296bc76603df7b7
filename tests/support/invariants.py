"""What must hold for every project, whatever happened to it: checked with git itself and readers other than qanat's."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from tests.support.sandbox import Sandbox, wait_until

ENDED = ("finished", "failed", "cancelled", "lost")


def violations(sandbox: Sandbox, committed_before: Iterable[str] = (), *, git_status: str = "") -> list[str]:
    """List the invariants that are violated once nothing is running; at least one `qanat status` is run first.

    `committed_before` are records that must still be in HEAD, `git_status` what the user had left uncommitted.
    """
    found = _collect(wait_until, lambda: not sandbox.qanat("status", "--json").json["in_flight"])
    found += _collect(sandbox.qanat, "validate")
    committed = sandbox.committed_records()
    found += [f"{path} was committed and is not in HEAD" for path in sorted(set(committed_before) - committed)]
    for record in sandbox.records():
        found += record_violations(sandbox, record, committed)
    if (status := sandbox.status()) != git_status:
        found.append(f"git status: {status}")
    if said := _fsck(sandbox):
        found.append(f"git fsck: {said}")
    # A journal that was never written to says nothing; it is removed after ten seconds.
    journals = [p.name for p in sorted((sandbox.root / ".git/qanat/inflight").glob("*.jsonl")) if p.stat().st_size]
    return found + [f"journal {name} is left over" for name in journals]


def _collect(check: Callable[..., Any], *args: Any) -> list[str]:
    try:
        check(*args)
    except AssertionError as error:
        return [str(error)]
    return []


def _fsck(sandbox: Sandbox) -> str:
    done = subprocess.run(
        ["git", "fsck", "--strict", "--no-dangling", "--no-progress"],
        cwd=sandbox.root,
        capture_output=True,
        text=True,
        check=False,
    )
    return (done.stdout + done.stderr).strip() or ("" if done.returncode == 0 else f"exit code {done.returncode}")


def record_violations(sandbox: Sandbox, record: dict[str, Any], committed: set[str]) -> list[str]:
    """List the invariants that the record of an ended run, in its default directory, violates."""
    number = int(record["id"].partition("-")[0])
    path = f".qanat/runs/{record['experiment']}/{number // 100}/{record['id']}.yaml"
    found = [] if path in committed else [f"{path} is not in HEAD"]
    if record["state"] not in ENDED:
        found.append(f"run {number} is {record['state']}")
    if record["storage"] != f"results/{record['experiment']}/run_{number}":
        found.append(f"run {number} has the directory {record['storage']}")
    if "results" in record:
        is_there = (sandbox.root / record["storage"]).exists()
        return [*found, f"run {number} has results that were removed"] if is_there else found
    for group in record["groups"]:
        folder = sandbox.root / record["storage"]
        own = folder if len(record["groups"]) == 1 else folder / f"group_{group['group']}"
        found += [f"run {number}, group {group['group']}: {problem}" for problem in group_violations(group, own)]
    return found


def group_violations(group: dict[str, Any], folder: Path) -> list[str]:
    """Compare a group's row with the completion file in its directory, which is the truth about its end."""
    file = folder / "completion.json"
    if group["state"] == "cancelled":
        return []
    if not file.exists():
        return [] if group["state"] == "lost" else [f"{group['state']}, without a completion file"]
    if not file.read_text().endswith("}\n"):
        return []  # the disk was full, and qanat learned of the end from the process
    status = json.loads(file.read_text())["status"]
    expected = ("finished", 0) if status == 0 else ("failed", status)
    said = (group["state"], group.get("exit_code"))
    return [] if said == expected else [f"{said} in the record, {expected} in the completion file"]

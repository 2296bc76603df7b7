"""Running on Grid Engine: each run of qanat is one array job, whatever its number of groups."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from qanat.runners.api import (
    JobBatch,
    JobHandle,
    JobStatus,
    RunnerDefaults,
    RunnerUnavailable,
    Sightings,
    State,
    Submission,
    SubmitFailed,
    SubmitUnknown,
    cancellations,
    job_script,
)
from qanat_gridengine.asking import accounting, accounts, call, ended_tasks, queue, status_in_queue, stderr_text

SUBMIT_S = 60.0
OURS = frozenset(
    {"A", "C", "N", "S", "b", "cwd", "e", "h", "i", "inter", "j", "now", "o", "sync", "t", "tc", "terse", "w", "wd"}
)
JOB = re.compile(r"(\d+)\.(\d+)\Z")


class GridEngineRunner(RunnerDefaults):
    """Submits runs with qsub, and polls them with qstat and, once they have left the queue, qacct."""

    name = "gridengine"
    title = "Grid Engine"
    generated_files = job_script.GENERATED_FILES

    def check(self) -> None:
        """Raise RunnerUnavailable if Grid Engine is not installed or its master does not answer."""
        done = call(["qconf", "-sss"])
        if done.status != 0:
            raise RunnerUnavailable(f"Grid Engine's master does not answer: {stderr_text(done)}", hint="see: qstat")

    def key_problems(self, options: Mapping[str, Any]) -> list[str]:
        """List options of qsub that the runner sets itself; keys without a dash are names of resources."""
        own = [key for key in options if key.startswith("-") and key.lstrip("-") in OURS]
        return [f"{key}: is set by qanat and cannot be in a template" for key in own]

    def problems(self, options: Mapping[str, Any]) -> list[str]:
        """List what is wrong with the options, including what `qsub -w v` reports without submitting anything."""
        if found := self.key_problems(options):
            return found
        try:
            done = call(["qsub", "-w", "v", *option_arguments(options)], stdin=b"exit 0\n")
        except RunnerUnavailable as error:
            return [f"the values could not be checked: {error.message}"]
        return [] if done.status == 0 else [stderr_text(done)]

    def limited(self, options: Mapping[str, Any], seconds: int) -> dict[str, Any]:
        """Return the options with this time limit."""
        return {**options, "h_rt": seconds}

    def render(self, batch: JobBatch) -> str:
        """Return the call of qsub with its script, and the scripts of the first job."""
        return f"{shlex.join(qsub(batch))} <<'QANAT'\n{script(batch)}QANAT\n\n{job_script.preview(batch)}"

    def submit(self, batch: JobBatch) -> Submission:
        """Submit one array job. Raises SubmitFailed if nothing was queued."""
        self.check()
        job_script.write_scripts(batch)
        try:
            done = call(qsub(batch), stdin=script(batch).encode(), timeout_s=SUBMIT_S)
        except RunnerUnavailable as error:
            raise SubmitUnknown(f"Grid Engine may or may not have accepted the run: {error.message}") from None
        number = done.out.decode().strip().partition(".")[0]
        if done.status != 0 or not number.isdigit():
            raise SubmitFailed(f"Grid Engine refused the run: {stderr_text(done)}")
        return submission(number, [job.group for job in batch.jobs])

    def find(self, intent: str, jobs: Sequence[int], since: str) -> Submission | None:
        """Find the array job whose account is this intent, in the queue or in accounting."""
        self.check()
        waiting = sorted({name.partition(".")[0] for name in queue()})
        numbers = [number for number, account in accounts(waiting).items() if account == intent]
        numbers = numbers or [row["jobnumber"] for row in accounting(intent)]
        return submission(numbers[0], jobs) if numbers else None

    def poll(self, handles: Sequence[JobHandle]) -> Sightings:
        """Query the queue once, and accounting once for each run with jobs that have left it."""
        seen = {handle: JobStatus(None) for handle in handles}
        named = [handle for handle in handles if JOB.match(str(handle.job))]
        if not named:
            return Sightings(seen)
        try:
            self.check()
            rows = in_queue(named)
            gone = [handle for handle in named if handle not in rows]
            ended = {intent: ended_tasks(intent) for intent in {handle.intent for handle in gone}}
        except RunnerUnavailable as error:
            return Sightings(seen, error.message)
        seen |= {handle: status_in_queue(row) for handle, row in rows.items()}
        known = {handle: ended[handle.intent].get(str(handle.job), JobStatus(None)) for handle in gone}
        # Accounting does not list a job that was removed before it started.
        removed = cancellations.weigh(known, None, State.FINISHED, State.FAILED)
        return Sightings(seen | known | removed)

    def cancel(self, handles: Sequence[JobHandle]) -> None:
        """Remove jobs, and note in the storage directory that qanat did so."""
        cancellations.note(self._act("qdel", handles))

    def hold(self, handles: Sequence[JobHandle]) -> None:
        """Hold waiting jobs; running ones go on."""
        self._act("qhold", handles)

    def release(self, handles: Sequence[JobHandle]) -> None:
        """Release held jobs."""
        self._act("qrls", handles)

    def _act(self, program: str, handles: Sequence[JobHandle]) -> list[JobHandle]:
        """Act on the jobs that are in the queue; another user's job with the same number is left alone."""
        self.check()
        present = list(in_queue(handles))
        if present:
            done = call([program, *spans(str(handle.job) for handle in present)])
            refused = [
                line for line in stderr_text(done, "\n").splitlines() if "denied" in line and "not exist" not in line
            ]
            if refused:
                raise RunnerUnavailable(f"Grid Engine refused {program}: {refused[0]}")
        return present

    def scheduler_log(self, folder: Path, handles: Sequence[JobHandle]) -> str:
        """Return what qstat, or else qacct, reports about jobs."""
        parts = []
        for number in sorted({str(handle.job).partition(".")[0] for handle in handles if handle.job}):
            done = call(["qstat", "-j", number])
            parts.append(done.out if done.status == 0 else call(["qacct", "-j", number]).out)
        return b"\n".join(parts).decode("utf-8", "replace")


# ---- submitting


def qsub(batch: JobBatch) -> list[str]:
    """Return the call of qsub. qanat's own options come last, so that no file of defaults can change them."""
    throttle = ["-tc", str(batch.max_running)] if batch.max_running else []
    name = batch.name if batch.name[0].isalpha() else f"q{batch.name}"  # no digit may come first
    own = ["-N", name, "-A", batch.intent, "-t", f"1-{len(batch.jobs)}", *throttle, "-wd", "/", "-S", "/bin/sh"]
    # -C "": no line of the script is taken for options. The job's own output goes where its script puts it.
    return ["qsub", "-terse", *option_arguments(batch.options), *own, "-o", "/dev/null", "-j", "y", "-C", ""]


def script(batch: JobBatch) -> str:
    """Return the array's script: task 1 is the first job of the batch, and so on."""
    tasks = (
        f"{n}) exec {shlex.join(job_script.start_command(batch, job))} ;;\n" for n, job in enumerate(batch.jobs, 1)
    )
    return f"case $SGE_TASK_ID in\n{''.join(tasks)}esac\n"


def option_arguments(options: Mapping[str, Any]) -> list[str]:
    """Return a template as arguments: `-pe: smp 4` is an option of qsub, `h_vmem: 4G` a resource, true a flag."""
    arguments = []
    for key, value in options.items():
        text = ",".join(map(str, value)) if isinstance(value, list) else str(value)
        if not key.startswith("-"):
            arguments += ["-l", f"{key}={text}"]
        elif value is not False:
            arguments += [key] if value is True else [key, *text.split()]
    return arguments


def submission(number: str, groups: Iterable[int]) -> Submission:
    """Map each group to the id of its task in an array job."""
    return Submission({group: f"{number}.{task}" for task, group in enumerate(groups, 1)}, {"cluster": int(number)})


# ---- finding jobs again


def in_queue(handles: Sequence[JobHandle]) -> dict[JobHandle, dict[str, str]]:
    """Return the rows of jobs that are in the queue under their run's intent."""
    rows = queue()
    found = {handle: rows[handle.job] for handle in handles if handle.job in rows}
    known = accounts(sorted({row["JB_job_number"] for row in found.values()}))
    return {handle: row for handle, row in found.items() if known.get(row["JB_job_number"]) == handle.intent}


def spans(names: Iterable[str]) -> list[str]:
    """Return tasks in the form that qdel takes, consecutive ones as a range: 12.1-5:1 and 12.9-9:1."""
    found: list[list[int]] = []
    for number, task in sorted(tuple(map(int, name.split("."))) for name in names):
        if found and found[-1][0] == number and found[-1][2] == task - 1:
            found[-1][2] = task
        else:
            found.append([number, task, task])
    return [f"{number}.{first}-{last}:1" for number, first, last in found]

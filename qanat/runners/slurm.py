"""The Slurm runner: one run is one array, or as few as the limits allow; a run of one group is a plain job."""

from __future__ import annotations

import getpass
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qanat.domain.job import JobBatch, JobHandle, JobStatus, Sightings, Submission
from qanat.errors import QanatError, RunnerUnavailable, SubmitFailed, SubmitUnknown
from qanat.runners import job_script, option_changes, slurm_flags
from qanat.runners.slurm_queue import ASK_S, MARK, MARKED, from_sacct, from_squeue, row_of, sacct, said, squeue
from qanat.system import programs

OUTPUT = "slurm.out"
PING_S = 2.0
SUBMIT_S = 60.0
ARRAY_SIZE = 1001


@dataclass(frozen=True, slots=True)
class _Array:
    """Part of a batch that is one call of sbatch: `offset` is added to an index to give the group."""

    offset: int
    groups: tuple[int, ...]


class SlurmRunner:
    """Submits runs with sbatch, and asks squeue and, where there is accounting, sacct."""

    name = "slurm"
    title = "Slurm"

    def check(self) -> None:
        """Raise RunnerUnavailable when there is no Slurm, or its controller does not answer."""
        done = programs.run(["scontrol", "ping"], cwd=Path("/"), timeout_s=PING_S)
        if done.status != 0 or b" UP" not in done.out:
            said = " ".join((done.out + done.err).decode("utf-8", "replace").split())
            raise RunnerUnavailable(f"Slurm's controller does not answer: {said}", hint="see: scontrol ping")

    def key_problems(self, options: Mapping[str, Any]) -> list[str]:
        """List options that sbatch does not have, and options that are qanat's own."""
        return slurm_flags.key_problems(options)

    def problems(self, options: Mapping[str, Any]) -> list[str]:
        """List what is wrong with options, by their names and by `sbatch --test-only` where there is a cluster."""
        found = self.key_problems(options)
        if found:
            return found
        try:
            self.check()
            command = ["sbatch", "--test-only", *slurm_flags.words(options)]
            done = programs.run(command, cwd=Path("/"), stdin=b"#!/bin/sh\n", timeout_s=ASK_S)
        except RunnerUnavailable as error:
            return [f"the values could not be checked: {error.message}"]
        return [] if done.status == 0 else [said(done)]

    def warnings(self, options: Mapping[str, Any]) -> list[str]:
        """List what works but is better left out; nothing, for Slurm."""
        return []

    def may_run_again(self, options: Mapping[str, Any]) -> bool:
        """Tell that Slurm starts no program again that has come to its end."""
        return False

    def changed(self, options: Mapping[str, Any], changes: Mapping[str, str]) -> dict[str, Any]:
        """Give options with some set anew, however their keys are spelled."""
        return option_changes.changed(options, changes, slurm_flags.name_of)

    def get_ready(self) -> None:
        """Do nothing: sbatch starts at once."""

    def render(self, batch: JobBatch) -> str:
        """Give the call of sbatch with its script, and the scripts of the first job."""
        parts = []
        for array in _arrays(batch, ARRAY_SIZE):
            command = shlex.join(_command(batch, array))
            parts.append(f"{command} <<'QANAT'\n{_script(batch, array)}QANAT\n")
        parts.append(job_script.preview(batch))
        return "\n".join(parts)

    def submit(self, batch: JobBatch) -> Submission:
        """Submit the arrays of a batch, all or none. Raises SubmitFailed: nothing is queued then."""
        self.check()
        job_script.write_scripts(batch)
        jobs: dict[int, str] = {}
        submitted: list[str] = []
        cluster = ""
        for array in _arrays(batch, _array_size()):
            try:
                answer = _sbatch(batch, array)
            except QanatError:
                _cancel(submitted)
                raise
            number, _, cluster = answer.partition(";")
            submitted.append(number)
            jobs |= _names(number, array, alone=len(batch.jobs) == 1)
        details = {"jobs": submitted} | ({"cluster": cluster} if cluster else {})
        return Submission(jobs, details)

    def find(self, intent: str, jobs: Sequence[int], since: str) -> Submission | None:
        """Find the arrays that carry this intent in their comment, or in accounting's job name."""
        self.check()
        found: dict[int, str] = {}
        for row in squeue(["-u", getpass.getuser()]):
            match = MARKED.match(row["mark"])
            if match and match[1] == intent:
                group = int(row["id"].partition("_")[2] or 0) + int(match[2])
                found[group] = row["id"]
        chosen = {group: found[group] for group in jobs if group in found}
        numbers = sorted({name.partition("_")[0] for name in chosen.values()}, key=int)
        return Submission(chosen, {"jobs": numbers}) if chosen else None

    def poll(self, handles: Sequence[JobHandle]) -> Sightings:
        """Ask squeue once about all jobs, and sacct once about those that squeue does not know or knows as ended."""
        unseen = {handle: JobStatus(None) for handle in handles}
        numbers = sorted({h.job.partition("_")[0] for h in handles if h.job})
        if not numbers:
            return Sightings(unseen)
        try:
            self.check()
            rows = {row["id"]: row for row in squeue(["-j", ",".join(numbers)])}
        except RunnerUnavailable as error:
            return Sightings(unseen, error.message)
        seen = {h: from_squeue(row_of(rows, str(h.job)), h) for h in handles}
        open_ended = [h for h, status in seen.items() if status.state is None or status.state.ended]
        if open_ended:
            past = sacct(open_ended)
            seen |= {h: from_sacct(past[str(h.job)], h, seen[h]) for h in open_ended if str(h.job) in past}
        return Sightings(seen)

    def cancel(self, handles: Sequence[JobHandle]) -> None:
        """Cancel jobs; signals go to the batch shell as well, so that it notes that it was stopped."""
        self.check()
        _cancel(_grouped(handles))

    def hold(self, handles: Sequence[JobHandle]) -> None:
        """Hold pending jobs; running ones go on."""
        self._control("hold", handles)

    def release(self, handles: Sequence[JobHandle]) -> None:
        """Release held jobs."""
        self._control("release", handles)

    def _control(self, what: str, handles: Sequence[JobHandle]) -> None:
        self.check()
        for name in _grouped(handles):
            done = programs.run(["scontrol", what, name], cwd=Path("/"), timeout_s=ASK_S)
            if done.status != 0 and b"already" not in done.err.lower() and b"finished" not in done.err.lower():
                raise RunnerUnavailable(f"Slurm could not {what} job {name}: {said(done)}")

    def scheduler_log(self, folder: Path, handles: Sequence[JobHandle]) -> str:
        """Give what scontrol or sacct knows of jobs, and Slurm's own output."""
        parts = []
        for name in _grouped(handles):
            try:
                done = programs.run(["scontrol", "show", "job", name], cwd=Path("/"), timeout_s=ASK_S)
                if done.status != 0:
                    done = programs.run(["sacct", "-j", name, "-l", "-P"], cwd=Path("/"), timeout_s=ASK_S)
            except RunnerUnavailable as error:
                return error.message
            parts.append(done.out.decode("utf-8", "replace") or said(done))
        own = folder / OUTPUT
        if own.is_file() and (text := own.read_text(errors="replace")):
            parts.append(f"{OUTPUT}:\n{text}")
        return "\n".join(parts)


# ---- submitting


def _arrays(batch: JobBatch, size: int) -> list[_Array]:
    """Cut a batch into arrays whose indices are below size; groups keep their places by an offset."""
    arrays: dict[int, list[int]] = {}
    for job in batch.jobs:
        arrays.setdefault(job.group // size, []).append(job.group)
    return [_Array(number * size, tuple(groups)) for number, groups in arrays.items()]


def _array_size() -> int:
    """Give how many indices an array may have: MaxArraySize, whose highest index is one less."""
    done = programs.run(["scontrol", "show", "config"], cwd=Path("/"), timeout_s=ASK_S)
    match = re.search(rb"MaxArraySize\s*=\s*(\d+)", done.out)
    return max(1, int(match[1])) if match else ARRAY_SIZE


def _command(batch: JobBatch, array: _Array) -> list[str]:
    """Give the call of sbatch; flags, because they beat variables and `#SBATCH` lines."""
    command = ["sbatch", "--parsable", f"--job-name={batch.name}", f"--comment={MARK}:{batch.intent}:{array.offset}"]
    command += [f"--output={_literal(batch.folder / OUTPUT)}", "--open-mode=append"]
    if len(batch.jobs) > 1:
        throttle = f"%{batch.max_running}" if batch.max_running else ""
        command.append(f"--array={_indices([g - array.offset for g in array.groups])}{throttle}")
    return command + slurm_flags.words(batch.options)


def _literal(path: Path) -> str:
    """Write a path so that sbatch replaces nothing in it."""
    return str(path).replace("\\", "\\\\").replace("%", "%%")


def _indices(numbers: Sequence[int]) -> str:
    """Write indices as sbatch takes them: 0-3,7."""
    spans: list[list[int]] = []
    for number in sorted(numbers):
        if spans and spans[-1][1] == number - 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    return ",".join(str(a) if a == b else f"{a}-{b}" for a, b in spans)


def _script(batch: JobBatch, array: _Array) -> str:
    """Give the script of an array: find the group, and hand over to the run's own script."""
    again = {job.group: job.attempt for job in batch.jobs if job.attempt > 1}
    attempts = "".join(
        f"    {group}) attempt={attempt} ;;\n" for group, attempt in again.items() if group in array.groups
    )
    if len(batch.jobs) == 1:
        job = batch.jobs[0]
        find = f"group={job.group} here={shlex.quote(str(job.storage))}\n"
    else:
        stem = shlex.quote(str(batch.folder / "group_"))
        find = f"group=$((SLURM_ARRAY_TASK_ID + {array.offset}))\nhere={stem}$group\n"
    choose = f"case $group in\n{attempts}esac\n" if attempts else ""
    script = shlex.quote(str(batch.folder / job_script.JOB_SCRIPT))
    start = f'exec /bin/sh {script} "$here" "$attempt" "$group"'
    return f"#!/bin/sh\n# Written by qanat for run {batch.run_id}.\n{find}attempt=1\n{choose}{start}\n"


def _sbatch(batch: JobBatch, array: _Array) -> str:
    try:
        done = programs.run(
            _command(batch, array), cwd=batch.folder, stdin=_script(batch, array).encode(), timeout_s=SUBMIT_S
        )
    except RunnerUnavailable as error:
        raise SubmitUnknown(f"Slurm may or may not have taken the run: {error.message}", hint="qanat status") from None
    answer = done.out.decode("utf-8", "replace").strip().splitlines()
    if done.status != 0 or not answer or not answer[-1].partition(";")[0].isdigit():
        raise SubmitFailed(f"Slurm did not take the run: {said(done)}", hint="qanat template show NAME --check")
    return answer[-1]


def _names(number: str, array: _Array, *, alone: bool) -> dict[int, str]:
    if alone:
        return {array.groups[0]: number}
    return {group: f"{number}_{group - array.offset}" for group in array.groups}


def _cancel(names: Sequence[str]) -> None:
    if names:
        done = programs.run(["scancel", "--full", *names], cwd=Path("/"), timeout_s=ASK_S)
        if done.status != 0 and b"already" not in done.err.lower():
            raise RunnerUnavailable(f"Slurm could not cancel: {said(done)}")


def _grouped(handles: Sequence[JobHandle]) -> list[str]:
    """Name jobs for a command, the elements of one array together: 812_[0-3,7]."""
    arrays: dict[str, list[int]] = {}
    names = []
    for handle in handles:
        number, element, index = str(handle.job).partition("_")
        if element:
            arrays.setdefault(number, []).append(int(index))
        elif handle.job:
            names.append(number)
    return names + [f"{number}_[{_indices(indices)}]" for number, indices in arrays.items()]

"""The Slurm runner: one run is one array, or as few as the limits allow; a run of one group is a plain job."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from qanat.domain.job import JobBatch, JobHandle, JobStatus, Sightings, Submission
from qanat.errors import InputInvalid, QanatError, RunnerUnavailable, SubmitFailed, SubmitUnknown
from qanat.runners.slurm import commands, flags, look, queue, submission
from qanat.runners.slurm import jobs as slurm_jobs
from qanat.runners.slurm.commands import Limits, call, said
from qanat.runners.slurm.submission import Array
from qanat.runners.submitting import cancellations, job_script, option_changes
from qanat.system import files

SUBMIT_S = 60.0
HINT = "qanat template show NAME --check"
# What scontrol and scancel say of a job to which nothing can be done any more.
_GONE = (b"already", b"finished", b"invalid job id")
# What sbatch says when its question was sent and no answer came.
_UNANSWERED = (b"timed out", b"zero bytes were transmitted", b"connection reset", b"unexpected message")


class SlurmRunner:
    """Submits runs with sbatch, and asks squeue and, where there is accounting, sacct."""

    name = "slurm"
    title = "Slurm"
    own_files = job_script.OWN_FILES | {submission.OUTPUT}

    def __init__(self) -> None:
        self._down: RunnerUnavailable | None = None
        self._requeues: bool | None = None

    def check(self) -> None:
        """Raise RunnerUnavailable when there is no Slurm, or its controller does not answer."""
        # One look asks several times; without a controller each of them could take two seconds.
        if self._down is not None:
            raise self._down
        try:
            commands.ping()
        except RunnerUnavailable as error:
            self._down = error
            raise

    def key_problems(self, options: Mapping[str, Any]) -> list[str]:
        """List options that sbatch does not have, and options that are qanat's own."""
        return flags.key_problems(options)

    def problems(self, options: Mapping[str, Any]) -> list[str]:
        """List what is wrong with options, by their names and by `sbatch --test-only` where there is a cluster."""
        found = self.key_problems(options)
        if found:
            return found
        try:
            self.check()
            done = call(["sbatch", "--test-only", *flags.words(options)], stdin=b"#!/bin/sh\n")
        except RunnerUnavailable as error:
            return [f"the values could not be checked: {error.message}"]
        return [] if done.status == 0 else [said(done)]

    def warnings(self, options: Mapping[str, Any]) -> list[str]:
        """List what works but is better left out; nothing, for Slurm."""
        return []

    def may_run_again(self, options: Mapping[str, Any]) -> bool:
        """Tell whether the cluster requeues jobs by their exit codes, as an administrator may have set it up."""
        if self._requeues is None:
            try:
                self.check()
                self._requeues = commands.limits().requeues
            except RunnerUnavailable:
                return False
        return self._requeues

    def changed(self, options: Mapping[str, Any], changes: Mapping[str, str]) -> dict[str, Any]:
        """Give options with some set anew, however their keys are spelled."""
        return option_changes.changed(options, changes, flags.name_of)

    def get_ready(self) -> None:
        """Ask for the cluster's limits meanwhile."""
        commands.ask_ahead()

    def render(self, batch: JobBatch) -> str:
        """Give the calls of sbatch with their script, and the scripts of the first job."""
        try:
            limits = commands.limits(_at(batch.options))
        except RunnerUnavailable:
            limits = Limits()
        return submission.preview(batch, limits.array_size)

    # ---- submitting

    def submit(self, batch: JobBatch) -> Submission:
        """Submit the arrays of a batch, all or none. Raises SubmitFailed: nothing is queued then."""
        at = _at(batch.options)
        limits = commands.limits(at)
        if len(batch.jobs) > limits.jobs:
            raise SubmitFailed(
                f"Slurm does not take the run: it has {len(batch.jobs):,} groups, and the cluster takes "
                f"{limits.jobs:,} jobs (MaxJobCount)",
                hint="make several runs of it",
            )
        job_script.write_scripts(batch)
        jobs: dict[int, str] = {}
        numbers: list[str] = []
        cluster = ""
        for array in submission.arrays(batch, limits.array_size):
            try:
                number, cluster = _sbatch(batch, array, numbers[-1] if numbers and batch.max_running else "")
            except SubmitFailed as error:
                _take_back(numbers, at, error)
                raise
            numbers.append(number)
            jobs |= {group: array.name_of(number, group) for group in array.groups}
        export = flags.environment(batch.options, os.environ)
        return Submission(jobs, {**_details(numbers, cluster, limits.cluster), "export": export})

    def find(self, intent: str, jobs: Sequence[int], since: str) -> Submission | None:
        """Find the arrays that carry this intent: in the queue and, for those it has forgotten, in accounting."""
        self.check()
        me = ["-u", str(os.getuid())]
        found = _marked(queue.squeue(me), intent)
        if not found.keys() >= set(jobs):
            found = _marked(queue.sacct([*me, "--allclusters"], since), intent) | found
        chosen = {group: found[group] for group in jobs if group in found}
        if not chosen:
            return None
        here = commands.limits().cluster
        numbers = dict.fromkeys(row["id"].partition("_")[0] for row in chosen.values())
        (elsewhere, *_) = {row["cluster"] for row in chosen.values() if row.get("cluster", here) != here} or {""}
        return Submission({group: row["id"] for group, row in chosen.items()}, _details(numbers, elsewhere, here))

    # ---- looking

    def poll(self, handles: Sequence[JobHandle]) -> Sightings:
        """Ask squeue once about all jobs, and sacct once about those that squeue does not know or knows as ended."""
        statuses = {handle: JobStatus(None) for handle in handles}
        problems = []
        for at, of_it in slurm_jobs.by_cluster(handles).items():
            try:
                self.check()
                seen, problem = look.look(of_it, at)
                statuses |= seen
            except RunnerUnavailable as error:
                problem = error.message
            problems += [problem] if problem else []
        return Sightings(statuses, problems[0] if problems else "")

    def scheduler_log(self, folder: Path, handles: Sequence[JobHandle]) -> str:
        """Give what scontrol and accounting know of jobs, and Slurm's own output."""
        parts = []
        try:
            self.check()
            for at, of_it in slurm_jobs.by_cluster(handles).items():
                parts += look.known_of(of_it, at)
        except RunnerUnavailable as error:
            parts.append(error.message)
        with suppress(InputInvalid):
            text = files.read(folder / submission.OUTPUT).decode("utf-8", "replace")
            parts.append(f"{submission.OUTPUT}:\n{text}" if text else "")
        return "\n".join(filter(None, parts))

    # ---- acting

    def cancel(self, handles: Sequence[JobHandle]) -> None:
        """Cancel jobs; signals go to the batch shell as well, so that it notes that it was stopped."""
        self.check()
        for at, of_it in slurm_jobs.by_cluster(handles).items():
            _cancel(slurm_jobs.grouped(of_it), at)
        cancellations.note(handles)

    def hold(self, handles: Sequence[JobHandle]) -> None:
        """Hold pending jobs; running ones go on."""
        self._control("hold", handles)

    def release(self, handles: Sequence[JobHandle]) -> None:
        """Release held jobs."""
        self._control("release", handles)

    def _control(self, what: str, handles: Sequence[JobHandle]) -> None:
        self.check()
        for at, of_it in slurm_jobs.by_cluster(handles).items():
            for name in slurm_jobs.grouped(of_it):
                done = call(["scontrol", *at, what, name])
                if done.status != 0 and not any(word in done.err.lower() for word in _GONE):
                    raise RunnerUnavailable(f"Slurm could not {what} job {name}: {said(done)}")


# ---- submitting


def _sbatch(batch: JobBatch, array: Array, after: str) -> tuple[str, str]:
    """Submit one array; give its number and, where sbatch says it, the cluster. Raises SubmitFailed, SubmitUnknown."""
    words = submission.command(batch, array, after)
    script = submission.script(batch, array).encode()
    try:
        done = call(words, cwd=batch.folder, stdin=script, timeout_s=SUBMIT_S)
    except RunnerUnavailable as error:
        raise SubmitUnknown(f"Slurm may or may not have taken the run: {error.message}", hint="qanat status") from None
    answer = done.out.decode("utf-8", "replace").strip().splitlines()
    number, _, cluster = answer[-1].partition(";") if answer else ("", "", "")
    if done.status == 0 and number.isdecimal():
        return number, cluster
    if any(word in done.err.lower() for word in _UNANSWERED):
        raise SubmitUnknown(f"Slurm may or may not have taken the run: {said(done)}", hint="qanat status")
    raise SubmitFailed(f"Slurm did not take the run: {said(done)}", hint=HINT)


def _take_back(numbers: Sequence[str], at: Sequence[str], why: QanatError) -> None:
    """Cancel the arrays that Slurm took before it refused one. Raises SubmitUnknown when that cannot be done."""
    if not numbers:
        return
    try:
        _cancel(numbers, at)
    except RunnerUnavailable as error:
        raise SubmitUnknown(
            f"{why.message}; of its jobs {', '.join(numbers)}: {error.message}", hint=why.hint
        ) from None


def _cancel(names: Sequence[str], at: Sequence[str]) -> None:
    done = call(["scancel", "--full", *at, *names])
    if done.status != 0 and not any(word in done.err.lower() for word in _GONE):
        raise RunnerUnavailable(f"Slurm could not cancel: {said(done)}")


def _details(numbers: Iterable[str], elsewhere: str, here: str) -> dict[str, Any]:
    """Give what a record keeps of a submission; `clusters` when Slurm has to be told to look elsewhere."""
    return {"jobs": list(numbers), "cluster": elsewhere or here} | ({"clusters": elsewhere} if elsewhere else {})


def _at(options: Mapping[str, Any]) -> list[str]:
    """Give the words that send a question to the cluster that options name."""
    names = [value for key, value in options.items() if flags.name_of(key) == "clusters"]
    return ["-M", str(names[-1])] if names else []


def _marked(rows: Iterable[Mapping[str, str]], intent: str) -> dict[int, Mapping[str, str]]:
    """Give the rows that carry an intent by their groups."""
    found = {}
    for row in rows:
        mark = queue.mark_of(row)
        if mark and mark[1] == intent:
            found[int(row["id"].partition("_")[2] or 0) + int(mark[2])] = row
    return found

"""The Slurm runner: a run is one array, or as few as the limits allow; a run of one group is a plain job."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from qanat.domain import time_limits
from qanat.domain.asked import Asked
from qanat.domain.job import JobBatch, JobHandle, JobStatus, Sightings, Submission
from qanat.errors import InputInvalid, RunnerUnavailable, SubmitFailed, SubmitUnknown
from qanat.runners.slurm import asked, commands, flags, order, ownership, polling, queue, submission
from qanat.runners.slurm import jobs as slurm_jobs
from qanat.runners.slurm.about import ABOUT
from qanat.runners.slurm.commands import Limits, Prefetch, call, stderr_text
from qanat.runners.slurm.submission import Array
from qanat.runners.submitting import cancellations, job_script, limit_keys, option_changes, outer_job
from qanat.runners.submitting.silence import Silence
from qanat.runners.submitting.strangers import refuse_strangers
from qanat.system import files

SUBMIT_S = 60.0
# What scontrol and scancel print about a job that can no longer be acted on.
_GONE = (b"already", b"finished", b"invalid job id")
# What sbatch prints when its request was sent but no answer came.
_UNANSWERED = (b"timed out", b"zero bytes were transmitted", b"connection reset", b"unexpected message")


class SlurmRunner:
    """Submits runs with sbatch, and polls them with squeue and, where there is accounting, sacct."""

    name = ABOUT.name
    title = ABOUT.title
    generated_files = job_script.GENERATED_FILES | {submission.OUTPUT}
    runs_bundles = True

    def __init__(self) -> None:
        self._silence = Silence()
        self._ahead: Prefetch | None = None
        self._limits_of: dict[tuple[str, ...], Limits] = {}

    def check(self) -> None:
        """Raise RunnerUnavailable if Slurm is not installed or its controller does not answer."""
        # A poll checks several times; without a controller, each check could take two seconds.
        if self._silence.lasts:
            raise RunnerUnavailable(self._silence.problem, hint=self._silence.hint)
        try:
            commands.ping()
        except RunnerUnavailable as error:
            self._silence.begins(error.message, error.hint)
            raise

    def key_problems(self, options: Mapping[str, Any]) -> list[str]:
        """List options that sbatch does not have, and options that qanat sets itself."""
        return flags.key_problems(options)

    def problems(self, options: Mapping[str, Any]) -> list[str]:
        """List what is wrong with the options: with their names and, if there is a cluster, by `sbatch --test-only`."""
        found = self.key_problems(options)
        if found:
            return found
        try:
            self.check()
            done = call(["sbatch", "--test-only", *flags.arguments(options)], stdin=b"#!/bin/sh\n")
        except RunnerUnavailable as error:
            return [f"the values could not be checked: {error.message}"]
        return [] if done.status == 0 else [stderr_text(done)]

    def warnings(self, options: Mapping[str, Any]) -> list[str]:
        """List what works but is better avoided."""
        return flags.warnings(options)

    def again_problems(self, options: Mapping[str, Any]) -> list[str]:
        """List options that keep Slurm from queueing a job again."""
        return flags.again_problems(options)

    def may_run_again(self, options: Mapping[str, Any]) -> bool:
        """Return whether the cluster requeues jobs by their exit codes, which is up to its administrator."""
        try:
            return self._limits().requeues
        except RunnerUnavailable:
            return False

    def changed(self, options: Mapping[str, Any], changes: Mapping[str, str]) -> dict[str, Any]:
        """Return the options with some replaced, however their keys are spelled."""
        return option_changes.apply_changes(options, changes, flags.long_name)

    def limit_keys(self, options: Mapping[str, Any]) -> dict[str, list[str]]:
        """Return which options limit the memory of a job, and which its time."""
        return limit_keys.find(options, ABOUT.requests, flags.long_name)

    def limited(self, options: Mapping[str, Any], seconds: int) -> dict[str, Any]:
        """Return the options with this time limit; Slurm rounds it up to minutes."""
        return self.changed(options, {"time": time_limits.as_clock(seconds)})

    def asked(self, options: Mapping[str, Any]) -> Asked:
        """Return what a job with these options may use."""
        return asked.asked(options)

    def asking(self, options: Mapping[str, Any], wanted: Asked) -> dict[str, Any]:
        """Return the options with this in place of what they ask for."""
        return asked.asking(options, wanted)

    def prefetch(self) -> None:
        """Ask for the cluster's limits, which takes as long as much of the rest of a submission."""
        self._ahead = Prefetch()
        self._ahead.start()

    def _limits(self, at: Sequence[str] = ()) -> Limits:
        """Return the limits of a cluster. Raises RunnerUnavailable."""
        if (key := tuple(at)) not in self._limits_of:
            ahead, self._ahead = self._ahead, None
            if ahead and not at:
                config = ahead.answer()
            else:
                self.check()
                config = commands.show_config(at)
            self._limits_of[key] = commands.limits(config)
        return self._limits_of[key]

    def render(self, batch: JobBatch) -> str:
        """Return the calls of sbatch with their script, and the scripts of the first job."""
        try:
            limits = self._limits(_cluster_arguments(batch.options))
        except RunnerUnavailable:
            limits = Limits()
        return submission.preview(batch, limits.array_size)

    # ---- submitting

    def submit(self, batch: JobBatch) -> Submission:
        """Submit the arrays of a batch, all or none. Raises SubmitFailed if nothing was queued."""
        at = _cluster_arguments(batch.options)
        limits = self._limits(at)
        if len(batch.jobs) > limits.jobs:
            raise SubmitFailed(
                f"Slurm refuses the run: it has {len(batch.jobs):,} groups, and the cluster accepts "
                f"{limits.jobs:,} jobs (MaxJobCount)",
                hint="let each job work through several groups, as with --per-job 100, or split it into several runs",
            )
        job_script.write_scripts(batch, flags.stopping(batch.options))
        jobs: dict[int, str] = {}
        numbers: list[str] = []
        cluster = ""
        for array in submission.arrays(batch, limits.array_size):
            try:
                number, cluster = _sbatch(batch, array, numbers[-1] if numbers and batch.max_running else "")
            except SubmitFailed as error:
                _cancel_accepted(numbers, at, error.message)
                raise
            numbers.append(number)
            jobs |= {group: array.name_of(number, group) for group in array.groups}
        export = flags.environment(batch.options, os.environ)
        return Submission(jobs, {**_details(numbers, cluster, limits.cluster), "export": export})

    releases_at_once = True

    def hand_over(self, batch: JobBatch, handles: Sequence[JobHandle], command: Sequence[str]) -> bool:
        """Release jobs that depend on others, now that Slurm keeps their order."""
        before = [handle for jobs in batch.after for handle in jobs.handles]
        if not order.dependencies(batch):
            return False
        known, _ = ownership.split(before, _cluster_arguments(batch.options))
        if len(known) < len(before):
            return False
        self.release(handles)
        return True

    def find(self, intent: str, jobs: Sequence[int], since: str) -> Submission | None:
        """Find the arrays with this intent in the queue and, if the queue has forgotten them, in accounting."""
        self.check()
        me = ["-u", str(os.getuid())]
        found = _rows_of(queue.squeue(me), intent)
        if not found.keys() >= set(jobs):
            found = _rows_of(queue.sacct([*me, "--allclusters"], since), intent) | found
        chosen = {group: found[group] for group in jobs if group in found}
        if not chosen:
            return None
        here = self._limits().cluster
        numbers = dict.fromkeys(row["id"].partition("_")[0] for row in chosen.values())
        (elsewhere, *_) = {row["cluster"] for row in chosen.values() if row.get("cluster", here) != here} or {""}
        return Submission({group: row["id"] for group, row in chosen.items()}, _details(numbers, elsewhere, here))

    # ---- polling

    def poll(self, handles: Sequence[JobHandle]) -> Sightings:
        """Ask squeue once about all jobs, and sacct once about those that squeue does not list or lists as ended."""
        statuses = {handle: JobStatus(None) for handle in handles}
        problems = []
        for at, of_it in slurm_jobs.by_cluster(handles).items():
            try:
                self.check()
                seen, problem = polling.poll(of_it, at)
                statuses |= seen
            except RunnerUnavailable as error:
                problem = error.message
            problems += [problem] if problem else []
        return Sightings(statuses, problems[0] if problems else "")

    def scheduler_log(self, folder: Path, handles: Sequence[JobHandle]) -> str:
        """Return what scontrol and accounting report about jobs, and Slurm's own output."""
        parts = []
        try:
            self.check()
            for at, of_it in slurm_jobs.by_cluster(handles).items():
                parts += polling.reports(of_it, at)
        except RunnerUnavailable as error:
            parts.append(error.message)
        with suppress(InputInvalid):
            text = files.read(folder / submission.OUTPUT).decode("utf-8", "replace")
            parts.append(f"{submission.OUTPUT}:\n{text}" if text else "")
        return "\n".join(filter(None, parts))

    # ---- cancelling and holding

    def cancel(self, handles: Sequence[JobHandle]) -> None:
        """Cancel jobs; the signal also goes to the batch shell, so that it notes that it was stopped."""
        self.check()
        strangers: list[JobHandle] = []
        for at, of_it in slurm_jobs.by_cluster(handles).items():
            own, others = ownership.split(of_it, at)
            strangers += others
            if own:
                _cancel(slurm_jobs.names(own), at)
        cancellations.note([handle for handle in handles if handle not in strangers])
        refuse_strangers(self.title, strangers, "cancelled")

    def hold(self, handles: Sequence[JobHandle]) -> None:
        """Hold pending jobs; running ones continue."""
        self._control("hold", handles)

    def release(self, handles: Sequence[JobHandle]) -> None:
        """Release held jobs."""
        self._control("release", handles)

    def _control(self, what: str, handles: Sequence[JobHandle]) -> None:
        self.check()
        strangers: list[JobHandle] = []
        for at, of_it in slurm_jobs.by_cluster(handles).items():
            own, others = ownership.split(of_it, at)
            strangers += others
            for name in slurm_jobs.names(own):
                done = call(["scontrol", *at, what, name])
                if done.status != 0 and not any(text in done.err.lower() for text in _GONE):
                    raise RunnerUnavailable(f"Slurm could not {what} job {name}: {stderr_text(done)}")
        refuse_strangers(self.title, strangers, {"hold": "held", "release": "released"}[what])


# ---- submitting


def _sbatch(batch: JobBatch, array: Array, after: str) -> tuple[str, str]:
    """Submit one array; return its number and, if sbatch names it, the cluster. Raises SubmitFailed, SubmitUnknown."""
    call_arguments = submission.command(batch, array, after)
    script = submission.script(batch, array).encode()
    try:
        without = outer_job.variables(os.environ, flags.exported_names(batch.options))
        done = call(call_arguments, cwd=batch.folder, stdin=script, timeout_s=SUBMIT_S, without=without)
    except RunnerUnavailable as error:
        raise SubmitUnknown(
            f"Slurm may or may not have accepted the run: {error.message}", hint="qanat status"
        ) from None
    answer = done.out.decode("utf-8", "replace").strip().splitlines()
    number, _, cluster = answer[-1].partition(";") if answer else ("", "", "")
    if done.status == 0 and number.isdecimal():
        return number, cluster
    if any(text in done.err.lower() for text in _UNANSWERED):
        raise SubmitUnknown(f"Slurm may or may not have accepted the run: {stderr_text(done)}", hint="qanat status")
    raise SubmitFailed(f"Slurm refused the run: {stderr_text(done)}")


def _cancel_accepted(numbers: Sequence[str], at: Sequence[str], refusal: str) -> None:
    """Cancel the arrays that Slurm accepted before it refused one. Raises SubmitUnknown if that fails."""
    if not numbers:
        return
    try:
        _cancel(numbers, at)
    except RunnerUnavailable as error:
        what = f"{refusal}; its jobs {', '.join(numbers)} may still be queued: {error.message}"
        raise SubmitUnknown(what, hint="qanat status") from None


def _cancel(names: Sequence[str], at: Sequence[str]) -> None:
    done = call(["scancel", "--full", *at, *names])
    if done.status != 0 and not any(text in done.err.lower() for text in _GONE):
        raise RunnerUnavailable(f"Slurm could not cancel: {stderr_text(done)}")


def _details(numbers: Iterable[str], elsewhere: str, here: str) -> dict[str, Any]:
    """Return what a record keeps of a submission; `clusters` is set if Slurm has to be told where to look."""
    return {"jobs": list(numbers), "cluster": elsewhere or here} | ({"clusters": elsewhere} if elsewhere else {})


def _cluster_arguments(options: Mapping[str, Any]) -> list[str]:
    """Return the arguments that direct a query to the cluster named in the options."""
    names = [value for key, value in options.items() if flags.long_name(key) == "clusters"]
    return ["-M", str(names[-1])] if names else []


def _rows_of(rows: Iterable[Mapping[str, str]], intent: str) -> dict[int, Mapping[str, str]]:
    """Map groups to the rows that carry an intent."""
    found = {}
    for row in rows:
        mark = queue.mark_of(row)
        if mark and mark[1] == intent:
            found[int(row["id"].partition("_")[2] or 0) + int(mark[2])] = row
    return found

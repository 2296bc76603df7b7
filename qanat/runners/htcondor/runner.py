"""The HTCondor runner: a run is one cluster with one submission and one event log."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from qanat.domain.asked import Asked
from qanat.domain.job import JobBatch, JobHandle, Sightings, Submission
from qanat.domain.retry_policy import RetryPolicy
from qanat.domain.run import State
from qanat.domain.shipment import Shipment
from qanat.errors import InputInvalid, RunnerUnavailable, SubmitFailed, SubmitUnknown
from qanat.runners.htcondor import (
    asked,
    client,
    constraints,
    keys,
    order,
    polling,
    retries,
    submission,
    transfer,
    waiting,
)
from qanat.runners.htcondor import evidence as htcondor_evidence
from qanat.runners.htcondor.about import ABOUT
from qanat.runners.htcondor.client import Client
from qanat.runners.htcondor.constraints import numbers_of
from qanat.runners.htcondor.submission import EVENT_LOG
from qanat.runners.submitting import cancellations, job_script, limit_keys, option_changes, outer_job
from qanat.runners.submitting.silence import Silence
from qanat.runners.submitting.strangers import refuse_strangers
from qanat.system import files, programs


class HTCondorRunner:
    """Submits runs to this machine's schedd, and polls the schedd to which a run was submitted."""

    name = ABOUT.name
    title = ABOUT.title
    generated_files = job_script.GENERATED_FILES | {EVENT_LOG}
    runs_bundles = True

    def __init__(self) -> None:
        self._client = Client()

    def check(self) -> None:
        """Raise RunnerUnavailable if the bindings are missing or no schedd answers."""
        client.require(self._client.ask({"operation": "check"}), "schedd")

    def key_problems(self, options: Mapping[str, Any]) -> list[str]:
        """List misspelt keys, keys that qanat sets itself, and values that HTCondor would misinterpret."""
        return keys.key_problems(options) + keys.value_problems(options)

    def problems(self, options: Mapping[str, Any]) -> list[str]:
        """List wrong keys and values, including those that condor_submit, if it is installed, would refuse."""
        return self.key_problems(options) + _refused(options)

    def warnings(self, options: Mapping[str, Any]) -> list[str]:
        """List what works but is better avoided."""
        return keys.warnings(options)

    def image_in(self, options: Mapping[str, Any]) -> str | None:
        """Return the image of the container universe, empty if there is none yet; None for any other universe."""
        return keys.image_in(options)

    def changed(self, options: Mapping[str, Any], changes: Mapping[str, str]) -> dict[str, Any]:
        """Return the options with some replaced; HTCondor ignores case in their keys."""
        return option_changes.apply_changes(options, changes, keys.canonical_name)

    def limit_keys(self, options: Mapping[str, Any]) -> dict[str, list[str]]:
        """Return which options limit the memory of a job, and which its time."""
        return limit_keys.find(options, ABOUT.requests, keys.canonical_name)

    def with_policy(self, options: Mapping[str, Any], policy: RetryPolicy, attempt: int) -> dict[str, Any]:
        """Return the options with which HTCondor reruns programs, and removes jobs that a retry gives more."""
        return retries.with_policy(options, policy, attempt)

    def limited(self, options: Mapping[str, Any], seconds: int) -> dict[str, Any]:
        """Return the options with this time limit; HTCondor holds a job that exceeds it."""
        # Not allowed_execute_duration: HTCondor ignores that for a job that transfers no files.
        return self.changed(options, {"allowed_job_duration": str(seconds)})

    def asked(self, options: Mapping[str, Any]) -> Asked:
        """Return what a job with these options may use."""
        return asked.asked(options)

    def asking(self, options: Mapping[str, Any], wanted: Asked) -> dict[str, Any]:
        """Return the options with this in place of what they ask for."""
        return asked.asking(options, wanted)

    def again_problems(self, options: Mapping[str, Any]) -> list[str]:
        """List options by which HTCondor itself decides whether a job is queued again."""
        return keys.again_problems(options)

    def may_run_again(self, options: Mapping[str, Any]) -> bool:
        """Return whether HTCondor may start a program again that has ended."""
        return keys.decides_after_exit(options)

    def prefetch(self) -> None:
        """Start the process that will submit."""
        self._client.prefetch()

    def render(self, batch: JobBatch) -> str:
        """Return the submit description, and the scripts of the first job."""
        shipped = transfer.listing(batch) if batch.shipment else ""
        return f"{submission.text(batch)}\n{shipped}{job_script.preview(batch, keys.stopping(batch.options))}"

    def shipment_problem(self, shipment: Shipment, folder: Path) -> str:
        """Return why HTCondor cannot ship this; empty if it can."""
        return transfer.problem(shipment, folder)

    def submit(self, batch: JobBatch) -> Submission:
        """Submit one cluster with a job for each group. Raises SubmitFailed if nothing was queued."""
        request = {
            "operation": "submit",
            "constraint": keys.intent_expression([batch.intent]),
            "optional": list(submission.OPTIONAL if submission.schedd_materializes(batch) else ()),
            "description": submission.description(batch),
            "rows": submission.rows(batch),
            "otherwise": order.HELD if batch.held else {},
            "unset": outer_job.variables(os.environ) if keys.copies_everything(batch.options) else [],
        }
        if (silence := self._client.silence).lasts:
            raise RunnerUnavailable(f"HTCondor cannot be reached: {silence.problem}")
        with self._client.start_worker() as worker_process:
            job_script.write_scripts(batch, keys.stopping(batch.options))
            answers = worker_process.request(request, later_s=client.SUBMIT_S)
        schedd = str(client.require(answers, "schedd"))
        for answer in answers:
            if "cluster" in answer:
                submitted = _submission(schedd, answer["cluster"], [job.group for job in batch.jobs])
                return replace(
                    submitted, details={**submitted.details, **({transfer.MARK: True} if batch.shipment else {})}
                )
        problem = client.problem_of(answers) or "it gave no reason"
        if any("late" in answer or "unknown" in answer for answer in answers):
            raise SubmitUnknown(f"HTCondor may or may not have accepted the run: {problem}", hint="qanat status")
        raise SubmitFailed(f"HTCondor refused the run: {problem}")

    def hand_over(self, batch: JobBatch, handles: Sequence[JobHandle], command: Sequence[str]) -> bool:
        """Have a job of the local universe run the command, on the machine of the schedd."""
        request = {"operation": "attend", "constraint": order.idle_attendant(command)}
        answers = self._client.ask(request | {"description": order.attendant(command, os.environ)})
        client.require(answers, "schedd")
        if problem := client.problem_of(answers):
            raise RunnerUnavailable(f"HTCondor refused the job that would release it: {problem}")
        return True

    def find(self, intent: str, jobs: Sequence[int], since: str) -> Submission | None:
        """Find the cluster with this intent, in the queue or the history."""
        request = {
            "operation": "find",
            "constraint": keys.intent_expression([intent]),
            "since": polling.earliest(since),
        }
        answers = self._client.ask(request)
        schedd = str(client.require(answers, "schedd"))
        cluster = answers[0].get("cluster")
        return _submission(schedd, cluster, jobs) if cluster is not None else None

    def poll(self, handles: Sequence[JobHandle]) -> Sightings:
        """Combine event logs, one query of each queue, and the history for jobs whose end neither of them knows."""
        named = polling.with_jobs(handles)
        if not named:
            return Sightings(dict.fromkeys(handles, htcondor_evidence.UNSEEN))
        request = {
            "operation": "poll",
            "logs": sorted({polling.log_of(h) for h in named}),
            "schedds": polling.schedds(named),
        }
        silence = self._client.silence
        problem = silence.problem if silence.lasts else ""
        with client.Worker(silence) as worker_process:
            # The event logs can still be read.
            answers = worker_process.request(request | ({"schedds": []} if problem else {}))
        seen = polling.Seen(answers, answered=not problem and not client.problem_of(answers))
        statuses = dict.fromkeys(handles, htcondor_evidence.UNSEEN) | {h: seen.status(h) for h in named}
        # A job that does not exist yet cannot be removed: it waits, and exits at once when it is started.
        heeding = {h: status for h, status in statuses.items() if not transfer.is_shipped(h)}
        statuses |= cancellations.weigh(heeding, State.QUEUED, State.HELD, State.FINISHED)
        traceless = {h: heeding[h] for h in named if h in heeding and seen.never_was(h)}
        statuses |= cancellations.weigh(traceless, None)
        return Sightings(statuses, problem or client.problem_of(answers))

    def why_waiting(self, handles: Sequence[JobHandle]) -> dict[JobHandle, str]:
        """Compare what jobs ask for with the slots of the pool; the jobs of one cluster ask for the same."""
        reasons: dict[JobHandle, str] = {}
        for schedd, there in polling.by_schedd(handles).items():
            clusters = sorted({numbers_of(h)[0] for h in there})
            # Not the client's: a collector that is slow to answer is no reason to leave the schedd alone.
            with client.Worker(Silence()) as worker_process:
                answers = worker_process.request({"operation": "explain", "schedd": schedd, "clusters": clusters})
            found = {(a["cluster"], a["intent"]): waiting.reason(a["facts"]) for a in answers if "facts" in a}
            reasons |= {h: found.get((numbers_of(h)[0], h.intent), "") for h in there}
        return reasons

    def cancel(self, handles: Sequence[JobHandle]) -> None:
        """Remove jobs from the queue; one that does not exist yet will exit at once when it is started.

        Raises UsageError for such jobs if no note of that would reach them.
        """
        strangers = self._act("Remove", handles, cancellations.REASON, all_of_them=False)
        cancellations.note([h for h in handles if h not in strangers and not transfer.is_shipped(h)])
        refuse_strangers(self.title, strangers, "removed")

    def hold(self, handles: Sequence[JobHandle]) -> None:
        """Hold idle jobs; a running one would lose its work, and continues."""
        strangers = self._act("Hold", handles, "held by qanat", all_of_them=True, idle=True)
        refuse_strangers(self.title, strangers, "held")

    def release(self, handles: Sequence[JobHandle]) -> None:
        """Release held jobs."""
        refuse_strangers(self.title, self._act("Release", handles, "released by qanat", all_of_them=True), "released")

    def _act(
        self, action: str, handles: Sequence[JobHandle], reason: str, *, all_of_them: bool, idle: bool = False
    ) -> list[JobHandle]:
        """Act on jobs, and on the job factory if they do not all exist yet (max_materialize).

        Return those whose clusters do not carry their intent; nothing is done to them.
        """
        strangers: list[JobHandle] = []
        for schedd, there in polling.by_schedd(handles).items():
            jobs = constraints.constraints(there, all_of_them=all_of_them, idle=idle)
            clusters = sorted({numbers_of(h)[0] for h in there})
            request = {"operation": "act", "schedd": schedd, "action": action, "constraints": jobs, "reason": reason}
            created = transfer.by_cluster(there) if action == "Remove" else {}
            answers = self._client.ask(request | {"clusters": clusters, "created": created})
            intents = client.require(answers, "intents")
            transfer.refuse_missing([h for h in there if h.job in answers[0].get("missing", ())])
            strangers += [h for h in there if h.intent not in intents.get(str(numbers_of(h)[0]), [h.intent])]
        return strangers

    def output_command(self, handle: JobHandle, stream: str) -> list[str] | None:
        """Return the command that prints a running job's output; None if condor_tail is missing."""
        return transfer.tail_command(handle, stream) if polling.with_jobs([handle]) else None

    def scheduler_log(self, folder: Path, handles: Sequence[JobHandle]) -> str:
        """Return the run's event log; with handles, only the events of those jobs."""
        try:
            text = files.read(folder / EVENT_LOG).decode("utf-8", "replace")
        except InputInvalid:
            return ""
        wanted = {numbers_of(h) for h in polling.with_jobs(handles)}
        events = [event for event in text.split("\n...\n") if event.strip()]
        return "\n...\n".join(e for e in events if not wanted or _job_of(e) in wanted)


def _job_of(event: str) -> tuple[int, ...]:
    """Return the job in an event's first line: `001 (4651.000.000) 2026-…`."""
    inner = event.partition("(")[2].partition(")")[0].split(".")
    return tuple(int(part) for part in inner[:2]) if all(part.isdigit() for part in inner[:2]) else ()


def _submission(schedd: str, cluster: int, groups: Sequence[int]) -> Submission:
    jobs = {group: f"{cluster}.{proc}" for proc, group in enumerate(groups)}
    return Submission(jobs, {"cluster": cluster, "schedd": schedd})


def _refused(options: Mapping[str, Any]) -> list[str]:
    """Ask condor_submit about the values; with -dry-run it submits nothing."""
    if shutil.which("condor_submit") is None:
        return []
    lines = [f"{keys.submit_key(k)} = {keys.submit_value(k, v)}" for k, v in options.items()]
    text = "\n".join(["executable = /bin/sh", *lines, "queue 1", ""])
    command = ["condor_submit", "-dry-run", "/dev/null", "-"]
    try:
        done = programs.run(command, cwd=Path.cwd(), stdin=text.encode(), timeout_s=client.ANSWER_S)
    except RunnerUnavailable as error:
        return [error.message]
    message = " ".join(done.err.decode("utf-8", "replace").split())
    return [f"HTCondor refuses it: {message.removeprefix('ERROR: ')}"] if done.status != 0 else []

"""The HTCondor runner: one run is one cluster, one submission and one event log."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from qanat.domain import times
from qanat.domain.job import JobBatch, JobHandle, JobStatus, Sightings, Submission
from qanat.domain.run import State
from qanat.errors import RunnerUnavailable, SubmitFailed, SubmitUnknown
from qanat.runners import htcondor_keys, job_script, option_changes
from qanat.system import programs

EVENT_LOG = "htcondor.log"
ANSWER_S = 4.5
SUBMIT_S = 120.0
_MODULE = "qanat.runners.htcondor_worker"
_QUEUE_STATES = {1: State.QUEUED, 2: State.RUNNING, 5: State.HELD, 6: State.RUNNING, 7: State.HELD}
_REMOVED, _COMPLETED = 3, 4


class HTCondorRunner:
    """Submits runs to the schedd of this machine."""

    name = "htcondor"
    title = "HTCondor"

    def check(self) -> None:
        """Raise RunnerUnavailable when there are no bindings, or no schedd answers."""
        _first(_ask({"operation": "check"}), "schedd")

    def key_problems(self, options: Mapping[str, Any]) -> list[str]:
        """List misspelt keys, and keys that are qanat's own."""
        return htcondor_keys.key_problems(options)

    def problems(self, options: Mapping[str, Any]) -> list[str]:
        """List misspelt keys, keys that are qanat's own, and values that condor_submit (where there is one) refuses."""
        found = htcondor_keys.key_problems(options)
        if htcondor_keys.copies_environment(options):
            found.append(
                "getenv: copies the whole environment, secrets included, into the job's public description; "
                "name what the program needs instead: getenv: PATH, VIRTUAL_ENV, LD_LIBRARY_PATH"
            )
        return found + _dry_run_problems(options)

    def changed(self, options: Mapping[str, Any], changes: Mapping[str, str]) -> dict[str, Any]:
        """Give options with some set anew; HTCondor does not care for capitals in their keys."""
        return option_changes.changed(options, changes, lambda key: key.strip().lower())

    def render(self, batch: JobBatch) -> str:
        """Give the submit description, and the scripts of the first job."""
        description, rows = _description(batch), _rows(batch)
        lines = [f"{key} = {value}" for key, value in description.items()]
        table = "\n".join(row["qanat_arguments"] for row in rows)
        script = f"# {job_script.JOB_SCRIPT}\n{job_script.job_script(batch)}"
        command = (
            f"# {job_script.COMMAND_SCRIPT} of group {batch.jobs[0].group}\n{job_script.command_script(batch.jobs[0])}"
        )
        return "\n".join([*lines, f"queue qanat_arguments from (\n{table}\n)", "", script, command])

    def submit(self, batch: JobBatch) -> Submission:
        """Submit one cluster with a job for each group. Raises SubmitFailed: nothing is queued then."""
        if "\n" in str(batch.folder):
            raise SubmitFailed(f"HTCondor cannot take a folder whose name has a newline: {str(batch.folder)!r}")
        job_script.write_scripts(batch)
        request = {"operation": "submit", "description": _description(batch), "rows": _rows(batch)}
        answers = _ask(request, timeout_s=SUBMIT_S)
        schedd = str(_first(answers, "schedd"))
        for answer in answers:
            if "cluster" in answer:
                return _submission(schedd, answer["cluster"], [job.group for job in batch.jobs])
        if any("late" in answer for answer in answers):
            raise SubmitUnknown(f"HTCondor may or may not have taken the run: {_problem(answers)}", hint="qanat status")
        raise SubmitFailed(
            f"HTCondor did not take the run: {_problem(answers)}", hint="qanat template show NAME --check"
        )

    def find(self, intent: str, jobs: Sequence[int]) -> Submission | None:
        """Find the cluster that carries this intent, in the queue or the history."""
        answers = _ask({"operation": "find", "intent": intent})
        schedd = str(_first(answers, "schedd"))
        cluster = answers[0].get("cluster")
        return _submission(schedd, cluster, jobs) if cluster is not None else None

    def poll(self, handles: Sequence[JobHandle]) -> Sightings:
        """Combine event logs, one query of the queue, and the history for jobs that neither knows the end of."""
        logs = sorted({_log_of(h) for h in handles})
        clusters = sorted({str(h.job).partition(".")[0] for h in handles if h.job})
        if not clusters:
            return Sightings({h: JobStatus(None) for h in handles})
        jobs = [h.job for h in handles if h.job]
        answers = _ask(
            {"operation": "poll", "logs": logs, "clusters": clusters, "jobs": jobs, "history": len(jobs) * 2}
        )
        merged = {key: value for answer in answers for key, value in answer.items()}
        queue = _by_job(merged["queue"]) if "queue" in merged else None
        history = _by_job(merged.get("history", []))
        logged = merged.get("logs", {})
        seen = {h: _status(h, logged, queue, history) for h in handles}
        return Sightings(seen, "" if queue is not None else _problem(answers))

    def cancel(self, handles: Sequence[JobHandle]) -> None:
        """Remove jobs from the queue."""
        _act("Remove", handles, "removed by qanat")

    def hold(self, handles: Sequence[JobHandle]) -> None:
        """Hold jobs."""
        _act("Hold", handles, "held by qanat")

    def release(self, handles: Sequence[JobHandle]) -> None:
        """Release held jobs."""
        _act("Release", handles, "released by qanat")

    def scheduler_log(self, folder: Path, handles: Sequence[JobHandle]) -> str:
        """Give the run's event log; with handles, only the events of those jobs."""
        try:
            text = (folder / EVENT_LOG).read_text(errors="replace")
        except OSError:
            return ""
        wanted = {tuple(map(int, h.job.split("."))) for h in handles if h.job}
        events = [event for event in text.split("\n...\n") if event.strip()]
        return "\n...\n".join(e for e in events if not wanted or _job_of(e) in wanted)


def _job_of(event: str) -> tuple[int, ...]:
    """Read the job out of an event's first line: `001 (4651.000.000) 2026-…`."""
    inner = event.partition("(")[2].partition(")")[0].split(".")
    return tuple(int(part) for part in inner[:2]) if all(part.isdigit() for part in inner[:2]) else ()


# ---- submitting


def _description(batch: JobBatch) -> dict[str, str]:
    """Give the submit description: the template's options, and what qanat sets."""
    description = {
        "executable": "/bin/sh",
        "transfer_executable": "false",
        "should_transfer_files": "NO",
        **{htcondor_keys.submit_key(k): htcondor_keys.submit_value(k, v) for k, v in batch.options.items()},
        **({"max_materialize": str(batch.max_running)} if batch.max_running else {}),
        "arguments": "$(qanat_arguments)",
        "initialdir": _literal(str(batch.folder)),
        "output": "/dev/null",
        "error": "/dev/null",
        "log": _literal(str(batch.folder / EVENT_LOG)),
        "batch_name": _literal(batch.name),
        "My.QanatIntent": f'"{batch.intent}"',
    }
    return {key: value for key, value in description.items() if value != ""}


def _rows(batch: JobBatch) -> list[dict[str, str]]:
    script = str(batch.folder / job_script.JOB_SCRIPT)
    return [
        {"qanat_arguments": _arguments((script, str(job.storage), str(job.attempt), str(job.group)))}
        for job in batch.jobs
    ]


def _arguments(words: Sequence[str]) -> str:
    """Write words in HTCondor's new syntax: all in double quotes, each in single quotes, quotes doubled inside."""
    quoted = " ".join("'" + word.replace("'", "''") + "'" for word in words)
    return '"' + _literal(quoted.replace('"', '""')) + '"'


def _literal(text: str) -> str:
    """Keep `$(…)` in a value from being taken for a macro."""
    return text.replace("$", "$(DOLLAR)")


def _submission(schedd: str, cluster: int, groups: Sequence[int]) -> Submission:
    jobs = {group: f"{cluster}.{proc}" for proc, group in enumerate(groups)}
    return Submission(jobs, {"cluster": cluster, "schedd": schedd})


def _dry_run_problems(options: Mapping[str, Any]) -> list[str]:
    """Ask condor_submit what it thinks of the values; it submits nothing with -dry-run."""
    if shutil.which("condor_submit") is None:
        return []
    lines = [f"{htcondor_keys.submit_key(k)} = {htcondor_keys.submit_value(k, v)}" for k, v in options.items()]
    text = "\n".join(["executable = /bin/sh", *lines, "queue 1", ""])
    try:
        done = programs.run(
            ["condor_submit", "-dry-run", "/dev/null", "-"], cwd=Path.cwd(), stdin=text.encode(), timeout_s=ANSWER_S
        )
    except RunnerUnavailable as error:
        return [error.message]
    words = " ".join(done.err.decode("utf-8", "replace").split())
    return [words.removeprefix("ERROR: ")] if done.status != 0 and words else []


# ---- asking


def _ask(request: dict[str, Any], timeout_s: float = ANSWER_S) -> list[dict[str, Any]]:
    """Put a request to a worker; give its answers, also those before it hung, was killed or died."""
    process = subprocess.Popen(
        [sys.executable, "-m", _MODULE],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=programs.clean_environment(),
        start_new_session=True,
    )
    try:
        out, err = process.communicate(json.dumps(request).encode(), timeout=timeout_s)
        late = ""
    except subprocess.TimeoutExpired:
        process.kill()
        out, err = process.communicate()
        late = f"the schedd did not answer within {timeout_s:g} s"
    answers: list[dict[str, Any]] = [json.loads(line) for line in out.splitlines() if line.startswith(b"{")]
    if late:
        answers.append({"error": late, "late": True})
    elif process.returncode != 0:
        words = err.decode("utf-8", "replace").strip().splitlines()
        answers.append({"error": words[-1] if words else f"the bindings ended with status {process.returncode}"})
    return answers


def _problem(answers: Sequence[Mapping[str, Any]]) -> str:
    return next((str(a["error"]) for a in answers if "error" in a), "it did not say why")


def _first(answers: Sequence[Mapping[str, Any]], key: str) -> Any:
    """Give the value of the first answer that has it. Raises RunnerUnavailable with what went wrong when none has."""
    for answer in answers:
        if key in answer:
            return answer[key]
    missing = any(a.get("missing") for a in answers)
    hint = "pip install 'qanat[htcondor]'" if missing else "see whether the pool is up: condor_q"
    raise RunnerUnavailable(f"HTCondor cannot be reached: {_problem(answers)}", hint=hint)


def _act(action: str, handles: Sequence[JobHandle], why: str) -> None:
    jobs = [h.job.split(".") for h in handles if h.job]
    if not jobs:
        return
    constraint = " || ".join(f"(ClusterId == {int(c)} && ProcId == {int(p)})" for c, p in jobs)
    clusters = {c for c, _ in jobs}
    intents = {h.intent for h in handles}
    if len(clusters) == 1 and len(intents) == 1 and len(jobs) > 100:
        # A long constraint is slow to evaluate; the jobs left out have ended.
        constraint = f"ClusterId == {int(jobs[0][0])}"
    marks = " || ".join(f'QanatIntent == "{intent}"' for intent in sorted(intents))
    request = {"operation": "act", "action": action, "constraint": f"({constraint}) && ({marks})", "reason": why}
    _first(_ask(request), "done")


# ---- what is known of a job


def _log_of(handle: JobHandle) -> str:
    return str(Path(str(handle.details.get("folder", ""))) / EVENT_LOG)


def _by_job(ads: Sequence[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    return {f"{ad['ClusterId']}.{ad['ProcId']}": ad for ad in ads}


def _status(
    handle: JobHandle,
    logs: Mapping[str, Any],
    queue: Mapping[str, Mapping[str, Any]] | None,
    history: Mapping[str, Mapping[str, Any]],
) -> JobStatus:
    """Weigh the evidence: an end in the event log, then the queue, then the history, then the log's last state."""
    job = str(handle.job)
    logged = logs.get(_log_of(handle), {}).get(job)
    if logged and logged["state"] in ("ended", "removed"):
        return _from_log(logged)
    ad = (queue or {}).get(job)
    if ad is not None and ad.get("QanatIntent") == handle.intent and ad["JobStatus"] in _QUEUE_STATES:
        return _from_queue(ad, logged)
    for past in (ad, history.get(job)):
        if (
            past is not None
            and past.get("QanatIntent") == handle.intent
            and past["JobStatus"] in (_REMOVED, _COMPLETED)
        ):
            return _from_history(past)
    return _from_log(logged) if logged and queue is None else JobStatus(None)


def _from_log(logged: Mapping[str, Any]) -> JobStatus:
    moment = times.from_timestamp(logged["at"]) if "at" in logged else None
    known: dict[str, Any] = {
        "started": times.from_timestamp(logged["started"]) if "started" in logged else None,
        "host": _host(logged.get("host")),
        "restarts": max(0, logged["starts"] - 1),
    }
    match logged["state"]:
        case "removed":
            return JobStatus(State.CANCELLED, reason=logged.get("reason") or "removed", ended=moment, **known)
        case "ended":
            return _ended(logged.get("exit_code"), logged.get("signal"), moment, known)
        case "held":
            return JobStatus(State.HELD, reason=_hold_reason(logged.get("reason"), logged.get("code")), **known)
    return JobStatus(State.RUNNING if logged["state"] == "running" else State.QUEUED, **known)


def _from_queue(ad: Mapping[str, Any], logged: Mapping[str, Any] | None) -> JobStatus:
    state = _QUEUE_STATES[ad["JobStatus"]]
    reason = _hold_reason(ad.get("HoldReason"), ad.get("HoldReasonCode")) if state is State.HELD else ""
    starts = max(int(ad.get("NumJobStarts", 0)), logged["starts"] if logged else 0)
    started = ad.get("JobStartDate") or (logged or {}).get("started")
    return JobStatus(
        state,
        reason=reason,
        started=times.from_timestamp(started) if started else None,
        host=_host(ad.get("RemoteHost") or (logged or {}).get("host")),
        restarts=max(0, starts - 1),
    )


def _from_history(ad: Mapping[str, Any]) -> JobStatus:
    moment = times.from_timestamp(ad.get("CompletionDate") or ad.get("EnteredCurrentStatus") or 0)
    known: dict[str, Any] = {
        "started": times.from_timestamp(ad["JobStartDate"]) if ad.get("JobStartDate") else None,
        "host": _host(ad.get("LastRemoteHost")),
        "restarts": max(0, int(ad.get("NumJobStarts", 1)) - 1),
    }
    if ad["JobStatus"] == _REMOVED:
        return JobStatus(State.CANCELLED, reason=str(ad.get("RemoveReason", "removed")), ended=moment, **known)
    by_signal = bool(ad.get("ExitBySignal"))
    return _ended(None if by_signal else ad.get("ExitCode"), ad.get("ExitSignal") if by_signal else None, moment, known)


def _ended(code: int | None, signal: int | None, moment: str | None, known: dict[str, Any]) -> JobStatus:
    if code == 0:
        return JobStatus(State.FINISHED, exit_code=0, ended=moment, **known)
    reason = f"exit code {code}" if code is not None else f"ended by signal {signal}"
    return JobStatus(State.FAILED, exit_code=code, signal=signal, reason=reason, ended=moment, **known)


def _hold_reason(reason: Any, code: Any) -> str:
    return f"{reason or 'held'} (HTCondor's code {code})" if code is not None else str(reason or "held")


def _host(name: Any) -> str | None:
    """Give the machine of `slot1_1@node7` or of an address."""
    text = str(name or "").rpartition("@")[2]
    return text if text and not text.startswith("<") else None

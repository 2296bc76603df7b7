"""Running on PBS Professional and OpenPBS: each run of qanat is one job array, or a plain job if it has one group."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
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
    UsageError,
    cancellations,
    job_script,
)
from qanat_pbs.asking import INTENT, MARK, Rows, array_of, call, intent_of, own_ids, rows, status_of, stderr_text

SUBMIT_S = 60.0
# Options of qsub that the runner sets itself.
OURS = frozenset({"C", "I", "J", "N", "S", "X", "e", "f", "h", "j", "k", "o", "r", "z"})
JOB = re.compile(r"[0-9]+(?:\[[0-9]+\])?(?:\.[A-Za-z0-9._-]+)?\Z")
ARRAY = re.compile(r"([0-9]+)\[\](.*)\Z")
SUBJOB = re.compile(r"([0-9]+)\[([0-9]+)\](.*)\Z")
NAME_MAX = 200
# PBS sends SIGTERM, and SIGKILL after its kill_delay, to all processes of a job.
STOPPING = job_script.Stopping(("TERM",), all_processes=True)
# What qdel says of jobs that are not there any more.
_GONE = ("unknown job", "finished", "invalid for state")


class PBSRunner(RunnerDefaults):
    """Submits runs with qsub, and polls them with qstat."""

    name = "pbs"
    title = "PBS"
    generated_files = job_script.GENERATED_FILES

    def check(self) -> None:
        """Raise RunnerUnavailable if PBS is not installed or its server does not answer."""
        done = call(["qstat", "-B"])
        if done.status != 0:
            raise RunnerUnavailable(f"PBS does not answer: {stderr_text(done)}", hint="see: qstat -B")

    def key_problems(self, options: Mapping[str, Any]) -> list[str]:
        """List options of qsub that the runner sets itself; keys without a dash are names of resources."""
        own = [key for key in options if key.startswith("-") and key.lstrip("-") in OURS]
        return [f"{key}: is set by qanat and cannot be in a template" for key in own]

    def limited(self, options: Mapping[str, Any], seconds: int) -> dict[str, Any]:
        """Return the options with this time limit."""
        return {**options, "walltime": f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"}

    def render(self, batch: JobBatch) -> str:
        """Return the call of qsub with its script, and the scripts of the first job."""
        return f"{shlex.join(qsub(batch))} <<'QANAT'\n{script(batch)}QANAT\n\n{job_script.preview(batch, STOPPING)}"

    def submit(self, batch: JobBatch) -> Submission:
        """Submit one job or array. Raises SubmitFailed if nothing was queued."""
        self.check()
        job_script.write_scripts(batch, STOPPING)
        try:
            done = call(qsub(batch), stdin=script(batch).encode(), timeout_s=SUBMIT_S)
        except RunnerUnavailable as error:
            raise SubmitUnknown(f"PBS may or may not have accepted the run: {error.message}") from None
        named = done.out.decode("utf-8", "replace").strip()
        if done.status != 0:
            raise SubmitFailed(f"PBS refused the run: {stderr_text(done)}")
        if not (JOB.match(named) or ARRAY.match(named)):
            raise SubmitUnknown(f"qsub printed no id of a job: {named[:100]}")
        return submission(named, [job.group for job in batch.jobs])

    def find(self, intent: str, jobs: Sequence[int], since: str) -> Submission | None:
        """Find the job or array that carries this intent."""
        self.check()
        ids = own_ids(since)
        known = rows(ids) if ids else {}
        named = [id_ for id_ in ids if intent_of(id_, known) == intent]
        return submission(named[0], jobs) if named else None

    def poll(self, handles: Sequence[JobHandle]) -> Sightings:
        """Query all of them at once."""
        seen = {handle: JobStatus(None) for handle in handles}
        try:
            present = in_pbs(handles)
        except RunnerUnavailable as error:
            return Sightings(seen, error.message)
        seen |= {handle: status_of(row) for handle, row in present.items()}
        # A job that was removed before it started has no Exit_status, and PBS may not keep what has ended.
        return Sightings(seen | cancellations.weigh(seen, None, State.FINISHED, State.FAILED))

    def cancel(self, handles: Sequence[JobHandle]) -> None:
        """Remove jobs, and note in the storage directory that qanat did so."""
        self.check()
        active = [handle for handle, row in in_pbs(handles).items() if row.get("job_state") not in ("F", "X")]
        cancellations.note(active)
        _act("qdel", spans([str(handle.job) for handle in active]))

    def hold(self, handles: Sequence[JobHandle]) -> None:
        """Hold waiting jobs. Raises UsageError for some of those of an array, since PBS holds arrays only."""
        _act("qhold", self._whole(handles))

    def release(self, handles: Sequence[JobHandle]) -> None:
        """Release held jobs; errors as for hold()."""
        _act("qrls", self._whole(handles))

    def _whole(self, handles: Sequence[JobHandle]) -> list[str]:
        """Return the jobs and arrays of these handles, whose waiting subjobs have to be among them."""
        self.check()
        ids = sorted({array_of(str(handle.job)) for handle in handles if JOB.match(str(handle.job))})
        known = rows(ids) if ids else {}
        wanted = {str(handle.job) for handle in handles if intent_of(str(handle.job), known) == handle.intent}
        for id_, row in known.items():
            waits = SUBJOB.match(id_) and row.get("job_state") in ("Q", "H", "W")
            if waits and id_ not in wanted and any(array_of(each) == array_of(id_) for each in wanted):
                raise UsageError("PBS holds and releases whole arrays only", hint="leave out --group")
        return sorted({array_of(id_) for id_ in wanted if id_ in known})

    def why_waiting(self, handles: Sequence[JobHandle]) -> dict[JobHandle, str]:
        """Return the comment of the scheduler on each job, or on its array."""
        try:
            known = rows(sorted({array_of(str(h.job)) for h in handles if JOB.match(str(h.job))}))
        except RunnerUnavailable:
            return dict.fromkeys(handles, "")
        return {h: _comment(str(h.job), known) if intent_of(str(h.job), known) == h.intent else "" for h in handles}

    def scheduler_log(self, folder: Path, handles: Sequence[JobHandle]) -> str:
        """Return the attributes of jobs."""
        ids = sorted({str(handle.job) for handle in handles if JOB.match(str(handle.job))})
        return call(["qstat", "-x", "-f", *ids]).out.decode("utf-8", "replace") if ids else ""


def _comment(job: str, known: Rows) -> str:
    return str(known.get(job, {}).get("comment") or known.get(array_of(job), {}).get("comment") or "")


def _act(program: str, ids: Sequence[str]) -> None:
    """Call qdel, qhold or qrls; jobs that have ended meanwhile are no error."""
    if not ids:
        return
    done = call([program, *ids])
    lines = done.err.decode("utf-8", "replace").splitlines()
    refused = [line for line in lines if line.strip() and not any(sign in line.lower() for sign in _GONE)]
    if done.status != 0 and refused:
        raise RunnerUnavailable(f"PBS refused {program}: {refused[0].strip()}")


# ---- submitting


def qsub(batch: JobBatch) -> list[str]:
    """Return the call of qsub, which reads the script on stdin. qanat's own options come last."""
    options = dict(batch.options)
    variables = _text(options.pop("-v")) if "-v" in options else ""
    name = re.sub(r"[^A-Za-z0-9._+-]", "_", batch.name)[:NAME_MAX]
    marked = f"{INTENT}={MARK}{batch.intent}{f',{variables}' if variables else ''}"
    array = ["-J", f"0-{len(batch.jobs) - 1}"] if len(batch.jobs) > 1 else []
    throttle = ["-W", f"max_run_subjobs={batch.max_running}"] if array and batch.max_running else []
    # A name of digits alone would be printed as a number. -C "": no line of the script is taken for options.
    own = ["-N", name if name[:1].isalpha() else f"q{name}", "-v", marked, *array, *throttle, "-S", "/bin/sh"]
    return ["qsub", *option_arguments(options), *own, "-o", "/dev/null", "-j", "oe", "-f", "-C", ""]


def script(batch: JobBatch) -> str:
    """Return the script of a job or array: subjob 0 is the first job of the batch, and so on."""
    if len(batch.jobs) == 1:
        return f"exec {shlex.join(job_script.start_command(batch, batch.jobs[0]))}\n"
    tasks = (f"{n}) exec {shlex.join(job_script.start_command(batch, job))} ;;\n" for n, job in enumerate(batch.jobs))
    return f"case $PBS_ARRAY_INDEX in\n{''.join(tasks)}esac\n"


def option_arguments(options: Mapping[str, Any]) -> list[str]:
    """Return a template as arguments: `-q: short` is an option of qsub, `walltime: 1:00:00` a resource, true a flag."""
    arguments = []
    for key, value in options.items():
        if not key.startswith("-"):
            arguments += ["-l", f"{key}={_text(value)}"]
        elif value is not False:
            arguments += [key] if value is True or value is None else [key, _text(value)]
    return arguments


def _text(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def submission(named: str, groups: Sequence[int]) -> Submission:
    """Map each group to its job: 12.server, or subjob 12[0].server of the array 12[].server and so on."""
    array = ARRAY.match(named)
    jobs = {group: f"{array[1]}[{n}]{array[2]}" if array else named for n, group in enumerate(groups)}
    return Submission(jobs, {"pbs": named})


# ---- finding jobs again


def in_pbs(handles: Sequence[JobHandle]) -> dict[JobHandle, Mapping[str, Any]]:
    """Return the attributes of those jobs that PBS knows, and that carry the intent of their run."""
    named = [handle for handle in handles if JOB.match(str(handle.job))]
    ids = sorted({array_of(str(handle.job)) for handle in named})
    known = rows(ids) if ids else {}
    return {h: known[str(h.job)] for h in named if str(h.job) in known and intent_of(str(h.job), known) == h.intent}


def spans(ids: Sequence[str]) -> list[str]:
    """Return ids in the form that qdel takes, consecutive subjobs as a range: 12[1-5].server."""
    plain = [id_ for id_ in ids if not SUBJOB.match(id_)]
    found: list[list[Any]] = []
    for number, index, server in sorted((m[1], int(m[2]), m[3]) for id_ in ids if (m := SUBJOB.match(id_))):
        if found and found[-1][0] == (number, server) and found[-1][2] == index - 1:
            found[-1][2] = index
        else:
            found.append([(number, server), index, index])
    ranges = [f"{n}[{a}{f'-{b}' if b > a else ''}]{server}" for (n, server), a, b in found]
    return [*plain, *ranges]

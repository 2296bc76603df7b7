"""A stand-in for PBS on one machine: qsub, qstat, qselect, qdel, qhold and qrls, as far as the runner calls them.

This is not PBS. It answers as the manual pages say that PBS does, and really runs the jobs, each in a session of its
own, so that the runner's tests have something to run against. What it gets wrong, they do not notice.

    python pbs.py install FOLDER      writes the programs into FOLDER/bin; their jobs are noted in FOLDER/jobs
"""

from __future__ import annotations

import fcntl
import getopt
import getpass
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

SERVER = "stand-in"
PROGRAMS = ("qsub", "qstat", "qselect", "qdel", "qhold", "qrls")
OPTIONS = "a:A:C:e:fhj:J:k:l:m:M:N:o:p:P:q:r:R:S:u:v:VW:z"
RESOURCES = frozenset({"walltime", "select", "place", "ncpus", "mem", "ngpus"})
AT_ONCE = 8
TICK_S = 0.02
KILL_DELAY_S = 3.0
Job = dict[str, Any]


def main(program: str, *arguments: str) -> int:
    """Be one of the programs."""
    if program == "install":
        return install(Path(arguments[0]))
    return {
        "qsub": qsub,
        "qstat": qstat,
        "qselect": qselect,
        "qdel": qdel,
        "qhold": lambda *ids: hold(True, *ids),
        "qrls": lambda *ids: hold(False, *ids),
        "supervise": supervise,
    }[program](*arguments)


def install(folder: Path) -> int:
    """Write the programs."""
    (folder / "bin").mkdir(parents=True, exist_ok=True)
    (folder / "jobs").mkdir(exist_ok=True)
    for program in PROGRAMS:
        path = folder / "bin" / program
        path.write_text(
            f"#!/bin/sh\nPBS_STAND_IN='{folder}' exec '{sys.executable}' -SE '{Path(__file__)}' {program} \"$@\"\n"
        )
        path.chmod(0o755)
    return 0


def complain(text: str, code: int) -> int:
    """Print a message, and return an exit code."""
    sys.stderr.write(f"{text}\n")
    return code


# ---- what is noted


def folder() -> Path:
    """Return where jobs are noted."""
    return Path(os.environ["PBS_STAND_IN"]) / "jobs"


@contextmanager
def locked() -> Iterator[None]:
    """Let nobody else read or write jobs meanwhile."""
    with (folder() / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def load(number: str) -> Job | None:
    """Return a job; None if there is none."""
    with suppress(OSError):
        found: Job = json.loads((folder() / f"{number}.json").read_text())
        return found
    return None


def store(job: Job) -> None:
    """Write a job."""
    path = folder() / f"{job['number']}.json"
    path.with_suffix(".new").write_text(json.dumps(job))
    path.with_suffix(".new").rename(path)


def jobs() -> list[Job]:
    """Return all jobs."""
    numbers = sorted((path.stem for path in folder().glob("*.json")), key=int)
    return [job for number in numbers if (job := load(number))]


def has_ended(job: Job) -> bool:
    """Return whether all of a job has ended."""
    return all(part["state"] == "X" for part in job["parts"])


def id_of(job: Job, index: int | None = None) -> str:
    """Return the id of a job, an array or a subjob."""
    inside = "" if not job["array"] else "[]" if index is None else f"[{index}]"
    return f"{job['number']}{inside}.{SERVER}"


def parse(id_: str) -> tuple[str, range | None]:
    """Return the number in an id, and the subjobs that it names, if it names any."""
    number, _, rest = id_.removesuffix(f".{SERVER}").partition("[")
    first, _, last = rest.rstrip("]").partition("-")
    return number, range(int(first), int(last or first) + 1) if first else None


def seconds(text: str) -> float:
    """Return a local time as qsub and qselect take it, in seconds since 1970."""
    return datetime.strptime(text, "%Y%m%d%H%M.%S").astimezone().timestamp()


# ---- the programs


def qsub(*arguments: str) -> int:
    """Queue a job or an array whose script is on stdin."""
    options, rest = getopt.getopt(list(arguments), OPTIONS)
    given = {key: value for key, value in options if key not in ("-l", "-W")}
    resources = dict(part.partition("=")[::2] for key, value in options if key == "-l" for part in value.split(",", 1))
    extra = dict(value.partition("=")[::2] for key, value in options if key == "-W")
    if rest:
        return complain(f"qsub: script file:: {rest[0]}: No such file or directory", 1)
    if unknown := [name for name in resources if name not in RESOURCES]:
        return complain(f"qsub: Unknown resource: {unknown[0]}", 171)
    first, _, last = given.get("-J", "0-0").partition("-")
    if "-J" in given and int(last) <= int(first):
        return complain("qsub: illegal -J value", 2)
    after = seconds(f"{given['-a']}.00") if "-a" in given else 0
    variables = dict(part.partition("=")[::2] for part in given.get("-v", "").split(",") if part)
    with locked():
        number = str(max((int(job["number"]) for job in jobs()), default=100) + 1)
        job = {
            "number": number,
            "array": "-J" in given,
            "name": given.get("-N", "STDIN"),
            "variables": {"PBS_O_HOME": os.environ.get("HOME", "/"), "PBS_O_HOST": os.uname().nodename, **variables},
            "resources": resources,
            "most": int(extra.get("max_run_subjobs", AT_ONCE)),
            "after": after,
            "held": "-h" in given,
            "created": time.time(),
            "parts": [{"index": i, "state": "Q"} for i in range(int(first), int(last) + 1)],
        }
        (folder() / f"{number}.sh").write_bytes(sys.stdin.buffer.read())
        store(job)
    command = [sys.executable, "-SE", __file__, "supervise", number]
    null = subprocess.DEVNULL
    subprocess.Popen(command, stdin=null, stdout=null, stderr=null, start_new_session=True)
    sys.stdout.write(f"{id_of(job)}\n")
    return 0


def qstat(*arguments: str) -> int:
    """Print the attributes of jobs and their subjobs as JSON."""
    if arguments == ("-B",):
        sys.stdout.write(f"Server             Max   Tot\n{SERVER}\n")
        return 0
    history = "-x" in arguments
    ids = [word for word in arguments if word[0].isdigit()]
    code, found = 0, {}
    with locked():
        for id_ in ids:
            number, wanted = parse(id_)
            job = load(number)
            if job is None:
                code = complain(f"qstat: Unknown Job Id {id_}", 153)
            elif has_ended(job) and not history:
                text = "Job has finished, use -x or -H to obtain historical job information"
                code = complain(f"qstat: {id_} {text}", 35)
            else:
                found |= dict(attributes(job, wanted))
    header = {"timestamp": int(time.time()), "pbs_version": "stand-in", "pbs_server": SERVER}
    sys.stdout.write(json.dumps(header | ({"Jobs": found} if found else {}), indent=4) + "\n")
    return code


def attributes(job: Job, wanted: range | None) -> Iterator[tuple[str, Job]]:
    """Yield the attributes of a job, and those of its subjobs, which end in X until all have ended, and then in F."""
    common = {
        "Job_Name": job["name"],
        "Job_Owner": f"{getpass.getuser()}@{os.uname().nodename}",
        "queue": "workq",
        "server": SERVER,
        "ctime": time.ctime(job["created"]),
        "Resource_List": job["resources"],
        "Variable_List": job["variables"],
    }
    if job["array"] and wanted is None:
        began = any(part["state"] != "Q" for part in job["parts"])
        state = "F" if has_ended(job) else "B" if began else "H" if job["held"] else "Q"
        yield id_of(job), {**common, "job_state": state, "array": "True"}
    for part in job["parts"]:
        if wanted is None or part["index"] in wanted:
            row = {**common, "job_state": state_of(job, part), "mtime": time.ctime(part.get("ended", job["created"]))}
            row |= {"comment": "Not Running: it has to wait"} if part["state"] == "Q" else {}
            row |= {"stime": time.ctime(part["started"])} if "started" in part else {}
            row |= {"exec_host": f"{os.uname().nodename}/0"} if "started" in part else {}
            row |= {"Exit_status": part["code"]} if "code" in part else {}
            row |= {"array_index": part["index"]} if job["array"] else {}
            yield id_of(job, part["index"]), row


def state_of(job: Job, part: Job) -> str:
    """Return the letter for the state of a job or subjob."""
    if part["state"] == "Q":
        return "H" if job["held"] else "W" if job["after"] > time.time() else "Q"
    if part["state"] == "X":
        return "X" if job["array"] and not has_ended(job) else "F"
    return str(part["state"])


def qselect(*arguments: str) -> int:
    """Print the ids of jobs and arrays since a time."""
    since = next((word.removeprefix("-tc.ge.") for word in arguments if word.startswith("-tc.ge.")), "197001010000.00")
    earliest = seconds(since)
    with locked():
        found = [job for job in jobs() if job["created"] >= earliest and ("-x" in arguments or not has_ended(job))]
    sys.stdout.write("".join(f"{id_of(job)}\n" for job in found))
    return 0


def qdel(*ids: str) -> int:
    """Remove jobs: those that wait end at once, running ones are killed by who watches them."""
    code = 0
    with locked():
        for id_ in ids:
            number, wanted = parse(id_)
            job = load(number)
            if job is None:
                code = complain(f"qdel: Unknown Job Id {id_}", 153)
                continue
            for part in job["parts"]:
                if wanted is not None and part["index"] not in wanted:
                    continue
                if part["state"] == "X":
                    code = complain(f"qdel: Job has finished {id_}", 35)
                elif part["state"] == "Q":
                    part |= {"state": "X", "ended": time.time()}
                else:
                    part["killed"] = True
            store(job)
    return code


def hold(held: bool, *ids: str) -> int:
    """Hold or release jobs and arrays."""
    with locked():
        for id_ in ids:
            number, wanted = parse(id_)
            job = load(number)
            if job is None or wanted is not None:
                return complain(f"illegally formed job identifier: {id_}" if job else f"Unknown Job Id {id_}", 2)
            store({**job, "held": held})
    return 0


# ---- running jobs


def supervise(number: str) -> int:
    """Run the parts of a job until all have ended."""
    running: dict[int, subprocess.Popen[bytes]] = {}
    killed: dict[int, float] = {}
    while True:
        if not folder().is_dir():
            return 0
        with locked():
            job = load(number)
            if job is None or has_ended(job):
                return 0
            for part in job["parts"]:
                step(job, part, running, killed)
            store(job)
        time.sleep(TICK_S)


def step(job: Job, part: Job, running: dict[int, subprocess.Popen[bytes]], killed: dict[int, float]) -> None:
    """Start a part, kill it, or note its end."""
    index = part["index"]
    if part["state"] == "Q" and not job["held"] and job["after"] <= time.time() and len(running) < job["most"]:
        running[index] = start(job, index)
        part |= {"state": "R", "started": time.time()}
    elif part["state"] == "R":
        process = running[index]
        code = process.poll()
        if code is not None:
            del running[index]
            part |= {"state": "X", "ended": time.time(), "code": 256 - code if code < 0 else code}
        elif part.get("killed"):
            first = killed.setdefault(index, time.monotonic())
            if first and time.monotonic() - first < TICK_S:
                kill_session(process.pid, signal.SIGTERM)
            elif time.monotonic() - first > KILL_DELAY_S:
                kill_session(process.pid, signal.SIGKILL)


def start(job: Job, index: int) -> subprocess.Popen[bytes]:
    """Start the script of a job, in a session of its own, with the variables that a job has."""
    names = {"PBS_JOBID": id_of(job, index), "PBS_ENVIRONMENT": "PBS_BATCH"}
    names |= {"PBS_ARRAY_INDEX": str(index)} if job["array"] else {}
    kept = {name: os.environ[name] for name in ("HOME", "PATH", "LANG", "USER", "TMPDIR") if name in os.environ}
    null = subprocess.DEVNULL
    with (folder() / f"{job['number']}.sh").open("rb") as script:
        return subprocess.Popen(
            ["/bin/sh"],
            stdin=script,
            stdout=null,
            stderr=null,
            env=kept | job["variables"] | names,
            cwd="/",
            start_new_session=True,
        )


def kill_session(session: int, number: signal.Signals) -> None:
    """Signal all processes of a session."""
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError, ValueError):
            if int(path.read_text().rpartition(")")[2].split()[3]) == session:
                os.kill(int(path.parent.name), number)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

"""Killing qanat at chosen points of its runs, on this machine and submitted to a scheduler of files."""

from __future__ import annotations

import os
import random
import time
from dataclasses import dataclass
from pathlib import Path

from tests.support import spool
from tests.support.invariants import ENDED, violations
from tests.support.sandbox import Sandbox, wait_until

EXPERIMENT = "brief"
# $2 is the exit code, and $4 the storage directory.
SCRIPT = 'sleep 0.0$(($2 * 3 + 2))\necho "$2" >"$4/seen.txt"\nexit "$2"\n'
RUNS = (
    ("--code", "0"),
    ("--code", "3"),
    ("-R", "--code 0 5 1", "-j", "2"),
    ("-R", "--code 0,0,0,1,0,0", "-j", "3"),
)
SUBMITTED = (
    ("--code", "0", "--runner", "spool"),
    ("--code", "3", "--runner", "spool"),
    ("-R", "--code 0 5 1", "--runner", "spool"),
)
SLOW = "slow"
SLOW_SCRIPT = ': >"$2/begun"\nexec sleep 60\n'
# What is waited for in a project whose submitted runs are killed.
GRACE = "grace: {file_s: 1, submit_s: 1, unknown_s: 1}\n"


@dataclass(frozen=True)
class Moment:
    """When to kill: some milliseconds after an event (see _happened)."""

    after: str
    delay_ms: float

    def __str__(self) -> str:
        return f"{self.delay_ms:.1f} ms after {self.after}"


@dataclass(frozen=True)
class Kill:
    """An attempted kill: the run's arguments, when it was to happen, and whether qanat was still running then."""

    words: tuple[str, ...]
    moment: Moment
    in_time: bool

    def __str__(self) -> str:
        return f"qanat {' '.join(self.words)}: killed {self.moment}{'' if self.in_time else ' (it had ended)'}"


def make_project(root: Path) -> Sandbox:
    """Create a project with the experiment whose runs are killed."""
    sandbox = Sandbox.make(root)
    with (root / ".qanat/config.yaml").open("a") as file:
        file.write(GRACE)
    sandbox.experiment(EXPERIMENT, SCRIPT)
    sandbox.experiment(SLOW, SLOW_SCRIPT)
    return sandbox


def random_moment(chance: random.Random) -> Moment:
    """Choose a point anywhere between qanat's start and its end, more often around the writes of the record."""
    spans_ms = {"the launch": 350.0, "the record": 30.0, "a completion": 60.0, "the end in the record": 25.0}
    after = chance.choice(list(spans_ms))
    return Moment(after, chance.uniform(0, spans_ms[after]))


def kill_run(sandbox: Sandbox, words: tuple[str, ...], moment: Moment) -> Kill:
    """Start a run and kill its qanat process, and nothing else, at the chosen point."""
    known = set(sandbox.record_files())
    process = sandbox.start("run", EXPERIMENT, *words, real=True)
    wait_until(lambda: process.poll() is not None or _happened(sandbox, moment.after, known))
    time.sleep(moment.delay_ms / 1000)  # the chosen delay, not a wait for a condition
    in_time = process.poll() is None
    process.kill()
    process.communicate()
    return Kill(("run", *words), moment, in_time)


def kill_command(sandbox: Sandbox, words: tuple[str, ...], chance: random.Random) -> Kill:
    """Start a command on an ended run, or one that looks at runs, and kill it at a random point."""
    process = sandbox.start(*words, real=True)
    moment = Moment("the launch", chance.uniform(100.0, 400.0))
    time.sleep(moment.delay_ms / 1000)  # the chosen delay, not a wait for a condition
    in_time = process.poll() is None
    process.kill()
    process.communicate()
    return Kill(words, moment, in_time)


def kill_cancel(sandbox: Sandbox, chance: random.Random, *options: str) -> Kill:
    """Start a run that takes long, kill a command that cancels it, and cancel it again, as its user would."""
    known = set(sandbox.record_files())
    run = sandbox.start("run", SLOW, *options)
    new = wait_until(lambda: [path for path in sandbox.record_files() if path not in known])[0]
    wait_until((storage_of(sandbox, new) / "begun").exists)
    number = new.name.partition("-")[0]
    kill = kill_command(sandbox, ("cancel", number), chance)
    # Exit code 2: the killed command had cancelled it.
    wait_until(lambda: sandbox.qanat("cancel", number, code=None).code in (0, 2))
    run.communicate()
    return kill


def spool_violations(sandbox: Sandbox, before: set[str]) -> list[str]:
    """List what was submitted twice, and what was submitted since `before` without a record of it."""
    found = list(spool.batches(Path(os.environ[spool.FOLDER])))
    jobs = [(batch["intent"], group) for _, batch in found for group in batch["jobs"]]
    problems = [f"submitted twice: {job}" for job in sorted(set(jobs)) if jobs.count(job) > 1]
    texts = "".join(path.read_text() for path in sandbox.record_files())
    new = [batch["intent"] for folder, batch in found if folder.name not in before]
    return problems + [f"no record has the intent {intent}" for intent in new if intent not in texts]


@dataclass
class Killer:
    """Kills one thing after another in a project, and says what that broke."""

    sandbox: Sandbox
    chance: random.Random

    def kill(self) -> tuple[Kill, list[str]]:
        """Kill something at random; return what it was, and the invariants that are violated now."""
        committed = self.sandbox.committed_records()
        before = {folder.name for folder, _ in spool.batches(Path(os.environ[spool.FOLDER]))}
        what = self.chance.choice(("run", "run", "submit", "submit", "command", "command", "cancel"))
        match what if len(self.sandbox.record_files()) > len(RUNS) else "run":
            case "run":
                kill = kill_run(self.sandbox, self.chance.choice(RUNS), random_moment(self.chance))
            case "submit":
                kill = kill_run(self.sandbox, self.chance.choice(SUBMITTED), random_moment(self.chance))
            case "cancel":
                kill = kill_cancel(self.sandbox, self.chance, *self.chance.choice(((), ("--runner", "spool"))))
            case _:
                kill = kill_command(self.sandbox, random_command(self.sandbox, self.chance), self.chance)
        problems = spool_violations(self.sandbox, before)
        committed = after_kill(self.sandbox, kill.words, committed)
        return kill, problems + violations(self.sandbox, committed)


def random_command(sandbox: Sandbox, chance: random.Random) -> tuple[str, ...]:
    """Choose a command on one of the short runs, all of which have ended."""
    records = [record for record in sandbox.records() if record["experiment"] == EXPERIMENT]
    numbers = [str(record["id"]).partition("-")[0] for record in records]
    number = chance.choice(numbers)
    failed = [n for n, record in zip(numbers, records, strict=True) if record["state"] != "finished"]
    return chance.choice(
        [
            ("retry", chance.choice(failed or numbers), "--group", "0"),
            ("tag", number, "add", f"t{chance.randrange(1000)}"),
            ("comment", number, "-m", f"c{chance.randrange(1000)}"),
            ("delete", number, "--yes"),
            ("status",),
        ]
    )


def after_kill(sandbox: Sandbox, words: tuple[str, ...], committed: set[str]) -> set[str]:
    """Finish what a killed command has begun, as its user would; return the records that must still be there."""
    if words[0] != "delete":
        return committed
    if any(path.name.startswith(f"{words[1]}-") for path in sandbox.record_files()):
        sandbox.qanat(*words)
    return {path for path in committed if f"/{words[1]}-" not in path}


def _happened(sandbox: Sandbox, what: str, known: set[Path]) -> bool:
    new = [path for path in sandbox.record_files() if path not in known]
    match what:
        case "the launch":
            return True
        case "the record":
            return bool(new)
        case "a completion":
            return any(True for path in new for _ in storage_of(sandbox, path).rglob("completion.json"))
        case "the end in the record":
            return any(f"\nstate: {state}\n" in path.read_text() for path in new for state in ENDED)
        case _:
            raise AssertionError(what)


def storage_of(sandbox: Sandbox, record: Path) -> Path:
    """Return the storage directory of a run by its record, which may be deleted already."""
    return sandbox.root / "results" / record.parts[-3] / f"run_{record.name.partition('-')[0]}"

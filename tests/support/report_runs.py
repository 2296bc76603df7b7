"""Runs for reports: a sweep that looks like one, and a run with a hostile text wherever a record has text."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from qanat.domain.run import Code, Group, RequestedParameters, Run, RunnerChoice, State, SubmissionFacts

HOSTILE = (
    "</script><script>alert(1)</script><img src=x onerror=alert(2)>'\"`${alert(3)}{{alert(4)}}<!--\u202egnp.exe"
    "\u2028javascript:alert(5)"
)
_FIRST = datetime(2026, 11, 1, 8, tzinfo=UTC)
_ENDS = (State.FINISHED,) * 7 + (State.FAILED, State.CANCELLED, State.LOST)


def sweep(count: int, experiment: str = "train") -> list[Run]:
    """Return runs, of which three in ten did not finish, and every eighth has three groups."""
    return [_run(number, experiment) for number in range(1, count + 1)]


def _run(number: int, experiment: str) -> Run:
    created = _FIRST + timedelta(minutes=17 * number)
    state = _ENDS[number % len(_ENDS)]
    groups = tuple(_group(number, place, state, created) for place in range(3 if number % 8 == 0 else 1))
    return Run(
        number=number,
        uid=f"{number * 7919 % 0xFFFFFF:06x}",
        experiment=experiment,
        description="seed check" if number % 3 == 0 else "",
        tags=("sweep",) if number % 2 else (),
        created=created.isoformat(timespec="seconds"),
        author="Ada Lovelace <ada@example.org>",
        host="login01",
        code=Code("eac4a826bbbfc2700f4dd2f860acd802f62bd5b6", "0d2b" * 10, "main"),
        command=("python3", "train.py"),
        datasets={},
        requested=RequestedParameters(),
        runner=RunnerChoice("local"),
        storage=f"results/{experiment}/run_{number}",
        submission=SubmissionFacts("9c41d2e07ab35f68", pid=2**22 + 1, process_start="ab12:345"),
        groups=groups,
    )


def _group(number: int, place: int, state: State, created: datetime) -> Group:
    rate = 10 ** -(1 + number % 7 / 2)
    args = ("--opt", ("adam", "adamw", "sgd")[number % 3], "--lr", f"{rate:.2g}", "--seed", str(place), "--epochs", "9")
    acc = round(0.95 - abs(number % 7 - 3) / 10 + number / 10_000 + place / 1_000, 4)
    return Group(
        number=place,
        args=args,
        state=state,
        job=str(1000 + number),
        exit_code={State.FINISHED: 0, State.FAILED: 1}.get(state),
        reason="exit code 1" if state is State.FAILED else "",
        started=created.isoformat(timespec="milliseconds"),
        ended=(created + timedelta(seconds=60 + number)).isoformat(timespec="milliseconds"),
        host="node07",
        metrics={} if state is State.FAILED else {"acc": acc, "loss": round(1 - acc, 3)},
    )


def hostile(number: int) -> Run:
    """Return a run with a hostile text wherever a record has text."""
    run = _run(number, "train")
    group = replace(
        run.groups[0],
        args=("--opt", HOSTILE, f"--{HOSTILE}", "1", HOSTILE),
        state=State.FAILED,
        exit_code=1,
        job=HOSTILE,
        reason=HOSTILE,
        host=HOSTILE,
        metrics={HOSTILE: 1.0, "__proto__": 2.0, "constructor": 3.0},
    )
    return replace(
        run,
        description=HOSTILE * 100,
        tags=(HOSTILE,),
        author=f"{HOSTILE} <{HOSTILE}>",
        host=HOSTILE,
        code=replace(run.code, branch=HOSTILE, untracked=(HOSTILE,)),
        command=(HOSTILE,),
        datasets={"iris": HOSTILE},
        runner=RunnerChoice("local", HOSTILE, {HOSTILE: HOSTILE}),
        groups=(group,),
    )

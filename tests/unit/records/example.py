"""One run, written out, for tests that need any."""

from __future__ import annotations

from qanat.domain.run import Code, Group, RequestedParameters, Run, RunnerChoice, State, SubmissionFacts

RUN = Run(
    number=4,
    uid="7f3a9c",
    experiment="summary_iris",
    description="",
    tags=(),
    created="2026-11-23T05:17:55+00:00",
    author="Ada L. <ada@example.org>",
    host="login01",
    code=Code("eac4a826bbbfc2700f4dd2f860acd802f62bd5b6", "0d2b" * 10, "main"),
    command=("python", "experiments/summary_statistics/iris.py"),
    datasets={"iris": "data/iris"},
    requested=RequestedParameters(("--n", "10"), (), ("--seed 0 2 1",)),
    runner=RunnerChoice("local", None, {"n_threads": 1}),
    storage="results/summary_iris/run_4",
    submission=SubmissionFacts("9c41d2e07ab35f68", pid=17, process_start="ab12:345"),
    groups=(
        Group(
            0,
            ("--n", "10", "--seed", "0"),
            State.FINISHED,
            job="18",
            exit_code=0,
            started="2026-11-23T05:17:56.001+00:00",
            ended="2026-11-23T05:18:01.250+00:00",
            metrics={"acc": 0.93},
        ),
        Group(
            1,
            ("--n", "10", "--seed", "1"),
            State.FAILED,
            job="19",
            signal=9,
            reason="ended by SIGKILL",
            started="2026-11-23T05:17:56.002+00:00",
            ended="2026-11-23T05:18:00.000+00:00",
        ),
    ),
)

RECORD = """\
schema: run/2
id: 4-7f3a9c
experiment: summary_iris
description: ''
tags: []
created: 2026-11-23T05:17:55+00:00
author: Ada L. <ada@example.org>
host: login01
code:
  commit: eac4a826bbbfc2700f4dd2f860acd802f62bd5b6
  tree: 0d2b0d2b0d2b0d2b0d2b0d2b0d2b0d2b0d2b0d2b
  branch: main
  snapshot: false
  workdir: project
command: [python, experiments/summary_statistics/iris.py]
datasets: {iris: data/iris}
parameters: {args: [--n, '10'], groups: [], ranges: [--seed 0 2 1]}
runner: {name: local, options: {n_threads: 1}}
storage: results/summary_iris/run_4
submission: {intent: '9c41d2e07ab35f68', pid: 17, process_start: 'ab12:345'}
state: failed
started: 2026-11-23T05:17:56.001+00:00
ended: 2026-11-23T05:18:01.250+00:00
groups:
"""

"""The page of a run, in a terminal."""

from __future__ import annotations

from qanat.cli.options import dashed
from qanat.cli.runs.reporting import CHANGED
from qanat.cli.terminal.marks import MARKS
from qanat.cli.terminal.output import brief, plural
from qanat.domain import times
from qanat.domain.data import data_texts
from qanat.domain.pending_retry import PendingRetry
from qanat.domain.run import Run, count_states, described
from qanat.domain.sizes import size
from qanat.usecases.environment import recorded
from qanat.usecases.project import Project
from qanat.usecases.runs.waiting import waiting

OPTIONS_SHOWN = 100
DATA_SHOWN = 20
MACHINES_SHOWN = 3
REASONS_SHOWN = 5


def run_page(project: Project, run: Run, retry: PendingRetry | None = None) -> str:
    """Describe a run, line by line; `retry` has its groups that are to be retried automatically."""
    lines = [
        f"Run {run.number} of experiment {run.experiment}:",
        f"  - 🆔 Id: {run.id}",
        f"  - 💬 Description: {run.description}",
        f"  - 🏷 Tags: {', '.join(run.tags)}",
        f"  - 🖥 Runner: {run.runner.name}",
        *_runner_parameters(run),
        *_container_lines(run),
        *([f"  - 💠 Checkpoint: {run.checkpoint}"] if run.checkpoint else []),
        *_data_lines(run),
        *_environment_lines(project, run),
        f"  - 📁 Path: {run.storage}",
        *([f"  - 🧹 Results: removed on {times.local(run.results_removed)}"] if run.results_removed else []),
        *_output_lines(run),
        f"  - 🔍 Status: {MARKS[run.state]} {_state(run)}",
        *_waiting_lines(run),
        *([f"        ◾ {retry.what}"] if retry else []),
        f"  - 📆 Started: {times.local(run.started)}",
        f"  - 📆 Ended: {times.local(run.ended)}",
        *_used_lines(run),
        f"  - 📑 Commit: {run.code.commit if run.code.is_known else 'unknown'}{_code_remarks(run)}",
    ]
    for other, count in run.requested.already_run.items():
        lines.append(f"  - ⏭ Left out: {plural(count, 'group')}, in run {other}")
    if len(run.groups) == 1 and run.groups[0].key:
        lines.append(f"  - 🔑 Key: {run.groups[0].key}")
    for one in run.after:
        lines.append(f"  - ⏳ After: run {one.run}, {'however it ended' if one.any else 'once it had finished'}")
    if run.rerun_of:
        lines.append(f"  - 🔁 Rerun of: {run.rerun_of}")
    if run.origin:
        lines.append(f"  - 🛬 Imported from: {run.origin}")
    return "\n".join(map(brief, lines))


def _runner_parameters(run: Run) -> list[str]:
    chosen = {"submit-template": run.runner.template} if run.runner.template else {}
    chosen |= {dashed(key): value for key, value in run.runner.options.items() if not chosen}
    lines = [f"        ◾ --{key}: {value}" for key, value in chosen.items()]
    facts = run.submission
    lines += [f"        ◾ --set: {key}={value}" for key, value in facts.changed.items()]
    shared = {"per-job": facts.per_job, "n-threads": facts.at_once} if facts.per_job else {}
    lines += [f"        ◾ --{key}: {value}" for key, value in shared.items() if value]
    lines += [f"        ◾ {source.template}: {source.described()}" for source in run.runner.sources if source.pack]
    more = [f"        … and {len(lines) - OPTIONS_SHOWN:,} more"] if len(lines) > OPTIONS_SHOWN else []
    retry = [f"  - 🔄 Retry: {run.runner.retry}"] if run.runner.retry else []
    shipped = ["  - 🚚 Transfer: jobs get copies of code and data"] if run.runner.transfer else []
    return [*(["  - 📓 Runner options:"] if lines else []), *lines[:OPTIONS_SHOWN], *more, *retry, *shipped]


def _container_lines(run: Run) -> list[str]:
    if run.container is None:
        return []
    container = run.container
    lines = ["        ◾ --gpu"] if container.gpu else []
    lines += [f"        ◾ bind: {bind}" for bind in container.binds]
    lines += [f"        ◾ option: {option}" for option in container.options]
    more = [f"        … and {len(lines) - OPTIONS_SHOWN:,} more"] if len(lines) > OPTIONS_SHOWN else []
    title = f"  - 🧊 Container: {container.image} ({container.engine}, {container.identity})"
    return [title, *lines[:OPTIONS_SHOWN], *more]


def _data_lines(run: Run) -> list[str]:
    lines = [f"        ◾ {text}" for text in data_texts(run)]
    lines += [f"        ◾ {state.name} at the last retry: {state.described}" for state in run.submission.data]
    more = [f"        … and {len(lines) - DATA_SHOWN:,} more"] if len(lines) > DATA_SHOWN else []
    return ["  - 💾 Data:", *lines[:DATA_SHOWN], *more] if lines else []


def _environment_lines(project: Project, run: Run) -> list[str]:
    found = {"": run.environment, " at the last retry": run.submission.environment}
    read = {when: recorded.read(project, name) for when, name in found.items()}
    lines = [f"  - 🧪 Environment{when}: {each.described}" for when, each in read.items() if each]
    machines = recorded.machines_of(project, run, MACHINES_SHOWN)
    return [*lines, *(f"  - 💻 Machine: {machine.described}" for machine in machines)]


def _output_lines(run: Run) -> list[str]:
    found = [group.outputs for group in run.groups if group.outputs]
    total = plural(sum(outputs.files for outputs in found), "file")
    return [f"  - 📦 Outputs: {total}, {size(sum(outputs.bytes for outputs in found))}"] if found else []


def _used_lines(run: Run) -> list[str]:
    if not any(group.used for group in run.groups):
        return []
    from qanat.cli.runs.efficiency_report import in_short  # only here

    used = in_short(run)
    return [f"  - 📈 Used: {used}"] if used else []


def _state(run: Run) -> str:
    if len(run.groups) == 1:
        return described(run.state, run.groups[0].reason)
    counts = count_states(run.groups)
    return f"{run.state} ({', '.join(f'{count:,} {state}' for state, count in counts.items())})"


def _waiting_lines(run: Run) -> list[str]:
    """Return why groups wait; that of a run with a single group is part of its status."""
    found = waiting([run]) if len(run.groups) > 1 else []
    return [f"        ◾ {plural(each.groups, 'group')} {each.why}" for each in found[:REASONS_SHOWN]]


def _code_remarks(run: Run) -> str:
    remarks = ["snapshot of uncommitted changes"] if run.code.snapshot else []
    remarks += ["in a checkout"] if run.code.workdir == "checkout" else []
    remarks += [CHANGED] if run.code.changed_while_running else []
    return f" ({', '.join(remarks)})" if remarks else ""

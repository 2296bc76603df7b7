"""A real project beside a scheduler that is a small world: the promises about runs, in milliseconds.

Every command of a test opens the project again, as real commands do; git, the files and the index are real.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from qanat.domain.intents import new_intent
from qanat.domain.run import Code, Group, Run, SubmissionFacts
from qanat.errors import RunnerUnavailable, UsageError
from qanat.git import command
from qanat.records import flight, numbers, run_codec, storage
from qanat.records.flight import Journal, Watcher
from qanat.runners.local.runner import LocalRunner
from qanat.runners.registry import Registry
from qanat.system import files
from qanat.usecases.definitions.init import init_project, plan_init
from qanat.usecases.launch.code import Ask, Captured
from qanat.usecases.launch.launch import launch
from qanat.usecases.launch.looking import refreshed
from qanat.usecases.launch.options import LaunchOptions
from qanat.usecases.launch.plan import RunRequest
from qanat.usecases.launch.view import AlreadyRun, DataReport, EnvironmentReport, Outcome
from qanat.usecases.project import Project, open_project
from qanat.usecases.tracking import committing, record
from qanat.usecases.tracking.find import Found, find_run
from tests.support.repository import Repository
from tests.support.scheduler import Killed, MovableClock, Scheduler
from tests.unit.records.example import RUN

# No process can have this number.
GONE = 2**22 + 1
# What marks the processes of a run that is left alone: its own in each test process, since they are ended by it.
INTENT = new_intent(f"1-{RUN.uid}")
EXPERIMENT = """\
schema: experiment/1
name: train
executable: train.sh
executable_command: sh
"""


def make_template(root: Path) -> Path:
    """Make a project with an experiment, all committed and in one pack, for worlds to copy."""
    init_project(plan_init(root, "vi", "results"), Registry().default_templates())
    (root / "train.sh").write_text('echo "$@"\n')
    (root / "train.sh").chmod(0o755)
    (root / ".qanat/experiments").mkdir()
    (root / ".qanat/experiments/train.yaml").write_text(EXPERIMENT)
    command.output(root, "add", "--all")
    command.output(root, "commit", "--quiet", "--message", "train")
    command.output(root, "gc", "--quiet")
    shutil.rmtree(root / ".git/hooks")
    project = open_project(root)
    # What the first command in a clone does: look through the history, and write the schemas and the index.
    numbers.raise_to(project.location.private, 1)
    numbers.give_back(project.location.private, 1)
    project.experiment("train")
    return root


class View:
    """Notes what a launch shows: `events` are its calls in order, each with what it is about.

    `then` is called after each with what was noted.
    """

    def __init__(self, then: Callable[[str, Any], object] = lambda name, what: None) -> None:
        self.events: list[tuple[str, Any]] = []
        self._then = then

    def begins(self, run: Run, folder: Path) -> None:
        """Note the run's storage directory."""
        self._note("begins", folder)

    def changed(self, group: Group) -> None:
        """Note the group's number and state."""
        self._note("changed", (group.number, group.state))

    def passing(self) -> None:
        """Do nothing: how often this is called depends on the machine."""

    def waits(self, reason: str) -> None:
        """Note what the run waits for, once."""
        if self.events[-1] != ("waits", reason):
            self._note("waits", reason)

    def submitted(self, outcome: Outcome) -> None:
        """Note the names of the jobs."""
        self._note("submitted", [group.job for group in outcome.run.groups])

    def captured(self, captured: Captured) -> None:
        """Note untracked files."""
        self._note("captured", [[file.path for file in files] for files in (captured.included, captured.left_out)])

    def data(self, report: DataReport) -> None:
        """Note in what data differ from those of an earlier run, and what of them cannot be read."""
        self._note("data", [*report.lines, *report.problems])

    def environment(self, report: EnvironmentReport) -> None:
        """Note in what the environment differs from that of the run that is repeated."""
        self._note("environment", list(report.differences))

    def already_run(self, report: AlreadyRun) -> None:
        """Note what is left out, and why the rest is not."""
        self._note("already_run", report.lines)

    def note(self, text: str) -> None:
        """Note what the user is told."""
        self._note("note", text)

    def container(self, difference: str) -> None:
        """Note how the image differs from that of an earlier run."""
        self._note("container", difference)

    def seen(self, run: Run, notes: Sequence[str]) -> None:
        """Note the state of the run."""
        self._note("seen", run.state)

    def _note(self, name: str, what: Any) -> None:
        self.events.append((name, what))
        self._then(name, what)


class World(Repository):
    """A project, a scheduler, and a clock that stands still until the test moves it.

    `unloadable` is why the scheduler's runner cannot be loaded, `notes` are what the last look had to say, `outcome`
    and `view` are what the last launch left and showed. `ask` is what a launch asks about changes.
    """

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.clock = MovableClock()
        self.scheduler = Scheduler(self.clock)
        self.unloadable = ""
        self.notes: list[str] = []
        self.outcome = Outcome(RUN)
        self.view = View()
        self.ask: Ask = lambda changes, wanted: wanted

    # ---- what use cases ask for runners

    def is_in_process(self, name: str) -> bool:
        """Return whether a runner is the local one."""
        return name == "local"

    def local(self) -> LocalRunner:
        """Return the real runner of this machine."""
        return LocalRunner(1)

    def in_process(self, name: str, slots: int) -> LocalRunner:
        """Return the real runner of this machine."""
        return LocalRunner(slots)

    def submitting_names(self) -> list[str]:
        """List the scheduler alone."""
        return [self.scheduler.name]

    def default_templates(self) -> Mapping[str, Mapping[str, Any]]:
        """Return those that the project began with."""
        return Registry().default_templates()

    def runner_of(self, keys: Collection[str]) -> str:
        """Return the built-in runner that takes such options."""
        return Registry().runner_of(keys)

    def option_name(self, name: str, key: str) -> str:
        """Return the name that the real runner of this name has for an option."""
        return Registry().option_name(name, key)

    def generated_files(self, name: str) -> frozenset[str]:
        """Return the files of the real runner of this name; the scheduler leaves none."""
        return frozenset() if name == self.scheduler.name else Registry().generated_files(name)

    def submitting(self, name: str) -> Scheduler:
        """Return the scheduler."""
        if self.unloadable:
            raise RunnerUnavailable(self.unloadable)
        if name != self.scheduler.name:
            raise UsageError(f"runner {name!r} does not exist")
        return self.scheduler

    # ---- commands

    @property
    def project(self) -> Project:
        """The project, opened as by a new command."""
        return replace(open_project(self.root), clock=self.clock)

    def launch(self, *args: str, **words: Any) -> Run:
        """Launch the experiment, with words of the request and of the options; keep the notes and what was shown."""
        names = {field.name for field in fields(LaunchOptions)}
        options = LaunchOptions(**{key: value for key, value in words.items() if key in names})
        words = {"experiment": "train", "args": args, **{k: v for k, v in words.items() if k not in names}}
        return self.started(launch, RunRequest(**words), options, runners=self, ask=self.ask, view=self.view)

    def started(self, use_case: Callable[..., Outcome], *args: Any, **words: Any) -> Run:
        """Call what starts runs in this project; return the run as it is left, and keep the outcome."""
        self.view.events.clear()
        self.outcome = use_case(self.project, *args, **words)
        return self.outcome.run

    def submit(self, groups: int = 1, **words: Any) -> Run:
        """Submit a run of the experiment to the scheduler, to work in the project itself."""
        seeds = tuple(f"--seed {seed}" for seed in range(groups))
        return self.launch(**{"groups": seeds, "runner": "world", "in_place": True, **words})

    def look(self, number: int = 1) -> Run:
        """Look at all runs, as `qanat status` does; return the one with this number, and keep the notes."""
        return self.find(number).run

    def find(self, number: int = 1) -> Found:
        """Look at all runs, and return where one of them is as well."""
        with refreshed(self.project, self) as (index, result):
            self.notes = result.notes
            return find_run(self.project, index, result, str(number))

    @contextmanager
    def killed(self) -> Iterator[None]:
        """Expect that a command is killed in the middle; the next command finds its journals without a process."""
        with pytest.raises(Killed):
            yield
        self.leave_alone()

    def left_alone(self, groups: int = 2) -> Run:
        """Record a run of this machine, committed as it was launched, whose qanat is gone, and its processes too."""
        head = self.head
        run = replace(
            RUN,
            number=1,
            experiment="train",
            host=os.uname().nodename,
            code=Code(head, head, "main"),
            storage="results/train/run_1",
            submission=SubmissionFacts(INTENT, pid=GONE, process_start="gone"),
            groups=tuple(Group(number, ()) for number in range(groups)),
        )
        folder = self.root / run.storage
        files.write(folder / storage.INFO, storage.info(run, folder, [("true",)] * groups, self.root))
        record.create_record(self.project, run)
        committing.commit_records(self.project, [run])
        return run

    def journal(self, run: Run) -> Journal:
        """Begin a journal of a run whose qanat is gone."""
        path = run_codec.path_of(run)
        return Journal(self.project.location.private, Watcher(run.id, str(self.root), path, run.host, GONE, "gone"))

    def leave_alone(self) -> None:
        """Let the qanat that watches the runs in flight be gone."""
        for journal in self.journals():
            first, *others = journal.read_text().splitlines()
            gone = json.loads(first) | {"pid": GONE, "process_start": "gone"}
            journal.write_text("\n".join([json.dumps(gone), *others, ""]))

    # ---- what is there

    def journals(self) -> list[Path]:
        """List the journals of runs in flight."""
        return sorted((self.project.location.private / flight.FOLDER).glob("*.jsonl"))

    def recorded(self, number: int = 1) -> Run:
        """Read the record of a run in the working tree."""
        (path,) = self.root.glob(f".qanat/runs/*/*/{number}-*.yaml")
        return record.load_record(self.project, str(path.relative_to(self.root)))

    def committed(self, number: int = 1, revision: str = "HEAD") -> Run | None:
        """Read the record of a run in a commit; None when it has none."""
        tree: Any = self._opened.revparse_single(f"{revision}^{{tree}}")
        for experiment in tree[".qanat/runs"] if ".qanat/runs" in tree else ():  # noqa: SIM401  # a Tree has no get()
            for file in (file for part in experiment for file in part):
                if file.name.startswith(f"{number}-") and file.name.endswith(".yaml"):
                    return run_codec.decode(file.data, f".qanat/runs/{experiment.name}/…/{file.name}")
        return None

    def subjects(self, revision: str = "HEAD") -> list[str]:
        """List the subjects of the commits that the run records made, the newest first."""
        return self.git("log", "--format=%s", revision, "--", ".qanat/runs").splitlines()

    def experiment(self, script: str, name: str = "train", **keys: Any) -> None:
        """Define an experiment that runs a shell script, and commit both."""
        content = {"schema": "experiment/1", "name": name, "executable": f"{name}.sh", "executable_command": "sh"}
        definition = yaml.safe_dump(content | keys, sort_keys=False)
        self.commit(name, **{f"{name}.sh": script, f".qanat/experiments/{name}.yaml": definition})

    def template(self, name: str, **options: Any) -> None:
        """Define a template for the scheduler."""
        keys = {"retry": options.pop("retry")} if isinstance(options.get("retry"), dict) else {}
        content = {"schema": "template/1", "name": name, "runner": "world", "options": options, **keys}
        self.commit(**{f".qanat/templates/world/{name}.yaml": yaml.safe_dump(content, sort_keys=False)})

    def set(self, **settings: Any) -> None:
        """Change settings of the project, and commit them."""
        path = self.root / ".qanat/config.yaml"
        path.write_text(yaml.safe_dump(yaml.safe_load(path.read_text()) | settings, sort_keys=False))
        self.git("commit", "--quiet", "--all", "--message", "settings")

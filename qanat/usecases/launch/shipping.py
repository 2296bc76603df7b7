"""What jobs get whose machines do not see the project: the committed code as an archive, data, and other inputs."""

from __future__ import annotations

import os
import shlex
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from qanat.domain.data_paths import is_url
from qanat.domain.experiment import CHECKOUT, Experiment
from qanat.domain.job import JobBatch
from qanat.domain.run import Run, RunnerChoice
from qanat.domain.shipment import CODE, INPUTS, PRESENT, SANDBOX, Shipment, in_sandbox
from qanat.errors import InputInvalid, UsageError, write_failed
from qanat.git import checkout, repository
from qanat.runners.protocol import Runners, TransfersFiles
from qanat.system import archives, files, folders
from qanat.usecases.data.definitions import definition_of
from qanat.usecases.launch.options import LaunchOptions
from qanat.usecases.launch.workplace import Workplace
from qanat.usecases.project import Project

ARCHIVES = "archives"
# How long it may take from the archive of a launch to its record.
LAUNCH_S = 3_600


def is_wanted(experiment: Experiment, choice: RunnerChoice) -> bool:
    """Return whether files are to be transferred to the machines of jobs: a template says so, or the experiment."""
    return experiment.transfer if choice.transfer is None else choice.transfer


def decided(
    choice: RunnerChoice, experiment: Experiment, options: LaunchOptions, runners: Runners, *, in_place: bool = False
) -> RunnerChoice:
    """Return the choice of a runner that says whether files are transferred, as its template or the experiment does.

    Raises UsageError for a runner that cannot transfer any, for code that is not to run in a checkout, and for jobs of
    several groups.
    """
    if runners.is_in_process(choice.name):
        return choice
    wanted = is_wanted(experiment, choice)
    if not wanted:
        return replace(choice, transfer=None)
    where = f"template {choice.template}" if choice.transfer else f"experiment {experiment.name}"
    if not isinstance(runners.submitting(choice.name), TransfersFiles):
        raise UsageError(
            f"runner {choice.name} cannot transfer files, and {where} has transfer: true",
            hint="on machines that see the project's disk, use a template with transfer: false",
        )
    if options.bundles:
        raise UsageError(
            f"--per-job cannot be used for jobs that do not see the project: {where} has transfer: true",
            hint="each group is a job of its own: --per-job 1",
        )
    if in_place or experiment.workdir not in (None, CHECKOUT):
        what = "--in-place" if in_place else "workdir: project"
        raise UsageError(
            f"{what} cannot be used for jobs that do not see the project: {where} has transfer: true",
            hint="they get the code of a commit",
        )
    return replace(choice, transfer=True)


def packed(
    project: Project,
    place: Workplace,
    choice: RunnerChoice,
    datasets: Mapping[str, str],
    commit: str,
    runners: Runners,
    *,
    make: bool = True,
) -> Workplace:
    """Return a checkout of a commit with what jobs get that do not see it; with `make`, make the archive of its code.

    Raises InputInvalid for data that cannot be shipped.
    """
    if not choice.transfer:
        return place
    found: dict[str, str] = {}
    shipped: list[str] = []
    for name, path in datasets.items():
        found[name], source = _data(project, place, name, path)
        shipped += [source] if source else []
    tree = repository.code_tree(repository.open_repository(project.location), commit)
    shipment = Shipment(_archive(project, place.folder, tree, make=make), found, tuple(dict.fromkeys(shipped)))
    check(shipment, project.root, choice, runners)
    return replace(place, shipment=shipment)


def check(shipment: Shipment, folder: Path, choice: RunnerChoice, runners: Runners) -> None:
    """Raise InputInvalid if a runner cannot ship this."""
    runner = runners.submitting(choice.name)
    if isinstance(runner, TransfersFiles) and (why := runner.shipment_problem(shipment, folder)):
        raise InputInvalid(why, hint="rename it, or make it available there: transfer: present in the dataset")


def _data(project: Project, place: Workplace, name: str, path: str) -> tuple[str, str]:
    """Return where a job finds a dataset, and what is shipped for that; empty if nothing is."""
    here = place.datasets[name]
    if is_url(here):
        return here, ""
    if Path(here).is_relative_to(place.folder) and place.folder != project.root:
        return f"{SANDBOX}/{CODE}/{os.path.relpath(here, place.folder)}", ""
    how = definition_of(project, name, path).transfer
    if how == PRESENT:
        return here, ""
    if is_url(how):
        return in_sandbox(how), how
    if not files.exists(Path(here)):
        raise InputInvalid(
            f"dataset {name}: path {path} does not exist, so it cannot be shipped",
            hint=f"if the machines of the jobs have it: qanat dataset update {shlex.quote(name)} --transfer present",
        )
    # HTCondor does not follow a link to a folder.
    source = os.path.realpath(here) if files.is_folder(Path(here)) else here
    return in_sandbox(source), source


def _archive(project: Project, folder: Path, tree: str, *, make: bool) -> Path:
    """Return the archive of code with this tree, which is made once."""
    place = archives_of(project)
    target = place / f"{tree}.tar.gz"
    if make and _is_own(target):
        os.utime(target)
    elif make:
        try:
            folders.create(place)
        except OSError as error:
            raise write_failed(place, error) from None
        place.chmod(0o700)
        archives.write(target, folder, checkout.code_in(folder))
    return target


def archives_of(project: Project) -> Path:
    """Return the folder of this user's archives; git tracks nothing there, so none has come with a clone."""
    return project.location.private_here / ARCHIVES / str(os.geteuid())


def clean(project: Project, live: Iterable[Run]) -> list[int]:
    """Remove the archives of code that no active run has, unless a launch may just be using them; list their sizes."""
    used = {f"{run.code.tree}.tar.gz" for run in live}
    removed = []
    for path in archives_of(project).glob("*.tar.gz"):
        with suppress(OSError):
            found = path.stat()
            if path.name not in used and time.time() - found.st_mtime > LAUNCH_S:
                path.unlink()
                removed.append(found.st_size)
    return removed


def _is_own(path: Path) -> bool:
    found = folders.identify(path)
    return found is not None and found.is_ours


def with_files_of_run(batch: JobBatch, place: Workplace, parameters_file: Path | None, *, make: bool) -> JobBatch:
    """Return a batch whose jobs also get the parameters file of the run, and the inputs that only the project has."""
    if not (shipment := batch.shipment):
        return batch
    added = [str(parameters_file)] if parameters_file else []
    if place.inputs:
        inputs = batch.folder / INPUTS
        missing = [path for path in place.inputs if not files.exists(place.folder / path)]
        if missing:
            raise InputInvalid(
                f"input {missing[0]} does not exist yet, so it cannot be shipped",
                hint="start the run once the run before it has ended, or without transfer: true",
            )
        if make:
            archives.write(inputs, place.folder, place.inputs, follow=True)
        added.append(str(inputs))
    if make:
        for job in batch.jobs:
            folders.create(job.storage, job.sharing)
    return replace(batch, shipment=replace(shipment, files=(*shipment.files, *added)))

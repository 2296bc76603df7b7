"""Options that say how to start a run, which several commands share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from qanat.cli.options import CODE, RECORDING, WHERE, option
from qanat.domain.container import ContainerRequest
from qanat.domain.retry_policy import TIMES_MAX
from qanat.domain.standing import IGNORABLE
from qanat.errors import UsageError
from qanat.usecases.launch.options import LaunchOptions
from qanat.usecases.launch.plan import Needed, needed_only


def options_for(command: Any) -> Any:
    """Add the options of LaunchOptions to a command."""
    for add in (
        option(
            "--allow-secrets",
            group=RECORDING,
            is_flag=True,
            help="Accept what looks like a secret in the record and in files named by --add.",
        ),
        option(
            "--cancel-on-interrupt",
            group=WHERE,
            is_flag=True,
            help="With --wait, cancel the run on Ctrl-C instead of leaving it to the scheduler.",
        ),
        option(
            "--wait",
            group=WHERE,
            is_flag=True,
            help="Wait until the run has ended, and exit with its exit code, as for a local run.",
        ),
        option(
            "--detach",
            group=WHERE,
            is_flag=True,
            help="Do not wait: a local run continues in the background, even after you log out.",
        ),
        option(
            "--fail-fast", group=WHERE, is_flag=True, help="Start no more groups after one has failed (local runs)."
        ),
        option(
            "--time-limit",
            group=WHERE,
            metavar="TIME",
            help="End a group that runs longer than this, such as 30m, 2h or 1d12h; HTCondor holds it. none: no limit.",
        ),
        _amount_options,
        option(
            "--retry",
            group=WHERE,
            type=click.IntRange(0, TIMES_MAX),
            metavar="N",
            help="Retry failed groups automatically, up to N times; 0: never (default: as in template or experiment).",
        ),
        option(
            "--submit-template",
            group=WHERE,
            metavar="TEMPLATE",
            help="Submit with the scheduler options of this template or file.",
        ),
    ):
        command = add(command)
    return command


def _amount_options(command: Any) -> Any:
    """Add the options that say how much runs at once, and in which portions."""
    for add in (
        option(
            "--max-running",
            group=WHERE,
            type=click.IntRange(1),
            metavar="N",
            help="Limit a submitted run to N running jobs at a time.",
        ),
        option(
            "--per-job",
            group=WHERE,
            type=click.IntRange(1),
            metavar="N",
            help="Submit jobs that work through N groups each, one after the other, or with -j several at a time.",
        ),
        option(
            "-j",
            "--n-threads",
            group=WHERE,
            type=click.IntRange(1),
            metavar="N",
            help="Run up to N groups at the same time: here, or with --per-job in each job.",
        ),
    ):
        command = add(command)
    return command


def order_option(command: Any) -> Any:
    """Add --after to a command that starts a new run."""
    return option(
        "--after",
        group=WHERE,
        multiple=True,
        metavar="RUN[:any]",
        help="Start once all groups of RUN have finished; with :any, once RUN has ended anyhow. May be repeated.",
    )(command)


def container_options(command: Any) -> Any:
    """Add the options that say in which container programs work; see container_from()."""
    for add in (
        option("--gpu", group=WHERE, is_flag=True, help="Let the container use the GPUs of the machine."),
        option(
            "--engine",
            group=WHERE,
            metavar="ENGINE",
            help="Run the container with apptainer, singularity, charliecloud, podman, docker, or another engine.",
        ),
        option(
            "--container",
            group=WHERE,
            type=click.Path(),
            metavar="IMAGE",
            help="Run in a container: a .sif, SquashFS or .tar file, folder, Dockerfile, or a name; none: in none.",
        ),
    ):
        command = add(command)
    return command


def container_from(image: str | None, engine: str | None, *, gpu: bool) -> ContainerRequest | None:
    """Return the container that options ask for; None if there is no such option."""
    if image is None and engine is None and not gpu:
        return None
    if image == "":
        raise UsageError("--container is empty", hint="name an image, or use none")
    return ContainerRequest(image or "", engine, gpu=gpu)


def code_options(command: Any) -> Any:
    """Add the options that say what to do with uncommitted changes; see changes.uncommitted_from()."""
    for add in (
        option(
            "--add",
            group=CODE,
            multiple=True,
            type=click.Path(),
            metavar="FILE",
            help="Include this untracked file in the commit, or in the snapshot even if it is large; may be repeated.",
        ),
        option(
            "--snapshot",
            group=CODE,
            is_flag=True,
            help="Run a snapshot of uncommitted changes and small untracked files, without committing them.",
        ),
        option(
            "--commit-message",
            group=CODE,
            metavar="TEXT",
            help="Commit uncommitted changes first, with this message.",
        ),
    ):
        command = add(command)
    return command


def needed_options(group: str) -> Callable[[Any], Any]:
    """Return what adds --needed and --ignore to a command, in this group of its options; see needed_from()."""

    def add(command: Any) -> Any:
        command = option(
            "--ignore",
            group=group,
            multiple=True,
            type=click.Choice(IGNORABLE),
            help="With --needed, accept runs that differ in this; may be repeated.",
        )(command)
        return option(
            "--needed",
            group=group,
            is_flag=True,
            help="Leave out groups that an earlier run has: same code, command, arguments, data and environment.",
        )(command)

    return add


def needed_from(options: dict[str, Any]) -> Needed | None:
    """Return what the options of needed_options() say. Raises UsageError for --ignore alone."""
    return needed_only(options["ignore"], needed=options["needed"])


def group_options(title: str, *, failed: str, group: str) -> Callable[[Any], Any]:
    """Return what adds --failed and --group to a command, with these help texts, under a title in its help."""

    def add(command: Any) -> Any:
        command = option(
            "--group", "groups", group=title, type=click.IntRange(0), multiple=True, metavar="GROUP", help=group
        )(command)
        return option("--failed", group=title, is_flag=True, help=failed)(command)

    return add


def options_from(options: dict[str, Any], runner: str) -> LaunchOptions:
    """Return the LaunchOptions among the options of a command."""
    return LaunchOptions(
        runner,
        options["submit_template"],
        options["n_threads"],
        options["fail_fast"],
        options["wait"],
        options["cancel_on_interrupt"],
        options["max_running"],
        options["allow_secrets"],
        options["detach"],
        options["time_limit"],
        options["per_job"],
        options["retry"],
    )

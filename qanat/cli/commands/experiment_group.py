"""`qanat experiment`: the table of its commands, apart from them, so that calling one does not load the others."""

from __future__ import annotations

import click

from qanat.cli.lazy import LazyGroup

COMMANDS = {
    "list": ("qanat.cli.commands.experiment:list_", "List the experiments."),
    "new": ("qanat.cli.commands.experiment:new", "Define an experiment."),
    "show": ("qanat.cli.commands.experiment:show", "Show an experiment."),
    "update": ("qanat.cli.commands.experiment:update", "Change an experiment."),
    "delete": ("qanat.cli.commands.experiment:delete", "Delete an experiment with its runs."),
    "run": ("qanat.cli.commands.run:run", "Run an experiment; the same as qanat run."),
    "status": ("qanat.cli.commands.status:experiment_status", "Show an experiment and the table of its runs."),
    "rerun": ("qanat.cli.commands.by_experiment:rerun", "Run a run of this experiment again."),
    "action": ("qanat.cli.commands.action:action", "Run an action on a run; the same as qanat action."),
    "run_explore": ("qanat.cli.commands.explore:explore", "Search runs and look into one; the same as qanat explore."),
    "run_comment": ("qanat.cli.commands.by_experiment:comment", "Write a comment on a run of this experiment."),
    "run_delete": ("qanat.cli.commands.by_experiment:delete", "Delete a run of this experiment."),
}


@click.group(
    cls=LazyGroup,
    table=COMMANDS,
    epilog="\b\nExample:\n  qanat experiment new summary.yaml\n  qanat experiment status summary_iris",
)
def experiment() -> None:
    """Experiments: a program, the datasets it reads, its actions and metrics."""

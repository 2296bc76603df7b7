"""`qanat experiment`: its commands as a table, in a module of its own so that calling one does not load the others."""

from __future__ import annotations

import click

from qanat.cli.lazy import LazyGroup

SECTIONS = {
    "Manage experiments": {
        "list": ("qanat.cli.commands.experiment:list_", "List experiments."),
        "new": ("qanat.cli.commands.experiment:new", "Create an experiment."),
        "show": ("qanat.cli.commands.experiment:show", "Show the definition of an experiment."),
        "status": ("qanat.cli.commands.status:experiment_status", "Show an experiment and its runs."),
        "update": ("qanat.cli.commands.experiment:update", "Change or rename an experiment."),
        "delete": ("qanat.cli.commands.experiment:delete", "Delete an experiment and its runs."),
    },
    "Work with the runs of an experiment": {
        "run": ("qanat.cli.commands.run:run", "Same as qanat run."),
        "rerun": ("qanat.cli.commands.by_experiment:rerun", "Same as qanat rerun, for a run of this experiment."),
        "action": ("qanat.cli.commands.action:action", "Same as qanat action."),
        "run-explore": ("qanat.cli.commands.explore:explore", "Same as qanat explore."),
        "run-comment": (
            "qanat.cli.commands.by_experiment:comment",
            "Same as qanat comment, for a run of this experiment.",
        ),
        "run-delete": (
            "qanat.cli.commands.by_experiment:delete",
            "Same as qanat delete, for a run of this experiment.",
        ),
    },
}


@click.group(
    cls=LazyGroup,
    sections=SECTIONS,
    epilog="\b\nExample:\n  qanat experiment new summary.yaml\n  qanat experiment status summary_iris",
)
def experiment() -> None:
    """Manage experiments: programs with the datasets they read, their actions and their metrics.

    Definitions are your files: they are committed by you, or with --commit. Records of runs are committed by qanat.
    """

"""The commands of `qanat`: name to (`module:attribute`, help line); one without a line is hidden."""

from __future__ import annotations

COMMANDS = {
    "init": ("qanat.cli.commands.init:init", "Make a project of a folder or a git repository."),
    "run": ("qanat.cli.commands.run:run", "Run an experiment, over as many parameters as asked for."),
    "rerun": ("qanat.cli.commands.rerun:rerun", "Run a run again: same code, parameters and data, as a new run."),
    "retry": ("qanat.cli.commands.retry:retry", "Run what failed of a run again, inside the same run."),
    "cancel": ("qanat.cli.commands.cancel:cancel", "End runs that are going on, from any terminal."),
    "hold": ("qanat.cli.commands.hold:hold", "Keep the jobs of a submitted run from going on."),
    "release": ("qanat.cli.commands.release:release", "Let held jobs go on."),
    "show": ("qanat.cli.commands.show:show", "Show a run."),
    "logs": ("qanat.cli.commands.logs:logs", "Print what a run printed, or follow it."),
    "explore": ("qanat.cli.commands.explore:explore", "Search runs and look into one, with menus."),
    "compare": ("qanat.cli.commands.compare:compare", "Compare parameters and metrics of runs."),
    "diff": ("qanat.cli.commands.diff:diff", "Say what a branch changes in experiments and runs."),
    "action": ("qanat.cli.commands.action:action", "Run an action of an experiment on the results of a run."),
    "comment": ("qanat.cli.commands.comment:comment", "Write a comment on a run."),
    "tag": ("qanat.cli.commands.tag:tag", "Add or remove tags of a run."),
    "delete": ("qanat.cli.commands.delete:delete", "Delete runs with their results."),
    "status": ("qanat.cli.commands.status:status", "Show what the project holds and which runs are going on."),
    "experiment": (
        "qanat.cli.commands.experiment_group:experiment",
        "Experiments: list, new, show, update, delete, run, status.",
    ),
    "dataset": ("qanat.cli.commands.dataset:dataset", "Datasets: list, new, show, update, delete."),
    "template": ("qanat.cli.commands.template:template", "Submit templates: list, new, show, update, delete."),
    "cache": ("qanat.cli.commands.cache:cache", "The cache: status, clean."),
    "config": ("qanat.cli.commands.config:config", "Settings of the project: show, edit."),
    "keep": ("qanat.cli.commands.keep:keep", "Keep the commits of runs that no branch has any more."),
    "merge-driver": ("qanat.cli.commands.merge_driver:merge_driver", ""),
    "validate": ("qanat.cli.commands.validate:validate", "Check .qanat/ as the pre-commit hook does."),
    "hooks": ("qanat.cli.commands.hooks:hooks", "Git hooks that check commits: install, uninstall, status."),
    "import": ("qanat.cli.commands.import_v0:import_", "Bring along what the first qanat kept in its database."),
    "completion": ("qanat.cli.commands.completion:completion", "Let your shell complete commands, names and runs."),
}

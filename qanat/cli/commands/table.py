"""The commands of `qanat`, by section of its help: name to (`module:attribute`, help line); see LazyGroup."""

from __future__ import annotations

SECTIONS = {
    "Set up a project": {
        "init": ("qanat.cli.commands.init:init", "Create a qanat project."),
        "config": ("qanat.cli.commands.config:config", "Show or edit the settings of the project."),
        "hooks": ("qanat.cli.commands.hooks:hooks", "Install git hooks that check commits or commit records."),
        "import": ("qanat.cli.commands.import_v0:import_", "Import runs of other tools, or a qanat 0.x project."),
        "completion": ("qanat.cli.commands.completion:completion", "Print a shell completion script."),
    },
    "Define what to run": {
        "experiment": ("qanat.cli.commands.experiment_group:experiment", "Manage experiments."),
        "dataset": ("qanat.cli.commands.dataset:dataset", "Manage datasets."),
        "template": ("qanat.cli.commands.template:template", "Manage templates of scheduler options."),
        "document": ("qanat.cli.commands.document_group:document", "Manage and build papers made from files of runs."),
    },
    "Run experiments": {
        "run": ("qanat.cli.commands.run:run", "Run an experiment with one or many sets of parameters."),
        "plan": ("qanat.cli.commands.plan:plan", "Write down what a run would execute, for review."),
        "rerun": (
            "qanat.cli.commands.rerun:rerun",
            "Repeat a run with the same code and parameters.",
        ),
        "retry": ("qanat.cli.commands.retry:retry", "Retry the failed groups of a run."),
        "wait": ("qanat.cli.commands.wait:wait", "Wait until runs have ended."),
        "cancel": ("qanat.cli.commands.cancel:cancel", "Cancel active runs."),
        "hold": ("qanat.cli.commands.hold:hold", "Hold queued jobs."),
        "release": ("qanat.cli.commands.release:release", "Release held jobs."),
    },
    "Look at runs": {
        "status": ("qanat.cli.commands.status:status", "Show the project and its active runs."),
        "runs": ("qanat.cli.commands.runs:runs", "Show runs with their parameters and metrics in a table."),
        "show": ("qanat.cli.commands.show:show", "Show a run."),
        "logs": ("qanat.cli.commands.logs:logs", "Print or follow the output of a run."),
        "metrics": ("qanat.cli.commands.metrics:metrics", "Print or follow the curves of a run."),
        "explore": ("qanat.cli.commands.explore:explore", "Search and inspect runs interactively."),
        "compare": ("qanat.cli.commands.compare:compare", "Compare parameters and metrics of runs."),
        "efficiency": (
            "qanat.cli.commands.efficiency:efficiency",
            "Show what runs used of what they asked for.",
        ),
        "report": ("qanat.cli.commands.report:report", "Write a page about runs, to look at in a browser."),
        "ui": ("qanat.cli.commands.ui:ui", "Show runs in a browser, as they are now."),
        "export": ("qanat.cli.commands.export:export_", "Export runs for other programs."),
        "view": ("qanat.cli.commands.view:view", "Manage saved views of that page."),
    },
    "Work with runs": {
        "action": ("qanat.cli.commands.action:action", "Run an action of an experiment on the results of a run."),
        "comment": ("qanat.cli.commands.comment:comment", "Comment on a run."),
        "tag": ("qanat.cli.commands.tag:tag", "Add or remove tags of a run."),
        "commit": ("qanat.cli.commands.commit:commit", "Commit records of runs that are not committed yet."),
        "delete": ("qanat.cli.commands.delete:delete", "Delete runs and their results."),
        "gc": ("qanat.cli.commands.gc:gc", "Remove results of runs to make room."),
    },
    "Review and maintain": {
        "diff": ("qanat.cli.commands.diff:diff", "Show what a branch changes in experiments and runs."),
        "log": ("qanat.cli.commands.log:log", "Show your commits, without those of records, and their runs."),
        "validate": ("qanat.cli.commands.validate:validate", "Check the files in .qanat/."),
        "migrate": ("qanat.cli.commands.migrate:migrate", "Update the files in .qanat/ to their newest schemas."),
        "keep": ("qanat.cli.commands.keep:keep", "Protect commits that only runs refer to."),
        "cache": ("qanat.cli.commands.cache:cache", "Show or clean the cache of checkouts."),
        "keep-order": ("qanat.cli.commands.keep_order:keep_order", ""),
        "merge-driver": ("qanat.cli.commands.merge_driver:merge_driver", ""),
    },
}

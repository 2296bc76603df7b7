"""`qanat document`: its commands as a table, in a module of its own so that calling one does not load the others."""

from __future__ import annotations

import click

from qanat.cli.lazy import LazyGroup

SECTIONS = {
    "Define documents": {
        "list": ("qanat.cli.commands.document:list_", "List documents."),
        "new": ("qanat.cli.commands.document:new", "Create a document."),
        "show": ("qanat.cli.commands.document:show", "Show the definition of a document."),
        "update": ("qanat.cli.commands.document:update", "Change a document."),
        "delete": ("qanat.cli.commands.document:delete", "Delete the definition of a document."),
        "add-dependency": (
            "qanat.cli.commands.document_dependency:add",
            "Add what a document needs of an experiment.",
        ),
        "delete-dependency": (
            "qanat.cli.commands.document_dependency:delete",
            "Delete what a document needs of an experiment.",
        ),
    },
    "Numbers and figures in texts": {
        "check": ("qanat.cli.commands.document_check:check", "Check that texts say what their runs have."),
        "sty": ("qanat.cli.commands.document_sty:sty", "Copy qanat.sty, which references in LaTeX need."),
    },
    "Build documents": {
        "status": (
            "qanat.cli.commands.document_build:status",
            "Show whether what documents need is fresh, and why not.",
        ),
        "compile": (
            "qanat.cli.commands.document_build:compile_",
            "Run what is missing or stale, copy files, and build a document.",
        ),
        "view": ("qanat.cli.commands.document_build:view", "Show a document."),
    },
}


@click.group(
    cls=LazyGroup,
    sections=SECTIONS,
    epilog="\b\nExample:\n  qanat document new paper.yaml\n  qanat document status iris_paper\n"
    "  qanat document compile iris_paper",
)
def document() -> None:
    """Manage documents: papers and pages that are built from the files of runs."""

"""What only one place does, such as to change a record: it is read and written under the repository's lock there."""

from __future__ import annotations

import ast

import pytest

from tests.unit.test_import_directions import MODULES, Module

pytestmark = pytest.mark.xdist_group("source")
# Who puts a run into words, each with why it is not lost between a reading and a writing of somebody else's.
WRITERS = {
    "qanat.usecases.tracking.record": "the door",
    "qanat.usecases.merging.merge_records": "git has three versions merged, and writes the result itself",
    "qanat.usecases.migrate": "under the lock it writes only files that are still as it has read them",
    "qanat.usecases.merging.restore": "under the lock it writes what git has lost, and commits it",
    "qanat.import_v0.import_database": "writes records that did not exist before",
}


def _encodes(module: Module) -> bool:
    return any(
        isinstance(node, ast.Attribute) and node.attr == "encode" and ast.unparse(node.value) == "run_codec"
        for node in module.nodes
    )


def test_only_the_door_and_those_with_a_reason_write_records() -> None:
    assert {module.name for module in MODULES if _encodes(module)} == WRITERS.keys()


# Who creates files or folders without asking who shares them, each with why that is right.
CREATORS = {
    "qanat.system.files": "the door",
    "qanat.git.bundles": "a folder of this user alone, which is gone with the command",
    "qanat.git.hooks": "hooks are programs, and get the permissions of programs",
    "qanat.git.index_copy": "a folder of this user alone, which is gone with the command",
    "qanat.git.lock": "git has its own locks for a moment, and never reads them",
    "qanat.git.own_entries": "writes into a folder of this user alone, which is gone with the command",
    "qanat.usecases.definitions.settings": "what this user has confirmed is not confirmed by others",
    "qanat.records.flight": "gives the journal its permissions itself; a request to cancel is the reader's own",
    "qanat.records.index_file": "the index is this user's own, and its folder exists",
    "qanat.records.storage": "gives the files for output their permissions itself",
    "qanat.runners.submitting.cancellations": "the file has been created by whoever submitted the run",
    "qanat.system.archives": "what jobs get a copy of is this user's own, as its folder is",
    "qanat.system.below": "gives its files and folders their permissions itself",
    "qanat.system.folders": "gives its folders their permissions itself",
    "qanat.system.rebuilding": "gives its folders and files their permissions itself",
    "qanat.system.notifying": "tells this user alone why a message was not sent",
    "qanat.system.rendering": "a folder of this user alone, which is gone with the command",
    "qanat.system.removal": "a folder that is private to whoever removes something",
    "qanat.usecases.definitions.init": "creates the repository's own folder, before there are settings",
    "qanat.usecases.definitions.starting": "a folder of this user alone, which is gone with the command",
    "qanat.usecases.definitions.starting_source": "a folder of this user alone, which is gone with the command",
    "qanat.usecases.results.place": "writes plots and tables for the user to a file of the user's choice",
    "qanat.usecases.exports.targets": "writes exports for the user to a file or folder of the user's choice",
    "qanat.usecases.report.report_folder": "writes a report for the user into a folder of the user's choice",
    "qanat.usecases.merging.merge_records": "git gave it a temporary file to write to",
    "qanat.cli.diff.svg": "writes pictures for the user into a folder of the user's choice",
    "qanat.cli.terminal.browser": "a file that only this user may read",
    "qanat.cli.commands.comment": "a draft for the editor",
    "qanat.cli.commands.config": "a draft for the editor",
    "qanat.cli.commands.explore_run": "a draft for the pager",
}
_CREATE = {"mkdir", "makedirs", "touch", "write_text", "write_bytes", "mkstemp"}
_TOLD = {"write", "append", "make_folder"}


def _creates_unasked(module: Module) -> bool:
    """Return whether a module creates something without a word on who shares it."""
    for node in module.nodes:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            of_files = ast.unparse(node.func.value) == "files"
            told = any("sharing" in ast.unparse(part) or "who" in ast.unparse(part) for part in _arguments(node))
            if node.func.attr in _CREATE or (of_files and node.func.attr in _TOLD and not told):
                return True
    return False


def _arguments(call: ast.Call) -> list[ast.AST]:
    return [*call.args, *call.keywords]


def test_only_the_door_and_those_with_a_reason_create_files_without_saying_who_shares_them() -> None:
    found = {module.name for module in MODULES if _creates_unasked(module) and ".testing" not in module.name}
    assert sorted(found - CREATORS.keys()) == []


# Where a message contains a value of any length, each with why that does no harm.
REPR = {
    "qanat": "the name of an attribute in the caller's code",
    "qanat.api.spelling": "code to copy, as in the caller's own",
    "qanat.cli.terminal.editor": "a command that is about to be run is shown in full",
    "qanat.domain.condition": "operators, and a rest that is cut",
    "qanat.usecases.tracking.bug_report": "the report on a bug, which is cut as a whole",
    "qanat_hooks.report": "an option of its own",
}


def _quotes_in_full(module: Module) -> bool:
    """Return whether an f-string of a module contains the repr of a value rather than quoted() of it."""
    parts = (node for node in module.nodes if isinstance(node, ast.FormattedValue))
    return any(part.conversion == ord("r") for part in parts)


def test_values_in_messages_are_cut() -> None:
    assert {module.name for module in MODULES if _quotes_in_full(module)} == REPR.keys()

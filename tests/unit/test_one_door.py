"""A record is changed in one place only, where it is read and written under the repository's lock."""

from __future__ import annotations

import ast

from tests.unit.test_import_directions import MODULES, Module

# Who puts a run into words, each with why it is not lost between a reading and a writing of somebody else's.
WRITERS = {
    "qanat.usecases.tracking.record": "the door",
    "qanat.usecases.merging.merge_records": "git has three versions merged, and writes the result itself",
    "qanat.usecases.migrate": "under the lock it writes only files that are still as it has read them",
    "qanat.import_v0.import_database": "writes records that did not exist before",
}


def _encodes(module: Module) -> bool:
    return any(
        isinstance(node, ast.Attribute) and node.attr == "encode" and ast.unparse(node.value) == "run_codec"
        for node in ast.walk(module.tree)
    )


def test_only_the_door_and_those_with_a_reason_write_records() -> None:
    assert {module.name for module in MODULES if _encodes(module)} == WRITERS.keys()

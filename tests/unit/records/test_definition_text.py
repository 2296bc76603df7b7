"""What a definition's file looks like: the editor's line, the keys, and the user's comments."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qanat.records import definition_text, schemas, yaml_io
from qanat.records.paths import ProjectPaths
from tests.support.strategies import texts

PATHS = ProjectPaths(Path("/somewhere"))
BY_HAND = b"""\
# yaml-language-server: $schema=elsewhere.json
# Ours since spring.

schema: experiment/1
name: train
# The big one.
executable: train.py
datasets:
# all of them
- iris
tags: [a]  # short
# The end.
"""
TODAY = {"schema": "experiment/1", "name": "train", "executable": "fit.py", "tags": ["b"]}


@pytest.mark.parametrize(
    ("kind", "file", "up"),
    [
        ("config", PATHS.config, ""),
        ("experiment", PATHS.definition("experiment", "a"), "../"),
        ("template", PATHS.definition("template", "a", "slurm"), "../../"),
    ],
)
def test_the_first_line_leads_from_the_file_to_its_schema(kind: str, file: Path, up: str) -> None:
    text = definition_text.encode(PATHS, kind, {"schema": f"{kind}/1"}, file).decode()
    first, rest = text.split("\n", 1)
    assert first == f"# yaml-language-server: $schema={up}cache/schemas/{kind}.v1.schema.json"
    assert os.path.normpath(file.parent / first.partition("=")[2]) == str(PATHS.schemas / f"{kind}.v1.schema.json")
    assert rest == f"schema: {kind}/1\n"


def test_comments_stay_above_their_keys_and_those_of_keys_that_go_come_last() -> None:
    before = BY_HAND.replace(b"datasets", b"# What it reads.\ndatasets")
    text = definition_text.encode(PATHS, "experiment", TODAY, PATHS.definition("experiment", "train"), before).decode()
    assert text == (
        "# yaml-language-server: $schema=../cache/schemas/experiment.v1.schema.json\n"
        "# Ours since spring.\n\nschema: experiment/1\nname: train\n# The big one.\nexecutable: fit.py\ntags: [b]\n"
        "# What it reads.\n# The end.\n"
    )


def test_comments_inside_values_are_told_apart() -> None:
    file = PATHS.definition("experiment", "train")
    for datasets, lost in ((["iris"], []), (["iris", "flowers"], ["# all of them"])):
        after = definition_text.encode(PATHS, "experiment", TODAY | {"datasets": datasets}, file, BY_HAND)
        assert definition_text.lost_comments(BY_HAND, after) == lost


def test_a_value_that_does_not_change_stays_as_it_was_written() -> None:
    file = PATHS.definition("experiment", "train")
    values = (
        "description: 'plain'\nexecutable: \"train.py\"  # ours\nmetrics:\n# of a run\n- file: m.json\n"
        "  better: {acc: higher,\n    loss: lower}\n"
    )
    before = f"schema: experiment/1\nname: train\n{values}tags:\n  - a\n"
    content = {**yaml_io.load(before.encode(), "a"), "tags": ["a", "b"]}
    after = definition_text.encode(PATHS, "experiment", content, file, before.encode()).decode()
    assert after.partition("\n")[2] == f"schema: experiment/1\nname: train\n{values}tags: [a, b]\n"


@pytest.mark.parametrize(
    ("before", "description"),
    [
        ("description: |+\n  a\n\nname: x\n", "a\n"),
        ("description: >\n  a\n\nname: x\n", "a\n"),
        ("description: a\n...\n---\nname: x\n", "a"),
        ("{description: a, name: x}\n", "a"),
        ("description: true\nname: x\n", "true"),
        ("description: 1\nname: x\n", True),
    ],
)
def test_what_is_written_reads_back_whatever_ends_a_value(before: str, description: Any) -> None:
    content = {"description": description, "name": "x"}
    text = definition_text.encode(PATHS, "dataset", content, PATHS.definition("dataset", "x"), before.encode())
    assert yaml_io.dump(yaml_io.load(text, "x")) == yaml_io.dump(content)


@given(st.dictionaries(st.sampled_from(["name", "path", "description"]), texts), st.binary(max_size=300))
def test_whatever_was_in_the_file_what_is_written_reads_back(content: dict[str, Any], before: bytes) -> None:
    file = PATHS.definition("dataset", "a")
    try:
        text = definition_text.encode(PATHS, "dataset", content, file, before)
    except UnicodeEncodeError:
        return
    comments = definition_text.comments_of(before.decode("utf-8", "replace"))
    if all(line.isprintable() for lines in comments.values() for line in lines):
        assert yaml_io.load(text, "a") == (content or None)


def test_writing_again_changes_nothing() -> None:
    file = PATHS.definition("experiment", "train")
    once = definition_text.encode(PATHS, "experiment", TODAY, file, BY_HAND)
    assert definition_text.encode(PATHS, "experiment", TODAY, file, once) == once


def test_schemas_are_put_where_files_say_once(tmp_path: Path) -> None:
    paths = ProjectPaths(tmp_path)
    definition_text.install_schemas(paths)
    stamps = {file: file.stat().st_mtime_ns for file in paths.schemas.iterdir()}
    definition_text.install_schemas(paths)
    assert {file: file.stat().st_mtime_ns for file in paths.schemas.iterdir()} == stamps
    assert {file.name for file in stamps} == {schemas.file_name(*every) for every in schemas.every()}
    for every in schemas.every():
        assert (paths.schemas / schemas.file_name(*every)).read_bytes() == schemas.source_of(*every).read_bytes()


def test_where_the_cache_cannot_be_written_nothing_is_said(tmp_path: Path) -> None:
    (tmp_path / ".qanat").mkdir()
    (tmp_path / ".qanat/cache").write_text("in the way")
    definition_text.install_schemas(ProjectPaths(tmp_path))
    assert (tmp_path / ".qanat/cache").read_text() == "in the way"


def test_where_a_schema_cannot_be_written_nothing_is_said(tmp_path: Path) -> None:
    paths = ProjectPaths(tmp_path)
    paths.schemas.parent.mkdir(parents=True)
    paths.schemas.symlink_to("/proc/self")  # nobody can make a file there
    definition_text.install_schemas(paths)
    assert not (paths.schemas / schemas.file_name("run")).exists()

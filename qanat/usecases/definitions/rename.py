"""Renaming an experiment.

Its file moves; records and results of its runs stay where they are, under the name that they were made with, and the
experiment lists its former names. So no finished record changes, and a branch with runs under the old name merges.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from qanat.domain.names import check_name
from qanat.domain.shortening import quoted
from qanat.errors import UsageError
from qanat.records import definition_merge, definition_text, definitions, yaml_io
from qanat.usecases.definitions.define import check_case
from qanat.usecases.project import Project

KIND = "experiment"


def rename(project: Project, name: str, new_name: str) -> tuple[Path, Path]:
    """Rename an experiment; return the file that is gone and the new one.

    Raises UsageError if another experiment has or had the new name, NotFound, InputInvalid.
    """
    content = project.definition(KIND, check_name(KIND, name))
    before, after = (project.paths.definition(KIND, n) for n in (name, check_name(KIND, new_name)))
    if os.path.lexists(after):
        raise UsageError(f"experiment {quoted(new_name)} already exists", hint="choose another name")
    if others := [other for other in project.claimed_names.get(new_name, ()) if other != name]:
        raise UsageError(
            f"experiment {quoted(others[0])} was formerly called {quoted(new_name)}", hint="choose another name"
        )
    check_case(KIND, new_name, [n for n in (*project.names(KIND), *project.former_names) if n != name])
    former = [n for n in content.get("formerly", ()) if n != new_name]
    content = definitions.ordered({**content, "name": new_name, "formerly": [*former, name]}, KIND)
    project.write(after, _text(project, content, after, project.read(before)))
    project.remove(before)
    return before, after


def _text(project: Project, content: dict[str, Any], file: Path, before: bytes) -> bytes:
    """Return a renamed experiment's text: unchanged except for its names, so that git recognises a renamed file."""
    names = yaml_io.dump({key: content[key] for key in ("name", "formerly")}).decode()
    parts = []
    for key, block in definition_merge.blocks(before, file.name).items():
        head, body = definition_merge.head_and_body(block)
        parts += [head, {"name": names, "formerly": ""}.get(key, body)]
    text = "".join(parts).encode()
    same = yaml_io.load(text, file.name) == content
    return text if same else definition_text.encode(project.paths, KIND, content, file, before)

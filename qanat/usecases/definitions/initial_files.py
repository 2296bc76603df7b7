"""The files of a new project that are qanat's: settings, default templates, and rules for what git ignores."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from qanat.domain.layout import CONFIG, REPORT, ignore_rule
from qanat.domain.starting_point import StartingPoint
from qanat.records import definition_text, definitions, schemas, yaml_io
from qanat.records.paths import ProjectPaths

EXAMPLE = b"""\
# More templates, for: qanat run NAME --runner RUNNER --submit-template two_cpus
# (remove the # to use them; qanat config show lists every template)
# htcondor:
#   two_cpus:
#     getenv: PATH, VIRTUAL_ENV, CONDA_PREFIX
#     request_cpus: 2
#     request_memory: 2GB
# slurm:
#   two_cpus:
#     --cpus-per-task: 2
#     --mem: 2G
"""


def state_files(
    root: Path, editor: str, result_dir: str, templates: Mapping[str, Mapping[str, Any]], start: StartingPoint | None
) -> dict[str, bytes]:
    """Return the settings and the default templates that a new project lacks, by their paths from the root.

    The settings of a starting point are kept, except for the editor, which every user chooses.
    """
    paths, theirs = ProjectPaths(root), start.files if start else {}
    before = theirs.get(CONFIG, b"")
    config = {
        "schema": schemas.name_of("config"),
        "records": {"commit": "each"},
        **settings_of(start),
        "result_dir": result_dir,
        "default_editor": editor,
    }
    text = definition_text.encode(paths, "config", definitions.ordered(config, "config"), paths.config, before)
    state = {CONFIG: text + (b"" if before else EXAMPLE)}
    for runner, options in templates.items():
        template = {
            "schema": schemas.name_of("template"),
            "name": "default",
            "runner": runner,
            "description": "Used by default",
            "options": options,
        }
        path = paths.definition("template", "default", runner)
        if not path.exists() and paths.relative(path) not in theirs:
            state[paths.relative(path)] = definition_text.encode(paths, "template", template, path)
    return state


def settings_of(start: StartingPoint | None) -> dict[str, Any]:
    """Return the settings that a starting point brings, which were checked."""
    data = start.files.get(CONFIG, b"") if start else b""
    return dict(yaml_io.load(data, CONFIG)) if data else {}


def ignore_rules(result_dir: str) -> dict[str, str]:
    """Map each rule for what git is to ignore to the path of a file that it is about."""
    return {
        "/.qanat/cache/": ".qanat/cache/file",
        "/.qanat/**/.*.tmp": ".qanat/runs/.file.tmp",
        ignore_rule(result_dir): f"{result_dir}/file",
        ignore_rule(REPORT): REPORT,
    }

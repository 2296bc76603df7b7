"""Creating a project, which is then open."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping
from pathlib import Path

from qanat.api.project import Project, open
from qanat.api.spelling import for_python
from qanat.errors import UsageError
from qanat.runners.registry import Registry


def init(
    path: str | Path = ".",
    *,
    template: str | None = None,
    source: str | Path | None = None,
    ref: str | None = None,
    answers: Mapping[str, object] | None = None,
    trust: bool = False,
    keep: bool = False,
    result_dir: str | None = None,
) -> Project:
    """Create a project in a folder, like `qanat init --yes`, and open it.

    The keywords are the options of `qanat init`: `template` is a built-in starting point, or a folder in `source`,
    which is its `--from`; `answers` maps questions of a template to answers. What is left to the user is a warning.
    Raises the errors of `qanat init`.
    """
    from qanat.usecases.definitions import init as creation  # needed once for a project
    from qanat.usecases.definitions import settings, starting_points, starting_source

    with for_python():
        if source is None and (ref or answers or trust):
            raise UsageError("ref, answers and trust are for starting points of others", hint="add source=SOURCE")
        editor = os.environ.get("VISUAL") or os.environ.get("EDITOR") or settings.FALLBACK
        plan = creation.plan_init(Path(path), editor, result_dir or "results")
        templates = Registry().default_templates()
        start, kept = None, list[str]()
        if source is not None:
            given = {key: str(value) for key, value in (answers or {}).items()}
            where = starting_source.Source(str(source), ref, template or "", given, True, trust, plan.folder)
            start = starting_source.read(where)
        elif template is not None:
            start = starting_points.built_in(template)
        if start is not None:
            plan, kept = creation.with_start(plan, start, templates, keep=keep, own_place=result_dir is not None)
        done = creation.init_project(plan, templates)
    for note in [*([f"kept as they are: {', '.join(kept)}"] if kept else []), *([done.note] if done.note else [])]:
        warnings.warn(note, stacklevel=2)
    return open(done.root)

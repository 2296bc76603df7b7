"""Merging the files of `.qanat/` for git: records of a run by evidence, definitions key by key."""

from __future__ import annotations

import contextlib
from pathlib import Path, PurePosixPath

from qanat.domain.layout import RUNS, kind_of
from qanat.domain.merging import CannotMerge, merge_runs
from qanat.domain.run import Run
from qanat.errors import InputInvalid, VersionTooNew
from qanat.git import text_merge
from qanat.records import definition_merge, definition_text, run_codec, schemas, yaml_io
from qanat.system import files


def merge(path: str, base: Path, ours: Path, theirs: Path, *, marker_size: int = 7) -> int:
    """Merge three versions of the file at `path` (relative to the project's root) into the file `ours`.

    Returns 0 or, if this merge cannot decide and git's merge of text files takes over, the number of conflicts
    that it marked. An empty base means that there is no common ancestor. Raises VersionTooNew, after git's merge,
    if only a newer qanat can read one of the versions.
    """
    try:
        versions = files.read(base), files.read(ours), files.read(theirs)
        merge_versions = _runs if path.startswith(f"{RUNS}/") else _definitions
        merged = merge_versions(*versions, path)
    except VersionTooNew:
        text_merge.merge(ours, base, theirs, marker_size)
        raise
    except (CannotMerge, InputInvalid):
        return text_merge.merge(ours, base, theirs, marker_size)
    files.write(ours, merged)
    return 0


def _runs(base: bytes, ours: bytes, theirs: bytes, path: str) -> bytes:
    """Merge two versions of a record.

    If one side deleted a run and added another, git may take that for a renamed file and want the changes of one
    run applied to the other; then the record that belongs at this path is left unchanged.
    """
    run_id = PurePosixPath(path).stem
    versions = [_decoded(data, path) for data in (ours, theirs)]
    own = [(data, run) for data, run in zip((ours, theirs), versions, strict=True) if run.id == run_id]
    if not own:
        raise CannotMerge
    if len(own) == 1:
        return own[0][0]
    before = None
    # If there are several common ancestors, git merges them into one that may contain conflict marks.
    with contextlib.suppress(CannotMerge, InputInvalid):
        before = _decoded(base, path)
    return run_codec.encode(merge_runs(before if before and before.id == run_id else None, *versions))


def _definitions(base: bytes, ours: bytes, theirs: bytes, path: str) -> bytes:
    """Merge two versions of a definition key by key; sides of different versions of its schema in the newest one."""
    kind, sides = kind_of(path), (base, ours, theirs)
    if kind is not None:
        contents = [yaml_io.load(data, path) for data in sides if data.strip()]
        for content in contents:
            schemas.check_version(content, kind, path)
        if len({schemas.version_of(content, kind) for content in contents}) > 1:
            base, ours, theirs = (definition_text.migrated(kind, Path(path), data) for data in sides)
    return definition_merge.merge(base, ours, theirs, path)


def _decoded(data: bytes, path: str) -> Run:
    """Parse a record, in any version. Raises InputInvalid, or CannotMerge if parsing would drop anything in it."""
    content = schemas.current(yaml_io.load(data, path), "run", path)
    run = run_codec.from_mapping(content, path)
    if yaml_io.dump(content, flow=run_codec.FLOW) != run_codec.encode(run):
        raise CannotMerge
    return run

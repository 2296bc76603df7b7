"""Merging the files of `.qanat/` for git: records of a run by evidence, definitions key by key."""

from __future__ import annotations

import contextlib
from pathlib import Path, PurePosixPath

from qanat.domain.layout import RUNS
from qanat.domain.merging import CannotMerge, merge_runs
from qanat.domain.run import Run
from qanat.errors import InputInvalid
from qanat.git import text_merge
from qanat.records import definition_merge, run_codec, yaml_io
from qanat.system import files


def merge(path: str, base: Path, ours: Path, theirs: Path, *, marker_size: int = 7) -> int:
    """Merge three versions of the file at `path` (relative to the project's root) into the file `ours`.

    Returns 0 or, if this merge cannot decide and git's merge of text files takes over, the number of conflicts
    that it marked. An empty base means that there is no common ancestor.
    """
    try:
        merge_versions = _runs if path.startswith(f"{RUNS}/") else definition_merge.merge
        merged = merge_versions(files.read(base), files.read(ours), files.read(theirs), path)
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


def _decoded(data: bytes, path: str) -> Run:
    """Parse a record. Raises InputInvalid, or CannotMerge if parsing would drop anything in it."""
    content = yaml_io.load(data, path)
    run = run_codec.from_mapping(content, path)
    if yaml_io.dump(content, flow=run_codec.FLOW) != run_codec.encode(run):
        raise CannotMerge
    return run

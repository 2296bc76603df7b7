"""Whether the results of a group are what it left, as far as that is recorded.

A file whose size is as recorded, and whose times say that it has not been touched since, is not read. The others are
hashed and compared with the manifest, which has the SHA-256 of up to 512 MiB of each run. Of what is beyond that, the
content is not recorded, so that a file counts as changed if it was modified later.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from qanat.domain import times
from qanat.domain.checkpoint import left_out
from qanat.domain.layout import group_folder
from qanat.domain.long_work import tracked
from qanat.domain.outputs import OutputFile
from qanat.domain.run import Group, Run
from qanat.domain.shortening import shortened
from qanat.records import manifest, storage
from qanat.records.manifest import Left
from qanat.records.record_stamps import COARSEST_NS
from qanat.system import folders
from qanat.usecases.tracking import manifests
from qanat.usecases.tracking.find import removal_of

_NAME_MAX = 100
# By how much the clock of a file server may be ahead.
_SKEW_NS = 60_000_000_000
_NOT_RECORDED = "was modified later, and its content is not recorded"


def why_not_kept(folder: Path, run: Run, number: int, left_by_runner: frozenset[str]) -> str:
    """Return how the files in a storage directory are not what a group of its run left there; empty if they are."""
    group = run.groups[number]
    own = group_folder(folders.plain(folder), number, len(run.groups))
    try:
        left = manifest.left_in(own, storage.NO_OUTPUTS | left_by_runner | left_out(run.checkpoint))
    except OSError:
        if not group.has_run:
            return ""
        return f"its results {removal_of(run)}" if run.results_removed else "its results are not here"
    return next(_changes(own, group, left, len(run.groups)), "")


def _changes(own: Path, group: Group, left: Left, groups: int) -> Iterator[str]:
    ended_ns = _ended_ns(group)
    if group.outputs is None:
        yield from _modified_after(left.times, ended_ns + COARSEST_NS)
        return
    if (listed := manifest.read(own, group.outputs)) is not None:
        yield from _unlike_list(own, listed, left, ended_ns)
        return
    made = storage.made_by_actions(own)
    sizes = {path: size for path, size in left.sizes.items() if path not in made}
    if not manifests.is_as_recorded(own, sizes, group.outputs, groups):
        yield "its results are not as it left them"
    elif group.outputs.by_size:
        hashed = manifest.chosen(sizes, manifests.HASHED_BYTES_MAX // groups)
        unread = {path: left.times[path] for path in sizes if path not in hashed}
        yield from _modified_after(unread, ended_ns + COARSEST_NS)


def _ended_ns(group: Group) -> int:
    """Return when a group ended; a group of which that is unknown counts as ended before anything was written."""
    return int(times.parse(group.ended).timestamp() * 1e9) if group.ended else 0


def _unlike_list(own: Path, listed: Mapping[str, OutputFile], left: Left, ended_ns: int) -> Iterator[str]:
    """Yield which files are not as the list has them that was written once the group had ended."""
    written_ns = manifest.written_ns(own)
    for path, file in listed.items():
        if path not in left.sizes:
            yield f"its {_named(path)} is gone"
        elif left.sizes[path] != file.size:
            yield f"its {_named(path)} has changed"
    unhashed = {path: left.times[path] for path, file in listed.items() if file.sha256 is None}
    yield from _modified_after(unhashed, min(written_ns, ended_ns + _SKEW_NS))
    since_ns = min(written_ns, ended_ns) - COARSEST_NS
    maybe = [file for file in listed.values() if file.sha256 and max(left.times[file.path]) >= since_ns]
    for file in tracked(maybe, "result files compared"):
        found = manifest.hashed(own, file.path, file.size)
        if found != file.sha256:
            yield f"its {_named(file.path)} {'has changed' if found else 'cannot be read'}"


def _modified_after(found: Mapping[str, tuple[int, int]], limit_ns: int) -> Iterator[str]:
    yield from (f"its {_named(path)} {_NOT_RECORDED}" for path, (modified, _) in found.items() if modified > limit_ns)


def _named(path: str) -> str:
    return shortened(path, _NAME_MAX)

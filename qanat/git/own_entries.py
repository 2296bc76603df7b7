"""Index entries of files that qanat commits by itself, which are taken back if their commit cannot be made."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterator, Mapping, Sequence

from qanat.errors import QanatError, write_failed
from qanat.git import command, index_copy
from qanat.git.index_copy import IndexCopy
from qanat.git.location import Location
from qanat.git.lock import Held

# How long others may hold the index, one after the other, or one of them with an open editor.
RETRY_S = 5.0
_MANY = 1000  # too many for a command line
_ZERO = "0" * 40

Blobs = Mapping[str, str | None]
"""The mode and the blob of each file, as in `100644 3b18e5…`; None for one that is to be removed."""


@contextlib.contextmanager
def staged(held: Held, blobs: Blobs) -> Iterator[None]:
    """Update the index entries of just these paths; if the block fails, take them back.

    If this process is killed, the next command takes them back, unless HEAD has the files. Raises GitRefused,
    WriteFailed.
    """
    location = held.location
    with index_copy.noted(held) as copy:
        try:
            copy.own.write_text(json.dumps(dict(blobs)))
        except OSError as error:
            raise write_failed(copy.own, error) from None
        _update_index(location, blobs)
        try:
            yield
        except BaseException:
            with contextlib.suppress(QanatError), index_copy.kept(copy):
                take_back(location, copy, blobs)
            raise


def settle(location: Location, copy: IndexCopy) -> None:
    """Take back entries that a killed process has left, unless HEAD has the files. Raises GitRefused."""
    try:
        blobs: Blobs = json.loads(copy.own.read_text())
    except (OSError, ValueError):
        return  # it was killed before it changed anything
    listed = command.output(location.root, "ls-tree", "-r", "-z", "HEAD", "--", *(blobs if len(blobs) < _MANY else ()))
    rows = (row.partition("\t") for row in listed.decode("utf-8", "surrogateescape").split("\0") if row)
    committed = {path: f"{facts.split()[0]} {facts.split()[2]}" for facts, _, path in rows}
    if any(committed.get(path) != blob for path, blob in blobs.items()):
        take_back(location, copy, blobs)


def take_back(location: Location, copy: IndexCopy, blobs: Blobs) -> None:
    """Restore the entries that these paths had, unless they have been staged again since. Raises GitRefused."""
    before = index_copy.entries(location, copy.before) if copy.before.exists() else {}
    ours = {path: f"{blob} 0" if blob else None for path, blob in blobs.items()}
    expected = {path: facts for path, facts in {**before, **ours}.items() if facts}

    def lines(now: Mapping[str, str]) -> Sequence[str] | None:
        if now == expected and copy.before.exists():
            return None
        changed = [path for path in blobs if now.get(path) == ours[path] != before.get(path)]
        return [f"{before.get(path, f'0 {_ZERO}')}\t{path}" for path in changed]

    index_copy.rebuild(location, copy, lines)


def _update_index(location: Location, blobs: Blobs) -> None:
    """Update entries; git takes the index lock before it reads the index."""
    lines = [f"{b}\t{p}" if b else f"0 {_ZERO}\t{p}" for p, b in blobs.items()]
    deadline = time.monotonic() + RETRY_S
    while True:
        done = command.write(
            location.root,
            "update-index",
            "-z",
            "--index-info",
            stdin="".join(f"{x}\0" for x in lines).encode(),
        )
        if done.status == 0:
            return
        if not command.met_another(done) or time.monotonic() > deadline:
            raise command.refused("git update-index", done)
        time.sleep(0.005)

"""git's own three-way merge of text files."""

from __future__ import annotations

from pathlib import Path

from qanat.git import command


def merge(ours: Path, base: Path, theirs: Path, marker_size: int) -> int:
    """Merge line by line into the file `ours`; return the number of conflicts marked in it."""
    labels = ("-L", "ours", "-L", "base", "-L", "theirs")
    files = [str(path.absolute()) for path in (ours, base, theirs)]
    return command.call(ours.absolute().parent, "merge-file", f"--marker-size={marker_size}", *labels, *files).status

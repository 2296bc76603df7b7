"""Rules of this repository alone for what git is to ignore, in `.git/info/exclude`."""

from __future__ import annotations

from collections.abc import Sequence

from qanat.errors import write_failed
from qanat.git import sharing
from qanat.git.location import Location
from qanat.git.lock import Held
from qanat.system import files


def has_any(location: Location, lines: Sequence[str]) -> bool:
    """Return whether `.gitignore` at the root, or the repository's own rules, have one of these lines."""
    wanted = {line.encode() for line in lines}
    places = (location.root / ".gitignore", location.common_dir / "info" / "exclude")
    return any(wanted.intersection(place.read_bytes().splitlines()) for place in places if files.is_file(place))


def add(held: Held, line: str) -> None:
    """Add a line to the repository's own rules. Raises WriteFailed."""
    path = held.location.common_dir / "info" / "exclude"
    try:
        before = path.read_bytes() if path.exists() else b""
    except OSError as error:
        raise write_failed(path, error) from None
    files.write(path, files.with_lines(before, [line]), sharing=sharing.of(held.location))

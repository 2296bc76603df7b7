"""What was there before."""

from __future__ import annotations

from qanat.git import command
from qanat.git.location import Location


def existed(location: Location, path: str) -> bool:
    """Tell whether any commit that HEAD comes from had this file."""
    done = command.call(location.root, "log", "-1", "--format=%H", "HEAD", "--", path)
    return done.status == 0 and bool(done.out.strip())

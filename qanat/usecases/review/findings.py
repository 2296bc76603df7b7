"""What checks have printed about a branch, for its report."""

from __future__ import annotations

from pathlib import Path

from qanat.domain.redaction import redacted
from qanat.system import files

_BYTES_MAX = 2**24


def read(file: Path) -> list[str]:
    """Return the findings in a file, one per line, without secrets. Raises InputInvalid if it cannot be read."""
    text = files.read(file, limit_bytes=_BYTES_MAX, own=True).decode("utf-8", "replace")
    return [redacted(line) for line in text.splitlines() if line.strip()]

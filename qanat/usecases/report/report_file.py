"""The one file of a report: which files it may take the place of."""

from __future__ import annotations

import re
from pathlib import Path

from qanat.errors import InputInvalid
from qanat.system import files

# How a report begins: the page, and its data as JSON.
_BEGINNING = re.compile(rb'<!doctype html>\n<html lang="en" data-live="|\{\s*"project": ".*",\s*"created": "')
_READ_BYTES = 4096


def check_replaceable(target: Path) -> None:
    """Raise InputInvalid if there is a file that has something else than a report."""
    try:
        with files.open_for_reading(target) as file:
            beginning = file.read(_READ_BYTES)
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError:  # it cannot be read, or is a pipe or a device
        is_report = False
    else:
        is_report = not beginning or bool(_BEGINNING.match(beginning))
    if not is_report:
        raise InputInvalid(f"{target} exists and is not a report of qanat", hint="name a new file")

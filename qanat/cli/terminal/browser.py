"""Opening a page in the browser of this machine."""

from __future__ import annotations

import atexit
import html
import os
import sys
import webbrowser
from pathlib import Path

# Without these, a browser would be one in this terminal, or nowhere.
_DISPLAYS = ("DISPLAY", "WAYLAND_DISPLAY")


def has_display() -> bool:
    """Return whether this machine can show a window."""
    return sys.platform == "darwin" or any(os.environ.get(name) for name in _DISPLAYS)


def open_file(file: Path) -> bool:
    """Open a file in the program that is usual for it; return False without a display."""
    return has_display() and webbrowser.open(file.as_uri())


def open_browser(address: str) -> None:
    """Open an address in a browser if there is a display.

    Other users of the machine see the arguments of processes, so the browser gets a private file that leads there.
    """
    if not has_display():
        return
    import tempfile

    descriptor, name = tempfile.mkstemp(prefix="qanat-", suffix=".html")
    with open(descriptor, "w", encoding="utf-8") as file:  # noqa: PTH123
        file.write(f'<!doctype html><meta http-equiv="refresh" content="0; url={html.escape(address)}">')
    atexit.register(Path(name).unlink, missing_ok=True)
    webbrowser.open(Path(name).as_uri())

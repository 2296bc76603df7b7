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


def open_browser(address: str) -> None:
    """Open an address in a browser if there is a display.

    Other users of the machine see the arguments of processes, so the browser gets a private file that leads there.
    """
    if sys.platform != "darwin" and not any(os.environ.get(name) for name in _DISPLAYS):
        return
    import tempfile

    descriptor, name = tempfile.mkstemp(prefix="qanat-", suffix=".html")
    with open(descriptor, "w", encoding="utf-8") as file:  # noqa: PTH123
        file.write(f'<!doctype html><meta http-equiv="refresh" content="0; url={html.escape(address)}">')
    atexit.register(Path(name).unlink, missing_ok=True)
    webbrowser.open(Path(name).as_uri())

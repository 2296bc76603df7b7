"""Opening a page in the browser of this machine."""

from __future__ import annotations

import os
import sys
import webbrowser

# Without these, a browser would be one in this terminal, or nowhere.
_DISPLAYS = ("DISPLAY", "WAYLAND_DISPLAY")


def open_browser(address: str) -> None:
    """Open an address in a browser if there is a display."""
    if sys.platform == "darwin" or any(os.environ.get(name) for name in _DISPLAYS):
        webbrowser.open(address)

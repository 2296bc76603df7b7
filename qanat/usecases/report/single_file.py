"""What of a report is in one file, so that it can be sent and opens at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from qanat.domain.json_text import to_json
from qanat.domain.sizes import size
from qanat.domain.visible import escaped_json
from qanat.usecases.report.figures import Figures

DATA_MAX = 20 * 1000**2
HINT = "write a folder, which has all of it: qanat report --folder DIR"


@dataclass(frozen=True, slots=True)
class Fitted:
    """The data of a page as JSON, and the figures that are in it by their images; `left_out` says what is not."""

    text: str
    images: dict[str, bytes]
    left_out: str


def text_of(content: dict[str, Any], indent: int | None = None) -> str:
    """Return the content of a report as JSON."""
    return escaped_json(to_json(content, indent=indent))


def fitted(content: dict[str, Any], figures: Figures) -> Fitted:
    """Return as much of a report as one file should have: without curves and older figures if there is no room."""
    text, left_out = text_of(content), ""
    whole = len(text) + _encoded(figures.total_bytes)
    if len(text) > DATA_MAX:
        groups = [group for run in content["runs"] for group in run["groups"]]
        left_out = "curves" if [group.pop("series") for group in groups if "series" in group] else ""
        text = text_of(content)
    images = dict(figures.contents(figures.fitting(max(0, DATA_MAX - len(text)) // 4 * 3)))
    if missing := figures.count - len(images):
        counted = f"{missing:,} {'figure' if missing == 1 else 'figures'}"
        left_out = f"{left_out} and {counted}" if left_out else counted
    if not left_out:
        return Fitted(text, images, "")
    note = f"{left_out} left out of this file, which would have {size(whole)} of data; {HINT}"
    content["notes"] = [note, *content["notes"]]
    return Fitted(text_of(content), images, note)


def _encoded(count: int) -> int:
    """Return the size of bytes as text in base64."""
    return (count + 2) // 3 * 4

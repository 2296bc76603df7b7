"""Values as JSON, which has no NaN and no infinities: they are the texts of NAMES.

Python's `float()` and JavaScript's `Number()` read these texts.
"""

from __future__ import annotations

import json
import math
from typing import Any

NAMES = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


def to_json(content: Any, *, indent: int | None = None) -> str:
    """Return content as JSON, with numbers that JSON does not have as texts."""
    try:
        return json.dumps(content, ensure_ascii=False, indent=indent, allow_nan=False)
    except ValueError:
        return json.dumps(named(content), ensure_ascii=False, indent=indent)


def from_named(content: Any) -> Any:
    """Return content in which texts in place of such numbers are numbers again."""
    if isinstance(content, dict):
        return {key: from_named(value) for key, value in content.items()}
    if isinstance(content, list):
        return [from_named(value) for value in content]
    return NAMES.get(content, content) if isinstance(content, str) else content


def named(content: Any) -> Any:
    """Return content with the names of numbers that JSON does not have in place of these."""
    if isinstance(content, dict):
        return {key: named(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [named(value) for value in content]
    if not isinstance(content, float) or math.isfinite(content):
        return content
    return "NaN" if math.isnan(content) else "Infinity" if content > 0 else "-Infinity"

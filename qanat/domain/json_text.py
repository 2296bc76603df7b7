"""Values as JSON, which has no NaN and no infinities."""

from __future__ import annotations

import json
from typing import Any


def to_json(content: Any, *, indent: int | None = None) -> str:
    """Return content as JSON; numbers that JSON does not have are null."""
    try:
        return json.dumps(content, ensure_ascii=False, indent=indent, allow_nan=False)
    except ValueError:
        return json.dumps(_without_nan(content), ensure_ascii=False, indent=indent)


def _without_nan(content: Any) -> Any:
    if isinstance(content, dict):
        return {key: _without_nan(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [_without_nan(value) for value in content]
    return None if isinstance(content, float) and content - content != 0 else content

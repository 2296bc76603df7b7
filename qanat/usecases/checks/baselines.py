"""What is wrong with the baselines of an experiment, beyond its schema."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from qanat.domain import condition
from qanat.domain.key_path import KeyPath
from qanat.domain.shortening import quoted
from qanat.errors import UsageError


def problems(content: Mapping[str, Any]) -> Iterator[tuple[KeyPath, str]]:
    """Yield conditions that cannot be read, and metrics of which no direction is better."""
    found = content.get("baseline", [])
    directions = {name for source in content.get("metrics", ()) for name in source.get("better", {})}
    for place, one in enumerate(found if isinstance(found, list) else [found]):
        key: KeyPath = ("baseline", place) if isinstance(found, list) else ("baseline",)
        try:
            condition.parse(one.get("where", ""))
        except UsageError as error:
            yield (*key, "where"), error.message
        if one["metric"] not in directions:
            yield (*key, "metric"), f"no file of metrics says which direction of {quoted(one['metric'])} is better"

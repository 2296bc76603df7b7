"""JSON of values that JSON does not have."""

from __future__ import annotations

import json
import math

import pytest

from qanat.domain.json_text import NAMES, to_json


def test_numbers_that_json_does_not_have_are_texts_at_every_depth() -> None:
    content = {"acc": math.nan, "all": [1.5, (math.inf, -math.inf)], "é": {"x": 0.0}}
    written = {"acc": "NaN", "all": [1.5, ["Infinity", "-Infinity"]], "é": {"x": 0.0}}
    assert json.loads(to_json(content)) == written
    assert str([float(name) for name in NAMES]) == str(list(NAMES.values()))
    assert '"é"' in to_json(content)


@pytest.mark.parametrize("content", [{"a": [1, 2.5, None, True, "x"]}, [], "text", 3])
def test_other_values_are_as_they_are(content: object) -> None:
    assert json.loads(to_json(content)) == json.loads(to_json(content, indent=2)) == content
    assert to_json([1], indent=2) == "[\n  1\n]"

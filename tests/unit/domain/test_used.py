"""What groups have used, as files and records say it."""

from __future__ import annotations

from typing import Any

import pytest

from qanat.domain.used import Used, parse, parse_notes


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ({"cpu_s": 12.345, "memory_mib": 310}, Used(12.35, 310)),
        ({"memory_mib": 0.2, "gpu_memory_mib": 8214, "gpu_percent": 73, "energy": 5}, Used(None, 1, 8214, 73)),
        ({"cpu_s": 0}, Used(0)),
        ({"cpu_s": True, "memory_mib": "310", "gpu_percent": None}, None),
        ({"cpu_s": -1, "memory_mib": float("inf"), "gpu_percent": float("nan"), "gpu_memory_mib": 10**400}, None),
        ({"gpu_percent": 101, "cpu_s": 3}, Used(3)),
        ({}, None),
        ([1, 2], None),
        (None, None),
    ],
)
def test_only_values_that_can_be_are_taken_from_a_file(content: Any, expected: Used | None) -> None:
    assert parse(content) == expected


def test_a_record_has_what_is_known() -> None:
    assert Used(1.5, None, 3).to_mapping() == {"cpu_s": 1.5, "gpu_memory_mib": 3}
    assert Used().to_mapping() == {}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("3 2048 150 0 0 0\n", Used(1.5, 2)),
        ("3 1024 100 0 0 0\n3 2048 150 300 90 2\n4 9 9 0 0 0\n3 9999", Used(1.5, 2, 300, 45)),
        ("3 2048 150 0 0 0", None),
        ("2 2048 150 0 0 0\n", None),
        ("3 -1 150 0 0 0\n3 x\n3 1 2 3 4 5 6\n", None),
        (f"3 {'9' * 30} 1 0 0 0\n", None),
        ("", None),
    ],
)
def test_the_last_whole_line_of_the_group_counts_in_the_notes_of_a_killed_job(text: str, expected: Used | None) -> None:
    assert parse_notes(text, 3) == expected

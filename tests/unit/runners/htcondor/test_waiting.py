"""Why a job is idle, from what it asks for and what the slots have."""

from __future__ import annotations

from typing import Any

import pytest

from qanat.runners.htcondor import waiting
from qanat.runners.htcondor.slot_matching import conjuncts

ENOUGH: dict[str, Any] = {"requests": {"Cpus": 1}, "largest": {"Cpus": 8}, "slots": 40, "fitting": 12, "rejection": ""}


@pytest.mark.parametrize(
    ("requests", "largest", "reason"),
    [
        ({"Memory": 921_600}, {"Memory": 65_536}, "it requests 900 GB of memory, the largest has 64 GB"),
        ({"Memory": 200}, {"Memory": 100}, "it requests 200 MB of memory, the largest has 100 MB"),
        ({"Disk": 3 * 2**30}, {"Disk": 1_600_000}, "it requests 3 TB of disk, the largest has 1.5 GB"),
        ({"Cpus": 1, "GPUs": 1}, {"Cpus": 8, "GPUs": 0}, "it requests 1 GPU, and none has any"),
        (
            {"Cpus": 256, "GPUs": 9},
            {"Cpus": 8, "GPUs": 8},
            "it requests 256 CPUs, the largest has 8 CPUs; it requests 9 GPUs, the largest has 8 GPUs",
        ),
        ({"Cpus": 8, "Memory": 1024}, {"Cpus": 8, "Memory": 2048}, "none has 8 CPUs and 1 GB of memory at once"),
    ],
)
def test_a_request_that_no_slot_has_is_named_beside_the_largest(
    requests: dict[str, float], largest: dict[str, float], reason: str
) -> None:
    facts = {**ENOUGH, "requests": requests, "largest": largest, "fitting": 0}
    assert waiting.reason(facts) == f"no slot can run it: {reason}"


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({"slots": 0, "fitting": 0}, "the pool has no slots now"),
        ({"matching": 0, "unmet": ["TARGET.HasFoo"]}, "no slot can run it: none meets TARGET.HasFoo"),
        ({"matching": 0, "unmet": []}, "no slot can run it: none meets all of its requirements"),
        (
            {"matching": 0, "unmet": list("abcde")},
            "no slot can run it: none meets a; none meets b; none meets c; and 2 more",
        ),
        ({"matching": 0, "unmet": ["x" * 500]}, f"no slot can run it: none meets {'x' * 119}…"),
        ({"matching": 3, "accepting": 0}, "no slot accepts it now: no START expression is true for it"),
        ({"matching": 3, "accepting": 2}, "waiting for its turn; slots that can run it: 2 of 40"),
        (
            {"matching": 3, "accepting": 2, "rejection": "concurrency limit LICENSE reached"},
            "waiting for its turn; slots that can run it: 2 of 40; concurrency limit LICENSE reached",
        ),
        (
            {"matching": 3, "accepting": 2, "rejection": "no match found"},
            "waiting for its turn; slots that can run it: 2 of 40",
        ),
    ],
)
def test_what_else_a_job_waits_for_is_told_apart(facts: dict[str, Any], reason: str) -> None:
    assert waiting.reason({**ENOUGH, **facts}) == reason


def test_a_job_that_is_not_matched_with_slots_has_no_reason() -> None:
    assert waiting.reason({}) == ""


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("a", ["a"]),
        ("(a && (b || c)) && ((d)) && e", ["a", "b || c", "d", "e"]),
        ('regexp("x && (y", Machine) && z', ['regexp("x && (y", Machine)', "z"]),
        (r'm == "a\" && b" && c', [r'm == "a\" && b"', "c"]),
        ("(a) && (b)", ["a", "b"]),
        ("a || b && c", ["a || b && c"]),
        ("a ? b && c : d", ["a ? b && c : d"]),
        ("x.y[0] =?= { 1, 2 } && b", ["x.y[0] =?= { 1, 2 }", "b"]),
        ("'odd && name' == 1 && c", ["'odd && name' == 1", "c"]),
        ('open && "never closed', ["open", '"never closed']),
    ],
)
def test_requirements_are_taken_apart_where_all_of_them_must_be_met(text: str, parts: list[str]) -> None:
    assert conjuncts(text) == parts

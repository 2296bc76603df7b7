"""Run numbers: greater than any that was handed out, or that any record has."""

from __future__ import annotations

from pathlib import Path

import pytest

from qanat.records import numbers


@pytest.fixture
def private(tmp_path: Path) -> Path:
    """Return the folder of the counter, which does not exist yet."""
    return tmp_path / "private"


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """Return the folder of records, which does not exist yet."""
    return tmp_path / "runs"


def record(runs: Path, path: str) -> None:
    """Create an empty record."""
    (runs / path).parent.mkdir(parents=True, exist_ok=True)
    (runs / path).touch()


def take(private: Path, runs: Path) -> int:
    """Take the next number."""
    number = numbers.peek(private, runs)
    numbers.raise_to(private, number)
    return number


def test_numbers_begin_at_one_and_count_up(private: Path, runs: Path) -> None:
    assert [take(private, runs) for _ in range(3)] == [1, 2, 3]


def test_looking_at_the_next_number_does_not_take_it(private: Path, runs: Path) -> None:
    assert [numbers.peek(private, runs), numbers.peek(private, runs), take(private, runs)] == [1, 1, 1]
    assert numbers.peek(private, runs) == 2


def test_a_number_is_not_used_again_when_its_record_is_gone(private: Path, runs: Path) -> None:
    take(private, runs)
    record(runs, "iris/0/1-7f3a9c.yaml")
    (runs / "iris/0/1-7f3a9c.yaml").unlink()
    assert take(private, runs) == 2


def test_a_number_that_nobody_has_seen_is_given_back_unless_a_higher_one_was_handed_out(
    private: Path, runs: Path
) -> None:
    first, second = take(private, runs), take(private, runs)
    numbers.give_back(private, first)
    assert numbers.peek(private, runs) == 3
    numbers.give_back(private, second)
    assert numbers.peek(private, runs) == 2


def test_records_of_another_clone_count(private: Path, runs: Path) -> None:
    for path in ("iris/0/7-7f3a9c.yaml", "iris/1/120-b81e02.yaml", "iris/1/103-b81e02.yaml", "wine/0/41-000000.yaml"):
        record(runs, path)
    assert take(private, runs) == 121


def test_the_last_folder_is_found_by_number_and_not_by_letters(private: Path, runs: Path) -> None:
    record(runs, "iris/9/950-7f3a9c.yaml")
    record(runs, "iris/10/1000-7f3a9c.yaml")
    assert numbers.peek(private, runs) == 1001


def test_what_is_no_record_does_not_count(private: Path, runs: Path) -> None:
    for path in (
        "iris/0/notes.yaml",
        "iris/old/99-7f3a9c.yaml",
        "iris/0/99999999999-7f3a9c.yaml",
        "README",
        "iris/\u0663/7-7f3a9c.yaml",
        "iris/0/250-7f3a9c.yaml",
        "iris/0/8-notes.yaml",
    ):
        record(runs, path)
    assert numbers.peek(private, runs) == 1


def test_a_later_folder_without_records_hides_no_number(private: Path, runs: Path) -> None:
    for path in ("iris/0/7-7f3a9c.yaml", "iris/77777/README", "iris/9/notes.yaml", "iris/99999999999999999999/x"):
        record(runs, path)
    assert take(private, runs) == 8


def test_numbers_far_above_all_lower_ones_do_not_count(private: Path, runs: Path) -> None:
    far = ("iris/9999999/999999999-aaaaaa.yaml", "iris/8999999/899999999-aaaaaa.yaml", "wine/1030/103000-aaaaaa.yaml")
    for path in (*far, "iris/0/7-7f3a9c.yaml"):
        record(runs, path)
    numbers.raise_above_records(private, far)
    assert take(private, runs) == 8
    assert numbers.uncounted(private, [899_999_999, 7, 999_999_999, 103_000]) == [103_000, 899_999_999, 999_999_999]
    record(runs, "wine/500/50099-7f3a9c.yaml")
    record(runs, "wine/501/50100-7f3a9c.yaml")
    assert take(private, runs) == 103_001
    assert numbers.uncounted(private, [103_000, 7, 899_999_999]) == [899_999_999]


def test_many_runs_of_a_large_project_count(private: Path, runs: Path) -> None:
    taken = [*range(1, 3_000_000, 200), 3_000_000]
    assert numbers.uncounted(private, taken) == []
    numbers.raise_above_records(private, (f"iris/{number // 100}/{number}-aaaaaa.yaml" for number in taken))
    assert take(private, runs) == 3_000_001


def test_no_chain_of_records_leads_far(private: Path, runs: Path) -> None:
    for number in range(100_000, 9_000_000, 99_000):
        record(runs, f"iris/{number // 100}/{number}-aaaaaa.yaml")
    assert [take(private, runs) for _ in range(4)] == [100_001, 100_002, 100_003, 100_004]
    for number in range(101_000, 9_000_000, 100_000):
        record(runs, f"iris/{number // 100}/{number}-aaaaaa.yaml")
    assert [take(private, runs) for _ in range(4)] == [101_001, 101_002, 101_003, 101_004]


def test_numbers_that_were_handed_out_count_wherever_they_are(private: Path, runs: Path) -> None:
    numbers.raise_to(private, 1_000_000)
    for path in ("iris/0/7-7f3a9c.yaml", "iris/10000/1000009-7f3a9c.yaml"):
        record(runs, path)
    assert take(private, runs) == 1_000_010


def test_there_are_always_numbers_left(private: Path, runs: Path) -> None:
    numbers.raise_to(private, 899_999_990)
    record(runs, "iris/8999999/899999999-aaaaaa.yaml")
    record(runs, "iris/9000000/900000000-aaaaaa.yaml")
    assert take(private, runs) == 900_000_000


@pytest.mark.parametrize("content", [b"", b"x", b"\xff", b"\0\0\0"])
def test_a_counter_that_cannot_be_read_is_made_up_for_by_the_records(private: Path, runs: Path, content: bytes) -> None:
    private.mkdir()
    (private / numbers.FILE).write_bytes(content)
    record(runs, "iris/0/7-7f3a9c.yaml")
    assert take(private, runs) == 8
    assert take(private, runs) == 9

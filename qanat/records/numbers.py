"""Run numbers: counted across the whole repository, each handed out only once."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from qanat.domain.layout import RUNS_PER_FOLDER
from qanat.domain.sharing import UNSHARED, Sharing
from qanat.errors import write_failed
from qanat.system import below, files

FILE = "next-run"
# An id has at most nine digits. A stranger's record may have any of these numbers, so those above this one do not
# count, and are left for the runs that follow.
COUNTED_MAX = 899_999_999
# Nor do numbers far above the last one that was handed out here: each number that follows would be as long. What a
# folder of records adds is little, so that no chain of records leads far.
GAP_MAX = 100_000
GAP_MAX_PER_FOLDER = 1_000
_RUN_FILE = re.compile(r"([1-9][0-9]{0,8})-[0-9a-f]{6}\.(?:yaml|md)\Z")
_FOLDER = re.compile(r"(?:0|[1-9][0-9]{0,6})\Z")


def peek(private: Path, runs: Path) -> int:
    """Return the number that the next run will get if no other run takes it first.

    It is greater than any number handed out here and than that of any record in the working tree that counts, which may
    have come from another clone. `private` is the folder of the counter, `runs` that of the records. To take the
    number, hold the repository's lock and call raise_to().
    """
    handed_out = _handed_out(private / FILE)
    return max(handed_out, _highest(runs, handed_out)) + 1


def uncounted(private: Path, numbers: Iterable[int]) -> list[int]:
    """Return those of the numbers of all records that do not count for the next one, in their order."""
    counted = sorted(numbers)
    highest = _reached((number for number in counted if number <= COUNTED_MAX), _handed_out(private / FILE))
    return [number for number in counted if number > highest]


def is_counting(private: Path) -> bool:
    """Return whether a number was ever handed out here."""
    return (private / FILE).exists()


def raise_above_records(private: Path, records: Iterable[str], sharing: Sharing = UNSHARED) -> None:
    """Make the next number greater than those of these record files that count."""
    if highest := _reached((_number(path.rpartition("/")[2]) for path in records), 0):
        files.write(private / FILE, f"{highest}\n".encode(), sharing=sharing)


def raise_to(private: Path, number: int, sharing: Sharing = UNSHARED) -> None:
    """Make the next number greater than this one; the caller holds the repository's lock."""
    if _handed_out(private / FILE) < number:
        files.write(private / FILE, f"{number}\n".encode(), sharing=sharing)


def give_back(private: Path, number: int, sharing: Sharing = UNSHARED) -> None:
    """Hand out a number again that nobody has seen, unless a higher one was; the caller holds the lock."""
    if _handed_out(private / FILE) == number:
        files.write(private / FILE, f"{number - 1}\n".encode(), sharing=sharing)


def _handed_out(path: Path) -> int:
    """Return the last number that was handed out. Raises WriteFailed if the counter cannot be read."""
    try:
        return int(path.read_text())
    except (FileNotFoundError, ValueError):
        return 0
    except OSError as error:
        raise write_failed(path, error) from None


def _reached(numbers: Iterable[int], handed_out: int) -> int:
    """Return the highest of these numbers that counts; the last one that was handed out if there is none."""
    reached, limit, folder = handed_out, max(handed_out, GAP_MAX), -1
    for number in sorted(number for number in numbers if number > handed_out):
        if number // RUNS_PER_FOLDER != folder:
            folder, limit = number // RUNS_PER_FOLDER, limit + GAP_MAX_PER_FOLDER
        if number > limit:
            break
        reached = number
    return reached


def _highest(runs: Path, handed_out: int) -> int:
    """Return the highest number that counts among record files, of which only those in the last folders are listed."""
    experiments: dict[int, list[str]] = {}
    for experiment in below.names(runs, ""):
        for folder in filter(_FOLDER.match, below.names(runs, experiment)):
            experiments.setdefault(int(folder), []).append(experiment)
    last = _reached((folder * RUNS_PER_FOLDER for folder in experiments), handed_out) // RUNS_PER_FOLDER
    for number in sorted((number for number in experiments if number <= last), reverse=True):
        if highest := max(_highest_in(runs, experiment, number) for experiment in experiments[number]):
            return highest
    return 0


def _highest_in(runs: Path, experiment: str, folder: int) -> int:
    found = map(_number, below.names(runs, f"{experiment}/{folder}"))
    return max((number for number in found if number // RUNS_PER_FOLDER == folder), default=0)


def _number(file: str) -> int:
    """Return the number in the name of a record or comment; 0 if it has none, or a higher one than COUNTED_MAX."""
    found = _RUN_FILE.match(file)
    number = int(found[1]) if found else 0
    return number if number <= COUNTED_MAX else 0

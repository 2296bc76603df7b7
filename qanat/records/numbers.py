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
_RUN_FILE = re.compile(r"([1-9][0-9]{0,8})-[0-9a-f]{6}\.(?:yaml|md)\Z")
_FOLDER = re.compile(r"(?:0|[1-9][0-9]{0,6})\Z")


def peek(private: Path, runs: Path) -> int:
    """Return the number that the next run will get if no other run takes it first.

    It is greater than any number handed out here and than that of any record in the working tree up to COUNTED_MAX,
    which may have come from another clone. `private` is the folder of the counter, `runs` that of the records. To take
    the number, hold the repository's lock and call raise_to().
    """
    return max(_handed_out(private / FILE), _highest(runs)) + 1


def is_counting(private: Path) -> bool:
    """Return whether a number was ever handed out here."""
    return (private / FILE).exists()


def raise_above_records(private: Path, records: Iterable[str], sharing: Sharing = UNSHARED) -> None:
    """Make the next number greater than those of these record files up to COUNTED_MAX."""
    if highest := max((_number(path.rpartition("/")[2]) for path in records), default=0):
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


def _highest(runs: Path) -> int:
    """Return the highest number among record files, of which only the last folder of each experiment is listed."""
    return max((_highest_of(runs, experiment) for experiment in below.names(runs, "")), default=0)


def _highest_of(runs: Path, experiment: str) -> int:
    folders = sorted((int(name) for name in below.names(runs, experiment) if _FOLDER.match(name)), reverse=True)
    for folder in folders:
        found = map(_number, below.names(runs, f"{experiment}/{folder}"))
        if highest := max((number for number in found if number // RUNS_PER_FOLDER == folder), default=0):
            return highest
    return 0


def _number(file: str) -> int:
    """Return the number in the name of a record or comment; 0 if it does not count."""
    found = _RUN_FILE.match(file)
    number = int(found[1]) if found else 0
    return number if number <= COUNTED_MAX else 0

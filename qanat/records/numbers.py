"""Run numbers: counted across the whole repository, each handed out only once."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from qanat.domain.sharing import UNSHARED, Sharing
from qanat.errors import write_failed
from qanat.system import below, files

FILE = "next-run"


def peek(private: Path, runs: Path) -> int:
    """Return the number that the next run will get if no other run takes it first.

    It is greater than any number handed out here and than that of any record in the working tree, which may
    have come from another clone. `private` is the folder of the counter, `runs` that of the records. To take
    the number, hold the repository's lock and call raise_to().
    """
    return max(_handed_out(private / FILE), _highest(runs)) + 1


def is_counting(private: Path) -> bool:
    """Return whether a number was ever handed out here."""
    return (private / FILE).exists()


def raise_above_records(private: Path, records: Iterable[str], sharing: Sharing = UNSHARED) -> None:
    """Make the next number greater than those of these record files."""
    found = [int(n) for path in records if (n := path.rpartition("/")[2].partition("-")[0]).isdecimal() and len(n) < 10]
    if found:
        files.write(private / FILE, f"{max(found)}\n".encode(), sharing=sharing)


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
    """Return the highest number among record files, looking only into the last folder of each experiment."""
    highest = 0
    for experiment in below.names(runs, ""):
        folders = [int(name) for name in below.names(runs, experiment) if name.isdecimal()]
        if folders:
            numbers = (name.partition("-")[0] for name in below.names(runs, f"{experiment}/{max(folders)}"))
            highest = max(highest, *(int(n) for n in numbers if n.isdecimal() and len(n) < 10), 0)
    return highest

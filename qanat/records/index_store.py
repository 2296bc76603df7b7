"""The file of the index, kept up to date with the records on disk, and rebuilt if it is corrupt.

A folder of records is compared by its listing, as it was when its records were read: a command that reads records
writes both in one transaction, and looks again at what the file says of the folder at its beginning.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from qanat.domain.long_work import tracked
from qanat.records import index_file, index_tables
from qanat.records.index_readers import Readers
from qanat.records.index_rows import RecordRow
from qanat.records.index_tables import RUN_COLUMNS, TABLES
from qanat.records.record_stamps import files_in, listings, settled
from qanat.system import processes

# What is read in one transaction: an interrupt loses no more, and nobody else waits for longer.
BATCH = 2_000
_REPLACE = f"REPLACE INTO runs ({', '.join(RUN_COLUMNS)}) VALUES ({', '.join('?' * len(RUN_COLUMNS))})"  # noqa: S608
_REPLACE_BODY = "REPLACE INTO bodies VALUES (?, ?, ?, ?)"
_KNOWN = "SELECT id, digest FROM runs WHERE path = ?"
_WHOLE = "SELECT path, stamp FROM runs JOIN bodies ON bodies.id = runs.id AND bodies.digest IS runs.digest"
T = TypeVar("T")


class Store:
    """The index of one project as a file that is kept up to date; use it in a `with` block."""

    def __init__(self, file: Path, root: Path) -> None:
        self._file, self._root = file, root
        self._is_synced = False
        self._database = self._open()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._database.close()

    def _open(self) -> sqlite3.Connection:
        try:
            return index_file.opened(self._file, TABLES, index_tables.LAYOUT)
        except (sqlite3.DatabaseError, OSError) as error:
            # A file that others are using is left alone: what they write would end up in a new one.
            return self._in_memory() if _is_busy(error) else self._rebuilt()

    def _rebuilt(self) -> sqlite3.Connection:
        """Start over with an empty file, or in memory if the private folder is not writable."""
        try:
            return index_file.rebuilt(self._file, TABLES, index_tables.LAYOUT)
        except (sqlite3.DatabaseError, OSError):
            return self._in_memory()

    def _in_memory(self) -> sqlite3.Connection:
        return index_file.in_memory(TABLES, index_tables.LAYOUT)

    def _surviving(self, work: Callable[[], T]) -> T:
        """Do work on the database; on a new one if it is corrupt, and in memory if nothing else works."""
        try:
            return work()
        except (sqlite3.DatabaseError, zlib.error) as error:
            if not _is_busy(error):
                with contextlib.suppress(sqlite3.DatabaseError):
                    return self._on_new(self._rebuilt, work)
        return self._on_new(self._in_memory, work)

    def _on_new(self, connect: Callable[[], sqlite3.Connection], work: Callable[[], T]) -> T:
        self._database.close()
        self._database = connect()
        self._sync()
        return work()

    def _read(self, query: str, values: Sequence[Any] = ()) -> list[Any]:
        """Return the rows of a query."""
        return self._surviving(lambda: self._database.execute(query, values).fetchall())

    def sync(self) -> None:
        """Update the index from the records on disk."""
        self._surviving(self._sync)
        self._is_synced = True

    def sync_once(self) -> None:
        """Update the index unless that was done since it was opened."""
        if not self._is_synced:
            self.sync()

    def _sync(self) -> None:
        begun_ns = time.time_ns()
        self._check_after_boot()
        known: dict[str, str] = dict(self._database.execute("SELECT folder, listing FROM folders"))
        on_disk = {}
        before = {}
        for folder, listing in listings(self._root):
            indexed = known.pop(folder, "")
            if indexed != listing:
                on_disk[folder], before[folder] = listing, indexed
        # What is left was on disk.
        on_disk |= dict.fromkeys(known, "")
        before |= known
        if on_disk:
            self._update(on_disk, before, min(begun_ns, self._disk_time_ns()))

    def _update(self, on_disk: Mapping[str, str], before: Mapping[str, str], now_ns: int) -> None:
        """Read the records that changed in these folders, given by their listings now and before."""
        counts = {folder: len(_changed(folder, listing, before[folder])) for folder, listing in on_disk.items()}
        shown = iter(tracked(range(sum(counts.values())), "run records indexed") if any(counts.values()) else ())
        with Readers(self._root, sum(counts.values())) as readers:
            for folders in _batches(counts):
                with self._writing():
                    self._update_batch({folder: on_disk[folder] for folder in folders}, readers, now_ns)
                for _ in islice(shown, sum(counts[folder] for folder in folders)):
                    pass
            next(shown, None)

    def _update_batch(self, on_disk: Mapping[str, str], readers: Readers, now_ns: int) -> None:
        """Write what has changed in these folders since the index was last written, by this or another command."""
        stamps: dict[str, str] = {}
        for folder, listing in on_disk.items():
            known = self._database.execute("SELECT listing FROM folders WHERE folder = ?", (folder,)).fetchone()
            indexed = known[0] if known else ""
            written = settled(listing, now_ns)
            now = files_in(folder, written)
            self._drop(files_in(folder, indexed).keys() - now.keys())
            stamps |= {path: now[path] for path in _changed(folder, listing, indexed)}
            if listing:
                self._database.execute("REPLACE INTO folders VALUES (?, ?)", (folder, written))
            else:
                self._database.execute("DELETE FROM folders WHERE folder = ?", (folder,))
        self._put(readers.rows([*stamps]), stamps)

    def _put(self, rows: Iterable[RecordRow], stamps: Mapping[str, str]) -> None:
        """Write the rows of these records, and drop those of the others, which have just been deleted."""
        known = {path: self._database.execute(_KNOWN, (path,)).fetchone() for path in stamps}
        (last,) = self._database.execute("SELECT COALESCE(MAX(id), 0) FROM runs").fetchone()
        for row in rows:
            # A row keeps its number, by which others may be about to read it.
            number, digest = known.pop(row.path) or (0, None)
            stamp = stamps[row.path]
            if digest is not None and digest == row.digest:
                self._database.execute("UPDATE runs SET stamp = ? WHERE id = ?", (stamp, number))
                continue
            if not number:
                number = last = last + 1
            facts = (row.digest, row.problem, row.too_new)
            self._database.execute(_REPLACE, (number, row.path, stamp, *facts, *row.values))
            self._database.execute(_REPLACE_BODY, (number, row.digest, row.facts_length, row.packed))
        self._drop(path for path, row in known.items() if row)

    def _drop(self, paths: Iterable[str]) -> None:
        for path in paths:
            self._database.execute("DELETE FROM bodies WHERE id = (SELECT id FROM runs WHERE path = ?)", (path,))
            self._database.execute("DELETE FROM runs WHERE path = ?", (path,))

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        """Make what is written meanwhile one transaction."""
        self._database.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._database.execute("COMMIT")
        except BaseException:
            if self._database.in_transaction:
                self._database.execute("ROLLBACK")
            raise

    def _check_after_boot(self) -> None:
        """Compare all rows with the listings once after each start of the machine.

        Nothing is flushed to the disk, so a power failure may leave one of two pages that were written together.
        """
        boot = processes.boot()
        written = self._database.execute("SELECT boot FROM written").fetchone()
        if written == (boot,):
            return
        with self._writing():
            rows = dict(self._database.execute(_WHOLE))
            for folder, listing in self._database.execute("SELECT folder, listing FROM folders").fetchall():
                if any(rows.pop(path, None) != stamp for path, stamp in files_in(folder, listing).items()):
                    self._drop(files_in(folder, listing))
                    self._database.execute("DELETE FROM folders WHERE folder = ?", (folder,))
            self._drop(rows)  # whose folders are not known
            self._database.execute("DELETE FROM written")
            self._database.execute("INSERT INTO written VALUES (?)", (boot,))

    def _disk_time_ns(self) -> int:
        """Return the time by the clock of the file system, which may be that of a server."""
        try:
            os.utime(self._file)
            return self._file.stat().st_mtime_ns
        except OSError:
            return time.time_ns()


def _changed(folder: str, listing: str, indexed: str) -> list[str]:
    """List the records whose stamps are others than in the listing of their folder that the index has."""
    known = files_in(folder, indexed)
    return [path for path, stamp in files_in(folder, listing).items() if known.get(path) != stamp]


def _batches(counts: Mapping[str, int]) -> Iterator[list[str]]:
    """Yield folders in batches of about BATCH records to read."""
    batch: list[str] = []
    for folder, count in counts.items():
        if batch and sum(counts[each] for each in batch) + count > BATCH:
            yield batch
            batch = []
        batch.append(folder)
    yield batch


def _is_busy(error: Exception) -> bool:
    return "locked" in str(error) or "busy" in str(error)

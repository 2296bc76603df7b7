"""The derived index: the content of run records by file, so that listing thousands of runs reads none of them.

It lives in the private folder of the working tree, where no clone brings it, and is never the truth: every row is
keyed by the stamp (times, size, inode) of the file it was read from, and a missing, stale, locked or corrupt index is
rebuilt from nothing. It also remembers which bytes passed which schema, and which records passed all checks.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar

from qanat.domain.columns import RunSummary
from qanat.domain.json_text import to_json
from qanat.domain.layout import RUNS
from qanat.errors import NotFound
from qanat.records.index_rows import digest
from qanat.records.index_store import Store
from qanat.records.index_tables import ACTIVE, NEWEST_FIRST, SUMMARY
from qanat.records.packed_text import facts_in, record_in

# What is read at once of many.
_PIECE = 500
T = TypeVar("T")


class Index(Store):
    """The index of one project; use it in a `with` block.

    `names_of` returns the name of an experiment and its former names, which the records of its runs may have.
    """

    def __init__(self, file: Path, root: Path, names_of: Callable[[str], Sequence[str]] = lambda name: (name,)) -> None:
        self._names_of = names_of
        super().__init__(file, root)

    # ---- run records

    def summaries(
        self, *, experiment: str | None = None, newest: int | None = None, live: bool = False
    ) -> list[RunSummary]:
        """List runs, newest first: of one experiment, at most `newest`, only active ones."""
        return [*map(RunSummary._make, self._rows(SUMMARY, experiment, newest, live=live))]

    def summaries_at(self, paths: Sequence[str]) -> list[RunSummary]:
        """List the runs with these records, in their order; those that have been deleted meanwhile are left out."""
        found: dict[str, RunSummary] = {}
        for piece in _pieces(paths):
            where = f"problem IS NULL AND path IN ({','.join('?' * len(piece))})"
            rows = self._read(f"SELECT {SUMMARY} FROM runs WHERE {where}", piece)  # noqa: S608
            found |= {row[0]: RunSummary._make(row) for row in rows}
        return [found[path] for path in paths if path in found]

    def numbered(self, number: int) -> list[RunSummary]:
        """List the runs with this number; there are several when they come from different clones or branches."""
        query = f"SELECT {SUMMARY} FROM runs WHERE problem IS NULL AND number = ? ORDER BY uid"  # noqa: S608
        return [RunSummary._make(row) for row in self._read(query, (number,))]

    def nearest(self, number: int, experiment: str | None = None) -> list[RunSummary]:
        """List up to three runs, of this experiment if given, whose numbers are nearest to one."""
        where, values = _where(self._names_of(experiment) if experiment else ())
        order = "ORDER BY abs(number - ?), created DESC, uid LIMIT 3"
        query = f"SELECT {SUMMARY} FROM runs WHERE {where} {order}"  # noqa: S608
        return [RunSummary._make(row) for row in self._read(query, (*values, number))]

    def record(self, path: str) -> str:
        """Return the record at a path, which the index had, as JSON text. Raises NotFound if it is gone by now."""
        rows = self._read("SELECT id, path FROM runs WHERE problem IS NULL AND path = ?", (path,))
        found = self._unpacked(record_in, rows)
        if not found:  # another command has found it deleted
            raise NotFound(f"run {PurePosixPath(path).stem} was deleted meanwhile")
        return found[path]

    def records(self, *, experiment: str | None = None, newest: int | None = None, live: bool = False) -> Iterator[str]:
        """Yield the same runs as JSON texts of the whole records, a few of them in memory at a time."""
        return self._texts(record_in, self._rows("id, path", experiment, newest, live=live))

    def summaries_with_records(
        self, *, experiment: str | None = None, newest: int | None = None
    ) -> Iterator[tuple[RunSummary, str]]:
        """Yield the same runs with the JSON texts of their records."""
        for rows in _pieces(self._rows(f"id, {SUMMARY}", experiment, newest)):
            summaries = [RunSummary._make(row[1:]) for row in rows]
            found = self._unpacked(record_in, [row[:2] for row in rows])
            yield from ((each, found[each.path]) for each in summaries if each.path in found)

    def facts(self, *, experiment: str | None = None, newest: int | None = None) -> Iterator[tuple[str, str]]:
        """Yield the same runs by the paths of their records, with the facts about them (domain.facts)."""
        for rows in _pieces(self._rows("id, path", experiment, newest)):
            yield from self._unpacked(facts_in, rows).items()

    def _texts(self, which: Callable[[int, bytes], str], rows: Sequence[tuple[int, str]]) -> Iterator[str]:
        for piece in _pieces(rows):
            yield from self._unpacked(which, piece).values()

    def _unpacked(self, which: Callable[[int, bytes], str], rows: Sequence[tuple[int, str]]) -> dict[str, str]:
        """Return the facts or the records of a piece of rows by their paths, in their order.

        Those that have been deleted or changed meanwhile are left out.
        """
        where = f"WHERE problem IS NULL AND id IN ({','.join('?' * len(rows))})"
        query = f"SELECT path, facts_length, packed FROM runs JOIN bodies USING (id) {where}"  # noqa: S608

        def read() -> dict[str, str]:
            found = self._database.execute(query, [number for number, _ in rows])
            return {path: which(length, packed) for path, length, packed in found}

        texts = self._surviving(read)
        return {path: texts[path] for _, path in rows if path in texts}

    def _rows(
        self, wanted: str, experiment: str | None, newest: int | None, *, live: bool = False
    ) -> list[tuple[Any, ...]]:
        where, values = _where(self._names_of(experiment) if experiment else (), live=live)
        query = f"SELECT {wanted} FROM runs WHERE {where} {NEWEST_FIRST} LIMIT ?"  # noqa: S608
        return self._read(query, (*values, newest or -1))

    def _records_where(self, condition: str, order: str = "path") -> Iterator[str]:
        query = f"SELECT id, path FROM runs WHERE problem IS NULL AND {condition} ORDER BY {order}"  # noqa: S608
        return self._texts(record_in, self._read(query))

    def records_with_odd_metrics(self) -> Iterator[str]:
        """Yield the records of runs with metrics that are not finite, newest first."""
        return self._records_where("has_odd_metrics", "created DESC, number DESC, uid")

    def environment_files(self) -> list[tuple[str, int, str]]:
        """List the record's path, the number, and the files of environments of every run that names some, newest first.

        They are given by their kinds and hashes in one text, such as `environment/1b2c… machine/3d4e…`.
        """
        where = f"WHERE problem IS NULL AND environments != '' {NEWEST_FIRST}"
        return self._read(f"SELECT path, number, environments FROM runs {where}")  # noqa: S608

    def data_of_runs(self) -> list[tuple[str, str, str]]:
        """List the id, the experiment and the data, as JSON text, of every run that has some, the newest first."""
        records = map(json.loads, self._records_where("has_data", "created DESC, number DESC, uid"))
        return [(record["id"], record["experiment"], to_json(record["data"])) for record in records]

    def code_commits(self) -> list[tuple[str, str, str]]:
        """List the record's path, the id and the commit of every run whose commit is known, in launch order."""
        columns = "path, number || '-' || uid, code_commit"
        query = f"SELECT {columns} FROM runs WHERE problem IS NULL ORDER BY created, number, uid"  # noqa: S608
        return [row for row in self._read(query) if row[2].strip("0")]

    def launched(self) -> list[tuple[str, str, bool, str]]:
        """List the record's path, the commit, whether that is a snapshot, and the state of every run."""
        query = "SELECT path, code_commit, is_snapshot, state FROM runs WHERE problem IS NULL ORDER BY path"
        return [(path, commit, bool(snapshot), state) for path, commit, snapshot, state in self._read(query)]

    def code_trees(self) -> dict[str, str]:
        """Map the commit of every run to the id of its tree without run records."""
        return dict(self._read("SELECT DISTINCT code_commit, code_tree FROM runs WHERE problem IS NULL"))

    def unreadable(self, experiment: str | None = None) -> list[str]:
        """List why records cannot be read, one sentence each: all of them, or those of one experiment."""
        rows = self._read("SELECT path, problem FROM runs WHERE problem IS NOT NULL ORDER BY path")
        folders = [f"{RUNS}/{name}/" for name in (self._names_of(experiment) if experiment else ())] or [""]
        return [problem for path, problem in rows if path.startswith(tuple(folders))]

    def hidden(self) -> list[str]:
        """List the folders of records that this user may not read, one sentence each."""
        query = "SELECT problem FROM runs WHERE problem IS NOT NULL AND path NOT GLOB '*.yaml' ORDER BY path"
        return [row[0] for row in self._read(query)]

    def problem_of(self, number: int, uid: str | None) -> str | None:
        """Return why the record of a run, by its number and maybe its uid, cannot be read; None if there is none."""
        query = "SELECT problem FROM runs WHERE problem IS NOT NULL AND path GLOB ? ORDER BY path"
        found = self._read(query, (f"*/{number}-{uid or '*'}.yaml",))
        return str(found[0][0]) if found else None

    def too_new(self) -> list[str]:
        """List the paths of records that only a newer qanat can read."""
        query = "SELECT path FROM runs WHERE problem IS NOT NULL AND too_new ORDER BY path"
        return [row[0] for row in self._read(query)]

    def storages(self) -> list[tuple[str, str]]:
        """List the id and the storage directory of every run."""
        return self._read("SELECT number || '-' || uid, storage FROM runs WHERE problem IS NULL ORDER BY path")

    def identities(self) -> list[tuple[str, str, str]]:
        """List the record's path, the id and the intent of every run."""
        return self._read("SELECT path, number || '-' || uid, intent FROM runs WHERE problem IS NULL ORDER BY path")

    def submitted(self) -> Iterator[str]:
        """Yield the records of runs that were handed to a scheduler, as JSON texts."""
        return self._records_where("was_submitted")

    def coming_after(self, run_id: str) -> list[str]:
        """List the records of the runs that come after a run, as JSON texts, in launch order."""
        found = self._records_where("is_after", "created, number, uid")
        return [text for text in found if any(one.get("run") == run_id for one in json.loads(text)["after"])]

    def counts(self, now: Mapping[str, str] | None = None) -> dict[str, dict[str, int]]:
        """Count the runs by experiment and state.

        `now` has the states, by the record's path, of active runs that are known better than by their records.
        """
        counts: dict[str, dict[str, int]] = {}

        def add(experiment: str, state: str, count: int) -> None:
            states = counts.setdefault(self._names_of(experiment)[0], {})
            states[state] = states.get(state, 0) + count
            if not states[state]:
                del states[state]

        query = "SELECT experiment, state, COUNT(*) FROM runs WHERE problem IS NULL GROUP BY experiment, state"
        for row in self._read(query):
            add(*row)
        active = f"SELECT path, experiment, state FROM runs WHERE problem IS NULL AND state IN ({ACTIVE})"  # noqa: S608
        for path, experiment, state in self._read(active) if now else ():
            add(experiment, state, -1)
            add(experiment, (now or {}).get(path, state), 1)
        return counts

    def count(self, experiment: str | None = None) -> int:
        """Count the runs, of one experiment if given."""
        return self._total("COUNT(*)", experiment)

    def group_count(self, experiment: str | None = None) -> int:
        """Count the groups of runs, of one experiment if given."""
        return self._total("COALESCE(SUM(groups), 0)", experiment)

    def _total(self, what: str, experiment: str | None) -> int:
        where, values = _where(self._names_of(experiment) if experiment else ())
        return int(self._read(f"SELECT {what} FROM runs WHERE {where}", values)[0][0])  # noqa: S608

    # ---- bytes that passed a schema

    def passed(self, schema: str, data: bytes) -> bool:
        """Return whether exactly these bytes are known to pass a schema."""
        return bool(self._read("SELECT 1 FROM passed WHERE schema = ? AND digest = ?", (schema, digest(data))))

    def remember_passed(self, schema: str, contents: Iterable[bytes]) -> None:
        """Remember that these bytes pass a schema."""
        rows = [(schema, digest(data)) for data in contents]
        self._surviving(lambda: self._database.executemany("INSERT OR IGNORE INTO passed VALUES (?, ?)", rows))

    # ---- records that passed all checks

    def checked(self, version: int) -> dict[str, set[str]]:
        """Return the paths of the records in which checks of this version have found nothing, by their experiment."""
        found: dict[str, set[str]] = {}
        query = "SELECT experiment, path FROM runs WHERE problem IS NULL AND checked = ?"
        for experiment, path in self._read(query, (version,)):
            found.setdefault(experiment, set()).add(path)
        return found

    def remember_checked(self, version: int, digests: Mapping[str, bytes]) -> None:
        """Remember that checks of this version have found nothing in records of these digests, by their paths."""
        # Another command may have seen a later state of a file.
        rows = [(version, path, known) for path, known in digests.items()]
        query = "UPDATE runs SET checked = ? WHERE path = ? AND digest = ?"
        self._surviving(lambda: self._write_many(query, rows))

    def _write_many(self, query: str, rows: Sequence[tuple[Any, ...]]) -> None:
        with self._writing():
            self._database.executemany(query, rows)

    # ---- submitted runs as last seen

    def last_seen(self, path: str) -> tuple[str, str] | None:
        """Return when an active run was last seen, and what was seen as JSON text, by the path of its record."""
        found = self._read("SELECT time, run FROM seen WHERE path = ?", (path,))
        return (found[0][0], found[0][1]) if found else None

    def remember_seen(self, seen: Mapping[str, str], time: str) -> None:
        """Remember what was just seen of runs, and forget all others."""
        rows = [(path, time, text) for path, text in seen.items()]

        def write() -> None:
            known = [path for (path,) in self._database.execute("SELECT path FROM seen")]
            self._database.executemany("DELETE FROM seen WHERE path = ?", [(p,) for p in known if p not in seen])
            self._database.executemany("REPLACE INTO seen VALUES (?, ?, ?)", rows)

        self._surviving(write)

    # ---- sizes of storage directories

    def unmeasured(self) -> list[tuple[str, str, str, bool]]:
        """List the runs whose storage directories have not been measured since their records changed.

        Each is given by the path of its record, its id, its storage directory, and whether it has ended.
        """
        wanted = f"path, number || '-' || uid, storage, state NOT IN ({ACTIVE})"
        query = f"SELECT {wanted} FROM runs WHERE problem IS NULL AND result_bytes IS NULL ORDER BY path"  # noqa: S608
        return [(path, run_id, storage, bool(ended)) for path, run_id, storage, ended in self._read(query)]

    def measured_bytes(self, without: Iterable[str] = ()) -> int:
        """Return the size of the storage directories that were measured, each once, and without some of them."""
        # Runs from different branches with the same number share a directory.
        where = "WHERE problem IS NULL AND result_bytes > 0"
        sizes = f"SELECT MAX(result_bytes) AS size FROM runs {where}"  # noqa: S608
        total = self._read(f"SELECT TOTAL(size) FROM ({sizes} GROUP BY storage)")[0][0]  # noqa: S608
        left_out = (self._read(f"{sizes} AND storage = ?", (storage,))[0][0] for storage in without)
        return int(total) - sum(size or 0 for size in left_out)

    def remember_sizes(self, sizes: Mapping[str, int]) -> None:
        """Remember the sizes of storage directories of runs that have ended, by the paths of their records."""
        rows = [(size, path) for path, size in sizes.items()]
        self._surviving(lambda: self._write_many("UPDATE runs SET result_bytes = ? WHERE path = ?", rows))


def _pieces(items: Sequence[T]) -> Iterator[Sequence[T]]:
    return (items[first : first + _PIECE] for first in range(0, len(items), _PIECE))


def _where(experiments: Sequence[str], *, live: bool = False) -> tuple[str, tuple[str, ...]]:
    parts = ["problem IS NULL"]
    if len(experiments) == 1:
        parts.append("experiment = ?")
    elif experiments:
        # With a plus, SQLite follows the order of all runs instead of sorting those of these names.
        parts.append(f"+experiment IN ({','.join('?' * len(experiments))})")
    if live:
        parts.append(f"state IN ({ACTIVE})")
    return " AND ".join(parts), tuple(experiments)

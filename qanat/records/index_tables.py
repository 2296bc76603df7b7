"""The tables of the index, and the version of their layout."""

from __future__ import annotations

import zlib

from qanat.domain.columns import RunSummary, columns, numbers
from qanat.domain.facts import GroupFacts, RunFacts
from qanat.domain.run import State
from qanat.records import migrations, packed_text

# Increase this when a column or a fact keeps its name but gets its values from somewhere else; others are detected.
_MEANING = 10
_COLUMNS = tuple(columns())
_DECLARED = ", ".join(f"{name} {'INTEGER' if name in numbers() else 'TEXT'}" for name in _COLUMNS)
# What few commands need of all records.
OTHERS = (
    *("code_commit", "code_tree", "is_snapshot", "intent", "was_submitted", "is_after", "has_data"),
    *("has_odd_metrics", "environments"),
)
RUN_COLUMNS = ("id", "path", "stamp", "digest", "problem", "too_new", *_COLUMNS, *OTHERS)
TABLES = (
    # Long texts are apart, since most commands look at all runs and read few of them.
    "CREATE TABLE runs (id INTEGER PRIMARY KEY, path TEXT NOT NULL UNIQUE, stamp TEXT NOT NULL, digest BLOB, "
    f"problem TEXT, too_new INTEGER, {_DECLARED}, {', '.join(OTHERS)}, checked INTEGER, result_bytes INTEGER)",
    "CREATE TABLE bodies (id INTEGER PRIMARY KEY, digest BLOB, facts_length INTEGER, packed BLOB)",
    "CREATE TABLE folders (folder TEXT PRIMARY KEY, listing TEXT NOT NULL)",
    "CREATE TABLE written (boot TEXT)",
    "CREATE INDEX newest ON runs (created DESC, number DESC, uid) WHERE problem IS NULL",
    "CREATE INDEX newest_of ON runs (experiment, created DESC, number DESC, uid, state) WHERE problem IS NULL",
    "CREATE INDEX by_state ON runs (state)",
    "CREATE INDEX by_number ON runs (number)",
    "CREATE INDEX problems ON runs (path) WHERE problem IS NOT NULL",
    "CREATE INDEX measured ON runs (storage, result_bytes) WHERE problem IS NULL AND result_bytes > 0",
    "CREATE INDEX unmeasured ON runs (path) WHERE problem IS NULL AND result_bytes IS NULL",
    "CREATE TABLE passed (schema TEXT, digest BLOB, PRIMARY KEY (schema, digest)) WITHOUT ROWID",
    "CREATE TABLE seen (path TEXT PRIMARY KEY, time TEXT NOT NULL, run TEXT NOT NULL) WITHOUT ROWID",
)
SUMMARY = ", ".join(RunSummary._fields)
ACTIVE = ", ".join(f"'{state}'" for state in sorted(State.LIVE))
NEWEST_FIRST = "ORDER BY created DESC, number DESC, uid"


def layout() -> int:
    """Return the version of these tables, kept in the file; an index of another version is rebuilt."""
    # Rows contain records in the newest version, and this qanat may be able to read what an older one could not.
    fields = (*RunFacts._fields, *GroupFacts._fields, packed_text.USUAL.decode())
    parts = (*TABLES, *fields, str(_MEANING), str(migrations.newest("run")))
    return zlib.crc32("\n".join(parts).encode()) & 0x7FFFFFFF or 1


LAYOUT = layout()

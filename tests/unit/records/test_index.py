"""The derived index: whatever happens to its file, it says what the records say."""

from __future__ import annotations

import contextlib
import json
import math
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from qanat import __version__
from qanat.domain.long_work import shown_by
from qanat.domain.names import name_problem
from qanat.domain.run import Group, Run, State
from qanat.errors import NotFound
from qanat.records import (
    index_file,
    index_store,
    index_tables,
    migrations,
    record_stamps,
    run_codec,
)
from qanat.records.index import Index
from qanat.records.record_stamps import listings
from tests.support.versions import V1
from tests.unit.records.example import RUN

CACHE = "private/index.sqlite"


def put(root: Path, run: Run) -> Path:
    """Write the record of a run."""
    path = root / run_codec.path_of(run)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(run_codec.encode(run))
    return path


def numbered(number: int, **changes: Any) -> Run:
    """Return a run with this number, launched at that minute of the hour."""
    created = f"2026-11-23T05:{number % 60:02}:00+00:00"
    return replace(RUN, **{"number": number, "created": created, **changes})


def listed(root: Path) -> list[int]:
    """Open the index, bring it up to date, and list the numbers of runs."""
    with Index(root / CACHE, root) as opened:
        opened.sync()
        return [row.number for row in opened.summaries()]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a project with three records."""
    for number in (1, 2, 3):
        put(tmp_path, numbered(number))
    return tmp_path


def test_whoever_shows_progress_sees_which_records_are_read(root: Path) -> None:
    seen: list[tuple[int, str]] = []

    def show(items: Sequence[Any], what: str) -> Iterable[Any]:
        seen.append((len(items), what))
        return items

    with Index(root / CACHE, root) as opened, shown_by(show):
        opened.sync()
    (root / CACHE).unlink()
    with Index(root / CACHE, root) as opened:
        opened.sync()
    assert seen == [(3, "run records indexed")]


# ---- what it says


def test_a_summary_says_what_the_record_says(root: Path) -> None:
    put(root, numbered(3, tags=("a", "b"), description="third"))
    with Index(root / CACHE, root) as opened:
        opened.sync()
        row = opened.summaries()[0]
    assert row._asdict() == {
        "path": ".qanat/runs/summary_iris/0/3-7f3a9c.yaml",
        "number": 3,
        "uid": "7f3a9c",
        "experiment": "summary_iris",
        "state": "failed",
        "created": "2026-11-23T05:03:00+00:00",
        "started": "2026-11-23T05:17:56.001+00:00",
        "ended": "2026-11-23T05:18:01.250+00:00",
        "paused_ms": 0,
        "description": "third",
        "tags": '["a", "b"]',
        "parameters": '{"n": "10", "seed": "0,1"}',
        "runner": "local",
        "storage": "results/summary_iris/run_4",
        "groups": 2,
        "groups_ended": 2,
        "groups_failed": 1,
        "groups_finished": 1,
    }
    assert row.id == "3-7f3a9c"


def test_runs_are_listed_newest_first_and_chosen_by_experiment_number_and_state(root: Path) -> None:
    put(root, numbered(4, experiment="wine", groups=(Group(0, (), State.RUNNING),)))
    put(root, numbered(4, uid="b81e02"))
    put(root, numbered(20, experiment="wine", created="2026-11-22T00:00:00+00:00"))
    with Index(root / CACHE, root) as opened:
        opened.sync()
        assert [row.id.replace("-7f3a9c", "") for row in opened.summaries()] == ["4", "4-b81e02", "3", "2", "1", "20"]
        assert [row.number for row in opened.summaries(newest=2)] == [4, 4]
        assert [row.number for row in opened.summaries(experiment="wine")] == [4, 20]
        assert [row.number for row in opened.summaries(live=True)] == [4]
        assert [row.uid for row in opened.numbered(4)] == ["7f3a9c", "b81e02"]
        assert opened.numbered(99) == []
        assert opened.summaries(experiment="none") == []
        assert opened.counts() == {"summary_iris": {"failed": 4}, "wine": {"running": 1, "failed": 1}}


def test_active_runs_are_counted_as_they_are_now_and_under_the_experiments_new_name(root: Path) -> None:
    path = put(root, numbered(4, experiment="wine", groups=(Group(0, (), State.QUEUED),)))
    put(root, numbered(5, experiment="cider", groups=(Group(0, (), State.QUEUED),)))
    now = {str(path.relative_to(root)): "running", ".qanat/runs/summary_iris/0/1-7f3a9c.yaml": "running"}
    with Index(root / CACHE, root, lambda name: ("cider", "wine") if name == "wine" else (name,)) as opened:
        opened.sync()
        assert opened.counts(now) == {"summary_iris": {"failed": 3}, "cider": {"running": 1, "queued": 1}}


def test_whole_records_come_as_json_in_the_same_order(root: Path) -> None:
    with Index(root / CACHE, root) as opened:
        opened.sync()
        records = [json.loads(text) for text in opened.records(newest=2)]
        both = list(opened.summaries_with_records(newest=2))
        assert [row for row, _ in both] == opened.summaries(newest=2)
        assert [json.loads(text) for _, text in both] == records
        assert list(opened.summaries_with_records(experiment="none")) == []
    assert [record["id"] for record in records] == ["3-7f3a9c", "2-7f3a9c"]
    assert records[0]["groups"][0]["metrics"] == {"acc": 0.93}


def test_numbers_that_json_does_not_have_are_texts_in_json(root: Path) -> None:
    group = replace(RUN.groups[0], metrics={"a": math.nan, "b": math.inf, "c": 1.5})
    put(root, numbered(9, groups=(group,)))
    with Index(root / CACHE, root) as opened:
        opened.sync()
        (text,) = opened.records(newest=1)
    assert json.loads(text)["groups"][0]["metrics"] == {"a": "NaN", "b": "Infinity", "c": 1.5}


def test_a_project_without_records_has_none(tmp_path: Path) -> None:
    assert listed(tmp_path) == []


# ---- keeping up with the records


def test_new_changed_and_deleted_records_are_seen(root: Path) -> None:
    assert listed(root) == [3, 2, 1]
    put(root, numbered(5))
    (root / run_codec.path_of(numbered(2))).unlink()
    put(root, numbered(1, created="2026-11-23T05:59:00+00:00"))
    assert listed(root) == [1, 5, 3]


def test_a_record_that_another_command_finds_deleted_is_an_error(root: Path) -> None:
    with Index(root / CACHE, root) as reader:
        reader.sync()
        (path,) = [row.path for row in reader.numbered(2)]
        assert '"2-7f3a9c"' in reader.record(path)
        (root / path).unlink()
        listed(root)
        with pytest.raises(NotFound, match="run 2-7f3a9c was deleted meanwhile"):
            reader.record(path)


def test_a_change_that_keeps_size_and_time_of_the_file_is_seen(root: Path) -> None:
    path = put(root, numbered(3, description="old"))
    listed(root)
    stat = path.stat()
    with path.open("r+b") as file:
        file.write(path.read_bytes().replace(b"description: old", b"description: new"))
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert path.stat().st_size == stat.st_size
    with Index(root / CACHE, root) as opened:
        opened.sync()
        assert opened.summaries()[0].description == "new"


def test_a_record_that_did_not_change_is_not_read_again(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record_stamps, "COARSEST_NS", -(10**12))  # the files are new, but might as well be old
    listed(root)
    with sqlite3.connect(root / CACHE) as database:
        database.execute("UPDATE runs SET description = 'from the index'")
    database.close()
    with Index(root / CACHE, root) as opened:
        opened.sync()
        assert {row.description for row in opened.summaries()} == {"from the index"}


@pytest.mark.slow
def test_edits_that_follow_each_other_at_once_are_all_seen(root: Path) -> None:
    """Within a tick of the kernel's clock, an edit in place leaves times, size and inode as they were."""
    file = next(root.glob(".qanat/runs/*/*/*.yaml"))
    text = file.read_text()
    with Index(root / CACHE, root) as opened:
        for number in range(300):
            said = f"edit {number:03}"
            assert "description: ''" in text
            with file.open("r+") as in_place:
                in_place.write(text.replace("description: ''", f"description: {said}"))
            opened.sync()
            assert said in {row.description for row in opened.summaries()}


@pytest.mark.parametrize("ahead_s", [0, 60, 3600])
def test_edits_on_a_server_whose_clock_is_ahead_are_all_seen(root: Path, ahead_s: int) -> None:
    file = next(root.glob(".qanat/runs/*/*/*.yaml"))
    text = file.read_text()
    stamp_s = int(time.time()) + ahead_s
    with Index(root / CACHE, root) as opened:
        for said in ("one", "two"):
            file.write_text(text.replace("description: ''", f"description: {said}"))
            os.utime(file, (stamp_s, stamp_s))
            opened.sync()
            assert said in {row.description for row in opened.summaries()}


@pytest.mark.parametrize(
    ("path", "content", "problem"),
    [
        ("0/9-7f3a9c.yaml", b"schema: [", "2: is not YAML: did not find expected node content"),
        ("0/9-7f3a9c.yaml", b"", " the file is empty"),
        ("0/9-7f3a9c.yaml", b"\xff", "1: is not UTF-8 text"),
        (
            "0/9-7f3a9c.yaml",
            run_codec.encode(numbered(8)),
            " id: 8-7f3a9c of summary_iris does not belong in this file",
        ),
        (
            "1/9-7f3a9c.yaml",
            run_codec.encode(numbered(9)),
            " id: 9-7f3a9c of summary_iris does not belong in this file",
        ),
        (
            "0/9-7f3a9c.yaml",
            run_codec.encode(numbered(9, experiment="../x")),
            f" experiment: '../x' {name_problem('../x')}",
        ),
    ],
)
def test_a_record_that_cannot_be_read_is_named_and_the_others_are_listed(
    root: Path, path: str, content: bytes, problem: str
) -> None:
    file = root / ".qanat/runs/summary_iris" / path
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(content)
    for _ in range(2):
        with Index(root / CACHE, root) as opened:
            opened.sync()
            assert opened.unreadable() == [f".qanat/runs/summary_iris/{path}:{problem}"]
            assert [row.number for row in opened.summaries()] == [3, 2, 1]
            assert sum(opened.counts()["summary_iris"].values()) == 3
    file.unlink()
    with Index(root / CACHE, root) as opened:
        opened.sync()
        assert opened.unreadable() == []


def rows(root: Path) -> list[tuple[Any, ...]]:
    """Return everything that the index holds of runs, but for the stamps of their files."""
    with Index(root / CACHE, root) as opened:
        opened.sync()
    with contextlib.closing(sqlite3.connect(root / CACHE)) as database:
        found = database.execute("SELECT * FROM runs LEFT JOIN bodies USING (id) ORDER BY path").fetchall()
        tables = ("runs", "bodies")
        names = [c[1] for table in tables for c in database.execute(f"PRAGMA table_info({table})")]
        at = names.index("digest", names.index("digest") + 1)
        names.pop(at - 1)  # the id once
    of_file = ("id", "stamp", "digest")
    return [tuple(value for name, value in zip(names, row, strict=True) if name not in of_file) for row in found]


def test_a_record_of_an_earlier_version_is_indexed_as_it_is_once_it_is_migrated(tmp_path: Path) -> None:
    texts = [file.read_bytes() for file in sorted((V1 / "run").glob("*.yaml"))]
    runs = {run_codec.path_of(run_codec.decode(text, "a")): text for text in texts}
    for path, text in runs.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(text)
    before = rows(tmp_path)
    assert len(before) == len(runs)
    for path, text in runs.items():
        (tmp_path / path).write_bytes(run_codec.encode(run_codec.decode(text, path)))
    assert rows(tmp_path) == before


def test_a_record_that_only_a_newer_qanat_reads_is_known_as_such(root: Path) -> None:
    file, broken = (root / run_codec.path_of(numbered(number)) for number in (2, 3))
    file.write_bytes(file.read_bytes().replace(b"run/2", b"run/3"))
    broken.write_text("[")
    path = file.relative_to(root).as_posix()
    said = f"{path} is run/3, and this qanat {__version__} reads up to run/2; install a newer qanat"
    with Index(root / CACHE, root) as opened:
        opened.sync()
        assert [row.number for row in opened.summaries()] == [1]
        assert opened.too_new() == [path]
        assert [problem.startswith((said, ".qanat/runs/summary_iris/0/3-")) for problem in opened.unreadable()] == [
            True
        ] * 2
        assert len(opened.unreadable("summary_iris")) == 2
        assert opened.unreadable("another") == []
        for uid in (None, RUN.uid):
            assert (opened.problem_of(2, uid) or "").startswith(said)
        assert opened.problem_of(2, "000000") is None
        assert opened.problem_of(1, None) is None


def test_an_index_of_a_qanat_that_read_less_is_built_again(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = index_tables.LAYOUT
    with monkeypatch.context() as patched:
        patched.setitem(migrations.STEPS, "run", (*migrations.STEPS["run"], dict))
        assert index_tables.layout() != before
    monkeypatch.setattr(index_tables.RunFacts, "_fields", (*index_tables.RunFacts._fields, "more"))
    assert index_tables.layout() != before


def test_a_record_that_is_deleted_before_it_is_read_is_not_said_to_be_unreadable(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def listings_of_files_then_deleted(root: Path) -> Iterator[tuple[str, str]]:
        found = list(listings(root))
        (root / run_codec.path_of(numbered(2))).unlink()
        return iter(found)

    monkeypatch.setattr(index_store, "listings", listings_of_files_then_deleted)
    with Index(root / CACHE, root) as opened:
        opened.sync()
        assert opened.unreadable() == []
        assert [row.number for row in opened.summaries()] == [3, 1]


def test_links_are_not_followed_but_named_and_other_files_are_passed_over(
    root: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    outside = tmp_path_factory.mktemp("outside")
    record = put(outside, numbered(9))
    folder = root / ".qanat/runs/summary_iris/0"
    (folder / record.name).symlink_to(record)
    (root / ".qanat/runs/linked").symlink_to(outside / ".qanat/runs/summary_iris")
    (folder / "notes.txt").write_text("x")
    (root / ".qanat/runs/README").write_text("x")
    (folder / "10-7f3a9c.yaml").mkdir()
    (folder / "11-7f3a9c.yaml").symlink_to("nowhere")
    os.mkfifo(folder / "12-7f3a9c.yaml")
    assert listed(root) == [3, 2, 1]
    place = ".qanat/runs/summary_iris/0"
    with Index(root / CACHE, root) as opened:
        opened.sync()
        assert opened.unreadable() == [
            f"{place}/10-7f3a9c.yaml: is a directory",
            f"{place}/11-7f3a9c.yaml: is a symbolic link",
            f"{place}/12-7f3a9c.yaml: is a pipe or a device, not a file",
            f"{place}/{record.name}: is a symbolic link",
        ]


def test_what_a_killed_writer_left_is_removed_after_an_hour_and_not_before(root: Path) -> None:
    folder = root / ".qanat/runs/summary_iris/0"
    old, new = folder / ".4-7f3a9c.yaml.17.tmp", folder / ".5-7f3a9c.yaml.18.tmp"
    for file in (old, new):
        file.write_bytes(b"half")
    os.utime(old, (time.time() - 3700, time.time() - 3700))
    assert listed(root) == [3, 2, 1]
    assert not old.exists()
    assert new.exists()


# ---- whatever happens to its file


def delete(file: Path) -> None:
    file.unlink()


def delete_the_folder(file: Path) -> None:
    file.unlink()
    file.parent.rmdir()


def overwrite(file: Path) -> None:
    file.write_bytes(b"this is no database" * 1000)


def empty(file: Path) -> None:
    file.write_bytes(b"")


def truncate(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def spoil_a_page(file: Path) -> None:
    data = bytearray(file.read_bytes())
    data[index_file.PAGE_BYTES : index_file.PAGE_BYTES * 2] = b"\xa5" * index_file.PAGE_BYTES
    file.write_bytes(bytes(data))


def spoil_all_but_the_first_page(file: Path) -> None:
    data = file.read_bytes()
    file.write_bytes(data[: index_file.PAGE_BYTES] + b"\0" * (len(data) - index_file.PAGE_BYTES))


def belong_to_another_layout(file: Path) -> None:
    with sqlite3.connect(file) as database:
        database.executescript("DROP TABLE runs; CREATE TABLE runs (x); CREATE TABLE old (y); PRAGMA user_version = 99")
    database.close()


def lack_its_tables(file: Path) -> None:
    with sqlite3.connect(file) as database:
        database.executescript("DROP TABLE runs; DROP TABLE passed; DROP TABLE seen")
    database.close()


def have_a_view_for_a_table(file: Path) -> None:
    numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i AS schema, i AS digest FROM n"
    with sqlite3.connect(file) as database:
        database.executescript(f"DROP TABLE passed; CREATE VIEW passed AS {numbers}")
    database.close()


def have_a_trigger(file: Path) -> None:
    with sqlite3.connect(file) as database:
        database.execute("CREATE TRIGGER lie AFTER INSERT ON runs BEGIN UPDATE runs SET number = 77; END")
    database.close()


def have_another_table(file: Path) -> None:
    with sqlite3.connect(file) as database:
        database.execute("CREATE TABLE other (x DEFAULT (randomblob(10)))")
    database.close()


def become_a_link(file: Path) -> None:
    file.rename(file.with_name("elsewhere"))
    file.symlink_to("elsewhere")


def have_another_name(file: Path) -> None:
    file.with_name("another name").hardlink_to(file)


def have_a_journal_that_is_a_link(file: Path) -> None:
    file.with_name(f"{file.name}-journal").symlink_to("/dev/zero")


def become_a_pipe(file: Path) -> None:
    file.unlink()
    os.mkfifo(file)


def become_a_folder(file: Path) -> None:
    file.unlink()
    (file / "inside").mkdir(parents=True)


def become_a_dead_link(file: Path) -> None:
    file.unlink()
    file.symlink_to("/nowhere/at/all")


def have_a_file_for_a_folder(file: Path) -> None:
    file.unlink()
    file.parent.rmdir()
    file.parent.write_text("in the way")


HARMS = [
    delete,
    delete_the_folder,
    overwrite,
    empty,
    truncate,
    spoil_a_page,
    spoil_all_but_the_first_page,
    belong_to_another_layout,
    lack_its_tables,
    have_a_view_for_a_table,
    have_a_trigger,
    have_another_table,
    become_a_link,
    have_another_name,
    have_a_journal_that_is_a_link,
    become_a_pipe,
    become_a_folder,
    become_a_dead_link,
    have_a_file_for_a_folder,
]


@pytest.mark.parametrize("harm", HARMS)
def test_an_index_whose_file_was_harmed_says_what_the_records_say(root: Path, harm: Callable[[Path], None]) -> None:
    listed(root)
    harm(root / CACHE)
    put(root, numbered(4))
    assert listed(root) == [4, 3, 2, 1]
    assert listed(root) == [4, 3, 2, 1]


@pytest.mark.parametrize("harm", HARMS)
def test_an_index_that_is_harmed_still_remembers_and_forgets_without_an_error(
    root: Path, harm: Callable[[Path], None]
) -> None:
    listed(root)
    harm(root / CACHE)
    with Index(root / CACHE, root) as opened:
        assert opened.passed("run/1", b"never seen") is False
        opened.sync()
        opened.remember_passed("run/1", [b"seen"])
        opened.remember_sizes({run_codec.path_of(numbered(1)): 5})
        assert opened.passed("run/1", b"seen") is True
        assert opened.measured_bytes() == 5


def test_an_index_harmed_while_it_is_open_says_what_the_records_say(root: Path) -> None:
    for number in range(10, 60):
        put(root, numbered(number, description="x" * 500))
    listed(root)
    with Index(root / CACHE, root) as opened:
        overwrite(root / CACHE)
        opened.sync()
        assert len(opened.summaries()) == 53
        assert len(list(opened.records())) == 53


def test_an_index_with_other_columns_is_built_again(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    listed(root)
    with sqlite3.connect(root / CACHE) as database:
        assert database.execute("PRAGMA user_version").fetchone() == (index_tables.LAYOUT,)
        database.execute("UPDATE runs SET description = 'of the old columns'")
    database.close()
    monkeypatch.setattr(index_tables, "LAYOUT", index_tables.LAYOUT + 1)
    with Index(root / CACHE, root) as opened:
        opened.sync()
        assert {row.description for row in opened.summaries()} == {""}


@pytest.mark.parametrize("harm", [have_a_view_for_a_table, have_a_trigger, become_a_link, have_another_name])
def test_what_an_index_says_that_is_not_qanats_own_is_not_believed(root: Path, harm: Callable[[Path], None]) -> None:
    with Index(root / CACHE, root) as opened:
        opened.remember_passed("run/1", [b"broken"])
    harm(root / CACHE)
    with Index(root / CACHE, root) as opened:
        assert not opened.passed("run/1", b"broken")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_the_index_of_another_user_is_not_believed(root: Path) -> None:
    with Index(root / CACHE, root) as opened:
        opened.remember_passed("run/1", [b"broken"])
    os.chown(root / CACHE, 12345, 12345)
    with Index(root / CACHE, root) as opened:
        assert not opened.passed("run/1", b"broken")


def test_a_rebuilt_index_is_kept(root: Path) -> None:
    listed(root)
    overwrite(root / CACHE)
    listed(root)
    with sqlite3.connect(root / CACHE) as database:
        assert database.execute("SELECT count(*) FROM runs").fetchone() == (3,)
    database.close()


@pytest.mark.parametrize("lock", ["BEGIN IMMEDIATE", "BEGIN EXCLUSIVE"])
def test_an_index_that_stays_locked_is_done_without(root: Path, lock: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index_file, "LOCK_WAIT_S", 0.05)
    listed(root)
    put(root, numbered(4))
    other = sqlite3.connect(root / CACHE, isolation_level=None)
    try:
        other.execute(lock)
        assert listed(root) == [4, 3, 2, 1]
    finally:
        other.close()
    assert listed(root) == [4, 3, 2, 1]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written_is_done_without(root: Path) -> None:
    folder = (root / CACHE).parent
    folder.mkdir(parents=True)
    folder.chmod(0o500)
    try:
        assert listed(root) == [3, 2, 1]
    finally:
        folder.chmod(0o700)


FULL_DISK = """
import resource, signal, sys
from pathlib import Path
from typing import Any
from qanat.records.index import Index
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))
root = Path(sys.argv[1])
with Index(root / "private/index.sqlite", root) as opened:
    opened.sync()
    opened.remember_sizes({"results/a": 1})
    print(len(opened.summaries()))
"""


@pytest.mark.parametrize("size", [0, 4096, 8192, 20_000, 50_000])
def test_an_index_for_which_the_disk_has_no_room_is_done_without(root: Path, size: int) -> None:
    for number in range(10, 60):
        put(root, numbered(number, description="x" * 2000))
    words = [sys.executable, "-B", "-c", FULL_DISK, str(root), str(size)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "53\n", "")
    assert len(listed(root)) == 53


# ---- what else it remembers


def test_bytes_that_passed_a_schema_are_known_from_then_on(root: Path) -> None:
    with Index(root / CACHE, root) as opened:
        assert not opened.passed("run/1", b"a")
        opened.remember_passed("run/1", [b"a", b"b", b"a"])
    with Index(root / CACHE, root) as opened:
        assert opened.passed("run/1", b"a")
        assert opened.passed("run/1", b"b")
        assert not opened.passed("run/2", b"a")
        assert not opened.passed("run/1", b"a ")


def test_sizes_are_remembered_and_replaced(root: Path) -> None:
    with Index(root / CACHE, root) as opened:
        opened.sync()
        first, second, third = (run_codec.path_of(numbered(number)) for number in (1, 2, 3))
        assert [path for path, *_ in opened.unmeasured()] == [first, second, third]
        opened.remember_sizes({first: 5, second: 2**40})
        opened.remember_sizes({first: 6})
    put(root, numbered(2, description="changed"))
    with Index(root / CACHE, root) as opened:
        opened.sync()
        assert [path for path, *_ in opened.unmeasured()] == [second, third]
        assert opened.measured_bytes() == 6
        assert opened.measured_bytes(without=[RUN.storage]) == 0

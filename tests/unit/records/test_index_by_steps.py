"""The index after random changes of records, beside one that was built from nothing."""

from __future__ import annotations

import os
import random
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from qanat.domain.run import Run
from qanat.records import index_readers, index_store, record_stamps, run_codec
from qanat.records.index import Index
from qanat.system import processes
from tests.unit.records.example import RUN

STEPS = 60
CACHE = "private/index.sqlite"
Step = Callable[[random.Random, Path], object]


def path_of(root: Path, run: Run) -> Path:
    return root / run_codec.path_of(run)


def some_run(choice: random.Random) -> Run:
    experiment = choice.choice(["a", "b"])
    return replace(
        RUN, number=choice.randrange(1, 250), experiment=experiment, description=f"{choice.randrange(10**6):06}"
    )


def some_file(choice: random.Random, root: Path) -> Path | None:
    files = sorted(root.glob(".qanat/runs/*/*/*.yaml"))
    return choice.choice(files) if files else None


def add(choice: random.Random, root: Path) -> None:
    run = some_run(choice)
    path_of(root, run).parent.mkdir(parents=True, exist_ok=True)
    path_of(root, run).write_bytes(run_codec.encode(run))


def replace_by_renaming(choice: random.Random, root: Path) -> None:
    if file := some_file(choice, root):
        new = file.with_name("other")
        new.write_bytes(edited(choice, file.read_bytes()))
        new.replace(file)


def edited(choice: random.Random, data: bytes) -> bytes:
    """Return a record with another description of the same length."""
    before, found, after = data.partition(b"description: ")
    return before + found + b"'%06d'" % choice.randrange(10**6) + after[after.index(b"\n") :] if found else data


def edit_in_place_and_put_the_time_back(choice: random.Random, root: Path) -> None:
    if file := some_file(choice, root):
        stat = file.stat()
        with file.open("r+b") as opened:
            opened.write(edited(choice, file.read_bytes()))
        os.utime(file, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def spoil(choice: random.Random, root: Path) -> None:
    if file := some_file(choice, root):
        file.write_bytes(file.read_bytes()[: choice.randrange(200)])


def delete(choice: random.Random, root: Path) -> None:
    if file := some_file(choice, root):
        file.unlink()


def move_a_folder_away_and_back(choice: random.Random, root: Path) -> None:
    file = some_file(choice, root)
    if file and not (other := file.parent.with_name("777")).exists():
        file.parent.rename(other)
        if choice.random() < 0.5:
            other.rename(file.parent)


def start_the_machine_again(choice: random.Random, root: Path) -> None:
    with sqlite3.connect(root / CACHE) as database:
        database.execute("UPDATE written SET boot = 'before'")
    database.close()


def lose_a_page_of_a_power_failure(choice: random.Random, root: Path) -> None:
    """Leave rows and listings that do not belong together, as a page does that was not flushed."""
    with sqlite3.connect(root / CACHE) as database:
        lost = choice.choice(["runs", "bodies"])
        database.execute(f"UPDATE bodies SET digest = x'00', packed = x'00' WHERE id % 4 = {choice.randrange(4)}")
        database.execute(f"DELETE FROM {lost} WHERE id % 3 = {choice.randrange(3)}")
        database.execute(f"UPDATE runs SET stamp = '1 1 1 1', number = 0 WHERE id % 5 = {choice.randrange(5)}")
        database.execute("UPDATE written SET boot = 'before'")
    database.close()


def look(choice: random.Random, root: Path) -> None:
    """Let a command that was slow write what it has seen long before."""
    with Index(root / CACHE, root) as slow:
        slow._check_after_boot()
        known = dict(slow._database.execute("SELECT folder, listing FROM folders"))
        seen = dict(record_stamps.listings(root))
        now_ns = max([path.stat().st_ctime_ns for path in root.glob(".qanat/runs/*/*/*.yaml")], default=0)
        choice.choice(STEPS_OF_RECORDS)(choice, root)
        with Index(root / CACHE, root) as fast:
            fast.sync()
        changed = {folder: text for folder, text in seen.items() if known.get(folder) != text}
        if changed:
            slow._update(changed, {folder: known.get(folder, "") for folder in changed}, now_ns)


STEPS_OF_RECORDS: list[Step] = [
    add,
    add,
    replace_by_renaming,
    edit_in_place_and_put_the_time_back,
    spoil,
    delete,
    move_a_folder_away_and_back,
]
ALL: list[Step] = [*STEPS_OF_RECORDS, start_the_machine_again, lose_a_page_of_a_power_failure, look]


def content(root: Path, cache: str) -> tuple[object, ...]:
    """Return what an index says after it was brought up to date."""
    with Index(root / cache, root) as opened:
        opened.sync()
        return (
            # Of runs with the same time and id, any may come first.
            sorted(opened.summaries()),
            sorted(opened.records()),
            sorted(opened.facts()),
            opened.unreadable(),
            opened.counts(),
            opened.identities(),
        )


@pytest.mark.parametrize("coarsest_ns", [record_stamps.COARSEST_NS, -(10**12)])
@pytest.mark.parametrize("seed", range(4))
def test_after_any_steps_the_index_says_what_one_says_that_is_built_from_nothing(
    tmp_path: Path, seed: int, coarsest_ns: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With files that are taken for settled at once, only their stamps tell that they have changed."""
    monkeypatch.setattr(record_stamps, "COARSEST_NS", coarsest_ns)
    monkeypatch.setattr(index_store, "BATCH", 3)
    choice = random.Random(seed)
    for _ in range(5):
        add(choice, tmp_path)
    for step in range(STEPS):
        before = content(tmp_path, CACHE)
        done = choice.choice(ALL)
        done(choice, tmp_path)
        fresh = content(tmp_path, f"fresh/{step}.sqlite")
        assert content(tmp_path, CACHE) == fresh, (step, done.__name__, before)


def test_an_interrupt_keeps_what_was_read_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in (1, 101, 201):
        run = replace(RUN, number=number)
        path_of(tmp_path, run).parent.mkdir(parents=True)
        path_of(tmp_path, run).write_bytes(run_codec.encode(run))
    monkeypatch.setattr(index_store, "BATCH", 1)
    read = index_readers.index_rows.row
    taken = 0

    def interrupted(root: Path, path: str) -> object:
        nonlocal taken
        taken += 1
        if taken == 3:
            raise KeyboardInterrupt
        return read(root, path)

    with monkeypatch.context() as patched:
        patched.setattr(index_readers.index_rows, "row", interrupted)
        with pytest.raises(KeyboardInterrupt), Index(tmp_path / CACHE, tmp_path) as opened:
            opened.sync()
    with Index(tmp_path / CACHE, tmp_path) as opened:
        assert len(opened.summaries()) == 2
        opened.sync()
        assert len(opened.summaries()) == 3


@pytest.mark.parametrize("killed", [False, True])
def test_several_processes_read_many_records(tmp_path: Path, killed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(1, 60):
        run = replace(RUN, number=number)
        path_of(tmp_path, run).parent.mkdir(parents=True, exist_ok=True)
        path_of(tmp_path, run).write_bytes(run_codec.encode(run))
    expected = content(tmp_path, "alone.sqlite")
    monkeypatch.setattr(index_readers, "FEWEST", 10)
    monkeypatch.setattr(index_readers, "_processors", lambda: 3)
    if killed:
        monkeypatch.setattr(index_readers, "_PROGRAM", "raise SystemExit")
    assert content(tmp_path, CACHE) == expected


def test_every_start_of_a_machine_has_a_name_of_its_own() -> None:
    assert processes.boot() == processes.boot() != ""

"""Comparing the files that two runs left: identical, equal as numbers, different, or missing."""

from __future__ import annotations

import io
import json
import os
import re
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given

from qanat.domain.reproduction import DIFFERENT, EQUAL, IDENTICAL, MISSING, UNREADABLE, FileVerdict
from qanat.runners.registry import Registry
from qanat.usecases.runs import compare_outputs
from qanat.usecases.runs.compare_outputs import compare
from tests.support.deep import too_deep
from tests.support.strategies import json_values, stable

RTOL = 1e-6


def verdicts(
    tmp_path: Path,
    first: dict[str, bytes],
    again: dict[str, bytes],
    rtol: float = RTOL,
    own: frozenset[str] = frozenset(),
) -> list[FileVerdict]:
    """Compare two directories with these files."""
    for name, files in (("first", first), ("again", again)):
        (tmp_path / name).mkdir()
        for path, data in files.items():
            file = tmp_path / name / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(data)
    return compare(tmp_path / "first", tmp_path / "again", rtol, own)


def verdict(tmp_path: Path, name: str, first: bytes, again: bytes, rtol: float = RTOL) -> FileVerdict:
    """Compare one file."""
    (found,) = verdicts(tmp_path, {name: first}, {name: again}, rtol)
    return found


def arrays(tmp_path: Path, name: str, first: Any, again: Any, rtol: float = RTOL) -> FileVerdict:
    """Compare one file of arrays: an npy of one, or an npz of several by name."""
    data = []
    for content in (first, again):
        file = tmp_path / f"{len(data)}.{name.rpartition('.')[2]}"
        if file.suffix == ".npz":
            np.savez(file, **content)
        else:
            np.save(file, content)
        data.append(file.read_bytes())
    return verdict(tmp_path, name, *data, rtol)


def test_every_file_has_a_verdict_in_the_order_of_the_names(tmp_path: Path) -> None:
    first = {"a.bin": b"1", "b.bin": b"1", "sub/c.json": b"1", "d.bin": b""}
    again = {"a.bin": b"1", "b.bin": b"2", "sub/c.json": b"1.0", "e.bin": b""}
    assert verdicts(tmp_path, first, again) == [
        FileVerdict("a.bin", IDENTICAL),
        FileVerdict("b.bin", DIFFERENT),
        FileVerdict("d.bin", MISSING, "not in the second"),
        FileVerdict("e.bin", MISSING, "not in the first"),
        FileVerdict("sub/c.json", EQUAL, "within 1e-06"),
    ]


@pytest.mark.parametrize("group", ["", "group_3/"])
def test_what_tells_of_the_run_itself_is_left_out(tmp_path: Path, group: str) -> None:
    own = ["info.yaml", "group_info.yaml", "completion.json", "stopped.json", "actions.yaml", "attempts/1/out.txt"]
    own += ["progress.txt"]
    first = {f"{group}{name}": b"1" for name in own}
    assert verdicts(tmp_path, first | {f"{group}out.bin": b""}, {f"{group}out.bin": b""}) == [
        FileVerdict(f"{group}out.bin", IDENTICAL)
    ]


@pytest.mark.parametrize(
    ("runner", "files"),
    [
        ("slurm", ["job.sh", "commands/0.sh", "group_1/starts", "slurm.out"]),
        ("htcondor", ["job.sh", "commands/0.sh", "group_1/starts", "htcondor.log"]),
        ("local", []),
        ("not installed", []),
    ],
)
def test_what_a_runner_leaves_is_left_out_and_only_that(tmp_path: Path, runner: str, files: list[str]) -> None:
    own = Registry().generated_files(runner)
    left = ["job.sh", "commands/0.sh", "group_1/starts", "htcondor.log", "slurm.out"]
    found = verdicts(tmp_path, dict.fromkeys(left, b"1"), {}, own=own)
    assert {file.path for file in found} == set(left) - set(files)


@pytest.mark.parametrize(
    ("notes", "verdict"),
    [
        ("- {action: draw, made: [plot.svg]}\n", None),
        ("- {made: x}\n- {made: [1, plot.svg]}\n- 3\n", None),
        ("- {action: draw, made: [other.svg]}\n", FileVerdict("group_0/plot.svg", MISSING, "not in the second")),
        ("no: [yaml", FileVerdict("group_0/plot.svg", MISSING, "not in the second")),
    ],
)
def test_what_an_action_made_is_left_out(tmp_path: Path, notes: str, verdict: FileVerdict | None) -> None:
    first = {"group_0/actions.yaml": notes.encode(), "group_0/plot.svg": b"1"}
    assert verdicts(tmp_path, first, {}) == ([verdict] if verdict else [])


def test_folders_that_cannot_be_read_are_named_except_those_of_qanat(tmp_path: Path) -> None:
    for name in ("first", "again"):
        (tmp_path / name / "attempts").mkdir(parents=True)
    deepest = too_deep(tmp_path / "again")
    too_deep(tmp_path / "first/attempts")
    assert compare(tmp_path / "first", tmp_path / "again", RTOL) == [
        FileVerdict(deepest, UNREADABLE, "in the second: file name too long")
    ]


def test_files_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    for name in ("first", "again"):
        (tmp_path / name).mkdir()
        folder = too_deep(tmp_path / name).rpartition("/")[0]
        place = os.open(tmp_path / name / folder, os.O_RDONLY)
        os.close(os.open("f" * 200, os.O_WRONLY | os.O_CREAT, dir_fd=place))
        os.close(place)
    found = compare(tmp_path / "first", tmp_path / "again", RTOL)
    assert FileVerdict(f"{folder}/{'f' * 200}", UNREADABLE, "file name too long") in found


def test_links_are_no_outputs(tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/a.txt").write_text("1")
    for side in ("first", "again"):
        (tmp_path / side).mkdir()
        (tmp_path / side / "link.txt").symlink_to(tmp_path / "outside/a.txt")
        (tmp_path / side / "folder").symlink_to(tmp_path / "outside")
    assert compare(tmp_path / "first", tmp_path / "again", RTOL) == []


@pytest.mark.parametrize("name", ["deep/info.yaml", "deep/attempts/a.txt", "group_0/deep/starts", "group_x/info.yaml"])
def test_a_programs_own_file_of_such_a_name_is_compared(tmp_path: Path, name: str) -> None:
    assert verdict(tmp_path, name, b"1", b"2").verdict == DIFFERENT


@pytest.mark.parametrize(
    ("name", "first", "again"),
    [
        ("a.json", '{"acc": 0.3, "n": [1, 2]}', '{"n": [1, 2.0], "acc": 0.30000000001}'),
        ("a.json", "[NaN, Infinity]", "[NaN,Infinity]"),
        ("a.json", "0", "1e-9"),
        ("a.json", "1" + "0" * 400, " 1" + "0" * 400),
        ("A.JSON", "1", "1.0"),
        ("a.jsonl", '{"loss": 1}\n\n{"loss": NaN}\n', '{"loss": 1.0000000001}\n{"loss": NaN}'),
        ("a.csv", "x,y\n1,2\n", "x,y\n1.0,2.0000000001\n"),
        ("a.csv", 'name,v\n"a",1\n', "name,v\na,1\n"),
    ],
)
def test_numbers_in_text_are_equal_within_the_tolerance(tmp_path: Path, name: str, first: str, again: str) -> None:
    assert verdict(tmp_path, name, first.encode(), again.encode()) == FileVerdict(name, EQUAL, "within 1e-06")


@pytest.mark.parametrize(
    ("name", "first", "again", "detail"),
    [
        ("a.json", '{"m": {"acc": [0, 1]}}', '{"m": {"acc": [0, 2]}}', "m.acc[1]: 1 and 2"),
        ("a.json", '{"a": 1}', '{"b": 1}', "top: other keys"),
        ("a.json", "[1]", "[1, 2]", "top: 1 and 2 items"),
        ("a.json", "1", "true", "value: 1 and True"),
        ("a.json", "1", '"1"', "value: 1 and '1'"),
        ("a.json", "Infinity", "-Infinity", "value: inf and -inf"),
        ("a.json", "1e308", "Infinity", "value: 1e+308 and inf"),
        ("a.json", "NaN", "0", "value: nan and 0"),
        ("a.json", "1" + "0" * 400, "1", "cannot be read as numbers: "),
        ("a.json", "{", "1", "cannot be read as numbers: "),
        ("a.json", "[" * 5000, "1", "cannot be read as numbers: "),
        ("a.jsonl", '{"loss": 1}\n{"loss": 2}\n', '{"loss": 1}\n{"loss": 3}\n', "[1].loss: 2 and 3"),
        ("a.jsonl", '{"loss": 1}\n', '{"loss": 1}\n{"lo', "cannot be read as numbers: "),
        ("a.csv", "1,2\n", "1,3\n", "[0][1]: 2.0 and 3.0"),
        ("a.csv", "1,2\n", "1\n", "[0]: 2 and 1 items"),
        ("a.csv", "1\n", "x" * 200_000 + "\n", "cannot be read as numbers: "),
        ("a.csv", "1\n", "\xff\n", "cannot be read as numbers: "),
        ("a.npz", "1", "PK\x03\x04broken", "cannot be read as numbers: "),
        ("a.npy", "\x93NUMPY", "", "cannot be read as numbers: "),
    ],
)
def test_where_numbers_differ_is_said(tmp_path: Path, name: str, first: str, again: str, detail: str) -> None:
    found = verdict(tmp_path, name, first.encode("latin-1"), again.encode("latin-1"))
    assert found.verdict == DIFFERENT
    assert found.detail.startswith(detail)


@pytest.mark.parametrize(
    ("first", "again"),
    [
        (np.arange(6.0).reshape(2, 3), np.arange(6.0).reshape(2, 3) + 1e-9),
        (np.arange(3), np.arange(3.0)),
        (np.float32([0.5]), np.float64([0.5])),
        (np.array([np.nan, np.inf, -np.inf]), np.array([np.nan, np.inf, -np.inf], dtype=np.float32)),
        (np.array([1 + 1j]), np.array([1 + 1.0000000001j])),
        (np.array(3), np.array(3.0)),
        (np.array([], dtype=int), np.array([], dtype=float)),
        (np.array([2**62]), np.array([2**62], dtype=np.uint64)),
        (np.array(["a", "bc"]), np.array(["a", "bc"], dtype="U9")),
    ],
    ids=str,
)
def test_arrays_are_equal_within_the_tolerance(tmp_path: Path, first: Any, again: Any) -> None:
    assert arrays(tmp_path, "a.npy", first, again) == FileVerdict("a.npy", EQUAL, "within 1e-06")


@pytest.mark.parametrize(
    ("first", "again", "detail"),
    [
        (np.zeros((2, 3)), np.zeros((3, 2)), "values: shapes (2, 3) and (3, 2)"),
        (np.zeros((2, 2)), np.array([[0, 0], [0.5, 1]]), "values[1, 0]: 0.0 and 0.5, 2 of 4 differ"),
        (np.array(1), np.array(2), "values[]: 1 and 2, 1 of 1 differ"),
        (np.array([1e308]), np.array([np.inf]), "values[0]: 1e+308 and inf, 1 of 1 differ"),
        (np.array([np.nan]), np.array([0.0]), "values[0]: nan and 0.0, 1 of 1 differ"),
        (np.array([1]), np.array([True]), "values: not the same"),
        (np.array(["a"]), np.array(["b"]), "values: not the same"),
    ],
    ids=str,
)
def test_where_arrays_differ_is_said(tmp_path: Path, first: Any, again: Any, detail: str) -> None:
    assert arrays(tmp_path, "a.npy", first, again) == FileVerdict("a.npy", DIFFERENT, detail)


def test_the_tolerance_holds_for_unsigned_numbers_as_well(tmp_path: Path) -> None:
    found = arrays(tmp_path, "a.npy", np.array([100], dtype=np.uint8), np.array([101], dtype=np.uint8), rtol=0.05)
    assert found.verdict == EQUAL


def test_arrays_of_an_npz_are_compared_by_name(tmp_path: Path) -> None:
    one = {"x": np.arange(3), "y": np.zeros(2)}
    found = arrays(tmp_path, "a.npz", one, one | {"y": np.array([0, 7])})
    assert (found.verdict, found.detail) == (DIFFERENT, "y[1]: 0.0 and 7, 1 of 2 differ")
    (tmp_path / "other").mkdir()
    assert arrays(tmp_path / "other", "a.npz", one, {"x": np.arange(3)}).detail == "top: other keys"


def test_the_same_arrays_packed_otherwise_are_equal(tmp_path: Path) -> None:
    data = []
    for save in (np.savez, np.savez_compressed):
        save(tmp_path / "x.npz", a=np.arange(100))
        data.append((tmp_path / "x.npz").read_bytes())
    assert verdict(tmp_path, "a.npz", *data).verdict == EQUAL


def test_nothing_that_is_pickled_in_a_file_is_loaded(tmp_path: Path) -> None:
    trap = tmp_path / "trap"

    class Trap:
        def __reduce__(self) -> tuple[Any, ...]:
            return Path.touch, (trap,)

    found = arrays(tmp_path, "a.npy", np.array([Trap()], dtype=object), np.array([1]))
    assert found.verdict == DIFFERENT
    assert found.detail.startswith("cannot be read as numbers: ")
    assert not trap.exists()


def npy(header: bytes) -> bytes:
    """Return the beginning of an npy file with this header."""
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header


def npz(data: bytes, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Return an npz file with these bytes as its array x."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as packed:
        packed.writestr("x.npy", data)
    return file.getvalue()


def marked(data: bytes, offset: int, value: int) -> bytes:
    """Return an npz file with another value in both headers of its member, at an offset in the first of them."""
    file = bytearray(data)
    for start in (0, data.index(b"PK\x01\x02") + 2):
        file[start + offset] = value
    return bytes(file)


HUGE = npy(b"{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000000,)}\n")
EMPTY_ITEMS = npy(b"{'descr': '|S0', 'fortran_order': False, 'shape': (1000000000000000,)}\n")


@pytest.mark.parametrize(
    ("name", "again"),
    [
        ("a.npy", HUGE),
        ("a.npy", npy(b"(((")),
        ("a.npy", npy(b"  x\n y\n'''")),
        ("a.npy", npz(HUGE)),
        ("a.npz", npz(HUGE)),
        ("a.npz", npz(EMPTY_ITEMS)),
        ("a.npz", npz(b"", zipfile.ZIP_LZMA)),
        ("a.npz", npz(b"", zipfile.ZIP_BZIP2)),
        ("a.npz", marked(npz(b"x"), 6, 1)),  # encrypted
        ("a.npz", marked(npz(b"x"), 8, 99)),  # an unknown method
        ("a.npz", npz(b"x")[:-30]),
    ],
    ids=["huge", "cut", "text", "npz named npy", "huge npz", "nothing", "lzma", "bzip2", "encrypted", "method", "end"],
)
def test_files_that_are_no_arrays_are_different(tmp_path: Path, name: str, again: bytes) -> None:
    file = io.BytesIO()
    (np.save if name == "a.npy" else np.savez)(file, np.arange(3))
    found = verdict(tmp_path, name, file.getvalue(), again)
    assert found.verdict == DIFFERENT
    assert re.match("cannot be read as numbers: .", found.detail)


@pytest.mark.parametrize(
    ("name", "data"),
    [("a.npy", npy(b"") + bytes(2000)), ("a.npz", npz(bytes(2000))), ("a.json", b"[1" + b" " * 2000)],
    ids=["npy", "npz", "json"],
)
def test_files_that_are_too_large_are_not_read_as_numbers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, data: bytes
) -> None:
    monkeypatch.setattr(compare_outputs, "ARRAY_BYTES_MAX", 1000)
    monkeypatch.setattr(compare_outputs, "TEXT_BYTES_MAX", 1000)
    found = verdict(tmp_path, name, data, data + b" ")
    assert found.verdict == DIFFERENT
    assert found.detail.startswith("cannot be read as numbers: larger than 1.0 kB")


def test_large_arrays_are_compared_piece_by_piece(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compare_outputs, "_PIECE", 4)
    first, again = np.zeros((3, 5)), np.zeros((3, 5))
    again[1, 3] = again[2, 4] = 1
    found = arrays(tmp_path, "a.npy", first, again)
    assert found.detail == "values[1, 3]: 0.0 and 1.0, 2 of 15 differ"


@pytest.mark.parametrize(("rtol", "expected"), [(0.0, DIFFERENT), (1e-9, DIFFERENT), (0.1, EQUAL)])
def test_the_tolerance_is_relative(tmp_path: Path, rtol: float, expected: str) -> None:
    assert verdict(tmp_path, "a.json", b"100", b"101", rtol).verdict == expected


@stable
@given(value=json_values())
def test_the_same_values_written_otherwise_are_never_different(
    tmp_path_factory: pytest.TempPathFactory, value: Any
) -> None:
    first, again = json.dumps(value).encode(), json.dumps(value, indent=3, ensure_ascii=False).encode()
    found = verdict(tmp_path_factory.mktemp("same"), "a.json", first, again, rtol=0)
    assert found.verdict in (IDENTICAL, EQUAL)

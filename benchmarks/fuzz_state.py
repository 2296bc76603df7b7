"""Randomly damaged files of `.qanat/`, read by every command that reads them.

`python -m benchmarks.fuzz_state [EXAMPLES] [SEED]`: each example puts harmful text and bytes into valid files of a
project and looks at the project as a reviewer would. Three things must not happen: an error that is not a message of
qanat's, a control character on the terminal, a file written outside. Exits with 1 if one does, and prints the files.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from benchmarks.projects import own_surroundings
from qanat.cli import main as program
from qanat.records import yaml_io

DATA = Path(__file__).parents[1] / "tests/data/schemas/valid"
PLACES = {
    "config": ".qanat/config.yaml",
    "experiment": ".qanat/experiments/{name}.yaml",
    "dataset": ".qanat/datasets/{name}.yaml",
    "document": ".qanat/documents/{name}.yaml",
    "template": ".qanat/templates/{runner}/{name}.yaml",
    "run": ".qanat/runs/{experiment}/{folder}/{id}.yaml",
}
COMMANDS = ("validate", "status", "experiment list", "dataset list", "template list", "config show", "diff")
HURTS = (
    *(b"\x1b[31m", b"\x07", b"\0", b"\xff", b"\xc3", b"\xe2\x80\xae", b"\xef\xbb\xbf"),
    *(b"\n", b"\r", b"\t", b" ", b"  ", b"? ", b"- ", b": ", b"#", b",", b"|", b">", b"'", b'"'),
    *(b"[", b"]", b"{", b"}", b"[" * 99, b'"\\ud800"', b'"\\x1b]0;x\\x07"', b'"\\0"'),
    *(b"&a ", b"*a", b"<<: ", b"!!python/name:os.system ", b"---\n", b"...\n", b"%YAML 1.1\n"),
    *(b"null", b"~", b"true", b"1e999", b"-0", b".nan", b"9" * 5000, b"0x1", b"1_0", b"2026-01-01", b"x" * 5000),
    *(b"../../x", b"/etc/passwd", b"--help", b"$(id)", b"`id`", b"%s", b"[bold]", b"schema: run/2\n", b"groups: []\n"),
)
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
Change = tuple[float, int, bytes]


def sources() -> list[tuple[str, bytes]]:
    """List the kind and the bytes of each valid file."""
    return [(path.parent.name, path.read_bytes()) for path in sorted(DATA.glob("*/*.yaml"))]


def changed(data: bytes, changes: Sequence[Change]) -> bytes:
    """Apply changes, each a position from 0 to 1, a number of bytes to remove there, and bytes to insert."""
    for place, gone, word in changes:
        at = int(place * len(data))
        data = data[:at] + word + data[at + gone :]
    return data


def place_of(kind: str, data: bytes) -> str:
    """Return the path at which qanat would look for a valid file."""
    content = yaml_io.load(data, kind)
    number = int(str(content.get("id", "0")).partition("-")[0])
    return PLACES[kind].format_map(content | {"folder": number // 100})


@contextlib.contextmanager
def at(folder: Path) -> Iterator[None]:
    """Change to a folder inside the `with` block."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def run_captured(root: Path, arguments: str) -> tuple[int, str]:
    """Run a command in this process; return its exit code and everything that it printed."""
    buffer = io.BytesIO()
    out = io.TextIOWrapper(buffer, "utf-8", "replace", write_through=True)
    sys.argv = ["qanat", *arguments.split()]
    with at(root), contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        try:
            program.main()
        except SystemExit as end:
            code = int(end.code or 0)
    return code, buffer.getvalue().decode()


def problems(root: Path) -> Iterator[str]:
    """Look at a project with every command and yield every problem."""
    for arguments in COMMANDS:
        code, text = run_captured(root, arguments)
        if code not in (0, 1, 2, 3):
            yield f"{arguments}: exit code {code}: {text[-500:]}"
        if found := CONTROL.search(text):
            yield f"{arguments}: {found[0]!r} in {text[max(0, found.start() - 80) : found.end() + 80]!r}"
    if outside := [path.name for path in root.parent.iterdir() if path.name not in (root.name, "home")]:
        yield f"written outside: {outside}"


CHANGES = st.lists(
    st.tuples(st.floats(0, 1), st.integers(0, 12), st.one_of(st.sampled_from(HURTS), st.binary(max_size=12))),
    min_size=1,
    max_size=6,
)


def main(examples: int, number: int) -> int:
    """Look at this many projects and print the first problem; return the exit code."""
    files = sources()
    with tempfile.TemporaryDirectory(prefix="qanat-fuzz-") as name:
        folder = Path(name).resolve()
        own_surroundings(folder / "home")
        root = folder / "project"
        run_captured(folder, f"init --yes {root}")

        @seed(number)
        @settings(
            max_examples=examples,
            deadline=None,
            database=None,
            phases=(Phase.generate, Phase.shrink),
            suppress_health_check=list(HealthCheck),
        )
        @given(st.lists(st.tuples(st.sampled_from(files), CHANGES), min_size=1, max_size=3))
        def look(chosen: list[tuple[tuple[str, bytes], list[Change]]]) -> None:
            written = {}
            for (kind, data), changes in chosen:
                path = root / place_of(kind, data)
                path.parent.mkdir(parents=True, exist_ok=True)
                written[path] = changed(data, changes)
                path.write_bytes(written[path])
            found = list(problems(root))
            for path in written:
                path.unlink()
            assert not found, "\n".join([*found, *(f"{path}: {data!r}" for path, data in written.items())])

        try:
            look()
        except AssertionError as error:
            print(error)
            return 1
    print(f"{examples} projects, seed {number}: no problem found")
    return 0


if __name__ == "__main__":
    given_words = [int(word) for word in sys.argv[1:]]
    sys.exit(main(*given_words, *(2000, 1)[len(given_words) :]))

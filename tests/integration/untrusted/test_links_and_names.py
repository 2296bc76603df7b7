"""What a clone brings below `.qanat/`: links lead nowhere, odd names stop no listing, a tracked cache is not used."""

from __future__ import annotations

import os
import re
import shutil
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.integration.life.copies import copy_of
from tests.support.sandbox import Sandbox

READING = (
    "status",
    "experiment list",
    "dataset list",
    "template list",
    "experiment status e",
    "show 1",
    "logs 1",
    "diff HEAD",
    "validate",
    "cache status",
    "config show",
)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Sandbox:
    """Return a project with an experiment and a run, beside a folder that belongs to somebody else."""
    sandbox = Sandbox.make(tmp_path_factory.mktemp("built") / "my project")
    sandbox.experiment("e", "exit 0\n")
    sandbox.qanat("run", "e")
    (sandbox.root.parent / "mine/0").mkdir(parents=True)
    (sandbox.root.parent / "mine/file.yaml").write_text("schema: dataset/1\nname: secret\npath: x\n")
    return sandbox


@pytest.fixture
def plain(built: Sandbox, tmp_path: Path) -> Sandbox:
    """Return a copy of that project."""
    return copy_of(built, tmp_path / "copy")


def snapshot(folder: Path) -> dict[str, object]:
    """Return everything in a folder: bytes and permissions."""
    return {
        str(path): (path.lstat().st_mode, path.read_bytes() if path.is_file() and not path.is_symlink() else "")
        for path in (folder, *folder.rglob("*"))
    }


def read_everything(sandbox: Sandbox) -> None:
    """Run every command that only reads, and check that it neither fails as a bug nor waits."""
    for words in READING:
        done = sandbox.qanat(*words.split(), code=None)
        assert done.code in (0, 1, 2), (words, done.err)
        assert "this is a bug" not in done.err, done.err


def test_a_storage_directory_whose_name_is_too_long_is_one_that_is_missing(plain: Sandbox) -> None:
    (record,) = plain.record_files()
    record.write_text(record.read_text().replace("/run_1\n", f"/{'x' * 300}\n"))
    plain.commit()
    read_everything(plain)
    assert "the results of run 1 are missing" in plain.qanat("logs", "1", code=2).err


LINKED = (
    ".qanat/runs/e",
    ".qanat/runs/e/0",
    ".qanat/runs/other",
    ".qanat/experiments",
    ".qanat/experiments/linked.yaml",
    ".qanat/datasets",
    ".qanat/templates/slurm",
    ".qanat/templates/linked",
    ".qanat/documents",
    ".qanat/cache/checkouts",
    ".qanat/cache/checkouts/aaaaaaaaaaaa",
    ".qanat/cache/checkouts/aaaaaaaaaaaa.lock",
    ".qanat/cache/schemas/config.v1.schema.json",
)


# Each of them runs 17 commands.
FURTHER_TARGETS = [pytest.param(target, marks=pytest.mark.slow) for target in ("mine/file.yaml", "missing")]


@pytest.mark.parametrize("target", ["mine", *FURTHER_TARGETS])
@pytest.mark.parametrize("place", LINKED)
def test_a_link_below_the_projects_state_is_not_followed(plain: Sandbox, place: str, target: str) -> None:
    link, mine = plain.root / place, plain.root.parent / "mine"
    if link.is_dir():
        shutil.rmtree(link)
    link.parent.mkdir(parents=True, exist_ok=True)
    link.unlink(missing_ok=True)
    link.symlink_to(plain.root.parent / target)
    before = snapshot(mine)
    read_everything(plain)
    for words in (
        "run e",
        "run --commit-sha HEAD e",
        "tag 1 add x",
        "experiment new -n x --executable e.sh",
        "cache clean",
    ):
        done = plain.qanat(*words.split(), code=None)
        assert "this is a bug" not in done.err, done.err
    assert snapshot(mine) == before
    assert not (plain.root.parent / "missing").exists()
    assert "secret" not in plain.qanat("dataset", "list", code=None).out


def test_a_record_is_not_written_into_a_linked_folder_and_the_message_says_why(plain: Sandbox) -> None:
    mine = plain.root.parent / "mine"
    plain.experiment("f", "exit 0\n")
    (plain.root / ".qanat/runs/f").symlink_to(mine)
    before = snapshot(mine)
    done = plain.qanat("run", "f", code=2)
    assert ".qanat/runs/f is a symbolic link, but must be a folder\n  hint: replace it with a folder\n" in done.err
    assert snapshot(mine) == before


def test_a_tracked_cache_is_refused_by_validate_and_its_index_is_not_removed(plain: Sandbox) -> None:
    plain.write(".qanat/cache/index.sqlite", "not mine\n")
    plain.write(".qanat/cache/checkouts/aaaaaaaaaaaa/e.sh", "touch PWNED\n")
    plain.git("add", "--force", ".qanat/cache")
    plain.git("commit", "--quiet", "--message", "a gift")
    said = plain.qanat("validate", code=1).out
    assert "is tracked, but the cache is never shared; git rm -r --cached .qanat/cache" in said
    assert plain.qanat("cache", "status").out == "no checkouts\n"
    plain.qanat("cache", "clean")
    assert (plain.root / ".qanat/cache/index.sqlite").read_text() == "not mine\n"
    assert (plain.root / ".qanat/cache/checkouts/aaaaaaaaaaaa/e.sh").exists()
    plain.git("rm", "--quiet", "-r", "--cached", ".qanat/cache")
    plain.git("commit", "--quiet", "--message", "without it")
    assert plain.qanat("validate").out.endswith("no problems found\n")


def test_the_index_of_an_earlier_version_is_removed_with_the_cache(plain: Sandbox) -> None:
    for name in ("index.sqlite", "index.sqlite-journal"):
        plain.write(f".qanat/cache/{name}", "old\n")
    plain.qanat("status")
    plain.qanat("cache", "clean")
    assert not list((plain.root / ".qanat/cache").glob("index*"))


def test_a_schema_for_editors_that_came_with_a_clone_is_replaced(plain: Sandbox) -> None:
    schema = plain.root / ".qanat/cache/schemas/config.v1.schema.json"
    good = schema.read_bytes()
    schema.write_text("{}")
    plain.qanat("status")
    assert schema.read_bytes() == good


# ---- names


def folder(path: Path) -> None:
    path.mkdir()


def pipe(path: Path) -> None:
    os.mkfifo(path)


def dead_link(path: Path) -> None:
    path.symlink_to("nowhere")


def bound_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as opened:
        before = Path.cwd()
        os.chdir(path.parent)  # the path of a socket is short
        try:
            opened.bind(path.name)
        finally:
            os.chdir(before)


def broken(path: Path) -> None:
    path.write_text("name: [")


def binary(path: Path) -> None:
    path.write_bytes(bytes(range(256)))


def huge(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(2**40)


@pytest.mark.parametrize("make", [folder, pipe, dead_link, bound_socket, broken, binary, huge])
def test_one_file_that_cannot_be_read_does_not_keep_the_others_from_being_listed(
    plain: Sandbox, make: Callable[[Path], None]
) -> None:
    plain.write(".qanat/datasets/d.yaml", "schema: dataset/1\nname: d\npath: e.sh\n")
    for place in ("experiments", "datasets", "templates/slurm"):
        make(plain.root / f".qanat/{place}/x.yaml")
    for kind, name in (("experiment", "e"), ("dataset", "d"), ("template", "default")):
        done = plain.qanat(kind, "list")
        assert name in done.out
        assert done.err.startswith("note: ")
        assert "x.yaml" in done.err
        assert "x" not in [line.split(" ")[0] for line in done.out.splitlines()]
    assert "x.yaml" in plain.qanat("validate", code=1).out
    read_everything(plain)


@pytest.mark.parametrize("key", ["storage", "author"])
def test_a_null_character_in_a_record_is_reported_and_stops_no_command(plain: Sandbox, key: str) -> None:
    plain.qanat("run", "e")
    (record,) = plain.root.glob(".qanat/runs/e/0/1-*.yaml")
    place = record.relative_to(plain.root)
    record.write_text(re.sub(f"(?m)^{key}: .*", rf'{key}: "a\\0b"', record.read_text()))
    line = next(n for n, text in enumerate(record.read_text().splitlines(), 1) if text.startswith(key))
    assert f"{place}:{line}: contains a null character" in plain.qanat("validate", code=1).out
    assert "contains a null character" in plain.qanat("show", "1", code=2).err
    assert "2 finished" not in plain.qanat("status").out
    read_everything(plain)


def test_records_with_numbers_far_away_take_no_number_from_the_runs_that_follow(plain: Sandbox) -> None:
    (record,) = plain.root.glob(".qanat/runs/e/0/1-*.yaml")
    for number in (999_999_999, 899_999_999):
        far = re.sub("(?m)^id: .*", f"id: {number}-abcdef", record.read_text()).replace("/run_1", f"/run_{number}")
        plain.write(f".qanat/runs/e/{number // 100}/{number}-abcdef.yaml", far)
    plain.write(".qanat/runs/e/99999/README", "nothing\n")
    plain.commit("a gift")
    assert plain.qanat("run", "e").err.startswith("Run 2 of e: ")
    assert plain.record(2)["state"] == "finished"
    note = "note: run 899999999 of e: its number is far above all others, so the next run does not follow it"
    assert note in plain.qanat("validate", code=1).err.splitlines()
    clone = Sandbox(plain.root.parent / "clone")
    plain.git("clone", "--quiet", "--no-checkout", ".", str(clone.root))
    clone.git("sparse-checkout", "set", "--no-cone", "/*", "!/.qanat/runs/")
    clone.git("checkout", "--quiet", "main")
    assert clone.qanat("run", "e").err.startswith("Run 3 of e: ")


NAMES = ["a b", "-x", "a\nb", "\x1b[31mred", "é", "é\udcff", "a" * 240, "$(touch PWNED)", "..x", "a\\b", "'\""]


@pytest.mark.parametrize("name", NAMES)
def test_a_badly_named_file_stops_no_listing(plain: Sandbox, name: str) -> None:
    for place in ("experiments", "datasets", "templates/slurm", "documents"):
        target = plain.root / ".qanat" / place / f"{name}.yaml"
        target.parent.mkdir(exist_ok=True)
        target.write_bytes((plain.root / ".qanat/experiments/e.yaml").read_bytes())
        (plain.root / ".qanat" / place / f"{name}.folder.yaml").mkdir()
    (plain.root / ".qanat/runs" / name / name).mkdir(parents=True)
    shutil.copy(plain.record_files()[0], plain.root / f".qanat/runs/{name}/{name}/1-aaaaaa.yaml")
    (plain.root / ".qanat/templates" / name).mkdir()
    assert "e.sh" in plain.qanat("experiment", "list").out or plain.qanat("experiment", "list").out.count("\n") >= 2
    read_everything(plain)
    assert not list(plain.root.parent.rglob("PWNED"))
    for shell_words in ("experiment show ", "run ", "show ", "template show "):
        done = plain.qanat(
            env={"_QANAT_COMPLETE": "bash_complete", "COMP_WORDS": f"qanat {shell_words}", "COMP_CWORD": "2"}, code=None
        )
        assert "this is a bug" not in done.err


# ---- case


def test_a_name_that_differs_only_in_case_is_refused_when_it_is_created(plain: Sandbox) -> None:
    said = "experiment 'e' already exists, which differs only in case"
    words = ("--description", "", "--executable", "e.sh", "--executable-command", "sh")
    assert said in plain.qanat("experiment", "new", "--name", "E", *words, code=2).err
    plain.experiment("other", "exit 0\n")
    assert said in plain.qanat("experiment", "update", "other", "--name", "E", code=2).err
    plain.qanat("experiment", "update", "e", "--name", "E")
    assert (plain.root / ".qanat/experiments/E.yaml").exists()


def test_validate_reports_names_that_differ_only_in_case(plain: Sandbox) -> None:
    for place in ("experiments/E.yaml", "datasets/d.yaml", "datasets/D.yaml"):
        kind = "experiment" if "exp" in place else "dataset"
        body = "executable: e.sh\n" if kind == "experiment" else "path: e.sh\n"
        plain.write(f".qanat/{place}", f"schema: {kind}/1\nname: {Path(place).stem}\n{body}")
    shutil.copytree(plain.root / ".qanat/templates/slurm", plain.root / ".qanat/templates/SLURM")
    lines = plain.qanat("validate", code=1).out.splitlines()
    what = "which is the same file on macOS and Windows; rename one of them"
    for kind, name, other in (("experiment", "e", "E"), ("dataset", "d", "D")):
        place = f".qanat/{kind}s/{name}.yaml:1"
        assert f"{place}: has a name that differs only in case from {kind} {other!r}, {what}" in lines
    assert any(line.startswith(".qanat/templates/slurm/default.yaml:1: has a name") for line in lines)

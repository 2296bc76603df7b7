"""Untracked files: which ones may be committed, are left out, or are no code at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from qanat.domain.file_names import secret_by_name
from qanat.errors import UsageError
from qanat.git import command
from qanat.usecases.launch import code, untracked
from qanat.usecases.launch.code import Captured, Changes, Uncommitted
from tests.support.world import World

TOKEN = "hf_" + "a1b2c3d4e5" * 3 + "f6g7"
LARGE = "x" * (untracked.LARGE_BYTES + 1)


def nothing(_changes: Changes, wanted: Uncommitted) -> Uncommitted:
    """Answer nothing, as without a terminal."""
    return wanted


def capture(world: World, **words: object) -> Captured:
    """Capture the code, with what is to be done with changes."""
    return code.capture(world.project, Uncommitted(**words), nothing)  # type: ignore[arg-type]


def files_at(world: World, commit: str) -> list[str]:
    """List the files of a commit, the state's aside."""
    names = world.git("ls-tree", "-r", "-z", "--name-only", commit).split("\0")
    return [name for name in names if name and not name.startswith((".qanat/", ".git"))]


def objects(world: World) -> bytes:
    """Return the content of all objects of the repository."""
    return command.output(world.root, "cat-file", "--batch-all-objects", "--batch", "--buffer")


@pytest.fixture
def littered(world: World) -> World:
    """Return a project with a change, and untracked files of every kind."""
    world.write("train.sh", "true\n")
    world.write("new.py", "print()\n")
    world.write("data/large.bin", LARGE)
    world.write("data/small.csv", "1\n")
    world.write(".env", "A=1\n")
    world.write("notes.txt", f"use {TOKEN}\n")
    world.git("init", "--quiet", str(world.root / "inner"))
    world.git("-C", str(world.root / "inner"), "commit", "--quiet", "--allow-empty", "--message", "inner")
    return world


def test_what_speaks_against_a_file_is_told(littered: World) -> None:
    found = {file.path: file.described for file in untracked.find(littered.project)}
    assert found == {
        ".env": ".env (4 B, looks like a secret: files with this name usually contain secrets)",
        "data/large.bin": "data/large.bin (5.0 MB, large)",
        "data/small.csv": "data/small.csv (2 B)",
        "inner/": "inner/ (a repository of its own)",
        "new.py": "new.py (8 B)",
        "notes.txt": "notes.txt (42 B, looks like a secret: line 1: a Hugging Face token)",
    }


@pytest.mark.parametrize(
    ("name", "is_secret"),
    [
        *((name, True) for name in (".env", ".env.local", "prod.env", ".ENV", "id_rsa", "id_ed25519", "server.pem")),
        *((name, True) for name in (".netrc", ".pypirc", "token.txt", "hf_token", "credentials.json", "secrets.yaml")),
        *((name, False) for name in (".env.example", "id_rsa.pub", "environment.yaml", "keys.py", "tokenizer.json")),
        *((name, False) for name in ("secrets.py", "train.py", "monkey", "token_counts.csv", "requirements.txt")),
    ],
)
def test_some_names_are_those_of_secrets(name: str, is_secret: bool) -> None:
    assert bool(secret_by_name(name)) == is_secret


def test_a_snapshot_leaves_out_what_may_be_a_secret_or_is_large_and_tells(littered: World) -> None:
    found = capture(littered, snapshot=True)
    assert files_at(littered, found.code.commit) == ["data/small.csv", "new.py", "train.sh"]
    assert [file.path for file in found.included] == ["data/small.csv", "new.py"]
    assert [file.path for file in found.left_out] == [".env", "data/large.bin", "inner/", "notes.txt"]
    assert TOKEN.encode() not in objects(littered)


def test_a_large_file_comes_into_a_snapshot_if_it_is_named(littered: World) -> None:
    found = capture(littered, snapshot=True, add=("data/large.bin",))
    assert "data/large.bin" in files_at(littered, found.code.commit)
    assert "data/large.bin" in [file.path for file in found.included]


def test_a_snapshot_without_any_difference_is_the_commit(world: World) -> None:
    world.write(".env", "A=1\n")
    found = capture(world, snapshot=True)
    assert (found.code.snapshot, found.code.commit) == (False, world.head)
    assert [file.path for file in found.left_out] == [".env"]


def test_comparing_the_code_of_a_snapshot_writes_no_object(littered: World) -> None:
    found = capture(littered, snapshot=True)
    littered.write("new.py", f"# {TOKEN}\n")
    assert code.changed_since(littered.project, found)
    assert TOKEN.encode() not in objects(littered)


def test_a_commit_needs_every_untracked_file_to_be_named(littered: World) -> None:
    head = littered.head
    with pytest.raises(UsageError) as error:
        capture(littered, commit_message="work", add=("new.py",))
    assert error.value.message.startswith(
        "untracked files are committed only if they are named:\n  ?? .env (4 B, looks like a secret"
    )
    assert "new.py" not in error.value.message
    assert "--add FILE" in error.value.hint
    assert ".gitignore" in error.value.hint
    assert littered.head == head


def test_many_untracked_files_are_counted(world: World) -> None:
    for number in range(25):
        world.write(f"{number:02}.txt", "")
    with pytest.raises(UsageError, match=r"\?\? 19\.txt \(0 B\)\n  … and 5 more$"):
        capture(world, commit_message="work")


def test_named_files_are_committed_and_those_left_out_on_purpose_are_told(littered: World) -> None:
    found = capture(littered, commit_message="work", add=("new.py", "data/large.bin"), others_left_out=True)
    assert littered.git("show", "--name-only", "--format=", "HEAD").split() == ["data/large.bin", "new.py", "train.sh"]
    assert [file.path for file in found.left_out] == [".env", "data/small.csv", "inner/", "notes.txt"]
    assert found.code.commit == littered.head


def test_if_nothing_is_to_be_committed_nothing_is(world: World) -> None:
    head = world.head
    world.write("notes.txt", "")
    found = capture(world, commit_message="work", others_left_out=True)
    assert found.code.commit == head == world.head


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        (".env", r"\.env looks like a secret \(files with this name usually contain secrets\)"),
        ("notes.txt", r"notes\.txt looks like a secret \(line 1: a Hugging Face token\)"),
        ("data", r"data/large\.bin is larger than 5 MB"),
        ("inner", "inner/ is a repository of its own"),
        ("missing.txt", "does not exist"),
        ("ignored.log", "is ignored by git"),
        (".git/config", "is inside .git"),
        ("results/train/run_1/stdout.txt", "was written by qanat for a run"),
        ("*.py", "does not exist"),
    ],
)
def test_what_cannot_be_added_is_refused(littered: World, path: str, problem: str) -> None:
    littered.write("ignored.log")
    littered.write("results/train/run_1/stdout.txt")
    littered.write(".git/info/exclude", "*.log\n")
    for words in ({"snapshot": True}, {"commit_message": "work", "others_left_out": True}):
        with pytest.raises(UsageError, match=problem) as error:
            capture(littered, add=(path,), **words)
        assert error.value.message.startswith(f"--add {path}: ")
        assert error.value.hint


def test_hints_quote_the_names_of_files_for_the_shell(littered: World) -> None:
    littered.write(".git/info/exclude", "*.log\n")
    littered.write("my data/an ignored.log")
    littered.write("my data/large one.bin", "x" * 6_000_000)
    for path, quoted in (
        ("my data/an ignored.log", "git check-ignore -v -- 'my data/an ignored.log'"),
        ("my data", "--add 'my data/large one.bin'"),
    ):
        with pytest.raises(UsageError) as error:
            capture(littered, add=(path,), snapshot=True)
        assert error.value.hint.endswith(quoted)


def test_a_secret_can_be_allowed(littered: World) -> None:
    capture(littered, commit_message="work", add=(".env",), allow_secrets=True, others_left_out=True)
    assert littered.git("show", "HEAD:.env") == "A=1"


def test_a_tracked_file_may_be_named(littered: World) -> None:
    capture(littered, commit_message="work", add=("train.sh",), others_left_out=True)
    assert littered.git("show", "--name-only", "--format=", "HEAD") == "train.sh"


def test_a_reason_in_the_file_makes_it_no_secret(world: World) -> None:
    world.write("notes.txt", f"{TOKEN}  # allow-secret: revoked\n")
    assert [file.is_plain for file in untracked.find(world.project)] == [True]


@pytest.mark.parametrize(
    ("data", "is_secret"),
    [
        (f"{TOKEN}\n{LARGE}".encode(), True),
        (f"A={TOKEN}\r\n".encode("utf-16"), True),
        (b"\0" + TOKEN.encode(), False),
        (f"key: {TOKEN}\n".encode("latin-1") + b"\xff", True),
    ],
    ids=["large", "utf-16", "binary", "latin-1"],
)
def test_the_content_of_a_text_is_read_whatever_its_size_and_encoding(
    world: World, data: bytes, is_secret: bool
) -> None:
    world.write("notes.log").write_bytes(data)
    (found,) = untracked.find(world.project)
    assert bool(found.secret) == is_secret


def test_a_name_cannot_look_like_another_line(world: World) -> None:
    world.write("a\n?? b.txt")
    assert [file.described for file in untracked.find(world.project)] == ["a\\n?? b.txt (0 B)"]


def test_results_elsewhere_are_no_code(world: World) -> None:
    """They were not ignored when an earlier version wrote them."""
    world.write("exp/st/info.yaml", "run_id: 1\nid: 1-aaaaaa\n")
    world.write("exp/st/out/a.txt", "1\n")
    assert untracked.find(world.project) == ()
    assert capture(world).code.commit == world.head
    world.write("exp/mine.txt", "1\n")
    assert [file.path for file in untracked.find(world.project)] == ["exp/mine.txt"]


def test_names_are_relative_to_the_current_directory(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.write("sub/new.py")
    monkeypatch.chdir(world.root / "sub")
    assert untracked.from_root(world.project, ["new.py", Path("../a.txt"), world.root / "b.txt"]) == (
        "sub/new.py",
        "a.txt",
        "b.txt",
    )
    for outside in ("..", "../..", "/etc/passwd", "../../x"):
        with pytest.raises(UsageError, match="is not a file inside the project"):
            untracked.from_root(world.project, [outside])


@pytest.fixture
def with_environments(world: World) -> World:
    """Return a project with environments and bytecode that git does not ignore."""
    for folder in (".venv", "new/env"):
        world.write(f"{folder}/pyvenv.cfg", "home = /usr/bin\n")
        world.write(f"{folder}/lib/site.py", f"{TOKEN}\n")
    world.write("a[b]/conda-meta/history", "")
    world.write("a[b]/bin/x.sh", "")
    world.write("new/lib.sh", "true\n")
    world.write("new/__pycache__/lib.cpython-311.pyc", "")
    world.write("old.pyc", "")
    return world


def test_environments_and_bytecode_are_no_code(with_environments: World) -> None:
    found = untracked.find(with_environments.project)
    assert [file.path for file in found if not file.is_environment] == ["new/lib.sh"]
    assert [file.path for file in found if file.is_environment] == [".venv/", "a[b]/", "new/env/"]
    kept = capture(with_environments, snapshot=True)
    assert files_at(with_environments, kept.code.commit) == ["new/lib.sh", "train.sh"]
    assert kept.environments == (".venv/", "a[b]/", "new/env/")
    assert kept.left_out == ()
    done = capture(with_environments, commit_message="work", add=("new",))
    assert done.code.commit == with_environments.head
    assert capture(with_environments).code.untracked == ()


def test_a_folder_with_code_to_run_is_no_environment(with_environments: World) -> None:
    for used in (".venv/lib/site.py", str(with_environments.root / ".venv/lib"), ".venv"):
        found = untracked.find(with_environments.project, [used])
        assert ".venv/lib/site.py" in [file.path for file in found]
    assert "old.pyc" in [file.path for file in untracked.find(with_environments.project, ["old.pyc"])]


def test_a_folder_with_tracked_files_is_no_environment(world: World) -> None:
    world.write("pyvenv.cfg", "home = /usr/bin\n")
    world.write("src/main.sh", "true\n")
    world.git("add", "src")
    world.write("src/pyvenv.cfg", "home = /usr/bin\n")
    assert [file.path for file in untracked.find(world.project)] == ["pyvenv.cfg", "src/pyvenv.cfg"]


def test_the_files_of_an_environment_cannot_be_added(with_environments: World) -> None:
    for path in (".venv", ".venv/lib/site.py"):
        with pytest.raises(UsageError, match=f"--add {path}: .venv/ is an environment") as error:
            capture(with_environments, snapshot=True, add=(path,))
        assert error.value.hint == "add it yourself with git"

"""The hook `qanat-validate`: what is about to be committed, alone and together with deletions."""

from __future__ import annotations

import pytest

from tests.support.hooks import hook
from tests.support.sandbox import Sandbox, call

EXPERIMENT = ".qanat/experiments/hello.yaml"
DATASET = ".qanat/datasets/data.yaml"

pytestmark = pytest.mark.usefixtures("left_clean")


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Sandbox:
    """Return a project whose experiment names a dataset and an action; every test leaves it as it was."""
    sandbox = Sandbox.make(tmp_path_factory.mktemp("house") / "my project")
    sandbox.write("data/a.csv", "1\n")
    sandbox.write("data/b.csv", "2\n")
    sandbox.write(DATASET, "schema: dataset/1\nname: data\npath: data\n")
    sandbox.write("plot.sh", "echo plot\n", executable=True)
    sandbox.experiment("hello", "echo hello\n", datasets=["data"], actions={"plot": {"executable": "plot.sh"}})
    return sandbox


@pytest.mark.parametrize(
    ("gone", "expected"),
    [
        (DATASET, f"{EXPERIMENT}:6: validate: item 1 of datasets: dataset 'data' no longer exists; "),
        ("hello.sh", f"{EXPERIMENT}:3: validate: executable: hello.sh no longer exists; "),
        ("plot.sh", f"{EXPERIMENT}:9: validate: actions.plot.executable: plot.sh no longer exists; "),
        ("data", f"{DATASET}:3: validate: path: data no longer exists; "),
    ],
)
def test_a_deletion_that_leaves_a_name_behind_is_refused(house: Sandbox, gone: str, expected: str) -> None:
    house.git("rm", "--quiet", "-r", gone)
    (line,) = hook(house, "validate").out.splitlines()
    file = expected.partition(":")[0]
    assert line == f"{expected}fix it, then: git add {file}"
    start = house.git("rev-parse", "HEAD")
    house.git("commit", "--quiet", "--message", "gone")
    assert hook(house, "validate", "--from-ref", start).out == f"{line}\n"
    hook(house, "validate", "--from-ref", start, "--to-ref", start, code=0)


def test_a_deletion_that_nothing_names_is_fine(house: Sandbox) -> None:
    house.git("rm", "--quiet", "data/b.csv")
    hook(house, "validate", code=0)
    house.git("rm", "--quiet", "-r", EXPERIMENT, DATASET, "data")
    hook(house, "validate", code=0)


def test_what_is_staged_counts_and_not_what_lies_on_disk(house: Sandbox) -> None:
    file = house.root / EXPERIMENT
    good = file.read_text()
    file.write_text(f"{good}colour: red\n")
    hook(house, "validate", EXPERIMENT, code=0)
    house.git("add", EXPERIMENT)
    file.write_text(good)
    assert ": colour: unknown key" in hook(house, "validate", EXPERIMENT).out


def test_a_program_that_git_is_not_given_is_a_problem_unless_git_is_not_to_have_it(house: Sandbox) -> None:
    file = house.root / EXPERIMENT
    file.write_text(file.read_text().replace("hello.sh", "new.sh"))
    house.write("new.sh", "echo new\n")
    house.git("add", EXPERIMENT)
    expected = f"{EXPERIMENT}:3: validate: executable: new.sh is not tracked by git; fix it, then: git add "
    assert hook(house, "validate", EXPERIMENT).out.startswith(expected)
    house.write(".git/info/exclude", "new.sh\n")
    hook(house, "validate", EXPERIMENT, code=0)
    house.write(".git/info/exclude", "")
    house.git("add", "new.sh")
    hook(house, "validate", EXPERIMENT, code=0)


def test_a_first_commit_is_checked_and_other_kinds_of_ids_are_known(house: Sandbox) -> None:
    fresh = Sandbox(house.root.parent / "fresh")
    fresh.root.mkdir()
    fresh.git("init", "--quiet", "--object-format=sha256")
    fresh.write(EXPERIMENT, "schema: experiment/1\nname: hello\nexecutable: gone.sh\n")
    fresh.git("add", "--all")
    for name, expected in (("validate", "gone.sh does not exist"), ("frozen-runs", ""), ("no-results", "")):
        assert expected in hook(fresh, name, EXPERIMENT, code=1 if expected else 0).out
    assert "gone.sh does not exist" in hook(fresh, "commit").out


def test_a_conflict_that_is_not_resolved_and_a_pathspecs_signs_do_no_harm(house: Sandbox) -> None:
    house.write("*.yaml", "a\n")
    house.git("add", "--all")
    hook(house, "no-results", "*.yaml", code=0)
    hook(house, "validate", code=0)
    house.git("checkout", "--quiet", "-b", "side")
    house.write("hello.sh", "echo side\n")
    house.commit("side")
    house.git("checkout", "--quiet", "main")
    house.write("hello.sh", "echo main\n")
    house.commit("main")
    call(["git", "merge", "side"], house.root, code=1)
    hook(house, "no-results", "hello.sh", code=0)
    hook(house, "frozen-runs", code=0)
    house.git("merge", "--abort")

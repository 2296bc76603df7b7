"""Naming a run: by its number, by its id, and the errors for a name of no run or of several."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.sandbox import Sandbox

COMMANDS = (
    ["show"],
    ["logs"],
    ["cancel"],
    ["retry"],
    ["rerun"],
    ["comment", "-m", "x"],
    ["delete", "--yes"],
    ["compare"],
)


@pytest.fixture
def ran(sandbox: Sandbox) -> Sandbox:
    """Return a project with a run each of two experiments."""
    for name in ("one", "two"):
        sandbox.experiment(name, "echo hello")
        sandbox.qanat("run", name)
    return sandbox


def twice(sandbox: Sandbox) -> list[str]:
    """Let another clone create a run with the same number, merge it, and return both ids."""
    other = Sandbox(sandbox.root.parent / "clone")
    sandbox.git("clone", "--quiet", str(sandbox.root), str(other.root))
    number = 1 + len(sandbox.records())
    for where in (sandbox, other):
        where.qanat("run", "one")
    sandbox.git("pull", "--quiet", "--no-rebase", "--no-edit", str(other.root), "main")
    return sorted(r["id"] for r in sandbox.records() if r["id"].startswith(f"{number}-"))


def test_a_run_is_found_by_number_and_by_id_from_any_folder(ran: Sandbox) -> None:
    record = ran.record(2)
    folder = ran.root / "deep" / "inside"
    folder.mkdir(parents=True)
    for word in ("2", record["id"]):
        shown = ran.qanat("show", word, "--json", cwd=folder).json
        assert list(shown) == list(record)
        assert (shown["id"], shown["code"], shown["command"]) == (record["id"], record["code"], record["command"])
    assert ran.qanat("-C", str(ran.root), "show", "2", "--json", cwd=Path("/")).json == shown


def test_every_command_says_that_there_is_no_such_run(ran: Sandbox) -> None:
    for command in COMMANDS:
        for word in ("3", "1-ffffff"):
            result = ran.qanat(*command, word, code=2)
            assert result.err.startswith(f"qanat: run {word} does not exist\n  hint: the nearest are ")
            assert "; list all with: qanat runs\n" in result.err
            assert result.out == ""
    assert len(ran.records()) == 2


def test_a_word_that_cannot_be_a_run_is_refused(ran: Sandbox) -> None:
    hint = "use a number such as 4, or an id such as 4-7f3a9c"
    for word in ("first", "1-", "-1-2", "1-zzzzzz", "1.0", "", "../1", "1-7F3A9C", "1" * 10, "\u0661"):
        result = ran.qanat("show", "--", word, code=2)
        assert result.err == f"qanat: {word!r} is not a run number or id\n  hint: {hint}\n"


def test_an_experiment_in_place_of_a_run_is_named_with_what_lists_and_compares_its_runs(ran: Sandbox) -> None:
    name = ran.record()["experiment"]
    hint = f"for the runs of this experiment: qanat runs {name}; or: qanat compare --where experiment={name}"
    for command in ("compare", "show"):
        result = ran.qanat(command, name, code=2)
        assert result.err == f"qanat: {name!r} is not a run number or id\n  hint: {hint}\n"


def test_a_number_that_two_runs_have_is_refused_with_both_ids_and_each_id_works(ran: Sandbox) -> None:
    ids = twice(ran)
    assert len(ids) == 2
    for command in COMMANDS:
        result = ran.qanat(*command, "3", code=2)
        said = f"qanat: run number 3 is ambiguous: {ids[0]} of one and {ids[1]} of one\n  hint: use the full id\n"
        assert result.err == said
    for run_id in ids:
        assert ran.qanat("show", run_id, "--json").json["id"] == run_id
    table = ran.qanat("experiment", "status", "one").out
    assert [run_id for run_id in ids if run_id not in table] == []


def test_a_run_of_another_experiment_is_not_one_of_this(ran: Sandbox) -> None:
    for words in (
        "experiment rerun one 2",
        "experiment run_comment one 2 -m x",
        "experiment run_delete one 2 --yes",
        "experiment action one plot 2",
        "action one plot 2",
    ):
        result = ran.qanat(*words.split(), code=2)
        assert result.err == "qanat: run 2 of one does not exist\n  hint: it is a run of two\n"
    assert len(ran.records()) == 2


def test_naming_the_experiment_tells_two_runs_of_one_number_apart(ran: Sandbox) -> None:
    other = Sandbox(ran.root.parent / "clone")
    ran.git("clone", "--quiet", str(ran.root), str(other.root))
    ran.qanat("run", "one")
    other.qanat("run", "two")
    ran.git("pull", "--quiet", "--no-rebase", "--no-edit", str(other.root), "main")
    ran.qanat("comment", "3", "-m", "x", code=2)
    assert "Saved the comment on run 3" in ran.qanat("experiment", "run_comment", "two", "3", "-m", "x").out


def test_show_is_the_page_of_the_run_with_groups_and_comment(sandbox: Sandbox) -> None:
    sandbox.experiment("noisy", 'echo "{\\"acc\\": 0.$2}" >"$4/metrics.json"; exit "$2"')
    sandbox.qanat(
        "run", "--tag", "paper", "--tag", "v2", "--description", "For [bold]", "noisy", "-R", "--code 0,3", code=1
    )
    sandbox.qanat("comment", "1", "-m", "# Title\nsome *text*")
    record = sandbox.record()
    page = sandbox.qanat("show", "1").out
    expected = [
        "Run 1 of experiment noisy:",
        f"  - 🆔 Id: {record['id']}",
        "  - 💬 Description: For [bold]",
        "  - 🏷 Tags: paper, v2",
        "  - 🖥 Runner: local",
        "  - 📓 Runner options:",
        "        ◾ --n-threads: 1",
        "  - 📁 Path: results/noisy/run_1",
        "  - 📦 Outputs: 2 files, 26 B",
        "  - 🔍 Status: ❌ failed (1 finished, 1 failed)",
    ]
    machine = page.splitlines()[7]
    assert machine.startswith("  - 💻 Machine: ")
    assert page.splitlines()[:11] == [*expected[:7], machine, *expected[7:]]
    assert f"  - 📑 Commit: {record['code']['commit']}\n" in page
    assert "  group 0: --code 0: finished: acc 0\n  group 1: --code 3: failed (exit code 3): acc 0.3\n" in page
    assert page.endswith("\n\n# Title\nsome *text*\n")

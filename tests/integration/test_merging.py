"""Merging with real git: new runs on both sides, the same run in two clones, comments, definitions."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.integration.test_startup import LOADED
from tests.support import clones
from tests.support.clones import Clones
from tests.support.sandbox import Sandbox, call, wait_until

DRIVER = "merge.qanat.driver"


@pytest.fixture
def two(tmp_path: Path) -> Clones:
    return clones.make(tmp_path)


def path_of(record: dict[str, Any]) -> str:
    return f".qanat/runs/{record['experiment']}/0/{record['id']}.yaml"


def is_whole(sandbox: Sandbox) -> None:
    """Check that no conflict is left, everything is committed, and every file follows its schema."""
    assert sandbox.status() == ""
    assert "no problem" in sandbox.qanat("validate").out


# ---- new runs on both sides


def test_new_runs_of_two_clones_merge_and_a_number_that_both_have_is_asked_about(two: Clones) -> None:
    for clone in (two.ada, two.bob):
        clone.qanat("run", "plain")
        clone.qanat("run", "plain")
    two.merge_bobs()
    is_whole(two.ada)
    records = two.ada.records()
    assert [r["id"].partition("-")[0] for r in records] == ["1", "1", "2", "2"]
    assert two.ada.qanat("status", "--json").json["runs"]["plain"] == {"finished": 4}
    listed = two.ada.qanat("experiment", "status", "plain", "--json").json
    assert sorted(r["id"] for r in listed) == sorted(r["id"] for r in records)
    ids = sorted(r["id"] for r in records if r["id"].startswith("1-"))
    for words in (
        *("show 1", "logs 1", "comment 1 -m x", "tag 1 add x", "delete 1 --yes", "cancel 1", "rerun 1", "retry 1"),
        *("compare 1 2", "action plain plot 1", "hold 1", "release 1", "keep 1"),
        *("experiment rerun plain 1", "experiment run_comment plain 1 -m x", "experiment run_delete plain 1 --yes"),
    ):
        result = two.ada.qanat(*words.split(), code=2)
        assert result.err.startswith(f"qanat: run number 1 is ambiguous: {ids[0]} of plain and {ids[1]} of plain\n"), (
            words
        )
        assert "hint: use the full id" in result.err
    for run_id in ids:
        assert two.ada.qanat("show", run_id, "--json").json["id"] == run_id
    came = two.ada.qanat("diff", "HEAD~1..HEAD", "--json").json["experiments"][0]["runs"]
    assert sorted(run["id"] for run in came) == sorted(record["id"] for record in two.bob.records())
    two.ada.qanat("tag", ids[1], "add", "good")
    assert [r["tags"] for r in two.ada.records() if r["id"] == ids[1]] == [["good"]]
    two.ada.qanat("run", "plain")
    assert two.ada.record(3)["state"] == "finished"


def test_files_of_a_run_of_the_same_number_are_not_taken_for_those_of_another(two: Clones) -> None:
    plot = {"plot": {"executable": "say.sh", "executable_command": "sh"}}
    two.ada.experiment("say", 'echo "$1"\n', actions=plot)
    two.share()
    two.ada.qanat("run", "say", "ada")
    two.bob.qanat("run", "say", "bob")
    own, other = two.ada.record()["id"], two.bob.record()["id"]
    two.merge_bobs()
    assert two.ada.qanat("logs", own).out == "ada\n"
    for words in (["logs", other], ["action", "say", "plot", other], ["rerun", other, "--check"]):
        result = two.ada.qanat(*words, code=2)
        folder = f"{two.ada.root}/results/say/run_1"
        assert f"the results of run 1 are missing: {folder} has those of run {own}" in result.err
        assert f"hint: if you have them elsewhere, copy them to {folder}-{other[2:]}\n" in result.err
        assert result.out == ""
    shutil.copytree(two.bob.root / "results/say/run_1", two.ada.root / f"results/say/run_1-{other[2:]}")
    assert two.ada.qanat("logs", other).out == "bob\n"
    two.ada.qanat("delete", other, "--yes")
    assert (two.ada.root / "results/say/run_1/stdout.txt").read_text() == "ada\n"


# ---- one run, brought up to date on both sides


def retried(two: Clones) -> dict[str, Any]:
    """Let a run of two groups fail, share it, and let each side retry one of the groups, Ada successfully."""
    two.ada.write("broken", "")
    two.ada.qanat("run", "plain", "-g", "1", "-g", "2", code=1)
    two.share()
    record = two.ada.record()
    shutil.copytree(two.ada.root / "results", two.bob.root / "results")
    (two.ada.root / "broken").unlink()
    two.bob.write("broken", "")
    two.ada.qanat("retry", "1", "--group", "0")
    two.bob.qanat("retry", "1", "--group", "1", code=1)
    two.ada.qanat("tag", "1", "add", "ada")
    two.bob.qanat("tag", "1", "add", "bob")
    return record


@pytest.mark.parametrize("way", ["merge", "rebase", "cherry-pick", "squash", "pull"])
def test_a_run_that_was_brought_up_to_date_in_two_clones_is_united(two: Clones, way: str) -> None:
    before = retried(two)
    two.bob.git("push", "--quiet", "origin", "main:bob")
    two.ada.git("fetch", "--quiet", "origin")
    match way:
        case "merge":
            two.ada.git("merge", "--quiet", "--no-edit", "origin/bob")
        case "rebase":
            two.ada.git("rebase", "--quiet", "origin/bob")
        case "cherry-pick":
            two.ada.git("cherry-pick", "origin/main..origin/bob")
        case "squash":
            two.ada.git("merge", "--quiet", "--squash", "origin/bob")
            two.ada.git("commit", "--quiet", "--message", "what Bob did")
        case "pull":
            two.ada.git("pull", "--quiet", "--no-rebase", "--no-edit", "origin", "bob")
    is_whole(two.ada)
    united = two.ada.record()
    assert [(g["attempt"], g["state"]) for g in united["groups"]] == [(2, "finished"), (2, "failed")]
    assert united["tags"] == ["ada", "bob"]
    assert united["state"] == "failed"
    assert {k: united[k] for k in ("id", "created", "code", "command")} == {
        k: before[k] for k in ("id", "created", "code", "command")
    }


def test_it_does_not_matter_who_merges(two: Clones) -> None:
    retried(two)
    two.ada.git("push", "--quiet", "origin", "main:ada")
    two.merge_bobs()
    # Bob's clone has the lines of .gitattributes, and got the program when he used qanat.
    two.bob.git("fetch", "--quiet", "origin")
    two.bob.git("merge", "--quiet", "--no-edit", "origin/ada")
    path = path_of(two.ada.record())
    assert (two.ada.root / path).read_bytes() == (two.bob.root / path).read_bytes()
    is_whole(two.bob)


def test_an_end_wins_over_a_run_that_went_on(two: Clones) -> None:
    """Ada commits everything while a run is active and starts a branch there; the end then meets the beginning."""
    two.ada.experiment("wait", "while test ! -e go; do sleep 0.02; done\n")
    process = two.ada.start("run", "wait")
    sandbox = two.ada
    wait_until(lambda: sandbox.record_files() and sandbox.record()["groups"])
    sandbox.commit("in the middle")
    sandbox.git("branch", "other")
    (sandbox.root / "go").touch()
    process.communicate(timeout=60)
    path = path_of(sandbox.record())
    sandbox.git("checkout", "--quiet", "other")
    text = (sandbox.root / path).read_text()
    assert yaml.safe_load(text)["state"] != "finished"
    sandbox.write(path, text.replace("description: ''", "description: later"))
    sandbox.git("commit", "--quiet", "--all", "--message", "described")
    sandbox.git("clean", "--quiet", "--force", "go")
    sandbox.git("merge", "--quiet", "--no-edit", "main")
    record = sandbox.record()
    assert (record["state"], record["description"]) == ("finished", "later")
    is_whole(sandbox)


def test_branches_that_were_merged_into_each_other_merge_again(two: Clones) -> None:
    """git first merges their two common ancestors into one, with the same driver."""
    ada = two.ada
    ada.qanat("run", "plain")
    ada.git("checkout", "--quiet", "-b", "other")
    ada.qanat("tag", "1", "add", "theirs")
    ada.git("branch", "other-before")
    ada.git("checkout", "--quiet", "main")
    ada.qanat("tag", "1", "add", "ours")
    ada.git("branch", "main-before")
    ada.git("merge", "--quiet", "--no-edit", "other-before")
    ada.git("checkout", "--quiet", "other")
    ada.git("merge", "--quiet", "--no-edit", "main-before")
    ada.qanat("tag", "1", "add", "later")
    ada.git("checkout", "--quiet", "main")
    ada.qanat("tag", "1", "remove", "ours")
    assert len(ada.git("merge-base", "--all", "main", "other").splitlines()) == 2
    ada.git("merge", "--quiet", "--no-edit", "other")
    assert set(ada.record()["tags"]) == {"theirs", "later"}
    is_whole(ada)


def test_three_branches_with_new_runs_merge_at_once(two: Clones) -> None:
    ada = two.ada
    for branch in ("one", "two"):
        ada.git("checkout", "--quiet", "-b", branch, "main")
        ada.qanat("run", "plain")
    ada.git("checkout", "--quiet", "main")
    ada.qanat("run", "plain")
    ada.git("merge", "--quiet", "--no-edit", "one", "two")
    assert len(ada.git("log", "-1", "--format=%P").split()) == 3
    assert len(ada.records()) == 3
    is_whole(ada)


def test_a_deleted_run_and_a_new_one_like_it_are_not_one_run_that_was_renamed(two: Clones) -> None:
    ada = two.ada
    ada.qanat("run", "plain")
    ada.git("checkout", "--quiet", "-b", "other")
    ada.qanat("tag", "1", "add", "old")
    ada.git("checkout", "--quiet", "main")
    ada.qanat("delete", "1", "--yes")
    ada.qanat("run", "plain")
    ada.git("merge", "--quiet", "--no-edit", "other", code=None)
    assert [r["tags"] for r in ada.records() if r["id"].startswith("2-")] == [[]]


def test_an_ancestor_that_git_has_made_of_conflicting_ones_is_no_obstacle(two: Clones) -> None:
    ada = two.ada
    ada.qanat("run", "plain")
    path = path_of(ada.record())
    text = (ada.root / path).read_text()
    for name, content in (("base", f"<<<<<<< ours\n{text}"), ("ours", text), ("theirs", text)):
        (ada.root / name).write_text(content.replace("tags: []", f"tags: [{name}]"))
    ada.qanat("merge-driver", "base", "ours", "theirs", path)
    assert "tags: [ours, theirs]\n" in (ada.root / "ours").read_text()


# ---- comments


def test_comments_of_both_sides_are_kept(two: Clones) -> None:
    two.ada.qanat("run", "plain")
    two.share()
    two.ada.qanat("comment", "1", "-m", "The baseline.")
    two.bob.qanat("comment", "1", "-m", "Too slow.")
    two.merge_bobs()
    assert sorted((two.ada.root / path_of(two.ada.record())).with_suffix(".md").read_text().splitlines()) == [
        "The baseline.",
        "Too slow.",
    ]
    is_whole(two.ada)


# ---- what is no record


@pytest.mark.parametrize("text", ["no record\n", "schema: run/99\nid: 1-000000\n", "a: &a 1\n", "- [\n", "\x00\n", ""])
def test_what_cannot_be_read_as_a_record_is_merged_by_git_line_by_line(two: Clones, text: str) -> None:
    """As after somebody edited it by hand, or a newer qanat wrote it."""
    ada = two.ada
    ada.qanat("run", "plain")
    path = path_of(ada.record())
    ada.git("checkout", "--quiet", "-b", "other")
    ada.write(path, f"theirs\n{text}")
    ada.commit("theirs")
    ada.git("checkout", "--quiet", "main")
    ada.write(path, f"ours\n{text}")
    ada.commit("ours")
    ada.git("merge", "--quiet", "other", code=1)
    if "\x00" not in text:
        assert (ada.root / path).read_text().startswith("<<<<<<< ours\nours\n=======\ntheirs\n>>>>>>> theirs\n")
    assert ada.status() == f"UU {path}"


def test_a_key_that_this_qanat_does_not_know_is_not_dropped(two: Clones) -> None:
    ada = two.ada
    ada.qanat("run", "plain")
    file = ada.root / path_of(ada.record())
    text = file.read_text()
    ada.git("checkout", "--quiet", "-b", "other")
    file.write_text(text.replace("tags: []", "tags: [theirs]\nmood: good"))
    ada.commit("theirs")
    ada.git("checkout", "--quiet", "main")
    file.write_text(text.replace("tags: []", "tags: [ours]"))
    ada.commit("ours")
    ada.git("merge", "--quiet", "other", code=1)
    assert "mood: good" in file.read_text()


# ---- definitions


EXPERIMENT = """\
# What it is for.
schema: experiment/1
name: plain
description: before
executable: plain.sh
executable_command: sh
tags: [one]
actions:
  plot:
    executable: plain.sh
    executable_command: sh
"""


def merged_definition(two: Clones, ours: str, theirs: str, code: int = 0) -> str:
    ada, path = two.ada, ".qanat/experiments/plain.yaml"
    ada.write(path, EXPERIMENT)
    ada.commit("before")
    ada.git("checkout", "--quiet", "-b", "other")
    ada.write(path, theirs)
    ada.commit("theirs")
    ada.git("checkout", "--quiet", "main")
    ada.write(path, ours)
    ada.commit("ours")
    ada.git("merge", "--quiet", "--no-edit", "other", code=code)
    return (ada.root / path).read_text()


def test_different_keys_of_an_experiment_merge_although_their_lines_touch(two: Clones) -> None:
    show = "  show:\n    executable: plain.sh\n    executable_command: sh\n"
    ours = EXPERIMENT.replace("description: before", "# Ours.\ndescription: ours").replace("[one]", "[one, ours]")
    theirs = EXPERIMENT.replace(
        "executable: plain.sh\nexecutable_command: sh", "executable: ./plain.sh\nexecutable_command: bash"
    )
    theirs = theirs.replace("[one]", "[theirs]") + show
    expected = (
        EXPERIMENT.replace("description: before", "# Ours.\ndescription: ours")
        .replace("executable: plain.sh\nexecutable_command: sh", "executable: ./plain.sh\nexecutable_command: bash")
        .replace("[one]", "[ours, theirs]")
    )
    assert merged_definition(two, ours, theirs) == f"{expected}{show}"
    is_whole(two.ada)


def test_actions_and_options_merge_one_by_one(two: Clones) -> None:
    ours = EXPERIMENT.replace("executable: plain.sh\n\\Z", "") + "  ours:\n    executable: plain.sh\n"
    theirs = EXPERIMENT + "  theirs:\n    executable: plain.sh\n"
    assert list(yaml.safe_load(merged_definition(two, ours, theirs))["actions"]) == ["plot", "ours", "theirs"]


def test_a_key_that_both_changed_is_a_conflict_as_git_has_it(two: Clones) -> None:
    sides = [EXPERIMENT.replace("description: before", f"description: {side}") for side in ("ours", "theirs")]
    text = merged_definition(two, *sides, code=1)
    assert "<<<<<<< ours\ndescription: ours\n=======\ndescription: theirs\n>>>>>>> theirs\n" in text
    assert two.ada.status() == "UU .qanat/experiments/plain.yaml"


def test_a_comment_inside_a_value_is_not_lost(two: Clones) -> None:
    ours = EXPERIMENT + "  # keep me\n  ours:\n    executable: plain.sh\n"
    theirs = EXPERIMENT + "  theirs:\n    executable: plain.sh\n"
    assert "# keep me" in merged_definition(two, ours, theirs, code=1)


# ---- setting it up


def test_a_clone_merges_once_qanat_was_used_in_it(two: Clones) -> None:
    assert two.bob.git("config", "--get", DRIVER, code=1) == ""
    two.bob.qanat("status")
    assert two.bob.git("config", "--get", DRIVER) == two.ada.git("config", "--get", DRIVER)
    assert two.bob.status() == ""


def test_without_the_lines_nothing_is_set_in_the_config(two: Clones) -> None:
    two.bob.git("rm", "--quiet", ".gitattributes")
    two.bob.qanat("status")
    assert two.bob.git("config", "--get", DRIVER, code=1) == ""


def test_a_driver_of_the_users_own_stays(two: Clones) -> None:
    two.bob.git("config", DRIVER, "my-merge %A")
    two.bob.qanat("status")
    assert two.bob.git("config", "--get", DRIVER) == "my-merge %A"


def test_a_qanat_in_a_place_with_spaces_and_signs_merges_and_one_that_is_gone_leaves_it_to_git(
    two: Clones, tmp_path: Path
) -> None:
    place = tmp_path / "it's 100% %A my $HOME"
    place.mkdir()
    (place / "python").symlink_to(sys.executable)
    env = {"PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    bob = two.bob
    call([str(place / "python"), "-m", "qanat", "status"], bob.root, env=env)
    assert shlex.quote(str(place / "python")).replace("%", "%%") in bob.git("config", "--get", DRIVER)
    two.ada.qanat("run", "plain")
    two.share()
    for clone, tag in ((two.ada, "ada"), (bob, "bob")):
        clone.qanat("tag", "1", "add", tag)
    two.ada.git("push", "--quiet", "origin", "main:ada")
    bob.git("fetch", "--quiet", "origin")
    before = bob.git("rev-parse", "main")
    merge = ["git", "merge", "--no-edit", "origin/ada"]
    call(merge, bob.root, env=env)
    assert bob.record()["tags"] == ["ada", "bob"]
    bob.git("reset", "--quiet", "--hard", before)
    (place / "python").unlink()
    said = call(merge, bob.root, code=1).err
    assert f"{place / 'python'} no longer has qanat: merging line by line" in said
    path = path_of(two.ada.record())
    assert "<<<<<<< ours\ntags: [bob]\n=======\ntags: [ada]\n>>>>>>> theirs\n" in (bob.root / path).read_text()
    bob.git("merge", "--abort")
    # The next qanat that looks at runs takes its place.
    bob.qanat("status")
    call(merge, bob.root)
    assert bob.record()["tags"] == ["ada", "bob"]


@pytest.mark.parametrize("before", ["*.png binary", "*.png binary\n", "# mine\n\n* text=auto\n"])
def test_init_adds_its_lines_to_attributes_that_are_there(tmp_path: Path, before: str) -> None:
    sandbox = Sandbox(tmp_path)
    sandbox.git("init", "--quiet")
    sandbox.write(".gitattributes", before)
    sandbox.commit()
    sandbox.qanat("init", "--yes")
    lines = (tmp_path / ".gitattributes").read_text().splitlines()
    assert lines[:-2] == before.splitlines()
    assert sandbox.git("check-attr", "merge", ".qanat/runs/a/0/1-000000.yaml", ".qanat/runs/a/0/1-000000.md") == (
        ".qanat/runs/a/0/1-000000.yaml: merge: qanat\n.qanat/runs/a/0/1-000000.md: merge: union"
    )
    assert sandbox.status() == ""


def test_attributes_with_edits_of_the_users_are_left_to_commit(tmp_path: Path) -> None:
    sandbox = Sandbox(tmp_path)
    sandbox.git("init", "--quiet")
    sandbox.write(".gitattributes", "*.png binary\n")
    result = sandbox.qanat("init", "--yes")
    assert "note: .gitattributes had uncommitted changes, so its new lines were not committed" in result.err
    assert sandbox.status() == "?? .gitattributes"


def test_the_driver_is_not_among_the_commands_of_the_help(sandbox: Sandbox) -> None:
    assert "merge-driver" not in sandbox.qanat("--help").out
    assert "merge-driver" not in sandbox.qanat("merge-drivr", code=2).err
    assert "Example:" in sandbox.qanat("merge-driver", "--help").out
    result = sandbox.qanat("merge-driver", "nowhere", "b", "c", "d", code=2)
    assert result.err.startswith("qanat: invalid value for 'BASE'")


def test_merging_loads_neither_git_nor_tables_nor_schemas(sandbox: Sandbox) -> None:
    sandbox.experiment("plain", "exit 0\n")
    sandbox.qanat("run", "plain")
    path = path_of(sandbox.record())
    words = ["merge-driver", path, path, path, path]
    done = subprocess.run(
        [sys.executable, "-c", LOADED, *words], cwd=sandbox.root, capture_output=True, text=True, check=True
    )
    heavy = {"pygit2", "jsonschema", "questionary", "prompt_toolkit", "rich", "sqlite3", "tempfile"}
    assert heavy.isdisjoint(yaml.safe_load(done.stderr))

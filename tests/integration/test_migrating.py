"""Records of several versions side by side: read, changed, merged, checked and migrated, with real git."""

from __future__ import annotations

from pathlib import Path

import pytest

from qanat import __version__
from tests.support import clones, versions
from tests.support.clones import Clones
from tests.support.hooks import hook
from tests.support.sandbox import Result, Sandbox

HOOKS = ("validate", "frozen-runs", "no-results", "no-secrets")
FROZEN = ("plain", "retried", "slurm_retried", "imported_htcondor", "other_runner", "lost")
NEWER = f"is run/3, and this qanat {__version__} reads up to run/2"
UPGRADE = "install a newer qanat; its README says how"


@pytest.fixture
def two(tmp_path: Path) -> Clones:
    return clones.make(tmp_path)


@pytest.fixture
def old(sandbox: Sandbox) -> Sandbox:
    """Return a project with records that an earlier version wrote, of several runners."""
    for name in ("say", "train", "end", "wait", "summary_iris"):
        sandbox.write(f"{name}.sh", "exit 0\n")
        text = f"schema: experiment/1\nname: {name}\nexecutable: {name}.sh\nexecutable_command: sh\n"
        sandbox.write(f".qanat/experiments/{name}.yaml", text)
    versions.add(sandbox, *FROZEN)
    sandbox.commit("records of an earlier qanat")
    return sandbox


def checked(sandbox: Sandbox, base: str, head: str = "HEAD") -> None:
    """Check what is between two commits with all four hooks, as a server checks a pull request."""
    names = sandbox.git("diff", "--name-only", base, head).splitlines()
    for name in HOOKS:
        files = () if name == "frozen-runs" else names
        assert hook(sandbox, name, *files, "--from-ref", base, "--to-ref", head, code=0).out == "", name


def shown(sandbox: Sandbox) -> list[str]:
    """Return all runs as JSON texts, whatever version their records have."""
    names = sorted({record["experiment"] for record in sandbox.records()})
    return [sandbox.qanat("experiment", "status", name, "--json").out for name in names]


# ---- qanat migrate


def test_all_records_are_migrated_in_one_commit_and_say_the_same_as_before(old: Sandbox) -> None:
    before, head = shown(old), old.git("rev-parse", "HEAD")
    assert set(versions.versions(old)) == {"run/1"}
    result = old.qanat("migrate")
    assert result.err == ""
    commit = old.git("rev-parse", "HEAD")
    assert result.out == f"Migrated {len(FROZEN)} files from run/1 to run/2: commit {commit[:10]}\n"
    assert set(versions.versions(old)) == {"run/2"}
    assert shown(old) == before
    assert (old.status(), old.git("rev-list", "--count", f"{head}..HEAD")) == ("", "1")
    assert old.git("show", "-s", "--format=%B") == f"qanat: {len(FROZEN)} files migrated\n\nrun/1 to run/2"
    assert "no problem" in old.qanat("validate").out
    checked(old, head)


def test_migrating_again_does_nothing(old: Sandbox) -> None:
    old.qanat("migrate")
    head = old.git("rev-parse", "HEAD")
    again = old.qanat("migrate")
    assert again.out == "nothing to migrate: no file uses an older version of its schema\n"
    assert old.git("rev-parse", "HEAD") == head
    assert old.qanat("migrate", "--json").json == {"dry_run": False, "migrated": [], "left": [], "commit": None}


def test_a_dry_run_lists_the_files_and_writes_nothing(old: Sandbox) -> None:
    head = old.git("rev-parse", "HEAD")
    lines = old.qanat("migrate", "--dry-run").out.splitlines()
    paths = sorted(file.relative_to(old.root).as_posix() for file in old.record_files())
    assert lines == [
        *(f"{path}: run/1 to run/2" for path in paths),
        f"would migrate {len(FROZEN)} files from run/1 to run/2",
    ]
    found = old.qanat("migrate", "--dry-run", "--json").json
    assert found["migrated"] == [{"file": path, "from": "run/1", "to": "run/2"} for path in paths]
    assert (found["left"], found["commit"], found["dry_run"]) == ([], None, True)
    assert (old.status(), old.git("rev-parse", "HEAD")) == ("", head)


def test_what_the_user_has_staged_and_changed_stays_so(old: Sandbox) -> None:
    old.write("say.sh", "exit 1\n")
    old.write("staged.txt", "mine\n")
    old.git("add", "staged.txt")
    old.qanat("migrate")
    assert old.status().splitlines() == [" M say.sh", "A  staged.txt"]
    assert "staged.txt" not in old.git("show", "--name-only", "--format=")


def test_records_that_are_invalid_or_not_committed_are_named_and_left(old: Sandbox) -> None:
    changed, staged, invalid, kept, *_ = [file.relative_to(old.root).as_posix() for file in old.record_files()]
    (old.root / invalid).write_text((old.root / invalid).read_text().replace("tags: [", "tags: [5, "))
    old.commit("broken")
    (old.root / changed).write_text((old.root / changed).read_text().replace("tags: [", "tags: [mine"))
    (old.root / staged).write_text((old.root / staged).read_text().replace("tags: [", "tags: [mine"))
    old.git("add", staged)
    (new,) = versions.add(old, "rerun")
    before = {path: (old.root / path).read_bytes() for path in (changed, staged, invalid, new)}
    status = old.status()
    result = old.qanat("migrate", code=1)
    assert sorted(result.err.splitlines()) == sorted(
        [
            f"note: {changed} stays as it is: it has changes that are not committed",
            f"note: {staged} stays as it is: it has changes that are not committed",
            f"note: {invalid} stays as it is: it is invalid: item 1 of tags: 5 is not text",
            f"note: {new} stays as it is: it is not committed yet",
        ]
    )
    assert result.out.startswith(f"Migrated {len(FROZEN) - 3} files from run/1 to run/2: commit ")
    assert {path: (old.root / path).read_bytes() for path in before} == before
    assert old.status() == status
    assert (old.root / kept).read_text().startswith("schema: run/2\n")


def test_a_migration_that_was_cut_short_is_committed_by_the_next(old: Sandbox) -> None:
    head = old.git("rev-parse", "HEAD")
    old.qanat("migrate")
    old.git("reset", "--quiet", head)  # the files are written, and nothing of it is committed
    result = old.qanat("migrate")
    assert result.out.startswith(f"Migrated {len(FROZEN)} files from run/1 to run/2: commit ")
    assert old.status() == ""


def test_where_committing_is_left_to_the_user_files_are_only_written(old: Sandbox) -> None:
    old.write(".qanat/config.yaml", "schema: config/1\nrecords: {commit: manual}\n")
    old.commit("settings")
    head = old.git("rev-parse", "HEAD")
    assert old.qanat("migrate").out.endswith(": not committed, as your settings say\n")
    assert old.git("rev-parse", "HEAD") == head
    assert old.status().splitlines() == [f" M {path}" for path in sorted(old.committed_records())]


def test_nothing_is_written_on_a_detached_head_or_in_the_middle_of_a_merge(old: Sandbox) -> None:
    old.git("checkout", "--quiet", "--detach")
    result = old.qanat("migrate", code=2)
    assert result.err.startswith("qanat: HEAD is detached, so there is no branch to commit to\n")
    old.git("checkout", "--quiet", "main")
    old.git("checkout", "--quiet", "-b", "other")
    old.write("a.txt", "theirs\n")
    old.commit()
    old.git("checkout", "--quiet", "main")
    old.git("merge", "--quiet", "--no-commit", "--no-ff", "other")
    result = old.qanat("migrate", code=2)
    assert result.err.startswith("qanat: the repository is in the middle of a merge\n")
    assert set(versions.versions(old)) == {"run/1"}


# ---- without migrating


def test_records_stay_as_they_are_until_they_change(old: Sandbox) -> None:
    before = {file: file.read_bytes() for file in old.record_files()}
    old.qanat("status")
    old.qanat("show", "4")
    old.qanat("validate")
    assert {file: file.read_bytes() for file in old.record_files()} == before
    old.qanat("tag", "4", "add", "good")
    assert sorted(versions.versions(old)) == [*["run/1"] * (len(FROZEN) - 1), "run/2"]
    assert old.qanat("show", "4", "--json").json["imported"]["container"] == "images/a.sif"
    checked(old, "HEAD~1")


# ---- branches that migrate at different times


def test_one_clone_migrates_and_the_other_adds_runs_and_tags(two: Clones) -> None:
    two.ada.qanat("run", "plain")
    two.ada.qanat("run", "plain")
    versions.as_run_1(two.ada)
    two.share()
    two.bob.qanat("tag", "1", "add", "bob")
    bobs = two.bob.record_files()[0]
    bobs.write_text(versions.in_run_1(bobs.read_text()))
    two.bob.commit("with an earlier qanat")
    two.bob.qanat("run", "plain")
    two.ada.qanat("migrate")
    two.ada.qanat("tag", "1", "add", "ada")
    base = two.ada.git("rev-parse", "HEAD")
    two.merge_bobs()
    assert versions.versions(two.ada) == ["run/2", "run/2", "run/2"]
    assert two.ada.record(1)["tags"] == ["ada", "bob"]
    assert two.ada.status() == ""
    assert "no problem" in two.ada.qanat("validate").out
    checked(two.ada, base)


def test_the_other_way_round_a_branch_that_migrated_is_merged_into_one_that_did_not(two: Clones) -> None:
    two.ada.qanat("run", "plain")
    versions.as_run_1(two.ada)
    two.share()
    two.bob.qanat("migrate")
    two.ada.qanat("tag", "1", "add", "ada")
    file = two.ada.record_files()[0]
    file.write_text(versions.in_run_1(file.read_text()))
    two.ada.commit("with an earlier qanat")
    base = two.ada.git("rev-parse", "HEAD")
    two.merge_bobs()
    assert two.ada.record(1)["schema"] == "run/2"
    assert two.ada.record(1)["tags"] == ["ada"]
    checked(two.ada, base)


def test_two_that_migrate_the_same_records_merge_without_a_conflict(two: Clones) -> None:
    two.ada.qanat("run", "plain")
    versions.as_run_1(two.ada)
    two.share()
    two.bob.qanat("migrate")
    two.ada.qanat("migrate")
    two.merge_bobs()
    assert two.ada.status() == ""
    assert versions.versions(two.ada) == ["run/2"]


def test_a_run_that_was_retried_in_one_clone_and_migrated_in_the_other_is_united(two: Clones) -> None:
    two.ada.write("broken", "")
    two.ada.qanat("run", "plain", code=1)
    versions.as_run_1(two.ada)
    two.share()
    two.ada.qanat("migrate")
    two.bob.qanat("retry", "1")
    bobs = two.bob.record_files()[0]
    bobs.write_text(versions.in_run_1(bobs.read_text()))
    two.bob.commit("with an earlier qanat")
    two.merge_bobs()
    record = two.ada.record(1)
    assert (record["schema"], record["state"], record["groups"][0]["attempt"]) == ("run/2", "finished", 2)


# ---- what a review shows


def test_a_pure_migration_is_one_sentence_in_a_review(old: Sandbox) -> None:
    old.qanat("migrate")
    lines = old.qanat("diff", "HEAD~1..HEAD").out.splitlines()
    assert lines[1:] == [f"{len(FROZEN)} records migrated"]
    found = old.qanat("diff", "HEAD~1..HEAD", "--json").json
    assert found["migrated_records"] == len(FROZEN)
    for key in ("warnings", "problems", "experiments", "other_changes", "definitions", "moved_runs"):
        assert found[key] == [], key


def test_a_change_that_comes_with_a_migration_is_shown(old: Sandbox) -> None:
    old.qanat("tag", "4", "add", "good")
    found = old.qanat("diff", "HEAD~1..HEAD", "--json").json
    assert found["migrated_records"] == 1
    assert [change["text"] for change in found["other_changes"]] == ["good"]
    assert found["warnings"] == []


def test_what_was_changed_beside_a_migration_is_found(old: Sandbox) -> None:
    old.qanat("migrate")
    file = next(file for file in old.record_files() if file.name == "2-842f3c.yaml")
    file.write_text(file.read_text().replace("cluster: tests", "cluster: others").replace("acc: 0.93", "acc: 0.99"))
    old.commit("forged")
    lines = hook(old, "frozen-runs", "--from-ref", "HEAD~2", "--to-ref", "HEAD").out.splitlines()
    path = file.relative_to(old.root).as_posix()
    assert [line.partition(" was changed")[0] for line in lines if line.startswith(path)] == [
        f"{path}:26: frozen-runs: submission.details",
        *(f"{path}:{line}: frozen-runs: groups.{group}.metrics" for group, line in ((0, 34), (1, 35), (2, 36))),
    ]


# ---- a record of a newer version


@pytest.fixture
def newer(sandbox: Sandbox) -> tuple[Sandbox, str]:
    """Return a project with two runs, the second of which a newer qanat has rewritten, and that record's path."""
    sandbox.experiment("plain", "exit 0\n")
    sandbox.qanat("run", "plain")
    sandbox.qanat("run", "plain")
    file = sandbox.record_files()[1]
    file.write_text(file.read_text().replace("schema: run/2", "schema: run/3\nmood: good"))
    sandbox.commit("with a newer qanat")
    return sandbox, file.relative_to(sandbox.root).as_posix()


def note(result: Result) -> str:
    return result.err.splitlines()[0]


def test_listings_show_the_others_and_name_it_with_what_to_do(newer: tuple[Sandbox, str]) -> None:
    sandbox, path = newer
    text = (sandbox.root / path).read_bytes()
    for words in (["status"], ["experiment", "status", "plain"], ["experiment", "status", "plain", "--json"]):
        result = sandbox.qanat(*words)
        assert result.err == f"note: {path} {NEWER}; {UPGRADE}\n", words
        assert "invalid" not in result.err + result.out
    assert sandbox.qanat("status", "--json").json["runs"] == {"plain": {"finished": 1}}
    assert sandbox.qanat("status", "--json").json["unreadable"] == [f"{path} {NEWER}; {UPGRADE}"]
    assert (sandbox.root / path).read_bytes() == text
    assert sandbox.status() == ""


@pytest.mark.parametrize(
    "words",
    ["show 2", "logs 2", "tag 2 add x", "comment 2 -m x", "delete 2 --yes", "retry 2", "rerun 2", "compare 1 2"],
)
def test_a_command_on_the_run_says_what_it_is_and_changes_nothing(newer: tuple[Sandbox, str], words: str) -> None:
    sandbox, path = newer
    result = sandbox.qanat(*words.split(), code=2)
    assert f"qanat: {path} {NEWER}; {UPGRADE}\n" in result.err
    assert sandbox.status() == ""
    assert len(sandbox.record_files()) == 2


def test_the_run_is_found_by_its_id_as_well(newer: tuple[Sandbox, str]) -> None:
    sandbox, path = newer
    assert f"{path} {NEWER}" in sandbox.qanat("show", Path(path).stem, code=2).err
    assert "run 3 does not exist" in sandbox.qanat("show", "3", code=2).err


def test_it_is_neither_migrated_nor_validated_nor_rewritten(newer: tuple[Sandbox, str]) -> None:
    sandbox, path = newer
    text = (sandbox.root / path).read_bytes()
    migrated = sandbox.qanat("migrate", code=1)
    assert (migrated.err, migrated.out) == (
        f"note: {path} stays as it is: it {NEWER}; {UPGRADE}\n",
        "nothing migrated\n",
    )
    validated = sandbox.qanat("validate", code=1)
    assert validated.out == f"{path}:1: {NEWER}; {UPGRADE}\n"
    sandbox.qanat("run", "plain")
    assert (sandbox.root / path).read_bytes() == text
    assert sandbox.record_files()[-1].name.startswith("3-")


def test_checkouts_that_its_run_may_work_in_are_kept(newer: tuple[Sandbox, str]) -> None:
    sandbox, path = newer
    result = sandbox.qanat("cache", "clean", code=2)
    assert result.err == f"qanat: {path} {NEWER}\n  hint: {UPGRADE}\n"


def test_hooks_say_it_of_a_record_that_becomes_newer(newer: tuple[Sandbox, str]) -> None:
    sandbox, path = newer
    between = ("--from-ref", "HEAD~1", "--to-ref", "HEAD")
    advice = f"{UPGRADE}; with pre-commit: pre-commit autoupdate"
    assert hook(sandbox, "validate", path, *between).out == f"{path}:1: validate: {NEWER}; {advice}\n"
    assert hook(sandbox, "frozen-runs", *between).out == f"{path}:1: frozen-runs: {NEWER}; {advice}\n"


def test_a_hook_does_not_let_a_newer_record_become_an_older_one(newer: tuple[Sandbox, str]) -> None:
    sandbox, path = newer
    sandbox.git("checkout", "--quiet", "HEAD~1", "--", path)
    sandbox.commit("back")
    found = hook(sandbox, "frozen-runs", "--from-ref", "HEAD~1", "--to-ref", "HEAD").out
    assert found.startswith(f"{path}:1: frozen-runs: {NEWER}; ")


def test_a_review_names_it_and_does_not_call_the_run_changed(newer: tuple[Sandbox, str]) -> None:
    sandbox, path = newer
    for span, side in (("HEAD~1..HEAD", "head"), ("HEAD..HEAD~1", "base")):
        found = sandbox.qanat("diff", span, "--json").json
        assert found["problems"] == [{"file": path, "side": side, "problem": f"{path} {NEWER}; {UPGRADE}"}]
        assert (found["warnings"], found["experiments"], found["other_changes"]) == ([], [], [])


def test_a_merge_of_it_is_left_to_a_newer_qanat(newer: tuple[Sandbox, str]) -> None:
    sandbox, path = newer
    file = sandbox.root / path
    sandbox.git("checkout", "--quiet", "-b", "other")
    file.write_text(file.read_text().replace("tags: []", "tags: [theirs]"))
    sandbox.commit("theirs")
    sandbox.git("checkout", "--quiet", "main")
    file.write_text(file.read_text().replace("mood: good", "mood: bad"))
    sandbox.commit("ours")
    sandbox.qanat("status")
    merged = sandbox.git("merge", "--no-edit", "other", code=1)
    assert f"CONFLICT (content): Merge conflict in {path}" in merged
    assert sandbox.status() == f"UU {path}"


def test_python_warns_of_it_and_returns_the_others(newer: tuple[Sandbox, str]) -> None:
    import qanat

    sandbox, path = newer
    with pytest.warns(UserWarning, match=f"^{path} is run/3, "):
        assert [run.number for run in qanat.open(sandbox.root).runs()] == [1]

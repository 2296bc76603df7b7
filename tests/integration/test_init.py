"""`qanat init`: what it creates, and what it leaves unchanged."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml

from tests.support.sandbox import Sandbox

STATE = [
    ".gitattributes",
    ".qanat/config.yaml",
    ".qanat/templates/htcondor/default.yaml",
    ".qanat/templates/slurm/default.yaml",
]
RULES = ["/.qanat/cache/", "/.qanat/**/.*.tmp", "/results", "/report.html"]
EMPTY_HOME = "no git identity"


@pytest.fixture
def folder(tmp_path: Path) -> Sandbox:
    """Return an empty folder with a space in its name."""
    root = tmp_path / "my work"
    root.mkdir()
    return Sandbox(root)


@pytest.fixture
def repository(folder: Sandbox) -> Sandbox:
    """Return a repository with one commit and no project."""
    folder.git("init", "--quiet")
    folder.write("analysis.py", "print(1)\n")
    folder.write("notes.txt", "one\n")
    folder.commit("my work")
    return folder


@pytest.fixture
def nobody(tmp_path: Path) -> dict[str, str]:
    """Return an environment in which git knows neither a name nor an email address."""
    (tmp_path / EMPTY_HOME).mkdir()
    return {"HOME": str(tmp_path / EMPTY_HOME)}


def committed_files(sandbox: Sandbox, revision: str = "HEAD") -> list[str]:
    """List the files that a commit added or changed."""
    return sandbox.git("show", "--format=", "--name-only", revision).splitlines()


def ignore_lines(sandbox: Sandbox) -> list[str]:
    """Read the lines of `.gitignore`."""
    return (sandbox.root / ".gitignore").read_text().splitlines()


def test_an_empty_folder_becomes_a_repository_and_a_project(folder: Sandbox) -> None:
    result = folder.qanat("init", "--yes")
    assert f"Created project in {folder.root} and committed:" in result.out
    assert committed_files(folder) == sorted([".gitignore", *STATE])
    assert ignore_lines(folder) == RULES
    assert folder.git("rev-list", "--count", "HEAD") == "1"
    assert folder.git("log", "-1", "--format=%an <%ae>") == "Ada Lovelace <ada@example.org>"
    assert folder.status() == ""
    assert folder.qanat("validate").out == "checked 3 files, no problems found\n"


def test_a_new_folder_is_made_with_its_parents(tmp_path: Path) -> None:
    Sandbox(tmp_path).qanat("init", "a/b/my project", "--yes")
    made = Sandbox(tmp_path / "a/b/my project")
    assert made.status() == ""
    assert made.qanat("status", "--json").json["templates"] == 2


def test_an_existing_repository_gets_one_commit_of_qanats_own_files(repository: Sandbox) -> None:
    repository.qanat("init", "--yes")
    assert committed_files(repository) == sorted([".gitignore", *STATE])
    assert repository.git("log", "--format=%s").splitlines() == ["qanat: project set up", "my work"]
    assert repository.git("branch", "--show-current") == "main"
    assert repository.status() == ""


def test_a_repository_without_commits_gets_its_first_one(folder: Sandbox) -> None:
    folder.git("init", "--quiet", "--initial-branch", "trunk")
    folder.write("draft.txt", "not yet\n")
    folder.qanat("init", "--yes")
    assert committed_files(folder) == sorted([".gitignore", *STATE])
    assert folder.git("branch", "--show-current") == "trunk"
    assert folder.status() == "?? draft.txt"


@pytest.mark.parametrize("has_commit", [True, False])
def test_staged_changes_stay_staged_and_uncommitted(folder: Sandbox, has_commit: bool) -> None:
    folder.git("init", "--quiet")
    folder.write("notes.txt", "one\n")
    if has_commit:
        folder.commit()
    folder.write("notes.txt", "one\ntwo\n")
    folder.write("data.bin", "\x00\x01 staged\n")
    folder.git("add", "notes.txt", "data.bin")
    before = folder.git("diff", "--cached", "--binary")
    folder.qanat("init", "--yes")
    assert folder.git("diff", "--cached", "--binary") == before != ""
    assert committed_files(folder) == sorted([".gitignore", *STATE])
    assert folder.status().splitlines() == ["A  data.bin", "M  notes.txt" if has_commit else "A  notes.txt"]


def test_unstaged_changes_stay_unstaged(repository: Sandbox) -> None:
    repository.write("notes.txt", "one\nchanged\n")
    (repository.root / "analysis.py").unlink()
    repository.write("untracked.txt", "new\n")
    before = repository.status()
    repository.qanat("init", "--yes")
    assert repository.status() == before
    assert committed_files(repository) == sorted([".gitignore", *STATE])


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("*.pyc", ["*.pyc", *RULES]),
        ("*.pyc\n", ["*.pyc", *RULES]),
        ("*.pyc\n\n# mine\n", ["*.pyc", "", "# mine", *RULES]),
        ("/results\n*.pyc\n", ["/results", "*.pyc", *RULES[:2], RULES[3]]),
        ("", RULES),
    ],
    ids=["no final newline", "final newline", "comment", "one of ours is there", "empty"],
)
def test_ignore_rules_are_added_on_lines_of_their_own(repository: Sandbox, before: str, after: list[str]) -> None:
    repository.write(".gitignore", before)
    repository.commit("ignore")
    repository.qanat("init", "--yes")
    assert (repository.root / ".gitignore").read_text() == "".join(f"{line}\n" for line in after)
    assert ".gitignore" in committed_files(repository)
    assert repository.status() == ""


def test_a_gitignore_that_has_all_rules_is_not_touched(repository: Sandbox) -> None:
    text = "".join(f"{rule}\n" for rule in reversed(RULES)) + "last line, no newline"
    repository.write(".gitignore", text)
    repository.commit("ignore")
    repository.qanat("init", "--yes")
    assert (repository.root / ".gitignore").read_text() == text
    assert committed_files(repository) == STATE


def test_edits_of_gitignore_stay_uncommitted_and_get_the_rules(repository: Sandbox) -> None:
    repository.write(".gitignore", "*.pyc\n")
    repository.commit("ignore")
    repository.write(".gitignore", "*.pyc\nsecret.txt")
    result = repository.qanat("init", "--yes")
    assert ".gitignore had uncommitted changes, so its new lines were not committed" in result.err
    assert ignore_lines(repository) == ["*.pyc", "secret.txt", *RULES]
    assert repository.git("show", "HEAD:.gitignore") == "*.pyc"
    assert committed_files(repository) == STATE
    assert repository.status() == " M .gitignore"


def test_a_staged_gitignore_stays_staged_as_it_was(repository: Sandbox) -> None:
    repository.write(".gitignore", "*.pyc\n")
    repository.git("add", ".gitignore")
    before = repository.git("diff", "--cached")
    repository.qanat("init", "--yes")
    assert repository.git("diff", "--cached") == before
    assert ignore_lines(repository) == ["*.pyc", *RULES]
    assert committed_files(repository) == STATE


def test_results_are_ignored_in_a_folder_with_spaces_and_pattern_characters(folder: Sandbox) -> None:
    folder.qanat("init", "--yes", "--result-dir", "my results/[new]*")
    folder.experiment("hello", "echo hello\n")
    folder.qanat("run", "hello")
    assert (folder.root / "my results/[new]*/hello/run_1/stdout.txt").read_text() == "hello\n"
    assert folder.record()["storage"] == "my results/[new]*/hello/run_1"
    assert folder.status() == ""


@pytest.mark.parametrize("place", ["..", "../results", "/tmp", ".", "", "sub/.git", ".qanat/runs", "~/out"])
def test_a_result_dir_that_is_not_a_folder_of_the_project_is_refused(folder: Sandbox, place: str) -> None:
    result = folder.qanat("init", "--yes", "--result-dir", place, code=2)
    assert f"qanat: --result-dir {place!r} is not a folder inside the project" in result.err
    assert "hint: use results" in result.err
    assert list(folder.root.iterdir()) == []


def test_editor_and_result_dir_can_be_given(folder: Sandbox) -> None:
    folder.qanat("init", "--yes", "--editor", "code -w", "--result-dir", "out")
    config = yaml.safe_load((folder.root / ".qanat/config.yaml").read_text())
    assert config == {
        "schema": "config/1",
        "result_dir": "out",
        "default_editor": "code -w",
        "records": {"commit": "each"},
    }
    assert "/out" in ignore_lines(folder)


def test_templates_that_are_there_are_kept(repository: Sandbox) -> None:
    own = "schema: template/1\nname: default\nrunner: slurm\noptions: {--ntasks: 8}\n"
    repository.write(".qanat/templates/slurm/default.yaml", own)
    repository.qanat("init", "--yes")
    assert (repository.root / ".qanat/templates/slurm/default.yaml").read_text() == own
    assert repository.status() == "?? .qanat/templates/slurm/"


def test_a_sub_folder_of_a_repository_is_refused(repository: Sandbox) -> None:
    sub = repository.root / "sub"
    sub.mkdir()
    for words, cwd in ((("init", "--yes"), sub), (("init", "sub", "--yes"), repository.root)):
        result = repository.qanat(*words, cwd=cwd, code=2)
        assert f"{sub} is inside the repository {repository.root}, but a project is a whole repository" in result.err
        assert f"hint: create the project there: qanat init '{repository.root}'" in result.err
    assert list(sub.iterdir()) == []
    assert repository.status() == ""


def test_a_project_is_refused_and_stays_as_it_is(sandbox: Sandbox) -> None:
    before = sandbox.git("rev-parse", "HEAD")
    result = sandbox.qanat("init", "--yes", code=2)
    assert f"{sandbox.root} is already a qanat project" in result.err
    assert "hint: see qanat status" in result.err
    assert sandbox.git("rev-parse", "HEAD") == before


def test_a_bare_repository_is_refused(folder: Sandbox) -> None:
    folder.git("init", "--quiet", "--bare")
    before = sorted(path.name for path in folder.root.iterdir())
    result = folder.qanat("init", "--yes", code=2)
    assert f"{folder.root} is a bare repository, which has no files to run" in result.err
    assert "hint: clone it: git clone" in result.err
    assert sorted(path.name for path in folder.root.iterdir()) == before


def settings_of(sandbox: Sandbox) -> str:
    """Return the settings that the last commit has."""
    return sandbox.git("show", "HEAD:.qanat/config.yaml")


@pytest.mark.parametrize("how", ["removed", "removed and staged", "settings removed", "sparse", "sparse without cones"])
def test_a_project_whose_files_are_missing_is_not_created_anew_but_brought_back(sandbox: Sandbox, how: str) -> None:
    sandbox.write("code/a.py", "")
    sandbox.write(".qanat/config.yaml", "schema: config/1\nresult_dir: mine\n")
    sandbox.commit("mine")
    shutil.rmtree(sandbox.root / ".qanat/cache", ignore_errors=True)
    match how:
        case "removed":
            shutil.rmtree(sandbox.root / ".qanat")
        case "removed and staged":
            sandbox.git("rm", "-r", "--quiet", ".qanat")
        case "settings removed":
            (sandbox.root / ".qanat/config.yaml").unlink()
        case "sparse":
            sandbox.git("sparse-checkout", "set", "--cone", "code")
        case _:
            sandbox.git("sparse-checkout", "set", "--no-cone", "/code/")
    head = sandbox.git("rev-parse", "HEAD")
    command = "git sparse-checkout add .qanat" if "sparse" in how else "git checkout HEAD -- .qanat"
    command += "/config.yaml" if how == "settings removed" else ""
    refused = sandbox.qanat("init", "--yes", code=2).err
    assert f"{sandbox.root} is already a qanat project: git has .qanat" in refused
    assert f"  hint: bring it back with: {command}\n" in refused
    if how != "settings removed":
        refused = sandbox.qanat("status", code=2).err
        assert (
            f"{sandbox.root} has no .qanat folder, but git has one\n  hint: bring it back with: {command}\n" in refused
        )
        inside = sandbox.qanat("status", code=2, cwd=sandbox.root / "code").err
        assert f"git -C '{sandbox.root}' {command.removeprefix('git ')}" in inside
    assert sandbox.git("rev-parse", "HEAD") == head
    sandbox.git(*command.split()[1:])
    sandbox.qanat("status")
    assert settings_of(sandbox) == "schema: config/1\nresult_dir: mine"


def test_files_that_only_the_index_has_are_brought_back_from_it(repository: Sandbox) -> None:
    repository.write(".qanat/config.yaml", "schema: config/1\n")
    repository.git("add", ".qanat")
    shutil.rmtree(repository.root / ".qanat")
    refused = repository.qanat("init", "--yes", code=2).err
    assert "  hint: bring it back with: git checkout -- .qanat\n" in refused
    repository.git("checkout", "--", ".qanat")
    repository.qanat("status")


def test_a_submodule_of_a_project_points_to_the_project(sandbox: Sandbox, tmp_path: Path) -> None:
    library = Sandbox(tmp_path / "library")
    library.root.mkdir()
    library.git("init", "--quiet")
    library.commit()
    sandbox.git("submodule", "--quiet", "add", str(library.root), "library")
    refused = sandbox.qanat("status", code=2, cwd=sandbox.root / "library").err
    assert "library is a repository of its own, without a .qanat folder, inside the project" in refused
    assert f"  hint: use that project with: qanat -C '{sandbox.root}'\n" in refused


def test_a_project_can_be_created_in_a_repository_without_commits(folder: Sandbox) -> None:
    folder.git("init", "--quiet")
    folder.write("mine.txt", "")
    folder.git("add", "mine.txt")
    folder.qanat("init", "--yes")
    assert folder.status() == "A  mine.txt"
    assert "mine.txt" not in committed_files(folder)


@pytest.mark.parametrize(("name", "is_folder"), [(".gitignore", True), (".gitattributes", True), (".qanat", False)])
def test_what_is_in_the_way_is_named(repository: Sandbox, name: str, is_folder: bool) -> None:
    path = repository.root / name
    path.mkdir() if is_folder else path.write_text("mine")
    result = repository.qanat("init", "--yes", code=2)
    assert f"qanat: {path} is in the way" in result.err
    assert path.is_dir() == is_folder
    assert not (repository.root / ".qanat/config.yaml").exists()


def test_a_file_instead_of_a_folder_is_refused(repository: Sandbox) -> None:
    result = repository.qanat("init", "notes.txt", "--yes", code=2)
    assert f"{repository.root / 'notes.txt'} is a file" in result.err
    assert "hint: use a folder: qanat init DIR" in result.err


def test_on_a_detached_head_nothing_is_committed_and_that_is_said(repository: Sandbox) -> None:
    repository.git("checkout", "--quiet", "--detach")
    before = repository.git("rev-parse", "HEAD")
    result = repository.qanat("init", "--yes")
    assert "note: nothing was committed: the repository is on a detached HEAD" in result.err
    assert "committed" not in result.out
    assert repository.git("rev-parse", "HEAD") == before
    assert repository.status().splitlines() == ["?? .gitattributes", "?? .gitignore", "?? .qanat/"]


def test_in_the_middle_of_a_merge_nothing_is_committed_and_that_is_said(repository: Sandbox) -> None:
    repository.git("checkout", "--quiet", "-b", "other")
    repository.write("notes.txt", "theirs\n")
    repository.commit()
    repository.git("checkout", "--quiet", "main")
    repository.write("notes.txt", "ours\n")
    before = repository.commit()
    repository.git("merge", "other", code=1)
    result = repository.qanat("init", "--yes")
    assert "note: nothing was committed: the repository is in the middle of a merge" in result.err
    assert repository.git("rev-parse", "HEAD") == before
    assert repository.status().splitlines() == ["UU notes.txt", "?? .gitattributes", "?? .gitignore", "?? .qanat/"]
    assert (repository.root / ".git/MERGE_HEAD").exists()


def test_without_a_name_nothing_is_made_in_a_repository(repository: Sandbox, nobody: dict[str, str]) -> None:
    before = repository.git("rev-parse", "HEAD")
    result = repository.qanat("init", "--yes", code=2, env=nobody)
    assert "qanat: git does not know who you are: user.name is not set" in result.err
    assert 'hint: git config --global user.name "Your Name"' in result.err
    assert repository.git("rev-parse", "HEAD") == before
    assert repository.status() == ""
    repository.qanat("init", "--yes")


def test_without_a_name_nothing_is_made_in_a_folder(folder: Sandbox, nobody: dict[str, str]) -> None:
    folder.write("mine.txt", "mine\n")
    result = folder.qanat("init", "--yes", code=2, env=nobody)
    assert "user.name is not set" in result.err
    assert [path.name for path in folder.root.iterdir()] == ["mine.txt"]
    folder.qanat("init", "--yes")


def test_without_an_address_the_missing_key_is_named(folder: Sandbox, nobody: dict[str, str]) -> None:
    env = {**nobody, "GIT_AUTHOR_NAME": "Ada"}
    result = folder.qanat("init", "--yes", code=2, env=env)
    assert "user.email is not set" in result.err
    assert list(folder.root.iterdir()) == []


def test_a_linked_worktree_becomes_a_project_on_its_own_branch(repository: Sandbox, tmp_path: Path) -> None:
    repository.git("worktree", "add", "--quiet", "-b", "side", str(tmp_path / "linked"))
    linked = Sandbox(tmp_path / "linked")
    linked.qanat("init", "--yes")
    assert committed_files(linked, "side") == sorted([".gitignore", *STATE])
    assert linked.status() == ""
    assert repository.git("log", "--format=%s", "main") == "my work"
    assert repository.status() == ""


def test_without_a_terminal_the_option_that_answers_is_named(folder: Sandbox) -> None:
    result = folder.qanat("init", code=2)
    assert "cannot prompt without a terminal: Create a git repository and a qanat project in" in result.err
    assert "hint: use --yes" in result.err
    assert list(folder.root.iterdir()) == []

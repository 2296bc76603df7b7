"""Bad input and odd environments: each leads to an error message about it, and an exit code."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
import yaml

from qanat.domain.shortening import quoted
from tests.support.sandbox import PROGRAM, Result, Sandbox, call

IS_ROOT = os.geteuid() == 0
PLAIN = "may contain only letters a-z A-Z, digits and . _ + -, and must begin with a letter or digit"

# Definitions that are wrong, by the experiment's name; what is right about them is left out here.
BROKEN = {
    "not_yaml": "name: [x\n",
    "twice": "name: twice\nexecutable: good.sh\nname: twice\n",
    "missing": "name: missing\nexecutable_command: sh\n",
    "unknown": "name: unknown\nexecutable: good.sh\ncolour: red\n",
    "types": "name: types\nexecutable: good.sh\ntags: yes\n",
    "empty_value": "name: empty_value\nexecutable:\n",
    "newer": None,
    "other_kind": None,
    "no_mapping": None,
    "nothing": "",
    "latin": None,
    "anchor": "name: &a anchor\nexecutable: good.sh\n",
    "python_tag": "name: !!python/name:os.system x\nexecutable: good.sh\n",
    "other_name": "name: another\nexecutable: good.sh\nexecutable_command: sh\n",
    "no_program": "name: no_program\nexecutable: gone.sh\nexecutable_command: sh\n",
    "not_executable": "name: not_executable\nexecutable: good.sh\n",
    "outside": "name: outside\nexecutable: ../good.sh\nexecutable_command: sh\n",
    "absolute": "name: absolute\nexecutable: /bin/sh\n",
    "no_dataset": "name: no_dataset\nexecutable: good.sh\nexecutable_command: sh\ndatasets: [gone]\n",
    "no_data": "name: no_data\nexecutable: good.sh\nexecutable_command: sh\ndatasets: [moved]\n",
}
OTHER_BYTES = {
    "newer": b"schema: experiment/7\nname: newer\nexecutable: good.sh\n",
    "other_kind": b"schema: dataset/1\nname: other_kind\npath: data\n",
    "no_mapping": b"- name: no_mapping\n",
    "latin": b"schema: experiment/1\nname: latin\ndescription: caf\xe9\nexecutable: good.sh\n",
}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Sandbox:
    """Return a project with one good experiment and all the broken ones; no test of this module changes it."""
    sandbox = Sandbox.make(tmp_path_factory.mktemp("house") / "my project")
    sandbox.write("good.sh", "echo good\n")
    sandbox.write("full/file.txt", "in the way\n")
    sandbox.write(
        ".qanat/experiments/good.yaml",
        "schema: experiment/1\nname: good\nexecutable: good.sh\nexecutable_command: sh\n",
    )
    sandbox.write(".qanat/datasets/moved.yaml", "schema: dataset/1\nname: moved\npath: data/gone.csv\n")
    for name, text in BROKEN.items():
        data = OTHER_BYTES[name] if text is None else f"schema: experiment/1\n{text}".encode() if text else b""
        (sandbox.root / f".qanat/experiments/{name}.yaml").write_bytes(data)
    sandbox.write("broken.yaml", "a: b: c\n")
    sandbox.write("zero.yaml", "varying_args: {range: {options: {--n: [0, 1, 0]}}}\n")
    sandbox.write("typo.yaml", "fixed_arg: {}\n")
    sandbox.commit("broken things")
    return sandbox


def refused(result: Result, sentence: str, hint: str) -> None:
    """Check that a command printed one sentence and one hint to stderr, and nothing to stdout."""
    assert result.out == ""
    assert result.err.startswith("qanat: ")
    assert sentence in result.err
    assert (f"\n  hint: {hint}" in result.err) if hint else ("hint:" not in result.err)


FILES = ".qanat/experiments"


def test_validate_reports_whatever_run_refuses(house: Sandbox) -> None:
    said = house.qanat("validate", code=1).out
    reported = {line.partition(":")[0] for line in said.splitlines()}
    assert {f"{FILES}/{name}.yaml" for name in BROKEN} - reported == {f"{FILES}/no_data.yaml"}
    assert ".qanat/datasets/moved.yaml" in reported


@pytest.mark.parametrize(
    ("name", "sentence", "hint"),
    [
        ("not_yaml", f"{FILES}/not_yaml.yaml:3: is not YAML: ", ""),
        ("twice", f"{FILES}/twice.yaml:4: duplicate key 'name'", "keep one of the two"),
        ("missing", f"{FILES}/missing.yaml:1: executable: is missing", "fix the file; qanat validate lists"),
        ("unknown", f"{FILES}/unknown.yaml:4: colour: unknown key; known: schema, name, ", "fix the file"),
        ("types", f"{FILES}/types.yaml:4: tags: 'yes' is not a list", "fix the file"),
        ("empty_value", f"{FILES}/empty_value.yaml:3: executable: nothing is not text", "fix the file"),
        ("newer", f"{FILES}/newer.yaml is experiment/7, and this qanat ", "install a newer qanat; its README says how"),
        ("other_kind", f"{FILES}/other_kind.yaml: schema 'dataset/1' is not experiment/1", "write schema: exp"),
        ("no_mapping", f"{FILES}/no_mapping.yaml:1: a list is not a mapping", "fix the file"),
        ("nothing", f"{FILES}/nothing.yaml:1: the file is empty", "fix the file"),
        ("latin", f"{FILES}/latin.yaml:3: is not UTF-8 text", "save the file as UTF-8"),
        ("anchor", f"{FILES}/anchor.yaml:2: uses an anchor (&name)", "write out the value where it is used"),
        ("python_tag", f"{FILES}/python_tag.yaml:2: uses the tag ", "write a plain value"),
        (
            "other_name",
            f"{FILES}/other_name.yaml:2: name: 'another' is not the file name",
            "write name: other_name",
        ),
    ],
)
def test_a_broken_definition_is_refused_with_file_and_line(house: Sandbox, name: str, sentence: str, hint: str) -> None:
    for words in (["run", name], ["experiment", "show", name], ["experiment", "status", name]):
        refused(house.qanat(*words, code=2), sentence, hint)
    if name != "other_name":
        copied = house.qanat("experiment", "new", "-f", f"{FILES}/{name}.yaml", code=2)
        assert sentence in copied.err
    assert house.status() == ""


@pytest.mark.parametrize(
    ("words", "sentence", "hint"),
    [
        # names that nothing has
        (["run", "god"], "experiment 'god' does not exist", "did you mean good?"),
        (["experiment", "show", "xyz"], "experiment 'xyz' does not exist", "available: absolute, anchor, "),
        # files in place of names
        (
            ["run", "good.sh"],
            "good.sh is a file, not an experiment",
            "use its experiment: qanat run good or ",
        ),
        (
            ["run", "./typo.yaml"],
            "./typo.yaml is a file, not an experiment",
            "create one from it: qanat experiment ",
        ),
        (["experiment", "update", "god", "--tag", "t"], "experiment 'god' does not exist", "did you mean good?"),
        (["experiment", "delete", "god", "--yes"], "experiment 'god' does not exist", "did you mean good?"),
        (["experiment", "status", "god"], "experiment 'god' does not exist", "did you mean good?"),
        (["dataset", "show", "move"], "dataset 'move' does not exist", "did you mean moved?"),
        (["dataset", "delete", "xyz", "--yes"], "dataset 'xyz' does not exist", "available: moved"),
        (["template", "show", "defalt"], "no template or file named 'defalt'", "did you mean default?"),
        (
            ["template", "show", "defalt", "--runner", "slurm"],
            "no template or file named 'defalt'",
            "did you mean default?",
        ),
        (["run", "good", "--runner", "nosuch"], "runner 'nosuch' does not exist", "known: "),
        # words that no command has
        (["rum"], "no such command 'rum'; did you mean run", "qanat --help"),
        (["xyzzy"], "no such command 'xyzzy'", "qanat --help"),
        (["rm", "1"], "no such command 'rm'; did you mean delete?", "qanat --help"),
        (["list"], "no such command 'list'; did you mean runs?", "qanat --help"),
        (["help", "run"], "no such command 'help'; did you mean --help?", "qanat --help"),
        (["experiment", "ls"], "no such command 'ls'; did you mean list?", "qanat experiment --help"),
        (["experiment", "lst"], "no such command 'lst'; did you mean list?", "qanat experiment --help"),
        (["dataset", "lst"], "no such command 'lst'", "qanat dataset --help"),
        (["status", "--jsn"], "no such option '--jsn'", "qanat status --help"),
        (["run", "--runer", "local", "good"], "no such option '--runer'", "qanat run --help"),
        (["run"], "missing argument 'NAME'", "qanat run --help"),
        (["run", "good", "--tag"], "option --tag requires a value", "see --help"),
        (["run", "good", "--description"], "option --description requires a value", "see --help"),
        (["validate", "gone.yaml"], "Path 'gone.yaml' does not exist", "qanat validate --help"),
        (["-C", "gone", "status"], "Directory 'gone' does not exist", "qanat --help"),
        # things that an experiment names
        (
            ["run", "no_program"],
            "executable gone.sh does not exist",
            "correct it with: qanat experiment update no_program --executable PATH",
        ),
        (["run", "not_executable"], "executable good.sh is not executable", "chmod +x good.sh, or set exec"),
        (
            ["run", "outside"],
            "executable ../good.sh is not inside the project",
            "use a path relative to the project root",
        ),
        (
            ["run", "absolute"],
            "executable /bin/sh is not inside the project",
            "use a path relative to the project root",
        ),
        (["run", "no_dataset"], "dataset 'gone' does not exist", "available: moved"),
        (
            ["run", "no_data"],
            "dataset moved: path data/gone.csv does not exist",
            "correct it with: qanat dataset update moved --path PATH",
        ),
        # parameters
        (["run", "good", "-R", "--n 0 1 0"], "-R '--n 0 1 0': the step is 0", "use a step such as 1 or -1"),
        (["run", "good", "-f", "zero.yaml"], "zero.yaml: varying_args.range.options.--n: the step is 0", "use a step"),
        (["run", "good", "-g", "1 '2"], '-g "1 \'2": no closing quotation', "close the quote or escape it"),
        (["run", "good", "-R", "'--n 0 1 1"], "no closing quotation", "close the quote"),
        (["run", "good", "-R", "nonsense"], "-R 'nonsense': a range is an option, a start", 'write it as -R "--seed'),
        (["run", "good", "-R", ""], "-R '': a range is an option, a start", 'write it as -R "--seed'),
        (
            ["run", "good", "-R", "--n a b c"],
            "'a' is not a number",
            "use a start, a stop and a step",
        ),
        (
            ["run", "good", "-R", "--n 5 1 1"],
            "no value lies between 5 and 1 in steps of 1",
            "a range includes its start",
        ),
        (["run", "good", "-R", "--n 0 20001 1"], "this run has 20,001 groups", "use --yes if that is intended"),
        (["run", "good", "-f", "gone.yaml"], "gone.yaml: no such file or directory", ""),
        (["run", "good", "-f", "full"], "full: is a directory", ""),
        (["run", "good", "-f", "broken.yaml"], "broken.yaml:1: is not YAML: ", ""),
        (["run", "good", "-f", "typo.yaml"], "typo.yaml: unknown key 'fixed_arg'", "known: fixed_args, "),
        (["run", "good", "--parameters_file", "gone.txt"], "gone.txt: no such file or directory", ""),
        (["run", "good", "-j", "0"], "0 is not in the range", "qanat run --help"),
        (["run", "good", "-j", "many"], "'many' is not a valid whole number", "qanat run --help"),
        # files to read definitions from
        (["dataset", "new", "gone.yaml"], "gone.yaml: no such file or directory", ""),
        (["dataset", "new", "broken.yaml"], "broken.yaml:1: is not YAML: ", ""),
        (["dataset", "new", "--name", "d", "--path", "nowhere"], "dataset d: path: nowhere does not exist", ""),
        (["template", "new", "zero.yaml"], "zero.yaml:1: runner: is missing", "qanat template new --help shows"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_wrong_usage_is_refused_with_a_sentence(house: Sandbox, words: list[str], sentence: str, hint: str) -> None:
    refused(house.qanat(*words, code=2), sentence, hint)
    assert house.status() == ""


def test_a_name_that_is_too_long_for_a_file_is_refused_with_a_sentence(house: Sandbox) -> None:
    long = "x" * 300
    for words, sentence, hint in (
        (
            ["init", long, "--yes"],
            f"{house.root}/{long} cannot be used: file name too long",
            "use a folder: qanat init",
        ),
        (["import", long], f"{long}: there is no such file", "qanat 0.x kept it in"),
        (["experiment", "new", long], f"{long}: file name too long", ""),
        (["template", "show", long], f"no template or file named {quoted(long)}", "available: default"),
        (
            ["run", "--runner", "slurm", "--submit-template", long, "good"],
            f"no template or file named {quoted(long)} for slurm",
            "available: default",
        ),
    ):
        refused(house.qanat(*words, code=2), sentence, hint)
    assert house.status() == ""


def test_groups_and_commands_without_words_show_their_help(house: Sandbox) -> None:
    for words, line in (([], "Usage: qanat [OPTIONS]"), (["dataset"], "Usage: qanat dataset [OPTIONS]")):
        result = house.qanat(*words, code=2)
        assert result.err.startswith(line)
        assert "hint:" not in result.err


# ---- names


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("a/b", PLAIN),
        ("../a", PLAIN),
        ("..", PLAIN),
        (".hidden", PLAIN),
        ("-x", PLAIN),
        ("two words", PLAIN),
        ("new\nline", PLAIN),
        ("\x1b[31mred", PLAIN),
        ("iris🌸", PLAIN),
        ("été", PLAIN),
        ("a;b", PLAIN),
        ("a" * 101, "is longer than 100 characters"),
        ("", "is empty"),
    ],
    ids=ascii,
)
def test_a_name_that_cannot_be_one_is_refused_everywhere(house: Sandbox, name: str, problem: str) -> None:
    file = house.root.parent / "named.yaml"
    file.write_text(yaml.safe_dump({"name": name, "executable": "good.sh"}, allow_unicode=True))
    for words in (
        ["experiment", "new", "-f", str(file)],
        ["experiment", "new", f"--name={name}", "--executable", "good.sh"],
        ["run", "--", name],
        ["experiment", "show", "--", name],
    ):
        result = house.qanat(*words, code=2)
        assert problem in result.err
        assert "\x1b" not in result.err
        assert len(result.err.splitlines()) == 2
    assert house.status() == ""


def test_every_kind_of_thing_refuses_the_same_names(house: Sandbox) -> None:
    for words in (
        ["dataset", "new", "--name", "../a", "--path", "full"],
        ["dataset", "update", "../a", "--tag", "t"],
        ["template", "new", "--name", "../a", "--runner", "slurm", "-o", "a=1"],
        ["template", "delete", "../a", "--runner", "slurm", "--yes"],
        ["experiment", "delete", "../a", "--yes"],
        ["experiment", "status", "../a"],
        ["experiment", "update", "good", "--action", "../a=plot.py"],
    ):
        refused(house.qanat(*words, code=2), f" name '../a' {PLAIN}", "choose another name, such as summary_iris")
    assert house.status() == ""


@pytest.mark.parametrize("name", ["a", "7", "a.b..c_d+e-f", "A" * 100])
def test_a_plain_name_is_taken_everywhere(sandbox: Sandbox, name: str) -> None:
    sandbox.write("good.sh", "echo good\n")
    file = sandbox.write("named.yaml", yaml.safe_dump({"name": name, "executable": "good.sh"}))
    sandbox.qanat("experiment", "new", "-f", str(file), "--executable_command", "sh")
    sandbox.commit()
    assert sandbox.qanat("run", name).out == "good\n"
    assert sandbox.record()["experiment"] == name
    assert sandbox.qanat("experiment", "show", name, "--json").json["name"] == name
    assert sandbox.qanat("validate").code == 0


def test_a_name_that_looks_like_an_option_is_taken_for_one(house: Sandbox) -> None:
    refused(house.qanat("run", "-x", code=2), "no such option '-x'", "qanat run --help")
    refused(house.qanat("experiment", "show", "-x", code=2), "no such option '-x'", "qanat experiment show --help")


# ---- storage


def denied() -> list[str]:
    """Return a prefix for a command that makes permissions count for it, even for root."""
    drop = "[libc.prctl(24, capability, 0, 0, 0) for capability in range(64)]"  # 24: PR_CAPBSET_DROP
    code = f"import ctypes, os, sys; libc = ctypes.CDLL(None); {drop}; os.execv(sys.argv[1], sys.argv[1:])"
    return [sys.executable, "-c", code] if IS_ROOT else []


@pytest.fixture
def project(sandbox: Sandbox) -> Sandbox:
    """Return a project with an experiment `hello`."""
    sandbox.experiment("hello", "echo hello\n")
    return sandbox


def nothing_ran(sandbox: Sandbox) -> None:
    """Check that there is no record, nothing to commit, and that the next run is not disturbed."""
    assert sandbox.record_files() == []
    assert sandbox.status() == ""
    assert sandbox.qanat("run", "hello").out == "hello\n"
    assert [record["state"] for record in sandbox.records()] == ["finished"]


def test_a_storage_path_that_is_not_empty_is_refused(project: Sandbox, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full/mine.txt").write_text("mine\n")
    result = project.qanat("run", "hello", "--storage_path", str(tmp_path / "full"), code=2)
    refused(result, f"--storage-path {tmp_path / 'full'} is not an empty folder", "use a new folder for each run")
    assert [path.name for path in (tmp_path / "full").iterdir()] == ["mine.txt"]
    nothing_ran(project)


def test_a_file_in_the_way_of_the_storage_path_is_named(project: Sandbox, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine\n")
    result = project.qanat("run", "hello", "--storage_path", str(tmp_path / "file"), code=2)
    refused(result, f"--storage-path {tmp_path / 'file'} is not an empty folder", "use a new folder for each run")
    result = project.qanat("run", "hello", "--storage_path", str(tmp_path / "file/deeper/still"), code=1)
    refused(result, f"cannot write {tmp_path / 'file/deeper'}: not a directory", "choose another location")
    assert (tmp_path / "file").read_text() == "mine\n"
    nothing_ran(project)


def test_a_file_in_the_way_of_the_results_is_named(project: Sandbox) -> None:
    (project.root / "results").write_text("mine\n")
    project.commit("a file called results")
    result = project.qanat("run", "hello", code=1)
    refused(result, f"cannot write {project.root / 'results/hello'}: ", "choose another location")
    (project.root / "results").unlink()
    project.commit("gone")
    nothing_ran(project)


def test_a_results_folder_that_may_not_be_written_is_named(project: Sandbox) -> None:
    (project.root / "results").mkdir(mode=0o555)
    result = call([*denied(), *PROGRAM, "run", "hello"], project.root, code=1)
    refused(result, f"cannot write {project.root / 'results/hello'}: permission denied", "check the permissions of ")
    (project.root / "results").chmod(0o755)
    nothing_ran(project)


def test_a_repository_that_may_not_be_written_leaves_the_record_to_the_next_command(project: Sandbox) -> None:
    folders = [path for path in (project.root / ".git/objects").rglob("*") if path.is_dir()]
    for folder in (project.root / ".git/objects", *folders):
        folder.chmod(0o555)
    result = call([*denied(), *PROGRAM, "run", "hello"], project.root, code=0)
    assert result.out == "hello\n"
    assert "the record of run 1 was saved, but not committed: cannot write to the repository: " in result.err
    for folder in (project.root / ".git/objects", *folders):
        folder.chmod(0o755)
    assert project.committed_records() == set()
    project.qanat("status")
    assert len(project.committed_records()) == 1
    assert project.status() == ""


def test_a_limit_that_cuts_files_short_is_named_and_nothing_is_run(project: Sandbox) -> None:
    limit = "import os, resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (65_536,) * 2)"
    limited = [sys.executable, "-c", f"{limit}; os.execv(sys.argv[1], sys.argv[1:])"]
    words = [*limited, *PROGRAM, "run", "hello", "x" * 100_000]
    # The limit would also cut the bytecode that other tests use.
    result = call(words, project.root, code=1, env={"PYTHONDONTWRITEBYTECODE": "1"})
    refused(
        result, f"cannot write {project.root / '.git/qanat/written'}", "free some space, or choose another location"
    )
    assert ": file too large" in result.err
    nothing_ran(project)


def on_full_disk(disk: Path, command: Sequence[str], cwd: Path, **options: int) -> Result:
    """Run a command in a mount namespace of its own, where `disk` is a file system without a free byte.

    Skips the test if this machine does not allow one (no root, and no user namespaces).
    """
    space = ["unshare", "--mount", *([] if IS_ROOT else ["--map-root-user"])]
    fill = 'mount -t tmpfs -o size=16k full "$1" && { dd if=/dev/zero of="$1/fill" bs=1k 2>/dev/null || true; }'
    if shutil.which("unshare") is None or call([*space, "sh", "-ec", fill, "sh", str(disk)], cwd, code=None).code:
        pytest.skip("no file system can be mounted here; the same path is tested with a limit on file sizes")
    return call([*space, "sh", "-ec", f'{fill}; shift; exec "$@"', "sh", str(disk), *command], cwd, **options)


def test_a_full_disk_is_named_and_nothing_is_left_of_the_run(project: Sandbox, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    result = on_full_disk(disk, [*PROGRAM, "run", "hello", "--storage_path", str(disk / "out")], project.root, code=1)
    refused(result, f"cannot write {disk / 'out/info.yaml'}: no space left on device", "free some space, or choose")
    assert project.record_files() == []
    assert project.status() == ""
    assert list((project.root / ".git/qanat/inflight").iterdir()) == []
    assert project.qanat("run", "hello").out == "hello\n"


# ---- repositories


def test_outside_of_a_repository_every_command_says_so(tmp_path: Path) -> None:
    for words in (["run", "x"], ["status"], ["experiment", "list"], ["validate"], ["config", "show"]):
        result = call([*PROGRAM, *words], tmp_path, code=2)
        refused(result, f"{tmp_path} is not in a git repository", "create a project with: qanat init")


def test_in_a_repository_without_a_project_every_command_says_so(tmp_path: Path) -> None:
    call(["git", "init", "--quiet"], tmp_path)
    (tmp_path / "sub").mkdir()
    for words in (["run", "x"], ["status"], ["dataset", "new"], ["template", "list"]):
        result = call([*PROGRAM, *words], tmp_path / "sub", code=2)
        refused(result, f"{tmp_path} has no .qanat folder", f"create a project with: qanat init {tmp_path}")


def test_a_bare_repository_is_refused(project: Sandbox, tmp_path: Path) -> None:
    project.git("clone", "--quiet", "--bare", str(project.root), str(tmp_path / "bare.git"))
    for words in (["run", "hello"], ["status"]):
        result = call([*PROGRAM, *words], tmp_path / "bare.git", code=2)
        refused(result, "bare.git is a bare repository, which has no files to run", "clone it: git clone")


def test_a_folder_that_is_gone_is_said_to_be(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    result = call(["sh", "-c", 'rmdir "$PWD"; exec "$@"', "sh", *PROGRAM, "status"], gone, code=2)
    refused(result, "the current directory no longer exists", "cd to another one")


def test_without_a_name_nothing_is_run(project: Sandbox, tmp_path: Path) -> None:
    (tmp_path / "nobody").mkdir()
    result = project.qanat("run", "hello", code=2, env={"HOME": str(tmp_path / "nobody")})
    refused(result, "git does not know who you are: user.name is not set", 'git config --global user.name "Your Name"')
    assert not (project.root / "results").exists()
    nothing_ran(project)


def test_without_a_commit_nothing_is_run(tmp_path: Path) -> None:
    sandbox = Sandbox(tmp_path)
    sandbox.git("init", "--quiet")
    sandbox.write("hello.sh", "echo hello\n")
    sandbox.write(
        ".qanat/experiments/hello.yaml",
        "schema: experiment/1\nname: hello\nexecutable: hello.sh\nexecutable_command: sh\n",
    )
    result = sandbox.qanat("run", "hello", code=2)
    refused(result, "the repository has no commits yet", "commit your files: git add")
    assert sandbox.record_files() == []
    assert not (sandbox.root / "results").exists()


def test_a_dirty_tree_without_a_terminal_is_listed_with_both_ways_out(project: Sandbox) -> None:
    project.write("new file.sh", "new\n")
    project.write("hello.sh", "echo changed\n")
    result = project.qanat("run", "hello", code=2)
    refused(
        result,
        "there are uncommitted changes:\n   M hello.sh\n  ?? new file.sh\n",
        "commit them (--commit-message TEXT, and --add FILE for each untracked file), run a snapshot of them"
        " (--snapshot), or list files that are not code in .gitignore",
    )
    refused(
        project.qanat("run", "hello", "--commit-message", " ", code=2),
        "--commit-message is empty",
        "describe the changes",
    )
    assert project.record_files() == []
    assert project.status().splitlines() == [" M hello.sh", '?? "new file.sh"']


def test_many_changes_are_listed_in_part(project: Sandbox) -> None:
    for number in range(25):
        project.write(f"new{number:02}.sh", "new\n")
    lines = project.qanat("run", "hello", code=2).err.splitlines()
    assert lines[1] == "  ?? new00.sh"
    assert lines[20:22] == ["  ?? new19.sh", "  … and 5 more"]


def diverged(sandbox: Sandbox) -> None:
    """Create two branches that change the same line; `main` is checked out."""
    sandbox.git("checkout", "--quiet", "-b", "other")
    sandbox.write("notes.txt", "theirs\n")
    sandbox.commit("theirs")
    sandbox.git("checkout", "--quiet", "main")
    sandbox.write("notes.txt", "ours\n")
    sandbox.commit("ours")


@pytest.mark.parametrize(
    ("words", "operation"),
    [(["merge", "other"], "merge"), (["rebase", "other"], "rebase"), (["cherry-pick", "other"], "cherry-pick")],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_in_a_conflict_nothing_is_run(project: Sandbox, words: list[str], operation: str) -> None:
    diverged(project)
    project.git(*words, code=1)
    for options in ([], ["--snapshot"], ["--commit-message", "all"]):
        result = project.qanat("run", "hello", *options, code=2)
        refused(
            result,
            f"the repository is in the middle of a {operation}: notes.txt has conflicts",
            f"finish or abort it: git {operation} --abort",
        )
    assert project.record_files() == []
    project.git(operation, "--abort")
    nothing_ran(project)


def test_conflicts_that_a_stash_left_are_to_be_resolved(project: Sandbox) -> None:
    project.write("notes.txt", "base\n")
    project.commit("base")
    project.write("notes.txt", "stashed\n")
    project.git("stash", "--quiet")
    project.write("notes.txt", "ours\n")
    project.commit("ours")
    project.git("stash", "pop", code=1)
    refused(project.qanat("run", "hello", code=2), "notes.txt has conflicts", "resolve them, then: git add notes.txt")


def test_a_session_of_am_is_called_so(project: Sandbox) -> None:
    diverged(project)
    project.git("format-patch", "--quiet", "-1", "other", "--output", "../theirs.patch")
    project.git("am", "--3way", "../theirs.patch", code=None)
    refused(
        project.qanat("run", "hello", code=2),
        "the repository is in the middle of an am session: notes.txt has conflicts",
        "finish or abort it: git am --abort",
    )
    project.git("am", "--abort")


def test_in_the_middle_of_a_merge_its_changes_are_not_committed(project: Sandbox) -> None:
    diverged(project)
    project.git("merge", "other", code=1)
    project.write("notes.txt", "both\n")
    project.git("add", "notes.txt")
    refused(
        project.qanat("run", "hello", "--commit-message", "all", code=2),
        "the repository is in the middle of a merge",
        "finish it first",
    )
    result = project.qanat("run", "hello", "--snapshot")
    assert "the record of run 1 was saved, but not committed: the repository is in the middle of a merge" in result.err
    assert (project.root / ".git/MERGE_HEAD").exists()
    assert project.committed_records() == set()
    project.git("commit", "--quiet", "--no-edit")
    project.qanat("status")
    assert len(project.committed_records()) == 1
    assert project.status() == ""


def test_while_a_rebase_stops_a_run_works_and_its_record_is_left(project: Sandbox) -> None:
    project.write("notes.txt", "one\n")
    project.commit("one")
    project.git("-c", "sequence.editor=sed -i s/^pick/edit/", "rebase", "--quiet", "--interactive", "HEAD~1")
    result = project.qanat("run", "hello")
    assert result.out == "hello\n"
    assert "saved, but not committed: the repository is in the middle of a rebase" in result.err
    assert project.record()["state"] == "finished"
    assert project.record()["code"]["branch"] is None
    assert project.committed_records() == set()
    project.git("rebase", "--continue")


def test_on_a_detached_head_a_run_works_and_its_record_is_left(project: Sandbox) -> None:
    project.git("checkout", "--quiet", "--detach")
    before = project.git("rev-parse", "HEAD")
    result = project.qanat("run", "hello")
    assert result.out == "hello\n"
    note = "run 1 was saved, but not committed: the run was launched on a detached HEAD; commit it to a branch"
    assert note in result.err
    assert project.record()["code"] == {**project.record()["code"], "commit": before, "branch": None}
    assert project.git("rev-parse", "HEAD") == before
    project.git("checkout", "--quiet", "main")
    assert note in project.qanat("status").err
    project.commit("the record")
    assert "note:" not in project.qanat("status").err
    assert project.qanat("validate").code == 0


@pytest.mark.skipif(not IS_ROOT, reason="only root can give a folder to somebody else")
def test_a_repository_of_somebody_else_is_refused_with_gits_own_remedy(project: Sandbox, tmp_path: Path) -> None:
    for path in (project.root, project.root / ".git"):
        os.chown(path, 12345, 12345)
    for words in (["status"], ["run", "hello"], ["experiment", "status", "hello"]):
        result = project.qanat(*words, code=2)
        remedy = f"git config --global --add safe.directory '{project.root}'"
        assert result.out == ""
        assert f"hint: {remedy}" in result.err
    own_home = tmp_path / "my home"
    shutil.copytree(Path.home(), own_home)
    call(["sh", "-c", remedy], tmp_path, env={"HOME": str(own_home)})
    env = {"HOME": str(own_home)}
    assert project.qanat("run", "hello", env=env).out == "hello\n"
    assert call(["git", "log", "-1", "--format=%s"], project.root, env=env).out == "qanat: run 1 of hello finished\n"


# ---- surroundings in which everything works


def test_a_linked_worktree_records_to_its_own_branch_under_numbers_of_its_own(project: Sandbox, tmp_path: Path) -> None:
    project.qanat("run", "hello")
    project.git("worktree", "add", "--quiet", "-b", "side", str(tmp_path / "linked tree"))
    linked = Sandbox(tmp_path / "linked tree")
    linked.qanat("run", "hello")
    project.qanat("run", "hello")
    linked.qanat("run", "hello")
    ids = {"main": ["1", "3"], "side": ["1", "2", "4"]}
    for tree, branch in ((project, "main"), (linked, "side")):
        found = tree.committed_records(branch)
        assert sorted(Path(path).name.partition("-")[0] for path in found) == ids[branch]
        assert tree.status() == ""
        assert tree.qanat("validate").code == 0
    assert (linked.root / "results/hello/run_2/stdout.txt").read_text() == "hello\n"
    assert linked.record(2)["code"]["branch"] == "side"


def test_a_submodule_is_a_project_like_any_other(project: Sandbox, tmp_path: Path) -> None:
    outer = Sandbox(tmp_path / "outer")
    outer.root.mkdir()
    outer.git("init", "--quiet")
    outer.git("submodule", "--quiet", "add", str(project.root), "inner")
    outer.commit("with a submodule")
    inner = Sandbox(outer.root / "inner")
    assert inner.qanat("run", "hello").out == "hello\n"
    assert len(inner.committed_records("main")) == 1
    assert inner.status() == ""
    assert inner.git("log", "-1", "--format=%s") == "qanat: run 1 of hello finished"
    assert outer.status() == " M inner"


def test_a_project_with_a_submodule_runs_what_is_in_it(project: Sandbox, tmp_path: Path) -> None:
    library = Sandbox(tmp_path / "library")
    library.root.mkdir()
    library.git("init", "--quiet")
    library.write("lib.sh", "echo from the library\n")
    library.commit("library")
    project.git("submodule", "--quiet", "add", str(library.root), "lib")
    project.experiment("borrow", ". lib/lib.sh\n")
    assert project.qanat("run", "borrow").out == "from the library\n"
    assert project.status() == ""
    project.write("lib/lib.sh", "echo edited\n")
    assert " M lib\n" in project.qanat("run", "borrow", code=2).err


def test_every_command_works_from_a_sub_folder(project: Sandbox) -> None:
    project.write(".git/info/exclude", "/mine/\n")
    project.write("sub/dir/data.csv", "1\n")
    project.write("sub/dir/new.yaml", "name: d\npath: sub/dir/data.csv\n")
    project.commit()
    sub = project.root / "sub/dir"
    for words in (
        ["dataset", "new", "new.yaml", "--commit"],
        ["dataset", "update", "d", "--tag", "t", "--commit"],
        ["dataset", "list"],
        ["dataset", "show", "d"],
        ["experiment", "list"],
        ["experiment", "show", "hello"],
        ["experiment", "update", "hello", "--dataset", "d", "--commit"],
        ["template", "list"],
        ["template", "show", "default", "--runner", "slurm"],
        ["config", "show"],
        ["run", "hello", "--dry_run"],
        ["run", "hello", "--parameters_file", "new.yaml"],
        ["experiment", "run", "hello", "--storage_path", "../../mine"],
        ["experiment", "status", "hello"],
        ["status"],
        ["validate"],
        ["validate", "../../.qanat/config.yaml"],
        ["experiment", "update", "hello", "--executable", "hello.sh"],
    ):
        assert project.qanat(*words, cwd=sub).err.count("qanat:") == 0
    assert (project.root / "mine/stdout.txt").read_text() == "hello\n"
    assert (project.root / "results/hello/run_1/parameters_files/new.yaml").is_file()
    assert [record["storage"] for record in project.records()] == ["results/hello/run_1", "mine"]
    assert project.status() == ""


# ---- output


NASTY = "[bold]x[/bold] \x1b[31mred\x1b[0m \x9b32m \u202eback\u202c \x07 🧪"


def harmless(text: str) -> str:
    """Check that a text contains no control sequences, and return it."""
    assert not set(text) & set("\x1b\x9b\x07\u202e\u202c")
    return text


def test_what_a_stranger_wrote_comes_out_harmless(project: Sandbox) -> None:
    project.write("data.csv", "1\n")
    project.qanat("dataset", "new", "--name", "d", "--path", "data.csv", "--description", NASTY, "--tag", NASTY)
    project.qanat("experiment", "update", "hello", "--description", NASTY, "--tag", NASTY, "--path", NASTY)
    project.qanat("template", "new", "--name", "t", "--runner", "slurm", "--description", NASTY, "-o", f"a={NASTY}")
    project.commit()
    project.qanat("run", "--tag", NASTY, "hello", "--description", NASTY)
    for words in (
        ["dataset", "list"],
        ["dataset", "show", "d"],
        ["experiment", "list"],
        ["experiment", "show", "hello"],
        ["experiment", "status", "hello"],
        ["template", "list"],
        ["template", "show", "t"],
        ["dataset", "list", "--json"],
        ["dataset", "show", "d", "--json"],
        ["experiment", "status", "hello", "--json"],
        ["template", "list", "--json"],
    ):
        out = harmless(project.qanat(*words).out)
        assert "[bold]x[/bold]" in out
        assert "🧪" in out
        if "--json" in words:
            read = project.qanat(*words).json
            assert NASTY in ([read] if isinstance(read, dict) else read)[-1]["description"]
    assert yaml.safe_load(project.record_files()[0].read_text())["description"] == NASTY
    (project.root / ".qanat/experiments/hello.yaml").write_text(f'"a{NASTY.encode("unicode_escape").decode()}": 1\n')
    harmless(project.qanat("validate", code=1).out)
    harmless(project.qanat("run", "hello", code=2).err)


def test_lines_of_a_table_stay_lines(project: Sandbox) -> None:
    project.qanat("experiment", "update", "hello", "--description", "one\ntwo\r\nthree\tfour", "--commit")
    header, line = project.qanat("experiment", "list").out.splitlines()
    assert header.startswith("Name")
    assert "one\\ntwo\\r\\nthree\\tfour" in line


def run_into_closed_pipe(sandbox: Sandbox, *words: str, stream: str = "stdout") -> tuple[int, str]:
    """Run qanat with a stdout (or stderr) whose reader is gone; return the exit code and the other stream's text."""
    reader, writer = os.pipe()
    os.close(reader)
    other = {"stdout": "stderr", "stderr": "stdout"}[stream]
    with subprocess.Popen(
        [*PROGRAM, *words],
        cwd=sandbox.root,
        # As for most users: what is written is kept until the end.
        env={name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"},
        stdin=subprocess.DEVNULL,
        text=True,
        **{stream: writer, other: subprocess.PIPE},
    ) as process:
        os.close(writer)
        out, err = process.communicate(timeout=60)
    return process.returncode, err if stream == "stdout" else out


def test_a_pipe_that_closes_early_gets_no_traceback(project: Sandbox) -> None:
    for words in (
        ["--help"],
        ["status"],
        ["experiment", "list"],
        ["experiment", "show", "hello"],
        ["experiment", "list", "--json"],
        ["validate"],
        ["run", "hello", "--dry_run", "-R", "--n 0 20000 1"],
    ):
        code, err = run_into_closed_pipe(project, *words)
        assert err == ""
        assert code in (1, 141)


def test_a_run_goes_on_when_nobody_reads_its_output(project: Sandbox) -> None:
    code, err = run_into_closed_pipe(project, "run", "hello")
    assert code == 0
    assert "Run 1 of hello finished" in err
    code, out = run_into_closed_pipe(project, "run", "hello", stream="stderr")
    assert (code, out) == (0, "hello\n")
    assert [record["state"] for record in project.records()] == ["finished", "finished"]
    assert (project.root / "results/hello/run_1/stdout.txt").read_text() == "hello\n"
    assert project.status() == ""


def test_head_gets_the_first_line_and_no_traceback(project: Sandbox) -> None:
    pipeline = '"$@" run hello --dry_run --show-script -R "--n 0 20000 1" | head -1'
    result = call(["sh", "-c", pipeline, "sh", *PROGRAM], project.root)
    assert result.out.startswith("group 0: sh hello.sh --n 0 --storage_path ")
    assert result.err == ""


@pytest.mark.parametrize("command", ["diff", "diff HEAD", "plan good", "report"])
def test_a_commit_that_libgit2_cannot_read_is_the_repository_s_fault(sandbox: Sandbox, command: str) -> None:
    sandbox.experiment("good", "exit 0\n")
    tree = sandbox.git("rev-parse", "HEAD^{tree}")
    person = "Ada <ada@example.org> 99999999999999999999 +0000"  # git takes it for the end of time
    content = f"tree {tree}\nauthor {person}\ncommitter {person}\n\nlate\n"
    late = call(["git", "hash-object", "-t", "commit", "-w", "--literally", "--stdin"], sandbox.root, stdin=content)
    sandbox.git("update-ref", "HEAD", late.out.strip())
    refused = sandbox.qanat(*command.split(), code=2).err
    assert refused.startswith("qanat: the repository has an object that cannot be read: ")
    assert refused.endswith("invalid Unix timestamp\n  hint: git fsck lists those\n")


@pytest.mark.parametrize("without", ["tree:0", "blob:none"])
def test_what_a_partial_clone_lacks_can_be_fetched(sandbox: Sandbox, without: str) -> None:
    sandbox.experiment("good", "exit 0\n")
    sandbox.qanat("experiment", "update", "good", "--description", "better", "--commit")
    sandbox.git("config", "uploadpack.allowFilter", "true")
    clone = Sandbox(sandbox.root.parent / "clone")
    sandbox.git("clone", "--quiet", f"--filter={without}", f"file://{sandbox.root}", str(clone.root))
    refused = clone.qanat("diff", "HEAD~1..HEAD", code=2).err
    assert re.match(r"qanat: the repository lacks an object: .*[0-9a-f]{40}", refused)
    remedy = refused.partition("in a partial clone, get all with: git ")[2]
    clone.git(*remedy.split())
    assert "better" in clone.qanat("diff", "HEAD~1..HEAD").out

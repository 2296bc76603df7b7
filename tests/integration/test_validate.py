"""`qanat validate` and the hook `qanat-validate`: one line per problem, with its file and line."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from qanat.records import schemas
from tests.support.sandbox import Sandbox, call

HOOK = [sys.executable, "-P", "-m", "qanat_hooks.hook", "validate"]
LINE = re.compile(r"(?P<file>[^:]+):(?P<line>\d+): (?:(?P<key>[\w.-]+): )?(?P<problem>.+)")

EXPERIMENT = "schema: experiment/1\nname: {}\nexecutable: good.sh\nexecutable_command: sh\n"
DATASET = "schema: dataset/1\nname: {}\npath: data.csv\n"
TEMPLATE = "schema: template/1\nname: {}\nrunner: slurm\noptions:\n  --ntasks: 1\n"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Sandbox:
    """Return a project with a definition of each kind and a record; every test leaves it as it was."""
    sandbox = Sandbox.make(tmp_path_factory.mktemp("house") / "my project")
    sandbox.write("data.csv", "1\n")
    sandbox.write("good.sh", "echo good\n")
    sandbox.write(".qanat/datasets/data.yaml", DATASET.format("data"))
    sandbox.write(".qanat/experiments/good.yaml", EXPERIMENT.format("good") + "datasets: [data]\n")
    sandbox.write(
        ".qanat/documents/paper.yaml",
        "schema: document/1\nname: paper\npath: .\ncompile_script: good.sh\ncompile_command: sh\n",
    )
    sandbox.commit("definitions")
    sandbox.qanat("run", "good")
    return sandbox


@pytest.fixture(autouse=True)
def left_clean(house: Sandbox) -> Iterator[None]:
    """Restore the project to its last commit after each test."""
    yield
    house.git("reset", "--quiet", "--hard")
    house.git("clean", "--quiet", "--force", "-d", ".qanat", "results")


def both(house: Sandbox, path: str, code: int = 1) -> list[str]:
    """Validate one file with the command and, staged, with the hook, which must agree; return the lines."""
    said = house.qanat("validate", path, code=code)
    house.git("add", "--all", ".qanat")
    hooked = call([*HOOK, path], house.root, code=code)
    assert said.err == hooked.err == ""
    if code:
        assert len(hooked.out.splitlines()) == len(said.out.splitlines())
        assert all(map(str.startswith, hooked.out.splitlines(), map(as_hook, said.out.splitlines())))
    return said.out.splitlines()


def as_hook(line: str) -> str:
    """Return the line with the name of the rule, as the hook prints it before the remedy."""
    return re.sub(r"(:\d+: )", r"\1validate: ", line, count=1) + "; "


def test_a_clean_project_has_no_problem(house: Sandbox) -> None:
    assert house.qanat("validate").out == "checked 8 files, no problems found\n"
    assert house.qanat("validate", "--json").json == []
    assert house.qanat("validate", ".qanat/config.yaml").out == "checked 1 file, no problems found\n"
    names = house.git("ls-files", ".qanat").splitlines()
    assert len(names) == 8
    assert call([*HOOK, *names], house.root).out == ""


X = "experiments/x.yaml"
GOOD = EXPERIMENT.format("x")
DOCUMENT = "schema: document/1\nname: {}\npath: .\ncompile_script: good.sh\ncompile_command: sh\n"
MISPLACED = "1: is not expected here; see What is where in DESIGN.md"
PROBLEMS = [
    # what no kind may have
    (X, "name: [x\n", "2: is not YAML: did not find expected ',' or ']'"),
    (X, "", "1: the file is empty"),
    (X, "- a\n", "1: a list is not a mapping"),
    (X, GOOD + "name: x\n", "5: duplicate key 'name'"),
    (X, EXPERIMENT.format("&a x"), "2: uses an anchor (&name)"),
    (X, EXPERIMENT.format("!!python/name:os.system x"), "2: uses the tag 'tag:yaml.org,"),
    (X, GOOD + "--- {}\n", "1: contains more than one document"),
    (X, GOOD.replace("/1", "/2"), "1: is experiment/2, and this qanat "),
    (X, DATASET.format("x"), "1: schema 'dataset/1' is not experiment/1"),
    (X, "name: x\nexecutable: good.sh\n", "1: schema: is missing"),
    # schemas
    (X, "schema: experiment/1\nname: x\n", "1: executable: is missing"),
    (X, GOOD + "colour: red\n", "5: colour: unknown key; known: schema, "),
    (X, GOOD + "tags: one\n", "5: tags: 'one' is not a list"),
    (X, GOOD + "tags:\n- a\n- 5\n", "7: item 2 of tags: 5 is not text"),
    (X, GOOD + "tags: [a, a]\n", "5: tags: has the same item twice"),
    (X, GOOD + "workdir: home\n", "5: workdir: 'home' is not one of project, checkout"),
    (X, GOOD + "actions:\n  p:\n    description: d\n", "6: actions.p.executable: is missing"),
    (X, EXPERIMENT.format("../x"), "2: name: '../x' may contain only letters a-z A-Z, digits"),
    (X, GOOD + "datasets: [a/b]\n", "5: item 1 of datasets: 'a/b' may contain only letters a-z A-Z, digits"),
    ("datasets/x.yaml", "schema: dataset/1\nname: x\npath: ''\n", "3: path: is empty"),
    ("templates/slurm/x.yaml", TEMPLATE.format("x").replace("\n  --ntasks: 1", " 5"), "4: options: 5 is not a mapping"),
    ("config.yaml", "schema: config/1\nlogging: LOUD\n", "2: logging: 'LOUD' is not one of DEBUG, INFO"),
    ("config.yaml", "schema: config/1\nrecords:\n  commit: never\n", "3: records.commit: 'never' is not one of each"),
    ("documents/x.yaml", DOCUMENT.format("x").replace(": good.sh", ":"), "4: compile_script: nothing is not text"),
    # what schemas cannot say
    (X, EXPERIMENT.format("y"), "2: name: 'y' is not the file name, 'x'"),
    ("datasets/x.yaml", DATASET.format("y"), "2: name: 'y' is not the file name, 'x'"),
    ("documents/x.yaml", DOCUMENT.format("y"), "2: name: 'y' is not the file name, 'x'"),
    ("templates/slurm/x.yaml", TEMPLATE.format("y"), "2: name: 'y' is not the file name, 'x'"),
    (
        "templates/htcondor/x.yaml",
        TEMPLATE.format("x"),
        "3: runner: 'slurm' is not the folder name, 'htcondor'",
    ),
    ("datasets/x.yaml", "schema: dataset/1\nname: x\npath: gone.csv\n", "3: path: gone.csv does not exist"),
    (X, GOOD + "datasets:\n- data\n- gone\n", "7: item 2 of datasets: dataset 'gone' does not exist"),
    (X, GOOD.replace("good.sh", "gone.sh"), "3: executable: gone.sh does not exist"),
    (X, GOOD.replace("good.sh", "../o.sh"), "3: executable: ../o.sh is not inside the project"),
    (X, GOOD.replace("good.sh", "/bin/sh"), "3: executable: /bin/sh is not inside the project"),
    (X, GOOD.replace(": sh", ": sh 'x"), "4: executable_command: no closing quotation"),
    (X, GOOD + "actions:\n  p:\n    executable: gone.py\n", "7: actions.p.executable: gone.py does not exist"),
    # places
    ("x.yaml", GOOD, MISPLACED),
    ("experiments/more/x.yaml", GOOD, MISPLACED),
    ("experiments/x.yml", GOOD, MISPLACED),
    ("templates/x.yaml", TEMPLATE.format("x"), MISPLACED),
    ("runs/x.yaml", "schema: run/1\n", MISPLACED),
]


@pytest.mark.parametrize(("path", "text", "expected"), PROBLEMS, ids=[f"{case[0]}:{case[2]}" for case in PROBLEMS])
def test_a_problem_is_one_line_with_its_place(house: Sandbox, path: str, text: str, expected: str) -> None:
    house.write(f".qanat/{path}", text)
    (line,) = both(house, f".qanat/{path}")
    assert line.startswith(f".qanat/{path}:{expected}")
    assert LINE.fullmatch(line)


def test_every_problem_of_a_file_is_listed_in_the_order_of_its_lines(house: Sandbox) -> None:
    path = ".qanat/experiments/x.yaml"
    house.write(path, "schema: experiment/1\nzebra: 1\ntags: one\nname: a/b\napple: 2\nworkdir: home\n")
    lines = both(house, path)
    found = [match.group("line", "key") for line in lines if (match := LINE.fullmatch(line))]
    assert found == [
        ("1", "executable"),
        ("2", "zebra"),
        ("3", "tags"),
        ("4", "name"),
        ("5", "apple"),
        ("6", "workdir"),
    ]


def test_problems_are_printed_as_json(house: Sandbox) -> None:
    house.write(".qanat/experiments/x.yaml", EXPERIMENT.format("x") + "datasets: [gone]\n")
    house.write(".qanat/datasets/x.yaml", "a: b: c\n")
    first, second = house.qanat("validate", "--json", code=1).json
    assert first == {
        "file": ".qanat/datasets/x.yaml",
        "line": 1,
        "key": "",
        "problem": "is not YAML: mapping values are not allowed in this context",
    }
    assert second == {
        "file": ".qanat/experiments/x.yaml",
        "line": 5,
        "key": "datasets.0",
        "problem": "dataset 'gone' does not exist",
    }


def test_a_problem_stays_one_line_whatever_a_file_holds(house: Sandbox) -> None:
    text = EXPERIMENT.format("x") + 'actions: {"a\\nb\\e[31m": {executable: 5}}\n"c\\n\\e[0md": 1\n'
    house.write(".qanat/experiments/x.yaml", text)
    lines = both(house, ".qanat/experiments/x.yaml")
    known = schemas.schema("experiment")["properties"]
    assert lines == [
        ".qanat/experiments/x.yaml:5: actions: 'a\\nb\\x1b[31m' may contain only letters a-z A-Z, digits and . _ + -, "
        "and must begin with a letter or digit",
        ".qanat/experiments/x.yaml:5: actions.a\\nb\\x1b[31m.executable: 5 is not text",
        f".qanat/experiments/x.yaml:6: c\\n\\x1b[0md: unknown key; known: {', '.join(known)}",
    ]


# ---- records


@pytest.fixture
def record(house: Sandbox) -> Path:
    """Return the file of the one record."""
    (path,) = house.record_files()
    return path


@pytest.mark.parametrize(
    ("old", "new", "place", "expected"),
    [
        (
            "state: finished\n",
            "state: failed\n",
            "state:",
            "state: 'failed' does not match the groups, whose states give",
        ),
        ("- {group: 0", "- {group: 1", "groups:", "groups: are not numbered 0, 1, 2, …"),
        (
            "experiment: good\n",
            "experiment: other\n",
            "id:",
            "id: 1-%s of other belongs in .qanat/runs/other/0/1-%s.yaml",
        ),
        ("\nid: 1-", "\nid: 2-", "id:", "id: 2-%s of good belongs in .qanat/runs/good/0/2-%s.yaml"),
        ("\nhost: ", "\nhots: ", "hots:", "hots: unknown key; known: "),
        ("snapshot: false", "snapshot: maybe", "  snapshot:", "code.snapshot: 'maybe' is not "),
        ("state: finished, ", "state: done, ", "- {group: 0", "groups.0.state: 'done' is not one of queued, "),
        ("storage: results/good/run_1", "storage: 5", "storage:", "storage: 5 is not text"),
    ],
)
def test_a_problem_of_a_record_is_found_where_it_is(
    house: Sandbox, record: Path, old: str, new: str, place: str, expected: str
) -> None:
    text = record.read_text()
    assert text.count(old) == 1
    record.write_text(text.replace(old, new))
    path = record.relative_to(house.root).as_posix()
    lines = both(house, path)
    number = next(n for n, line in enumerate(record.read_text().splitlines(), 1) if line.startswith(place))
    start = f"{path}:{number}: {expected.replace('%s', record.stem.partition('-')[2])}"
    assert [line for line in lines if line.startswith(start)], lines
    assert all(LINE.fullmatch(line) for line in lines)


def test_a_moment_that_never_was_is_found_where_it_is(house: Sandbox, record: Path) -> None:
    text = re.sub(r"created: \S+", "created: 2026-13-32T25:00:00+00:00", record.read_text())
    record.write_text(text)
    (line,) = both(house, record.relative_to(house.root).as_posix())
    assert f"{record.name}:6: created: '2026-13-32T25:00:00+00:00' is not a timestamp such as " in line


def test_a_record_may_outlive_its_experiment(house: Sandbox, record: Path) -> None:
    house.git("rm", "--quiet", ".qanat/experiments/good.yaml")
    assert both(house, record.relative_to(house.root).as_posix(), code=0) == ["checked 1 file, no problems found"]


def test_a_record_of_an_experiment_that_never_was_is_a_problem(house: Sandbox, record: Path) -> None:
    stray = house.root / ".qanat/runs/never/0" / record.name
    stray.parent.mkdir(parents=True)
    stray.write_text(record.read_text().replace("experiment: good\n", "experiment: never\n"))
    path, first = (file.relative_to(house.root).as_posix() for file in (stray, record))
    assert both(house, path) == [
        f"{path}:2: id: run {record.stem} also has the record {first}",
        f"{path}:3: experiment: experiment 'never' does not exist and never did",
    ]


def test_a_record_in_another_folder_is_a_problem(house: Sandbox, record: Path) -> None:
    moved = house.root / ".qanat/runs/good/7" / record.name
    moved.parent.mkdir()
    record.rename(moved)
    path = moved.relative_to(house.root).as_posix()
    assert both(house, path) == [f"{path}:2: id: {record.stem} of good belongs in .qanat/runs/good/0/{record.name}"]


# ---- links and paths


def test_a_symbolic_link_is_a_problem(house: Sandbox) -> None:
    (house.root / ".qanat/experiments/x.yaml").symlink_to(house.root / ".qanat/experiments/good.yaml")
    path = ".qanat/experiments/x.yaml"
    assert both(house, path) == [f"{path}:1: is a symbolic link"]
    assert house.qanat("validate", code=1).out == f"{path}:1: is a symbolic link\n"


def test_a_symbolic_link_to_nothing_is_a_problem(house: Sandbox) -> None:
    (house.root / ".qanat/experiments/x.yaml").symlink_to("gone.yaml")
    assert house.qanat("validate", code=1).out == ".qanat/experiments/x.yaml:1: is a symbolic link\n"
    hooked = call([*HOOK, ".qanat/experiments/x.yaml"], house.root, code=1)
    assert hooked.out.startswith(".qanat/experiments/x.yaml:1: validate: is a symbolic link; fix it")


def test_a_linked_folder_is_a_problem_and_is_not_entered(house: Sandbox, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/x.yaml").write_text("a: b: c\n")
    (house.root / ".qanat/runs/linked").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    assert house.qanat("validate", code=1).out == ".qanat/runs/linked:1: is a symbolic link\n"


def test_the_cache_is_not_looked_at(house: Sandbox) -> None:
    house.write(".qanat/cache/broken.yaml", "a: b: c\n")
    assert house.qanat("validate").out == "checked 8 files, no problems found\n"


def test_files_are_named_from_where_one_stands(house: Sandbox, tmp_path: Path) -> None:
    house.write(".qanat/experiments/x.yaml", EXPERIMENT.format("y"))
    line = ".qanat/experiments/x.yaml:2: name: 'y' is not the file name, 'x'"
    (tmp_path / "link").symlink_to(house.root, target_is_directory=True)
    for cwd, name in (
        (house.root / ".qanat", "experiments/x.yaml"),
        (house.root / ".qanat/datasets", "../experiments/x.yaml"),
        (house.root, str(house.root / ".qanat/experiments/x.yaml")),
        (house.root, str(tmp_path / "link/.qanat/experiments/x.yaml")),
    ):
        assert house.qanat("validate", name, cwd=cwd, code=1).out == f"{line}\n"
        assert call([*HOOK, name], cwd, code=1).out.startswith(as_hook(line))


def test_the_hook_passes_over_deleted_files_and_needs_a_project(house: Sandbox, tmp_path: Path) -> None:
    assert call([*HOOK, ".qanat/experiments/deleted.yaml"], house.root).out == ""
    result = call([*HOOK, "x.yaml"], tmp_path, code=2)
    assert result.err == f"qanat-hook validate: {tmp_path} is not in a git repository\n"


def test_the_hook_is_not_misled_by_gits_own_variables(house: Sandbox, tmp_path: Path, record: Path) -> None:
    call(["git", "init", "--quiet"], tmp_path)
    env = {"GIT_DIR": str(tmp_path / ".git"), "GIT_INDEX_FILE": str(tmp_path / ".git/index")}
    house.git("rm", "--quiet", ".qanat/experiments/good.yaml")
    name = record.relative_to(house.root).as_posix()
    assert call([*HOOK, name], house.root, env=env).out == ""


def test_validate_changes_nothing(house: Sandbox) -> None:
    house.write(".qanat/experiments/x.yaml", EXPERIMENT.format("y"))
    before = house.status(), house.git("rev-parse", "HEAD")
    assert house.qanat("validate", code=1).out == ".qanat/experiments/x.yaml:2: name: 'y' is not the file name, 'x'\n"
    assert (house.status(), house.git("rev-parse", "HEAD")) == before


def test_a_template_that_run_refuses_is_a_problem_at_its_line(sandbox: Sandbox) -> None:
    sandbox.experiment("e", "echo\n")
    sandbox.write(
        ".qanat/templates/slurm/wrong.yaml",
        "schema: template/1\nname: wrong\nrunner: slurm\noptions:\n  --time: '1'\n  --job-name: x\n",
    )
    sandbox.write(".qanat/config.yaml", "schema: config/1\nslurm:\n  other: {--array: 1-3}\n")
    sandbox.commit()
    assert sandbox.qanat("validate", code=1).out.splitlines() == [
        ".qanat/config.yaml:3: slurm.other.--array: is set by qanat and cannot be in a template",
        ".qanat/templates/slurm/wrong.yaml:6: options.--job-name: is set by qanat and cannot be in a template",
    ]
    refused = sandbox.qanat("run", "e", "--runner", "slurm", "--submit-template", "wrong", code=2).err
    assert refused == (
        "qanat: template wrong: --job-name: is set by qanat and cannot be in a template\n"
        "  hint: qanat template show wrong --check\n"
    )


def test_a_command_that_this_machine_lacks_is_noted_and_no_problem(sandbox: Sandbox) -> None:
    sandbox.experiment("e", "echo\n", executable_command="pythn -u")
    result = sandbox.qanat("validate", "--strict")
    assert result.err == "note: experiment e: pythn is not on the PATH here\n"
    printed = sandbox.qanat("validate", "--json")
    (note,) = printed.json
    assert printed.err == ""
    problem = "experiment e: pythn is not on the PATH here"
    assert note == {"file": None, "line": None, "key": "", "problem": problem, "note": True}
    assert sandbox.qanat("validate", ".qanat/config.yaml").err == ""


def test_data_that_a_clone_cannot_have_are_noted_and_no_problem(sandbox: Sandbox) -> None:
    sandbox.write(".qanat/datasets/big.yaml", "schema: dataset/1\nname: big\npath: /nowhere/big\n")
    result = sandbox.qanat("validate", "--strict")
    assert result.err == (
        "note: dataset big: /nowhere/big does not exist here, and it is outside of the repository, "
        "so it is not part of a clone; copy it there, or: qanat dataset update big --path PATH\n"
    )
    assert result.out.endswith(", no problems found\n")

"""Repeating a run with the same code, parameters, files and data, and comparing the results."""

from __future__ import annotations

import json
import shlex
import shutil
import sys
from pathlib import Path

import pytest
import yaml

from tests.integration.life.endings import exit_code
from tests.support.sandbox import Sandbox, wait_until

# Writes what it was given and what it finds into its directory.
REPORTS = """\
import json, pathlib, sys
folder = pathlib.Path(sys.argv[sys.argv.index("--storage_path") + 1])
data = [pathlib.Path(sys.argv[i + 1]) for i, word in enumerate(sys.argv) if word == "--dataset_path"]
(folder / "args.json").write_text(json.dumps(sys.argv[1:sys.argv.index("--storage_path")]))
(folder / "code.txt").write_text(pathlib.Path("code.txt").read_text())
(folder / "data.json").write_text(json.dumps({path.name: path.read_text() for path in data}))
(folder / "where.txt").write_text(str(pathlib.Path.cwd()))
"""
OPENS = """\
import pathlib, sys
folder = pathlib.Path(sys.argv[sys.argv.index("--storage_path") + 1])
name = next(word.removeprefix("--config=") for word in sys.argv[1:] if word not in ("--config", "x"))
(folder / "read").write_text(pathlib.Path(name).read_text())
"""


@pytest.fixture
def reports(sandbox: Sandbox) -> Sandbox:
    """Return a project whose program reports what it was given, with data that is tracked, ignored, and elsewhere."""
    sandbox.write("code.txt", "first")
    sandbox.write("tracked.csv", "tracked")
    sandbox.write("ignored.csv", "ignored")
    sandbox.write(".gitignore", (sandbox.root / ".gitignore").read_text() + "ignored.csv\n*.secret\n")
    outside = sandbox.root.parent / "outside.csv"
    outside.write_text("outside")
    for name, path in (("t", "tracked.csv"), ("i", "ignored.csv"), ("o", outside)):
        sandbox.write(f".qanat/datasets/{name}.yaml", f"schema: dataset/1\nname: {name}\npath: {path}\n")
    sandbox.python_experiment("reports", REPORTS, datasets=["t", "i", "o"])
    return sandbox


def storage(sandbox: Sandbox, run: int, experiment: str = "reports") -> Path:
    return sandbox.root / f"results/{experiment}/run_{run}"


def read(sandbox: Sandbox, run: int, name: str, experiment: str = "reports") -> str:
    return (storage(sandbox, run, experiment) / name).read_text()


def test_a_rerun_has_the_same_code_parameters_and_data_and_is_linked_to_the_first(reports: Sandbox) -> None:
    words = ["--tag", "paper", "--description", "The first", "reports", "x", "--n", "a b", "-lr", "1"]
    reports.qanat("run", *words, "-g", "--m 1", "-g", "--m 2", "-R", "--seed 0 2 1")
    first = reports.record(1)
    reports.write("code.txt", "second")
    reports.write("tracked.csv", "changed")
    reports.write(".qanat/experiments/reports.yaml", "schema: experiment/1\nname: reports\nexecutable: code.txt\n")
    reports.commit()
    reports.qanat("rerun", "1")
    again = reports.record(2)
    assert again["rerun_of"] == first["id"]
    assert again["tags"] == ["rerun"]
    for key in ("experiment", "description", "command", "datasets", "parameters"):
        assert again[key] == first[key]
    assert [g["args"] for g in again["groups"]] == [g["args"] for g in first["groups"]]
    assert {k: again["code"][k] for k in ("commit", "tree", "branch")} == {
        k: first["code"][k] for k in ("commit", "tree", "branch")
    }
    assert (first["code"]["workdir"], again["code"]["workdir"]) == ("project", "checkout")
    for group in range(4):
        own = f"group_{group}/"
        assert read(reports, 2, f"{own}code.txt") == "first"
        assert json.loads(read(reports, 2, f"{own}data.json")) == {
            "tracked.csv": "tracked",
            "ignored.csv": "ignored",
            "outside.csv": "outside",
        }
        assert read(reports, 2, f"{own}args.json") == read(reports, 1, f"{own}args.json")
    assert f"🔁 Rerun of: {first['id']}" in reports.qanat("show", "2").out
    assert reports.status() == ""


def test_experiment_rerun_is_the_same_and_a_rerun_can_be_run_again(reports: Sandbox) -> None:
    reports.qanat("run", "reports", "--n", "1")
    reports.qanat("experiment", "rerun", "reports", "1")
    reports.qanat("rerun", "2")
    records = [reports.record(n) for n in (1, 2, 3)]
    assert [r.get("rerun_of") for r in records] == [None, records[0]["id"], records[1]["id"]]
    assert [r["tags"] for r in records] == [[], ["rerun"], ["rerun"]]


def test_the_runner_may_be_another_if_there_is_such_a_one(reports: Sandbox) -> None:
    reports.qanat("run", "reports")
    reports.qanat("rerun", "1", "--runner", "local")
    assert reports.record(2)["runner"]["name"] == "local"
    result = reports.qanat("rerun", "1", "--runner", "nowhere", code=2)
    assert result.err.startswith("qanat: runner 'nowhere' does not exist")
    assert len(reports.records()) == 2


def test_a_dirty_tree_and_staged_work_are_left_alone(reports: Sandbox) -> None:
    reports.qanat("run", "reports")
    reports.write("code.txt", "dirty")
    reports.write("new.txt", "staged")
    reports.git("add", "new.txt")
    status = reports.status()
    reports.qanat("rerun", "1")
    assert read(reports, 2, "code.txt") == "first"
    assert reports.status() == status


def test_a_rerun_is_recorded_on_the_branch_from_which_it_was_launched(reports: Sandbox) -> None:
    reports.git("checkout", "--quiet", "-b", "topic")
    reports.qanat("run", "reports")
    reports.git("checkout", "--quiet", "main")
    reports.git("merge", "--quiet", "topic")
    reports.git("branch", "--quiet", "-D", "topic")
    result = reports.qanat("rerun", "1")
    assert "note" not in result.err
    assert reports.record(2)["code"]["branch"] == "main"
    assert len(reports.committed_records("main")) == 2


def test_a_snapshot_is_run_again_as_it_was(reports: Sandbox) -> None:
    reports.write("code.txt", "never committed")
    reports.qanat("run", "--snapshot", "reports")
    reports.write("code.txt", "other")
    reports.qanat("rerun", "1")
    assert read(reports, 2, "code.txt") == "never committed"
    assert reports.record(2)["code"]["snapshot"] is True
    refs = reports.git("for-each-ref", "--format=%(refname)", "refs/qanat/snapshots").splitlines()
    assert refs == [f"refs/qanat/snapshots/{reports.record(n)['id']}" for n in (1, 2)]


@pytest.mark.parametrize("dataset", ["i", "o"])
def test_data_that_do_not_exist_are_said_before_anything_starts(reports: Sandbox, dataset: str) -> None:
    reports.qanat("run", "reports")
    path = {"i": reports.root / "ignored.csv", "o": reports.root.parent / "outside.csv"}[dataset]
    path.unlink()
    result = reports.qanat("rerun", "1", code=2)
    said = f"qanat: dataset {dataset} of run 1: {path} does not exist here\n"
    why = {"i": "git ignores it", "o": "it is outside of the repository"}[dataset]
    copy = f"{why}, so it is not part of a clone: copy it there"
    assert result.err == f"{said}  hint: {copy}, or run with other data: qanat run reports\n"
    assert len(reports.records()) == 1
    assert not storage(reports, 2).exists()


# ---- inputs that git ignores


@pytest.mark.parametrize("words", [["--config", "a.secret"], ["--config=a.secret"], ["--config", "./a.secret"]])
def test_an_ignored_input_that_is_named_is_there_in_the_checkout(sandbox: Sandbox, words: list[str]) -> None:
    sandbox.write(".gitignore", (sandbox.root / ".gitignore").read_text() + "*.secret\n/deep\n")
    sandbox.python_experiment("opens", OPENS)
    sandbox.write("a.secret", "hidden")
    sandbox.write("deep/b.secret", "hidden deep")
    sandbox.qanat("run", "opens", *words)
    assert sandbox.record()["submission"]["inputs"] == ["a.secret"]
    sandbox.qanat("rerun", "1")
    assert read(sandbox, 2, "read", "opens") == "hidden"
    assert sandbox.record(2)["submission"]["inputs"] == ["a.secret"]
    (sandbox.root / "a.secret").unlink()
    for number in ("1", "2"):
        result = sandbox.qanat("rerun", number, code=2)
        said = f"qanat: input a.secret of run {number}, which git ignores, no longer exists\n"
        assert result.err == f"{said}  hint: restore it, or run with another one: qanat run opens\n"
    assert len(sandbox.records()) == 2


def test_an_ignored_input_in_a_folder_of_the_commit_and_a_whole_ignored_folder_are_there(sandbox: Sandbox) -> None:
    sandbox.write(".gitignore", (sandbox.root / ".gitignore").read_text() + "*.secret\n/models\n")
    sandbox.write("conf/tracked.txt", "tracked")
    sandbox.experiment("cats", 'cat "$2" "$4/m.bin" conf/tracked.txt')
    sandbox.write("conf/a.secret", "hidden")
    sandbox.write("models/big/m.bin", "weights")
    sandbox.qanat("run", "cats", "--config", "conf/a.secret", "--model", "models/big/")
    assert sandbox.record()["submission"]["inputs"] == ["conf/a.secret", "models/big"]
    assert sandbox.qanat("rerun", "1").out == "hiddenweightstracked"


def test_a_word_that_names_nothing_or_something_tracked_is_no_input(sandbox: Sandbox) -> None:
    sandbox.write(".gitignore", (sandbox.root / ".gitignore").read_text() + "*.log\n")
    sandbox.experiment("writes", 'echo x >"$2"; cat writes.sh >/dev/null')
    sandbox.qanat("run", "writes", "--log", "out.log", "--code", "writes.sh", "--here", ".", "--up", "..", "3", "")
    assert "inputs" not in sandbox.record()["submission"]
    (sandbox.root / "out.log").unlink()
    sandbox.qanat("rerun", "1")
    assert not (sandbox.root / "out.log").exists()


# ---- the parameters file


@pytest.mark.parametrize("form", [["--config", "{}"], ["--config={}"]])
@pytest.mark.parametrize("place", ["ignored", "elsewhere"])
def test_a_rerun_reads_the_parameters_file_that_was_kept_and_not_todays(
    sandbox: Sandbox, place: str, form: str
) -> None:
    sandbox.write(".gitignore", (sandbox.root / ".gitignore").read_text() + "*.toml\n")
    sandbox.python_experiment("opens", OPENS)
    config = sandbox.root / "conf.toml" if place == "ignored" else sandbox.root.parent / "conf.toml"
    word = "conf.toml" if place == "ignored" else str(config)
    config.write_text("first")
    sandbox.qanat("run", "opens", *(part.format(word) for part in form), "--parameters_file", word)
    config.write_text("second")
    sandbox.qanat("rerun", "1")
    config.unlink()
    sandbox.qanat("rerun", "2")
    for number in (1, 2, 3):
        folder = storage(sandbox, number, "opens")
        assert (folder / "read").read_text() == "first"
        assert (folder / "parameters_files/conf.toml").read_text() == "first"


@pytest.mark.parametrize(
    ("cwd", "file", "word"),
    [
        ("sub", "conf.toml", "sub/conf.toml"),
        ("sub", "../sub/conf.toml", "./sub/conf.toml"),
        (".", "{root}/sub/conf.toml", "sub/conf.toml"),
        (".", "sub/conf.toml", "{root}/sub/conf.toml"),
        (".", "../conf.toml", "../conf.toml"),
    ],
)
def test_however_the_file_was_named_a_rerun_reads_the_kept_one(
    sandbox: Sandbox, cwd: str, file: str, word: str
) -> None:
    sandbox.write(".gitignore", (sandbox.root / ".gitignore").read_text() + "*.toml\n")
    sandbox.python_experiment("opens", OPENS)
    for config in ("sub/conf.toml", "../conf.toml"):
        sandbox.write(config, "first")
    file, word = (text.format(root=sandbox.root) for text in (file, word))
    sandbox.qanat("run", "opens", "--config", word, "--parameters_file", file, cwd=sandbox.root / cwd)
    sandbox.qanat("rerun", "1")
    for config in ("sub/conf.toml", "../conf.toml"):
        sandbox.write(config, "second")
    sandbox.qanat("rerun", "1")
    assert [read(sandbox, n, "read", "opens") for n in (1, 2, 3)] == ["first"] * 3


def test_a_rerun_of_a_rerun_reads_its_own_copy(sandbox: Sandbox) -> None:
    sandbox.python_experiment("opens", OPENS)
    config = sandbox.root.parent / "conf.toml"
    config.write_text("first")
    sandbox.qanat("run", "opens", "--config", str(config), "--parameters_file", str(config))
    config.write_text("second")
    sandbox.qanat("rerun", "1")
    sandbox.qanat("delete", "1", "--yes")
    sandbox.qanat("rerun", "2")
    assert read(sandbox, 3, "read", "opens") == "first"


def test_an_unchanged_parameters_file_leaves_the_words_as_they_were(sandbox: Sandbox) -> None:
    sandbox.python_experiment("opens", OPENS)
    config = sandbox.root.parent / "conf.toml"
    config.write_text("first")
    sandbox.qanat("run", "opens", "--config", str(config), "--parameters_file", str(config))
    sandbox.qanat("rerun", "1")
    assert sandbox.record(2)["parameters"] == sandbox.record(1)["parameters"]
    assert sandbox.record(2)["groups"][0]["args"] == ["--config", str(config)]


def test_the_copy_of_a_parameters_file_reaches_the_program_and_that_of_a_rerun(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    sandbox.experiment("opens", 'cat "$2" "$QANAT_PARAMETERS_FILE"; echo "$1"\n')
    config = tmp_path / "conf.toml"
    config.write_text("first\n")
    words = ("--parameters_file", str(config), "opens", "--from={parameters_file}", "{parameters_file}")
    (dry,) = sandbox.qanat("run", "--dry-run", "--json", *words).json
    kept = sandbox.root / "results/opens/run_1/parameters_files/conf.toml"
    assert dry["command"][2:4] == [f"--from={kept}", str(kept)]
    assert sandbox.qanat("run", *words).out == f"first\nfirst\n--from={kept}\n"
    assert sandbox.record()["groups"][0]["args"] == ["--from={parameters_file}", "{parameters_file}"]
    config.write_text("second\n")
    assert sandbox.qanat("rerun", "1").out == f"first\nfirst\n--from={str(kept).replace('run_1', 'run_2')}\n"
    assert sandbox.qanat("run", "opens", "{parameters_file}", code=2).err == (
        "qanat: the arguments contain {parameters_file}, but there is no parameters file\n"
        "  hint: add --parameters-file FILE\n"
    )


def test_a_tracked_parameters_file_is_that_of_the_commit(sandbox: Sandbox) -> None:
    sandbox.write("conf.toml", "first")
    sandbox.python_experiment("opens", OPENS)
    sandbox.qanat("run", "opens", "--config", "conf.toml", "--parameters_file", "conf.toml")
    sandbox.write("conf.toml", "second")
    sandbox.commit()
    sandbox.qanat("rerun", "1")
    assert read(sandbox, 2, "read", "opens") == "first"
    assert read(sandbox, 2, "parameters_files/conf.toml", "opens") == "first"
    assert sandbox.record(2)["groups"][0]["args"] == ["--config", "conf.toml"]


def test_a_kept_parameters_file_that_is_gone_is_said(sandbox: Sandbox) -> None:
    sandbox.write("conf.toml", "first")
    sandbox.python_experiment("opens", OPENS)
    sandbox.qanat("run", "opens", "--config", "conf.toml", "--parameters_file", "conf.toml")
    kept = storage(sandbox, 1, "opens") / "parameters_files/conf.toml"
    kept.unlink()
    result = sandbox.qanat("rerun", "1", code=2)
    assert f"the parameters file that run 1 kept, {kept}, no longer exists\n" in result.err
    assert "  hint: repeat it with: qanat run opens --parameters-file FILE\n" in result.err
    assert len(sandbox.records()) == 1


# ---- --check

MEASURES = """\
import json, os, pathlib, sys
folder = pathlib.Path(sys.argv[sys.argv.index("--storage_path") + 1])
again = os.environ.get("AGAIN", "")
acc = 0.5 + {"near": 1e-12, "far": 0.1}.get(again, 0)
(folder / "scores.json").write_text(json.dumps({"acc": acc}))
(folder / "table.csv").write_text("x,y\\n1,2\\n")
(folder / ("other.bin" if again == "far" else "model.bin")).write_bytes(b"weights")
print("measured")
sys.exit(int(os.environ.get("CODE", "0")))
"""
ACTION = """\
import pathlib, sys
name = sys.argv[1] if len(sys.argv) > 3 else "deep/plot.svg"
file = pathlib.Path(sys.argv[sys.argv.index("--storage_path") + 1]) / name
file.parent.mkdir(exist_ok=True)
file.write_text("drawn")
"""


@pytest.fixture
def measured(sandbox: Sandbox) -> Sandbox:
    """Return a project with a run that left files."""
    sandbox.python_experiment("measures", MEASURES)
    sandbox.qanat("run", "measures", "--n", "1")
    return sandbox


def test_outputs_that_are_the_same_are_identical(measured: Sandbox) -> None:
    result = measured.qanat("rerun", "1", "--check")
    assert result.out == "measured\n"
    assert result.err.endswith("\nidentical: 5 files of runs 1 and 2\n")


def test_an_error_that_differs_in_the_path_of_the_checkout_only_is_equal(sandbox: Sandbox) -> None:
    sandbox.python_experiment("breaks", "import sys\nprint(__file__)\nsys.exit(f'{__file__}: no')\n")
    sandbox.qanat("run", "breaks", "--n", "1", code=1)
    result = sandbox.qanat("rerun", "1", "--check")
    file = "(but for the path of the checkout)"
    assert f"equal      stderr.txt {file}\nequal      stdout.txt {file}\n" in result.out
    assert "equal, but not identical: 2 of 2 files of runs 1 and 2" in result.err
    printed = sandbox.root / "results/breaks/run_1/stdout.txt"
    printed.write_text(printed.read_text().replace("/breaks", "/other"))
    assert "different  stdout.txt" in sandbox.qanat("rerun", "1", "--check", code=1).out


def test_equal_numbers_are_told_from_different_ones_and_only_these_fail_the_check(measured: Sandbox) -> None:
    result = measured.qanat("rerun", "1", "--check", env={"AGAIN": "near"})
    assert "equal      scores.json (within 1e-09)\n4 files identical\n  code: the same\n" in result.out
    assert result.err.endswith("\nequal, but not identical: 1 of 5 files of runs 1 and 2\n")
    result = measured.qanat("rerun", "1", "--check", code=1, env={"AGAIN": "far"})
    assert "different  scores.json (acc: 0.5 and 0.6)\n" in result.out
    assert "missing    model.bin (not in the second)\n" in result.out
    assert "missing    other.bin (not in the first)\n" in result.out
    result = measured.qanat("rerun", "1", "--check", "--rtol", "0.5", code=1, env={"AGAIN": "far"})
    assert "equal      scores.json (within 0.5)\n" in result.out
    assert measured.qanat("rerun", "1", "--check", "--rtol", "-1", code=2).out == ""


def test_the_check_as_json_is_nothing_but_json(measured: Sandbox) -> None:
    found = measured.qanat("rerun", "1", "--check", "--json", env={"AGAIN": "near"}).json
    assert (found["first"], found["second"]) == tuple(r["id"] for r in measured.records())
    assert (found["identical"], found["equal"]) == (False, True)
    assert found["files"][1] == {"file": "scores.json", "verdict": "equal", "detail": "within 1e-09", "count": 1}
    names = [row["file"] for row in found["files"]]
    assert names == ["model.bin", "scores.json", "stderr.txt", "stdout.txt", "table.csv"]
    assert found["causes"][0] == "code: the same"


RANDOM = """\
import json, os, pathlib, random, sys
folder = pathlib.Path(sys.argv[sys.argv.index("--storage_path") + 1])
drawn = random.random()
(folder / "metrics.json").write_text(json.dumps({"acc": 0.5, "drawn": drawn}))
(folder / "drawn.txt").write_text(str(drawn))
(folder / "same.txt").write_text("the same")
print("saved to", folder)
"""


def test_a_fresh_clone_is_compared_with_the_record_and_says_so_before_it_begins(sandbox: Sandbox) -> None:
    sandbox.python_experiment("draws", RANDOM.replace("random.random()", "0.25"))
    sandbox.qanat("run", "draws", "-R", "--seed 0,1")
    before = sandbox.record()
    clone = Sandbox(sandbox.root.parent / "clone")
    sandbox.git("clone", "-q", str(sandbox.root), str(clone.root))
    result = clone.qanat("rerun", "1", "--check")
    about = "the results of run 1 are not here: comparing with the metrics and the digest of the outputs in its record"
    assert result.err.startswith(f"note: {about}\nRun 2 of draws: ")
    assert result.err.endswith("\nidentical: 6 files and 4 metrics of runs 1 and 2\n")
    clone.python_experiment("draws", RANDOM)
    result = clone.qanat("rerun", "1", "--check", "--head", code=1)
    assert "different  group_0 (3 files, " in result.out
    assert "different  group 1: drawn (0.25 and 0." in result.out
    assert "\n0 files identical\n  code: 1 file differs: draws.py\n" in result.out
    assert result.err.endswith("\nnot identical: the outputs of 2 of 2 groups and 2 of 4 metrics of runs 1 and 3\n")
    assert clone.record(1) == before


def test_what_an_action_made_or_changed_is_not_what_the_run_had_left(measured: Sandbox) -> None:
    command = f"{shlex.quote(sys.executable)} draw.py"
    measured.write("draw.py", ACTION)
    measured.qanat("experiment", "update", "measures", "--action", f"draw={command}")
    measured.commit()
    measured.qanat("action", "measures", "draw", "1")
    result = measured.qanat("rerun", "1", "--check")
    assert "plot.svg" not in result.out
    assert result.err.endswith("\nidentical: 5 files of runs 1 and 2\n")
    measured.qanat("action", "measures", "draw", "1", "model.bin")
    result = measured.qanat("rerun", "1", "--check")
    note = "note: model.bin of run 1 is gone or changed: comparing with the manifest beside the results\n"
    assert result.err.startswith(note)
    assert result.err.endswith("\nidentical: 5 files of runs 1 and 3\n")
    result = measured.qanat("rerun", "1", "--check", code=1, env={"AGAIN": "far"})
    assert result.err.startswith(note)
    assert "missing    model.bin (not in the second)\n" in result.out


def test_results_that_were_removed_in_part_are_compared_as_far_as_they_are_known(sandbox: Sandbox) -> None:
    sandbox.python_experiment("draws", RANDOM)
    sandbox.qanat("run", "draws", "-R", "--seed 0,1")
    results = sandbox.root / "results/draws/run_1"
    (results / "group_0/drawn.txt").unlink()
    (results / "group_0/stdout.txt").unlink()
    shutil.rmtree(results / "group_1")
    result = sandbox.qanat("rerun", "1", "--check", code=1)
    known = "comparing with the metrics and the digest of the outputs in its record"
    assert result.err.splitlines()[:2] == [
        "note: group_0/drawn.txt of run 1 is gone or changed: comparing with the manifest beside the results",
        f"note: files of group 1 of run 1 are gone or changed: {known}",
    ]
    assert "different  group_0/drawn.txt (" in result.out
    assert "different  group_1 (3 files, " in result.out
    assert "same.txt" not in result.out
    assert "group_0/stdout.txt" not in result.out
    assert "\n2 files identical\n" in result.out  # and stderr.txt
    found = "the outputs of 1 of 2 groups and 2 of 4 metrics of runs 1 and 2"
    assert result.err.endswith(f"\nnot identical: 2 of 4 files, {found}\n")


def test_a_run_of_which_nothing_is_left_is_refused_before_anything_runs(sandbox: Sandbox) -> None:
    sandbox.experiment("says", "echo said\n")
    sandbox.qanat("run", "says")
    folder = sandbox.root / "results/says/run_1"
    shutil.rmtree(folder)
    refused = sandbox.qanat("rerun", "1", "--check", code=2)
    what = "and its record has neither metrics nor a manifest to compare with"
    assert refused.err.startswith(f"qanat: the results of run 1 are missing: {folder}, {what}\n  hint: ")
    assert len(sandbox.records()) == 1


PLANTS = """\
mkdir "$2/deep"
ln -s {file} "$2/deep/link"
ln -s {folder} "$2/folder"
mkfifo "$2/pipe" "$2/qanat_manifest.jsonl"
truncate -s 4T "$2/huge.bin"
echo small >"$2/deep/small.txt"
"""


def test_links_and_pipes_and_holes_in_a_storage_directory_cost_no_time(sandbox: Sandbox) -> None:
    secret = sandbox.root.parent / "secret.txt"
    secret.write_text("secret")
    paths = {"file": shlex.quote(str(secret)), "folder": shlex.quote(str(secret.parent))}
    sandbox.experiment("plants", PLANTS.format(**paths))
    sandbox.qanat("run", "plants")
    (group,) = sandbox.record()["groups"]
    assert group["outputs"] | {"digest": ""} == {"files": 2, "bytes": 2**42 + 6, "digest": "", "by_size": 1}
    lines = (sandbox.root / "results/plants/run_1/qanat_manifest.jsonl").read_text().splitlines()
    assert [json.loads(line)["path"] for line in lines] == ["deep/small.txt", "huge.bin"]
    assert json.loads(lines[1])["sha256"] is None
    shutil.rmtree(sandbox.root / "results/plants/run_1")
    result = sandbox.qanat("rerun", "1", "--check")
    assert "\nnote: compared by size, at least in part: all outputs\n" in result.err
    assert result.err.endswith("\nidentical: 2 files of runs 1 and 2\n")


def test_a_check_of_a_failed_run_succeeds_if_the_rerun_fails_and_leaves_the_same(sandbox: Sandbox) -> None:
    sandbox.python_experiment("measures", MEASURES)
    sandbox.qanat("run", "measures", code=1, env={"CODE": "3"})
    result = sandbox.qanat("rerun", "1", "--check", env={"CODE": "3"})
    assert "identical: 5 files" in result.err
    assert "group 0: exit code 3" in result.err
    assert "not identical" in sandbox.qanat("rerun", "1", "--check", code=1, env={"CODE": "4"}).err


def test_files_of_groups_are_compared_group_by_group(sandbox: Sandbox) -> None:
    sandbox.experiment("echoes", 'echo "$2" >"$4/out.txt"; cp "$4/group_info.yaml" "$4/deep.yaml"')
    sandbox.qanat("run", "echoes", "-R", "--n 0,1")
    result = sandbox.qanat("rerun", "1", "--check", code=1)
    assert "different  group_1/deep.yaml\n" in result.out
    assert "out.txt" not in result.out
    assert "info.yaml" not in result.out.replace("deep.yaml", "")


def test_a_run_that_goes_on_cannot_be_checked_against(sandbox: Sandbox) -> None:
    sandbox.experiment("waits", "while [ ! -e ../open ]; do sleep 0.02; done")
    process = sandbox.start("run", "waits")
    wait_until(sandbox.record_files)
    wait_until(lambda: sandbox.qanat("show", "1", "--json").json["state"] == "running")
    result = sandbox.qanat("rerun", "1", "--check", code=2)
    assert "qanat: run 1 is still running, so its outputs cannot be compared\n" in result.err
    (sandbox.root.parent / "open").touch()
    assert exit_code(process) == 0


def test_info_yaml_tells_what_the_rerun_works_in(reports: Sandbox) -> None:
    reports.qanat("run", "reports")
    reports.qanat("rerun", "1")
    info = yaml.safe_load(read(reports, 2, "info.yaml"))
    assert info["working_directory"] == read(reports, 2, "where.txt")
    assert info["working_directory"] == str(reports.root / reports.record(2)["submission"]["checkout"])
    assert info["commands"][0].startswith(shlex.quote(sys.executable))


def test_as_many_groups_run_at_a_time_as_in_the_first_run_unless_it_is_said(sandbox: Sandbox) -> None:
    sandbox.experiment("brief", "exit 0\n")
    sandbox.qanat("run", "brief", "-R", "--n 0 3 1", "-j", "2")
    sandbox.qanat("rerun", "1")
    sandbox.qanat("rerun", "1", "-j", "3")
    assert [sandbox.record(n)["runner"]["options"]["n_threads"] for n in (1, 2, 3)] == [2, 2, 3]


# ---- some groups, and the code as it is now


def test_after_a_bug_is_fixed_the_groups_that_failed_are_run_with_the_new_code(sandbox: Sandbox) -> None:
    sandbox.experiment("fix", 'echo "$*"; [ "$1" != "a b" ]\n')
    sandbox.qanat("run", "--tag", "paper", "fix", "-g", "1", "-g", "'a b'", code=1)
    (sandbox.root / sandbox.record()["command"][-1]).write_text('echo "fixed: $*"\n')
    refused = sandbox.qanat("rerun", "1", "--failed", "--head", code=2)
    assert "uncommitted changes" in refused.err
    assert sandbox.qanat("rerun", "1", "--failed", "--head", "--commit-message", "fix it").out.startswith("fixed: a b ")
    old, new = sandbox.record(1), sandbox.record(2)
    assert (new["rerun_of"], new["tags"], new["state"]) == (old["id"], ["rerun"], "finished")
    assert [group["args"] for group in new["groups"]] == [["a b"]]
    assert new["code"]["tree"] != old["code"]["tree"]
    assert sandbox.git("log", "-1", "--format=%s", new["code"]["commit"]) == "fix it"
    assert [group["state"] for group in sandbox.record(1)["groups"]] == ["finished", "failed"]


def test_some_groups_are_repeated_with_the_same_code(sandbox: Sandbox) -> None:
    sandbox.experiment("fix", 'echo "$1"; [ "$1" != 2 ]\n')
    sandbox.qanat("run", "fix", "-R", "pos_0 0 4 1", code=1)
    sandbox.qanat("rerun", "1", "--failed", code=1)
    sandbox.qanat("rerun", "1", "--group", "3", "--group", "0")
    failed, chosen = sandbox.record(2), sandbox.record(3)
    assert [group["args"] for group in failed["groups"]] == [["2"]]
    assert [group["args"] for group in chosen["groups"]] == [["0"], ["3"]]
    assert chosen["code"]["commit"] == sandbox.record(1)["code"]["commit"]
    assert chosen["parameters"]["groups"] == ["0", "3"]
    assert sandbox.qanat("rerun", "3", "--failed", code=2).err.startswith("qanat: every group of run 3 has finished\n")
    assert sandbox.qanat("rerun", "1", "--group", "9", code=2).err.startswith("qanat: run 1 has no group 9")
    refused = sandbox.qanat("rerun", "1", "--failed", "--group", "0", code=2).err
    assert refused == "qanat: group 0 of run 1 has finished\n  hint: to run it again, leave out --failed\n"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--check", "--group", "0"], "--check compares a whole run"),
        (["--check", "--failed"], "--check compares a whole run"),
        (["--rtol", "0.1"], "--rtol requires --check"),
        (["--json"], "--json requires --check"),
        (["--commit-message", "m"], "a rerun runs the commit of the first run"),
        (["--snapshot"], "a rerun runs the commit of the first run"),
        (["--max-running", "2"], "--max-running cannot be used with runner local"),
        (["--cancel-on-interrupt"], "--cancel-on-interrupt requires --wait"),
    ],
)
def test_options_of_a_rerun_that_contradict_each_other_are_refused(
    sandbox: Sandbox, words: list[str], sentence: str
) -> None:
    sandbox.experiment("ok", "exit 0\n")
    sandbox.qanat("run", "ok")
    assert sandbox.qanat("rerun", "1", *words, code=2).err.startswith(f"qanat: {sentence}\n")
    assert sandbox.qanat("experiment", "rerun", "ok", "1", *words, code=2).err.startswith(f"qanat: {sentence}\n")
    assert len(sandbox.records()) == 1

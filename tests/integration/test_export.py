"""`qanat export`: what each format has of runs, and what none of them has or touches."""

from __future__ import annotations

import csv
import hashlib
import json
import shutil
import signal
import sqlite3
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.support.copied import copy_repository
from tests.support.crate_check import problems
from tests.support.exported import PROGRAM, SECRET, make
from tests.support.sandbox import TIMEOUT_S, Sandbox, wait_until

LICENSE = ("--license", "CC-BY-4.0")


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a project with a sweep, run 1, a run that fails, and one with a secret among its arguments."""
    return make(tmp_path_factory.mktemp("export") / "my project")


@pytest.fixture
def project(original: Path, tmp_path: Path) -> Sandbox:
    """Return a copy of the project."""
    return Sandbox(copy_repository(original, tmp_path / "my project"))


def rows_of(file: Path) -> list[dict[str, str]]:
    """Read a CSV file."""
    with file.open(newline="") as lines:
        return list(csv.DictReader(lines))


def entities_of(metadata: bytes) -> dict[str, dict[str, Any]]:
    """Return the entities of a crate by their ids."""
    return {entity["@id"]: entity for entity in json.loads(metadata)["@graph"]}


def of_kind(entities: dict[str, dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    """List the entities of a type."""
    return [entity for entity in entities.values() if entity["@type"] == kind]


def test_csv_has_a_line_for_each_group_and_one_for_each_value_of_a_curve(project: Sandbox) -> None:
    said = project.qanat("export", "--where", "state=finished", "--format", "csv", "--output", "o.csv", "--json").json
    assert (said["runs"], said["groups"], said["paths"]) == (2, 3, ["o.csv", "o.curves.csv"])
    first, *others = rows_of(project.root / "o.csv")[1:]
    assert [first[name] for name in ("experiment", "group", "lr", "acc", "description")] == [
        *("train", "0", "0.1", "0.9", "A sweep")
    ]
    assert (len(others), others[0]["lr"], bool(first["key"])) == (1, "0.5", True)
    curves = [row for row in rows_of(project.root / "o.curves.csv") if row["run"] == first["run"]]
    assert [(row["group"], row["curve"], row["step"], row["value"]) for row in curves[:2]] == [
        ("0", "loss", "0", "0.1"),
        ("0", "loss", "1", "0.05"),
    ]
    assert len(curves) == 6
    refused = project.qanat("export", "1", "--format", "csv", "--output", "o.csv", code=2)
    assert "o.csv exists" in refused.err
    assert "replace it with --force" in refused.err
    project.qanat("export", "2", "--format", "csv", "--output", "o.csv", "--force")
    assert [row["state"] for row in rows_of(project.root / "o.csv")] == ["failed"]
    assert sorted(path.name for path in project.root.iterdir() if "export" in path.name) == []


@pytest.mark.slow
def test_a_crate_is_valid_and_has_what_the_runs_left(project: Sandbox, tmp_path: Path) -> None:
    words = ("export", "1", "2", "--format", "ro-crate", *LICENSE)
    crate = tmp_path / "crate"  # the validator takes no path with a space
    said = project.qanat(*words, "--bundle", "--output", str(crate))
    assert ": 2 runs, 3 groups, " in said.out
    # What is not known: a page about qanat, publishers, and where people work. No id suits the last rule.
    left = {problem.split()[0] for problem in problems(crate, "RECOMMENDED")}
    assert left == {f"ro-crate-1.1_{rule}" for rule in ("22.3", "30.2", "30.3")} | {
        f"process-run-crate-0.5_{rule}" for rule in ("3.2", "5.1")
    }
    metadata = (crate / "ro-crate-metadata.json").read_bytes()
    entities = entities_of(metadata)
    files = of_kind(entities, "File")
    for entity in files:
        data = (crate / entity["@id"].replace("%20", " ")).read_bytes()
        assert entity["contentSize"] == str(len(data))
        assert entity.get("sha256") in (None, hashlib.sha256(data).hexdigest())
    types = {Path(entity["@id"]).suffix: entity["encodingFormat"] for entity in files}
    assert (types[".svg"], types[".jsonl"], types[".yaml"]) == (
        "image/svg+xml",
        "application/jsonl",
        "application/yaml",
    )
    actions = {entity["name"]: entity for entity in of_kind(entities, "CreateAction")}
    done, failed = actions["Run 1 of train, group 0"], actions["Run 2 of train"]
    assert done["actionStatus"].endswith("/CompletedActionStatus")
    assert (failed["error"], failed["actionStatus"].rpartition("/")[2]) == (
        "failed (exit code 3)",
        "FailedActionStatus",
    )
    results = [entities[one["@id"]] for one in done["result"]]
    numbers = {one["name"]: (one["value"], one.get("unitText")) for one in results if one["@type"] == "PropertyValue"}
    assert numbers["acc"] == (0.9, None)
    assert numbers["loss"][1] == "nats"
    objects = [entities[one["@id"]] for one in done["object"]]
    assert [one["value"] for one in objects if one["@type"] == "PropertyValue"] == ["0.1"]
    assert objects[0]["identifier"].startswith("tree:")
    program = entities[done["instrument"]["@id"]]
    assert program["url"] == f"https://github.com/ada/iris/blob/{program['version']}/train.py"
    assert [person["name"] for person in of_kind(entities, "Person")] == [project.git("config", "user.name")]
    for private in (str(project.root), project.git("config", "user.email"), "token@", project.record()["host"]):
        assert private.encode() not in metadata
    clone = tmp_path / "clone"
    project.git("clone", "--quiet", "--branch", project.record()["id"], str(crate / "code.bundle"), str(clone))
    assert (clone / "train.py").read_text() == PROGRAM
    assert "refs/heads" not in project.git("for-each-ref", "refs/qanat")

    project.qanat(*words, "--output", "all.zip")
    with zipfile.ZipFile(project.root / "all.zip") as archive:
        assert archive.testzip() is None
        assert {*archive.namelist(), "code.bundle"} == {
            path.relative_to(crate).as_posix() for path in crate.rglob("*") if path.is_file()
        }
    metadata_only = tmp_path / "metadata.zip"
    project.qanat(*words, "--without-results", "--output", str(metadata_only))
    assert problems(metadata_only, "REQUIRED") == []
    with zipfile.ZipFile(metadata_only) as archive:
        described = entities_of(archive.read("ro-crate-metadata.json"))
        assert not any(name.startswith("run_") for name in archive.namelist())
    some = described[f"#run_{project.record()['id']}/group_0/metrics.json"]
    assert some["sha256"] == hashlib.sha256(b'{"acc": 0.9}').hexdigest()


def test_a_crate_takes_the_chosen_files_and_replaces_only_itself(project: Sandbox) -> None:
    words = ("export", "1", "--format", "ro-crate", "--output", "crate")
    project.qanat(*words, "--files", "plots/*", "--files", "stdout.txt")
    crate = project.root / "crate"
    nothing = project.qanat(*words[:-1], "few", "--files", "nomatch*").err
    assert nothing == "note: no file matches 'nomatch*'\n"
    assert sorted(path.name for path in crate.glob("run_*/group_0/**/*") if path.is_file()) == ["a b.svg", "stdout.txt"]
    assert "crate exists" in project.qanat(*words, code=2).err
    project.qanat(*words, "--force")
    assert (crate / f"run_{project.record()['id']}/group_1/metrics.json").exists()
    (crate / "notes.md").write_text("mine\n")
    refused = project.qanat(*words, "--force", code=2)
    assert "crate cannot be replaced: notes.md is not of an export" in refused.err
    assert (crate / "notes.md").read_text() == "mine\n"
    assert "data cannot be replaced" in project.qanat(*words[:-1], "data", "--force", code=2).err
    assert "is inside" in project.qanat(*words[:-1], "results/crate", code=2).err
    assert "no such file" in project.qanat(*words[:-1], "none/crate", code=1).err


def test_prov_is_read_back_by_its_library(project: Sandbox) -> None:
    from prov.model import ProvActivity, ProvDocument, ProvEntity, ProvGeneration, ProvUsage

    project.qanat("rerun", "1")
    said = project.qanat("export", "1", "2", "4", "--format", "prov", "--output", "runs.json")
    assert said.out.startswith("runs.json: 3 runs, 5 groups, 1 file")
    document = ProvDocument.deserialize(content=(project.root / "runs.json").read_text(), format="json")
    ids = [record["id"] for record in project.records()]
    bundles = {bundle.identifier.localpart: bundle for bundle in document.bundles}
    assert list(bundles) == [f"record/{ids[place]}" for place in (3, 1, 0)]
    first = bundles[f"record/{ids[0]}"]
    group = next(iter(first.get_record(f"qanat:run/{ids[0]}/group/0")))
    assert (group.get_startTime() is not None, len([*first.get_records(ProvActivity)])) == (True, 3)
    entities = {str(entity.identifier): dict(entity.extra_attributes) for entity in first.get_records(ProvEntity)}
    made = [str(record.args[0]) for record in first.get_records(ProvGeneration) if record.args[1] == group.identifier]
    assert f"qanat:file/{ids[0]}/0/plots/a%20b.svg" in made
    assert len(made) == len(set(made)) == 5  # three files, a metric, a curve
    used = {str(record.args[1]).split("/")[0] for record in first.get_records(ProvUsage)}
    assert used == {"qanat:commit", "qanat:data", "qanat:parameter", "qanat:environment"}
    assert set(made) < entities.keys()
    said = (project.root / "runs.json").read_text()
    assert f'"prov:informant": "qanat:run/{ids[0]}"' in said
    assert not [private for private in (str(project.root), project.record()["host"], "@") if private in said]


def test_files_of_others_and_behind_links_are_left_out(project: Sandbox, tmp_path: Path) -> None:
    private = tmp_path / "private"
    private.mkdir()
    (private / "key.txt").write_text("private\n")
    first, second = project.root / "results/train/run_1/group_0", project.record_files()[1]
    (first / "link.txt").symlink_to(private / "key.txt")
    (first / "folder").symlink_to(private)
    second.write_text(second.read_text().replace("storage: results/train/run_2", f"storage: {private}"))
    third = project.root / "results/train/run_3"
    (third / "metrics.json").write_text("{}")
    (third / "plots/a b.svg").unlink()
    said = project.qanat("export", "1", "2", "3", "--format", "ro-crate", "--output", "crate")
    assert "no files of run 2: nothing shows that qanat made the directory" in said.err
    assert "run 3: metrics.json has changed since the run recorded it" in said.err
    assert "run 3: plots/a b.svg: no longer here" in said.err
    names = {path.name for path in (project.root / "crate").rglob("*")}
    assert not names & {"link.txt", "key.txt", "folder"}
    shutil.rmtree(first.parent)
    said = project.qanat("export", "1", "--format", "ro-crate", "--output", "gone.zip")
    assert "no files of run 1: the results are not here" in said.err


@pytest.mark.parametrize(
    "words",
    [
        ("csv", "--output", "o.csv"),
        ("prov", "--output", "o.json"),
        ("ro-crate", "--output", "o.zip"),
        ("ro-crate", "--output", "o.zip", "--without-results"),
        pytest.param(
            ("mlflow", "--tracking-uri", "sqlite:///m.db", "--without-results"), marks=pytest.mark.slow, id="mlflow"
        ),
    ],
)
def test_every_format_says_which_results_are_gone_or_have_changed(project: Sandbox, words: tuple[str, ...]) -> None:
    results = project.root / "results/train"
    shutil.rmtree(results / "run_1/group_0")
    (results / "run_1/group_1/metrics.json").write_text('{"acc": 0.7}')  # as long as it was
    curves = results / "run_3/metrics.jsonl"
    curves.write_bytes(curves.read_bytes().replace(b"0.2", b"0.3"))
    (results / "run_3/plots/a b.svg").write_text("<svg/>")
    said = project.qanat("export", "1", "3", "--format", *words)
    for note in (
        "run 1.0: its results are not here",
        "run 1.1: metrics.json has changed since the run recorded it",
        "run 3: metrics.jsonl has changed since the run recorded it",
        "run 3: plots/a b.svg has changed since the run recorded it",
    ):
        assert said.err.count(note) == 1


def test_an_active_run_is_exported_as_it_is(project: Sandbox) -> None:
    project.experiment("wait", 'until test -e go; do sleep 0.1; done; for last; do :; done; echo 1 >"$last/one.txt"')
    project.qanat("run", "wait", "--detach")
    try:
        said = project.qanat("export", "4", "--format", "ro-crate", "--output", "now.zip")
        assert "exported as it is now, before its end: run 4" in said.err
    finally:
        project.write("go", "")
    project.qanat("wait", "4")
    project.qanat("export", "4", "--format", "ro-crate", "--output", "end.zip")
    states = {}
    for name in ("now.zip", "end.zip"):
        with zipfile.ZipFile(project.root / name) as archive:
            files = [path for path in archive.namelist() if path.startswith("run_")]
            (action,) = of_kind(entities_of(archive.read("ro-crate-metadata.json")), "ActivateAction") or of_kind(
                entities_of(archive.read("ro-crate-metadata.json")), "CreateAction"
            )
            states[name] = (action["actionStatus"].rpartition("/")[2], "endTime" in action, len(files))
    assert states == {"now.zip": ("ActiveActionStatus", False, 0), "end.zip": ("CompletedActionStatus", True, 1)}


@pytest.mark.slow
def test_an_export_that_is_ended_leaves_nothing(project: Sandbox) -> None:
    with (project.root / "results/train/run_2/zeros.bin").open("wb") as file:
        file.truncate(8 * 2**30)  # takes no space, and much time to compress
    process = project.start("export", "2", "--format", "ro-crate", "--output", "crate.zip")
    wait_until(lambda: list(project.root.glob(".qanat-export-*")))
    process.terminate()
    process.communicate(timeout=TIMEOUT_S)
    assert process.returncode == 128 + signal.SIGTERM
    assert project.status() == ""


def test_no_export_has_a_secret_of_the_record(project: Sandbox) -> None:
    for name, output in (("csv", "o.csv"), ("ro-crate", "crate"), ("prov", "o.json")):
        project.qanat("export", "3", "--format", name, "--output", output)
    written = [project.root / "o.csv", project.root / "o.json", project.root / "crate/ro-crate-metadata.json"]
    for file in written:
        text = file.read_text()
        assert SECRET not in text
        assert "[redacted]" in text


@pytest.mark.parametrize(
    ("words", "said", "hint"),
    [
        (["--format", "csv"], "nothing says which runs to export", "--where state=finished"),
        (["1", "--format", "csv"], "--output is missing", "name the file to write"),
        (["9", "--format", "csv", "--output", "x"], "run 9 does not exist", "the nearest"),
        (["--where", "lr>9", "--format", "csv", "--output", "x"], "no run meets the condition", "qanat runs"),
        (["1", "--format", "csv", "--bundle", "--output", "x"], "--bundle has no effect with --format csv", "ro-crate"),
        (
            ["1", "--format", "ro-crate", "--files", "*", "--without-results", "--output", "x"],
            "--files cannot",
            "leave",
        ),
        (["1", "--format", "ro-crate", "--license", "not a licence", "--output", "x"], "nor a URL", "CC-BY-4.0"),
        (["1", "--format", "mlflow"], "nothing says where MLflow keeps its runs", "set MLFLOW_TRACKING_URI"),
        (["1", "--format", "mlflow", "--output", "x"], "--output has no effect with --format mlflow", "leave it out"),
        (["1", "--format", "csv", "--output", ".qanat/x.csv"], ".qanat/x.csv is inside", "elsewhere"),
    ],
)
def test_what_cannot_be_exported_is_refused(project: Sandbox, words: list[str], said: str, hint: str) -> None:
    refused = project.qanat("export", *words, code=2)
    assert said in refused.err
    assert hint in refused.err
    assert project.status() == ""


def test_a_database_of_something_else_gets_no_tables_of_mlflow(project: Sandbox, tmp_path: Path) -> None:
    file = tmp_path / "other.db"
    with sqlite3.connect(file) as database:
        database.execute("CREATE TABLE cats (id)")
    database.close()
    text = tmp_path / "text.db"
    text.write_text("no database at all, but text")
    before = {path: path.read_bytes() for path in (file, text)}
    for uri in (str(file), f"sqlite:///{file}", f"sqlite:///{file}?timeout=5"):
        refused = project.qanat("export", "1", "--format", "mlflow", "--tracking-uri", uri, code=2).err
        assert f"{file} is not a database of MLflow: it has other tables, such as cats\n" in refused
        assert "nothing was written; name a new database such as sqlite:///mlflow.db" in refused
    refused = project.qanat("export", "1", "--format", "mlflow", "--tracking-uri", str(text), code=2).err
    assert f"{text} is not a database of MLflow: file is not a database" in refused
    assert before == {path: path.read_bytes() for path in (file, text)}

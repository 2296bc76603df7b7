"""Files that earlier versions of qanat wrote are read as what they say, for good."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from qanat.domain.layout import PLAN
from qanat.domain.run import Run, State, SubmissionFacts
from qanat.records import environments, run_codec, schemas, user_settings, yaml_io
from tests.support.plain_yaml import TextTimestampLoader

ROOT = Path(__file__).resolve().parents[4]
V1 = ROOT / "tests/data/records/v1"
RUNS = sorted((V1 / "run").glob("*.yaml"))
FILES = sorted(V1.glob("*/*.yaml"))
CHECKOUT = ".qanat/cache/checkouts/"
SLURM = {"cluster": "tests", "export": "ALL"}
POOL = {"schedd": "login01.localdomain"}


def of_here(intent: str, pid: int, start: str, **others: Any) -> SubmissionFacts:
    """Return the facts of a run on the machine that the files were written on."""
    return SubmissionFacts(intent, pid=pid, process_start=f"a4454b90:{start}", **others)


def of_cluster(intent: str, second: str, checkout: str, details: dict[str, Any], **others: Any) -> SubmissionFacts:
    """Return the facts of a run that was submitted at a minute and second of that hour."""
    submitted = f"2026-11-29T08:{second}+00:00"
    return SubmissionFacts(intent, submitted, checkout=f"{CHECKOUT}{checkout}", details=details, **others)


EXPECTED = {
    "plain": (State.FINISHED, of_here("e1753c1457b59c20", 14289, "196229")),
    "groups_one_failed": (State.FAILED, of_here("fd1847274f8e2f67", 14388, "196304")),
    "tagged_afterwards": (State.FAILED, of_here("fd1847274f8e2f67", 14388, "196304")),
    "retried": (State.FAILED, of_here("39d3e15ad2e83f2c", 14507, "196475")),
    "killed_by_signal": (State.FAILED, of_here("42988e3ac14216ea", 14585, "196554")),
    "rerun": (
        State.FINISHED,
        of_here("2e3dc325a9f2388c", 14678, "196652", checkout=f"{CHECKOUT}7e3857e919e4"),
    ),
    "snapshot": (State.FINISHED, of_here("14f47bdeb3f48757", 14764, "196731")),
    "files_and_inputs": (
        State.FINISHED,
        of_here("7b472d15eec9b1f3", 14869, "196834", inputs=("secret/model.bin",)),
    ),
    "in_checkout": (
        State.FINISHED,
        of_here("2694e54615277890", 14954, "196914", checkout=f"{CHECKOUT}11703ef37886"),
    ),
    "going_on": (State.QUEUED, of_here("c5c55bea3107305f", 15140, "197038")),
    "cancelled": (State.CANCELLED, of_here("c5c55bea3107305f", 15140, "197038")),
    "lost": (State.LOST, of_here("6fe9b7baa3afbede", 15816, "197402")),
    "changed_while_running": (State.FINISHED, of_here("483c51e65368e5a7", 16239, "197627")),
    "detached": (State.FINISHED, of_here("aa9828544009a81b", 16403, "197727")),
    "imported": (State.FINISHED, SubmissionFacts("d0d61d5ab231673d")),
    "imported_groups": (State.FAILED, SubmissionFacts("620a2c23b7b2325e")),
    "imported_htcondor": (State.FINISHED, SubmissionFacts("510ba2fd4c2d2f5d", details={"cluster": 4651})),
    "htcondor_queued": (
        State.QUEUED,
        of_cluster("ef3437ed05fa37d5", "09:17", "2ebd864d7dad", {"cluster": 1, **POOL}),
    ),
    "htcondor_cancelled": (
        State.CANCELLED,
        of_cluster("ef3437ed05fa37d5", "09:17", "2ebd864d7dad", {"cluster": 1, **POOL}),
    ),
    "htcondor_one_failed": (
        State.FAILED,
        of_cluster("ed978d5f506de28d", "09:20", "dbb56ca19031", {"cluster": 2, **POOL}, max_running=2),
    ),
    "htcondor_retried": (
        State.FAILED,
        of_cluster(
            "0fd27c2f766acdc3",
            "09:25",
            "dbb56ca19031",
            {"cluster": 3, **POOL},
            changed={"request_memory": "2x"},
        ),
    ),
    "slurm_queued": (
        State.QUEUED,
        of_cluster("d64ef7de5970f491", "09:59", "19c181ae84a6", {"jobs": ["1"], **SLURM}),
    ),
    "slurm_cancelled": (
        State.CANCELLED,
        of_cluster("d64ef7de5970f491", "09:59", "19c181ae84a6", {"jobs": ["1"], **SLURM}),
    ),
    "slurm_array_one_failed": (
        State.FAILED,
        of_cluster("c1b5a6b6772ca4e9", "10:03", "19c181ae84a6", {"jobs": ["2"], **SLURM}, max_running=2),
    ),
    "slurm_retried": (
        State.FAILED,
        of_cluster("edb94b01e3d1fbba", "10:06", "19c181ae84a6", {"jobs": ["6"], **SLURM}, changed={"--mem": "2x"}),
    ),
    "slurm_one_job": (
        State.FINISHED,
        of_cluster("f9e5f76f7708f0f3", "10:09", "19c181ae84a6", {"jobs": ["7"], **SLURM}),
    ),
    "other_runner": (
        State.FAILED,
        of_cluster(
            "572fb1ee5c693d1e",
            "10:58",
            "f649d7d2256b",
            {"cell": "default", "details": {"queue": "all.q", "slots": [1, 2]}, "first": True},
        ),
    ),
}
IMPORTED = {
    "imported": {"runner_params": {"wait": "True"}},
    "imported_htcondor": {"runner_params": {"wait": "True"}, "container": "images/a.sif", "metric": "fine"},
}

every_run = pytest.mark.parametrize("file", RUNS, ids=lambda file: file.stem)
every_file = pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.stem}")


def read(file: Path) -> Run:
    return run_codec.decode(file.read_bytes(), file.name)


def content_of(data: bytes) -> dict[str, Any]:
    """Read a record with another YAML reader than qanat's, timestamps as the strings that they are."""
    found: dict[str, Any] = yaml.load(data, TextTimestampLoader)
    return found


def test_every_file_is_expected_to_be_something() -> None:
    assert {file.stem for file in RUNS} == EXPECTED.keys()
    assert {file.parent.name for file in FILES} == set(schemas.KINDS) - environments.FOLDERS.keys() - {
        PLAN,
        user_settings.KIND,
    }


@every_run
def test_a_record_is_read_as_what_it_says(file: Path) -> None:
    run, written = read(file), content_of(file.read_bytes())
    assert (run.state, run.submission) == EXPECTED[file.stem]
    assert run.imported == IMPORTED.get(file.stem, {})
    said = content_of(run_codec.encode(run))
    others = [key for key in written if key not in ("schema", "submission")]
    # As text, since a metric that is not a number is not equal to itself.
    assert {key: repr(said[key]) for key in others} == {key: repr(written[key]) for key in others}


@every_run
def test_a_record_is_written_in_the_newest_version_with_its_keys_in_their_order(file: Path) -> None:
    written = yaml_io.load(file.read_bytes(), file.name)
    newest = schemas.current(written, "run", file.name)
    assert newest["schema"] == schemas.name_of("run")
    assert run_codec.encode(read(file)) == yaml_io.dump(newest, flow=run_codec.FLOW)
    assert [key for key in newest if key != "imported"] == list(written)


@every_run
def test_a_record_that_is_migrated_stays_as_it_is(file: Path) -> None:
    migrated = run_codec.encode(read(file))
    again = run_codec.decode(migrated, file.name)
    assert repr(again) == repr(read(file))
    assert run_codec.encode(again) == migrated


@every_file
def test_a_file_is_valid_in_its_own_version_and_in_the_newest(file: Path) -> None:
    kind = file.parent.name
    written = yaml_io.load(file.read_bytes(), file.name)
    assert written["schema"] == f"{kind}/1"
    assert schemas.problems(written, kind) == []
    assert schemas.problems(schemas.current(written, kind, file.name), kind) == []


def test_an_imported_record_reads_well_in_the_newest_version() -> None:
    migrated = run_codec.encode(read(V1 / "run/imported_htcondor.yaml")).decode()
    assert migrated.startswith(f"schema: {schemas.name_of('run')}\nid: 4-42417d\n")
    assert migrated.partition("storage: ")[2] == (
        "results/summary_iris/run_4\n"
        "submission: {intent: '510ba2fd4c2d2f5d', details: {cluster: 4651}}\n"
        "state: finished\n"
        "started: 2023-06-29T13:17:58+00:00\n"
        "ended: 2023-06-29T13:18:15.250+00:00\n"
        "imported: {runner_params: {wait: 'True'}, container: images/a.sif, metric: fine}\n"
        "groups:\n"
        "- {group: 0, args: [--nbins, '10'], job: '4651.0', state: finished, started: 2023-06-29T13:17:58+00:00,"
        " ended: 2023-06-29T13:18:15.250+00:00}\n"
    )


def test_a_submitted_record_reads_well_in_the_newest_version() -> None:
    migrated = run_codec.encode(read(V1 / "run/slurm_retried.yaml")).decode()
    assert migrated.partition("submission:")[2].partition("state:")[0] == (
        "\n"
        "  intent: edb94b01e3d1fbba\n"
        "  submitted: 2026-11-29T08:10:06+00:00\n"
        "  checkout: '.qanat/cache/checkouts/19c181ae84a6'\n"
        "  changed:\n"
        "    --mem: '2x'\n"
        "  details:\n"
        "    jobs: ['6']\n"
        "    cluster: tests\n"
        "    export: ALL\n"
    )

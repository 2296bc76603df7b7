"""Records that somebody made up: `qanat validate`, and the hooks, say what cannot be."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from qanat.domain.intents import new_intent
from tests.integration.life.copies import copy_of
from tests.support.hooks import hook
from tests.support.sandbox import Sandbox

Forge = Callable[[str], str]
SUBMITTED = "submitted: {time}, details: {{cluster: tests, jobs: ['812']}}"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Sandbox:
    """Return a project with a run of two groups."""
    sandbox = Sandbox.make(tmp_path_factory.mktemp("built") / "my project")
    sandbox.experiment("hello", """echo '{"acc": 0.5}' >"$3/metrics.json"\n""")
    sandbox.qanat("run", "hello", "-g", "1", "-g", "2")
    return sandbox


@pytest.fixture
def house(built: Sandbox, tmp_path: Path) -> Sandbox:
    """Return a copy of that project for one test."""
    return copy_of(built, tmp_path / "copy")


@pytest.fixture
def record(house: Sandbox) -> Path:
    """Return the file of the one record."""
    (path,) = house.record_files()
    return path


def copied(text: str) -> str:
    """Return a record under another id, with a storage directory of its own."""
    return re.sub(r"\nid: 1-\w+", "\nid: 7-abcdef", text).replace("hello/run_1", "hello/run_7")


def active(text: str) -> str:
    """Return a copy that is active, as somebody would write it who does not know the schema."""
    text = re.sub(
        r"\nstate: finished|\nended: .*", lambda found: "\nstate: running" * ("state" in found[0]), copied(text)
    )
    return re.sub(", ended: [^,}]*", "", re.sub("state: finished, exit_code: 0", "state: running", text))


def of_its_own(text: str) -> str:
    """Return a copy with an intent of its own."""
    return re.sub(r"intent: '?\w+'?", f"intent: '{new_intent('7-abcdef')}'", copied(text))


def shifted(text: str, day: str) -> str:
    """Return a record of its own with all times on another day."""
    return re.sub(r"\d{4}-\d\d-\d\dT", f"{day}T", of_its_own(text))


def replacing(pattern: str, by: str, count: int = 0) -> Forge:
    """Return a forgery that changes a record of its own."""

    def forge(text: str) -> str:
        changed = re.sub(pattern, by, of_its_own(text), count=count)
        assert changed != of_its_own(text)
        return changed

    return forge


@pytest.mark.parametrize(
    ("forge", "said"),
    [
        (copied, "submission.intent: was not made for this run: the record was copied or edited"),
        (active, "submission.intent: was not made for this run: the record was copied or edited"),
        (lambda text: of_its_own(text).replace("run_7", "run_1"), "storage: 'results/hello/run_1' is also the storage"),
        (lambda text: shifted(text, "2999-02-03"), "created: 2999-02-03T"),
        (lambda text: shifted(text, "2999-02-03"), "groups.1.ended: 2999-02-03T"),
        (replacing(r"started: \d{4}-", "started: 2001-"), "groups.0.started: 2001-"),
        (replacing(r"ended: \d{4}-", "ended: 2001-"), "is before the start, "),
        (replacing(r"\nstate: finished", "\nstate: finshed"), "state: 'finshed' is not one of queued, running"),
        (replacing(r"\nstate: finished", "\nstate: failed"), "state: 'failed' does not match the groups"),
    ],
)
def test_a_new_record_that_cannot_be_is_reported(house: Sandbox, record: Path, forge: Forge, said: str) -> None:
    forged = record.with_name("7-abcdef.yaml")
    forged.write_text(forge(record.read_text()))
    name = forged.relative_to(house.root).as_posix()
    out = house.qanat("validate", code=1).out
    assert any(line.startswith(f"{name}:") and said in line for line in out.splitlines()), out
    house.git("add", "--all")
    assert said in hook(house, "validate", name, code=1).out


def test_a_new_record_that_may_be_is_not_reported(house: Sandbox, record: Path) -> None:
    record.with_name("7-abcdef.yaml").write_text(of_its_own(record.read_text()))
    house.qanat("validate")


def test_the_run_whose_record_was_copied_is_not_blamed_for_its_intent(house: Sandbox, record: Path) -> None:
    record.with_name("7-abcdef.yaml").write_text(copied(record.read_text()))
    lines = house.qanat("validate", code=1).out.splitlines()
    assert [line for line in lines if record.name in line] == []


def test_a_second_record_of_a_run_is_reported(house: Sandbox, record: Path) -> None:
    second = house.root / ".qanat/runs/other/0" / record.name
    second.parent.mkdir(parents=True)
    second.write_text(record.read_text().replace("experiment: hello", "experiment: other"))
    out = house.qanat("validate", code=1).out
    first, other = (path.relative_to(house.root).as_posix() for path in (record, second))
    assert f"{other}:2: id: run {record.stem} also has the record {first}" in out
    assert f"{first}:2: id: run {record.stem} also has the record {other}" in out
    result = house.qanat("show", record.stem, code=2)
    assert f"run number {record.stem} is ambiguous" in result.err
    assert "two records have this id: qanat validate" in result.err


@pytest.mark.parametrize(("cluster", "is_reported"), [("tests", True), ("other", False)])
def test_a_job_that_belongs_to_another_run_is_reported(
    house: Sandbox, record: Path, cluster: str, is_reported: bool
) -> None:
    text = record.read_text()
    (time,) = re.findall(r"\ncreated: (\S+)", text)
    submitted = re.sub(r"pid: .*\}", SUBMITTED.format(time=time) + "}", text).replace("{name: local", "{name: slurm")
    assert submitted.count("submitted: ") == 1
    first = re.sub(r"job: '?\d+'?", "job: '812'", submitted, count=1)
    record.write_text(first)
    forged = record.with_name("7-abcdef.yaml")
    forged.write_text(of_its_own(first).replace("cluster: tests", f"cluster: {cluster}"))
    out = house.qanat("validate", code=1 if is_reported else 0).out
    assert (f"groups.0.job: '812' is also a job of run {record.stem}" in out) is is_reported


# ---- changes of a record whose run had ended


def attempt(text: str) -> str:
    """Return a record with a made-up attempt of its first group."""
    return text.replace("metrics: {acc: 0.5}", "attempt: 2, metrics: {acc: 0.99}", 1)


@pytest.mark.parametrize(
    ("forge", "said"),
    [
        (attempt, "submission.intent is still that of the earlier attempt"),
        (attempt, "groups.0.started is still that of the earlier attempt"),
        (lambda text: text.replace("acc: 0.5", "acc: 0.99", 1), "groups.0.metrics was changed after the run had ended"),
        (lambda text: re.sub(r"commit: \w+", f"commit: {'0' * 40}", text), "code.commit was changed"),
        (lambda text: re.sub(r"intent: '?\w+'?", "intent: '00'", text), "submission.intent was changed"),
        (lambda text: text.replace("\ngroups:", "\nimported: {x: true}\ngroups:"), "imported was changed"),
        (lambda text: re.sub(r"- \{group: 1.*\n", "", text), "groups was changed after the run had ended"),
        (
            lambda text: text.replace("['1']", "['x']").replace("['2']", "['1']").replace("['x']", "['2']"),
            "groups.0.args was changed after the run had ended",
        ),
        (lambda text: text.replace("schema: run/2", "schema: run/1"), "its schema was set back to an older version"),
    ],
)
def test_a_changed_record_is_refused(house: Sandbox, record: Path, forge: Forge, said: str) -> None:
    text = record.read_text()
    assert forge(text) != text
    record.write_text(forge(text))
    house.git("add", "--all")
    assert said in hook(house, "frozen-runs", code=1).out


def test_a_record_that_moves_to_an_experiment_that_is_no_successor_is_refused(house: Sandbox, record: Path) -> None:
    house.experiment("other", "exit 0")
    moved = house.root / ".qanat/runs/other/0" / record.name
    moved.parent.mkdir(parents=True)
    shutil.move(record, moved)
    moved.write_text(moved.read_text().replace("experiment: hello", "experiment: other"))
    house.git("add", "--all")
    assert "experiment was changed after the run had ended" in hook(house, "frozen-runs", code=1).out
    (warning,) = house.qanat("diff", "HEAD", "--json").json["warnings"]
    assert warning["details"] == ["experiment is other instead of hello"]


def test_a_merge_that_smuggles_a_change_is_refused(house: Sandbox, record: Path) -> None:
    house.git("branch", "side")
    house.write("main.txt", "x\n")
    house.commit("on main")
    house.git("switch", "--quiet", "side")
    house.write("side.txt", "x\n")
    house.commit("on the side")
    house.git("merge", "--quiet", "--no-commit", "main")
    record.write_text(record.read_text().replace("acc: 0.5", "acc: 0.99"))
    house.git("add", "--all")
    assert "groups.0.metrics was changed" in hook(house, "frozen-runs", code=1).out
    house.git("commit", "--quiet", "--no-verify", "--no-edit")
    said = hook(house, "frozen-runs", "--from-ref", "main", "--to-ref", "side", code=1).out
    assert "groups.0.metrics was changed" in said


def test_a_change_that_was_taken_back_is_none(house: Sandbox, record: Path) -> None:
    before, text = house.git("rev-parse", "HEAD"), record.read_text()
    record.write_text(text.replace("acc: 0.5", "acc: 0.99"))
    house.commit("better")
    record.write_text(text)
    house.commit("honest")
    hook(house, "frozen-runs", "--from-ref", before, "--to-ref", "HEAD", code=0)


def test_a_new_record_of_a_time_before_its_code_is_refused(house: Sandbox, record: Path) -> None:
    forged = record.with_name("7-abcdef.yaml")
    forged.write_text(shifted(record.read_text(), "2001-02-03"))
    house.git("add", "--all")
    name = forged.relative_to(house.root).as_posix()
    said = hook(house, "frozen-runs", code=1).out
    assert said.startswith(f"{name}:6: frozen-runs: created: 2001-02-03T")
    assert "when the commit that ran was made" in said

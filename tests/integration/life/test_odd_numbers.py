"""Numbers and times that cannot be, or should not: shown as they are, and reported."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.integration.life.copies import copy_of
from tests.support.sandbox import Sandbox

MANY = "json.dump({f'm{i}': i for i in range(1_200)}, f)\n"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Sandbox:
    """Return a project with a run whose metrics are no finite numbers."""
    sandbox = Sandbox.make(tmp_path_factory.mktemp("built") / "my project")
    numbers = '{"acc": 0.5, "loss": NaN, "best": -Infinity, "big": 1e999, "huge": 1%s}' % ("0" * 400)
    sandbox.experiment("odd", f"echo '{numbers}' >\"$2/metrics.json\"\n")
    sandbox.qanat("run", "odd")
    return sandbox


@pytest.fixture
def ran(built: Sandbox, tmp_path: Path) -> Sandbox:
    """Return a copy of that project for one test."""
    return copy_of(built, tmp_path / "copy")


def test_numbers_that_are_not_finite_are_shown_compared_and_noted(ran: Sandbox) -> None:
    assert "acc 0.5, loss nan, best -inf, big inf, … and 1 more" in ran.qanat("show", "1").out
    assert re.search(r"1 +1 +0\.5 +nan +-inf +inf +inf", ran.qanat("compare", "1").out)
    result = ran.qanat("validate")
    assert result.err == "note: run 1 of odd: loss, best, big, … are not finite in some group\n"
    strict = ran.qanat("validate", "--strict", code=1)
    assert strict.out.endswith(" files, no problems found, but 1 note, which --strict does not accept\n")
    ran.qanat("diff", "HEAD~1")
    ran.qanat("experiment", "status", "odd")


def test_a_list_instead_of_metrics_is_named_at_the_end_and_by_show(ran: Sandbox) -> None:
    ran.experiment("list", "echo '[0.5]' >\"$2/metrics.json\"\n")
    said = f"{ran.root}/results/list/run_2/metrics.json: is a list, not a mapping of names to numbers"
    assert f"note: {said}\n" in ran.qanat("run", "list").err
    assert f"Note: {said}\n" in ran.qanat("show", "2").out


def test_metrics_beyond_the_limit_are_counted_at_the_end_and_by_show(ran: Sandbox) -> None:
    ran.python_experiment("many", "import json, sys; f = open(sys.argv[2] + '/metrics.json', 'w')\n" + MANY)
    what = "has 1,200 numbers, of which the record has 1,000; choose them with keys in the experiment"
    said = f"{ran.root}/results/many/run_2/metrics.json: {what}"
    assert f"note: {said}\n" in ran.qanat("run", "many").err
    assert f"Note: {said}\n" in ran.qanat("show", "2").out
    assert len(ran.record(2)["groups"][0]["metrics"]) == 1_000


def test_a_misspelt_metric_is_noted_at_the_end_and_by_validate(ran: Sandbox) -> None:
    ran.experiment("misspelt", 'echo \'{"acc": 1}\' >"$2/metrics.json"\n')
    with (ran.root / ".qanat/experiments/misspelt.yaml").open("a") as file:
        file.write("metrics:\n- {file: metrics.json, keys: [ac]}\n")
    ran.git("commit", "--quiet", "--all", "--message", "choose metrics")
    said = f"{ran.root}/results/misspelt/run_2/metrics.json: has no 'ac' (did you mean 'acc'?)"
    assert f"note: {said}\n" in ran.qanat("run", "misspelt").err
    assert "note: run 2 of misspelt has no metric 'ac' (did you mean 'acc'?)\n" in ran.qanat("validate").err


def test_a_second_look_at_records_with_such_numbers_works_beside_submitted_runs(ran: Sandbox) -> None:
    (file,) = ran.record_files()
    text = re.sub(r"pid: \d+, process_start: [^}]*", "submitted: 2026-11-23T05:17:55+00:00", file.read_text())
    file.write_text(text)
    ran.git("commit", "--quiet", "--all", "--message", "as if submitted")
    ran.qanat("validate")


def test_a_note_stays_one_line_without_secrets_whatever_a_metric_is_called(ran: Sandbox) -> None:
    (record,) = (ran.root / ".qanat/runs/odd/0").glob("1-*.yaml")
    token = "ghp_" + "a1B2c3D4" * 4 + "e5F6"
    named = f'"x\\nerror: forged": .nan, {token}: .nan'
    record.write_text(record.read_text().replace("loss: .nan", named))
    said = ran.qanat("validate").err
    assert "note: run 1 of odd: x\\nerror: forged, " in said
    assert token not in said

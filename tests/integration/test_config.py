"""`qanat config`, and what the settings do; editing them at a terminal is in test_prompts."""

from __future__ import annotations

import pytest
import yaml

from tests.support.sandbox import Sandbox

CONFIG = ".qanat/config.yaml"
DEFAULTS = {
    "schema": "config/1",
    "result_dir": "results",
    "default_editor": "vi",
    "records": {"commit": "auto"},
}


def configure(sandbox: Sandbox, text: str) -> None:
    """Write the settings and commit them."""
    sandbox.write(CONFIG, f"schema: config/1\n{text}")
    sandbox.commit("settings")


def test_settings_are_shown_as_they_are_written(sandbox: Sandbox) -> None:
    assert sandbox.qanat("config", "show").out == (sandbox.root / CONFIG).read_text()
    assert yaml.safe_load(sandbox.qanat("config", "show").out) == DEFAULTS
    assert sandbox.qanat("config", "show", "--json").json == DEFAULTS
    configure(sandbox, "# mine\nresult_dir:   out\n")
    assert sandbox.qanat("config", "show").out == "schema: config/1\n# mine\nresult_dir:   out\n"
    assert sandbox.qanat("config", "show", "--json").json == {"schema": "config/1", "result_dir": "out"}


def test_settings_are_shown_without_what_steers_a_terminal(sandbox: Sandbox) -> None:
    configure(sandbox, "# \x1b[31mred\n")
    assert sandbox.qanat("config", "show").out == "schema: config/1\n# \\x1b[31mred\n"
    configure(sandbox, 'default_editor: "\\x9b31m"\n')
    shown = sandbox.qanat("config", "show", "--json")
    assert '"\\u009b31m"' in shown.out
    assert shown.json["default_editor"] == "\x9b31m"


def test_edit_without_a_terminal_says_what_to_edit(sandbox: Sandbox) -> None:
    result = sandbox.qanat("config", "edit", code=2, env={"EDITOR": "true"})
    assert result.err == f"qanat: cannot open an editor without a terminal\n  hint: edit {CONFIG}\n"


def test_a_folder_for_results_outside_the_project_is_refused_before_anything_runs(sandbox: Sandbox) -> None:
    sandbox.experiment("hello", "echo hello\n")
    configure(sandbox, "result_dir: ../out\n")
    result = sandbox.qanat("run", "hello", code=2)
    assert (
        result.err == f"qanat: {CONFIG}: result_dir: '../out' is not a folder inside the project\n  hint: use results\n"
    )
    assert not (sandbox.root / "../out").exists()
    assert sandbox.record_files() == []


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("logging: LOUD\n", f"{CONFIG}:2: logging: 'LOUD' is not one of DEBUG, INFO, WARNING, ERROR"),
        ("records: {commit: never}\n", f"{CONFIG}:2: records.commit: 'never' is not one of auto, manual"),
        ("result_dirs: out\n", f"{CONFIG}:2: result_dirs: unknown key; known: schema, result_dir"),
        ("result_dir: 5\n", f"{CONFIG}:2: result_dir: 5 is not text"),
        ("slurm:\n  two: 5\n", f"{CONFIG}:3: slurm.two: 5 is not a mapping"),
        ("a: b: c\n", f"{CONFIG}:2: is not YAML: mapping values are not allowed"),
    ],
)
def test_broken_settings_are_named_and_nothing_is_run(sandbox: Sandbox, text: str, sentence: str) -> None:
    sandbox.experiment("hello", "echo hello\n")
    configure(sandbox, text)
    for words in (["run", "hello"], ["config", "show", "--json"]):
        result = sandbox.qanat(*words, code=2)
        assert result.out == ""
        assert result.err.startswith(f"qanat: {sentence}")
    assert sandbox.record_files() == []
    assert not (sandbox.root / "results").exists()


def test_settings_of_a_newer_qanat_are_refused_with_what_to_do(sandbox: Sandbox) -> None:
    sandbox.write(CONFIG, "schema: config/9\n")
    result = sandbox.qanat("config", "show", "--json", code=2)
    assert f"qanat: {CONFIG} is config/9, and this qanat " in result.err
    assert "hint: install a newer qanat (pip install --upgrade qanat)" in result.err


def test_without_settings_the_defaults_hold(sandbox: Sandbox) -> None:
    sandbox.experiment("hello", "echo hello\n")
    (sandbox.root / CONFIG).unlink()
    sandbox.commit("no settings")
    assert sandbox.qanat("config", "show", "--json").json == {}
    assert sandbox.qanat("run", "hello").out == "hello\n"
    assert sandbox.record()["storage"] == "results/hello/run_1"
    assert len(sandbox.committed_records()) == 1


def test_results_go_where_the_settings_say(sandbox: Sandbox) -> None:
    sandbox.experiment("hello", "echo hello\n")
    sandbox.write(".gitignore", "/my out/\n/.qanat/cache/\n")
    configure(sandbox, "result_dir: my out\n")
    sandbox.qanat("run", "hello")
    assert (sandbox.root / "my out/hello/run_1/stdout.txt").read_text() == "hello\n"
    assert sandbox.record()["storage"] == "my out/hello/run_1"
    assert sandbox.status() == ""


def test_records_are_left_to_the_user_when_the_settings_say_so(sandbox: Sandbox) -> None:
    sandbox.experiment("hello", "echo hello\n")
    configure(sandbox, "records: {commit: manual}\n")
    head = sandbox.git("rev-parse", "HEAD")
    for _ in range(2):
        assert "note:" not in sandbox.qanat("run", "hello").err
    assert sandbox.qanat("status").err == ""
    assert sandbox.git("rev-parse", "HEAD") == head
    assert [record["state"] for record in sandbox.records()] == ["finished", "finished"]
    assert sandbox.status() == "?? .qanat/runs/"

"""`qanat config`, and what the settings do; editing them at a terminal is in test_prompts."""

from __future__ import annotations

import pytest
import yaml

from qanat.runners.registry import Registry
from tests.support.sandbox import Sandbox

CONFIG = ".qanat/config.yaml"
DEFAULTS = {
    "default_editor": "vi",
    "grace": {"file_s": 15.0, "submit_s": 15.0, "unknown_s": 60.0},
    "local": {"time_limit": "none"},
    "records": {"commit": "each"},
    "result_dir": "results",
    "untracked": "ask",
}
TEMPLATES = Registry().default_templates()


def configure(sandbox: Sandbox, text: str) -> None:
    """Write the settings and commit them."""
    sandbox.write(CONFIG, f"schema: config/1\n{text}")
    sandbox.commit("settings")


def in_effect(**changed: object) -> dict[str, object]:
    """Return the settings of a new project with every template, or these instead."""
    return DEFAULTS | {runner: {"default": dict(options)} for runner, options in TEMPLATES.items()} | changed


def test_the_settings_in_effect_are_shown_with_every_template_and_where_each_comes_from(sandbox: Sandbox) -> None:
    assert yaml.safe_load(sandbox.qanat("config", "show").out) == in_effect()
    shown = sandbox.qanat("config", "show", "--json").json
    sources = shown.pop("sources")
    assert shown == in_effect()
    assert sources == {
        "default_editor": CONFIG,
        "grace": None,
        "htcondor.default": ".qanat/templates/htcondor/default.yaml",
        "local": None,
        "records": CONFIG,
        "result_dir": CONFIG,
        "slurm.default": ".qanat/templates/slurm/default.yaml",
        "untracked": None,
    }


def test_a_section_that_is_added_as_the_tutorial_does_is_in_effect_at_once(sandbox: Sandbox) -> None:
    configure(sandbox, "result_dir: out\nslurm:\n  two_cpus: {--mem: 2G}\n")
    result = sandbox.qanat("config", "show")
    slurm = {"default": dict(TEMPLATES["slurm"]), "two_cpus": {"--mem": "2G"}}
    assert yaml.safe_load(result.out) == in_effect(result_dir="out", slurm=slurm)
    assert f"result_dir: out  # {CONFIG}\nslurm:\n  default:  # .qanat/templates/slurm/default.yaml\n" in result.out
    assert result.out.endswith(f"  two_cpus:  # {CONFIG}\n    --mem: 2G\nuntracked: ask  # default\n")
    assert "records:  # default\n  commit: each\n" in result.out


def test_what_the_tutorial_writes_is_shown_as_it_writes_it(sandbox: Sandbox) -> None:
    lines = ["+WishedAcctGroup: group_usmb.listic", "getenv: 'true'", "request_disk: 1GB", "--time: 1-00:00:00"]
    configure(sandbox, "htcondor:\n  two_cpus:\n" + "".join(f"    {line}\n" for line in lines))
    shown = sandbox.qanat("config", "show").out
    assert f"  two_cpus:  # {CONFIG}\n" + "".join(f"    {line}\n" for line in lines) in shown


def test_of_two_templates_of_one_name_the_one_that_counts_is_shown(sandbox: Sandbox) -> None:
    file = ".qanat/templates/slurm/default.yaml"
    configure(sandbox, "slurm:\n  default: {--mem: 2G}\n")
    assert f"  default:  # {CONFIG}, not {file}\n    --mem: 2G\n" in sandbox.qanat("config", "show").out
    sandbox.qanat("template", "update", "default", "--runner", "slurm", "-o", "--mem=3G")
    shown = sandbox.qanat("config", "show").out
    assert f"  default:  # {file}, not {CONFIG}\n" in shown
    assert "    --mem: 3G\n" in shown


def test_the_example_in_new_settings_is_valid_once_its_comment_signs_are_gone(sandbox: Sandbox) -> None:
    text = (sandbox.root / CONFIG).read_text()
    start = text.index("# htcondor:")
    sandbox.write(CONFIG, text[:start] + text[start:].replace("# ", ""))
    shown = sandbox.qanat("config", "show", "--json").json
    assert shown["htcondor"]["two_cpus"]["request_cpus"] == 2
    assert shown["slurm"]["two_cpus"] == {"--cpus-per-task": 2, "--mem": "2G"}
    assert [row["name"] for row in sandbox.qanat("template", "list", "--json").json] == ["default", "two_cpus"] * 2


def test_settings_are_shown_without_what_steers_a_terminal(sandbox: Sandbox) -> None:
    configure(sandbox, 'slurm: {two: {--mem: "\\e[31mred"}}\n')
    assert '    --mem: "\\x1b[31mred"\n' in sandbox.qanat("config", "show").out
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
    assert result.err.startswith(
        f"qanat: {CONFIG}: result_dir: '../out' is not a folder inside the project\n  hint: use results"
    )
    assert not (sandbox.root / "../out").exists()
    assert sandbox.record_files() == []


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("logging: LOUD\n", f"{CONFIG}:2: logging: 'LOUD' is not one of DEBUG, INFO, WARNING, ERROR"),
        ("records: {commit: never}\n", f"{CONFIG}:2: records.commit: 'never' is not one of each, batch, manual, auto"),
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
    assert "hint: install a newer qanat; its README says how" in result.err


def test_without_settings_the_defaults_hold(sandbox: Sandbox) -> None:
    sandbox.experiment("hello", "echo hello\n")
    (sandbox.root / CONFIG).unlink()
    sandbox.commit("no settings")
    shown = sandbox.qanat("config", "show", "--json").json
    assert {shown["sources"][key] for key in DEFAULTS} == {None}
    assert {key: shown[key] for key in DEFAULTS} == DEFAULTS
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
    assert sandbox.status().splitlines() == ["?? .qanat/environments/", "?? .qanat/runs/"]


def test_status_counts_the_templates_in_the_settings_too(sandbox: Sandbox) -> None:
    assert ", 2 templates, " in sandbox.qanat("status").out
    configure(sandbox, "slurm:\n  default: {--mem: 2G}\n  two_cpus: {--mem: 2G}\n")
    assert ", 3 templates, " in sandbox.qanat("status").out

"""Templates for HTCondor in the settings, as in the tutorial of qanat 0.x; there is no pool here."""

from __future__ import annotations

import pytest
import yaml

from tests.support import tutorial
from tests.support.sandbox import Sandbox
from tests.support.tutorial import SETTINGS

CONFIG = ".qanat/config.yaml"
DEFAULT, TWO_CPUS = yaml.safe_load(tutorial.TEMPLATE), yaml.safe_load(tutorial.TWO_CPUS)
GETENV = (
    "getenv: true copies your whole environment, secrets included, into the job's public description; "
    "name what the program needs instead: getenv: PATH, VIRTUAL_ENV, LD_LIBRARY_PATH\n"
)


@pytest.fixture
def project(sandbox: Sandbox) -> Sandbox:
    """Return a project with an experiment and the settings of the tutorial, which name no version."""
    sandbox.experiment("hello", "echo hello\n")
    sandbox.write(CONFIG, SETTINGS)
    sandbox.commit("settings")
    return sandbox


def test_the_tutorials_settings_are_shown_and_hold_as_they_are(project: Sandbox) -> None:
    in_effect = yaml.safe_load(project.qanat("config", "show").out)
    assert {key: in_effect[key] for key in yaml.safe_load(SETTINGS)} == yaml.safe_load(SETTINGS)
    shown = project.qanat("config", "show", "--json").json
    assert shown["htcondor"] == {"default": DEFAULT, "two_cpus": TWO_CPUS}
    assert project.qanat("run", "hello").out == "hello\n"
    assert project.qanat("status").err == ""
    assert project.record()["storage"] == "results/hello/run_1"


def test_the_tutorials_templates_are_listed_shown_and_submitted(project: Sandbox) -> None:
    listed = project.qanat("template", "list", "--json").json
    options = {(item["runner"], item["name"]): item["options"] for item in listed}
    assert list(options) == [("htcondor", "default"), ("htcondor", "two_cpus"), ("slurm", "default")]
    assert options["htcondor", "default"] == DEFAULT
    assert options["htcondor", "two_cpus"] == TWO_CPUS
    assert ", ".join(f"{key}={value}" for key, value in TWO_CPUS.items()) in project.qanat("template", "list").out
    assert project.qanat("template", "show", "two_cpus", "--json").json["options"] == TWO_CPUS
    submitted = project.qanat("run", "hello", "--runner", "htcondor", "--submit_template", "two_cpus", "--dry_run").out
    assert '\nMy.WishedAcctGroup = "group_usmb.listic"\n' in submitted
    assert "\nrequest_memory = 2GB\n" in submitted


def test_names_of_the_settings_are_suggested_and_their_other_keys_are_no_templates(project: Sandbox) -> None:
    said = project.qanat("template", "show", "two_cpu", code=2).err
    assert said == "qanat: no template or file named 'two_cpu'\n  hint: did you mean two_cpus?\n"
    project.write(CONFIG, f"{SETTINGS}grace:\n  file_s: 0\n")
    said = project.qanat("template", "show", "file_s", "--runner", "grace", code=2).err
    assert said.startswith("qanat: no template or file named 'file_s' for grace\n")


def test_a_file_named_like_a_template_is_not_listed_in_its_place(project: Sandbox) -> None:
    project.write("two_cpus", "request_cpus: 9\n")
    listed = project.qanat("template", "list", "--json").json
    assert [item["options"] for item in listed if item["name"] == "two_cpus"] == [TWO_CPUS]


def test_getenv_true_is_warned_of_once_by_check_and_by_validate_with_what_to_write_instead(project: Sandbox) -> None:
    checked = project.qanat("template", "show", "two_cpus", "--check", env={"PATH": "/usr/bin:/bin"})
    assert checked.err == f"two_cpus: note: {GETENV}two_cpus: no problems found\n"
    project.write("htcondor.yaml", "GetEnv: TRUE\n")
    assert f"htcondor.yaml: note: {GETENV}" in project.qanat("template", "show", "htcondor.yaml", "--check").err
    project.qanat("template", "new", "--name", "mine", "--runner", "htcondor", "-o", "getenv=true")
    said = project.qanat("validate")
    assert "no problem" in said.out
    names = ("mine (.qanat/templates/htcondor/mine.yaml)", f"default ({CONFIG})", f"two_cpus ({CONFIG})")
    assert said.err == f"note: templates {', '.join(names)}: {GETENV}"
    one = project.qanat("validate", ".qanat/templates/htcondor/mine.yaml")
    assert one.err == f"note: template {names[0]}: {GETENV}"
    project.write(CONFIG, SETTINGS.replace("'true'", "PATH, VIRTUAL_ENV"))
    assert project.qanat("validate", CONFIG).err == ""


@pytest.mark.parametrize(
    ("right", "wrong", "sentence"),
    [
        ("logging: INFO", "logging: LOUD", ":19: logging: 'LOUD' is not one of DEBUG, INFO, WARNING, ERROR"),
        ("result_dir: results", "result_dirs: results", ":20: result_dirs: unknown key; known: schema, "),
        ("  two_cpus:\n", "  two cpus:\n", ":2: htcondor: 'two cpus' may contain only letters a-z A-Z, digits and "),
        (
            "request_disk: 1GB",
            "request_disk: [[1]]",
            ":7: item 1 of htcondor.default.request_disk: a list is not text ",
        ),
        ("default_editor: vim", "schema: config/2", " is config/2, and this qanat "),
        ("default_editor: vim", "schema: run/1", ": schema 'run/1' is not config/1"),
    ],
)
def test_settings_without_a_version_that_are_wrong_are_refused_with_their_place(
    project: Sandbox, right: str, wrong: str, sentence: str
) -> None:
    project.write(CONFIG, SETTINGS.replace(right, wrong, 1))
    project.commit("wrong settings")
    for words in (["run", "hello"], ["config", "show", "--json"], ["template", "list"], ["template", "show", "two"]):
        assert project.qanat(*words, code=2).err.startswith(f"qanat: {CONFIG}{sentence}"), words
    # What is wrong with the whole file is shown with its first line.
    line = sentence if sentence[1].isdigit() else f":1: {sentence.lstrip(': ')}"
    assert project.qanat("validate", code=1).out.startswith(f"{CONFIG}{line}")
    assert project.record_files() == []

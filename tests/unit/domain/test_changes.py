"""What changed in definitions, key by key, what it means, and which definitions were renamed."""

from __future__ import annotations

import math
from typing import Any

import pytest

from qanat.domain.changes import Definition, DefinitionChange, compare_definitions, key_changes
from qanat.domain.meanings import ABSENT, Verbatim, plain, shown
from qanat.domain.requests import Request

EXPERIMENT = {
    "schema": "experiment/1",
    "name": "train",
    "executable": "train.py",
    "executable_command": "python",
    "datasets": ["iris"],
    "tags": ["first"],
    "actions": {"plot": {"executable": "plot.py", "executable_command": "python"}},
    "metrics": [{"file": "metrics.json", "keys": ["acc"], "better": {"acc": "higher"}}],
}
# Of two runners, as the options of each are spelled.
REQUESTS = {
    **{"cpus-per-task": Request.CPUS, "request_cpus": Request.CPUS, "request_gpus": Request.GPUS},
    **{"mem": Request.MEMORY, "mem-per-cpu": Request.MEMORY_PER_CPU, "gres": Request.RESOURCES},
    **{"time": Request.TIME, "t": Request.TIME, "partition": Request.PARTITION, "container_image": Request.CONTAINER},
}


def experiment(**keys: Any) -> Definition:
    content = {k: v for k, v in (EXPERIMENT | keys).items() if v is not None}
    return Definition("experiment", content["name"], f".qanat/experiments/{content['name']}.yaml", content)


def template(options: dict[str, Any], runner: str = "slurm", name: str = "default") -> Definition:
    return Definition("template", name, "t.yaml", {"name": name, "runner": runner, "options": options}, runner)


def meant(old: Definition, new: Definition) -> dict[str, str]:
    """Map the key of each change to its meaning."""
    (change,) = compare_definitions([old], [new], {}, {"slurm": REQUESTS})
    return {key.key: plain(key.meaning) for key in change.keys}


def what(changes: list[DefinitionChange]) -> list[tuple[str, str, str]]:
    return [(c.definition.name, c.change, c.renamed_from) for c in changes]


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({"executable": "fit.py"}, {"executable": "runs fit.py instead of train.py"}),
        (
            {"executable_command": "python -O"},
            {"executable_command": "starts the program with python -O instead of python"},
        ),
        (
            {"executable_command": None},
            {"executable_command": "starts the program itself, without python"},
        ),
        ({"datasets": ["iris", "moons"]}, {"datasets": "also reads moons"}),
        ({"datasets": ["moons"]}, {"datasets": "also reads moons; no longer reads iris"}),
        ({"datasets": None}, {"datasets": "no longer reads iris"}),
        ({"workdir": "checkout"}, {"workdir": "works in a checkout of the commit"}),
        ({"description": "x"}, {"description": ""}),
        (
            {"actions": {"plot": {"executable": "draw.py", "executable_command": "python"}}},
            {"actions.plot.executable": "its action plot runs draw.py instead of plot.py"},
        ),
        (
            {"actions": {**EXPERIMENT["actions"], "export": {"executable": "e.sh"}}},  # type: ignore[dict-item]
            {"actions.export.executable": "has a new action export, which runs e.sh"},
        ),
        (
            {"metrics": [{"file": "metrics.json", "keys": ["acc"], "better": {"acc": "lower"}}]},
            {"metrics.metrics.json.better.acc": "counts a lower acc as better"},
        ),
        (
            {"metrics": [{"file": "metrics.json", "keys": ["acc", "loss"], "better": {"acc": "higher"}}]},
            {"metrics.metrics.json.keys": "also records loss"},
        ),
    ],
)
def test_a_changed_key_of_an_experiment_says_what_it_means(keys: dict[str, Any], expected: dict[str, str]) -> None:
    assert meant(experiment(), experiment(**keys)) == expected


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ({"--cpus-per-task": 1}, {"--cpus-per-task": 2}, "asks for 2 CPUs instead of 1"),
        ({"request_cpus": 4}, {"request_cpus": 1}, "asks for 1 CPU instead of 4"),
        ({}, {"request_gpus": 2}, "asks for 2 GPUs"),
        ({"request_gpus": 2}, {}, "no longer asks for a number of GPUs"),
        ({"--mem": "2GB"}, {"--mem": "4GB"}, "asks for 4GB of memory instead of 2GB"),
        ({"mem-per-cpu": 1}, {"mem-per-cpu": 2}, "asks for 2 of memory per CPU instead of 1"),
        ({"-t": "1:00"}, {"-t": "2:00"}, "may take 2:00 instead of 1:00"),
        ({"--time": "1:00"}, {}, "no longer has a time limit of its own"),
        ({}, {"--partition": "long"}, "uses the partition long"),
        ({"container_image": "a.sif"}, {}, "runs outside a container"),
        ({}, {"container_image": "a.sif"}, "runs in the container a.sif"),
        ({"--gres": "a"}, {"--gres": "b"}, "asks for b of resources instead of a"),
        ({"--gres": "a"}, {}, "no longer asks for the resources"),
        ({"--mem-per-cpu": 1}, {}, "no longer asks for memory"),
        ({"--partition": "a"}, {}, "no longer names the partition"),
        ({"--nice": 1}, {"--nice": 2}, ""),
    ],
)
def test_a_changed_option_of_a_template_says_what_a_run_asks_for(old: Any, new: Any, expected: str) -> None:
    (said,) = meant(template(old), template(new)).values()
    assert said == expected


def test_a_dataset_that_moved_and_settings_say_so() -> None:
    old, new = ({"schema": "dataset/1", "name": "iris", "path": path} for path in ("data", "elsewhere"))
    (change,) = key_changes("dataset", old, new)
    assert plain(change.meaning) == "moved from data to elsewhere"
    changes = key_changes("config", {"result_dir": "results"}, {"records": {"commit": "manual"}})
    assert [(c.key, plain(c.meaning)) for c in changes] == [
        ("result_dir", "new runs write into results"),
        ("records.commit", "records of runs are committed by hand"),
    ]


def retrying(*when: Any, **keys: Any) -> dict[str, Any]:
    return {"retry": {"when": list(when), "times": 2, **keys}}


@pytest.mark.parametrize(
    ("kind", "old", "new", "expected"),
    [
        ("experiment", {}, {"checkpoint": 85}, "continues later, in another attempt, if the program exits with 85"),
        ("experiment", {"checkpoint": 85}, {}, "no longer continues later if the program exits with 85"),
        (
            "experiment",
            {"checkpoint": 85},
            {"checkpoint": {"exit_code": 86, "attempts": 50}},
            "continues later, in another attempt, if the program exits with 86 instead of 85; "
            "gets up to 50 attempts instead of 20",
        ),
        (
            "experiment",
            {},
            {"checkpoint": {"file": "again"}},
            "continues later, in another attempt, if the program writes again",
        ),
        (
            "template",
            {},
            retrying("timeout", {"exit_code": 75}, time="2x"),
            "also retries groups after timeout, exit code 75; groups get up to 2 more attempts by themselves; "
            "an attempt after timeout asks for 2x the time",
        ),
        (
            "template",
            retrying("timeout", {"exit_code": [75, 76]}, time="2x"),
            retrying("out_of_memory", {"exit_code": [76]}, memory="2x") | {},
            "also retries groups after out of memory; no longer retries groups after timeout, exit code 75; "
            "an attempt after timeout asks for no more time; an attempt after out of memory asks for 2x the memory",
        ),
        (
            "experiment",
            retrying("failed"),
            {},
            "no longer retries groups after failed; no group is retried automatically",
        ),
        ("experiment", {}, {"container": "a.sif"}, "runs in the container a.sif"),
        (
            "experiment",
            {"container": "a.sif"},
            {"container": {"image": "b"}},
            "runs in the container b instead of a.sif",
        ),
        ("experiment", {"container": "a.sif"}, {}, "runs outside a container"),
        (
            "template",
            {},
            {"transfer": True},
            "jobs do not see the project's disk: code, data and results are transferred",
        ),
        ("experiment", {"transfer": True}, {}, "jobs see the project's disk, and nothing is transferred"),
        ("experiment", {}, {"code": {"paths": ["a", "b"]}}, "counts only these as its code: a, b"),
        (
            "experiment",
            {"code": {"paths": ["a"]}},
            {"code": {"paths": ["b"]}},
            "also counts as its code: b; no longer counts as its code: a",
        ),
        ("experiment", {"code": {"paths": ["a"]}}, {}, "counts all files but .qanat as its code"),
        ("dataset", {}, {"track": "hash"}, "new runs record what the data are by hash instead of stat"),
        ("dataset", {"writable": True}, {}, "no container can change the data"),
        ("dataset", {}, {"transfer": "present"}, "expected at its path by jobs that do not see the project's disk"),
        ("config", {}, {"local": {"time_limit": "2h"}}, "groups of local runs may take 2h"),
        (
            "experiment",
            retrying([], 3),
            retrying({"x": 1}),
            "also retries groups after {x: 1}; no longer retries groups after [], '3'",
        ),
    ],
)
def test_what_changes_in_the_life_of_a_run_is_said(kind: str, old: Any, new: Any, expected: str) -> None:
    assert "; ".join(plain(change.meaning) for change in key_changes(kind, old, new)) == expected


def test_words_of_a_file_are_marked_and_those_of_qanat_are_not() -> None:
    (change,) = key_changes("experiment", {"executable": "a.py"}, {"executable": "b.py"})
    assert [part for part in change.meaning if isinstance(part, Verbatim)] == ["b.py", "a.py"]


def test_the_order_of_keys_does_not_count_and_a_type_does() -> None:
    assert list(key_changes("template", {"options": {"a": 1, "b": 2}}, {"options": {"b": 2, "a": 1}})) == []
    found = list(key_changes("template", {"options": {"a": 1, "b": [1]}}, {"options": {"a": True, "b": [1.0]}}))
    assert [(c.key, shown(c.old), shown(c.new)) for c in found] == [
        ("options.a", "1", "true"),
        ("options.b", "[1]", "[1.0]"),
    ]


def test_what_is_added_or_removed_has_all_its_keys_on_one_side() -> None:
    (added,) = compare_definitions([], [experiment(actions=None, metrics=None)], {})
    assert [(k.key, k.old) for k in added.keys] == [
        ("executable", ABSENT),
        ("executable_command", ABSENT),
        ("datasets", ABSENT),
        ("tags", ABSENT),
    ]
    (removed,) = compare_definitions([template({"--mem": "1GB"})], [], {})
    assert (removed.change, [(k.key, k.old, k.new) for k in removed.keys]) == (
        "removed",
        [("options.--mem", "1GB", ABSENT)],
    )


def test_an_experiment_with_another_name_and_all_else_the_same_is_renamed() -> None:
    changes = compare_definitions([experiment()], [experiment(name="fit", description="new")], {})
    assert what(changes) == [("fit", "renamed", "train")]
    assert [key.key for key in changes[0].keys] == ["description"]


def test_an_experiment_that_its_runs_moved_with_is_renamed_whatever_else_changed() -> None:
    new = experiment(name="fit", executable="fit.py")
    assert what(compare_definitions([experiment()], [new], {})) == [("fit", "added", ""), ("train", "removed", "")]
    (change,) = compare_definitions([experiment()], [new], {"train": "fit"})
    assert (change.renamed_from, [plain(k.meaning) for k in change.keys]) == (
        "train",
        ["runs fit.py instead of train.py"],
    )


def test_an_experiment_that_says_how_it_was_called_is_renamed() -> None:
    new = experiment(name="fit", executable="fit.py", formerly=["older", "train"])
    (change,) = compare_definitions([experiment()], [new], {})
    assert (change.renamed_from, [key.key for key in change.keys]) == ("train", ["executable"])


def test_the_command_of_a_dataset_is_a_program_that_others_start() -> None:
    old, new = ({"schema": "dataset/1", "name": "iris", "path": "d", **more} for more in ({}, {"command": "curl x"}))
    (change,) = key_changes("dataset", old, new)
    assert plain(change.meaning) == "this program is started on the machine of everyone who runs what reads the data"
    assert [plain(change.meaning) for change in key_changes("dataset", new, old)] == [""]


def test_a_dataset_with_another_path_is_not_the_same_one_renamed() -> None:
    old, same, other = (
        Definition("dataset", name, f"{name}.yaml", {"name": name, "path": path})
        for name, path in (("a", "data"), ("b", "data"), ("b", "elsewhere"))
    )
    assert what(compare_definitions([old], [same], {})) == [("b", "renamed", "a")]
    assert what(compare_definitions([old], [other], {})) == [("a", "removed", ""), ("b", "added", "")]


def test_templates_of_two_runners_with_one_name_are_two() -> None:
    old = [template({"a": 1}), template({"a": 1}, "htcondor")]
    new = [template({"a": 1}), template({"a": 2}, "htcondor")]
    (change,) = compare_definitions(old, new, {})
    assert (change.definition.runner, [k.key for k in change.keys]) == ("htcondor", ["options.a"])


def test_a_template_in_the_settings_and_one_in_a_file_may_have_one_name() -> None:
    inside = Definition("template", "default", ".qanat/config.yaml", {"options": {"--mem": "1GB"}}, "slurm")
    changed = Definition("template", "default", ".qanat/config.yaml", {"options": {"--mem": "2GB"}}, "slurm")
    (change,) = compare_definitions([template({"a": 1}), inside], [template({"a": 1}), changed], {})
    assert (change.definition.file, [k.key for k in change.keys]) == (".qanat/config.yaml", ["options.--mem"])
    moved = compare_definitions([inside], [template({"--mem": "1GB"})], {})
    assert sorted(c.change for c in moved) == ["added", "removed"]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("a b", "a b"),
        ("", "''"),
        ("1", "'1'"),
        ("true", "'true'"),
        (True, "true"),
        (1, "1"),
        (1.0, "1.0"),
        (None, "null"),
        (math.nan, "nan"),
        (["a", 1, {"expr": "x"}], "[a, 1, {expr: x}]"),
        (ABSENT, ""),
    ],
)
def test_a_value_is_shown_so_that_its_type_can_be_told(value: Any, expected: str) -> None:
    assert shown(value) == expected

"""The keys of templates for HTCondor: which are wrong, and how values are written in the submit language."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from qanat.runners.htcondor import keys
from tests.support.tutorial import TEMPLATE

TUTORIAL = yaml.safe_load(TEMPLATE)


def test_the_tutorials_template_has_no_wrong_key_and_no_wrong_value() -> None:
    assert keys.key_problems(TUTORIAL) == []
    assert keys.value_problems(TUTORIAL) == []


@pytest.mark.parametrize(
    "key",
    [
        "request_cpus",
        "Request_CPUs",
        " requirements ",
        "max_materialize",
        "max_idle",
        "+Anything",
        "My.Anything",
        "MY.anything",
        "accounting_group",
        "concurrency_limits",
        "container_image",
        "retry_request_memory",
        # Resources that a pool defines itself.
        "request_fpgas",
        "request_licences",
    ],
)
def test_a_key_that_htcondor_knows_is_no_problem(key: str) -> None:
    assert keys.key_problems({key: "1"}) == []


@pytest.mark.parametrize(
    ("key", "problem"),
    [
        ("request_cpu", "is not a submit command; did you mean request_cpus"),
        ("request_mem", "is not a submit command; did you mean"),
        ("request_memry", "is not a submit command; did you mean request_memory"),
        ("requirments", "is not a submit command; did you mean requirements"),
        ("univers", "is not a submit command; did you mean universe"),
        ("zzz", "is not a submit command"),
        ("queue", "is set by qanat and cannot be in a template"),
        ("Queue", "is set by qanat and cannot be in a template"),
        ("executable", "is set by qanat and cannot be in a template"),
        ("arguments", "is set by qanat and cannot be in a template"),
        ("log", "is set by qanat and cannot be in a template"),
        ("initialdir", "is set by qanat and cannot be in a template"),
        ("stdout", "is set by qanat and cannot be in a template"),
        ("+QanatIntent", "is set by qanat and cannot be in a template"),
        ("+Args", "is set by qanat and cannot be in a template"),
        ("My.cmd", "is set by qanat and cannot be in a template"),
        ("+UserLog", "is set by qanat and cannot be in a template"),
        ("My.qanatintent", "is set by qanat and cannot be in a template"),
    ],
)
def test_a_key_that_is_misspelt_or_qanats_own_is_a_problem(key: str, problem: str) -> None:
    (found,) = keys.key_problems({key: "1"})
    assert found.startswith(f"{key}: {problem}")


def test_a_key_that_another_value_refers_to_is_a_macro_and_no_problem() -> None:
    options = {"my_rank": "Memory", "rank": "$(My_Rank) * 2", "unused": "1"}
    assert [found.partition(":")[0] for found in keys.key_problems(options)] == ["unused"]


@pytest.mark.parametrize(
    ("key", "value", "problem"),
    [
        ("request_memory", "lots", "lots is not a number"),
        ("request_cpus", "two", "two is not a number"),
        ("requirements", "a\nb", "a value cannot contain a line break"),
        ("+Note", "a\rb", "a value cannot contain a line break"),
    ],
)
def test_a_value_that_htcondor_would_take_wrongly_is_a_problem(key: str, value: str, problem: str) -> None:
    (found,) = keys.value_problems({key: value})
    assert found.startswith(f"{key}: {problem}")


@pytest.mark.parametrize("value", [1, "1", "2GB", "2 GB", "1.5G", "1024 * 2", "ifThenElse(a, 1, 2)", "$(mem)"])
def test_numbers_units_and_expressions_are_amounts(value: Any) -> None:
    assert keys.value_problems({"request_memory": value}) == []


@pytest.mark.parametrize(
    ("key", "value", "written"),
    [
        ("request_memory", "1GB", "1GB"),
        ("request_cpus", 2, "2"),
        ("getenv", True, "true"),
        ("getenv", False, "false"),
        ("rank", {"expr": "Memory + 1"}, "Memory + 1"),
        ("concurrency_limits", ["a", "b:2"], "a, b:2"),
        ("notify_user", None, ""),
        ("+Group", "group_usmb.listic", '"group_usmb.listic"'),
        ("My.Group", "two words", '"two words"'),
        ("+Group", "", '""'),
        ("+Group", '"quoted already"', '"quoted already"'),
        ("+Group", 'a "quote" inside', '"a \\"quote\\" inside"'),
        ("+Group", 'begins and ends "so"', '"begins and ends \\"so\\""'),
        ("+Path", "C:\\new", '"C:\\new"'),
        ("+Group", {"expr": "strcat(Owner, 1)"}, "strcat(Owner, 1)"),
        ("+Count", 3, "3"),
        ("+Share", 0.5, "0.5"),
        ("+Yes", True, "true"),
        ("+True", "true", '"true"'),
    ],
)
def test_a_value_is_written_as_it_is_meant(key: str, value: Any, written: str) -> None:
    assert keys.submit_value(key, value) == written


@pytest.mark.parametrize(
    ("key", "written", "name"),
    [
        ("+Group", "My.Group", "my.group"),
        ("My.Group", "My.Group", "my.group"),
        ("MY.Group", "My.Group", "my.group"),
        (" Request_CPUs ", "Request_CPUs", "request_cpus"),
        ("+not a name", "+not a name", "+not a name"),
    ],
)
def test_a_key_is_written_so_that_the_bindings_take_it(key: str, written: str, name: str) -> None:
    assert keys.submit_key(key) == written
    assert keys.canonical_name(key) == name


@pytest.mark.parametrize(
    ("key", "value"), [("getenv", "true"), ("getenv", True), ("GetEnv", "True"), ("get_env", "true")]
)
def test_copying_the_whole_environment_is_warned_about_with_what_to_write_instead(key: str, value: Any) -> None:
    (warning,) = keys.warnings({key: value, "request_cpus": 1})
    assert "secrets included" in warning
    assert "getenv: PATH, VIRTUAL_ENV, LD_LIBRARY_PATH" in warning


@pytest.mark.parametrize("options", [{"getenv": "PATH, HOME"}, {"getenv": False}, {"request_cpus": True}, {}])
def test_nothing_else_is_warned_about(options: dict[str, Any]) -> None:
    assert keys.warnings(options) == []


@pytest.mark.parametrize("key", ["max_retries", "retry_until", "on_exit_hold", "On_Exit_Remove"])
def test_with_some_keys_htcondor_may_run_a_program_again_that_has_ended(key: str) -> None:
    assert keys.decides_after_exit({"request_cpus": 1, key: "1"})
    assert not keys.decides_after_exit({"request_cpus": 1, "periodic_release": "true"})


@pytest.mark.parametrize("intent", ["9c41d2e07ab35f68", '" || true || "', "\\", '\\" || true || "', "a\nb", "é→", ""])
def test_an_intent_is_one_string_to_htcondor_whatever_a_record_says(intent: str) -> None:
    classad2 = pytest.importorskip("classad2")
    described = classad2.ExprTree(keys.intent_expression([intent, "other"]))
    for mark, is_meant in ((intent, True), ("other", True), ("somebody else's", False)):
        job = classad2.ClassAd()
        job["QanatIntent"] = mark
        assert described.eval(job) is is_meant
    assert described.eval(classad2.ClassAd()) == classad2.Value.Undefined


@pytest.mark.parametrize(
    ("options", "signals"),
    [
        ({}, ("TERM",)),
        ({"kill_sig": "SIGUSR1"}, ("TERM", "USR1")),
        ({"Kill_Sig": 12, "remove_kill_sig": "int"}, ("TERM", "USR2", "INT")),
        ({"kill_sig": "SIGKILL", "remove_kill_sig": "nonsense"}, ("TERM",)),
        ({"kill_sig": "15"}, ("TERM",)),
    ],
)
def test_the_signals_that_stop_a_job_are_those_of_the_options(
    options: dict[str, object], signals: tuple[str, ...]
) -> None:
    assert keys.stopping(options).signals == signals

"""The table of rules, and what else names them: .pre-commit-hooks.yaml and the programs in pyproject.toml."""

from __future__ import annotations

import importlib
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from qanat.errors import UsageError
from qanat.usecases.checks.rule import load_rule, rule_ids

ROOT = Path(__file__).parents[4]
MANIFEST: list[dict[str, Any]] = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
SCRIPTS: dict[str, str] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
# Files, and the rules of these four that are about them; no-results is about every file.
PATHS: dict[str, set[str]] = {
    ".qanat/config.yaml": {"validate", "no-secrets"},
    ".qanat/experiments/a.yaml": {"validate", "no-secrets"},
    ".qanat/templates/slurm/a.yml": {"validate", "no-secrets"},
    ".qanat/runs/a/0/1-abcdef.yaml": {"validate", "no-secrets"},
    ".qanat/runs/a/0/1-abcdef.md": {"no-secrets"},
    ".qanat/cache/x.yaml": set(),
    ".qanat/experiments/cache/x.yaml": {"validate", "no-secrets"},
    "sub/.qanat/config.yaml": set(),
    "x.qanat/config.yaml": set(),
    "qanat/config.yaml": set(),
    "results/a/run_1/info.yaml": set(),
    "a.py": set(),
}


def test_there_are_rules() -> None:
    assert {"frozen-runs", "no-results", "no-secrets", "validate"} <= set(rule_ids())


@pytest.mark.parametrize("rule_id", rule_ids())
def test_a_rule_has_the_name_of_its_module_and_says_what_it_refuses(rule_id: str) -> None:
    rule = load_rule(rule_id)
    assert rule.id == rule_id
    assert re.fullmatch(r"[a-z][^\n]+[^.\n]", rule.refuses)


def test_no_two_rules_share_an_option() -> None:
    options = [option for rule in map(load_rule, rule_ids()) for option in rule.options]
    assert len({option.flag for option in options}) == len({option.name for option in options}) == len(options)


def test_an_unknown_rule_is_named_with_those_there_are() -> None:
    with pytest.raises(UsageError, match=r"rule '\.\./scope' does not exist") as refused:
        load_rule("../scope")
    assert refused.value.hint == f"known: {', '.join(rule_ids())}"


def test_every_rule_has_a_hook_that_calls_the_program_for_all_of_them() -> None:
    entries = {hook["id"]: hook["entry"] for hook in MANIFEST}
    assert entries == {f"qanat-{rule_id}": f"qanat-hook {rule_id}" for rule_id in rule_ids()}
    assert SCRIPTS["qanat-hook"] == "qanat_hooks.hook:main"


@pytest.mark.parametrize("path", PATHS)
def test_pre_commit_passes_the_files_that_a_rule_is_about(path: str) -> None:
    passed = {
        hook["id"].removeprefix("qanat-")
        for hook in MANIFEST
        if hook.get("pass_filenames", True)
        and re.search(hook.get("files", ""), path)
        and not re.search(hook.get("exclude", "^$"), path)
    }
    assert passed == {rule.id for rule in map(load_rule, rule_ids()) if rule.takes(path)}
    assert passed & {"frozen-runs", "no-results", "no-secrets", "validate"} == {"no-results", *PATHS[path]}


def test_the_programs_for_one_rule_check_that_rule() -> None:
    for name, place in SCRIPTS.items():
        if name in ("qanat", "qanat-hook"):
            continue
        module, _, attribute = place.partition(":")
        assert getattr(importlib.import_module(module), attribute).args == (name.removeprefix("qanat-"), name)


def test_the_recipes_for_servers_call_programs_that_there_are() -> None:
    for recipe in ("action.yml", "ci/gitlab-qanat.yml"):
        text = (ROOT / recipe).read_text()
        assert set(re.findall(r"-m (qanat[\w.]*)", text)) == {"qanat", "qanat_hooks.hook"}
        assert "check -m qanat_hooks.hook --all-but validate --from-ref" in text
        assert "check -m qanat validate" in text

"""The program `qanat-hook`, which every hook calls, and those from before it."""

from __future__ import annotations

import sys

from qanat.usecases.checks.rule import load_rule, rule_ids
from tests.support.hooks import hook
from tests.support.sandbox import Sandbox, call


def test_the_program_lists_the_rules(sandbox: Sandbox) -> None:
    usage, other, empty, title, *lines = hook(sandbox, "--help", code=0).out.splitlines()
    assert (usage, other) == ("usage: qanat-hook RULE [OPTION ...] [FILE ...]", "       qanat-hook --list")
    assert (empty, title) == ("", "rules:")
    assert hook(sandbox, "--list", code=0).out.splitlines() == rule_ids()
    expected = [[rule_id, "refuses", *load_rule(rule_id).refuses.split()] for rule_id in rule_ids()]
    assert [line.split() for line in lines] == expected
    without = call([sys.executable, "-P", "-m", "qanat_hooks.hook"], sandbox.root, code=2)
    assert without.out == hook(sandbox, "-h", code=0).out


def test_a_rule_that_does_not_exist_is_named_with_those_that_do(sandbox: Sandbox) -> None:
    refused = hook(sandbox, "nope", code=2)
    assert refused.err == f"qanat-hook: rule 'nope' does not exist\n  hint: known: {', '.join(rule_ids())}\n"


def test_a_hook_says_in_its_help_what_it_refuses(sandbox: Sandbox) -> None:
    said = hook(sandbox, "frozen-runs", "--help", code=0).out
    assert said.startswith("usage: qanat-hook frozen-runs [-h]")
    assert "Refuse a record that was changed, or silently deleted, after its run had ended." in " ".join(said.split())
    assert "--allow-deleted ID" in said


def test_the_earlier_program_of_a_rule_finds_the_same(sandbox: Sandbox) -> None:
    file = ".qanat/experiments/a.yaml"
    sandbox.write(file, "schema: experiment/1\n")
    sandbox.git("add", "--all")
    code = "from qanat_hooks.hook import validate; validate()"
    done = call([sys.executable, "-P", "-c", code, file], sandbox.root, code=1)
    assert done.out == hook(sandbox, "validate", file).out
    assert f"{file}:1: validate: " in done.out

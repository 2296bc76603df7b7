"""The program `qanat-hook`, which every hook calls, and those from before it."""

from __future__ import annotations

import sys

from qanat.usecases.checks.rule import load_rule, rule_ids
from tests.support.hooks import hook
from tests.support.sandbox import Sandbox, call


def test_the_program_lists_the_rules(sandbox: Sandbox) -> None:
    usage, all_but, other, empty, title, *lines = hook(sandbox, "--help", code=0).out.splitlines()
    assert (usage, other) == ("usage: qanat-hook RULE [OPTION ...] [FILE ...]", "       qanat-hook --list")
    assert all_but == "       qanat-hook --all-but RULE [OPTION ...] [FILE ...]"
    assert (empty, title) == ("", "rules:")
    assert hook(sandbox, "--list", code=0).out.splitlines() == rule_ids()
    expected = [[rule_id, "refuses", *load_rule(rule_id).refuses.split()] for rule_id in rule_ids()]
    assert [line.split() for line in lines] == expected
    without = call([sys.executable, "-P", "-m", "qanat_hooks.hook"], sandbox.root, code=2)
    assert without.out == hook(sandbox, "-h", code=0).out


def test_a_rule_that_does_not_exist_is_named_with_those_that_do(sandbox: Sandbox) -> None:
    refused = hook(sandbox, "nope", code=2)
    assert refused.err == f"qanat-hook: rule 'nope' does not exist\n  hint: known: {', '.join(rule_ids())}\n"


def test_all_rules_but_one_are_checked_one_after_the_other(sandbox: Sandbox) -> None:
    """One that cannot be checked keeps none of the others from being so."""
    sandbox.write(".qanat/experiments/a.yaml", "schema: experiment/1\ndescription: ghp_" + "a1B2" * 9)
    sandbox.write("results/a/run_1/out", "of a run")
    sandbox.git("add", "--all", "--force")
    sandbox.git("commit", "--quiet", "--message", "wrong")
    found = {}
    for left_out in ("validate", "no-secrets"):
        said = hook(sandbox, "--all-but", left_out, "--from-ref", "HEAD~1", code=1)
        found[left_out] = {line.split(": ")[1] for line in said.out.splitlines()}
    assert found == {"validate": {"no-results", "no-secrets"}, "no-secrets": {"no-results", "validate"}}
    gone = hook(sandbox, "--all-but", "validate", "--from-ref", "gone", code=2)
    assert gone.err.count("'gone' is not a commit") == len(rule_ids()) - 1
    for words in (("--all-but",), ("--all-but", "nope")):
        assert "does not exist\n  hint: known: " in hook(sandbox, *words, code=2).err


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

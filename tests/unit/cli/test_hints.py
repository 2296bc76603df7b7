"""Every command that a message names exists, with its options and its arguments."""

from __future__ import annotations

import ast
import re

import click
import pytest

from qanat.cli.program import qanat
from qanat.cli.terminal.arguments import options_of
from tests.support.commands import contexts
from tests.support.hints import Hint, hints_in, problem_of
from tests.unit.test_import_directions import MODULES

# Those who read all sources share what is read.
pytestmark = pytest.mark.xdist_group("source")


@pytest.fixture(scope="module")
def known() -> dict[str, click.Context]:
    """Return a context for each command; each process that collects this test would load all of them."""
    return contexts(qanat)


def hints(source: str) -> list[Hint]:
    return list(hints_in(list(ast.walk(ast.parse(f"x = {source}"))), "m"))


def test_every_command_in_a_message_can_be_typed(known: dict[str, click.Context]) -> None:
    found = [hint for module in MODULES for hint in hints_in(module.nodes, module.name)]
    assert len(found) > 150
    assert [f"{hint} ({problem})" for hint in found if (problem := problem_of(hint, known))] == []


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ('"repeat it: qanat rerun"', "qanat rerun needs RUN"),
        ('"repeat it: qanat rerun NAME"', "qanat rerun has no argument NAME"),
        ('f"repeat it: qanat rerun {run.number} --forced"', "qanat rerun has no option --forced"),
        ('f"repeat it: qanat rerun {number} --group"', "qanat rerun --group needs a value"),
        ('"  qanat template show t3 --chek"', "qanat template show has no option --chek"),
        ('"add one: qanat template"', "qanat template needs a command"),
        ('f"change it with: qanat {kind} update"', "qanat experiment update needs NAME"),
        ('f"repeat it: qanat rerun {run.number} --failed --head; or not"', ""),
        ('"  qanat rerun 4\\n"', ""),
        ('"the record was deleted without qanat delete"', ""),
        ('"a qanat project"', ""),
    ],
)
def test_a_command_that_cannot_be_typed_is_found(source: str, problem: str, known: dict[str, click.Context]) -> None:
    assert problem_of(hints(source)[0], known) == problem


# Options of other programs, and those that the programs of experiments receive.
OTHERS = {"--storage_path", "--dataset_path", "--seed", "--lr", "--opt"}


def test_every_option_in_a_hint_exists(known: dict[str, click.Context]) -> None:
    options = {option for context in known.values() for option in options_of(context.command)} | OTHERS
    for module in MODULES:
        if module.name.startswith(("qanat.cli", "qanat.usecases")):
            for node in module.nodes:
                if isinstance(node, ast.keyword) and node.arg in ("hint", "option"):
                    text = ast.unparse(node.value)
                    named = re.findall(r"(?<![\w-])--[a-z][\w-]*", text) if "git " not in text else []
                    assert set(named) <= options, (module.name, node.lineno)

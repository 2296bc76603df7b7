"""What a rule is, and which ones there are: the modules of `rules/`, each loaded when it is needed."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qanat.domain.findings import Finding
from qanat.domain.layout import STATE
from qanat.domain.shortening import quoted
from qanat.errors import UsageError

_FOLDER = Path(__file__).with_name("rules")


@dataclass(frozen=True, slots=True)
class Option:
    """An option of a rule: `name` is the check's argument; it is a tuple of values if the option is `repeatable`."""

    flag: str
    name: str
    metavar: str
    help: str
    parse: Callable[[str], Any] = str
    repeatable: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule: `refuses` says in a line what must not be committed, `takes` which files the rule is about.

    `check(scope, names)` lists what breaks the rule, in these files or in all that the scope has; it is also given the
    values of the rule's options.
    """

    id: str
    refuses: str
    check: Callable[..., Iterable[Finding]]
    takes: Callable[[str], bool] = lambda _: True
    options: tuple[Option, ...] = ()


def rule_ids() -> list[str]:
    """List the rules in the order of their names."""
    return sorted(file.stem.replace("_", "-") for file in _FOLDER.glob("[!_]*.py"))


def load_rule(rule_id: str) -> Rule:
    """Load a rule. Raises UsageError if there is none with this id."""
    if rule_id not in (known := rule_ids()):
        raise UsageError(f"rule {quoted(rule_id)} does not exist", hint=f"known: {', '.join(known)}")
    module = importlib.import_module(f"{__package__}.rules.{rule_id.replace('-', '_')}")
    found: Rule = module.RULE
    return found


def is_in_state(path: str) -> bool:
    """Return whether a file is below `.qanat/` and not in the cache."""
    return path.startswith(f"{STATE}/") and not path.startswith(f"{STATE}/cache/")

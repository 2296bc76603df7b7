"""What arguments may name: paths inside the project, and absolute ones."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence

_NOT_INPUTS = frozenset({".", "..", ".git", ".qanat"})


def named_paths(groups: Iterable[Sequence[str]]) -> list[str]:
    """List the paths inside the project, relative to its root, that groups' arguments may name, also after `=`."""
    paths = dict.fromkeys(os.path.normpath(value) for value in _values(groups) if value[0] not in "-/")
    return [path for path in paths if path.partition("/")[0] not in _NOT_INPUTS]


def absolute_paths(groups: Iterable[Sequence[str]]) -> list[str]:
    """List the absolute paths that groups' arguments may name, also after `=`."""
    return list(dict.fromkeys(os.path.normpath(value) for value in _values(groups) if value[0] == "/"))


def _values(groups: Iterable[Sequence[str]]) -> Iterator[str]:
    arguments = dict.fromkeys(argument for args in groups for argument in args)
    for argument in arguments:
        yield from filter(None, (argument, argument.partition("=")[2]))

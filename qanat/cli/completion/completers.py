"""Completion of values of arguments and options with names from the project."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import click
from click.shell_completion import CompletionItem

# A shell puts what is offered into the command line as it is, and much of it comes from files.
_LITERAL = re.compile(r"[\w.+/@%,:-]+")


def _start(ctx: click.Context) -> Any:
    """Return the folder that the command would run in: `-C DIR`, or the current one."""
    from pathlib import Path

    return Path(ctx.find_root().params.get("folder") or ".")


def _offered(offers: Iterable[tuple[str, str]], incomplete: str) -> list[Any]:
    """Return the offers that begin like what was typed, and that a shell takes as they are."""
    return _completed("", offers, incomplete)


def _completed(before: str, offers: Iterable[tuple[str, str]], begun: str) -> list[Any]:
    found = ((word, about) for word, about in offers if word.startswith(begun) and _LITERAL.fullmatch(word))
    return [CompletionItem(before + word, help=about) for word, about in found]


def experiments(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[Any]:
    """Complete the name of an experiment."""
    from qanat.usecases import complete_names

    return _offered(complete_names.definitions(_start(ctx), "experiment"), incomplete)


def datasets(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[Any]:
    """Complete the name of a dataset."""
    from qanat.usecases import complete_names

    return _offered(complete_names.definitions(_start(ctx), "dataset"), incomplete)


def views(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[Any]:
    """Complete the name of a view."""
    from qanat.usecases import complete_names

    return _offered(complete_names.definitions(_start(ctx), "view"), incomplete)


def documents(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[Any]:
    """Complete the name of a document."""
    from qanat.usecases import complete_names

    return _offered(complete_names.definitions(_start(ctx), "document"), incomplete)


def texts(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[Any]:
    """Complete the name of a document, or else a file."""
    return documents(ctx, param, incomplete) or [CompletionItem(incomplete, type="file")]


def starting_points(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[Any]:
    """Complete the name of a starting point."""
    from qanat.usecases.definitions import starting_points

    return _offered([(one.name, one.about) for one in starting_points.offered()], incomplete)


def packs(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[Any]:
    """Complete the name of a pack of templates."""
    from qanat.usecases import complete_names

    return _offered(complete_names.definitions(_start(ctx), "pack"), incomplete)


def templates(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[Any]:
    """Complete the name of a template of the runner named before it, or else a file."""
    from qanat.usecases import complete_names

    runner = ctx.params.get("runner")
    found = _offered(complete_names.templates(_start(ctx), runner), incomplete)
    return found or [CompletionItem(incomplete, type="file")]


def actions(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[Any]:
    """Complete the name of an action of the experiment named before it."""
    from qanat.usecases import complete_names

    return _offered(complete_names.actions(_start(ctx), ctx.params.get("name") or ""), incomplete)


def dependencies(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[Any]:
    """Complete the name of a dependency of the document named before it."""
    from qanat.usecases import complete_names

    return _offered(complete_names.dependencies(_start(ctx), ctx.params.get("name") or ""), incomplete)


def runs(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[Any]:
    """Complete a run of the experiment named before it, except for runs that have been named already."""
    from qanat.usecases import complete_names

    given = ctx.params.get(str(param.name))
    known = set(given) if isinstance(given, list | tuple) else set()
    offers = complete_names.runs(_start(ctx), incomplete, ctx.params.get("name"))
    return _offered(((word, about) for word, about in offers if word not in known), incomplete)


def runners(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[Any]:
    """Complete the name of a built-in runner; finding those of other packages takes too long."""
    from qanat.runners.registry import BUILT_IN

    return _offered(((name, "") for name in BUILT_IN), incomplete)


def engines(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[Any]:
    """Complete the name of a built-in engine of containers."""
    from qanat.containers.registry import BUILT_IN

    return _offered(((name, "") for name in BUILT_IN), incomplete)


def conditions(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[Any]:
    """Complete the name at the end of a condition."""
    from qanat.domain.condition import FRESH

    return _last_name(ctx, incomplete, r"\s()", (FRESH, "as it would be run now"))


def columns(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[Any]:
    """Complete the last of the names of columns, which are separated by commas."""
    return _last_name(ctx, incomplete, ",")


def curves(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[Any]:
    """Complete the name of a curve of the run named before it."""
    from qanat.usecases import complete_names

    return _offered(complete_names.curves(_start(ctx), ctx.params.get("run") or ""), incomplete)


def _last_name(ctx: click.Context, incomplete: str, separators: str, *more: tuple[str, str]) -> list[Any]:
    """Offer what was typed with its last name completed, since a shell replaces all of it."""
    from qanat.usecases import complete_names

    begun = (re.search(rf"[^{separators}]*\Z", incomplete) or [""])[0]
    before = incomplete[: len(incomplete) - len(begun)]
    return _completed(before, [*complete_names.names_in_conditions(_start(ctx)), *more], begun)


def metrics(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[Any]:
    """Complete the name of a metric."""
    from qanat.usecases import complete_names

    return _offered(complete_names.metrics(_start(ctx)), incomplete)


COMPLETERS = {
    "experiments": experiments,
    "datasets": datasets,
    "views": views,
    "documents": documents,
    "dependencies": dependencies,
    "texts": texts,
    "packs": packs,
    "starting_points": starting_points,
    "templates": templates,
    "actions": actions,
    "runs": runs,
    "runners": runners,
    "engines": engines,
    "conditions": conditions,
    "columns": columns,
    "curves": curves,
    "metrics": metrics,
}

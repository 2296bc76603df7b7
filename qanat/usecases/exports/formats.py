"""The formats of exports: each is a row here, and a module with `export(selection, request, output)`."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from qanat.domain.shortening import quoted
from qanat.errors import UsageError
from qanat.runners.protocol import Runners
from qanat.usecases.exports.request import Exported, ExportRequest
from qanat.usecases.exports.selection import Selection
from qanat.usecases.launch.looking import refreshed
from qanat.usecases.project import Project

Export = Callable[[Selection, ExportRequest, Path], Exported]
FILES, WITHOUT, BUNDLE, LICENSE = "--files", "--without-results", "--bundle", "--license"
_LICENSE = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+-]*|https?://[^\s<>\"{}|\\^`]+")
URI, EXPERIMENT = "--tracking-uri", "--mlflow-experiment"


@dataclass(frozen=True, slots=True)
class Format:
    """A format: what it is, its module, and which options it takes that not all do; `writes` is what it writes to."""

    title: str
    module: str
    takes: frozenset[str]
    writes: str = "file"


FORMATS: Mapping[str, Format] = {
    "ro-crate": Format(
        "Process Run Crate, with the results",
        "ro_crate",
        frozenset({FILES, WITHOUT, BUNDLE, LICENSE}),
        "folder or .zip",
    ),
    "prov": Format("W3C PROV in JSON", "prov", frozenset({FILES})),
    "mlflow": Format("runs in MLflow", "mlflow_runs", frozenset({FILES, WITHOUT, URI, EXPERIMENT}), ""),
    "csv": Format("two CSV files, of groups and of curves", "tables", frozenset()),
}


def export(project: Project, runners: Runners, request: ExportRequest) -> Exported:
    """Export runs. Raises UsageError for options that the format does not take, and the errors of its module."""
    known = FORMATS.get(request.format)
    if known is None:
        raise UsageError(f"{quoted(request.format)} is not a format", hint=f"formats: {', '.join(FORMATS)}")
    _check_options(request, known)
    module = importlib.import_module(f"qanat.usecases.exports.{known.module}")
    write: Export = module.export
    with refreshed(project, runners) as (index, result):
        return write(Selection(project, index, result, runners, request), request, request.output or Path())


def _check_options(request: ExportRequest, known: Format) -> None:
    if not request.names_runs:
        raise UsageError(
            "nothing says which runs to export", hint="name runs, or choose them with: --where state=finished"
        )
    used = {
        FILES: bool(request.files),
        WITHOUT: request.without_results,
        BUNDLE: request.bundle,
        LICENSE: bool(request.license),
        URI: bool(request.tracking_uri),
        EXPERIMENT: bool(request.mlflow_experiment),
        "--output": request.output is not None,
    }
    takes = known.takes | ({"--output"} if known.writes else set())
    if wrong := [option for option, is_used in used.items() if is_used and option not in takes]:
        others = [name for name, other in FORMATS.items() if wrong[0] in other.takes]
        hint = f"it is for: {', '.join(others)}" if others else "leave it out"
        raise UsageError(f"{wrong[0]} has no effect with --format {request.format}", hint=hint)
    if known.writes and request.output is None:
        raise UsageError("--output is missing", hint=f"name the {known.writes} to write")
    if request.license and not _LICENSE.fullmatch(request.license):
        told = f"{LICENSE}: {quoted(request.license)} is neither an SPDX identifier nor a URL"
        raise UsageError(told, hint="identifiers are such as MIT or CC-BY-4.0; see https://spdx.org/licenses/")
    if request.files and request.without_results:
        raise UsageError(f"{FILES} cannot be used with {WITHOUT}", hint="leave out one of them")

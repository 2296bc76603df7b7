"""Exports of runs, as methods of an open project."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from qanat.api.opened import Opened
from qanat.api.runs import Run, word
from qanat.api.spelling import for_python, listed
from qanat.domain import condition

if TYPE_CHECKING:
    from qanat.usecases.exports.request import Exported


class Exports:
    """What a project exports."""

    _opened: Opened

    def export(
        self,
        runs: Run | str | int | Iterable[Run | str | int] = (),
        *,
        format: str,
        output: str | Path | None = None,
        where: str | Sequence[str] = (),
        experiment: str | None = None,
        files: Sequence[str] = (),
        without_results: bool = False,
        bundle: bool = False,
        license: str = "",
        tracking_uri: str = "",
        mlflow_experiment: str = "",
        force: bool = False,
    ) -> Exported:
        """Export these runs, or those that meet a condition, like `qanat export`; return what was exported.

        The keywords are the options of `qanat export`: `where` is a condition or a list of conditions, and `files`
        lists patterns. What is returned has `paths`, `runs`, `groups`, `files`, `bytes`, `counts`, and `notes` on what
        could not be exported. Raises the errors of `qanat export`.
        """
        from qanat.usecases.exports import formats  # only needed to export
        from qanat.usecases.exports.request import ExportRequest

        words_of = [word(run) for run in ([runs] if isinstance(runs, Run | str | int) else runs)]
        conditions, patterns = [where] if isinstance(where, str) else where, listed("files", files)
        with for_python():
            request = ExportRequest(
                format,
                words_of,
                experiment,
                condition.parse_all(conditions),
                None if output is None else Path(output),
                files=patterns,
                without_results=without_results,
                bundle=bundle,
                license=license,
                tracking_uri=tracking_uri,
                mlflow_experiment=mlflow_experiment,
                force=force,
            )
            return formats.export(self._opened.project, self._opened.runners, request)

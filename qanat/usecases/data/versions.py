"""What versions data: DVC by a file of its own, git with DataLad and git-annex, or a program of the user's."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from qanat.domain.data import COMMAND, GIT, DataState
from qanat.domain.sizes import size
from qanat.domain.splitting import split
from qanat.domain.visible import escaped
from qanat.errors import GitRefused, InputInvalid, RunnerUnavailable
from qanat.git import elsewhere
from qanat.records import yaml_io
from qanat.system import asking, files
from qanat.system.asking import Answer

_DVC_BYTES_MAX = 2**20
_DVC_LOCK = "dvc.lock"
_MD5 = re.compile(r"[0-9a-f]{32}(\.dir)?")
_COMMAND_S = 60.0
# Of each of its streams.
_COMMAND_BYTES_MAX = 10**6
_ENGLISH = {"LC_ALL": "C.UTF-8"}
PRINTED_MAX = 200


def of_repository(name: str, path: Path) -> DataState:
    """Return the version of data; of DVC's, also how many files and bytes it has."""
    if output := _dvc_output(path):
        files_ = output.get("nfiles", None if str(output["md5"]).endswith(".dir") else 1)
        return DataState(name, GIT, _whole(files_), bytes=_whole(output.get("size")), id=f"md5:{output['md5']}")
    try:
        found = elsewhere.version_of(Path(os.path.realpath(path)))
    except GitRefused as error:
        return DataState(name, GIT, problem=error.message)
    return DataState(name, GIT, id=found.id, changed=found.changed)


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _dvc_output(path: Path) -> dict[str, Any]:
    """Return what DVC's file beside data, or that of the pipeline that makes them, says; empty if none says an MD5."""
    known = _output_in(_read(path.with_name(f"{path.name}.dvc")), path.name)
    for folder in path.parents if not known else ():
        stages = _read(folder / _DVC_LOCK).get("stages")
        for stage in stages.values() if isinstance(stages, dict) else ():
            known = known or _output_in(stage, str(path.relative_to(folder)))
        if known or any(os.path.lexists(folder / name) for name in (".dvc", ".git")):
            break
    return known


def _read(file: Path) -> dict[str, Any]:
    """Return what is in a file of DVC's; empty if there is none that can be read."""
    if not files.is_file(file):
        return {}
    try:
        content = yaml_io.load(files.read(file, limit_bytes=_DVC_BYTES_MAX), str(file))
    except InputInvalid:
        return {}
    return content if isinstance(content, dict) else {}


def _output_in(content: Any, path: str) -> dict[str, Any]:
    """Return the output of this path, with its MD5, among those that a mapping of DVC's lists; empty if it is none."""
    outputs = content.get("outs") if isinstance(content, dict) else None
    for output in outputs if isinstance(outputs, list) else ():
        if isinstance(output, dict) and output.get("path") == path and _MD5.fullmatch(str(output.get("md5"))):
            return output
    return {}


def of_command(name: str, command: str, path: str, folder: Path) -> DataState:
    """Return what a program of the user's prints about the data at a path, or why it did not."""
    try:
        if not (program := split(command)):  # the data themselves would be started
            return DataState(name, COMMAND, problem="its command is empty")
        answer = asking.answer_of(
            [*program, path], cwd=folder, env=_ENGLISH, timeout_s=_COMMAND_S, bytes_max=_COMMAND_BYTES_MAX
        )
    except ValueError as error:
        return DataState(name, COMMAND, problem=f"its command cannot be run: {str(error).lower()}")
    except RunnerUnavailable as error:
        return DataState(name, COMMAND, problem=escaped(f"its command {error.message}"))
    printed = escaped(" ".join(answer.out.decode("utf-8", "replace").split()))
    if problem := _problem(answer, printed):
        return DataState(name, COMMAND, problem=f"its command {problem}")
    return DataState(name, COMMAND, id=printed)


def _problem(answer: Answer, printed: str) -> str:
    """Return what is wrong with the answer of a command, without control characters; empty if it is a version."""
    if answer.status is None:
        return f"did not end within {_COMMAND_S:g} s, or printed more than {size(_COMMAND_BYTES_MAX)}, and was killed"
    if answer.status != 0:
        first = next(iter(answer.err.decode("utf-8", "replace").strip().splitlines()), "")
        return escaped(f"ended with exit code {answer.status}{f': {first[:PRINTED_MAX]}' if first else ''}")
    if not printed:
        return "printed nothing"
    return f"printed more than {PRINTED_MAX} characters" if len(printed) > PRINTED_MAX else ""

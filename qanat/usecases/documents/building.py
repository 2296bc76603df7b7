"""Starting the commands of a document: what builds it, whose output is shown and kept, and what shows it."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from qanat.domain.document import Document
from qanat.domain.layout import CACHE
from qanat.errors import InputInvalid, QanatError, RunnerUnavailable, reason
from qanat.git import lock
from qanat.system import below, files
from qanat.system.programs import clean_environment
from qanat.usecases.project import Project
from qanat.usecases.runs import attended

LINES_SHOWN = 10
LOG_BYTES_MAX = 64 * 2**20
_BLOCK_BYTES = 2**16
_PATIENCE_S = 10.0
_LINE_MAX = 400


class BuildFailed(QanatError):
    """The command that builds a document failed."""


def log_of(document: Document) -> str:
    """Return the path, from the root, of what the command of a document printed last."""
    return f"{CACHE}/documents/{document.name}/compile.log"


def folder_of(project: Project, document: Document) -> Path:
    """Return the folder in which the commands of a document work. Raises InputInvalid if it does not exist."""
    folder = project.root / document.path
    if not files.is_folder(folder):
        raise InputInvalid(f"document {document.name}: the folder {document.path} does not exist")
    return folder


def check_is_installed(document: Document) -> None:
    """Raise RunnerUnavailable if the command that builds a document is missing, before runs that may take long."""
    name = document.compile[0] if document.compile else ""
    if name and "/" not in name and shutil.which(name) is None:
        raise _missing(name)


def build(project: Project, document: Document, arguments: Sequence[str], show: Callable[[bytes], object]) -> None:
    """Run the command that builds a document, show its output, and keep that in the cache.

    What builds the same document is waited for. Raises BuildFailed with the end of the output, RunnerUnavailable if it
    cannot be started, WriteFailed if another process does not end.
    """
    with lock.file_held(project.location, project.location.private / "documents" / document.name):
        _build(project, document, arguments, show)


def _build(project: Project, document: Document, arguments: Sequence[str], show: Callable[[bytes], object]) -> None:
    command = [*document.compile, *arguments]
    log, lines = log_of(document), deque[str](maxlen=LINES_SHOWN)
    with _started(command, folder_of(project, document), _environment(project, document)) as process:
        kept = bytearray()
        try:
            assert process.stdout is not None  # noqa: S101  # it is a pipe
            while block := os.read(process.stdout.fileno(), _BLOCK_BYTES):
                show(block)
                kept += block[: max(0, LOG_BYTES_MAX - len(kept))]
        except BaseException:
            _end(process)
            raise
        finally:
            with suppress(QanatError):
                below.write(project.root, log, bytes(kept), sharing=project.sharing)
        code = process.wait()
    if code:
        lines.extend(line[-_LINE_MAX:] for line in kept.decode("utf-8", "replace").splitlines() if line.strip())
        how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"failed with exit code {code}"
        last = "".join(f"\n    {line}" for line in lines)
        raise BuildFailed(
            f"document {document.name}: {shlex.join(command)} {how}{':' if last else ''}{last}",
            hint=f"its whole output is in {log}",
        )
    if document.output and not (project.root / document.path / document.output).exists():
        raise BuildFailed(
            f"document {document.name}: {shlex.join(command)} has not made {document.path}/{document.output}",
            hint=f"it was started in {document.path}; name what it makes with: "
            f"qanat document update {document.name} --output FILE",
        )


def show_built(project: Project, document: Document) -> int:
    """Run the command that shows a document, on this terminal; return its exit code. Raises RunnerUnavailable."""
    try:
        return attended.run(document.view, cwd=folder_of(project, document), env=_environment(project, document))
    except OSError as error:
        raise _not_started(document.view, error) from None


def output_of(project: Project, document: Document) -> Path:
    """Return the built file of a document. Raises InputInvalid if it has none, or is not built yet."""
    if document.output is None:
        raise InputInvalid(
            f"document {document.name} has neither a view command nor an output",
            hint=f"name its built file with: qanat document update {document.name} --output FILE",
        )
    file = project.root / document.path / document.output
    if not files.is_file(file):
        raise InputInvalid(
            f"{document.path}/{document.output} does not exist",
            hint=f"build it with: qanat document compile {document.name}",
        )
    return file


def _environment(project: Project, document: Document) -> dict[str, str]:
    """Return the environment of a document's commands: what they may want to know, without the variables of git."""
    return clean_environment(
        {
            "QANAT_ROOT": str(project.root),
            "QANAT_DOCUMENT": document.name,
            "QANAT_EXPORTS": str(project.root / document.exports),
        }
    )


def _started(command: Sequence[str], folder: Path, environment: dict[str, str]) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
    except OSError as error:
        raise _not_started(command, error) from None


def _not_started(command: Sequence[str], error: OSError) -> RunnerUnavailable:
    if isinstance(error, FileNotFoundError) and "/" not in command[0]:
        return _missing(command[0])
    return RunnerUnavailable(f"{command[0]} could not be started: {reason(error)}")


def _missing(name: str) -> RunnerUnavailable:
    return RunnerUnavailable(f"{name} is not on PATH", hint=f"install {name}")


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a command whose output is no longer read; Ctrl-C has reached it, too."""
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(_PATIENCE_S)
    process.kill()

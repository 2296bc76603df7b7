"""Rendering a template of copier in a process of its own, which can be limited and killed.

Without trust, copier refuses templates that name programs or extensions of Jinja, and renders all others in Jinja's
sandbox. What is left are loops that do not end, memory and disk, which the system limits, and `expandvars`, which finds
nothing in the environment of the process.
"""

from __future__ import annotations

import json
import os
import re
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from qanat.errors import InputInvalid, PackageMissing, UsageError

CPU_S = 20
MEMORY_BYTES = 2**32
PROBLEM_MAX = 500
_NAME_MAX = 100
_WATCHED_S = 0.1
# -P: no module of the current folder is mistaken for one of Python's.
_CODE = "import sys; sys.path.append(sys.argv[1]); from qanat.system import rendering; rendering.main(sys.argv[2])"
# What Python and prompts need; not PATH, so that no program is found, not even git.
_KEPT = ("HOME", "USER", "LANG", "LC_ALL", "LC_CTYPE", "TERM", "TZ", "XDG_CONFIG_HOME", "PYTHONPATH", "COLUMNS")
# As copier says it.
_REQUIRED = re.compile(r'Question "(.*)" is required')
_INVALID = re.compile(r"(Validation error for question|Invalid choice for) '(.*?)': (.*)")


@dataclass(frozen=True, slots=True)
class Rendering:
    """What is to be rendered into which folder: with answers, for the other questions defaults, or else prompts.

    `trust` lets the template start programs. `address` and `commit` are where it came from, for its answers file.
    """

    source: Path
    target: Path
    answers: Mapping[str, str] = field(default_factory=dict)
    defaults: bool = True
    trust: bool = False
    address: str = ""
    commit: str = ""


def render(wanted: Rendering, *, bytes_max: int, cpu_s: int = CPU_S) -> None:
    """Render a template. Raises InputInvalid, UsageError for answers, PackageMissing without copier.

    Raises KeyboardInterrupt if a prompt is left.
    """
    with tempfile.TemporaryDirectory(prefix="qanat-") as name:
        wanted.target.mkdir()
        order, report = Path(name, "order.json"), Path(name, "report.json")
        paths = {"source": str(wanted.source), "target": str(wanted.target), "report": str(report)}
        order.write_text(json.dumps(asdict(wanted) | paths | {"bytes_max": bytes_max, "cpu_s": cpu_s}))
        before = _cpu_s_of_children()
        status = _end_of(_command(order), wanted, bytes_max)
        used_s = _cpu_s_of_children() - before
        try:
            said: dict[str, str] = json.loads(report.read_text())
        except (OSError, ValueError):
            said = {}
    # The system kills what is still running a second after SIGXCPU.
    if status == -signal.SIGXCPU or (status == -signal.SIGKILL and used_s >= cpu_s):
        raise InputInvalid(
            f"the template was not rendered within {cpu_s} s of CPU time", hint="is there an endless loop?"
        )
    match said.get("kind"):
        case "done":
            return
        case "left":
            raise KeyboardInterrupt
        case "copier missing":
            raise PackageMissing("copier is not installed")
        case "answers":
            raise UsageError(said["problem"], hint=said["hint"])
        case "template":
            raise InputInvalid(f"the template cannot be rendered: {said['problem']}", hint=said["hint"])
    if status == -signal.SIGKILL:
        raise InputInvalid(
            "the template was not rendered: its process was killed", hint="is there enough memory left on this machine?"
        )
    how = f"ended with exit code {status}" if status >= 0 else f"was ended by {signal.Signals(-status).name}"
    raise InputInvalid(f"the template cannot be rendered: copier {how}")


def _cpu_s_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _command(order: Path) -> list[str]:
    return [sys.executable, "-P", "-c", _CODE, str(Path(__file__).parents[2]), str(order)]


def _end_of(command: Sequence[str], wanted: Rendering, bytes_max: int) -> int:
    """Run the process to its end, and return its exit status; what it writes is bounded."""
    kept = {name: value for name, value in os.environ.items() if name in _KEPT}
    environment = dict(os.environ) if wanted.trust else kept | {"PATH": "", "PYTHONDONTWRITEBYTECODE": "1"}
    quiet = subprocess.DEVNULL if wanted.defaults and not wanted.trust else None
    stdin = subprocess.DEVNULL if wanted.defaults else None
    with subprocess.Popen(command, cwd="/", env=environment, stdin=stdin, stdout=quiet, stderr=quiet) as process:
        try:
            while True:
                with suppress(subprocess.TimeoutExpired):
                    return process.wait(_WATCHED_S)
                if not wanted.trust and _size(wanted.target) > bytes_max:
                    raise InputInvalid(f"the template writes more than {bytes_max // 2**20} MiB")
        finally:
            process.kill()  # does nothing to one that was waited for


def _size(folder: Path) -> int:
    """Return how many bytes the files in a folder have that is being written."""
    total = 0
    for name, _, files in os.walk(folder):
        for file in files:
            with suppress(OSError):
                total += os.lstat(os.path.join(name, file)).st_size  # noqa: PTH118  # there may be many
    return total


# ---- in the process


def main(order: str) -> None:
    """Render what a file describes, and write a report beside it."""
    wanted = json.loads(Path(order).read_text())
    if not wanted["trust"]:
        _limit(wanted)
    Path(wanted["report"]).write_text(json.dumps(_rendered(wanted)))


def _limit(wanted: Mapping[str, Any]) -> None:
    used = int(time.process_time())
    for limit, value in (
        (resource.RLIMIT_CPU, used + wanted["cpu_s"]),
        (resource.RLIMIT_FSIZE, wanted["bytes_max"]),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_AS, MEMORY_BYTES),
    ):
        with suppress(ValueError, OSError):  # a lower limit of the user's own stays
            resource.setrlimit(limit, (value, value + (limit == resource.RLIMIT_CPU)))


def _rendered(wanted: Mapping[str, Any]) -> dict[str, str]:
    """Return what became of a template: `kind` and, if it was not rendered, the problem and a hint."""
    import warnings

    try:
        import copier
        from copier import errors
    except ImportError:
        return {"kind": "copier missing"}
    warnings.simplefilter("ignore")  # they are for the template's author
    try:
        worker = copier.run_copy(
            wanted["source"],
            wanted["target"],
            data=wanted["answers"],
            defaults=wanted["defaults"],
            unsafe=wanted["trust"],
            quiet=not wanted["trust"],
            overwrite=True,
            # Which templates the user trusts is not said by where the copy is that is rendered.
            settings=copier.Settings(defaults=copier.load_settings().defaults, trust=[]),
        )
    except KeyboardInterrupt:  # also copier's own, which is an Exception, too
        return {"kind": "left"}
    except errors.UnsafeTemplateError as error:
        features = str(error).splitlines()[0].rpartition(": ")[2].rstrip(".")
        what = f"it would run code of its own ({features})"
        return {"kind": "template", "problem": what, "hint": "read its copier.yml; if you trust it, use --trust"}
    except Exception as error:  # noqa: BLE001  # whatever a template leads to
        return _problem(error, wanted)
    questions = list(worker.template.questions_data)
    if unknown := [name for name in wanted["answers"] if name not in questions]:
        known = f"it asks for: {', '.join(questions)}" if questions else "it asks nothing"
        problem = f"the template does not ask for '{unknown[0][:_NAME_MAX]}'"
        return {"kind": "answers", "problem": problem, "hint": known[:PROBLEM_MAX]}
    _sign(Path(wanted["target"], worker.answers_relpath), wanted)
    return {"kind": "done"}


def _problem(error: Exception, wanted: Mapping[str, Any]) -> dict[str, str]:
    # What copier says of a file that is not YAML is its path alone; the parser says where.
    texts = [str(each).replace(f"{wanted['source']}/", "") for each in (error, error.__cause__) if each]
    text = " ".join(": ".join(texts).split()).rstrip(".")[:PROBLEM_MAX]
    if isinstance(error, MemoryError):
        text = f"it needs more than {MEMORY_BYTES // 2**30} GiB of memory"
    if missing := _REQUIRED.match(text):
        hint = f"answer it with: --answer {missing[1]}=VALUE"
        return {"kind": "answers", "problem": f"question '{missing[1]}' has no default", "hint": hint}
    if invalid := _INVALID.match(text):
        problem = f"the answer to '{invalid[2]}': {invalid[3]}"
        return {"kind": "answers", "problem": problem, "hint": "answer it with: --answer KEY=VALUE"}
    # As for a text in the place of a number; copier does not say which question that is about.
    if wanted["answers"] and isinstance(error, ValueError) and not isinstance(error, UnicodeError):
        hint = f"see the types of these questions in its copier.yml: {', '.join(wanted['answers'])}"
        return {"kind": "answers", "problem": f"an answer cannot be used: {text}", "hint": hint[:PROBLEM_MAX]}
    return {"kind": "template", "problem": text or type(error).__name__, "hint": ""}


def _sign(answers: Path, wanted: Mapping[str, Any]) -> None:
    """Write into the answers file, if the template has one, where the template came from, for `copier update`."""
    if not answers.is_file() or answers.is_symlink():
        return
    if not wanted["address"]:
        answers.unlink()
        return
    origin = [f"_src_path: {json.dumps(wanted['address'])}\n"]
    origin += [f"_commit: {wanted['commit']}\n"] if wanted["commit"] else []
    lines = answers.read_text().splitlines(keepends=True)
    own = [line for line in lines if not line.startswith(("_src_path:", "_commit:"))]
    begin = next((i for i, line in enumerate(own) if not line.startswith("#")), len(own))
    answers.write_text("".join([*own[:begin], *origin, *own[begin:]]))

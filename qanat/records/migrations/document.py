"""The steps of documents."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from typing import Any

from qanat.domain.splitting import split

_KEPT = ("name", "description", "path")
# Of the options after `qanat run`, those with a key of their own or in `options`, by their names with underscores.
_NUMBERS = ("n_threads", "max_running", "per_job", "retry")
_LEFT_OUT = ("wait", "runner", "dry_run")


def document_1_to_2(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return a document/1 as document/2: commands are lists of arguments, and dependencies have today's keys.

    Commands are started in the folder of the document, so the paths of their programs are relative to it. An action
    worked on the results of a whole run, and files were those of its directory.
    """
    migrated: dict[str, Any] = {"schema": "document/2"}
    migrated |= {key: document[key] for key in _KEPT if key in document}
    folder = document.get("path", ".")
    for key, script, command in (
        ("compile", "compile_script", "compile_command"),
        ("view", "view_script", "view_script_command"),
    ):
        if isinstance(path := document.get(script), str) and path and isinstance(folder, str):
            migrated[key] = [*_words(document.get(command)), _from_folder(path, folder, document.get(command))]
    if "tags" in document:
        migrated["tags"] = document["tags"]
    if "experiment_dependencies" in document:
        found = document["experiment_dependencies"]
        migrated["dependencies"] = list(map(_dependency, found)) if isinstance(found, list) else found
    return migrated


def _from_folder(path: str, folder: str, command: object) -> str:
    """Return a path from the root as one from a folder; without a command, `./` tells it from a program on PATH."""
    if posixpath.isabs(path) or posixpath.isabs(folder):
        return path
    found = posixpath.relpath(posixpath.normpath(path), posixpath.normpath(folder))
    return found if command or "/" in found else f"./{found}"


def _dependency(old: object) -> object:
    if not isinstance(old, dict):
        return old
    new: dict[str, Any] = {"experiment": old.get("experiment_name")}
    for key, before in (
        ("parameters", "run_args_file"),
        ("runner", "runner"),
        ("container", "container"),
        ("revision", "commit_sha"),
        ("action", "action_name"),
    ):
        if old.get(before) not in (None, ""):
            new[key] = old[before]
    template, options = _options(_words(old.get("runner_params")))
    new |= {"template": template} if template else {}
    new |= {"options": options} if options else {}
    if arguments := _words(old.get("action_params")):
        new["action_arguments"] = arguments
    if new.get("action") or old.get("files"):
        new["whole"] = True
    return new | ({"files": old["files"]} if "files" in old else {})


def _options(words: list[str]) -> tuple[str, dict[str, Any]]:
    """Return the template among options as they were typed, and the others by their names.

    Names that no document has stay, so that a check can say so. A document always waits for its runs.
    """
    template, options = "", {}
    while words:
        option, equals, value = words.pop(0).partition("=")
        if not equals and words and not words[0].startswith("--"):
            value = words.pop(0)
        name = option.lstrip("-").replace("-", "_")
        if name == "submit_template":
            template = value
        elif name not in _LEFT_OUT:
            options[name] = _value(name, value)
    return template, options


def _value(name: str, text: str) -> Any:
    if name in _NUMBERS and text.isdecimal() and len(text) < 10:
        return int(text)
    return text.lower() in ("true", "") if name == "gpu" else text


def _words(text: object) -> list[str]:
    """Return the arguments in a text; the text itself if it has an open quote."""
    if not isinstance(text, str) or not text.strip():
        return []
    try:
        return split(text)
    except ValueError:
        return [text]

"""What the change of a key means for someone who runs an experiment, as a predicate.

A sentence is a tuple of texts: those of this module, and `Verbatim` ones, which come from files.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qanat.domain.checkpoint import ATTEMPTS
from qanat.domain.key_path import KeyPath
from qanat.domain.requests import AMOUNTS, SIZES, Request, Requests

KINDS = {
    "experiment": "experiments",
    "dataset": "datasets",
    "template": "templates",
    "document": "documents",
    "view": "views",
    "pack": "packs",
    "config": "settings",
}


class Verbatim(str):
    """A text from a file, which is always displayed apart from qanat's own text."""

    __slots__ = ()


Sentence = tuple[str, ...]


class _Absent:
    """The value of a key that does not exist."""

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT = _Absent()


def shown(value: Any) -> str:
    """Return a value as people write it; a text that would read as another value is quoted."""
    if value is ABSENT:
        return ""
    if isinstance(value, str):
        return value if value and value not in ("true", "false", "null") and not _is_number(value) else repr(value)
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(shown, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key}: {shown(item)}' for key, item in value.items())}}}"
    if value is None or isinstance(value, bool):
        return "null" if value is None else str(value).lower()
    return str(value)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def plain(sentence: Sentence) -> str:
    """Return a sentence as one text."""
    return "".join(sentence)


def meaning(kind: str, path: KeyPath, old: Any, new: Any, requests: Requests) -> Sentence:
    """Return what it means that the key at path changed from `old` to `new`; empty if the values say it all.

    `requests` is what the options of a template ask for.
    """
    if (kind, *path[:1]) == ("template", "options"):
        name = str(path[1]).strip().lstrip("-") if len(path) > 1 else ""
        return _option(requests[name], old, new) if name in requests else ()
    rule = _RULES.get((kind, str(path[0]))) if path else None
    return rule(path[1:], old, new) if rule else ()


def _instead(before: str, new: Any, old: Any, after: str = "") -> Sentence:
    """Return `before NEW after instead of OLD`."""
    return (before, Verbatim(shown(new)), f"{after} instead of ", Verbatim(shown(old)))


def _executable(rest: KeyPath, old: Any, new: Any) -> Sentence:
    return _instead("runs ", new, old)


def _command(rest: KeyPath, old: Any, new: Any) -> Sentence:
    started, before = new or ABSENT, old or ABSENT
    if started is ABSENT:
        return ("starts the program itself, without ", Verbatim(shown(old)))
    if before is ABSENT:
        return ("starts the program with ", Verbatim(shown(new)))
    return _instead("starts the program with ", new, old)


def _items(gains: str, losses: str, reordered: str) -> Callable[[KeyPath, Any, Any], Sentence]:
    """Return a rule for a list of names, some of which were added or removed."""

    def rule(rest: KeyPath, old: Any, new: Any) -> Sentence:
        before, after = (value if isinstance(value, list) else [value] * isinstance(value, str) for value in (old, new))
        added = [item for item in after if item not in before]
        removed = [item for item in before if item not in after]
        parts = [_listed(gains, added)] if added else []
        parts += [_listed(losses, removed)] if removed else []
        joined = [part for sentence in parts for part in ("; ", *sentence)][1:]
        return tuple(joined) or (reordered,)

    return rule


def _listed(before: str, items: list[Any]) -> Sentence:
    return (before, *[part for item in items for part in (", ", Verbatim(shown(item)))][1:])


def _action(rest: KeyPath, old: Any, new: Any) -> Sentence:
    name, key = Verbatim(rest[0] if rest else ""), rest[1:]
    if key == ("executable",) and old is ABSENT:
        return ("has a new action ", name, ", which runs ", Verbatim(shown(new)))
    if key == ("executable",) and new is ABSENT:
        return ("no longer has the action ", name)
    if key == ("executable",):
        return ("its action ", name, *_instead(" runs ", new, old))
    return ()


def _metrics(rest: KeyPath, old: Any, new: Any) -> Sentence:
    if len(rest) == 3 and rest[1] == "better":
        if new is ABSENT:
            return ("no longer says which direction of ", Verbatim(rest[2]), " is better")
        return ("counts a ", Verbatim(shown(new)), " ", Verbatim(rest[2]), " as better")
    if len(rest) == 2 and rest[1] == "keys":
        return _items("also records ", "no longer records ", "records them in another order")((), old, new)
    return ()


def _baseline(rest: KeyPath, old: Any, new: Any) -> Sentence:
    if rest[-1:] != ("tolerance",) or ABSENT in (old, new):
        return ()
    return _instead("lets results be worse by ", new, old)


def _workdir(rest: KeyPath, old: Any, new: Any) -> Sentence:
    places = {"project": "in the project's own folder", "checkout": "in a checkout of the commit"}
    return (f"works {places[new]}",) if new in places else ("works where the runner puts it by default",)


def _dataset_path(rest: KeyPath, old: Any, new: Any) -> Sentence:
    return ("moved from ", Verbatim(shown(old)), " to ", Verbatim(shown(new)))


def _option(request: Request, old: Any, new: Any) -> Sentence:
    if request in AMOUNTS:
        return _requested(f" {request if new != 1 else request.removesuffix('s')}", f"a number of {request}", old, new)
    if request in SIZES:
        return _requested(f" of {request.removeprefix('the ')}", request.partition(" per ")[0], old, new)
    if request is Request.TIME:
        return ("no longer has a time limit of its own",) if new is ABSENT else _limited(old, new)
    if request is Request.CONTAINER:
        return ("runs outside a container",) if new is ABSENT else ("runs in the container ", Verbatim(shown(new)))
    return (f"no longer names {request}",) if new is ABSENT else _named(request, old, new)


def _requested(unit: str, what: str, old: Any, new: Any) -> Sentence:
    if new is ABSENT:
        return (f"no longer asks for {what}",)
    if old is ABSENT:
        return ("asks for ", Verbatim(shown(new)), unit)
    return _instead("asks for ", new, old, unit)


def _limited(old: Any, new: Any) -> Sentence:
    return ("may take ", Verbatim(shown(new))) if old is ABSENT else _instead("may take ", new, old)


def _named(what: str, old: Any, new: Any) -> Sentence:
    return (f"uses {what} ", Verbatim(shown(new))) if old is ABSENT else _instead(f"uses {what} ", new, old)


def _result_dir(rest: KeyPath, old: Any, new: Any) -> Sentence:
    return ("new runs write into ", Verbatim(shown("results" if new is ABSENT else new)))


def _records(rest: KeyPath, old: Any, new: Any) -> Sentence:
    how = {"manual": "by hand", "batch": "after the next commit of each user"}.get(new, "by qanat")
    return (f"records of runs are committed {how}",)


def _editor(rest: KeyPath, old: Any, new: Any) -> Sentence:
    return () if new is ABSENT else ("this program is started on the machine of everyone who edits with qanat",)


def _dataset_command(rest: KeyPath, old: Any, new: Any) -> Sentence:
    return () if new is ABSENT else ("this program is started on the machine of everyone who runs what reads the data",)


def _hosts(rest: KeyPath, old: Any, new: Any) -> Sentence:
    if new is ABSENT:
        return ("counts on every machine",)
    return _listed("counts only on ", new if isinstance(new, list) else [new])


def _retry(rest: KeyPath, old: Any, new: Any) -> Sentence:
    key = str(rest[0]) if rest else ""
    if key == "when":
        return _items("also retries groups after ", "no longer retries groups after ", "")((), *map(_ends, (old, new)))
    if key == "times" and new is ABSENT:
        return ("no group is retried automatically",)
    if key == "times":
        added = ("groups get up to ", Verbatim(shown(new)), " more attempts by themselves")
        return added if old is ABSENT else (*added, " instead of ", Verbatim(shown(old)))
    if key in _LACKED and new is ABSENT:
        return (f"an attempt after {_LACKED[key]} asks for no more {key}",)
    if key in _LACKED:
        asked = (f"an attempt after {_LACKED[key]} asks for ", Verbatim(shown(new)), f" the {key}")
        return asked if old is ABSENT else (*asked, " instead of ", Verbatim(shown(old)))
    return ()


def _ends(when: Any) -> list[str]:
    """Return the ends in a retry policy as they are read."""
    found = []
    for word in when if isinstance(when, list) else []:
        codes = word.get("exit_code") if isinstance(word, dict) else None
        many = codes if isinstance(codes, list) else [] if codes is None else [codes]
        found += [f"exit code {shown(code)}" for code in many] or [shown(word).replace("_", " ")]
    return found


def _checkpoint(rest: KeyPath, old: Any, new: Any) -> Sentence:
    key = str(rest[0]) if rest else "exit_code"
    if key == "attempts":
        return () if new is ABSENT else _instead("gets up to ", new, ATTEMPTS if old is ABSENT else old, " attempts")
    signs = {"exit_code": "exits with ", "file": "writes "}
    if key not in signs:
        return ()
    if new is ABSENT:
        return (f"no longer continues later if the program {signs[key]}", Verbatim(shown(old)))
    continues = (f"continues later, in another attempt, if the program {signs[key]}", Verbatim(shown(new)))
    return continues if old is ABSENT else (*continues, " instead of ", Verbatim(shown(old)))


def _container(rest: KeyPath, old: Any, new: Any) -> Sentence:
    if rest not in ((), ("image",)):
        return ()
    if ABSENT in (old, new):
        return ("runs outside a container",) if new is ABSENT else ("runs in the container ", Verbatim(shown(new)))
    return _instead("runs in the container ", new, old)


def _transfer(rest: KeyPath, old: Any, new: Any) -> Sentence:
    if new is True:
        return ("jobs do not see the project's disk: code, data and results are transferred",)
    return ("jobs see the project's disk, and nothing is transferred",)


def _code(rest: KeyPath, old: Any, new: Any) -> Sentence:
    if new is ABSENT:
        return ("counts all files but .qanat as its code",)
    if old is ABSENT:
        return _listed("counts only these as its code: ", new if isinstance(new, list) else [new])
    return _items("also counts as its code: ", "no longer counts as its code: ", "")(rest, old, new)


def _track(rest: KeyPath, old: Any, new: Any) -> Sentence:
    by, before = ("stat" if value is ABSENT else value for value in (new, old))
    return _instead("new runs record what the data are by ", by, before)


def _writable(rest: KeyPath, old: Any, new: Any) -> Sentence:
    return ("programs in a container may change the data" if new is True else "no container can change the data",)


def _dataset_transfer(rest: KeyPath, old: Any, new: Any) -> Sentence:
    if new in (ABSENT, "file"):
        return ("shipped with each job that does not see the project's disk",)
    if new == "present":
        return ("expected at its path by jobs that do not see the project's disk",)
    return ("fetched by the scheduler from ", Verbatim(shown(new)), " for jobs that do not see the project's disk")


def _local(rest: KeyPath, old: Any, new: Any) -> Sentence:
    if rest != ("time_limit",):
        return ()
    if new in (ABSENT, "none"):
        return ("groups of local runs may take any time",)
    return ("groups of local runs may take ", Verbatim(shown(new)))


_LACKED = {"memory": "out of memory", "time": "timeout"}
_RULES: dict[tuple[str, str], Callable[[KeyPath, Any, Any], Sentence]] = {
    ("experiment", "executable"): _executable,
    ("experiment", "executable_command"): _command,
    ("experiment", "datasets"): _items("also reads ", "no longer reads ", "gets them in another order"),
    ("experiment", "actions"): _action,
    ("experiment", "metrics"): _metrics,
    ("experiment", "baseline"): _baseline,
    ("experiment", "workdir"): _workdir,
    ("experiment", "container"): _container,
    ("experiment", "checkpoint"): _checkpoint,
    ("experiment", "retry"): _retry,
    ("experiment", "transfer"): _transfer,
    ("experiment", "code"): _code,
    ("template", "retry"): _retry,
    ("template", "transfer"): _transfer,
    ("template", "extends"): _items("also extends ", "no longer extends ", "extends them in another order"),
    ("template", "when"): _hosts,
    ("dataset", "path"): _dataset_path,
    ("dataset", "command"): _dataset_command,
    ("dataset", "track"): _track,
    ("dataset", "writable"): _writable,
    ("dataset", "transfer"): _dataset_transfer,
    ("config", "result_dir"): _result_dir,
    ("config", "records"): _records,
    ("config", "local"): _local,
    ("config", "default_editor"): _editor,
}

"""Names of the files and folders in a project; see "What is where" in DESIGN.md."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath

STATE = ".qanat"
RUNS = f"{STATE}/runs"
CONFIG = f"{STATE}/config.yaml"
CACHE = f"{STATE}/cache"
CHECKOUTS = f"{CACHE}/checkouts"
PLAN = "plan"
ENVIRONMENTS = f"{STATE}/environments"
MACHINES = f"{ENVIRONMENTS}/machines"
# What is recorded of runs. It is not code, and does not make a working tree dirty.
RECORDED = (RUNS, ENVIRONMENTS)
RUNS_PER_FOLDER = 100
DEFINITIONS = {
    "experiment": "experiments",
    "dataset": "datasets",
    "template": "templates",
    "document": "documents",
    "view": "views",
    "pack": "packs",
}
# Files of environments and machines are named after their content.
HASH_DIGITS = 16
_HASH = re.compile(rf"[0-9a-f]{{{HASH_DIGITS}}}\Z")
GROUP_INFO = "group_info.yaml"
# When the job of a group began with it, a line each time.
STARTS = "starts"
# Which groups of jobs that work through several are cancelled, in the run's storage directory.
CANCELLED_GROUPS = "cancelled_groups"
REPORT = "report.html"
# Folders of notes in the repository's private folder.
RETRIES, ORDERS, NOTICES, PROBLEMS, REMOVALS = "retries", "orders", "notices", "problems", "removals"
NAME_BYTES_MAX = 255
FOLDER_BYTES_MAX = 1_000


def record_path(experiment: str, number: int, uid: str) -> str:
    """Return the path of a record relative to the project's root, with slashes."""
    return f"{RUNS}/{experiment}/{number // RUNS_PER_FOLDER}/{number}-{uid}.yaml"


def is_hash(text: str) -> bool:
    """Return whether a text may be the name of a file in `.qanat/environments/`."""
    return bool(_HASH.match(text))


def is_recorded(path: str) -> bool:
    """Return whether a path from the root is that of what qanat records of runs, and so no code."""
    return any(path.startswith(f"{folder}/") for folder in RECORDED)


def kind_of(path: str) -> str | None:
    """Return what a file is by its path from the project's root, such as `run`; None for one that is not qanat's."""
    parts = PurePosixPath(path).parts
    if parts[:1] != (STATE,) or not path.endswith(".yaml"):
        return None
    if path == CONFIG:
        return "config"
    if len(parts) == 5 and parts[1] == "runs":
        return "run"
    if parts[1] == "environments":
        return {3: "environment", 4: "machine" if parts[2] == "machines" else None}.get(len(parts))
    kinds = {folder: kind for kind, folder in DEFINITIONS.items()} | {"plans": PLAN}
    depth = 4 if parts[1:2] == (DEFINITIONS["template"],) else 3
    return kinds.get(parts[1]) if len(parts) == depth else None


def is_inside(path: str) -> bool:
    """Return whether a path relative to the project's root stays inside the project."""
    pure = PurePosixPath(path)
    return not pure.is_absolute() and ".." not in pure.parts


def is_for_results(path: str) -> bool:
    """Return whether results may go to a folder, given its path from the project's root.

    `~` would be a folder of that name, and no line of a file that git reads can name one with a control character. File
    systems limit the length of names, and of paths, to which the names of experiments, runs and files are added.
    """
    parts = PurePosixPath(path).parts
    is_short = _bytes(path) <= FOLDER_BYTES_MAX and max(map(_bytes, parts), default=0) <= NAME_BYTES_MAX
    is_plain = bool(parts) and not parts[0].startswith("~") and path.isprintable() and is_short
    return is_inside(path) and is_plain and not {".git", STATE} & set(parts)


def _bytes(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))


def ignore_rule(path: str) -> str:
    """Return the line for .gitignore that matches a path from the root, whether a folder, a link or a file."""
    # A folder may be called a[1], which would be a pattern.
    escaped = re.sub(r"([][*?\\])", r"\\\1", str(PurePosixPath(path)))
    return f"/{escaped[:-1]}\\ " if escaped.endswith(" ") else f"/{escaped}"


def group_folder(storage: Path, group: int, count: int) -> Path:
    """Return a group's directory: the run's own if it has only one group, otherwise `group_<i>` in it."""
    return storage if count == 1 else Path(group_path(str(storage), group, count))


def group_path(storage: str, group: int, count: int) -> str:
    """Return group_folder() as text, which is faster for thousands of groups."""
    return storage if count == 1 else f"{storage}/group_{group}"

"""What MLflow takes: which characters names have, and how long names and values are."""

from __future__ import annotations

import json
import math
import re
import sys
from collections.abc import Callable, Collection, Iterable, Sequence

from qanat.domain.parameters import ON, plain_names, texts_by_name
from qanat.domain.run import State
from qanat.domain.shortening import shortened
from qanat.usecases.exports.names import digest

# What runs are tagged with: their id here, and what they were and came to.
OWN, RUN, GROUP, STATE, COMMAND = "qanat.", "qanat.run", "qanat.group", "qanat.state", "qanat.command"
# What tags and metrics are called here, in JSON, if MLflow calls them otherwise.
TAGS, METRICS = "qanat.tags", "qanat.metrics"
TAG, PROGRAM = "tag.", "mlflow.source.name"
# The limits of MLflow 2.8 and later, or of earlier servers where these are lower (mlflow.utils.validation).
NAME_MAX, PARAMETER_MAX, TAG_MAX = 250, 6_000, 5_000
DATASET_NAME_MAX, DATASET_DIGEST_MAX = 500, 36
# How many go into one request: metrics, and parameters or tags.
METRICS_AT_ONCE, OTHERS_AT_ONCE = 1_000, 100
STEP_MAX = 2**63 - 1
_OTHER = re.compile(r"[^\w\-./ :]")
# What means something else in the address of a file.
_IN_ADDRESSES = re.compile(r"[?#%\\\x00-\x1f\x7f]")
STATUS = {
    State.QUEUED: "SCHEDULED",
    State.HELD: "SCHEDULED",
    State.RUNNING: "RUNNING",
    State.FINISHED: "FINISHED",
    State.CANCELLED: "KILLED",
}


def status_of(state: State) -> str:
    """Return what MLflow calls a state."""
    return STATUS.get(state, "FAILED")


def name_for(name: str) -> str:
    """Return a name as MLflow takes it, which has to be the path of a file, too."""
    clean = "/".join(part for part in _OTHER.sub("_", name).split("/") if part not in ("", ".", ".."))
    if len(clean) <= NAME_MAX:
        return clean or "_"
    return f"{clean[: NAME_MAX - 13]}_{digest(name)}"


def names_for(names: Iterable[str]) -> dict[str, str]:
    """Return what MLflow takes for each of these names, so that no two become one."""
    return _apart(names, name_for, lambda name, wanted: f"{wanted[: NAME_MAX - 13]}_{digest(name)}")


def tag_for(tag: str) -> str:
    """Return what a tag of a run is called as a tag of MLflow."""
    return f"{TAG}{name_for(tag)}"[:NAME_MAX]


def noted(names: object, called: Collection[str], own: Collection[str]) -> str:
    """Return what keeps names in a tag, if some are called otherwise; empty if there is no need, or too little room."""
    text = json.dumps(names) if sorted(called) != sorted(own) else ""
    return text if len(text) <= TAG_MAX else ""


def files_for(paths: Iterable[str]) -> dict[str, str]:
    """Return what each of these files is called among artifacts, which have addresses, so that no two become one."""
    return _apart(paths, lambda path: _IN_ADDRESSES.sub("_", path), lambda path, wanted: f"{wanted}_{digest(path)}")


def _apart(names: Iterable[str], choose: Callable[[str], str], otherwise: Callable[[str, str], str]) -> dict[str, str]:
    found: dict[str, str] = {}
    taken: set[str] = set()
    for name in names:
        wanted = choose(name)
        found[name] = otherwise(name, wanted) if wanted in taken else wanted
        taken.add(found[name])
    return found


def value_for(text: str, most: int) -> str:
    """Return a value that is not too long; of a longer one, its beginning."""
    return shortened(text, most)


def restored(value: float) -> float:
    """Return a number, infinity for the largest one, which MLflow's databases have in its place."""
    return math.copysign(math.inf, value) if abs(value) == sys.float_info.max else value


def parameters_of(args: Sequence[str]) -> dict[str, str]:
    """Return the arguments of a group as parameters of MLflow."""
    found = texts_by_name(args)
    plain = plain_names(found)
    taken = names_for(plain.values())
    return {taken[plain[name]]: value_for(text or ON, PARAMETER_MAX) for name, text in found.items()}


def step_of(step: float, place: int) -> int:
    """Return a step as MLflow takes it, a whole number; for another one, the place of the row."""
    return int(step) if float(step).is_integer() and abs(step) <= STEP_MAX else place

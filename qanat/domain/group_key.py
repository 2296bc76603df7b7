"""The key of a group: what makes two groups the same execution, as a digest of all that goes into it.

It has six parts, each a digest of a canonical text (a JSON list):

* code: the entries of the commit's tree without `.qanat/`, or of the paths to which the experiment narrows it;
* command: what starts the program;
* arguments: those of the group exactly as the program gets them, `0.3` and `3e-1` being two;
* data: what the datasets are, in their order and wherever they lie, the parameters file, and the inputs that the
  arguments of the group name;
* container and environment: what identifies them.

Where results go does not count, nor does who runs it, on which machine, and how many at once. A part that is not known
is absent, and so is that of a container or an environment that the run does not have. Without the code, the command or
the data, nothing is the same, so there is no key.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass

from qanat.domain.data import DataState
from qanat.domain.named_paths import absolute_paths, named_paths

CODE, COMMAND, ARGUMENTS, DATA, CONTAINER, ENVIRONMENT = (
    "code",
    "command",
    "arguments",
    "data",
    "container",
    "environment",
)
PARTS = (CODE, COMMAND, ARGUMENTS, DATA, CONTAINER, ENVIRONMENT)
NEEDED = (CODE, COMMAND, ARGUMENTS, DATA)
DIGITS = 32
# Of more inputs, no state is known: see usecases.data.inputs.
INPUTS_MAX = 1_000


@dataclass(frozen=True, slots=True)
class SharedKey:
    """The parts that all groups of a run share; `data` leaves out what arguments name."""

    code: str | None = None
    command: str | None = None
    data: str | None = None
    container: str | None = None
    environment: str | None = None

    def as_mapping(self) -> dict[str, str]:
        """Return the parts that are known, in the order of a record."""
        return {part: digest for part, digest in asdict(self).items() if digest is not None}


UNKNOWN = SharedKey()


def digest(*texts: str) -> str:
    """Return what stands for texts: the beginning of the SHA-256 of their JSON list, without spaces and in ASCII."""
    whole = json.dumps(texts, separators=(",", ":")).encode()
    return hashlib.sha256(whole, usedforsecurity=False).hexdigest()[:DIGITS]


def data_part(datasets: Mapping[str, str], states: Sequence[DataState], parameters_file: str = "") -> str | None:
    """Return the digest of what datasets and a parameters file, given by its hash, are; None if that is not known.

    Of a dataset that is not looked at, the path counts.
    """
    known = {state.name: state.identity for state in states if not state.is_input}
    found = [known.get(name, f"path:{path}") for name, path in datasets.items()]
    identities = [identity for identity in found if identity is not None]
    return digest(DATA, parameters_file, *identities) if len(identities) == len(found) else None


def inputs_of(states: Iterable[DataState]) -> dict[str, DataState]:
    """Return those of the data of a run that its arguments name, by their names."""
    return {state.name: state for state in states if state.is_input}


def parts_of(shared: SharedKey, args: Sequence[str], inputs: Mapping[str, DataState]) -> dict[str, str]:
    """Return the known parts of the key of a group with these arguments; `inputs` are those of its run."""
    parts = {**shared.as_mapping(), ARGUMENTS: digest(ARGUMENTS, *args), DATA: _group_data(shared.data, args, inputs)}
    return {part: found for part in PARTS if (found := parts.get(part)) is not None}


def _group_data(shared: str | None, args: Sequence[str], inputs: Mapping[str, DataState]) -> str | None:
    """Return the digest of the data of a group, which are those of the run and the inputs that its arguments name."""
    if shared is None or not inputs:
        return shared
    if len(inputs) >= INPUTS_MAX:
        return None
    named = [inputs[name] for name in sorted({*named_paths([args]), *absolute_paths([args])}) if name in inputs]
    identities = [state.identity for state in named]
    known = [f"{state.name}={identity}" for state, identity in zip(named, identities, strict=True) if identity]
    if len(known) < len(named):
        return None
    return digest(DATA, shared, *known) if known else shared


def total(parts: Mapping[str, str]) -> str | None:
    """Return the key that these parts come to; None if code, command, arguments or data are not known."""
    if any(part not in parts for part in NEEDED):
        return None
    return digest(*(f"{part}={parts[part]}" for part in PARTS if part in parts))


def key_of(shared: SharedKey, args: Sequence[str], inputs: Mapping[str, DataState]) -> str | None:
    """Return the key of a group with these arguments; None if it is not known."""
    return total(parts_of(shared, args, inputs))

"""The software that the program of a run finds: its interpreter, what is installed there, lock files, and so on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from qanat.domain import secrets
from qanat.domain.shortening import shortened

SHOWN_MAX = 8
VALUE_MAX = 200
MODULES_MAX = 200
# Variables that change what programs compute, not where they are or who runs them.
_VARIABLES = frozenset({
    "CUBLAS_WORKSPACE_CONFIG", "CUDA_LAUNCH_BLOCKING", "GOMP_CPU_AFFINITY", "JAX_DEFAULT_MATMUL_PRECISION",
    "JAX_ENABLE_X64", "JAX_PLATFORMS", "JULIA_NUM_THREADS", "LANG", "LC_ALL", "LC_COLLATE", "LC_CTYPE",
    "LC_NUMERIC", "MKL_CBWR", "MKL_DYNAMIC", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS", "NUMEXPR_NUM_THREADS",
    "NVIDIA_TF32_OVERRIDE", "OPENBLAS_CORETYPE", "OPENBLAS_NUM_THREADS", "PYTHONHASHSEED", "PYTHONNOUSERSITE",
    "PYTHONOPTIMIZE", "PYTORCH_CUDA_ALLOC_CONF", "TF_DETERMINISTIC_OPS", "TF_ENABLE_ONEDNN_OPTS",
    "TOKENIZERS_PARALLELISM", "TORCH_ALLOW_TF32_CUBLAS_OVERRIDE", "TZ", "VECLIB_MAXIMUM_THREADS", "XLA_FLAGS",
})  # fmt: skip
_MAPPINGS = ("libraries", "distributions", "conda", "locks")
_PREFIXES = ("OMP_", "KMP_", "BLIS_")


@dataclass(frozen=True, slots=True)
class Interpreter:
    """What runs the program.

    `language` is its name in lower case, such as python; `build` is what the interpreter says of how it was built,
    `kind` is how it is installed: venv, conda or system.
    """

    language: str
    version: str
    build: str = ""
    kind: str = ""

    def as_mapping(self) -> dict[str, str]:
        """Return what is known, in the order of the file."""
        values = {"language": self.language, "version": self.version, "build": self.build, "kind": self.kind}
        return {key: value for key, value in values.items() if value}

    @property
    def described(self) -> str:
        """Its name, version and kind for display: `Python 3.12.4 (venv)`."""
        name = "R" if self.language == "r" else self.language.capitalize()
        return f"{name} {self.version}{f' ({self.kind})' if self.kind else ''}"


@dataclass(frozen=True, slots=True)
class Environment:
    """The software that a program finds; what is empty is unknown.

    `distributions` map the names of installed packages, in the form of PyPI's addresses, to their versions, `conda`
    those of a conda environment to version and build. `executable` is the SHA-256 of a program in no known language;
    `libraries` map the shared libraries that come with it to theirs, and `locks` lock files. `modules` are those of the
    cluster, in the order in which they were loaded.
    """

    interpreter: Interpreter | None = None
    executable: str = ""
    distributions: Mapping[str, str] = field(default_factory=dict)
    conda: Mapping[str, str] = field(default_factory=dict)
    locks: Mapping[str, str] = field(default_factory=dict)
    modules: tuple[str, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    libraries: Mapping[str, str] = field(default_factory=dict)

    def as_mapping(self) -> dict[str, Any]:
        """Return what is known, in the order of the file; mappings are sorted by their keys."""
        values = {
            "interpreter": self.interpreter.as_mapping() if self.interpreter else {},
            "executable": self.executable,
            **{name: dict(sorted(getattr(self, name).items())) for name in _MAPPINGS},
            "modules": self.modules,
            "variables": dict(sorted(self.variables.items())),
        }
        return {key: value for key, value in values.items() if value}

    @property
    def is_known(self) -> bool:
        """Whether more is known than variables, which say little by themselves."""
        return bool(self.interpreter or self.executable or self.locks or self.modules)

    @property
    def described(self) -> str:
        """What is most of it, for display: `Python 3.12.4 (venv), 104 packages, uv.lock, modules cuda/12.1`."""
        parts = [self.interpreter.described] if self.interpreter else []
        parts += [f"executable sha256 {self.executable.removeprefix('sha256:')[:10]}"] if self.executable else []
        parts += [_counted(self.libraries, "library", "libraries")] if self.libraries else []
        parts += [_counted(self.distributions, "package", "packages")] if self.distributions else []
        parts += [_counted(self.conda, "conda package", "conda packages")] if self.conda else []
        parts += list(self.locks)
        parts += [f"module{'s' * (len(self.modules) > 1)} {' '.join(self.modules)}"] if self.modules else []
        parts += [f"{name}={value}" for name, value in self.variables.items()]
        return ", ".join(parts)


def _counted(found: Mapping[str, str], one: str, several: str) -> str:
    return f"{len(found):,} {one if len(found) == 1 else several}"


def differences(before: Environment, after: Environment) -> list[str]:
    """List how an environment differs from an earlier one, as phrases such as `numpy 2.1.0, was 1.26.4`."""
    found = [*_changed("", _interpreter(before), _interpreter(after))]
    found += _changed("executable ", {"": before.executable[:17]}, {"": after.executable[:17]})
    for name, label in (("distributions", ""), ("conda", "conda package "), ("variables", "")):
        found += _changed(label, getattr(before, name), getattr(after, name))
    for name in ("libraries", "locks"):
        hashes = [{file: digest[:17] for file, digest in getattr(each, name).items()} for each in (before, after)]
        found += _changed("", *hashes)
    if before.modules != after.modules:
        found.append(f"modules {' '.join(after.modules) or 'none'}, was {' '.join(before.modules) or 'none'}")
    return found


def _interpreter(environment: Environment) -> dict[str, str]:
    found = environment.interpreter
    if found is None:
        return {}
    return {found.language.capitalize(): " ".join(filter(None, (found.version, found.build, found.kind)))}


def _changed(label: str, before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[str]:
    for name in sorted({*before, *after}, key=str.lower):
        old, new = before.get(name, ""), after.get(name, "")
        what = f"{label}{name}".strip()
        if old and new and old != new:
            yield f"{what} {new}, was {old}"
        elif old != new:
            yield f"{what} {new} is new" if new else f"{what} {old} is gone"


def listed(phrases: Sequence[str], most: int = SHOWN_MAX) -> str:
    """Return differences as one text, this many of them."""
    more = [f"and {len(phrases) - most:,} more"] if len(phrases) > most else []
    return "; ".join([*(shortened(phrase, VALUE_MAX) for phrase in phrases[:most]), *more])


def recorded_variables(variables: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that may be recorded, without what looks like a secret and what is too long."""
    allowed = {n: v for n, v in variables.items() if v and (n in _VARIABLES or n.startswith(_PREFIXES))}
    plain = {n: v for n, v in allowed.items() if len(v) <= VALUE_MAX and v.isprintable()}
    secret = {place[0] for place, _, _ in secrets.in_values(plain)}
    return {name: value for name, value in plain.items() if name not in secret}


def recorded_modules(variables: Mapping[str, str]) -> tuple[str, ...]:
    """Return the modules that are loaded, as the module commands of clusters note them."""
    names = [name for name in variables.get("LOADEDMODULES", "").split(":") if name and name.isprintable()]
    return tuple(name for name in names[:MODULES_MAX] if len(name) <= VALUE_MAX and not secrets.in_string(name))

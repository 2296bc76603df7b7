"""The tools whose runs can be imported; each has a module, which is imported when it is used."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import cast

from qanat.imports.stored import Source

# Each with its module and the class in it.
_SOURCES = {
    "mlflow": ("mlflow", "MlflowSource"),
    "wandb-export": ("wandb", "WandbSource"),
    "sacred": ("sacred", "SacredSource"),
    "dvc": ("dvc", "DvcSource"),
}
TOOLS = (*_SOURCES,)


def open_source(tool: str, source: str, root: Path) -> Source:
    """Return what imports from this source; `root` is that of the project. Raises InputInvalid."""
    module, name = _SOURCES[tool]
    return cast(Source, getattr(import_module(f"qanat.imports.{module}"), name)(source, root))

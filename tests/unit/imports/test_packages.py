"""Tools whose package is not installed."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from qanat.errors import PackageMissing
from qanat.imports import wandb_log
from qanat.imports.mlflow import MlflowSource
from qanat.system import installation


@pytest.mark.parametrize(
    ("extra", "library", "said", "read"),
    [
        (
            "mlflow",
            "mlflow",
            "servers and databases of MLflow require mlflow",
            lambda root: MlflowSource("http://localhost:1", root),
        ),
        (
            "wandb",
            "wandb.proto.wandb_internal_pb2",
            "logs of Weights & Biases require wandb",
            lambda root: next(wandb_log.records(root, "run-1.wandb")),
        ),
    ],
)
def test_what_installs_the_package_of_a_tool_is_said(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    extra: str,
    library: str,
    said: str,
    read: Callable[[Path], object],
) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(PackageMissing) as error:
        read(tmp_path)
    assert (error.value.message, error.value.hint) == (said, installation.to_add(extra))

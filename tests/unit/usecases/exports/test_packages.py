"""Formats whose library is not installed."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from qanat.domain.condition import parse
from qanat.errors import PackageMissing
from qanat.usecases.exports import formats
from qanat.usecases.exports.request import ExportRequest
from tests.support.world import World


@pytest.mark.parametrize(
    ("name", "library", "said"),
    [
        ("ro-crate", "rocrate.rocrate", "RO-Crates require rocrate"),
        ("prov", "prov.model", "PROV requires prov"),
        ("mlflow", "mlflow", "exports to MLflow require mlflow"),
    ],
)
def test_what_installs_a_library_is_said_before_anything_is_written(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, library: str, said: str
) -> None:
    world.launch()
    monkeypatch.setitem(sys.modules, library, None)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite:///mlflow.db")
    output = None if name == "mlflow" else tmp_path / "out"
    request = ExportRequest(name, condition=parse("state!=failed"), output=output)
    with pytest.raises(PackageMissing, match=said) as error:
        formats.export(world.project, world, request)
    assert f"[{name}]" in error.value.hint
    assert not (tmp_path / "out").exists()

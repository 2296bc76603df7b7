"""The command that installs what is missing fits the way in which qanat was installed."""

from __future__ import annotations

import json
import shlex
import sys
from importlib import metadata
from pathlib import Path

import pytest

from qanat.system.installation import to_add, to_install, to_uninstall


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        (None, ["qanat[plot]"]),
        ("not json", ["qanat[plot]"]),
        ({"url": "file://HERE/my%20qanat", "dir_info": {"editable": True}}, ["-e", "HERE/my qanat[plot]"]),
        ({"url": "file://HERE/my%20qanat", "dir_info": {}}, ["HERE/my qanat[plot]"]),
        ({"url": "file://HERE/gone", "dir_info": {}}, ["qanat[plot]"]),
        (
            {"url": "https://host/qanat.git", "vcs_info": {"vcs": "git", "commit_id": "4a1f"}},
            ["qanat[plot] @ git+https://host/qanat.git@4a1f"],
        ),
    ],
)
def test_an_extra_is_installed_from_where_qanat_came_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: object, wanted: list[str]
) -> None:
    (tmp_path / "my qanat").mkdir()
    folder = tmp_path / "qanat-1.0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: qanat\nVersion: 1.0\n")
    if source is not None:
        text = source if isinstance(source, str) else json.dumps(source)
        (folder / "direct_url.json").write_text(text.replace("HERE", str(tmp_path)))
    monkeypatch.setattr(metadata, "distribution", lambda _name: metadata.PathDistribution(folder))
    command = [sys.executable, "-m", "pip", "install", *(word.replace("HERE", str(tmp_path)) for word in wanted)]
    assert to_add("plot") == shlex.join(command)


def test_a_package_is_installed_and_uninstalled_beside_this_qanat() -> None:
    assert shlex.split(to_install("numpy")) == [sys.executable, "-m", "pip", "install", "numpy"]
    assert shlex.split(to_uninstall("numpy")) == [sys.executable, "-m", "pip", "uninstall", "numpy"]

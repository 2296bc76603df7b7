"""Where the files of a project are."""

from __future__ import annotations

from pathlib import Path

import pytest

from qanat.records.paths import ProjectPaths

ROOT = Path("/home/ada/project")
PATHS = ProjectPaths(ROOT)


def test_everything_is_where_the_design_says() -> None:
    found = (PATHS.state, PATHS.config, PATHS.runs, PATHS.schemas)
    assert [path.relative_to(ROOT).as_posix() for path in found] == [
        ".qanat",
        ".qanat/config.yaml",
        ".qanat/runs",
        ".qanat/cache/schemas",
    ]


@pytest.mark.parametrize("kind", ["experiment", "dataset", "template", "document"])
def test_each_kind_of_definition_has_its_folder(kind: str) -> None:
    assert PATHS.folder(kind) == ROOT / f".qanat/{kind}s"
    assert PATHS.definition(kind, "iris") == ROOT / f".qanat/{kind}s/iris.yaml"


def test_a_template_is_in_the_folder_of_its_runner() -> None:
    assert PATHS.definition("template", "two_cpus", "slurm") == ROOT / ".qanat/templates/slurm/two_cpus.yaml"


@pytest.mark.parametrize(
    ("path", "written"),
    [
        ("/home/ada/project/data/iris", "data/iris"),
        ("/home/ada/project", "."),
        ("/home/ada/project2/data", "/home/ada/project2/data"),
        ("/data/iris", "/data/iris"),
    ],
)
def test_paths_are_written_from_the_root_where_they_lie_inside(path: str, written: str) -> None:
    assert PATHS.relative(Path(path)) == written

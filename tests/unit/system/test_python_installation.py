"""What a Python is asked, and how its packages are found without it."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from qanat.system import python_installation
from qanat.system.python_installation import conda_packages, distributions


def install(folder: Path, metadata: str, direct_url: object = None) -> None:
    (folder / metadata).mkdir(parents=True)
    if direct_url is not None:
        (folder / metadata / "direct_url.json").write_text(json.dumps(direct_url))


def test_this_python_says_what_it_is() -> None:
    found = python_installation.ask(Path(sys.executable), Path("/"), {})
    assert found
    assert found.version == ".".join(map(str, sys.version_info[:3]))
    assert found.kind == ("venv" if sys.prefix != sys.base_prefix else "")
    assert str(Path(pytest.__file__).parents[1]) in found.folders


def test_packages_of_the_user_do_not_count_where_python_does_not_look_for_them() -> None:
    base = Path(sys.base_prefix, "bin", "python3")
    with_user = python_installation.ask(base, Path("/"), {})
    without = python_installation.ask(base, Path("/"), {"PYTHONNOUSERSITE": "1"})
    assert with_user
    assert without
    assert len(with_user.folders) == len(without.folders) + 1


def test_what_is_not_a_python_says_nothing(tmp_path: Path) -> None:
    for name, text in (("silent", "#!/bin/sh\n"), ("chatty", "#!/bin/sh\necho '{}'\n"), ("broken", "")):
        program = tmp_path / name
        program.write_text(text)
        program.chmod(0o755)
        assert python_installation.ask(program, tmp_path, {}) is None
    assert python_installation.ask(tmp_path / "missing", tmp_path, {}) is None


def test_nothing_of_the_users_is_executed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "site.py").write_text(f"open({str(tmp_path / 'executed')!r}, 'w')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("PYTHONSTARTUP", str(tmp_path / "site.py"))
    assert python_installation.ask(Path(sys.executable), tmp_path, {})
    assert [path.name for path in tmp_path.iterdir()] == ["site.py"]


def test_packages_are_named_as_an_index_names_them(tmp_path: Path) -> None:
    install(tmp_path, "My.Package_x-1.0.post1.dist-info")
    install(tmp_path, "old-2.0-py3.11.egg-info")
    (tmp_path / "PyYAML-6.0.egg-info").write_text("")
    for other in ("~umpy-1.0.dist-info", "numpy", "numpy.dist-info", "notes-1.0.txt"):
        (tmp_path / other).mkdir()
    assert distributions([str(tmp_path)]) == {"my-package-x": "1.0.post1", "old": "2.0", "pyyaml": "6.0"}


@pytest.mark.parametrize("odd", [b"1\xff", b"1\x1b[31m", b"1\n"])
def test_names_that_no_file_can_record_are_left_out(tmp_path: Path, odd: bytes) -> None:
    for name in (b"odd-%s.dist-info" % odd, b"plain-1.dist-info", b"conda-meta"):
        (tmp_path / os.fsdecode(name)).mkdir()
    for name in (b"odd-%s-0.json" % odd, b"plain-1-0.json"):
        (tmp_path / "conda-meta" / os.fsdecode(name)).write_text("")
    assert distributions([str(tmp_path)]) == {"plain": "1"}
    assert conda_packages(str(tmp_path)) == {"plain": "1 0"}


def test_the_first_folder_counts_and_a_missing_one_has_nothing(tmp_path: Path) -> None:
    install(tmp_path / "a", "numpy-2.1.dist-info")
    install(tmp_path / "b", "numpy-1.0.dist-info")
    install(tmp_path / "b", "scipy-1.0.dist-info")
    folders = [str(tmp_path / name) for name in ("missing", "a", "b")]
    assert distributions(folders) == {"numpy": "2.1", "scipy": "1.0"}


@pytest.mark.parametrize(
    ("direct_url", "version"),
    [
        ({"url": "file:///home/ada/x", "dir_info": {"editable": True}}, "1.0 (editable)"),
        ({"url": "file:///home/ada/x", "dir_info": {}}, "1.0 (from a file)"),
        (
            {"url": "https://ada:pw@host/x", "vcs_info": {"vcs": "git", "commit_id": "a" * 40}},
            "1.0 (commit aaaaaaaaaaaa)",
        ),
        (["not", "a", "mapping"], "1.0"),
    ],
)
def test_a_package_that_is_from_no_index_says_from_where(tmp_path: Path, direct_url: object, version: str) -> None:
    install(tmp_path, "mine-1.0.dist-info", direct_url)
    assert distributions([str(tmp_path)]) == {"mine": version}


def test_packages_of_conda_are_read_from_their_names(tmp_path: Path) -> None:
    assert conda_packages(str(tmp_path)) == {}
    (tmp_path / "conda-meta").mkdir()
    for name in ("cuda-nvcc-12.1.105-0.json", "numpy-2.1.0-py312h1103770_0.json", "history", "odd.json"):
        (tmp_path / "conda-meta" / name).write_text("")
    assert conda_packages(str(tmp_path)) == {"cuda-nvcc": "12.1.105 0", "numpy": "2.1.0 py312h1103770_0"}

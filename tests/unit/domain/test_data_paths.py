"""Paths of datasets."""

from __future__ import annotations

from pathlib import Path

import pytest

from qanat.domain.data_paths import is_in_project, is_url, located, url_problem

ROOT = Path("/project")


@pytest.mark.parametrize(
    ("path", "place", "in_project"),
    [
        ("data/iris", "/project/data/iris", True),
        (".", "/project", True),
        ("../beside", "/project/../beside", False),
        ("data/../../beside", "/project/data/../../beside", False),
        ("..data", "/project/..data", True),
        ("/scratch/iris", "/scratch/iris", False),
        ("~/iris", "/home/ada/iris", False),
        ("s3://bucket/a//b", "s3://bucket/a//b", False),
        ("./s3://x", "/project/s3:/x", True),
    ],
)
def test_a_path_starts_at_the_root_and_a_url_stays(
    path: str, place: str, in_project: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", "/home/ada")
    assert located(ROOT, path) == place
    assert is_in_project(path) == in_project


@pytest.mark.parametrize("url", ["s3://b/x", "https://example.org/a.csv", "hf://datasets/iris", "gs://b"])
def test_urls_of_known_kinds_are_accepted(url: str) -> None:
    assert is_url(url)
    assert url_problem(url) == ""


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("file:///data", "is a URL of a file; use its path"),
        ("smb://host/share", "is a URL of an unknown kind, smb; known: abfs, az, ftp"),
        ("S3://b", "is a URL of an unknown kind, S3; known: abfs"),
    ],
)
def test_other_urls_are_refused_with_the_reason(url: str, problem: str) -> None:
    assert is_url(url)
    assert url_problem(url).startswith(problem)


def test_a_path_is_no_url() -> None:
    assert not any(map(is_url, ("data", "a:b", "C:/x", "//x", "a/s3://x")))
    assert url_problem("data") == ""

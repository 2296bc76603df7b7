"""What arguments may name."""

from __future__ import annotations

import pytest

from qanat.domain.named_paths import absolute_paths, named_paths


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        (("data.bin",), ["data.bin"]),
        (("a/b", "a/b"), ["a/b"]),
        (("--data=a.bin",), ["a.bin"]),
        (("x=a.bin",), ["x=a.bin", "a.bin"]),
        (("./a//b/", "a/b"), ["a/b"]),
        (("a/../b",), ["b"]),
        (("-d", "--data", "-d=", ""), []),
        (("/absolute", "--data=/absolute", "--x=-1"), []),
        ((".", "..", "../outside", "a/..", ".git/config", ".qanat/config.yaml"), []),
        ((".gitignore", "..data"), [".gitignore", "..data"]),
        (("--a=b=c",), ["b=c"]),
    ],
)
def test_arguments_may_name_paths_inside_the_project(args: tuple[str, ...], expected: list[str]) -> None:
    assert named_paths([args]) == expected


def test_paths_are_those_of_all_groups_each_once() -> None:
    assert named_paths([("a", "b"), ("b", "c")]) == ["a", "b", "c"]


def test_absolute_paths_are_those_of_all_groups_each_once() -> None:
    assert absolute_paths([("/a", "--b=/c/../d"), ("/a", "e", "")]) == ["/a", "/d"]

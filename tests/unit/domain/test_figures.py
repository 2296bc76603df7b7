"""Figures: which patterns and files are images."""

from __future__ import annotations

import pytest

from qanat.domain.figures import TYPES, is_image, pattern_problem, suffix_of
from qanat.domain.path_patterns import path_patterns

HEADS = {
    "png": b"\x89PNG\r\n\x1a\n...",
    "jpg": b"\xff\xd8\xff\xe0...",
    "jpeg": b"\xff\xd8\xff\xe1...",
    "svg": b"\xef\xbb\xbf\n<?xml version='1.0'?>\n<!DOCTYPE svg>\n<svg xmlns=",
    "webp": b"RIFF\x24\x00\x00\x00WEBPVP8 ",
    "gif": b"GIF89a...",
}


@pytest.mark.parametrize("suffix", TYPES)
def test_an_image_begins_as_its_suffix_says(suffix: str) -> None:
    for other, head in HEADS.items():
        is_same = TYPES[other] == TYPES[suffix]
        assert is_image(suffix, head) == is_same
    assert not is_image(suffix, b"")
    assert not is_image(suffix, b"<html><script>alert(1)</script><svg>")


@pytest.mark.parametrize(
    "pattern", ["plots/*.png", "*.SVG", "a b/loss.jpeg", "plots/*", "**", "**/fig_?.webp", "[ab].*"]
)
def test_patterns_of_images_have_no_problem(pattern: str) -> None:
    assert pattern_problem(pattern) == ""


@pytest.mark.parametrize("pattern", ["/tmp/a.png", "../*.png", "plots/../../a.png"])
def test_patterns_stay_in_the_storage_directory(pattern: str) -> None:
    assert pattern_problem(pattern) == "is not inside the storage directory"


@pytest.mark.parametrize("pattern", ["*.pdf", "plots", "plots/", "scores.json", "*.png/scores.csv"])
def test_patterns_of_other_files_are_refused(pattern: str) -> None:
    expected = "does not name images that a browser shows: png, jpg, jpeg, svg, webp, gif"
    assert pattern_problem(pattern) == expected


def test_a_suffix_counts_in_any_case() -> None:
    assert [suffix_of(name) for name in ("a.PNG", "b/c.Jpeg", "png", "a.png.gz")] == ["png", "jpeg", "", ""]


def matching(pattern: str, *paths: str) -> list[str]:
    """List the paths that a pattern matches."""
    found = []
    for path in paths:
        *names, last = path.split("/")
        left = path_patterns([pattern])
        for name in names:
            left = left.inside(name)
        found += [path] if left.match(last) else []
    return found


PATHS = ("a.png", "plots/a.png", "plots/b.svg", "plots/deep/a.png", ".cache/a.png", "plots/.a.png")


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("*.png", ["a.png"]),
        ("./*.png", ["a.png"]),
        ("plots/*.png", ["plots/a.png"]),
        ("*/a.png", ["plots/a.png"]),
        ("**/*.png", ["a.png", "plots/a.png", "plots/deep/a.png"]),
        ("plots/**", ["plots/a.png", "plots/b.svg", "plots/deep/a.png"]),
        ("plots/**/**/[ab].*", ["plots/a.png", "plots/b.svg", "plots/deep/a.png"]),
        (".cache/*.png", [".cache/a.png"]),
        ("plots/.*.png", ["plots/.a.png"]),
        ("/a.png", []),
        ("../a.png", []),
        ("plots", []),
    ],
)
def test_patterns_match_paths_as_in_a_shell(pattern: str, found: list[str]) -> None:
    assert matching(pattern, *PATHS) == found


def test_folders_in_which_nothing_can_match_are_not_entered() -> None:
    patterns = path_patterns(["plots/*.png", "out/**/a.png"])
    assert not patterns.inside("checkpoints")
    assert not patterns.inside("plots").inside("deep")
    assert patterns.inside("out").inside("x").inside("y")
    assert not patterns.inside("out").inside(".git")
    assert not path_patterns([])

"""The rule no-results: what runs write, the cache, and large files stay out of the repository."""

from __future__ import annotations

import pytest

from qanat.errors import InputInvalid
from qanat.usecases.checks.rules import no_results
from qanat.usecases.checks.scope import scope_of
from tests.support.world import World

INFO = "run_id: 3\nid: 3-7f3a9c\n"


def check(world: World, *names: str, **options: object) -> list[str]:
    """Stage files, and list the findings, each as one line."""
    world.git("add", "--force", "--all")
    found = no_results.check(scope_of(world.project), names, **options)  # type: ignore[arg-type]
    return [str(finding) for finding in found]


def told(path: str, problem: str) -> str:
    """Return the line for a file that must not be committed."""
    return f"{path}:1: no-results: {problem}; git rm --cached -- {path}"


def test_other_files_get_in(world: World) -> None:
    world.write("data/a.csv", "1\n")
    world.write("results.txt", "1\n")
    world.write("results_of_others/a", "1\n")
    assert check(world, "data/a.csv", "results.txt", "results_of_others/a") == []
    assert check(world) == []


def test_results_and_the_cache_do_not(world: World) -> None:
    world.write("results/train/run_1/stdout.txt", "1\n")
    world.write(".qanat/cache/index.sqlite", "1\n")
    assert check(world, "results/train/run_1/stdout.txt", ".qanat/cache/index.sqlite") == [
        told(".qanat/cache/index.sqlite", "is a cache file, which can be recreated"),
        told("results/train/run_1/stdout.txt", "is in results/, where runs write their results"),
    ]


def test_only_the_files_that_are_named_are_looked_at(world: World) -> None:
    world.write("results/a", "1\n")
    world.write("results/b", "1\n")
    assert check(world, "results/b", "gone") == [told("results/b", "is in results/, where runs write their results")]


def test_half_of_a_file_that_qanat_was_writing_does_not(world: World) -> None:
    world.write(".qanat/runs/train/0/.4-7f3a9c.yaml.17.tmp", "")
    world.write(".qanat/plain.tmp", "")
    world.write(".hidden.tmp", "")
    (found,) = check(world, ".qanat/runs/train/0/.4-7f3a9c.yaml.17.tmp", ".qanat/plain.tmp", ".hidden.tmp")
    assert "17.tmp:1: no-results: is an incomplete file that qanat was writing; " in found


def test_the_folder_of_results_is_the_one_of_the_settings(world: World) -> None:
    world.write("out/deep/a", "1\n")
    world.write("results/a", "1\n")
    world.set(result_dir="out/deep/")
    assert check(world, "out/deep/a", "results/a") == [
        told("out/deep/a", "is in out/deep/, where runs write their results")
    ]


@pytest.mark.parametrize("folder", ["", "..", "/tmp", ".", 5])
def test_settings_that_name_no_folder_inside_the_project_name_none(world: World, folder: object) -> None:
    world.write("results/a", "1\n")
    world.write("other/a", "1\n")
    world.set(result_dir=folder)
    is_named = isinstance(folder, str) and folder != ""
    assert [line.partition(":")[0] for line in check(world, "results/a", "other/a")] == (
        [] if is_named else ["results/a"]
    )


@pytest.mark.parametrize("config", ["a: [\n", "- a\n", None])
def test_settings_that_cannot_be_read_leave_the_usual_folder(world: World, config: str | None) -> None:
    path = world.root / ".qanat/config.yaml"
    path.unlink() if config is None else path.write_text(config)
    world.write("results/a", "1\n")
    assert check(world, "results/a") == [told("results/a", "is in results/, where runs write their results")]


# ---- storage directories elsewhere


def test_a_storage_directory_elsewhere_does_not(world: World) -> None:
    world.write("elsewhere/info.yaml", INFO)
    world.write("elsewhere/group_0/deep/out.csv", "1\n")
    world.write("other/info.yaml", "id: mine\n")
    names = ("elsewhere/info.yaml", "elsewhere/group_0/deep/out.csv", "other/info.yaml")
    assert check(world, *names) == [
        told("elsewhere/group_0/deep/out.csv", "is in elsewhere/, where run 3-7f3a9c wrote its results"),
        told("elsewhere/info.yaml", "is in elsewhere/, where run 3-7f3a9c wrote its results"),
    ]


def test_a_storage_directory_is_known_by_its_info_file_on_disk_as_well(world: World) -> None:
    world.write("elsewhere/info.yaml", INFO)
    world.write("elsewhere/out.csv", "1\n")
    assert check(world, "elsewhere/out.csv") == [
        told("elsewhere/out.csv", "is in elsewhere/, where run 3-7f3a9c wrote its results")
    ]


def test_an_info_file_on_disk_that_is_a_link_says_nothing(world: World) -> None:
    target = world.write("target.yaml", INFO)
    world.write("elsewhere/out.csv", "1\n")
    (world.root / "elsewhere/info.yaml").symlink_to(target)
    assert check(world, "elsewhere/out.csv") == []


def test_the_project_itself_is_no_storage_directory(world: World) -> None:
    world.write("info.yaml", INFO)
    world.write("a.csv", "1\n")
    assert check(world, "info.yaml", "a.csv") == []


# ---- sizes


def test_a_large_file_does_not_get_in(world: World) -> None:
    world.write("small", "x" * 1000)
    world.write("large", "x" * 1001)
    assert check(world, "small", "large", max_bytes=1000) == [
        "large:1: no-results: has 1,001 bytes, more than 1,000;"
        " git rm --cached -- large, or keep it with git lfs, or raise --max-size"
    ]
    assert check(world, "large") == []


def test_what_the_index_has_counts_and_not_what_lies_on_disk(world: World) -> None:
    world.write("large", "x" * 1001)
    world.git("add", "--all")
    world.write("large", "x")
    found = no_results.check(scope_of(world.project), ["large"], max_bytes=1000)
    assert [finding.file for finding in found] == ["large"]


def test_patterns_let_files_in(world: World) -> None:
    world.write("results/keep/a.csv", "1\n")
    world.write("results/b.csv", "1\n")
    names = ("results/keep/a.csv", "results/b.csv")
    assert check(world, *names, allowed=["results/keep/*"]) == [
        told("results/b.csv", "is in results/, where runs write their results")
    ]
    assert check(world, *names, allowed=["x", "*.csv"]) == []
    assert len(check(world, *names, allowed=["*.CSV", "results"])) == 2


def test_a_submodule_has_no_size_and_a_place(world: World) -> None:
    commit = world.head
    for path in ("vendor", "results/vendor"):
        world.git("update-index", "--add", "--cacheinfo", f"160000,{commit},{path}")
    found = no_results.check(scope_of(world.project), ["vendor", "results/vendor"], max_bytes=0)
    assert [finding.file for finding in found] == ["results/vendor"]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("0", 0),
        ("1000000", 1_000_000),
        ("500kB", 500_000),
        ("500 ", 500),
        ("5MB", 5_000_000),
        ("5M", 5_000_000),
        ("2g", 2_000_000_000),
        ("3KiB", 3_000),
        ("999999999999999", 999_999_999_999_999),
    ],
)
def test_a_size_has_a_unit_or_none(words: str, expected: int) -> None:
    assert no_results.parse_size(words) == expected


@pytest.mark.parametrize("words", ["", "k", "-1", "1.5MB", "5TB", "five", "1000000000000000", "٣", "5 M B"])
def test_anything_else_is_no_size(words: str) -> None:
    with pytest.raises(InputInvalid) as error:
        no_results.parse_size(words)
    assert error.value.message == f"{words!r} is not a size"
    assert error.value.hint == "write it as 500kB, 5MB or 1000000"

"""All rules at once, applied to everything that a commit changes."""

from __future__ import annotations

from qanat.records import run_codec
from qanat.usecases.checks import commit
from qanat.usecases.checks.scope import scope_of
from qanat.usecases.tracking import record
from tests.support.world import World
from tests.unit.records.example import RUN

TOKEN = "ghp_" + "abcdefghijklmnopqrstuvwxyz0123456789"


def rules(world: World, **options: object) -> list[tuple[str, str]]:
    """Stage everything, and list the rules that are broken, each with the file."""
    world.git("add", "--force", "--all", ":(exclude).qanat/cache")
    return [(found.rule, found.file) for found in commit.check(scope_of(world.project), **options)]  # type: ignore[arg-type]


def test_a_commit_that_changes_nothing_breaks_no_rule(world: World) -> None:
    assert rules(world) == []


def test_every_rule_is_applied(world: World) -> None:
    record.create_record(world.project, RUN)
    rules(world)
    world.git("commit", "--quiet", "--message", "record")
    path = world.root / run_codec.path_of(RUN)
    path.write_text(path.read_text().replace("author: Ada", "author: Bob"))
    world.write(".qanat/experiments/train.yaml", f"schema: experiment/1\nname: train\ndescription: {TOKEN}\n")
    world.write("results/a", "1\n")
    assert rules(world) == [
        ("frozen-runs", run_codec.path_of(RUN)),
        ("no-results", "results/a"),
        ("no-secrets", ".qanat/experiments/train.yaml"),
        ("validate", ".qanat/experiments/train.yaml"),
        ("validate", run_codec.path_of(RUN)),
    ]


def test_only_what_the_commit_changes_is_checked(world: World) -> None:
    world.write("results/a", "1\n")
    world.write(".qanat/experiments/train.yaml", f"- {TOKEN}\n")
    rules(world)
    world.git("commit", "--quiet", "--message", "wrong")
    assert rules(world) == []


def test_what_goes_is_checked_only_for_what_misses_it(world: World) -> None:
    world.write("results/a", "1\n")
    rules(world)
    world.git("commit", "--quiet", "--message", "wrong")
    (world.root / "results/a").unlink()
    (world.root / "train.sh").unlink()
    assert rules(world) == [("validate", ".qanat/experiments/train.yaml")]


def test_files_that_are_no_definitions_are_not_validated(world: World) -> None:
    world.write(".qanat/notes.md", "1\n")
    world.write(".qanat/cache/x.yaml", "1\n")
    world.write("other.yaml", "1\n")
    world.git("add", "--force", ".qanat/cache/x.yaml")
    assert rules(world) == [("no-results", ".qanat/cache/x.yaml")]
    world.write(".qanat/notes.yml", "1\n")
    assert ("validate", ".qanat/notes.yml") in rules(world)


def test_options_are_those_of_the_rules(world: World) -> None:
    world.write("results/a", "1\n")
    world.write("large", "x" * 100)
    assert rules(world, max_bytes=50, allowed=["results/*"]) == [("no-results", "large")]

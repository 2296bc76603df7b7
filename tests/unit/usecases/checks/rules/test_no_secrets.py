"""The rule no-secrets: no file of `.qanat/` contains what looks like a password or a token."""

from __future__ import annotations

import pytest

from qanat.domain.shortening import quoted
from qanat.usecases.checks.rules import no_secrets
from qanat.usecases.checks.scope import scope_of
from tests.support.world import World

TOKEN = "ghp_" + "abcdefghijklmnopqrstuvwxyz0123456789"
PATH = ".qanat/experiments/train.yaml"
ALLOW = "if it is not a secret, end the line with # allow-secret: REASON"
REMEDY = f"use a variable ($TOKEN) or a file instead; {ALLOW}"


def check(world: World, *names: str) -> list[str]:
    """Stage files, and list the findings, each as one line."""
    world.git("add", "--force", "--all")
    return [str(finding) for finding in no_secrets.check(scope_of(world.project), names)]


def told(line: int, what: str, path: str = PATH, remedy: str = REMEDY) -> str:
    """Return the line for what looks like a secret."""
    return f"{path}:{line}: no-secrets: this looks like {what}; {remedy}"


def test_a_definition_without_one_is_fine(world: World) -> None:
    assert check(world, PATH, ".qanat/config.yaml") == []
    assert check(world) == []


def test_a_token_is_told_with_its_line(world: World) -> None:
    world.write(PATH, f"name: train\n\ndescription: {TOKEN}\n")
    assert check(world, PATH) == [told(3, "a GitHub token")]


def test_a_value_that_its_name_gives_away_is_told(world: World) -> None:
    world.write(PATH, "name: train\noptions:\n  more:\n    db_password: hunter2\n")
    assert check(world, PATH) == [told(4, "the value of 'db_password'")]


def test_a_long_name_is_found(world: World) -> None:
    name = f"{'x_' * 90}password"
    world.write(PATH, f"{name}: hunter2\n")
    assert check(world, PATH) == [told(1, f"the value of {quoted(name)}")]


@pytest.mark.parametrize("path", [".qanat/notes.md", ".qanat/notes.yml", ".qanat/broken.yaml"])
def test_only_yaml_that_can_be_read_has_names(world: World, path: str) -> None:
    world.write(path, "a: [\npassword: hunter2\n" if "broken" in path else "password: hunter2\n")
    assert check(world, path) == ([told(1, "the value of 'password'", path)] if path.endswith(".yml") else [])
    world.write(path, f"token {TOKEN}\n")
    assert check(world, path) == [told(1, "a GitHub token", path)]


def test_copies_are_told_each_by_its_name(world: World) -> None:
    paths = [".qanat/notes.md", PATH, ".qanat/other.yaml"]
    for path in paths:
        world.write(path, f"name: train\ntoken: {TOKEN}\ndb_password: hunter2\n")
    of_form = [told(2, "a GitHub token", path) for path in paths]
    of_name = [told(3, "the value of 'db_password'", path) for path in paths[1:]]
    assert sorted(check(world, *paths)) == sorted(of_form + of_name)


def test_a_line_is_told_once(world: World) -> None:
    world.write(PATH, f"api_token: {TOKEN} {TOKEN}\n")
    assert check(world, PATH) == [told(1, "a GitHub token")]


def test_a_record_has_another_remedy(world: World) -> None:
    path = ".qanat/runs/train/0/4-7f3a9c.yaml"
    world.write(path, f"args: [{TOKEN}]\n")
    remedy = f"revoke it, and use a variable or a file instead; {ALLOW}"
    assert check(world, path) == [told(1, "a GitHub token", path, remedy)]


def test_at_most_twenty_are_told_of_a_file(world: World) -> None:
    world.write(PATH, f"- {TOKEN}\n" * 30)
    assert len(check(world, PATH)) == 20
    world.write(PATH, "".join(f"password{number}_password: hunter2\n" for number in range(30)))
    assert len(check(world, PATH)) == 20


@pytest.mark.parametrize(
    "text",
    [
        f"a: {TOKEN}  # allow-secret: made up\n",
        f"# allow-secret: made up\na: {TOKEN}\n",
        "password: hunter2  # allow-secret: made up\n",
    ],
)
def test_a_reason_beside_it_or_above_it_lets_it_in(world: World, text: str) -> None:
    world.write(PATH, text)
    assert check(world, PATH) == []


def test_a_reason_elsewhere_does_not(world: World) -> None:
    world.write(PATH, f"a: {TOKEN}\n# allow-secret: made up\n")
    assert check(world, PATH) == [told(1, "a GitHub token")]
    world.write(PATH, f"# allow-secret: made up\n\na: {TOKEN}\n")
    assert check(world, PATH) == [told(3, "a GitHub token")]


@pytest.mark.parametrize("text", [f"a: {TOKEN} # allow-secret:\n", f"# allow-secret:\na: {TOKEN}\n"])
def test_a_reason_has_to_be_given(world: World, text: str) -> None:
    world.write(PATH, text)
    line = text[: text.index(TOKEN)].count("\n") + 1
    expected = f"{PATH}:{line}: no-secrets: allow-secret needs a reason; state why it is not a secret"
    assert check(world, PATH) == [expected]


def test_files_outside_and_in_the_cache_are_none_of_this_rule(world: World) -> None:
    world.write("notes.md", TOKEN)
    world.write(".qanat/cache/x", TOKEN)
    world.write(".qanat_more/x", TOKEN)
    assert check(world, "notes.md", ".qanat/cache/x", ".qanat_more/x") == []


def test_links_and_submodules_have_no_text(world: World) -> None:
    (world.root / ".qanat/experiments/link").symlink_to(TOKEN)
    world.git("add", "--all")
    world.git("update-index", "--add", "--cacheinfo", f"160000,{world.git('rev-parse', 'HEAD')},.qanat/vendor")
    found = no_secrets.check(scope_of(world.project), [".qanat/experiments/link", ".qanat/vendor"])
    assert found == []


def test_two_files_with_the_same_text_are_both_told(world: World) -> None:
    world.write(".qanat/a.md", f"{TOKEN}\n")
    world.write(".qanat/b.md", f"{TOKEN}\n")
    assert check(world, ".qanat/a.md", ".qanat/b.md") == [
        told(1, "a GitHub token", ".qanat/a.md"),
        told(1, "a GitHub token", ".qanat/b.md"),
    ]


def test_what_is_no_text_is_read_as_far_as_it_is(world: World) -> None:
    (world.root / ".qanat/a.bin").write_bytes(b"\xff\xfe\n" + TOKEN.encode() + b"\n")
    assert check(world, ".qanat/a.bin") == [told(2, "a GitHub token", ".qanat/a.bin")]


def test_secrets_are_told_in_the_order_of_their_lines(world: World) -> None:
    world.write(PATH, f"password: hunter2\na: {TOKEN}\nsecret: abcdef\n")
    assert [line.split(":")[1] for line in check(world, PATH)] == ["1", "2", "3"]

"""The hook `qanat-no-secrets`: no file of `.qanat/` contains what looks like a password or a token."""

from __future__ import annotations

import pytest

from tests.support.hooks import hook
from tests.support.sandbox import Sandbox

TEMPLATE = ".qanat/templates/slurm/t.yaml"
TEXT = "schema: template/1\nname: t\nrunner: slurm\noptions:\n  --ntasks: 1\n"
REMEDY = "use a variable ($TOKEN) or a file instead; if it is not a secret, end the line with # allow-secret: REASON\n"
# Put together here, so that no scanner takes this file for one with a token.
GITHUB = "ghp_" + "a1B2c3D4e" * 4

pytestmark = pytest.mark.usefixtures("left_clean")


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Sandbox:
    """Return a project; every test leaves it as it was."""
    sandbox = Sandbox.make(tmp_path_factory.mktemp("house") / "my project")
    sandbox.experiment("hello", "echo hello\n")
    return sandbox


def stage(house: Sandbox, text: str, path: str = TEMPLATE) -> None:
    """Write a file and stage it."""
    house.write(path, text)
    house.git("add", "--all")


def test_a_token_is_refused_with_its_line_and_is_not_repeated(house: Sandbox) -> None:
    stage(house, TEXT + f"  --export: ALL,GH={GITHUB}\n")
    said = hook(house, "no-secrets", TEMPLATE).out
    assert said == f"{TEMPLATE}:6: no-secrets: this looks like a GitHub token; {REMEDY}"
    assert GITHUB not in said


def test_a_value_under_a_telling_name_is_refused_and_a_reference_passes(house: Sandbox) -> None:
    stage(house, TEXT + "  password: hunter2\n")
    assert (
        f"{TEMPLATE}:6: no-secrets: this looks like the value of 'password'; "
        in hook(house, "no-secrets", TEMPLATE).out
    )
    stage(house, TEXT + "  password: $PASSWORD\n  token: ${{ secrets.TOKEN }}\n  api_key: <yours>\n")
    hook(house, "no-secrets", TEMPLATE, code=0)


@pytest.mark.parametrize("above", [True, False])
def test_a_line_is_allowed_with_a_reason_and_not_without(house: Sandbox, above: bool) -> None:
    mark = "# allow-secret: {}"
    line = f"  {mark}\n  token: abcdefgh\n" if above else f"  token: abcdefgh  {mark}\n"
    stage(house, TEXT + line.format("a public demo"))
    hook(house, "no-secrets", TEMPLATE, code=0)
    stage(house, TEXT + line.format(""))
    number = 7 if above else 6
    expected = f"{TEMPLATE}:{number}: no-secrets: allow-secret needs a reason; state why it is not a secret\n"
    assert hook(house, "no-secrets", TEMPLATE).out == expected


def test_a_record_and_a_comment_are_looked_at(house: Sandbox) -> None:
    house.qanat("run", "hello", "--allow-secrets", "--api-token", "a8f5f167f44f4964e6c998dee827110c")
    (record,) = house.record_files()
    name = record.relative_to(house.root).as_posix()
    said = hook(house, "no-secrets", name).out
    assert f"{name}:" in said
    assert "no-secrets: this looks like the value of '--api-token'; revoke it, and use a variable" in said
    comment = name.replace(".yaml", ".md")
    stage(house, f"The token was\n{GITHUB}\n", comment)
    assert f"{comment}:2: no-secrets: this looks like a GitHub token; " in hook(house, "no-secrets", comment).out
    stage(house, f"The token was\n{GITHUB} <!-- allow-secret: revoked -->\n", comment)
    hook(house, "no-secrets", comment, code=0)


def test_what_is_staged_counts_and_not_what_lies_on_disk(house: Sandbox) -> None:
    stage(house, TEXT + "  password: hunter2\n")
    house.write(TEMPLATE, TEXT)
    hook(house, "no-secrets", TEMPLATE)
    house.git("add", "--all")
    house.write(TEMPLATE, TEXT + "  password: hunter2\n")
    hook(house, "no-secrets", TEMPLATE, code=0)


def test_a_broken_file_is_still_searched_for_tokens_and_other_folders_are_not(house: Sandbox) -> None:
    stage(house, f"a: [\n{GITHUB}\n\xff")
    assert f"{TEMPLATE}:2: no-secrets: this looks like a GitHub token" in hook(house, "no-secrets", TEMPLATE).out
    stage(house, f"token = {GITHUB}\n", "elsewhere.yaml")
    hook(house, "no-secrets", "elsewhere.yaml", code=0)


def test_everything_that_qanat_writes_itself_passes(house: Sandbox) -> None:
    house.qanat("run", "hello", "-g", "--lr 0.1", "-R", "--seed 0 3 1")
    hook(house, "no-secrets", *house.git("ls-files", ".qanat").splitlines(), code=0)

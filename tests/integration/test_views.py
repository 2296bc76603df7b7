"""Saved views: `qanat view`, and the pages that open them."""

from __future__ import annotations

import pytest

from tests.support.sandbox import Sandbox

ADDRESS = "http://127.0.0.1:41233/x/#tab=scatter&where=lr%3C0.1&where=state%3Dfinished&x=lr&logx=no&smooth=9&sort="
SAVED = """\
schema: view/1
name: rates
description: Which rate wins
tab: scatter
where: [lr<0.1, state=finished]
sort: ''
x: lr
logx: false
smooth: 9
"""


def test_a_view_is_saved_listed_shown_changed_and_deleted(sandbox: Sandbox) -> None:
    said = sandbox.qanat("view", "new", "rates", "--address", ADDRESS, "--description", "Which rate wins")
    assert said.out == "Created .qanat/views/rates.yaml\n"
    assert "git add .qanat/views/rates.yaml" in said.err
    assert sandbox.qanat("view", "show", "rates").out == SAVED
    assert sandbox.qanat("view", "list", "--json").json == [sandbox.qanat("view", "show", "rates", "--json").json]
    assert sandbox.qanat("view", "list").out.splitlines()[1].split()[:2] == ["rates", "Which"]
    assert sandbox.qanat("validate").out.endswith("no problems found\n")
    assert "already exists" in sandbox.qanat("view", "new", "rates", "--address", "#tab=table", code=2).err
    sandbox.qanat("view", "update", "rates", "--address", "#by=settings", "--commit")
    assert sandbox.qanat("view", "show", "rates", "--json").json == {
        "schema": "view/1",
        "name": "rates",
        "description": "Which rate wins",
        "by": ["settings"],
    }
    assert sandbox.qanat("view", "update", "rates", "--description", "Which rate wins").out == "nothing changed\n"
    gone = sandbox.qanat("view", "delete", "rates", "--yes", "--commit").out
    assert "Deleted view rates; restore it with: git " in gone
    assert sandbox.qanat("view", "list").out.startswith("no views yet; ")


def test_a_view_without_an_axis_is_saved_with_a_note(sandbox: Sandbox) -> None:
    said = sandbox.qanat("view", "new", "rates", "--address", "#tab=scatter&x=lr").err
    assert "note: the view names no y: the page chooses by its runs" in said
    assert "names no" not in sandbox.qanat("view", "update", "rates", "--address", "#tab=scatter&x=lr&y=acc").err


def test_a_view_is_read_from_a_file(sandbox: Sandbox) -> None:
    (sandbox.root / "v.yaml").write_text("name: rates\nwhere: [lr<0.1]\n")
    sandbox.qanat("view", "new", "rates", "-f", "v.yaml", "--commit")
    assert (sandbox.root / ".qanat/views/rates.yaml").read_text().endswith("where: [lr<0.1]\n")
    assert "defines 'rates', not 'other'" in sandbox.qanat("view", "new", "other", "-f", "v.yaml", code=2).err
    (sandbox.root / "v.yaml").write_text("name: rates\ntab: curves\n")
    sandbox.qanat("view", "update", "rates", "-f", "v.yaml")
    assert sandbox.qanat("view", "show", "rates", "--json").json["tab"] == "curves"


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["--address", "#colour=opt&scale=3"], "views have no key 'scale'"),
        (["--address", "#logx=maybe"], "logx of a view is yes or no, not 'maybe'"),
        (["--address", "#smooth=much"], "smooth of a view is a whole number, not 'much'"),
        (["--address", "#smooth=0"], "view a: smooth: "),
        (["--address", "https://example.org/report.html"], "the address shows no view"),
        (["--address", "#where=lr%3C"], "a value is missing after '<'"),
        (["--address", "#tab=scater"], "view a: tab: 'scater' is not a tab; did you mean scatter?"),
        (["--address", "#where=lr+%3C%3C"], "one that begins with '<' needs quotes"),
        (["--address", "#columns=metric."], "the name of a column is missing in 'metric.'"),
        (["--address", "#open=..%2Fsecret"], "view a: open: "),
        (["--address", "#tab=table", "-f", "v.yaml"], "--address cannot be used with -f"),
        ([], "what the view shows is missing"),
    ],
)
def test_what_is_no_view_is_refused(sandbox: Sandbox, words: list[str], problem: str) -> None:
    said = sandbox.qanat("view", "new", "a", *words, code=2).err
    assert problem in said
    assert "  hint: " in said or "view a: " in said
    assert not (sandbox.root / ".qanat/views").exists()


def test_an_update_says_what_is_missing(sandbox: Sandbox) -> None:
    sandbox.qanat("view", "new", "a", "--address", "#tab=table")
    assert "what to change is missing" in sandbox.qanat("view", "update", "a", code=2).err
    both = sandbox.qanat("view", "update", "a", "--address", "#", "-f", "v.yaml", code=2).err
    assert "--address cannot be used with -f" in both


def test_a_report_has_the_views_and_says_which_are_broken(sandbox: Sandbox) -> None:
    sandbox.qanat("view", "new", "rates", "--address", ADDRESS)
    (sandbox.root / ".qanat/views/broken.yaml").write_text("schema: view/1\nname: broken\nscale: 3\n")
    content = sandbox.qanat("report", "--json", "--view", "rates").json
    assert content["view"] == "rates"
    (view,) = content["views"]
    assert view["address"] == "#tab=scatter&where=lr%3C0.1&where=state%3Dfinished&sort=&x=lr&logx=no&smooth=9"
    assert any("broken.yaml" in note and "scale" in note for note in content["notes"])
    assert "did you mean rates?" in sandbox.qanat("report", "--view", "rate", code=2).err
    assert "scale" in sandbox.qanat("ui", "--view", "broken", code=2).err
    assert "scale" in sandbox.qanat("validate", code=1).out
    (sandbox.root / ".qanat/views/broken.yaml").write_text("schema: view/1\nname: broken\ntab: nonsense\n")
    assert "tab: 'nonsense' is not a tab" in sandbox.qanat("validate", code=1).out
    assert any("'nonsense' is not a tab" in note for note in sandbox.qanat("report", "--json").json["notes"])
    (sandbox.root / ".qanat/views/broken.yaml").write_text("schema: view/1\nname: broken\nwhere: ['lr<']\n")
    assert "a value is missing after '<'" in sandbox.qanat("validate", code=1).out

"""Links to GitHub and GitLab: right for every form of address, and none for whatever could act in Markdown."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qanat.domain.web_pages import GITHUB, GITLAB, WebPages, of_ci, of_remote
from tests.support.strategies import stable

HUB, LAB = WebPages("https://github.com/ada/iris", GITHUB), WebPages("https://gitlab.com/lab/sub/iris", GITLAB)
HOSTILE = (
    "https://github.com/ada/iris](javascript:alert(1))",
    "https://github.com/ada/iris) ![x](https://evil.example/x.png",
    "https://github.com/ada/i ris",
    "https://github.com/ada/iris\n# title",
    "https://github.com/../../evil",
    "https://github.com/ada/../evil",
    "https://github.com/ada/<img src=x>",
    "https://github.com/ada/`iris`",
    "https://github.com/ada/@team",
    "https://github.com/ada/iris?x=1",
    "https://github.com/ada/iris#x",
    "javascript://github.com/ada/iris",
    "https://github.com\u202e/ada/iris",
    "ext::sh -c touch% pwned",
)
letters = st.text(st.sampled_from("ab./:@-_~ ()[]<>`'\"\\\n|!#?&%{}*"), max_size=30)


@pytest.mark.parametrize(
    ("url", "pages"),
    [
        ("https://github.com/ada/iris.git", HUB),
        ("https://github.com/ada/iris", HUB),
        ("https://ada:s3cret@github.com/ada/iris.git/", HUB),
        ("git@github.com:ada/iris.git", HUB),
        ("github.com:ada/iris", HUB),
        ("ssh://git@github.com/ada/iris.git", HUB),
        ("ssh://git@ssh.github.com:443/ada/iris.git", HUB),
        ("git@gitlab.com:lab/sub/iris.git", LAB),
        ("https://gitlab.com/lab/sub/iris", LAB),
        ("https://gitlab.example.org:8443/lab/iris.git", WebPages("https://gitlab.example.org:8443/lab/iris", GITLAB)),
        ("https://github.com/ada/my.iris", WebPages("https://github.com/ada/my.iris", GITHUB)),
        ("https://git.example.org/ada/iris.git", None),
        ("/srv/git/github/iris.git", None),
        ("file:///srv/github.com/ada/iris.git", None),
        ("", None),
    ],
)
def test_an_address_of_a_remote_leads_to_its_pages_or_nowhere(url: str, pages: WebPages | None) -> None:
    assert of_remote(url) == pages


@pytest.mark.parametrize("url", HOSTILE)
def test_no_link_is_made_of_what_could_act(url: str) -> None:
    assert of_remote(url) is None
    assert of_ci({"GITLAB_CI": "true", "CI_PROJECT_URL": url}) is None


@stable
@given(letters, letters)
def test_an_address_has_only_characters_that_do_not_act(one: str, other: str) -> None:
    for pages in (of_remote(f"https://github.com/{one}/{other}"), of_remote(f"git@{one}gitlab.com:{other}")):
        if pages:
            assert re.fullmatch(r"https://[A-Za-z0-9.-]+(/[\w.+~-]+)+", pages.root, re.ASCII)


def test_ci_says_where_the_pages_are_even_on_hosts_of_any_name() -> None:
    github = {
        "GITHUB_ACTIONS": "true",
        "GITHUB_SERVER_URL": "https://code.example.org",
        "GITHUB_REPOSITORY": "ada/iris",
    }
    assert of_ci(github) == WebPages("https://code.example.org/ada/iris", GITHUB)
    lab = {"GITLAB_CI": "true", "CI_PROJECT_URL": "https://code.example.org/lab/sub/iris"}
    assert of_ci(lab) == WebPages("https://code.example.org/lab/sub/iris", GITLAB)
    assert of_ci({"CI": "true"}) is None
    assert of_ci({"GITHUB_ACTIONS": "true"}) is None


def test_pages_of_commits_files_and_comparisons() -> None:
    assert HUB.commit("abc") == "https://github.com/ada/iris/commit/abc"
    assert HUB.comparison("a", "b") == "https://github.com/ada/iris/compare/a...b"
    assert LAB.file("abc", ".qanat/runs/a b/0/1-x.yaml") == (
        "https://gitlab.com/lab/sub/iris/-/blob/abc/.qanat/runs/a%20b/0/1-x.yaml"
    )
    assert (
        HUB.file("abc", ".qanat/runs/)](x/1.yaml")
        == "https://github.com/ada/iris/blob/abc/.qanat/runs/%29%5D%28x/1.yaml"
    )
    assert [HUB.file("abc", path) for path in ("../x", "a/../../x", "/x", "a//x")] == [None] * 4

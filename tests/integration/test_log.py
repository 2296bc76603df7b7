"""`qanat log` prints a stranger's messages without letting them act, and as much as was asked for."""

from __future__ import annotations

from tests.support.sandbox import Sandbox


def test_the_log_of_a_project(sandbox: Sandbox) -> None:
    sandbox.experiment("plain", "exit 0\n")
    sandbox.qanat("run", "plain")
    sandbox.git("commit", "--quiet", "--allow-empty", "--message", "\x1b[2Jclear\u202e")
    first, second, *rest = sandbox.qanat("log").out.splitlines()
    assert first.split() == ["Commit", "Date", "Author", "Subject", "Runs"]
    assert r"\x1b[2Jclear\u202e" in second
    assert rest[0].endswith("experiment plain         1 run: 1 finished")
    assert sandbox.qanat("log", "-n", "1").out.splitlines()[-1] == "… and older commits; -n 2 or --all shows them"
    found = sandbox.qanat("log", "--all", "--json").json
    assert [entry["subject"] for entry in found] == ["\x1b[2Jclear\u202e", "experiment plain", "qanat: project set up"]
    assert (found[1]["runs"], found[1]["states"]) == ([sandbox.record()["id"]], {"finished": 1})
    assert sandbox.qanat("log", "nope", code=2).err == (
        "qanat: 'nope' is not a commit or a range of this repository\n  hint: for example: main..HEAD\n"
    )


def test_a_log_without_commits_says_so(sandbox: Sandbox) -> None:
    sandbox.git("update-ref", "-d", "HEAD")
    assert "the repository has no commits yet" in sandbox.qanat("log", code=2).err

"""Groups that have been run already, on the command line and in Python."""

from __future__ import annotations

import pytest

import qanat
from qanat.errors import UsageError
from tests.support.sandbox import Sandbox


def test_values_that_are_one_setting_are_noted_before_a_run(sandbox: Sandbox) -> None:
    sandbox.experiment("train", "exit 0\n")
    note = "note: lr=1e-3 and lr=0.001 are one setting: its groups count as repetitions of each other\n"
    for command in (["run", "--dry-run"], ["run", "--dry-run", "--json"], ["plan"]):
        assert note in sandbox.qanat(*command, "train", "-R", "--lr 1e-3,0.001,0.1").err
    assert sandbox.qanat("run", "--dry-run", "train", "-R", "--lr 1e-3,0.1").err == ""


def test_what_has_been_run_is_left_out(sandbox: Sandbox) -> None:
    sandbox.experiment("train", "exit 0\n")
    sandbox.qanat("run", "train", "-R", "--seed 0 2 1")
    rows = sandbox.qanat("run", "train", "-R", "--seed 0 3 1", "--dry-run", "--json").json
    assert [row["status"] for row in rows] == ["done", "done", "new"]
    assert [row.get("run_group") for row in rows] == [0, 1, None]
    assert [row["run"] for row in rows[:2]] == [sandbox.record()["id"]] * 2
    assert [row["key"] for row in rows[:2]] == [row["key"] for row in sandbox.record()["groups"]]
    shown = sandbox.qanat("run", "train", "-R", "--seed 0 3 1", "--dry-run").out
    assert "\n  done (run 1, group 1)\n" in shown
    assert shown.endswith("\n  new\n3 groups (1 new, 2 done); nothing was run or written\n")

    said = sandbox.qanat("run", "train", "-R", "--seed 0 3 1", "--needed").err
    assert said.startswith("note: 2 of 3 groups were run already, in run 1: results/train/run_1\n")
    nothing = sandbox.qanat("run", "train", "-R", "--seed 0 3 1", "--needed")
    assert nothing.out == ""
    assert nothing.err.endswith("\nnothing to run: every group has been run already\n")
    assert len(sandbox.records()) == 2
    page = sandbox.qanat("show", "2").out
    assert f"Left out: 2 groups, in run {sandbox.records()[0]['id']}\n" in page
    key = sandbox.records()[1]["groups"][0]["key"]
    assert f"Key: {key}\n" in page
    assert (
        sandbox.qanat("runs", "--where", f"key={key}", "--columns", "run,key", "--csv")
        .out.splitlines()[1]
        .endswith(key)
    )

    refused = sandbox.qanat("run", "train", "--ignore", "code", code=2)
    assert "--ignore requires --needed" in refused.err
    refused = sandbox.qanat("rerun", "1", "--check", "--needed", code=2)
    assert "--check compares a whole run" in refused.err
    refused = sandbox.qanat("run", "train", "--needed", "--ignore", "weather", code=2)
    assert "'weather' is not one of" in refused.err

    project = qanat.open(sandbox.root)
    with pytest.warns(UserWarning, match="1 of 1 group was run already, in run 2"):
        assert project.launch("train", ["--seed", 2], needed=True).number == 2
    with pytest.raises(UsageError, match="ignore requires needed=True"):
        project.launch("train", ignore=["code"])
    with pytest.raises(TypeError, match="ignore is a list of strings"):
        project.launch("train", needed=True, ignore="code")


def test_changed_data_in_git_are_data_and_not_code(sandbox: Sandbox) -> None:
    sandbox.write("data/words.txt", "a\n")
    sandbox.commit("words")
    sandbox.qanat("dataset", "new", "--name", "words", "--path", "data/words.txt", "--commit")
    script = "while [ $1 != --storage_path ]; do shift; done\necho '{\"acc\": 1}' >$2/metrics.json\n"
    sandbox.experiment("train", script, datasets=["words"])
    sandbox.qanat("run", "train")
    sandbox.write("data/words.txt", "a b\n")
    sandbox.commit("other words")
    changed = "data: words: 4 B, was 2 B"

    def why(ignored: str = "results") -> str:
        (row,) = sandbox.qanat("run", "train", "--needed", "--ignore", ignored, "--dry-run", "--json").json
        return str(row.get("why", row["status"]))

    assert (why(), why("code"), why("data")) == (changed, changed, "done")
    sandbox.write("a.md", "<!-- qanat:1:acc -->1<!-- /qanat -->\n")
    sandbox.commit("a text")
    assert (why(), why("data")) == (f"code: a.md; {changed}", "code: a.md")
    assert f"run 1 is stale: {changed} (" in sandbox.qanat("document", "check", "a.md", code=1).out
    sandbox.qanat("document", "check", "a.md", "--ignore", "data")


def test_a_cancelled_group_is_not_called_failed(sandbox: Sandbox) -> None:
    sandbox.experiment("slow", "sleep 300\n")
    sandbox.qanat("run", "--detach", "slow")
    sandbox.qanat("cancel", "1")
    out = sandbox.qanat("run", "slow", "--dry-run").out
    assert "  cancelled before (run 1, group 0)\n1 group (1 cancelled before); nothing was run or written\n" in out
    (row,) = sandbox.qanat("run", "slow", "--dry-run", "--json").json
    assert (row["status"], row["why"]) == ("failed", "cancelled")
    assert sandbox.qanat("plan", "slow", "--out", "p.yaml").out.startswith("Wrote p.yaml: 1 group (1 cancelled before)")
    sandbox.qanat("validate", "--strict")


def test_a_plan_refuses_options_of_run_that_it_does_not_take(sandbox: Sandbox) -> None:
    sandbox.experiment("train", "exit 0\n")
    belongs = "it is an option of qanat run"
    for words, why in (
        (("train", "--snapshot"), "commit the changes first, since a plan names a commit"),
        (("train", "--commit_message", "x"), "commit the changes first, since a plan names a commit"),
        (("--detach", "train"), belongs),
        (("train", "--lr", "1", "--dry-run"), belongs),
        (("train", "--storage-path", "x"), belongs),
    ):
        refused = sandbox.qanat("plan", *words, "--out", "plan.yaml", code=2)
        option = next(word for word in words if word[:2] == "--" and word != "--lr").replace("_", "-")
        assert refused.err == (
            f"qanat: plan does not take {option}\n  hint: {why}; after --, all arguments are passed to the program\n"
        )
        assert not (sandbox.root / "plan.yaml").exists()
    passed_on = sandbox.qanat("plan", "train", "--json", "--", "--snapshot").json
    assert passed_on["groups"][0]["args"] == ["--snapshot"]


def test_a_plan_refuses_such_options_misspelt_or_with_a_value_unless_the_program_has_them(sandbox: Sandbox) -> None:
    sandbox.experiment("train", 'case $1 in --snapshots) echo "$1" ;; esac\n')

    def refused(*words: str) -> str:
        return sandbox.qanat("plan", *words, code=2).err

    for text, option in (("--snapsho", "--snapshot"), ("--commit-message=x", "--commit-message")):
        assert refused("train", "--lr", "1", text) == (
            f"qanat: {text} would be passed to the program (plan does not take {option})\n  hint: commit the changes "
            "first, since a plan names a commit; after --, all arguments are passed to the program\n"
        )
    assert refused("--detach=1", "train").startswith("qanat: plan does not take --detach\n")
    assert refused("nothing", "--snapsho").startswith("qanat: experiment 'nothing' does not exist\n")
    for words in (("--snapshots",), ("--", "--snapsho")):
        groups = sandbox.qanat("plan", "train", "--json", *words).json["groups"]
        assert groups[0]["args"] == [words[-1]]


def test_a_plan_is_reviewed_and_run(sandbox: Sandbox) -> None:
    sandbox.experiment("train", "exit 0\n")
    plan = ".qanat/plans/seeds.yaml"
    written = sandbox.qanat("plan", "-t", "planned", "train", "--n", "1", "-R", "--seed 0 2 1", "--out", plan)
    assert written.out.startswith(f"Wrote {plan}: 2 groups (2 new), digest ")
    assert "note: the environment is not known to the plan, so qanat run --plan accepts any\n" in written.err
    same = sandbox.qanat("plan", "-t", "planned", "train", "--n", "1", "-R", "--seed 0 2 1", "--out", plan)
    assert same.out == f"{plan} has this plan already: 2 groups (2 new)\n"
    text = (sandbox.root / plan).read_text()
    assert sandbox.qanat("plan", "train", "--out", plan, code=2).err.endswith(
        f"qanat: {plan} already exists\n  hint: name another file, or remove it if it is no longer needed\n"
    )
    assert (sandbox.root / plan).read_text() == text
    assert "cannot write new/p.yaml: " in sandbox.qanat("plan", "train", "--out", "new/p.yaml", code=1).err
    assert not (sandbox.root / "new").exists()
    assert sandbox.qanat("plan", "train", "--json").json["groups"][0]["status"] == "new"
    sandbox.git("add", ".qanat/plans")
    sandbox.git("commit", "--quiet", "--message", "plan")
    assert sandbox.qanat("validate").err == ""
    assert "2 groups (2 new); nothing was run or written" in sandbox.qanat("run", "--plan", plan, "--dry-run").out
    for words in (["--plan", plan], [f"--plan={plan}"]):
        assert sandbox.qanat("run", *words, "--lr", "3", code=2).err == (
            "qanat: --plan cannot be used with --lr, which is not an option of qanat\n"
            "  hint: the plan has the arguments of the program\n"
        )
    sandbox.qanat("run", "--plan", plan, "-j", "2", cwd=sandbox.root / ".qanat/plans", code=2)
    sandbox.qanat("run", "--plan", "seeds.yaml", "-j", "2", cwd=sandbox.root / ".qanat/plans")
    record = sandbox.record()
    assert [row["args"] for row in record["groups"]] == [["--n", "1", "--seed", "0"], ["--n", "1", "--seed", "1"]]
    assert (record["tags"], record["runner"]["options"]) == (["planned"], {"n_threads": 2})
    assert "nothing to run" in sandbox.qanat("run", "--plan", plan, "--needed").err

    assert "--plan cannot be used with NAME" in sandbox.qanat("run", "--plan", plan, "train", code=2).err
    assert "--plan cannot be used with -R" in sandbox.qanat("run", "--plan", plan, "-R", "a", code=2).err
    assert "missing argument 'NAME'" in sandbox.qanat("run", code=2).err
    assert "missing argument 'NAME'" in sandbox.qanat("plan", code=2).err
    sandbox.write("README.md", "text\n")
    sandbox.commit("a change")
    refused = sandbox.qanat("run", "--plan", plan, code=1).err
    assert refused.startswith(
        "qanat: what would run is no longer what was planned:\n  code: README.md\n  hint: make a new"
    )
    text = (sandbox.root / plan).read_text()
    sandbox.write(plan, text.replace("planned", "reviewed"))
    assert "was edited: its digest does not match" in sandbox.qanat("run", "--plan", plan, code=2).err
    assert "digest: is not that of the file: it was edited" in sandbox.qanat("validate", code=1).out
    sandbox.write(plan, text)

    project = qanat.open(sandbox.root)
    found = project.plan("train", ["--n", 1], ranges=["--seed 1 3"])
    assert [(group.args[-1], group.status, group.run_group) for group in found.groups] == [
        ("1", "new", 1),
        ("2", "new", None),
    ]
    assert found.groups[0].why == "code: README.md"
    found.save(sandbox.root / "p.yaml")
    assert found.digest in (sandbox.root / "p.yaml").read_text()
    with pytest.raises(TypeError, match="ranges is a list of strings"):
        project.plan("train", ranges="--seed 1 3")

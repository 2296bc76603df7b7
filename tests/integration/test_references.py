"""Texts with references to runs: what is found wrong with them, and what is written into them."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from qanat.domain.reference import EXAMPLE
from tests.support.hooks import hook
from tests.support.sandbox import Sandbox

TRAIN = """\
import json, pathlib, sys
words = dict(zip(sys.argv[1::2], sys.argv[2::2]))
n, seed = int(words["--n"]), int(words.get("--seed", 0))
folder = pathlib.Path(words["--storage_path"])
(folder / "metrics.json").write_text(json.dumps({"acc": n / 10 + seed / 100, "loss": 5 - n, "val_acc": n / 7}))
(folder / "plot.svg").write_text(f"<svg>{n} {seed}</svg>")
"""
METRICS = [{"file": "metrics.json", "better": {"acc": "higher"}, "label": {"acc": "Accuracy"}, "unit": {"acc": "%"}}]
END = "<!-- /qanat -->"
NOTE = """\
document: paper
dependency: train
experiment: train
patterns: [plot.svg]
groups:
- {run: RUN, group: 0, commit: abc, args: []}
files:
- {file: p.svg, run: RUN, group: 0, source: plot.svg, bytes: 14, sha256: 'SHA'}
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Sandbox:
    """Return a project with a run over two values of n and three seeds, and a run of one more n."""
    sandbox = Sandbox.make(tmp_path_factory.mktemp("built") / "my project")
    sandbox.python_experiment("train", TRAIN, metrics=METRICS)
    sandbox.qanat("run", "train", "-R", "--n 1,2", "-R", "--seed 0 3 1")
    sandbox.qanat("run", "train", "--n", "3", "--seed", "0")
    return sandbox


@pytest.fixture
def paper(built: Sandbox) -> Iterator[Sandbox]:
    """Return that project, which is restored after each test; its ignored files stay."""
    before = built.git("rev-parse", "HEAD")
    yield built
    built.git("reset", "--quiet", "--hard", before)
    built.git("clean", "--quiet", "--force", "-d")


def ids(paper: Sandbox) -> dict[int, str]:
    return {int(record["id"].partition("-")[0]): record["id"] for record in paper.records()}


def test_markdown_gets_what_tables_have(paper: Sandbox) -> None:
    text = (
        f"Acc <!-- qanat:2:acc -->{END}, <!-- qanat:2:acc unit digits=3 -->{END}, "
        f"<!-- qanat:1.3:acc percent -->?{END}, <!-- qanat:1:acc -->{END}, <!-- qanat:2:val_acc decimals=2 -->{END}, "
        f"n <!-- qanat:1.3:n -->{END}, <!-- qanat:2:experiment -->{END}, <!-- qanat:2:tag -->{END}\n"
        f"\n<!-- qanat:runs where='n=3' columns='run,acc,val_acc' -->{END}\n"
        f"<!-- qanat:compare where='run=1' columns='n,acc' -->\n{END}\n"
    )
    paper.write("a.md", text)
    said = paper.qanat("document", "check", "a.md", code=1)
    assert said.out.startswith("a.md:1:5: differs: 2:acc is 0.3, and the text says nothing\n")
    assert "10 references in 1 text: 10 to look at\n  hint: write what 9 of them should say with: " in said.err
    said = paper.qanat("document", "check", "a.md", "--write", code=1)
    assert said.out == "Wrote a.md\na.md:1:313: unknown: 2:tag: run 2 has no tag\n"
    written = (paper.root / "a.md").read_text()
    assert written.startswith(
        f"Acc <!-- qanat:2:acc -->0.3{END}, <!-- qanat:2:acc unit digits=3 -->0.300%{END}, "
        f"<!-- qanat:1.3:acc percent -->21%{END}, "
        f"<!-- qanat:1:acc -->0.1…0.22{END}, <!-- qanat:2:val_acc decimals=2 -->0.43{END}, "
        f"n <!-- qanat:1.3:n -->2{END}, <!-- qanat:2:experiment -->train{END}"
    )
    table = paper.qanat("runs", "--where", "n=3", "--columns", "run,acc,val_acc", "--format", "markdown").out
    compared = paper.qanat("compare", "1", "--columns", "n,acc", "--format", "markdown").out
    assert f"-->\n\n{table}\n{END}\n" in written
    assert f"-->\n\n{compared}\n{END}\n" in written


def test_what_a_condition_chose_is_pinned(paper: Sandbox) -> None:
    two = ids(paper)[2]
    best = "<!-- qanat:best(acc, experiment=train)%s -->%s" + END
    mean = "<!-- qanat:mean(acc, n=2)%s -->%s" + END
    paper.write("a.md", f"{best % ('', '')} {best.replace(')%', '):n%') % ('', '')} {mean % ('', '')}\n")
    paper.qanat("document", "check", "a.md", "--write")
    written = (paper.root / "a.md").read_text()
    pins = f" pinned={two}.0", f" pinned={ids(paper)[1]}.1,3,5"
    numbers = (
        best % (pins[0], "0.3"),
        best.replace(")%", "):n%") % (pins[0], "3"),
        mean % (pins[1], "0.210 ± 0.010 (n=3)"),
    )
    assert written == f"{' '.join(numbers)}\n"
    said = paper.qanat("document", "check", "a.md").out
    assert said == "3 references in 1 text: all as their runs have them\n"
    paper.qanat("run", "train", "--n", "4", "--seed", "0")
    new = max(ids(paper))
    paper.qanat("run", "train", "--n", "2", "--seed", "3")
    try:
        said = paper.qanat("document", "check", "a.md", "--write", code=1).out
        now = f"{ids(paper)[new]}.0 (acc 0.4, was 0.3)"
        assert f"moved: best(acc, experiment=train) is pinned to {two}.0, and is now {now}" in said
        assert "moved: mean(acc, n=2) is pinned to " in said
        assert (paper.root / "a.md").read_text() == written
        paper.qanat("document", "check", "a.md", "--write", "--repin")
        again = (paper.root / "a.md").read_text()
        assert f"pinned={ids(paper)[new]}.0 -->0.4<" in again
        assert "0.215 ± 0.013 (n=4)" in again
        paper.qanat("delete", f"{new}", "--yes")
        said = paper.qanat("document", "check", "a.md", "--write", code=1).out
        assert said.count("gone: best(acc, experiment=train)") == 2
        assert (paper.root / "a.md").read_text() == again
    finally:
        paper.qanat("delete", f"{new}", "--yes", code=None)
        paper.qanat("delete", f"{new + 1}", "--yes")


def test_a_group_without_a_seed_beside_others_is_noted(paper: Sandbox) -> None:
    paper.qanat("run", "train", "--n", "2")
    new = max(ids(paper))
    try:
        paper.write(
            "a.md", f"<!-- qanat:mean(acc, n=2) -->?{END} <!-- qanat:mean(acc, n=2, parameter.seed) -->?{END}\n"
        )
        said = paper.qanat("document", "check", "a.md", "--write").out.splitlines()
        assert said[1:-1] == [
            "a.md:1:1: unchecked: mean(acc, n=2): it counts 1 group without a seed beside those with one, whatever the "
            "default is (leave them out with the seed's name: mean(…, parameter.seed))"
        ]
        assert "(n=4)" in (paper.root / "a.md").read_text()
        assert "(n=3)" in (paper.root / "a.md").read_text()
        note = "note: 1 group without --seed counts as a sample beside those with one, whatever the default is"
        assert note in paper.qanat("compare", "--pool", "--where", "n=2").err
        assert "without" not in paper.qanat("compare", "--pool", "--where", "n=2 and --seed").err
    finally:
        paper.qanat("delete", f"{new}", "--yes")


def test_a_unit_is_that_of_a_mean_and_not_of_its_count(paper: Sandbox) -> None:
    paper.write("a.md", f"<!-- qanat:mean(acc, n=2) percent -->?{END}\n")
    paper.write("a.tex", "\\qanat[unit]{mean(acc, n=2)}\n")
    paper.qanat("document", "check", "a.md", "a.tex", "--write")
    assert f"-->(21.0 ± 1.0)% (n=3){END}" in (paper.root / "a.md").read_text()
    assert r"{($0.210 \pm 0.010$)\% ($n=3$)}" in (paper.root / "qanat-values.tex").read_text()


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        ("99:acc", "gone: 99:acc: run 99 does not exist"),
        ("1.6:acc", "unknown: 1.6:acc: run 1 has no group 6 (its groups are 0 to 5)"),
        ("1:nothing", "no run has the parameter or metric 'nothing'"),
        ("1:experiment digits=2", "experiment is 'train', which is not a number"),
        ("1:loss unit", "loss has no unit"),
        ("best(accuracy, n=1)", "no run has the metric 'accuracy' (did you mean acc?)"),
        ("best(loss, n=1)", "it is not known which values of loss are better"),
        ("best(acc, n=7)", "no finished group has the metric acc among those with 'n=7'"),
        (
            "mean(acc, run=1)",
            "of 2 different settings, which differ in n: run 1 with n=1, run 1 with n=2 (add conditions; ",
        ),
        ("mean(acc, n=7)", "there is no group among those with 'n=7'"),
        ("best(acc, nn=1)", "no run has the parameter or metric 'nn'"),
        ("4 acc", "broken: '4' names nothing of the run"),
        ("best(acc) pinned=x", "pinned=x names no group"),
    ],
)
def test_what_cannot_be_known_is_named(paper: Sandbox, reference: str, said: str) -> None:
    text = f"Line\n<!-- qanat:{reference} -->0.5{END}\n"
    paper.write("a.md", text)
    out = paper.qanat("document", "check", "a.md", "--write", code=1).out
    assert out.startswith("a.md:2:1: ")
    assert said in out
    assert (paper.root / "a.md").read_text() == text


def test_nothing_else_of_a_file_changes(paper: Sandbox) -> None:
    for before, after in (
        (f"\ufeffé\r\n<!-- qanat:1:n -->{END}\r\n".encode(), f"\ufeffé\r\n<!-- qanat:1:n -->1,2{END}\r\n".encode()),
        (f"é <!-- qanat:2:acc -->{END}".encode("latin-1"), f"é <!-- qanat:2:acc -->0.3{END}".encode("latin-1")),
    ):
        file = paper.root / "a.md"
        file.write_bytes(before)
        file.chmod(0o640)
        paper.qanat("document", "check", "a.md", "--write")
        assert file.read_bytes() == after
        assert file.stat().st_mode & 0o777 == 0o640
    file.write_bytes(f"é <!-- qanat:1:acc -->{END}".encode("latin-1"))
    said = paper.qanat("document", "check", "a.md", "--write", code=1).out
    assert "'…' cannot be written in latin-1 (convert the file to UTF-8)" in said
    file.write_bytes(b"\xff\xfea\0")
    assert "is in UTF-16" in paper.qanat("document", "check", "a.md", code=1).out
    target = paper.write("b.md", "x")
    file.unlink()
    file.symlink_to(target)
    assert "symbolic link" in paper.qanat("document", "check", "a.md", code=2).err


def test_a_run_that_is_edited_or_replaced_is_found(paper: Sandbox) -> None:
    paper.write("a.tex", "\\qanat{2:acc}\n")
    paper.qanat("document", "check", "a.tex", "--write")
    record = next(path for path in paper.record_files() if path.stem == ids(paper)[2])
    record.write_text(record.read_text().replace("acc: 0.3", "acc: 0.9"))
    said = paper.qanat("document", "check", "a.tex", code=1)
    assert "differs: 2:acc is 0.9, and qanat-values.tex says 0.3" in said.out
    assert "a.tex:1:1: edited: " in said.out
    # That nothing is taken over from this record says nothing of others that executed the same.
    assert [row["run"] for row in paper.qanat("runs", "--where", "fresh", "--json").json] == [ids(paper)[1]]
    paper.write("b.md", f"<!-- qanat:2:acc -->0.3{END} <!-- qanat:best(acc) pinned={ids(paper)[2]}.0 -->0.3{END}\n")
    record.write_text(f"{record.read_text()}}}\n")
    said = paper.qanat("document", "check", "b.md", code=1)
    path = record.relative_to(paper.root)
    for name in ("2:acc", "best(acc)"):
        assert f"unknown: {name}: {path}:" in said.out
    assert said.out.count("(undo the damage: git restore -- FILE; or see: qanat validate)") == 2
    assert f"note: conditions do not choose 1 run, whose record is damaged: {path}:" in said.err
    paper.git("checkout", "--quiet", ".")
    values = paper.root / "qanat-values.tex"
    values.write_text(values.read_text().replace(ids(paper)[2], "2-000000"))
    said = paper.qanat("document", "check", "a.tex", "--write", code=1)
    assert f"moved: 2:acc was of run 2-000000, and is now of {ids(paper)[2]}" in said.out
    paper.qanat("document", "check", "a.tex", "--write", "--repin")


def test_a_run_whose_code_or_data_changed_is_stale(paper: Sandbox) -> None:
    right = f"<!-- qanat:2:acc -->0.3{END}\n"
    paper.write("a.md", right)
    paper.commit("a text")
    paper.write("a.md", f"{right}\nMore.\n")
    assert paper.qanat("document", "check", "a.md").out == "1 reference in 1 text: all as their runs have them\n"
    program = (paper.root / "train.py").read_text()
    paper.write("train.py", f"{program}# changed\n")
    stale = "a.md:1:1: stale: run 2 is stale: code: train.py (repeat it: qanat rerun 2 --head, and name the new run)\n"
    assert paper.qanat("document", "check", "a.md", code=1).out == stale
    paper.commit("other code")
    assert paper.qanat("document", "check", "a.md", "--write", code=1).out == stale
    for option in ("--no-fresh", "--ignore=code"):
        paper.qanat("document", "check", "a.md", option)
    paper.qanat("run", "train", "--n", "3", "--seed", "0")
    new = max(ids(paper))
    try:
        assert paper.qanat("document", "check", "a.md", code=1).out == stale
        paper.write("a.md", right.replace("2:acc", f"{new}:acc"))
        paper.qanat("document", "check", "a.md")
        paper.write("train.py", program)
        paper.commit("the first code again")
        paper.write("a.md", right)
        paper.qanat("document", "check", "a.md")
    finally:
        paper.qanat("delete", f"{new}", "--yes")


def test_a_choice_is_of_fresh_runs_only_if_it_says_so(paper: Sandbox) -> None:
    best, mean = (f"<!-- qanat:{what} -->?{END}" for what in ("best(acc, experiment=train)", "mean(acc, n=1)"))
    fresh = [text.replace(")", ", fresh)") for text in (best, mean)]
    table = f"<!-- qanat:runs where='seed=0 and fresh' columns='n' -->{END}"
    paper.write("a.md", f"{best}\n{mean}\n")
    paper.write("b.md", f"{fresh[0]}\n{fresh[1]}\n{table}\n")
    paper.commit("texts")
    paper.qanat("document", "check", "a.md", "b.md", "--write")
    before = (paper.root / "b.md").read_text()
    for text in ("0.3<", "0.110 ± 0.010 (n=3)<", "| 3 |"):
        assert text in before
    paper.write("train.py", f"{(paper.root / 'train.py').read_text()}# changed\n")
    paper.commit("other code")
    said = paper.qanat("document", "check", "a.md", "b.md", "--write", code=1).out
    repeat = "is stale: code: train.py (repeat it: qanat rerun"
    assert f"a.md:1:1: stale: run 2 {repeat} 2 --head, write best(…, fresh), then: --write --repin)" in said
    assert f"b.md:2:1: stale: run 1 {repeat} 1 --head, then: --write --repin)" in said
    assert "b.md:3:1: unknown: runs where='seed=0 and fresh' columns='n': no run meets the condition of" in said
    paper.write("c.md", f"{fresh[0]}\n")
    nothing = "among those with 'experiment=train and fresh' (run it as it is now: qanat rerun RUN --head)"
    assert nothing in paper.qanat("document", "check", "c.md", "--write", code=1).out
    (paper.root / "c.md").unlink()
    said = paper.qanat("document", "check", "b.md", "--no-fresh").out
    assert said.endswith("3 references in 1 text: 1 not checked\n")
    paper.git("add", "--all")
    hook(paper, "documents", "b.md", code=0)
    paper.write("c.md", f"{fresh[0]}\n")
    paper.write("c.tex", "\\qanattable{seed=0 and fresh}\n")
    paper.git("add", "c.md", "c.tex")
    said = hook(paper, "documents", "c.md", "c.tex").out
    assert "c.md:1: documents: best(acc, experiment=train, fresh) is not pinned yet" in said
    assert "c.tex:1: documents: seed=0 and fresh has no value yet" in said
    paper.git("rm", "--quiet", "--force", "c.md", "c.tex")
    paper.qanat("run", "train", "--n", "1", "--seed", "0")
    new = max(ids(paper))
    try:
        listed = paper.qanat("runs", "--where", "fresh", "--json").json
        assert [row["run"] for row in listed] == [ids(paper)[new]]
        assert len(paper.qanat("runs", "--where", "not fresh", "--json").json) == 2
        assert paper.qanat("compare", "--where", "fresh", "--json").json[0]["runs"] == [ids(paper)[new]]
        said = paper.qanat("document", "check", "a.md", "b.md", "--write", "--repin", code=1).out
        is_fresh = f"(run {new} is fresh: write best(…, fresh), then: --write --repin)"
        assert f"a.md:1:1: stale: run 2 is stale: code: train.py {is_fresh}" in said
        assert "settings, which differ in code: run 1 at commit " in said
        assert f"run {new} at commit {paper.git('rev-parse', 'HEAD~1')[:10]} (add conditions; for runs" in said
        assert "b.md:" not in said
        for text in ("0.1<", "| 1 |"):
            assert text in (paper.root / "b.md").read_text()
    finally:
        paper.qanat("delete", f"{new}", "--yes")


def test_compile_and_status_note_what_is_wrong(paper: Sandbox) -> None:
    best = "<!-- qanat:best(acc, experiment=train%s) -->%s" + END
    text = paper.write("p/p.md", f"{best % ('', '?')}\n")
    paper.write("p/p.tex", "\\qanat{2:acc} \\qanat{99:acc} \\qanatfigure{2:plot.svg}{plot.svg}\n")
    paper.qanat("document", "new", "--name", "p", "--path", "p")
    paper.commit("a document")
    differs = "p/p.md:1: best(acc, experiment=train) is 0.3, and the text says ?"
    left = [differs, "p/p.tex:1: 99:acc: run 99 does not exist", "p/p.tex:1: plot.svg does not exist"]
    notes = "".join(f"note: {one}\n" for one in left)
    hint = "  hint: write what the texts should say with: qanat document check p --write\n"
    found = paper.qanat("document", "status", "p", "--json", code=1).json
    missing = "p/p.tex:1: 2:acc is not in qanat-values.tex yet"
    assert (found["fresh"], found["problems"]) == (False, [differs, missing, *left[1:]])
    assert (
        paper.qanat("document", "compile", "p").err
        == f"{notes}{hint}Document p is ready, but its texts are not fresh\n"
    )
    paper.write("p/p.tex", "\\qanat{2:acc}\n\n\\qanat{2:n} \\qanat{2:n}\n")
    paper.write("p/p.log", "left by LaTeX")
    paper.write("p/p.bib", "")
    paper.commit("beside the texts")
    paper.qanat("document", "check", "p", "--write")
    assert paper.qanat("document", "compile", "p").err == "Document p is up to date\n"
    values = paper.root / "p/qanat-values.tex"
    values.write_text(values.read_text().replace("{0.3}", "{0.4}"))
    by_compiling = "  hint: bring the values up to date with: qanat document compile p\n"
    edited = "note: p/p.tex:1: 2:acc is 0.3, and qanat-values.tex says 0.4\n"
    assert paper.qanat("document", "status", code=1).err == f"{edited}{by_compiling}"
    assert paper.qanat("document", "compile", "p").err == "Document p is up to date\n"
    program = (paper.root / "train.py").read_text()
    paper.write("train.py", f"{program}# changed\n")
    paper.commit("other code")
    stale = "run 2 is stale: code: train.py"
    several = "; in 3 references, on lines 1, 3"
    notes = f"note: p/p.md:1: {stale}\nnote: p/p.tex:1: {stale}{several}\n  hint: see: qanat document check p\n"
    status = paper.qanat("document", "status", code=1)
    assert status.out == "p: needs no runs; its texts are not fresh\n"
    assert notes in status.err
    assert notes in paper.qanat("document", "compile", "p").err
    assert "note" not in paper.qanat("document", "compile", "p", "--ignore", "code").err
    said = paper.qanat("document", "check", "p", code=1).out
    assert f"{stale} (repeat it: qanat rerun 2 --head, write best(…, fresh), then: --write --repin)\n" in said
    assert f"p/p.tex:1:1: stale: {stale}{several} (repeat it: qanat rerun 2 --head, and name the new run)\n" in said
    paper.qanat("rerun", "2", "--head")
    new = max(ids(paper))
    try:
        paper.write("p/p.tex", f"\\qanat{{{new}:acc}}\n")
        text.write_text(text.read_text().replace("=train", "=train, fresh"))
        paper.qanat("document", "check", "p", "--write", "--repin")
        assert f"pinned={ids(paper)[new]}.0 -->0.3" in text.read_text()
        assert paper.qanat("document", "status").err == ""
    finally:
        paper.qanat("delete", f"{new}", "--yes")


def test_an_environment_that_is_not_known_yet_is_no_change(paper: Sandbox) -> None:
    named = ("2:acc", "best(acc, fresh)", "mean(acc, n=1, fresh)", "runs where='fresh' columns='n'")
    paper.write("a.md", "".join(f"<!-- qanat:{one} -->{END}\n" for one in named))
    paper.qanat("document", "check", "a.md", "--write")
    right = (paper.root / "a.md").read_text()
    paper.commit("a text")
    (known,) = (paper.root / ".git/qanat").glob("environment-*.json")
    kept = known.read_text()
    known.unlink()
    try:
        said = paper.qanat("document", "check", "a.md", "--write", "--repin").out
        assert (paper.root / "a.md").read_text() == right
    finally:
        known.write_text(kept)
    why = "environment: not known before the program starts"
    assert f"a.md:1:1: unchecked: it is not known whether run 2 is fresh: {why}\n" in said
    assert f"a.md:3:1: unchecked: mean(acc, n=1, fresh): it is not known whether run 1 is fresh: {why}" in said
    assert f"unchecked: runs where='fresh' columns='n': it is not known whether run 2 is fresh: {why}" in said


def test_figures_are_those_of_their_runs(paper: Sandbox) -> None:
    paper.write("text/a.md", f"<!-- qanat:figure 1.3:plot.svg -->![Plot](../figures/p.svg){END}\n")
    said = paper.qanat("document", "check", "text/a.md", code=1).out
    assert said == "text/a.md:1:1: differs: ../figures/p.svg does not exist\n"
    paper.qanat("document", "check", "text/a.md", "--write")
    assert (paper.root / "figures/p.svg").read_text() == "<svg>2 1</svg>"
    paper.write("figures/p.svg", "<svg/>")
    said = paper.qanat("document", "check", "text/a.md", code=1).out
    assert said == "text/a.md:1:1: differs: ../figures/p.svg is not the one of 1.3:plot.svg\n"
    # What an action left for all groups is in the directory of the run.
    whole = paper.write("results/train/run_1/curves.svg", "<svg/>")
    paper.write("text/b.md", f"<!-- qanat:figure 1:curves.svg -->![Curves](../figures/c.svg){END}\n")
    paper.write("text/c.md", f"<!-- qanat:figure 1:group_3/plot.svg -->![Plot](../figures/d.svg){END}\n")
    paper.qanat("document", "check", "text/b.md", "text/c.md", "--write")
    assert (paper.root / "figures/c.svg").read_text() == "<svg/>"
    whole.write_text("<svg></svg>")
    said = paper.qanat("document", "check", "text/b.md", code=1).out
    assert said == "text/b.md:1:1: differs: ../figures/c.svg is not the one of 1:curves.svg\n"
    whole.unlink()
    left = paper.root / "results/train/run_1/group_3/plot.svg"
    left.write_text("<svg/>")
    said = paper.qanat("document", "check", "text/a.md", "--write", code=1).out
    assert "it cannot be copied: plot.svg of run 1 was changed after the run" in said
    paper.qanat("document", "check", "text/c.md")
    left.write_text("<svg>2 1</svg>")
    for what, problem in {
        "1:plot.svg": "; that of a group is named 1.0:plot.svg)",
        "2:no.svg": "run 2 has no file no.svg",
        "2:../../x.svg": "is not inside the directory of the run",
    }.items():
        paper.write("text/a.md", f"<!-- qanat:figure {what} -->![Plot](../figures/p.svg){END}\n")
        assert problem in paper.qanat("document", "check", "text/a.md", code=1).out
    paper.write("text/a.md", f"<!-- qanat:figure 2:plot.svg -->![Plot](../../p.svg){END}\n")
    assert "../../p.svg is not in the project" in paper.qanat("document", "check", "text/a.md", "--write", code=1).out
    for name in ("../.git/hooks/a.svg", "../.qanat/a.svg", "../train.py"):
        paper.write("text/a.md", f"<!-- qanat:figure 2:plot.svg -->![Plot]({name}){END}\n")
        said = paper.qanat("document", "check", "text/a.md", "--write", code=1).out
        assert "broken: " in said
        assert "Wrote" not in said
    shutil.move(paper.root / "results/train/run_2", paper.root / "results/train/run_2_away")
    try:
        paper.write("text/a.md", f"<!-- qanat:figure 2:plot.svg -->![Plot](../figures/p.svg){END}\n")
        said = paper.qanat("document", "check", "text/a.md").out
        assert "unchecked: ../figures/p.svg was not compared: the results of run 2 are not here" in said
        # What was copied for a document has a note.
        paper.write("figures/qanat.yaml", NOTE.replace("RUN", ids(paper)[2]).replace("SHA", "0" * 64))
        said = paper.qanat("document", "check", "text/a.md", code=1).out
        assert "differs: ../figures/p.svg is not the one of 2:plot.svg (it cannot be copied: " in said
        digest = hashlib.sha256((paper.root / "figures/p.svg").read_bytes()).hexdigest()
        paper.write("figures/qanat.yaml", NOTE.replace("RUN", ids(paper)[2]).replace("SHA", digest))
        said = paper.qanat("document", "check", "text/a.md").out
        assert said == "1 reference in 1 text: all as their runs have them\n"
    finally:
        shutil.move(paper.root / "results/train/run_2_away", paper.root / "results/train/run_2")


def test_texts_are_those_of_documents(paper: Sandbox) -> None:
    said = paper.qanat("document", "check", code=2).err
    assert "there are no documents yet" in said
    paper.write("papers/one/paper.tex", "\\input{sections/a}\n\\qanat{2:acc}\n")
    paper.write("papers/one/sections/a.tex", "\\qanat{1.0:acc}\n")
    paper.write("papers/one/exports/x.md", f"<!-- qanat:9:acc -->{END}\n")
    paper.write("papers/two.md", f"<!-- qanat:9:acc -->{END}\n")
    paper.qanat("document", "new", "--name", "one", "--path", "papers/one")
    result = paper.qanat("document", "check", "--json", code=1).json
    found = [(one["file"], one["reference"], one["value"]) for one in result["references"]]
    assert found == [("papers/one/paper.tex", "2:acc", "0.3"), ("papers/one/sections/a.tex", "1.0:acc", "0.1")]
    assert result["references"][0]["problems"][0]["verdict"] == "differs"
    said = paper.qanat("document", "check", "one", "--write")
    assert said.out.startswith("Wrote papers/one/qanat-values.tex\n")
    assert "qanat.sty is not in papers/one; copy it with: qanat document sty papers/one" in said.err
    values = (paper.root / "papers/one/qanat-values.tex").read_text()
    assert values.splitlines()[2:] == [
        f"\\qanatvalue{{1.0:acc}}{{{ids(paper)[1]}.0}}{{0.1}}",
        f"\\qanatvalue{{2:acc}}{{{ids(paper)[2]}}}{{0.3}}",
    ]
    # One text of several keeps the values of the others.
    paper.write("papers/one/sections/a.tex", "\\qanat{1.1:acc}\n")
    paper.qanat("document", "check", "papers/one/sections/a.tex", "--write")
    assert (paper.root / "papers/one/qanat-values.tex").read_text().count("\\qanatvalue") == 3
    paper.qanat("document", "check", "one", "--write")
    assert (paper.root / "papers/one/qanat-values.tex").read_text().count("\\qanatvalue") == 2
    # A text in LaTeX is checked with what it inputs, wherever LaTeX finds that, but not behind links.
    paper.write(
        "a/main.tex",
        "\\input{s/two} \\input{s/two.tex} % \\input{s/no}\n\\include{s/link}\\input{../../x}\\\\input{s/no}",
    )
    paper.write("a/s/two.tex", "\\qanat{2:acc} \\input {s/three}\n")
    paper.write("a/s/three.tex", "\\qanat{2:n} \\input{main}\n")
    paper.write("a/s/no.tex", "\\qanat{99:n}\n")
    (paper.root / "a/s/link.tex").symlink_to("no.tex")
    assert "Wrote a/qanat-values.tex\n" in paper.qanat("document", "check", "a/main.tex", "--write").out
    said = paper.qanat("document", "check", "a/main.tex").out
    assert said == "2 references in 2 texts: all as their runs have them\n"
    for name, problem in {
        "two": "document 'two' does not exist",
        "no.md": "text 'no.md' does not exist",
        "papers": "papers is a folder",
        "train.py": "train.py is not a text with references",
        "/etc/hostname": "is outside the project",
    }.items():
        assert problem in paper.qanat("document", "check", name, code=2).err
    assert "--repin requires --write" in paper.qanat("document", "check", "--repin", code=2).err


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (
            ("\\qanatvalue{2", "<<<<<<< HEAD\n\\qanatvalue{2"),
            "3:1:",
        ),
        (("{0.3}\n", "{0.3}\n\\qanatvalue{9:acc}{\n"), "4:1:"),
        (
            ("do not edit it", "edited"),
            "2:1:",
        ),
    ],
)
def test_a_damaged_file_of_values_is_found_and_mended(paper: Sandbox, damage: tuple[str, str], said: str) -> None:
    paper.write("a.tex", "\\qanat{2:acc}\n")
    paper.qanat("document", "check", "a.tex", "--write")
    values = paper.root / "qanat-values.tex"
    right = values.read_text()
    paper.git("add", "--all")
    hook(paper, "documents", "a.tex", code=0)
    values.write_text(right.replace(*damage))
    found = paper.qanat("document", "check", "a.tex", code=1)
    assert f"qanat-values.tex:{said} differs: qanat-values.tex has a line that qanat has not written: " in found.out
    assert "hint: write what they should say with: qanat document check --write" in found.err
    paper.git("add", "--all")
    assert f"qanat-values.tex:{said.partition(':')[0]}: documents: " in hook(paper, "documents", "a.tex").out
    paper.qanat("document", "check", "a.tex", "--write")
    assert values.read_text() == right
    values.write_bytes(right.replace("\n", "\r\n").encode())
    paper.qanat("document", "check", "a.tex")


def test_the_style_is_copied(paper: Sandbox) -> None:
    paper.write("paper/a.tex", "")
    assert paper.qanat("document", "sty", "paper").out == "Wrote paper/qanat.sty\n"
    assert paper.qanat("document", "sty", ".", cwd=paper.root / "paper").out == "paper/qanat.sty is up to date\n"
    paper.write("paper/qanat.sty", "older")
    assert "another version" in paper.qanat("document", "sty", "paper", code=2).err
    paper.qanat("document", "sty", "paper", "--force")
    assert "neither a document nor a folder" in paper.qanat("document", "sty", "nowhere", code=2).err
    assert "is outside the project" in paper.qanat("document", "sty", os.fspath(paper.root.parent), code=2).err


def test_the_hook_reads_what_is_staged(paper: Sandbox) -> None:
    right = f"<!-- qanat:2:acc -->0.3{END}\n"
    paper.write("a.md", right.replace("0.3", "0.4"))
    paper.write("paper/b.tex", "\\qanat{2:acc} \\qanat{oops}\n")
    paper.git("add", "--all")
    paper.write("a.md", right)
    said = hook(paper, "documents", "a.md", "paper/b.tex", "train.py").out
    assert said.splitlines() == [
        "a.md:1: documents: 2:acc is 0.3, and the text says 0.4",
        "paper/b.tex:1: documents: 2:acc is not in qanat-values.tex yet",
        f"paper/b.tex:1: documents: 'oops' is not a reference; {EXAMPLE}",
    ]
    paper.write("paper/b.tex", "\\qanat{2:acc}\n")
    paper.qanat("document", "check", "a.md", "paper/b.tex", "--write")
    paper.git("add", "--all")
    hook(paper, "documents", "a.md", "paper/b.tex", code=0)
    # A record is not deleted as long as a text names its run, whatever else is wrong there.
    paper.write("c.md", f"<!-- qanat:99:acc -->0.4{END}\n")
    paper.git("add", "--all")
    paper.git("commit", "--quiet", "--no-verify", "--message", "texts")
    record = next(path for path in paper.record_files() if path.stem == ids(paper)[2])
    paper.git("rm", "--quiet", str(record))
    said = hook(paper, "documents").out
    assert [line.partition("; ")[0] for line in said.splitlines()] == [
        "a.md:1: documents: 2:acc: run 2 does not exist",
        "paper/b.tex:1: documents: 2:acc: run 2 does not exist",
    ]
    paper.git("reset", "--quiet", "--hard")
    hook(paper, "documents", code=0)
    paper.write("paper/qanat-values.tex", "")
    hook(paper, "commit", code=0)
    paper.git("add", "paper")
    hook(paper, "documents", "paper/b.tex")


def test_hostile_texts_do_not_act(paper: Sandbox) -> None:
    paper.write("a.md", f"<!-- qanat:2:acc -->\x1b[31m<b>{END} <!-- qanat:\x1b[2J:acc -->{END}\n")
    said = paper.qanat("document", "check", "a.md", code=1)
    assert "\x1b" not in said.out + said.err
    assert json.loads(paper.qanat("document", "check", "a.md", "--json", code=1).out)["texts"] == 1
    assert not Path(paper.root / "qanat-values.tex").exists()

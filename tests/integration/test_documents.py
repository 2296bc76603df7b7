"""Papers that are built from runs, as a user defines, builds and changes them."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.gates import SCRIPT, Gates
from tests.support.sandbox import Sandbox

PROGRAM = 'echo "$2" >"$4/out.txt"\n'
FILE = """\
name: paper
path: paper
compile: [sh, build.sh]
output: built.md
dependencies:
- experiment: train
  parameters: {fixed_args: {options: {--lr: 1e-2}}}
  files: [out.txt]
"""


def define(sandbox: Sandbox, name: str = "paper", **keys: Any) -> None:
    """Write the definition of a document, and commit it."""
    content = {"schema": "document/2", "name": name, "path": "paper", **keys}
    sandbox.write(f".qanat/documents/{name}.yaml", yaml.safe_dump(content, sort_keys=False))
    sandbox.commit(f"document {name}")


@pytest.fixture
def paper(sandbox: Sandbox) -> Sandbox:
    """Return a project with an experiment and a paper."""
    sandbox.experiment("train", PROGRAM)
    sandbox.write("paper/build.sh", "cat exports/train/out.txt >built.md; cat built.md\n")
    sandbox.write("paper.yaml", FILE)
    sandbox.write(".gitignore", "/results\n/paper.yaml\n/paper/built.md\n")
    sandbox.commit()
    sandbox.qanat("document", "new", "paper.yaml", "--commit")
    return sandbox


def waiting(sandbox: Sandbox) -> Gates:
    """Define a paper that needs a run which waits for its gate."""
    gates = Gates(sandbox)
    # An argument that names a file would be an input, which changes when the gate is opened.
    sandbox.experiment("wait", f'set -- {shlex.quote(str(gates.path()))} 0 x "$2"\n{SCRIPT}')
    sandbox.write("paper/paper.md", "text\n")
    define(sandbox, dependencies=[{"experiment": "wait", "files": ["begun"]}])
    return gates


def test_a_paper_from_nothing_to_a_stale_number(paper: Sandbox) -> None:
    done = paper.qanat("document", "status", "paper", code=1)
    assert done.out.splitlines() == [
        "paper: not fresh",
        "  · train: missing",
        "      has not been run",
        "  bring it up to date with: qanat document compile paper",
        "  paper/built.md has not been built",
    ]
    done = paper.qanat("document", "compile", "paper")
    assert done.out == "1e-2\n"
    assert done.err.splitlines()[-3:] == [
        "train: copied 1 file to paper/exports/train",
        "Building: sh build.sh",
        "Document paper is up to date: paper/built.md",
    ]
    view = paper.qanat("document", "view", "paper", env={"DISPLAY": "", "WAYLAND_DISPLAY": ""})
    assert (view.out, view.err) == (f"{paper.root}/paper/built.md\n", "note: there is no display to open it on\n")
    paper.commit("copies")
    assert paper.qanat("document", "status", "paper").out.splitlines()[0] == "paper: fresh"
    # What refers to runs is a text wherever it is; what programs may read is not.
    image = "<!-- qanat:figure 1:a.png -->![A](a.png)<!-- /qanat -->"
    paper.write("notes/a.md", f"<!-- qanat:1:commit -->?<!-- /qanat -->\n{image}\n")
    paper.write("notes/a.png", "")
    paper.commit("notes")
    assert paper.qanat("document", "status", "paper").out.splitlines()[0] == "paper: fresh"
    paper.write("notes/b.md", "qanat: a text\n")
    paper.write("notes/b.png", "")
    paper.commit("what a program may read")
    assert "code: notes/b.md, notes/b.png\n" in paper.qanat("document", "status", "paper", code=1).out
    paper.git("rm", "-r", "--quiet", "notes")
    paper.commit("without notes")
    paper.write("train.sh", PROGRAM.replace("$2", "0$2"))
    paper.commit("changed")
    found = paper.qanat("document", "status", "--json", code=1).json
    assert [(one["name"], one["fresh"]) for one in found] == [("paper", False)]
    assert found[0]["dependencies"][0]["reasons"] == ["differs from run 1: code: train.sh"]
    plan = paper.qanat("document", "compile", "paper", "--dry-run", "--", "--fast").out.splitlines()
    assert plan == [
        "train: run 1 group (local); copy files to paper/exports/train",
        "  differs from run 1: code: train.sh",
        "then, in paper: sh build.sh --fast",
        "nothing was run or written",
    ]
    assert paper.qanat("document", "compile", "paper").out == "01e-2\n"
    assert "-1e-2\n+01e-2\n" in paper.git("diff", "paper/exports") + "\n"
    noted = paper.qanat("delete", "2", "--yes").err
    assert "note: document paper has copies of files of run 2, which nothing will prove any longer" in noted


def test_what_a_document_is_created_with_is_no_code(sandbox: Sandbox) -> None:
    sandbox.experiment("train", PROGRAM)
    sandbox.commit()
    sandbox.qanat("run", "train", "--lr", "1e-2")
    fresh = ("runs", "--where", "fresh", "--json")
    # The text of the first document is a program: that remains code, whatever its commands name.
    sandbox.write("paper.yaml", FILE.replace("path: paper", "path: .").replace("build.sh", "train.sh"))
    sandbox.write("documents/talk.yaml", FILE.replace("name: paper", "name: talk").replace("path: paper", "path: talk"))
    sandbox.write(".gitignore", "/results\n/built.md\n")
    sandbox.write("talk/talk.md", "text\n")
    sandbox.commit("papers")
    sandbox.qanat("document", "new", "paper.yaml")
    sandbox.qanat("document", "new", "documents/talk.yaml", "--commit")
    assert len(sandbox.qanat(*fresh).json) == 1
    found = sandbox.qanat("document", "status", "talk", "--json", code=1).json
    assert [(one["state"], one["to_run"]) for one in found["dependencies"]] == [("stale", 0)]
    sandbox.write("paper.yaml", f"description: A paper\n{FILE}")
    sandbox.git("rm", "--quiet", "documents/talk.yaml")
    sandbox.commit("edited")
    assert len(sandbox.qanat(*fresh).json) == 1
    # The same name does not make a definition of what programs read.
    sandbox.write("talk/talk.yaml", "name: talk\nlr: 0.1\n")
    sandbox.commit("settings")
    assert sandbox.qanat("document", "status", "talk", code=1).out.splitlines()[1:3] == [
        "  ✗ train: stale",
        "      differs from run 1: code: talk/talk.yaml",
    ]
    sandbox.git("rm", "--quiet", "--force", "talk/talk.yaml")
    sandbox.write("train.sh", f"# changed\n{PROGRAM}")
    sandbox.commit("other code")
    assert sandbox.qanat(*fresh).json == []


def test_a_compilation_that_is_killed_continues_with_its_run(sandbox: Sandbox) -> None:
    gates = waiting(sandbox)
    process = sandbox.start("document", "compile", "paper")
    gates.begun()
    process.kill()
    process.communicate()
    assert "  … wait: running" in sandbox.qanat("document", "status", "paper", code=1).out
    sandbox.write("paper/paper.md", "text that is written meanwhile\n")
    again = sandbox.start("document", "compile", "paper")
    assert again.stderr is not None
    assert "Waiting for run 1\n" in iter(again.stderr.readline, "")
    gates.open()
    err = again.communicate()[1]
    assert again.returncode == 0, err
    assert (sandbox.root / "paper/exports/wait/begun").exists()
    assert len(sandbox.record_files()) == 1, err


def test_ctrl_c_ends_the_run_and_the_command_and_nothing_is_copied(sandbox: Sandbox) -> None:
    gates = waiting(sandbox)
    process = sandbox.start("document", "compile", "paper")
    gates.begun()
    process.send_signal(signal.SIGINT)
    err = process.communicate()[1]
    assert process.returncode == 130
    assert "qanat: interrupted before document paper was built\n" in err
    assert "  hint: continue with: qanat document compile paper\n" in err
    assert sandbox.record()["state"] == "cancelled"
    assert not (sandbox.root / "paper/exports").exists()
    gates.open()
    sandbox.qanat("document", "compile", "paper")
    assert [record["state"] for record in sandbox.records()] == ["cancelled", "finished"]


def test_two_compilations_build_one_after_the_other(paper: Sandbox) -> None:
    paper.qanat("document", "compile", "paper")
    paper.write("paper/build.sh", "mkdir busy || exit 3; sleep 0.5; rmdir busy; echo done >built.md\n")
    both = [paper.start("document", "compile", "paper") for _ in range(2)]
    said = [process.communicate()[1] for process in both]
    assert [process.returncode for process in both] == [0, 0], said


def test_a_command_that_fails_or_cannot_be_started_is_one_sentence(paper: Sandbox) -> None:
    paper.write("paper/build.sh", "echo '! missing $ inserted'; exit 4\n")
    done = paper.qanat("document", "compile", "paper", code=1)
    assert done.err.endswith(
        "qanat: document paper: sh build.sh failed with exit code 4:\n    ! missing $ inserted\n"
        "  hint: its whole output is in .qanat/cache/documents/paper/compile.log\n"
    )
    paper.qanat("document", "update", "paper", "--compile", "no-such-program build.sh")
    assert "qanat: no-such-program is not on PATH\n" in paper.qanat("document", "compile", "paper", code=3).err


def test_what_a_document_names_and_does_not_exist_is_found_before_anything_runs(paper: Sandbox) -> None:
    parts = {"experiment": "train", "action": "plot", "template": "none", "parameters": "gone.yaml"}
    define(paper, compile=["./gone.sh"], dependencies=[parts, {"experiment": "trian", "name": "other"}])
    place = ".qanat/documents/paper.yaml"
    assert paper.qanat("validate", code=1).out.splitlines() == [
        f"{place}:5: item 1 of compile: paper/gone.sh does not exist",
        f"{place}:8: action in item 1 of dependencies: 'plot' is not an action of train, which has no actions",
        f"{place}:9: template in item 1 of dependencies: runner local has no template 'none'",
        f"{place}:10: parameters in item 1 of dependencies: gone.yaml does not exist",
        f"{place}:11: experiment in item 2 of dependencies: experiment 'trian' does not exist; did you mean train?",
    ]
    done = paper.qanat("document", "compile", "paper", "--only", "other", code=2)
    assert done.err == ("qanat: dependency other: experiment: experiment 'trian' does not exist; did you mean train?\n")
    assert "has no dependency 'otter'" in paper.qanat("document", "compile", "paper", "--only", "otter", code=2).err
    assert paper.records() == []


def test_documents_that_need_each_other_are_a_circle(paper: Sandbox) -> None:
    paper.write("slides/exports/train/params.yaml", "fixed_args: {options: {--lr: 1}}\n")
    paper.write("paper/exports/train/params.yaml", "fixed_args: {options: {--lr: 1}}\n")
    here, there = ({"experiment": "train", "parameters": f"{d}/exports/train/params.yaml"} for d in ("slides", "paper"))
    define(paper, dependencies=[here])
    define(paper, "slides", path="slides", dependencies=[there])
    done = paper.qanat("document", "compile", "slides", code=2)
    assert done.err == (
        "qanat: dependency train: is part of a circle: slides needs paper/exports/train/params.yaml, "
        "paper needs slides/exports/train/params.yaml, which is of slides\n"
    )
    assert paper.qanat("validate", code=1).out.count("is part of a circle") == 2


def test_an_experiment_that_is_renamed_is_still_found(paper: Sandbox) -> None:
    paper.qanat("document", "compile", "paper")
    paper.commit("copies")
    renamed = paper.qanat("experiment", "update", "train", "--name", "fit", "--commit")
    assert "note: document paper still has the former name, which works; correct it in its file\n" in renamed.err
    assert paper.qanat("document", "status", "paper").out.splitlines()[1] == "  ✓ train: fresh, from run 1"


def test_a_document_is_defined_by_options_and_by_a_file_of_qanat_0(paper: Sandbox, tmp_path: Path) -> None:
    paper.write("paper/params.yaml", "fixed_args: {options: {--lr: 1}}\n")
    paper.qanat("document", "new", "--name", "talk", "--path", "paper", "--compile", "sh 'build.sh'", "--tag", "a")
    words = ["--name", "fig_1", "-f", "params.yaml", "--runner", "slurm", "--file", "out.txt", "--n-threads", "2"]
    paper.qanat("document", "add_dependency", "talk", "train", *words, cwd=paper.root / "paper")
    again = paper.qanat("document", "add-dependency", "talk", "train", "--name", "fig_1", code=2)
    assert "document talk already has a dependency fig_1" in again.err
    shown = paper.qanat("document", "show", "talk", "--json").json
    assert shown == {
        "schema": "document/2",
        "name": "talk",
        "path": "paper",
        "compile": ["sh", "build.sh"],
        "tags": ["a"],
        "dependencies": [
            {
                "name": "fig_1",
                "experiment": "train",
                "parameters": "paper/params.yaml",
                "runner": "slurm",
                "options": {"n_threads": 2},
                "files": ["out.txt"],
            }
        ],
    }
    paper.qanat("document", "delete-dependency", "talk", "fig_1")
    assert "dependencies" not in paper.qanat("document", "show", "talk", "--json").json
    old = paper.write(
        "old.yaml",
        "name: old\npath: paper\ncompile_script: build.sh\ncompile_script_command: sh\n"
        "experiment_dependencies:\n- {experiment_name: train, run_args_file: paper/params.yaml, files: [out.txt]}\n",
    )
    paper.qanat("document", "new", "-f", str(old))
    assert paper.qanat("document", "show", "old", "--json").json["compile"] == ["sh", "build.sh"]
    listed = [row.split()[0] for row in paper.qanat("document", "list").out.splitlines()[1:]]
    assert listed == ["old", "paper", "talk"]
    paper.qanat("document", "delete", "old", "--yes")
    assert not (paper.root / ".qanat/documents/old.yaml").exists()


def test_the_example_is_built_and_says_what_its_runs_have(sandbox: Sandbox) -> None:
    shutil.copytree(Path(__file__).parents[2] / "examples/paper", sandbox.root, dirs_exist_ok=True)
    sandbox.write(".gitignore", "/results\n/paper/built.md\n")
    sandbox.commit()
    bin_folder = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    env = {"PATH": bin_folder}
    sandbox.qanat("experiment", "new", "documents/swing.yaml", "--commit", env=env)
    sandbox.qanat("document", "new", "documents/pendulum.yaml", env=env)
    sandbox.qanat("document", "new", "documents/pendulum_md.yaml", env=env)
    sandbox.commit()
    sandbox.qanat("document", "compile", "pendulum_md", env=env)
    sandbox.qanat("document", "check", "paper/paper.md", "--write", env=env)
    built = sandbox.qanat("document", "compile", "pendulum_md", env=env)
    assert "running" not in built.err
    text = (sandbox.root / "paper/built.md").read_text()
    assert "-->2.007 s<!--" in text
    assert "| 120 | 2.75409 | **37.2881** |" in text
    drawing = (sandbox.root / "paper/exports/swing/periods.svg").read_text()
    assert drawing.count("<rect") == 5


def test_links_among_copies_are_not_followed(paper: Sandbox, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (paper.root / "paper/exports").symlink_to(outside)
    done = paper.qanat("document", "compile", "paper", code=1)
    assert "is a symbolic link" in done.err
    assert list(outside.iterdir()) == []


def test_what_a_document_needs_may_be_a_program_of_this_python(sandbox: Sandbox) -> None:
    sandbox.python_experiment("train", "import sys; open(sys.argv[-1] + '/out.txt', 'w').write(sys.version[0])")
    sandbox.write("paper/paper.md", "text\n")
    define(sandbox, dependencies=[{"experiment": "train", "files": ["*.txt"]}])
    sandbox.qanat("document", "compile", "paper")
    assert (sandbox.root / "paper/exports/train/out.txt").read_text() == str(sys.version_info.major)
    assert not (sandbox.root / "paper/exports/train/stdout.txt").exists()

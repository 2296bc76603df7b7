"""A real LaTeX build: what references in a paper become on its pages, and what becomes of those without a value."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.sandbox import TIMEOUT_S, Sandbox

# Read now, since the variable is not set in the tests' own environment.
REQUIRED = os.environ.get("QANAT_TEST_LATEX", "") == "require"
TRAIN = """\
import json, pathlib, sys
words = dict(zip(sys.argv[1::2], sys.argv[2::2]))
folder = pathlib.Path(words["--storage_path"])
seed = int(words["--seed"])
(folder / "metrics.json").write_text(json.dumps({"acc": 0.9 + seed / 100, "val_acc": -1.5e-9, "50% & more_#1": seed}))
(folder / "dot.png").write_bytes(bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c4944415408d763f8cfc0000003010100"
    "18dd8db00000000049454e44ae426082"))
"""
PAPER = r"""\documentclass{article}
\usepackage[T1]{fontenc}
\usepackage{graphicx}
\usepackage{qanat}
\usepackage{hyperref}
\begin{document}
\section{Accuracy of \qanat[digits=2]{1.2:acc}}
Best: \qanat[decimals=3]{best(acc, experiment=train)}, % \qanat{9:acc}
mean: \qanat{mean(acc,
  experiment=train)}, tiny: \qanat{1.0:val_acc}, odd: \qanat{1.2:'50\% \& more\_\#1'}, lost: \qanat{9:acc}.
\verb|\qanat{8:acc}| \qanatfigure[width=1cm]{1.0:dot.png}{figures/dot.png}

\qanattable[groups, columns={seed,acc}]{run=1}

\qanatcompare{run=1}
\input{part}
\end{document}
\qanat{7:acc}
"""


@pytest.fixture(scope="module")
def latex() -> str:
    """Return the program, or skip the tests if there is none."""
    program = shutil.which("pdflatex")
    if program is None:
        why = "there is no pdflatex; install it with: sudo apt-get install texlive-latex-base poppler-utils"
        pytest.fail(why) if REQUIRED else pytest.skip(why)
    return program


def build(latex: str, folder: Path) -> tuple[str, str]:
    """Return what the pages of a paper say, with single spaces, and what LaTeX printed, with lines joined."""
    words = [latex, "-no-shell-escape", "-halt-on-error", "-interaction=nonstopmode", "paper.tex"]
    for _ in range(2):
        done = subprocess.run(words, cwd=folder, capture_output=True, timeout=TIMEOUT_S, check=False)
        assert done.returncode == 0, done.stdout.decode("latin-1")
    shown = subprocess.run(["pdftotext", "-layout", "paper.pdf", "-"], cwd=folder, capture_output=True, check=True)
    return " ".join(shown.stdout.decode().split()), done.stdout.decode("latin-1").replace("\n", "")


def test_a_paper_shows_what_its_runs_have(latex: str, tmp_path: Path) -> None:
    sandbox = Sandbox.make(tmp_path / "project")
    metrics = [
        {"file": "metrics.json", "better": {"acc": "higher"}, "label": {"acc": "Accuracy"}, "unit": {"acc": "%"}}
    ]
    sandbox.python_experiment("train", TRAIN, metrics=metrics)
    sandbox.qanat("run", "train", "-R", "--seed 0 3 1")
    sandbox.write("paper/paper.tex", PAPER)
    sandbox.write("paper/part.tex", "Part: \\qanat{1.1:acc}\n")
    sandbox.qanat("document", "sty", "paper")
    folder = sandbox.root / "paper"
    before, log = build(latex, folder)
    assert before.startswith("1 Accuracy of ?? Best: ??, mean: ??, tiny: ??")
    assert "There is no qanat-values.tex" in log
    sandbox.qanat(
        *("document", "new", "--name", "paper", "--path", "paper", "--output", "paper.pdf"),
        *("--compile", f"{latex} -no-shell-escape -halt-on-error paper.tex"),
    )
    said = sandbox.qanat("document", "compile", "paper")
    assert "note: paper/paper.tex:10: 9:acc: run 9 does not exist\n" in said.err
    assert "Output written on paper.pdf" in said.out
    assert not (folder / "figures").exists()
    said = sandbox.qanat("document", "check", "--write", code=1).out
    assert said.splitlines()[-1].startswith("paper/paper.tex:10:94: gone: 9:acc: run 9 does not exist")
    shown, log = build(latex, folder)
    plain = shown.translate({0x2212: "-", 0xD7: "x"})
    assert plain.startswith("1 Accuracy of 0.92 Best: 0.920, mean: 0.910 ± 0.010 (n = 3), tiny: -1.5 x 10-9 "), shown
    assert ", odd: 2, lost: ??. \\qanat{8:acc}" in shown
    assert "seed Accuracy (%) 0 0.90 1 0.91 2 0.92" in shown
    assert "1 3 0.910 ± 0.010" in shown
    assert "Part: 0.91" in shown
    assert "Package qanat Warning: `9:acc' is not in qanat-values.tex" in log
    assert "There are undefined values" in log
    assert "Token not allowed" not in log
    assert (folder / "figures/dot.png").read_bytes() == (
        sandbox.root / "results/train/run_1/group_0/dot.png"
    ).read_bytes()

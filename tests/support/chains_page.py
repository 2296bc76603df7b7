"""Following the page on chains, wherever its runs go."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

from tests.support.pages import ROOT, blocks_of, matches
from tests.support.sandbox import PROGRAM, Sandbox

PAGE = ROOT / "docs/chains.md"
TIMEOUT_S = 180


class Follower(Sandbox):
    """A user who does what the page says; a minute has passed when there is a file beside the project."""

    def follow(self, instead: str) -> list[str]:
        """Write the page's files and type its commands with something in place of --detach; list what differs."""
        gate = self.root.parent / "minute"
        wrong = []
        for block in blocks_of(PAGE):
            text = block.text.replace("sleep 60", f"while [ ! -e {shlex.quote(str(gate))} ]; do sleep 0.05; done")
            if instead != "--detach":
                text = text.replace("retry --detach", "retry").replace("--detach", instead)
            if "htcondor" in instead:
                text = text.replace("queued: waits", "held: waits").replace("⏳ run", "⏸ run")
            if "file" in block.remarks:
                self.write(block.remarks["file"], text)
                continue
            if block.kind != "console":
                continue
            if not self.record_files():
                self._define_the_others()
            if "wait 3" in text and "runs" in text:
                gate.touch()
            wrong += self._type(text, int(block.remarks.get("exit code", 0)))
        return wrong

    def _type(self, text: str, code: int) -> list[str]:
        """Type the commands of a block; return what they printed where the page shows something else."""
        wrong = []
        parts = re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]
        for number, part in enumerate(parts, 1):
            command, _, shown = part.partition("\n")
            expected = code if number == len(parts) else 0
            printed = self._shell(command, expected)
            if not matches(shown.replace("2-<uid>", "2-0a1b2c"), printed):
                wrong.append(f"$ {command}\n--- the page shows\n{shown}--- what comes out\n{printed}")
        return wrong

    def _shell(self, command: str, code: int) -> str:
        done = subprocess.run(
            f'qanat() {{ {shlex.join(PROGRAM)} "$@"; }}\n{command.replace("sh chain.sh", ". ./chain.sh")}',
            shell=True,
            cwd=self.root,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=TIMEOUT_S,
        )
        assert done.returncode == code, f"{command}\n{done.stdout}"
        return done.stdout

    def _define_the_others(self) -> None:
        """Define the other experiments in the same way, and commit everything."""
        text = (self.root / ".qanat/experiments/prepare.yaml").read_text()
        for name in ("train", "evaluate"):
            self.write(f".qanat/experiments/{name}.yaml", text.replace("prepare", name))
        self.commit("the steps")

    def check_chain(self) -> None:
        """Check the order in the records, and what the last run found."""
        records = [self.record(number) for number in (1, 2, 3)]
        assert [record["state"] for record in records] == ["finished"] * 3
        assert records[0]["ended"] <= records[1]["started"] <= records[1]["ended"] <= records[2]["started"]
        assert [record.get("after") for record in records] == [None, *([{"run": r["id"]}] for r in records[:2])]
        assert records[2]["groups"][0]["metrics"] == {"models": 2}
        assert [group.get("attempt", 1) for record in records for group in record["groups"]] == [1, 2, 2, 2]
        assert self.status() == ""

    def run_python(self) -> str:
        """Run the page's Python; return what it prints."""
        (code,) = (block.text for block in blocks_of(PAGE) if block.kind == "python")
        script = self.root.parent / "chain.py"
        script.write_text(code)
        words = [sys.executable, str(script)]
        done = subprocess.run(words, cwd=self.root, capture_output=True, text=True, check=True, timeout=TIMEOUT_S)
        return done.stdout


def follow_page(folder: Path, instead: str) -> Follower:
    """Follow the page in a new project; check that all is as it says."""
    follower = Follower.make(folder)
    assert isinstance(follower, Follower)
    wrong = "\n".join(follower.follow(instead))
    assert not wrong, wrong
    follower.check_chain()
    return follower

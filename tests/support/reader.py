"""A reader who does what a page says, and finds where it shows something wrong; see `tests/support/pages.py`.

`python -m tests.support.reader` goes through the pages in RUN_PAGES, and replaces outdated output with what was
really printed.
"""

from __future__ import annotations

import json
import os
import platform
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from tests.conftest import GIT_CONFIG
from tests.support import terminal
from tests.support.forks import FORKS
from tests.support.pages import ROOT, Block, blocks_of, matches, normalised
from tests.support.sandbox import PROGRAM, TIMEOUT_S, Sandbox, wait_until

HOME = "/home/ada"
"""The folder in which a page's reader supposedly works."""

_PLAIN = re.compile(r"""qanat(?: (?:[\w./:=,@%+-]|'[^'\n]*'|"[^"$`\\!\n]*")+)*\n?""")
"""A command of qanat's in which nothing is left to the shell, apart from quotes."""

_KEYS = {
    "enter": terminal.ENTER,
    "down": terminal.DOWN,
    "up": terminal.UP,
    "home": terminal.HOME,
    "end": terminal.END,
}


@dataclass
class Reader:
    """A reader who does what a page says, in a folder of their own, and notes where the output differs."""

    folder: Path
    cwd: Path = field(init=False)
    wrong: list[tuple[Block, str, str, str]] = field(default_factory=list)
    _beside: list[tuple[Block, str, str, subprocess.Popen[str], Path]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.folder.mkdir(exist_ok=True)
        self.cwd = self.folder
        program = self.folder.parent / "bin/qanat"
        program.parent.mkdir(exist_ok=True)
        program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m qanat "$@"\n')
        program.chmod(0o755)

    @property
    def env(self) -> dict[str, str]:
        """The environment: `qanat` and `python` are those under test, and the reader's settings are their own."""
        path = os.pathsep.join((str(self.folder.parent / "bin"), str(Path(sys.executable).parent), os.environ["PATH"]))
        return {**os.environ, "PATH": path, "XDG_CONFIG_HOME": str(self.folder / ".config")}

    def read(self, page: Path) -> None:
        """Do everything that a page says, and wait for the commands in other terminals."""
        try:
            for block in blocks_of(page):
                self._do(block)
                if "wait for" in block.remarks:
                    self._see_the_others_end()
            self._see_the_others_end()
        finally:
            for process in self.processes():
                os.killpg(process.pid, signal.SIGTERM)  # qanat ends whatever it has started
                process.wait(TIMEOUT_S)

    def processes(self) -> list[subprocess.Popen[str]]:
        """List the processes in other terminals that have not been seen to end."""
        return [process for *_, process, _ in self._beside]

    def _see_the_others_end(self) -> None:
        """Wait for the commands in other terminals, and compare their output."""
        while self._beside:
            block, command, shown, process, out = self._beside[0]
            process.wait(TIMEOUT_S)
            self._compare(block, command, shown, out.read_text())
            del self._beside[0]

    def _do(self, block: Block) -> None:
        for name, mode in (("file", "w"), ("add to", "a")):
            if name in block.remarks:
                path = self.cwd / block.remarks[name]
                path.parent.mkdir(parents=True, exist_ok=True)
                with path.open(mode) as file:
                    file.write(block.text)
                return
        if block.kind == "python":
            self._said = self._run(f"python -c {shlex.quote(block.text)}", 0)
        elif block.kind == "text":
            self._compare(block, "the Python above", block.text, self._said)
        elif block.kind == "console":
            commands = list(block.commands())
            for i, (command, shown) in enumerate(commands, 1):
                self._type(block, command, shown, int(block.remarks.get("exit code", 0)) if i == len(commands) else 0)

    def _type(self, block: Block, command: str, shown: str, code: int) -> None:
        if command.startswith("cd "):
            self.cwd = Path(os.path.normpath(self.cwd / command.removeprefix("cd ")))
        elif "keys" in block.remarks:
            self._at_terminal(block, command, shown, code)
        elif "meanwhile" in block.remarks:
            self._start(block, command, shown)
        else:
            self._compare(block, command, shown, self._run(command, code))

    def _run(self, command: str, code: int) -> str:
        if _PLAIN.fullmatch(command) and FORKS.can_run(PROGRAM, os.environ):
            words = [*PROGRAM, *shlex.split(command)[1:]]
            forked = FORKS.run(words, cwd=self.cwd, env=self.env, timeout_s=TIMEOUT_S, merged=True)
            said, ended = forked.stdout.decode(), forked.returncode
        else:
            said, ended = self._in_shell(command)
        assert ended == code, f"{command} ended with {ended}\n{said}"
        return said

    def _in_shell(self, command: str) -> tuple[str, int]:
        done = subprocess.run(
            command,
            shell=True,
            cwd=self.cwd,
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )
        return done.stdout, done.returncode

    def _start(self, block: Block, command: str, shown: str) -> None:
        out = self.folder.parent / f"terminal at {block.place}"
        with out.open("w") as file:
            process = subprocess.Popen(
                command,
                shell=True,
                cwd=self.cwd,
                env=self.env,
                stdout=file,
                stderr=subprocess.STDOUT,
                text=True,
                start_new_session=True,
            )
        self._beside.append((block, command, shown, process, out))
        for name, text in json.loads(block.remarks["meanwhile"]).items():
            path = self.cwd / name

            def has_it(path: Path = path, text: str = text) -> bool:
                return path.is_file() and text in path.read_text()

            wait_until(has_it, TIMEOUT_S)

    def _at_terminal(self, block: Block, command: str, shown: str, code: int) -> None:
        program, *words = shlex.split(command)
        assert program == "qanat", f"{command} is not qanat's"
        with terminal.Terminal(self.cwd, *words, env=self.env, size=(140, 50)) as screen:
            for text, *keys in json.loads(block.remarks["keys"]):
                screen.see(text)
                screen.press(*(_KEYS.get(key, key) for key in keys))
            screen.ends(code)
            seen = iter(normalised(self._as_shown(screen.text.replace("\r", ""))))
        for line in filter(None, normalised(shown)):
            if line != "…" and not any(line in other for other in seen):
                self.wrong.append((block, command, shown, f"{line!r} is not seen there, in this order"))
                return

    def _compare(self, block: Block, command: str, shown: str, printed: str) -> None:
        printed = self._as_shown(printed)
        if not matches(shown, printed):
            self.wrong.append((block, command, shown, printed))

    def _as_shown(self, text: str) -> str:
        """Return output as a page shows it: from its reader's machine, without spaces at the ends of lines."""
        text = text.replace(str(self.folder), HOME).replace(f"host: {platform.node()}\n", "host: laptop\n")
        return re.sub(" +$", "", text, flags=re.MULTILINE)


def report(reader: Reader) -> str:
    """Return the places where a page differs from what was printed, as text."""
    return "\n".join(
        f"$ {command}\n--- the page shows\n{shown}--- what comes out\n{printed}"
        for _, command, shown, printed in reader.wrong
    )


def corrected(page: Path, reader: Reader) -> str:
    """Return the page's text with the real output in place of what it shows wrongly."""
    text = page.read_text()
    for block, command, shown, printed in sorted(reader.wrong, key=lambda w: w[0].place, reverse=True):
        if "keys" not in block.remarks:
            before = f"$ {command}\n" if block.kind == "console" else ""
            text = text[: block.place] + text[block.place :].replace(before + shown, before + printed, 1)
    return text


def at_home(folder: Path) -> Reader:
    """Return a reader in an empty folder, next to a clone of qanat."""
    reader = Reader(folder)
    shutil.copytree(ROOT / "examples", folder / "qanat/examples")
    # On a slow machine, matplotlib prints a note about building its font cache when it is first used.
    subprocess.run(["python", "-c", "import matplotlib.font_manager"], env=reader.env, capture_output=True, check=True)
    return reader


def in_an_example(name: str, folder: Path) -> Reader:
    """Return a reader in a copy of an example that is a git repository."""
    reader = Reader(folder)
    reader.cwd = Path(shutil.copytree(ROOT / "examples" / name, folder / name))
    for words in (["init", "-q", "-b", "main"], ["add", "."], ["commit", "-q", "-m", "Start"]):
        subprocess.run(["git", *words], cwd=reader.cwd, check=True)
    return reader


def in_a_project(name: str, folder: Path) -> Reader:
    """Return a reader in a new project with this name."""
    reader = Reader(folder)
    reader.cwd = Sandbox.make(folder / name).root
    return reader


RUN_PAGES: dict[str, Callable[[Path], Reader]] = {
    "docs/tutorial.md": at_home,
    "README.md": partial(in_an_example, "iris"),
    "docs/sweeps.md": partial(in_a_project, "valley"),
    "docs/curves.md": partial(in_a_project, "digits"),
    "docs/checkpoints.md": partial(in_a_project, "darts"),
    "docs/papers.md": partial(in_a_project, "rings"),
    "docs/documents.md": partial(in_a_project, "swings"),
    "docs/references.md": partial(in_a_project, "rings"),
    "docs/repeating.md": partial(in_a_project, "weather"),
    "docs/waiting.md": partial(in_a_project, "nights"),
    "docs/retrying.md": partial(in_a_project, "retries"),
    "docs/efficiency.md": partial(in_a_project, "sums"),
    "docs/starting.md": Reader,
    "docs/sites.md": partial(in_a_project, "climate"),
    "docs/export.md": partial(in_a_project, "lines"),
    "examples/ising/README.md": partial(in_an_example, "ising"),
    "examples/network/README.md": partial(in_an_example, "network"),
    "docs/results.md": partial(in_a_project, "rates"),
}


def main() -> None:
    """Run the pages and correct what they show."""
    for name, begin in RUN_PAGES.items():
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, ".gitconfig").write_text(GIT_CONFIG)
            os.environ |= {"HOME": folder, "TZ": "UTC"}
            reader = begin(Path(folder) / "ada")
            reader.read(ROOT / name)
        (ROOT / name).write_text(corrected(ROOT / name, reader))
        print(f"{name}: {report(reader) or 'all comes out as it is shown'}")


if __name__ == "__main__":
    main()

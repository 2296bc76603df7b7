"""The pages of docs/: their commands run, their output is as shown, and their links work."""

from __future__ import annotations

import itertools
import re
import shlex
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import click
import pytest

from qanat.cli.main import qanat as program
from tests.support.pages import ROOT, blocks_of, commands_of, matches
from tests.support.reader import RUN_PAGES, Reader, corrected, report
from tests.support.sandbox import Sandbox

DOCS = ROOT / "docs"
PAGES = sorted(DOCS.glob("*.md"))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("page", "commands_min"),
    [
        ("docs/tutorial.md", 40),
        ("README.md", 6),
        ("docs/sweeps.md", 8),
        ("docs/curves.md", 10),
        ("docs/checkpoints.md", 3),
        ("docs/papers.md", 10),
        ("docs/documents.md", 15),
        ("docs/references.md", 12),
        ("docs/repeating.md", 20),
        ("docs/waiting.md", 8),
        ("docs/retrying.md", 6),
        ("docs/efficiency.md", 8),
        ("docs/sites.md", 12),
        ("docs/starting.md", 15),
        ("docs/export.md", 5),
        ("examples/ising/README.md", 6),
        ("examples/network/README.md", 8),
        ("docs/results.md", 12),
    ],
)
def test_every_command_of_a_page_works_and_what_it_shows_is_what_comes_out(
    tmp_path: Path, page: str, commands_min: int
) -> None:
    assert len(commands_of(ROOT / page)) >= commands_min
    if "ising" in page and shutil.which("cc") is None:
        pytest.skip("there is no C compiler, cc")
    reader = RUN_PAGES[page](tmp_path / "ada")
    reader.read(ROOT / page)
    assert report(reader) == ""


@pytest.mark.parametrize(
    ("shown", "printed", "agreed"),
    [
        ("Run 4-7f3a9c: 0.3s\n", "Run 4-b81e02: 12s\n\n", True),
        ("Run 4-7f3a9c: 0.3s\n", "Run 5-7f3a9c: 0.3s\n", False),
        ("a    b  \n", "a  b\n", True),
        ("acc 0.0241787\n", "acc 0.0241788\n", False),
        ("commit 26d7158\n", "commit 0af1c44\n", True),
        ("first\n…\nlast\n", "first\nx\ny\nlast\n", True),
        ("first\n…\nlast\n", "first\nlast\n", True),
        ("first\n…\nlast\n", "first\nx\nlast\ny\n", False),
        ("first\n…\n", "first\nx\n", True),
        ("first\n…\n", "second\n", False),
        ("begins …\nlast\n", "begins so\nlast\n", True),
        ("begins …\nlast\n", "begins so\nx\nlast\n", False),
        ("", "something\n", False),
    ],
)
def test_what_a_page_shows_agrees_with_what_comes_out_or_not(shown: str, printed: str, *, agreed: bool) -> None:
    assert matches(shown, printed) is agreed


def test_a_page_that_shows_something_else_is_noticed_and_can_be_corrected(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    good = "```console\n$ echo good\ngood\n$ cat notes\nline\n```\n"
    remark = "<!-- file notes -->\n```text\nline\n```\n"
    page.write_text(
        f"{remark}\n{good.replace('good', 'bad', 1).replace('echo bad', 'echo good')[:-4]}$ echo x\ny\n```\n"
    )
    reader = Reader(tmp_path / "ada")
    reader.read(page)
    assert report(reader) == "$ echo x\n--- the page shows\ny\n--- what comes out\nx\n"
    page.write_text(corrected(page, reader))
    again = Reader(tmp_path / "again")
    again.read(page)
    assert report(again) == ""


def test_what_commands_without_a_shell_print_and_how_they_end_is_looked_at_too(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("```console\n$ qanat --help\nnothing\n$ qanat experiment 'list'\nno project\n```\n")
    reader = Reader(tmp_path / "ada")
    with pytest.raises(AssertionError, match=r"^qanat experiment 'list' ended with 2\nqanat: "):
        reader.read(page)
    assert report(reader).startswith("$ qanat --help\n--- the page shows\nnothing\n--- what comes out\nUsage: ")


def test_what_a_terminal_and_python_show_is_looked_at_too(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    terminal = "<!-- keys [] -->\n```console\n$ qanat --version\nqanat 99\n```\n"
    page.write_text(f"{terminal}\n```python\nprint(1 + 1)\n```\n\n```text\n3\n```\n")
    reader = Reader(tmp_path / "ada")
    reader.read(page)
    (_, _, _, first), (_, _, _, second) = reader.wrong
    assert (first, second) == ("'qanat 99' is not seen there, in this order", "2\n")


def test_a_command_that_ends_otherwise_than_the_page_says_is_noticed(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("```console\n$ exit 3\n```\n")
    with pytest.raises(AssertionError, match="exit 3 ended with 3"):
        Reader(tmp_path / "ada").read(page)
    page.write_text("<!-- exit code 3 -->\n```console\n$ true\n$ exit 3\n```\n")
    Reader(tmp_path / "ada").read(page)


def test_a_page_that_fails_leaves_nothing_going_on(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    meanwhile = '<!-- meanwhile {"begun": ""} -->\n```console\n$ touch begun; exec sleep 600\n```\n'
    page.write_text(f"{meanwhile}\n```console\n$ false\n```\n")
    reader = Reader(tmp_path / "ada")
    with pytest.raises(AssertionError, match="false ended with 1"):
        reader.read(page)
    assert [process.returncode for process in reader.processes()] == [-signal.SIGTERM]


def commands_named(page: Path) -> list[list[str]]:
    """List the arguments of the qanat commands in a page's code blocks, up to a pipe or the like."""
    blocks = re.findall(r"^```.*?\n(.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL)
    lines = re.findall(r"^(?:\$ )?qanat ([a-z].*)$", "".join(blocks), re.MULTILINE)
    split = [shlex.split(line.rstrip("\\"), comments=True) for line in lines if "[OPTIONS]" not in line]
    return [list(itertools.takewhile(lambda word: word[:1] not in "|>&", words)) for words in split]


@pytest.mark.parametrize("page", [*PAGES, ROOT / "README.md"], ids=lambda page: page.name)
def test_commands_and_options_that_a_page_names_are_there(page: Path) -> None:
    for words in commands_named(page):
        command, rest = command_of(words)
        if command.name not in ("run", "plan", "action"):  # what these do not know goes to a program
            command.make_parser(click.Context(command)).parse_args(rest)


def command_of(words: list[str]) -> tuple[click.Command, list[str]]:
    """Return the command that the arguments name, and the remaining arguments."""
    command: click.Command = program
    while isinstance(command, click.Group):
        name, *words = words
        found = command.get_command(click.Context(command), name)
        assert found is not None, f"command {name} does not exist"
        command = found
    return command, words


@pytest.mark.parametrize(
    "page",
    [
        *PAGES,
        *(ROOT / name for name in ("README.md", "CODE_OF_CONDUCT.md", "CONTRIBUTING.md", "DESIGN.md", "SECURITY.md")),
    ],
    ids=lambda page: page.name,
)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)):
        if re.match(r"https?://", target):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path) if path else page
        assert file.exists(), f"{page.name}: {target}"
        assert not anchor or anchor in anchors(file), f"{page.name}: {target}"


def test_pictures_are_small_described_and_shown() -> None:
    shown: set[str] = set()
    for page in (*PAGES, ROOT / "README.md"):
        prose = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
        for text, target in re.findall(r"!\[(.*?)\]\((\S+)\)", prose):
            assert len(text.split()) > 3, f"{page.name}: {target}"
            shown.add((page.parent / target).resolve().name)
    files = list((DOCS / "pictures").iterdir())
    assert {file.name for file in files} == shown
    for file in files:
        data = file.read_bytes()
        assert data.startswith(b"\x89PNG")
        assert len(data) < 100_000


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub creates them."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_page_is_in_the_index() -> None:
    linked = set(re.findall(r"\]\((\w[\w-]*\.md)\)", (DOCS / "README.md").read_text()))
    assert {page.name for page in PAGES} - {"README.md"} == linked


def test_the_pages_made_of_the_help_and_of_the_schemas_are_up_to_date() -> None:
    words = [sys.executable, "-W", "error", "docs/generate.py", "--check"]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_file_of_groups_in_the_docs_means_what_they_say(sandbox: Sandbox) -> None:
    (block,) = [block for block in blocks_of(DOCS / "files.md") if "varying_args" in block.text]
    sandbox.experiment("counts", "exit 0")
    sandbox.write("groups.yaml", block.text)
    groups = sandbox.qanat("run", "counts", "-f", "groups.yaml", "--dry_run", "--json").json
    words = [" ".join(group["args"]) for group in groups]
    assert len(words) == 6
    assert words[:3] == [
        "first.csv --nbins 15 --species setosa --seed 0",
        "first.csv second.csv --nbins 15 --species virginica --seed 0",
        "first.csv --nbins 15 --species setosa --seed 1",
    ]


def test_every_remark_before_a_block_is_understood() -> None:
    for page in PAGES:
        remarks = re.findall(r"^<!-- (?!qanat:)\w", page.read_text(), re.MULTILINE)
        assert sum(len(block.remarks) for block in blocks_of(page)) == len(remarks), page.name


def test_an_example_is_tried_by_the_commands_of_its_page_and_one_that_fails_ends_that(tmp_path: Path) -> None:
    for name in ("try.sh", "hello/README.md"):
        (tmp_path / "examples" / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / "examples/try.sh").write_text((ROOT / "examples/try.sh").read_text())
    page = "```console\n$ echo 'a  \"b\"'\na\n$ git log --format=%s\n$ false\n$ echo never\n```\n"
    (tmp_path / "examples/hello/README.md").write_text(page)
    words = ["sh", str(tmp_path / "examples/try.sh"), "hello"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stdout == ('\n$ echo \'a  "b"\'\na  "b"\n\n$ git log --format=%s\nThe example hello\n\n$ false\n')
    assert (tmp_path / "demo/hello/README.md").read_text() == page

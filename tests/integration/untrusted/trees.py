"""Projects as a stranger might send them: each function damages a good project.

`beside` is the folder that contains the project; whatever a tree does outside the project would show there, as a
file named PWNED or a change in `beside/mine`.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from qanat.records import yaml_io

Tree = Callable[[Path, Path], None]
PWNED = "PWNED"
SCRIPT = f"touch {PWNED}; touch ../{PWNED}"
DATA = Path(__file__).parents[2] / "data/schemas/valid"

# ---- what a file may hold that is no file of qanat's

DEEP = 100_000
CONTENTS: dict[str, bytes] = {
    "bomb of aliases": b"a: &a [x, x, x, x]\n"
    + b"".join(b"%c: &%c [*%c, *%c, *%c, *%c]\n" % (i, i, i - 1, i - 1, i - 1, i - 1) for i in range(98, 123)),
    "merge keys": b"a: &a {b: 1}\nc:\n  <<: *a\n",
    "deep sequences": b"a: " + b"[" * DEEP + b"]" * DEEP,
    "deep mappings": b"".join(b" " * i + b"a:\n" for i in range(1_500)),
    "a million keys": b"".join(b"k%d: 1\n" % i for i in range(1_000_000)),
    "a million items": b"schema: run/1\ngroups: [" + b"1, " * 1_000_000 + b"1]\n",
    "a million rows": b"groups:\n" + b"- {group: 1}\n" * 1_000_000,
    "a million documents": b"---\na: 1\n" * 500_000,
    "Python objects": f"a: !!python/object/apply:os.system ['{SCRIPT}']\n".encode(),
    "Python names": b"a: !!python/name:os.system\nb: !!python/module:this\n",
    "tags of its own": b"!evil {a: !include /etc/passwd}\n",
    "binary": bytes(range(256)) * 100,
    "NULs": b"schema: run/1\0\nname: a\0b\n",
    "Latin-1": "name: é\n".encode("latin-1"),
    "UTF-16": "schema: dataset/1\nname: a\n".encode("utf-16"),
    "UTF-7 and half surrogates": b'name: "+AG8-\\ud800"\n',
    "huge whole number": b"schema: run/1\na: " + b"9" * 1_000_000 + b"\n",
    "huge numbers": b"a: 1e999999999\nb: 0x" + b"f" * 100_000 + b"\nc: -.inf\nd: 0o" + b"7" * 100_000 + b"\n",
    "one long line": b"description: " + b"x" * 3_000_000 + b"\n",
    "one long key": b"x" * 3_000_000 + b": 1\n",
    "the same key twice": b"schema: run/1\nname: a\nname: b\n",
    "nothing": b"",
    "a list": b"- a\n- b\n",
    "tabs": b"a:\n\tb: 1\n",
    "directives": b"%YAML 9.9\n%TAG ! tag:evil,2000:\n---\na: 1\n",
    "open quotes": b'a: "never closed\n' + b"b: 1\n" * 100_000,
    "a newer form": b"schema: run/99999999999999999999\n",
    "another kind": b"schema: " + b"evil/1" * 1000 + b"\n",
}


IN_SETTINGS = (
    "bomb of aliases",
    "deep sequences",
    "a million keys",
    "Python objects",
    "NULs",
    "huge numbers",
    "one long line",
    "a newer form",
)


def filled(content: bytes) -> Tree:
    """Return a tree in which all files except the settings contain this."""

    def make(root: Path, _beside: Path) -> None:
        for path in state_files(root):
            if path.name != "config.yaml":
                path.write_bytes(content)

    return make


def settings(content: bytes) -> Tree:
    """Return a tree whose settings contain this."""

    def make(root: Path, _beside: Path) -> None:
        (root / ".qanat/config.yaml").write_bytes(content)

    return make


def state_files(root: Path) -> list[Path]:
    """List the files of a project's state."""
    return [path for path in (root / ".qanat").rglob("*.yaml") if "cache" not in path.parts]


# ---- strings

STRINGS = {
    "escapes": "\x1b]0;PWNED\x07\x1b[31mPWNED\x1b[2J\x9b31m\x07\x08\x7f",
    "directions": "a\u202egnp.exe\u2066\u200f",
    "markup": "[bold red]PWNED[/] [link=https://evil.example]x[/link] [/nope]",
    "options": "--output=PWNED",
    "shell": f"$({SCRIPT}) `{SCRIPT}`; {SCRIPT} | {SCRIPT} & '\"",
    "lines": "one\ntwo\r\nthree\n\n---\n# four",
    "formats": "%s %n {0} {0.__class__} {{7*7}} ${PATH} %(name)s",
    "tables": "| a | b |\n|---|---|\n<script>alert(1)</script> @everyone ![x](https://evil.example/x.png)",
    "width": "\uff57\uff49" * 400 + "e" + "\u0301" * 2000,
}


def worded(word: str) -> Tree:
    """Return a tree that is as valid as possible, with this text wherever a text may be."""

    def make(root: Path, _beside: Path) -> None:
        for path in state_files(root):
            content = yaml_io.load(path.read_bytes(), path.name)
            spoilt = _spoil(content, word, ())
            path.write_text(json.dumps(spoilt))  # JSON is YAML, and can write any character

    return make


KEPT = (
    "schema",
    "name",
    "runner",
    "id",
    "experiment",
    "state",
    "storage",
    "commit",
    "tree",
    "intent",
    "workdir",
    "executable",
)


def _spoil(value: Any, word: str, path: tuple[str, ...]) -> Any:
    if path and path[-1] in KEPT and not isinstance(value, dict):
        return value
    if isinstance(value, dict):
        named = {key: _spoil(inner, word, (*path, key)) for key, inner in value.items()}
        extra = {word: word} if path and path[-1] in ("options", "metrics") else {}
        return named | ({word: 1.5} if extra and path[-1] == "metrics" else extra)
    if isinstance(value, list):
        return [_spoil(inner, word, (*path, "")) for inner in value] + ([word] if path[-1] in ("args", "tags") else [])
    return word if isinstance(value, str) and not _is_moment(value) else value


def _is_moment(value: str) -> bool:
    return value[:2] == "20" and value[4:5] == "-"


# ---- names, paths and links


def hostile_names(root: Path, _beside: Path) -> None:
    """Files and folders whose names are options, or contain what a terminal or a shell would act on."""
    names = [
        "--help",
        "-rf",
        "$(touch PWNED)",
        "a;touch PWNED",
        "\x1b[31mPWNED",
        "a\nb",
        "..",
        "CON",
        "a" * 200,
        "é\udcff",
    ]
    for name in names[:6] + names[7:]:
        for folder, kind in (("experiments", "experiment"), ("datasets", "dataset"), ("templates/slurm", "template")):
            source = DATA / kind / "minimal.yaml"
            target = os.fsencode(root / ".qanat" / folder) + b"/" + os.fsencode(name) + b".yaml"
            Path(os.fsdecode(target)).write_bytes(source.read_bytes())
        (root / ".qanat/runs" / name / "0").mkdir(parents=True, exist_ok=True)
        record = next((root / ".qanat/runs/good").rglob("*.yaml"))
        shutil.copy(record, root / ".qanat/runs" / name / "0" / f"7-{name}.yaml"[:200])


def paths_that_leave(root: Path, beside: Path) -> None:
    """Definitions and records whose paths lead out of the project."""
    outside = "../mine"
    _rewrite(root / ".qanat/experiments/good.yaml", executable=f"{outside}/secret", path=outside)
    _rewrite(root / ".qanat/datasets/d.yaml", path="/etc")
    _rewrite(root / ".qanat/config.yaml", result_dir=outside)
    for number, storage in enumerate(
        (outside, str(beside / "mine"), "/", "~", ".git", ".qanat", "a/../../mine", ""), 10
    ):
        record = _record(root)
        _write_record(root, record | {"id": f"{number}-00000a", "storage": storage})


def links_to_files(root: Path, beside: Path) -> None:
    """Links in place of files: to other people's files, to themselves, to files that never end."""
    targets = ["/etc/passwd", str(beside / "mine/secret"), "/dev/zero", "/dev/tty", "loop.yaml", "/proc/self/environ"]
    for folder in ("experiments", "datasets", "templates/slurm", "documents", "runs/good/0"):
        (root / ".qanat" / folder).mkdir(parents=True, exist_ok=True)
        for number, target in enumerate(targets):
            (root / ".qanat" / folder / f"link{number}.yaml").symlink_to(target)
    (root / ".qanat/datasets/loop.yaml").symlink_to("loop.yaml")


def folder_linked(name: str) -> Tree:
    """Return a tree in which one folder is a link to somebody's folder."""

    def make(root: Path, beside: Path) -> None:
        folder = root / name
        target = beside / "mine/linked"
        shutil.rmtree(folder, ignore_errors=True)
        target.mkdir()
        folder.symlink_to(target)

    return make


def index_linked(root: Path, beside: Path) -> None:
    """The index is a link to a file that does not exist yet."""
    for index in (root / ".git/qanat").glob("index*"):
        index.unlink()
        index.symlink_to(beside / "mine/made")


def settings_linked(root: Path, beside: Path) -> None:
    """The settings are a link to a file that never ends."""
    (root / ".qanat/config.yaml").unlink()
    (root / ".qanat/config.yaml").symlink_to("/dev/zero")


def pipes(root: Path, _beside: Path) -> None:
    """Pipes in place of files, which block anyone who opens them."""
    for path in state_files(root):
        path.unlink()
        os.mkfifo(path)


def pipes_for_folders(root: Path, _beside: Path) -> None:
    """Pipes in place of the folders of records and definitions."""
    for folder in [path for path in (root / ".qanat").iterdir() if path.is_dir() and path.name != "cache"]:
        shutil.rmtree(folder)
        os.mkfifo(folder)


def folders_for_files(root: Path, _beside: Path) -> None:
    """Folders in place of files."""
    for path in state_files(root):
        path.unlink()
        path.mkdir()


# ---- records that lie


def runs_that_are_not_going(root: Path, _beside: Path) -> None:
    """Runs that claim to be active, with jobs whose names are options, and other people's processes."""
    claims: list[dict[str, Any]] = [
        {
            "runner": {"name": "slurm", "options": {}},
            "submission": {"intent": "ab", "details": {"cluster": "--help", "clusters": "--help"}},
            "job": "--all",
        },
        {
            "runner": {"name": "slurm", "options": {}},
            "submission": {"intent": "ab", "details": {"cluster": 1, "clusters": 1, "jobs": "1"}},
            "job": "1; touch PWNED",
        },
        {
            "runner": {"name": "htcondor", "options": {}},
            "submission": {"intent": "ab", "details": {"schedd": 'x" || true', "cluster": 1}},
            "job": "1.0",
        },
        {
            "runner": {"name": "htcondor", "options": {}},
            "submission": {"intent": "ab", "details": {"cluster": 10**30, "schedd": [1]}},
            "job": "x",
        },
        {
            "runner": {"name": "local", "options": {}},
            "submission": {"intent": "ab", "pid": 1, "process_start": "0"},
            "job": "1",
        },
        {"runner": {"name": "local", "options": {}}, "submission": {"intent": "ab", "pid": -1}, "job": "-1"},
        {"runner": {"name": "os:system", "options": {}}, "submission": {"intent": "ab"}, "job": "1"},
        {
            "runner": {"name": "--help", "options": {}},
            "submission": {"intent": "ab", "inputs": 5, "checkout": "/"},
            "job": "",
        },
        {
            "runner": {"name": "slurm", "options": {}},
            "submission": {"intent": "ab", "inputs": ["/", "../.."], "checkout": "/"},
            "job": "",
        },
    ]
    for number, claim in enumerate(claims, 20):
        group = {
            "group": 0,
            "args": [],
            "job": claim.pop("job"),
            "state": "running",
            "started": "2026-01-05T08:00:00+00:00",
        }
        changes = {"id": f"{number}-00000b", "state": "running", "ended": None, "groups": [group], **claim}
        _write_record(root, _record(root) | changes | {"storage": f"results/good/run_{number}"})


def results_that_lie(root: Path, _beside: Path) -> None:
    """Storage directories, which are never committed, with files that are not what they should be."""
    group = {"group": 0, "args": [], "job": "1", "state": "running", "started": "2026-01-05T08:00:00+00:00"}
    files = {
        "completion.json": b'{"attempt": 1e999, "status": "' + b"9" * 50_000 + b'", "ended": "\\u001b[31mPWNED"}',
        "metrics.json": b'{"a": ' + b"[" * 200_000 + b"]" * 200_000 + b', "b": ' + b"9" * 10_000 + b"}",
        "progress.txt": b"100=" + b"#" * 5_000_000,
        "info.yaml": CONTENTS["bomb of aliases"],
        "stdout.txt": b"\x1b]0;PWNED\x07" * 1000 + b"\n",
        "stderr.txt": b"\0" * 100_000,
    }
    for number in (30, 31):
        storage = f"results/good/run_{number}"
        changes = {"id": f"{number}-00000c", "state": "running", "ended": None, "groups": [group], "storage": storage}
        _write_record(root, _record(root) | changes)
        (root / storage).mkdir(parents=True)
        for name, data in files.items():
            (root / storage / name).write_bytes(data)
        if number == 31:
            (root / storage / "completion.json").unlink()
            (root / storage / "completion.json").symlink_to("/dev/zero")


def numbers_beyond_measure(root: Path, _beside: Path) -> None:
    """Records whose numbers are as large as the schema allows, or larger."""
    huge = 10**400
    for number, (run, group) in enumerate(((huge, 0), (40, huge), (41, -1), (42, 2**63)), 40):
        record = _record(root)
        record["groups"][0] |= {"group": group, "attempt": huge, "exit_code": huge, "signal": huge}
        record["groups"][0]["metrics"] = {"a": 1, "b": -1, "c": 10**300}
        content = json.dumps(record | {"id": f"{run}-00000d", "storage": "results/good/run_1"})
        path = root / f".qanat/runs/good/0/{number}-00000d.yaml"
        path.write_text(content)


def _record(root: Path) -> dict[str, Any]:
    path = next(p for p in (root / ".qanat/runs/good").rglob("1-*.yaml"))
    content: dict[str, Any] = yaml_io.load(path.read_bytes(), path.name)
    content["submission"] = {"intent": "ab"}
    content["runner"]["options"] = {}
    return content


def _write_record(root: Path, record: dict[str, Any]) -> None:
    number = int(record["id"].partition("-")[0])
    path = root / f".qanat/runs/good/{number // 100}/{record['id']}.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(record))


def _rewrite(file: Path, **changes: Any) -> None:
    file.write_text(json.dumps(yaml_io.load(file.read_bytes(), file.name) | changes))


def _trees() -> Iterator[tuple[str, Tree]]:
    for name, content in CONTENTS.items():
        yield f"files: {name}", filled(content)
    for name in IN_SETTINGS:
        yield f"settings: {name}", settings(CONTENTS[name])
    for name, word in STRINGS.items():
        yield f"words: {name}", worded(word)
    for folder in (
        ".qanat/runs",
        ".qanat/cache",
        ".qanat/cache/schemas",
        ".qanat/experiments",
        ".qanat/templates",
        ".qanat",
        "results",
    ):
        yield f"a link for {folder}", folder_linked(folder)
    for function in (
        hostile_names,
        paths_that_leave,
        links_to_files,
        index_linked,
        settings_linked,
        pipes,
        pipes_for_folders,
        folders_for_files,
    ):
        yield function.__name__, function
    for function in (runs_that_are_not_going, results_that_lie, numbers_beyond_measure):
        yield function.__name__, function


TREES = dict(_trees())

"""The recipes for pull requests: sh runs their scripts in a real clone; only the server is a stand-in.

The stand-in is a program that is called like `gh` or `curl`: it records the calls, keeps comments in a file, and
answers as the server does.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.sandbox import Result, Sandbox, call

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]
ACTION = yaml.safe_load((ROOT / "action.yml").read_text())
GITLAB = yaml.safe_load((ROOT / "ci/gitlab-qanat.yml").read_text())["qanat"]
MARKER = "<!-- qanat diff -->"

SERVER = """\
import json, os, pathlib, sys
from urllib.parse import parse_qs, urlsplit

state = pathlib.Path(os.environ["SERVER_STATE"])
server = json.loads(state.read_text())
words = sys.argv[2:]


def option(*names):
    return next((words[i + 1] for i, word in enumerate(words) if word in names), None)


def answer(*pages):
    state.write_text(json.dumps(server))
    text = "" if "--silent" in words and sys.argv[1] == "gh" else "".join(map(json.dumps, pages))
    target = option("--output")
    pathlib.Path(target).write_text(text) if target else sys.stdout.write(text)
    sys.exit(0)


stdin = "" if sys.argv[1] == "gh" else sys.stdin.read()
token = os.environ.get("GH_TOKEN") if sys.argv[1] == "gh" else stdin.split("PRIVATE-TOKEN: ")[1].split('"')[0]
address = next(word for word in words if word.startswith(("repos/", "http")))
body = option("--field", "--data-urlencode")
method = option("--method", "--request") or ("POST" if body else "GET")
server["calls"].append([method, address, token, words])
if token != server["token"] or (method != "GET" and not server["may_write"]):
    state.write_text(json.dumps(server))
    sys.stderr.write("HTTP 403\\n")
    sys.exit(22)
path, query = urlsplit(address).path, parse_qs(urlsplit(address).query)
if path.endswith("/user"):
    answer(server["me"])
text = pathlib.Path(body.partition("@")[2]).read_text() if body else ""
if method == "POST":
    server["comments"].append({**server["new"], "id": 100 + len(server["comments"]), "body": text})
elif method in ("PATCH", "PUT"):
    (found,) = [c for c in server["comments"] if str(c["id"]) == path.rpartition("/")[2]]
    found["body"] = text
else:
    pages = [server["comments"][i : i + 100] for i in range(0, len(server["comments"]) + 1, 100)]
    wanted = int(query["page"][0]) if "page" in query else None
    answer(*(pages if wanted is None else [(pages + [[]])[wanted - 1]]))
answer({})
"""
# In place of a Python: an environment that it makes has the qanat under test, and a pip that only notes its words.
PYTHON = """\
#!/bin/sh
case $1-$2 in
-m-venv) mkdir -p "$3/bin" && cp {installed}/* "$3/bin" ;;
*) exec {python} "$@" ;;
esac
"""
PROGRAMS = {"qanat": "qanat", "qanat-frozen-runs": "qanat_hooks.hook frozen-runs"}
PIP = '#!/bin/sh\nfor word; do echo "$word"; done >{notes}\n'


@dataclass(frozen=True)
class Runner:
    """A machine that runs a recipe: the clone, its programs, and the state of the stand-in server."""

    clone: Sandbox
    folder: Path

    @property
    def server(self) -> dict[str, Any]:
        """The server's state."""
        content: dict[str, Any] = json.loads((self.folder / "server.json").read_text())
        return content

    def change_server(self, **values: Any) -> None:
        """Change the server's state."""
        (self.folder / "server.json").write_text(json.dumps(self.server | values))

    @property
    def written(self) -> list[list[str]]:
        """The requests that changed something: method and address."""
        return [call[:2] for call in self.server["calls"] if call[0] != "GET"]

    def run(self, script: str, env: dict[str, str], *, code: int | None = 0) -> Result:
        """Run a script as a CI system does: with sh, which stops at the first failure."""
        own = {
            "PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}",
            "SERVER_STATE": str(self.folder / "server.json"),
            "PYTHONPATH": f"{ROOT}:{ROOT / 'hooks'}",
        }
        path = self.folder / "script.sh"
        path.write_text(script)
        return call(["sh", "-e", str(path)], self.clone.root, code=code, env={**own, **env})


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    """Return a machine with a clone in which a branch adds a dataset."""
    origin = Sandbox.make(tmp_path / "origin")
    origin.git("switch", "--quiet", "--create", "work")
    origin.write("data.txt", "1")
    origin.write(".qanat/datasets/numbers.yaml", "schema: dataset/1\nname: numbers\npath: data.txt\n")
    origin.commit("Add data")
    call(["git", "clone", "--quiet", str(origin.root), "clone"], tmp_path)
    folder = tmp_path / "the runner"
    (folder / "bin").mkdir(parents=True)
    (folder / "server.py").write_text(SERVER)
    for name in ("gh", "curl"):
        words = shlex.join([sys.executable, str(folder / "server.py"), name])
        program(folder / "bin" / name, f'#!/bin/sh\nexec {words} "$@"\n')
    python, installed = shlex.quote(sys.executable), folder / "installed"
    installed.mkdir()
    program(folder / "bin/python3", PYTHON.format(python=python, installed=shlex.quote(str(installed))))
    for name, module in PROGRAMS.items():
        program(installed / name, f'#!/bin/sh\nexec {python} -m {module} "$@"\n')
    program(installed / "pip", PIP.format(notes=shlex.quote(str(folder / "pip-words"))))
    server = {"token": "s3cret", "may_write": True, "comments": [], "calls": [], "me": {"id": 7}, "new": {}}
    (folder / "server.json").write_text(json.dumps(server))
    return Runner(Sandbox(tmp_path / "clone"), folder)


def program(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o755)


# ---- GitHub


def event(runner: Runner, **changes: Any) -> dict[str, Any]:
    """Return GitHub's data about a pull request, by the names that the action uses."""
    return {
        "inputs.package || github.action_path": "/actions/qanat",
        "inputs.python": "python3",
        "inputs.token": "s3cret",
        "github.repository": "ada/iris",
        "github.event.pull_request.base.sha": runner.clone.git("rev-parse", "origin/main"),
        "github.event.pull_request.head.sha": runner.clone.git("rev-parse", "origin/work"),
        "github.event.pull_request.number": "12",
        "github.event.pull_request.head.repo.full_name": "ada/iris",
        **changes,
    }


def on_github(runner: Runner, known: dict[str, Any], *, code: int = 0) -> Result:
    """Run the steps of the action, each with the values that its `env` takes from the event."""
    files = {name: runner.folder / name for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
    for file in files.values():
        file.write_text("")
    (runner.folder / "temp").mkdir(exist_ok=True)
    base = {"RUNNER_TEMP": str(runner.folder / "temp"), **{name: str(file) for name, file in files.items()}}
    out, result = "", Result(0, "", "")
    for step in ACTION["runs"]["steps"]:
        outputs = dict(line.split("=", 1) for line in files["GITHUB_OUTPUT"].read_text().splitlines())
        context = known | {f"steps.validate.outputs.{key}": value for key, value in outputs.items()}
        env = {name: context[_expression(value)] for name, value in step.get("env", {}).items()}
        result = runner.run(step["run"], base | env, code=None)
        out += result.out
        if result.code:
            break
    assert result.code == code, result
    return Result(result.code, out, result.err)


def _expression(value: str) -> str:
    match = re.fullmatch(r"\$\{\{ (.*) \}\}", value)
    assert match
    return match[1]


def summary(runner: Runner) -> str:
    return (runner.folder / "GITHUB_STEP_SUMMARY").read_text()


def test_nothing_of_a_pull_request_becomes_part_of_a_script() -> None:
    for step in ACTION["runs"]["steps"]:
        assert "${{" not in step["run"]
        assert step["shell"] == "sh"
    assert "pull_request_target" not in (ROOT / "action.yml").read_text()


def test_a_pull_request_gets_one_comment_which_is_updated(runner: Runner) -> None:
    bot, person = {"type": "Bot"}, {"type": "User"}
    others = [{"id": 1, "user": person, "body": f"{MARKER} mine"}]
    others += [{"id": 2 + i, "user": bot, "body": "coverage"} for i in range(130)]
    runner.change_server(comments=others, new={"user": bot})
    on_github(runner, event(runner))
    assert (runner.folder / "pip-words").read_text().splitlines()[-1] == "/actions/qanat"
    assert runner.written == [["POST", "repos/ada/iris/issues/12/comments"]]
    comment = runner.server["comments"][-1]
    assert comment["body"].startswith(f"{MARKER}\n### Experiments and runs\n")
    assert "| `numbers` | added |" in comment["body"]
    offline = runner.clone.qanat("diff", "origin/main...origin/work", "--format", "markdown").out
    assert comment["body"].splitlines()[4:] == offline.splitlines()[4:]
    on_github(runner, event(runner))
    assert runner.written[1:] == [["PATCH", f"repos/ada/iris/issues/comments/{comment['id']}"]]
    assert runner.server["comments"][:-1] == others
    assert summary(runner) == ""


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"github.event.pull_request.head.repo.full_name": "bob/iris"}, "Pull requests from forks cannot write"),
        ({"inputs.token": "expired"}, "Cannot read the comments"),
    ],
)
def test_where_no_comment_may_be_written_the_report_is_in_the_summary(
    runner: Runner, changes: dict[str, str], said: str
) -> None:
    result = on_github(runner, event(runner, **changes))
    assert said in result.out
    assert summary(runner).startswith(MARKER)
    assert runner.written == []


def test_a_token_that_may_only_read_leaves_the_report_in_the_summary(runner: Runner) -> None:
    runner.change_server(may_write=False)
    result = on_github(runner, event(runner))
    assert "Cannot write the comment; the report of qanat is in the job summary" in result.out
    assert "| `numbers` | added |" in summary(runner)


def test_on_a_push_the_report_is_in_the_summary(runner: Runner) -> None:
    names = [name for name in event(runner) if name.startswith("github.event")]
    runner.clone.git("remote", "set-head", "origin", "main")
    result = on_github(runner, event(runner, **dict.fromkeys(names, "")))
    assert "This is not a pull request" in result.out
    assert "| `numbers` | added |" in summary(runner)


def test_a_state_that_is_not_valid_fails_the_job_after_the_comment(runner: Runner) -> None:
    runner.clone.write(".qanat/datasets/::error::x.yaml", "x: [\n")
    result = on_github(runner, event(runner), code=1)
    assert ".qanat/datasets/::error::x.yaml:2: is not YAML" in result.out
    assert len(runner.written) == 1
    lines = result.out.splitlines()
    begin = next(i for i, line in enumerate(lines) if line.startswith("::stop-commands::"))
    token = lines[begin].removeprefix("::stop-commands::")
    assert len(token) == 36
    assert f"::{token}::" in lines[begin + 1 :]


def forge(runner: Runner) -> None:
    """Change the record of an ended run on the branch, so that it stays valid."""
    origin = Sandbox(runner.clone.root.parent / "origin")
    origin.git("switch", "--quiet", "main")
    origin.experiment("brief", "exit 0\n")
    origin.qanat("run", "brief")
    origin.git("switch", "--quiet", "work")
    origin.git("merge", "--quiet", "--no-edit", "main")
    (record,) = origin.record_files()
    record.write_text(record.read_text().replace("author: Ada", "author: Eve"))
    origin.commit("Nothing to see")
    runner.clone.git("pull", "--quiet")


def test_a_forged_record_fails_the_job_after_the_comment(runner: Runner) -> None:
    forge(runner)
    result = on_github(runner, event(runner), code=1)
    assert re.search(r"\.qanat/runs/brief/0/1-\w+\.yaml:\d+: frozen-runs: author was changed", result.out + result.err)
    assert len(runner.written) == 1
    assert "1-" in runner.server["comments"][-1]["body"].split("Warning")[-1]


def test_words_of_an_event_are_words_and_not_commands(runner: Runner) -> None:
    evil = '"; touch pwned; echo "$(touch pwned)`touch pwned`'
    on_github(runner, event(runner, **{"github.event.pull_request.head.repo.full_name": evil}))
    on_github(runner, event(runner, **{"github.event.pull_request.head.sha": evil}), code=2)
    assert list(runner.clone.root.glob("pwned")) == []


# ---- GitLab


def on_gitlab(runner: Runner, code: int = 0, **env: str) -> Result:
    """Run the job's script, all lines in one shell, as GitLab's runner does."""
    known = {
        **{name: str(value) for name, value in GITLAB["variables"].items()},
        "CI_API_V4_URL": "https://gitlab.example/api/v4",
        "CI_PROJECT_ID": "3",
        "CI_MERGE_REQUEST_IID": "12",
        "CI_MERGE_REQUEST_DIFF_BASE_SHA": runner.clone.git("rev-parse", "origin/main"),
        "CI_COMMIT_SHA": runner.clone.git("rev-parse", "origin/work"),
    }
    return runner.run("\n".join(GITLAB["script"]), known | env, code=code)


NOTES = "https://gitlab.example/api/v4/projects/3/merge_requests/12/notes"


def test_a_merge_request_gets_one_comment_which_is_updated(runner: Runner) -> None:
    others = [{"id": 1000 + i, "author": {"id": 8}, "body": f"{MARKER} of somebody else"} for i in range(150)]
    runner.change_server(comments=others, new={"author": {"id": 7}})
    on_gitlab(runner, QANAT_TOKEN="s3cret")
    assert runner.written == [["POST", NOTES]]
    comment = runner.server["comments"][-1]
    assert comment["body"].startswith(f"{MARKER}\n### Experiments and runs\n")
    assert comment["body"] == (runner.clone.root / "qanat-diff.md").read_text()
    on_gitlab(runner, QANAT_TOKEN="s3cret")
    assert runner.written[1:] == [["PUT", f"{NOTES}/{comment['id']}"]]
    assert len(runner.server["comments"]) == 151
    words = [word for call in runner.server["calls"] for word in call[3]]
    assert not any("s3cret" in word for word in words)


def test_without_a_token_or_the_right_to_write_the_report_is_an_artifact(runner: Runner) -> None:
    assert "QANAT_TOKEN is not set; the report is in the artifact qanat-diff.md" in on_gitlab(runner).out
    runner.change_server(may_write=False)
    assert "Cannot write the comment" in on_gitlab(runner, QANAT_TOKEN="s3cret").out
    assert (runner.clone.root / "qanat-diff.md").read_text().startswith(MARKER)
    assert runner.server["comments"] == []
    assert GITLAB["artifacts"]["paths"] == ["qanat-diff.md"]
    assert GITLAB["artifacts"]["when"] == "always"


def test_a_state_that_is_not_valid_fails_the_job_on_gitlab_too(runner: Runner) -> None:
    runner.clone.write(".qanat/datasets/x.yaml", "x: [\n")
    on_gitlab(runner, code=1, QANAT_TOKEN="s3cret")
    assert len(runner.written) == 1


def test_a_forged_record_fails_the_job_on_gitlab_too(runner: Runner) -> None:
    forge(runner)
    result = on_gitlab(runner, code=1, QANAT_TOKEN="s3cret")
    assert "frozen-runs: author was changed" in result.out + result.err
    assert len(runner.written) == 1


def test_what_is_installed_can_be_chosen(runner: Runner) -> None:
    on_gitlab(runner, QANAT_PACKAGE="git+https://git.example/qanat@v0.1.0")
    assert (runner.folder / "pip-words").read_text().splitlines()[-1] == "git+https://git.example/qanat@v0.1.0"
    assert GITLAB["variables"]["GIT_DEPTH"] == "0"

"""The recipes for pull requests: sh runs their scripts in a real clone; only the server is a stand-in.

The stand-in is a program that is called like `gh` or `curl`: it records the calls, keeps comments in a file, and
answers as the server does.
"""

from __future__ import annotations

import itertools
import json
import os
import re
import shlex
import shutil
import sys
import sysconfig
from collections.abc import Callable
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
ARTIFACT = "https://github.com/ada/iris/actions/runs/7/artifacts/3"

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
# In place of a Python, which refuses to run in the checkout or with the modules there: an environment that it makes is
# a copy of one that has the qanat under test, and a pip that only notes its arguments.
PYTHON = """\
#!/bin/sh
case $1 in -I) ;; *) echo "not isolated: $*" >&2; exit 99 ;; esac
case $PWD in {checkout}|{checkout}/*) echo "started in the checkout: $*" >&2; exit 99 ;; esac
case $2-$3 in
-m-venv) cp -R {made} "$4" ;;
*) exec {python} "$@" ;;
esac
"""
PIP = """\
import os, pathlib, sys
words = [*sys.argv[1:], str(pathlib.Path.cwd())]
pathlib.Path(os.environ["SERVER_STATE"]).with_name("pip-words").write_text("\\n".join(words))
"""


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
        }
        path = self.folder / "script.sh"
        path.write_text(script)
        return call(["sh", "-e", str(path)], self.clone.root, code=code, env={**own, **env})


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an environment with the qanat under test, of which there are copies."""
    folder = tmp_path_factory.mktemp("environment")
    made = folder / "venv"
    call([sys.executable, "-I", "-m", "venv", "--without-pip", str(made)], folder)
    program = folder / "pip/pip/__main__.py"
    program.parent.mkdir(parents=True)
    program.with_name("__init__.py").write_text("")
    program.write_text(PIP)
    (packages,) = made.glob("lib/python*/site-packages")
    places = [ROOT, ROOT / "hooks", folder / "pip", sysconfig.get_path("purelib")]
    (packages / "qanat.pth").write_text("".join(f"{place}\n" for place in places))
    return made


@pytest.fixture
def runner(tmp_path: Path, environment: Path) -> Runner:
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
        words = shlex.join([sys.executable, "-I", "-S", str(folder / "server.py"), name])
        program(folder / "bin" / name, f'#!/bin/sh\nexec {words} "$@"\n')
    words = {"python": sys.executable, "made": str(environment), "checkout": str(tmp_path / "clone")}
    program(folder / "bin/python3", PYTHON.format(**{name: shlex.quote(word) for name, word in words.items()}))
    server = {"token": "s3cret", "may_write": True, "comments": [], "calls": [], "me": {"id": 7}, "new": {}}
    (folder / "server.json").write_text(json.dumps(server))
    return Runner(Sandbox(tmp_path / "clone"), folder)


def pip_arguments(runner: Runner) -> list[str]:
    """Return the arguments of pip, which was not started in the checkout."""
    *arguments, folder = (runner.folder / "pip-words").read_text().splitlines()
    assert not Path(folder).is_relative_to(runner.clone.root)
    return arguments


def program(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o755)


# ---- GitHub


def event(runner: Runner, base: str = "", **changes: Any) -> dict[str, Any]:
    """Return GitHub's data about a pull request, by the names that the action uses."""
    return {
        "inputs.package || github.action_path": "/actions/qanat",
        "inputs.python": "python3",
        "inputs.token": "s3cret",
        "inputs.baselines": "yes",  # whatever is not `false`
        "inputs.page": "false",
        "steps.page.outputs.artifact-url": "",
        "github.repository": "ada/iris",
        "github.event.pull_request.base.sha": base or runner.clone.git("rev-parse", "origin/main"),
        "github.event.pull_request.head.sha": runner.clone.git("rev-parse", "HEAD"),
        "github.event.pull_request.number": "12",
        "github.event.pull_request.head.repo.full_name": "ada/iris",
        **changes,
    }


STEPS: list[dict[str, Any]] = ACTION["runs"]["steps"]
PAGE, REPORT = "Write the page", "Show the report"
"""Names of steps that depend on the event, and on what the steps before them have left."""


def on_github(runner: Runner, known: dict[str, Any], *, code: int | None = 0, begin: str = "") -> Result:
    """Run the steps of the action, each with the values that its `env` takes from the event.

    With `begin`, begin with that step, after the others of the last time.
    """
    files = {name: runner.folder / name for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
    for name, file in files.items():
        if not begin or name == "GITHUB_STEP_SUMMARY":
            file.write_text("")
    (runner.folder / "temp").mkdir(exist_ok=True)
    base = {"RUNNER_TEMP": str(runner.folder / "temp"), **{name: str(file) for name, file in files.items()}}
    out, err, result = "", "", Result(0, "", "")
    for step in itertools.dropwhile(lambda step: begin not in ("", step["name"]), STEPS):
        outputs = dict(line.split("=", 1) for line in files["GITHUB_OUTPUT"].read_text().splitlines())
        context = known | {f"steps.check.outputs.{key}": value for key, value in outputs.items()}
        if "if" in step and known["inputs.page"] != "true":
            assert _expression(step["if"]) == "inputs.page == 'true'"
            continue
        if "uses" in step:
            known = known | {"steps.page.outputs.artifact-url": _kept(step, runner)}
            continue
        env = {name: context[_expression(value)] for name, value in step.get("env", {}).items()}
        result = runner.run(step["run"], base | env, code=None)
        out, err = out + result.out, err + result.err
        if result.code:
            break
    assert code is None or result.code == code, (out, result)
    return Result(result.code, out, err)


def _kept(step: dict[str, Any], runner: Runner) -> str:
    """Return the address of an artifact as the action that uploads it does: empty without the file."""
    assert re.fullmatch("actions/upload-artifact@[0-9a-f]{40}", step["uses"])
    name = step["with"]["path"].removeprefix("${{ runner.temp }}/")
    return ARTIFACT if (runner.folder / "temp" / name).is_file() else ""


def _expression(value: str) -> str:
    match = re.fullmatch(r"\$\{\{ (.*) \}\}", value)
    assert match
    return match[1]


def summary(runner: Runner) -> str:
    return (runner.folder / "GITHUB_STEP_SUMMARY").read_text()


def test_nothing_of_a_pull_request_becomes_part_of_a_script() -> None:
    for step in STEPS:
        if "uses" not in step:
            assert "${{" not in step["run"]
            assert step["shell"] == "sh"
    assert "pull_request_target" not in (ROOT / "action.yml").read_text()


def test_a_pull_request_gets_one_comment_which_is_updated(runner: Runner) -> None:
    bot, person = {"type": "Bot"}, {"type": "User"}
    others = [{"id": 1, "user": person, "body": f"{MARKER} mine"}]
    others += [{"id": 2 + i, "user": bot, "body": "coverage"} for i in range(130)]
    runner.change_server(comments=others, new={"user": bot})
    on_github(runner, event(runner))
    assert pip_arguments(runner)[-1] == "/actions/qanat"
    assert runner.written == [["POST", "repos/ada/iris/issues/12/comments"]]
    comment = runner.server["comments"][-1]
    assert comment["body"].startswith(f"{MARKER}\n### Experiments and runs\n")
    assert "| `numbers` | added |" in comment["body"]
    offline = runner.clone.qanat("diff", "origin/main...origin/work", "--format", "markdown").out
    assert comment["body"].splitlines()[4:] == offline.splitlines()[4:]
    on_github(runner, event(runner), begin=REPORT)
    assert runner.written[1:] == [["PATCH", f"repos/ada/iris/issues/comments/{comment['id']}"]]
    assert runner.server["comments"][:-1] == others
    assert summary(runner) == ""


def test_where_no_comment_may_be_written_the_report_is_in_the_summary(runner: Runner) -> None:
    fork, token = "github.event.pull_request.head.repo.full_name", "inputs.token"
    evil = '"; touch pwned; echo "$(touch pwned)`touch pwned`'
    begin = ""
    for changes, may_write, said in (
        ({fork: "bob/iris"}, True, "Pull requests from forks cannot write"),
        ({fork: evil}, True, "Pull requests from forks cannot write"),
        ({token: "expired"}, True, "Cannot read the comments"),
        ({}, False, "Cannot write the comment; the report of qanat is in the job summary"),
    ):
        runner.change_server(may_write=may_write)
        result = on_github(runner, event(runner, **changes), begin=begin)
        assert said in result.out
        assert summary(runner).startswith(MARKER)
        assert "| `numbers` | added |" in summary(runner)
        begin = REPORT
    assert [method for method, _ in runner.written] == ["POST"]
    assert runner.server["comments"] == []
    assert list(runner.clone.root.glob("pwned")) == []


def test_the_comment_links_to_the_page_of_all_runs(runner: Runner) -> None:
    runner.change_server(new={"user": {"type": "Bot"}})
    link = f"[All runs of this branch, to look at in a browser]({ARTIFACT})"
    result = on_github(runner, event(runner, **{"inputs.page": "true"}))
    (comment,) = runner.server["comments"]
    assert comment["body"].splitlines()[-1] == link
    assert "qanat-report.html: 0 runs" in result.out
    assert "Content-Security-Policy" in (runner.folder / "temp/qanat-report.html").read_text()
    (runner.folder / "temp/qanat-report.html").unlink()
    report = runner.folder / "temp/qanat-diff.md"
    report.write_text(report.read_text().replace(link, ""))
    (runner.clone.root / ".qanat/config.yaml").write_text("x: [\n")
    result = on_github(runner, event(runner, **{"inputs.page": "true"}), begin=PAGE)
    assert "There is no page" in result.out
    assert link not in summary(runner) + runner.server["comments"][-1]["body"]


def test_on_a_push_the_report_is_in_the_summary(runner: Runner) -> None:
    names = [name for name in event(runner) if name.startswith("github.event")]
    runner.clone.git("remote", "set-head", "origin", "main")
    result = on_github(runner, event(runner, **dict.fromkeys(names, "")))
    assert "This is not a pull request" in result.out
    assert "| `numbers` | added |" in summary(runner)


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


def test_a_revision_of_an_event_is_a_word_and_no_command(runner: Runner) -> None:
    evil = '"; touch pwned; echo "$(touch pwned)`touch pwned`'
    on_github(runner, event(runner, **{"github.event.pull_request.head.sha": evil}), code=2)
    assert list(runner.clone.root.glob("pwned")) == []


# ---- GitLab


def on_gitlab(runner: Runner, code: int | None = 0, **env: str) -> Result:
    """Run the job's script, all lines in one shell, as GitLab's runner does."""
    known = {
        **{name: str(value) for name, value in GITLAB["variables"].items()},
        "CI_API_V4_URL": "https://gitlab.example/api/v4",
        "CI_PROJECT_ID": "3",
        "CI_MERGE_REQUEST_IID": "12",
        "CI_MERGE_REQUEST_DIFF_BASE_SHA": env.get("CI_MERGE_REQUEST_DIFF_BASE_SHA")
        or runner.clone.git("rev-parse", "origin/main"),
        "QANAT_PACKAGE": "git+https://git.example/qanat@COMMIT",
        "CI_COMMIT_SHA": runner.clone.git("rev-parse", "HEAD"),
    }
    return runner.run("\n".join(GITLAB["script"]), known | env, code=code)


NOTES = "https://gitlab.example/api/v4/projects/3/merge_requests/12/notes"


def test_a_merge_request_gets_one_comment_which_is_updated(runner: Runner) -> None:
    others = [{"id": 1000 + i, "author": {"id": 8}, "body": f"{MARKER} of somebody else"} for i in range(150)]
    runner.change_server(comments=others, new={"author": {"id": 7}})
    on_gitlab(runner, QANAT_TOKEN="s3cret")
    assert pip_arguments(runner)[-1] == "git+https://git.example/qanat@COMMIT"
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
    (runner.clone.root / "qanat-report.html").write_text("brought by the merge request")
    assert "QANAT_TOKEN is not set; the report is in the artifact qanat-diff.md" in on_gitlab(runner).out
    runner.change_server(may_write=False)
    assert "Cannot write the comment" in on_gitlab(runner, QANAT_TOKEN="s3cret").out
    assert (runner.clone.root / "qanat-diff.md").read_text().startswith(MARKER)
    assert runner.server["comments"] == []
    assert GITLAB["artifacts"]["paths"] == ["qanat-diff.md", "qanat-report.html"]
    assert not (runner.clone.root / "qanat-report.html").exists()
    assert GITLAB["artifacts"]["when"] == "always"


def test_the_page_of_all_runs_is_an_artifact_to_which_the_comment_links(runner: Runner) -> None:
    runner.change_server(new={"author": {"id": 7}})
    (runner.clone.root / "qanat-report.html").symlink_to(runner.folder / "elsewhere")
    job = "https://gitlab.example/ada/iris/-/jobs/9"
    on_gitlab(runner, QANAT_TOKEN="s3cret", QANAT_PAGE="true", CI_JOB_URL=job)
    (comment,) = runner.server["comments"]
    link = f"[All runs of this branch, to look at in a browser]({job}/artifacts/file/qanat-report.html)"
    assert comment["body"].splitlines()[-1] == link
    assert "Content-Security-Policy" in (runner.clone.root / "qanat-report.html").read_text()
    assert not (runner.folder / "elsewhere").exists()


def test_the_project_says_what_is_installed(runner: Runner) -> None:
    # A variable of the job would take precedence over one that the project sets for all jobs, as docs/review.md shows.
    assert set(GITLAB["variables"]) == {"GIT_DEPTH", "GIT_STRATEGY"}
    result = on_gitlab(runner, code=2, QANAT_PACKAGE="")
    assert "QANAT_PACKAGE is not set; it says which qanat to install" in result.err
    assert not (runner.folder / "pip-words").exists()


# ---- both


Recipe = Callable[..., Result]


def github(runner: Runner, code: int | None = 0) -> Result:
    """Run the recipe for GitHub, which may write comments, with all that it can do."""
    runner.change_server(new={"user": {"type": "Bot"}})
    return on_github(runner, event(runner, **{"inputs.page": "true"}), code=code)


def gitlab(runner: Runner, code: int | None = 0) -> Result:
    """Run the recipe for GitLab, which may write comments, with all that it can do."""
    runner.change_server(new={"author": {"id": 7}})
    return on_gitlab(runner, code=code, QANAT_TOKEN="s3cret", QANAT_PAGE="true", CI_JOB_URL="https://gitlab.example/9")


both = pytest.mark.parametrize("recipe", [github, gitlab])
PWNED = "import os, pathlib\npathlib.Path(os.environ['PWNED']).joinpath(__name__).write_text('')\n"
# Each of these would be imported or read by a Python that is started in the checkout, or by what it starts.
MODULES = (
    *("json", "venv", "types", "sitecustomize", "usercustomize", "pip", "secrets", "sysconfig", "os", "re", "pathlib"),
    *("click", "yaml", "pygit2", "jsonschema", "encodings/__init__", "qanat/__init__", "qanat_hooks/__init__"),
    *("qanat/__main__", "pip/__main__", "venv/__main__", "logging/__init__"),
)
HOOKS = ["post-checkout", "pre-commit", "post-index-change", "fsmonitor-watchman", "reference-transaction"]  # fmt: skip


def push(runner: Runner, *, base: str = "work") -> None:
    """Commit what is in the origin's working tree to the branch of the pull request, and fetch it into the clone."""
    origin = Sandbox(runner.clone.root.parent / "origin")
    origin.git("add", "--force", "--all")
    origin.git("commit", "--quiet", "--no-verify", "--message", "The branch")
    runner.clone.git("fetch", "--quiet")
    runner.clone.git("checkout", "--quiet", "--detach", f"origin/{base}")


@both
def test_nothing_of_the_branch_is_executed(runner: Runner, recipe: Recipe, tmp_path: Path) -> None:
    origin = Sandbox(tmp_path / "origin")
    pwned = tmp_path / "pwned"
    pwned.mkdir()
    for name in MODULES:
        origin.write(f"{name}.py", PWNED)
    script = f'#!/bin/sh\ntouch {shlex.quote(str(pwned))}/$(basename "$0")\n'
    for name in (
        "git",
        "sh",
        "gh",
        "curl",
        "qanat",
        ".qanat-venv/bin/python",
        ".qanat-venv/bin/pip",
        "qanat/bin/python",
    ):
        if name not in ("qanat", "git"):
            origin.write(name, script)
            (origin.root / name).chmod(0o755)
    for name in HOOKS:
        origin.write(f"hooks/{name}", script)
        (origin.root / f"hooks/{name}").chmod(0o755)
    origin.write("evil.pth", f"import os; os.system('touch {pwned}/pth')\n")
    origin.write("pyvenv.cfg", f"home = {origin.root}\ninclude-system-site-packages = true\n")
    for name in ("pip.conf", ".pip/pip.conf", ".config/pip/pip.conf"):
        origin.write(name, "[global]\nindex-url = http://127.0.0.1:9/simple\n[install]\ntarget = stolen\n")
    origin.write("pyproject.toml", '[build-system]\nrequires = []\nbuild-backend = "json"\nbackend-path = ["."]\n')
    origin.write("setup.py", PWNED)
    evil = f"!touch {pwned}/git-config"
    origin.write(
        ".gitconfig", f'[core]\n\tfsmonitor = "{evil}"\n\thooksPath = hooks\n[diff "x"]\n\ttextconv = "{evil}"\n'
    )
    origin.write(".gitattributes", "* diff=x filter=x merge=x text\n/.qanat/**/*.yaml diff=x filter=lfs merge=qanat\n")
    origin.write(".lfsconfig", f'[lfs]\n\turl = "ssh://-oProxyCommand=touch\\ {pwned}/lfs/x"\n')
    origin.write(".netrc", "machine git.example login eve password eve\n")
    origin.write(".curlrc", f"output = {pwned}/curlrc\n")
    settings = (origin.root / ".qanat/config.yaml").read_text()
    origin.write(".qanat/config.yaml", f"{settings}default_editor: sh -c 'touch {pwned}/editor'\n")
    origin.write(".qanat/runners/evil.py", PWNED)
    origin.write(".qanat/templates/evil/default.yaml", "schema: template/1\nname: default\nrunner: evil\noptions: {}\n")
    (origin.root / "qanat-diff.md").symlink_to("../pwned/artifact")
    push(runner)
    env = {"PWNED": str(pwned), "HOME": str(tmp_path / "nobody")}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in env.items():
            patch.setenv(name, value)
        patch.setenv("PYTHONPATH", "")
        result = recipe(runner, code=1)
    assert list(pwned.iterdir()) == []
    assert "config.yaml" in result.out
    assert len(runner.written) == 1


@both
def test_findings_of_every_rule_fail_the_job_and_are_in_the_comment(
    runner: Runner, recipe: Recipe, tmp_path: Path
) -> None:
    forge(runner)
    origin = Sandbox(tmp_path / "origin")
    token = "ghp_" + "a1B2" * 9
    origin.write(".qanat/datasets/::error::x.yaml", "x: [\n")
    origin.write(
        ".qanat/datasets/numbers.yaml", f"schema: dataset/1\nname: numbers\npath: data.txt\ndescription: {token}\n"
    )
    origin.write("results/brief/run_1/stdout.txt", "written by a run\n")
    push(runner)
    result = recipe(runner, code=1)
    (comment,) = runner.server["comments"]
    lines = result.out.splitlines()
    begin = next((i for i, line in enumerate(lines) if line.startswith("::stop-commands::")), None)
    if recipe is github:
        assert begin is not None
        mark = lines[begin].removeprefix("::stop-commands::")
        assert len(mark) == 32
        assert lines.index(f"::{mark}::") > next(i for i, line in enumerate(lines) if "::error::" in line) > begin
    assert re.search(r"\.qanat/runs/brief/0/1-\w+\.yaml:\d+: frozen-runs: author was changed", result.out)
    for rule in (
        "x.yaml:2: is not YAML",
        ": frozen-runs: author was changed",
        ": no-results: ",
        ": no-secrets: this looks like a GitHub token",
    ):
        assert rule in result.out
        assert rule in comment["body"]
    assert token not in comment["body"] + result.out + result.err


MEASURE = """\
import json, pathlib, sys
pathlib.Path(sys.argv[-1], "metrics.json").write_text(json.dumps({"acc": ACC}))
"""


@both
def test_results_behind_the_baseline_fail_the_job_after_the_comment(
    runner: Runner, recipe: Recipe, tmp_path: Path
) -> None:
    origin = Sandbox(tmp_path / "origin")
    origin.git("switch", "--quiet", "main")
    metrics = [{"file": "metrics.json", "better": {"acc": "higher"}}]
    baseline = {"metric": "acc", "tolerance": "1%"}
    origin.python_experiment("brief", MEASURE.replace("ACC", "0.9"), metrics=metrics, baseline=baseline)
    origin.qanat("run", "brief")
    origin.git("switch", "--quiet", "--create", "worse")
    origin.write("brief.py", MEASURE.replace("ACC", "0.5"))
    origin.commit("Worse")
    origin.qanat("run", "brief")
    runner.clone.git("fetch", "--quiet")
    runner.clone.git("checkout", "--quiet", "--detach", "origin/worse")
    result = recipe(runner, code=1)
    assert "acc of brief is 0.5 (run 2), behind by more than 1% its baseline of 0.9 (run 1)" in result.err
    (comment,) = runner.server["comments"]
    assert "> * `acc` of `brief` is 0.5 (run `2`), behind by more than 1% its baseline" in comment["body"]
    if recipe is github:
        on_github(runner, event(runner, **{"inputs.baselines": "false"}))
    else:
        on_gitlab(runner, QANAT_BASELINES="false")


@both
def test_where_nothing_changes_any_more_only_an_earlier_comment_is_updated(
    runner: Runner, recipe: Recipe, tmp_path: Path
) -> None:
    recipe(runner)
    origin = Sandbox(tmp_path / "origin")
    origin.git("reset", "--quiet", "--hard", "main")
    origin.write("notes.md", "nothing of qanat\n")
    push(runner)
    recipe(runner)
    (comment,) = runner.server["comments"]
    assert len(runner.written) == 2
    assert "no changes to experiments" in comment["body"]
    runner.change_server(comments=[])
    result = recipe(runner)
    assert "Nothing changes in experiments and runs, so there is no comment" in result.out
    assert len(runner.written) == 2
    assert summary(runner) == "" if recipe is github else True


@both
def test_hostile_names_are_names(runner: Runner, recipe: Recipe, tmp_path: Path) -> None:
    origin = Sandbox(tmp_path / "origin")
    branch = "feature/$(touch${IFS}pwned);`touch${IFS}pwned`&&'\"|>pwned"
    origin.git("switch", "--quiet", "--create", branch)
    for name in ("--from-ref", "-rf", "$(touch pwned)", "a\nb", "::set-output name=status::0", "; touch pwned"):
        origin.write(name, "x\n")
        origin.write(f".qanat/datasets/{name}.yaml", "x: [\n")
    push(runner, base=branch)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CI_MERGE_REQUEST_SOURCE_BRANCH_NAME", branch)
        patch.setenv("CI_MERGE_REQUEST_TITLE", branch)
        patch.setenv("GITHUB_HEAD_REF", branch)
        result = recipe(runner, code=None)
    assert result.code in (1, 2)
    assert list(tmp_path.rglob("pwned")) == []
    assert len(runner.written) == 1


@both
def test_a_shallow_clone_says_what_it_lacks(runner: Runner, recipe: Recipe, tmp_path: Path) -> None:
    shutil.rmtree(runner.clone.root)
    url = (tmp_path / "origin").as_uri()
    call(["git", "clone", "--quiet", "--depth", "1", "--branch", "work", url, "clone"], tmp_path)
    base = Sandbox(tmp_path / "origin").git("rev-parse", "main")
    runner.clone.git("update-ref", "refs/remotes/origin/work", "HEAD")
    if recipe is github:
        result = on_github(runner, event(runner, base=base), code=None)
    else:
        result = on_gitlab(runner, code=None, CI_MERGE_REQUEST_DIFF_BASE_SHA=base)
    assert result.code
    assert base[:10] in result.out + result.err
    assert runner.written == []

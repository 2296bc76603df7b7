"""Starting points of others: folders, repositories and templates of copier, harmless and hostile."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from qanat.errors import InputInvalid
from qanat.system.rendering import Rendering, render
from tests.support.repository import Repository
from tests.support.sandbox import Sandbox, call
from tests.support.terminal import ENTER, Terminal

EXPERIMENT = """\
schema: experiment/1
name: {{ name }}
executable: go.sh
executable_command: ""
"""
QUESTIONS = """\
name:
  type: str
  help: Name of the experiment
  default: "{{ _folder_name }}"
  validator: "{% if not name.isidentifier() %}is not a name{% endif %}"
steps: 3
"""
FILES = {
    "copier.yml": QUESTIONS,
    ".qanat/experiments/{{ name }}.yaml.jinja": EXPERIMENT,
    "go.sh.jinja": "#!/bin/sh\necho {{ steps }} steps\n",
    "{{ _copier_conf.answers_file }}.jinja": "# Written by copier\n{{ _copier_answers|to_nice_yaml }}",
}
pytestmark = pytest.mark.slow


def template(folder: Path, **files: str) -> Path:
    """Write a template that is no repository, and return its folder."""
    for path, text in files.items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
        if text.startswith("#!"):
            place.chmod(0o755)
    return folder


@pytest.fixture
def shared(tmp_path: Path) -> Repository:
    """Return a repository with a template of copier, with a hook and a filter that must not run."""
    folder = template(tmp_path / "shared", **FILES)
    shared = Repository(folder)
    shared.git("init", "--quiet", "--initial-branch", "main")
    shared.git("add", ".")
    shared.git("commit", "--quiet", "-m", "first")
    shared.git("tag", "v1")
    return shared


@pytest.fixture
def here(tmp_path: Path) -> Sandbox:
    """Return an empty folder."""
    (tmp_path / "here").mkdir()
    return Sandbox(tmp_path / "here")


def nothing_came_of(here: Sandbox, *words: str) -> str:
    """Run init where it must refuse, see that nothing was written, and return what it said."""
    said = here.qanat("init", "storms", "--yes", *words, code=2)
    assert list(here.root.iterdir()) == []
    return said.err


def test_a_template_is_rendered_with_answers_and_can_be_updated_by_copier(here: Sandbox, shared: Repository) -> None:
    said = here.qanat("init", "storms", "--from", str(shared.root), "--yes", "--answer", "steps=7")
    assert said.out.endswith("Next:\n  cd storms\n  qanat run storms\n")
    project = Sandbox(here.root / "storms")
    assert project.qanat("run", "storms").out == "7 steps\n"
    assert project.status() == ""
    head = shared.git("rev-parse", "HEAD").strip()
    assert project.git("log", "--format=%b", "--reverse").splitlines()[0] == f"Starting point: {shared.root} at {head}"
    answers = (project.root / ".copier-answers.yml").read_text().splitlines()
    assert answers[:2] == ["# Written by copier", f'_src_path: "{shared.root}"']
    assert {f"_commit: {head}", "name: storms", "steps: '7'"} & set(answers) >= {f"_commit: {head}", "name: storms"}
    (shared.root / "go.sh.jinja").write_text("#!/bin/sh\necho step {{ steps }}\n")
    shared.git("commit", "--quiet", "-am", "second")
    shared.git("tag", "v2")
    call([sys.executable, "-m", "copier", "update", "--defaults", "--quiet"], project.root)
    assert (project.root / "go.sh").read_text() == "#!/bin/sh\necho step 7\n"


def test_its_questions_are_asked_at_a_terminal(here: Sandbox, shared: Repository) -> None:
    with Terminal(
        here.root, "init", "rain", "--from", str(shared.root), "--editor", "vi", "--answer", "steps=1"
    ) as screen:
        screen.see("Create a git repository")
        screen.press(ENTER)
        screen.see("Name of the experiment")
        screen.press("y", ENTER)
        screen.see("qanat run rainy")
        screen.ends(0)


def test_leaving_a_question_leaves_nothing(here: Sandbox, shared: Repository) -> None:
    with Terminal(here.root, "init", "rain", "--from", str(shared.root), "--editor", "vi") as screen:
        screen.see("Create a git repository")
        screen.press(ENTER)
        screen.see("Name of the experiment")
        screen.press("\x03")
        screen.ends(130)
    assert list(here.root.iterdir()) == []


def test_answers_that_do_not_fit_are_named(here: Sandbox, shared: Repository) -> None:
    begin = ("--from", str(shared.root), "--answer")
    unknown = nothing_came_of(here, *begin, "nam=x")
    assert "the template does not ask for 'nam'" in unknown
    assert "it asks for: name, steps" in unknown
    assert "the answer to 'name': is not a name" in nothing_came_of(here, *begin, "name=9 x")
    assert "'x' is not KEY=VALUE" in nothing_came_of(here, *begin, "x")
    (shared.root / "copier.yml").write_text("steps: {type: int, default: 3}\n")
    shared.git("commit", "--quiet", "-am", "a number")
    wrong = nothing_came_of(here, *begin, "steps=many")
    assert "an answer cannot be used: invalid literal for int() with base 10: 'many'" in wrong
    assert "see the types of these questions in its copier.yml: steps" in wrong
    (shared.root / "copier.yml").write_text("name: {type: str}\n")
    shared.git("commit", "--quiet", "-am", "no default")
    required = nothing_came_of(here, "--from", str(shared.root))
    assert "question 'name' has no default" in required
    assert "--answer name=VALUE" in required
    # A tag still has the default.
    here.qanat("init", "storms", "--yes", "--from", str(shared.root), "--ref", "v1")


def test_a_folder_without_questions_is_copied_as_it_is(here: Sandbox, tmp_path: Path) -> None:
    collection = tmp_path / "collection"
    files = {"go.sh": "#!/bin/sh\necho {{ x }}\n", ".qanat/experiments/a.yaml": EXPERIMENT.replace("{{ name }}", "a")}
    template(collection / "one", **files)
    here.qanat("init", "storms", "--from", str(collection), "--template", "one", "--yes")
    assert (here.root / "storms/go.sh").read_text() == "#!/bin/sh\necho {{ x }}\n"
    assert Sandbox(here.root / "storms").qanat("run", "a", code=None).out == "{{ x }}\n"


def test_a_project_of_others_is_taken_without_its_runs(here: Sandbox, tmp_path: Path) -> None:
    theirs = Sandbox.make(tmp_path / "theirs")
    theirs.experiment("greet", "echo hello\n")
    theirs.qanat("run", "greet")
    said = here.qanat("init", "ours", "--from", str(theirs.root), "--yes")
    assert "note: left out 2 files of runs and of the cache" in said.err
    ours = Sandbox(here.root / "ours")
    assert ours.qanat("validate").out.endswith("no problems found\n")
    assert ours.qanat("runs", "--json").json == []
    assert ours.qanat("run", "greet").out == "hello\n"


def test_what_cannot_be_a_source_is_named(here: Sandbox, tmp_path: Path) -> None:
    collection = template(tmp_path / "collection", **{"one/README.md": "# One\n"})
    for words, message in (
        (["--from", ""], "--from is empty"),
        (["--from", "."], "cannot be made of it"),
        (["--from", "nowhere"], "nowhere is not a folder"),
        (["--from", str(collection), "--template", "two"], f"two in {collection} does not exist"),
        (["--from", str(collection), "--template", "../x"], "is not a folder in"),
        (["--from", str(collection), "--ref", "v1"], "which is not a git repository"),
        (["--from", str(collection), "--answer", "a=b"], "asks nothing"),
        (["--from", "https://ada:geheim@localhost/x.git"], "contains a user name or password"),
        (["--from", f"ext::touch {tmp_path}/hacked"], "is not an address that qanat passes to git"),
        (["--from", "git://localhost/x.git"], "qanat fetches"),
    ):
        said = nothing_came_of(here, *words)
        assert message in said
        assert "geheim" not in said
    assert not (tmp_path / "hacked").exists()


def test_nothing_of_a_template_runs_without_trust(here: Sandbox, tmp_path: Path) -> None:
    hacked = tmp_path / "hacked"
    tasks = template(tmp_path / "tasks", **{"copier.yml": f"_tasks: ['echo 1 >{hacked}; echo made >made.txt']\n"})
    said = nothing_came_of(here, "--from", str(tasks))
    assert "it would run code of its own (tasks)" in said
    assert "--trust" in said
    (tasks / "evil.py").write_text(f"open({str(hacked)!r}, 'w')\n")
    (tasks / "copier.yml").write_text("_jinja_extensions: [evil.Extension]\n")
    assert "(jinja_extensions)" in nothing_came_of(here, "--from", str(tasks))
    assert not hacked.exists()
    (tasks / "copier.yml").write_text("_tasks: ['kill -KILL $PPID']\n")  # as the system does without memory
    killed = nothing_came_of(here, "--from", str(tasks), "--trust")
    assert "the template was not rendered: its process was killed" in killed
    assert "enough memory" in killed
    (tasks / "copier.yml").write_text(f"_tasks: ['echo 1 >{hacked}; echo made >made.txt']\n")
    here.qanat("init", "storms", "--from", str(tasks), "--yes", "--trust")
    assert hacked.exists()
    assert Sandbox(here.root / "storms").git("show", "HEAD:made.txt") == "made"


def test_hooks_filters_and_links_of_a_repository_do_nothing(here: Sandbox, shared: Repository, tmp_path: Path) -> None:
    hacked = tmp_path / "hacked"
    hook = shared.root / ".git/hooks/post-checkout"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntouch {hacked}\n")
    hook.chmod(0o755)
    shared.git("config", "filter.evil.smudge", f"touch {hacked}")
    (shared.root / ".gitattributes").write_text("* filter=evil\n")
    (shared.root / "there.txt").symlink_to("copier.yml")
    shared.git("add", ".")
    shared.git("commit", "--quiet", "-m", "evil")
    here.qanat("init", "storms", "--from", str(shared.root), "--yes")
    assert not hacked.exists()
    assert not (here.root / "storms/there.txt").is_symlink()
    (shared.root / "out.txt").symlink_to("/etc/passwd")
    shared.git("add", ".")
    shared.git("commit", "--quiet", "-m", "a link")
    refused = here.qanat("init", "rain", "--from", str(shared.root), "--yes", code=2)
    assert "out.txt is a symbolic link that leads out of the template" in refused.err


@pytest.mark.parametrize(
    ("path", "text", "message"),
    [
        (
            ".qanat/experiments/x.yaml",
            "schema: experiment/1\nname: x\ncolour: red\nexecutable: x\n",
            ".qanat/experiments/x.yaml:3: colour",
        ),
        ("{{ '.qanat' }}/runs/x/0/1-abcdef.yaml", "schema: run/2\n", "would be what only qanat itself writes"),
        (".qanat/config.yaml", "schema: config/1\nresult_dir: ../x\n", "result_dir"),
        ("sub/.git/config", "[core]\n", ""),
        ("x.txt.jinja", "{% include '/etc/passwd' %}", "'/etc/passwd' not found"),
        ("x.txt.jinja", "{{ ''.__class__.__mro__ }}", "is unsafe"),
        ("x.txt.jinja", "{{ nothing.at.all }}", "'nothing' is undefined"),
        ("copier.yaml", "a: 1\n", "copier.yaml"),
        ("{% yield i from range(2500) %}{{ i }}{% endyield %}.txt", "1", "has more than 2,000 files"),
        ("x.txt.jinja", "{% for i in range(3000) %}{{ 'a' * 100000 }}{% endfor %}", "File too large"),
    ],
)
def test_what_is_wrong_with_a_template_is_said_before_anything_is_written(
    here: Sandbox, tmp_path: Path, path: str, text: str, message: str
) -> None:
    source = template(tmp_path / "source", **{"copier.yml": "a: 1\n", path: text})
    if message:
        assert message in nothing_came_of(here, "--from", str(source))
    else:
        here.qanat("init", "storms", "--from", str(source), "--yes")
        assert not (here.root / "storms/sub").exists()


def test_a_template_learns_nothing_of_the_environment(
    here: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("API_TOKEN", "geheim")
    source = template(
        tmp_path / "source", **{"copier.yml": "a: 1\n", "x.txt.jinja": "{{ '$API_TOKEN' | expandvars }}\n"}
    )
    here.qanat("init", "storms", "--from", str(source), "--yes")
    assert (here.root / "storms/x.txt").read_text() == "$API_TOKEN\n"


def test_a_template_that_does_not_end_is_ended(tmp_path: Path) -> None:
    loop = "{% for i in range(99999) %}" * 3 + "{% endfor %}" * 3
    source = template(tmp_path / "source", **{"copier.yml": "a: 1\n", "x.txt.jinja": loop})
    with pytest.raises(InputInvalid, match="was not rendered within 4 s of CPU time"):
        render(Rendering(source, tmp_path / "target"), bytes_max=2**20, cpu_s=4)


def test_settings_of_a_template_count_but_its_editor_does_not(here: Sandbox, tmp_path: Path) -> None:
    config = "schema: config/1\n# Where the disk is large.\nresult_dir: out\ndefault_editor: evil\nuntracked: note\n"
    source = template(tmp_path / "source", **{".qanat/config.yaml": config, "README.md": "# Ours\n"})
    here.qanat("init", "storms", "--from", str(source), "--yes", "--editor", "nano")
    settings = (here.root / "storms/.qanat/config.yaml").read_text()
    assert "# Where the disk is large.\nresult_dir: out\ndefault_editor: nano\n" in settings
    assert "untracked: note\n" in settings
    assert "/out" in (here.root / "storms/.gitignore").read_text().splitlines()


def test_without_copier_a_sentence_says_how_to_get_it(here: Sandbox, tmp_path: Path) -> None:
    source = template(tmp_path / "source", **{"copier.yml": "a: 1\n"})
    template(tmp_path / "stub/copier", **{"__init__.py": "raise ImportError('not here')\n"})
    said = here.qanat("init", "--from", str(source), "--yes", code=3, env={"PYTHONPATH": str(tmp_path / "stub")})
    assert "a template with copier.yml needs copier" in said.err
    assert "pip install" in said.err
    assert "[templates]" in said.err
    here.qanat("init", "--template", "minimal", "--yes", env={"PYTHONPATH": str(tmp_path / "stub")})

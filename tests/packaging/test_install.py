"""The project installed as users install it: as a wheel and as an editable checkout."""

from __future__ import annotations

import ast
import os
import re
import sys
import tomllib
from email import message_from_string
from pathlib import Path

import pytest
import yaml

import qanat
from tests.support.packages import ROOT, Environment, copy_project
from tests.support.sandbox import call

pytestmark = pytest.mark.xdist_group("packaging")
# Modules are not always called like the package that brings them.
PACKAGE_OF = {"markdown_it": "markdown-it-py", "yaml": "pyyaml"}
REPOSITORY = "https://example.org/ada/qanat"


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the project in a folder with a space in its name."""
    return copy_project(tmp_path_factory.mktemp("package") / "the source")


@pytest.fixture(scope="module")
def built(source: Path) -> Path:
    """Return the folder with the sdist, and the wheel that was built from it."""
    folder = source.parent / "dist"
    words = [sys.executable, "-W", "error", "-m", "build", "--no-isolation", "--outdir", str(folder), str(source)]
    call(words, source.parent, env={"QANAT_REPOSITORY": REPOSITORY})
    return folder


@pytest.fixture(scope="module")
def wheel(source: Path, built: Path) -> Environment:
    """Return an environment in which the project is installed as a wheel."""
    environment = Environment(source.parent / "wheel env")
    (file,) = built.glob("*.whl")
    environment.install(str(file))
    return environment


@pytest.fixture(scope="module")
def editable(source: Path) -> Environment:
    """Return an environment in which the project is installed as an editable checkout."""
    environment = Environment(source.parent / "editable env")
    environment.install("--editable", str(source))
    return environment


@pytest.fixture(params=["wheel", "editable"])
def installed(request: pytest.FixtureRequest) -> Environment:
    """Return either of them."""
    environment: Environment = request.getfixturevalue(request.param)
    return environment


def test_the_installed_program_says_the_version_that_is_written_in_the_tree(installed: Environment) -> None:
    result = installed.run("qanat", "--version", cwd=installed.folder)
    assert result.out == f"qanat {qanat.__version__}\n"
    listed = installed.run("python", "-c", "import importlib.metadata as m; print(m.version('qanat'))", cwd=ROOT.parent)
    assert listed.out == f"{qanat.__version__}\n"


def test_the_installed_program_finds_its_schemas_and_does_its_job(installed: Environment, tmp_path: Path) -> None:
    project = tmp_path / "project"
    installed.run("qanat", "init", "--yes", str(project), cwd=tmp_path)
    assert installed.run("qanat", "document", "sty", ".", cwd=project).out == "Wrote qanat.sty\n"
    result = installed.run("qanat", "validate", cwd=project)
    assert result.out == "checked 3 files, no problems found\n"
    installed.run("qanat", "init", "--template", "minimal", "--yes", str(tmp_path / "counts"), cwd=tmp_path)
    assert (
        "words with at least 5 letters"
        in installed.run("qanat", "run", "count", "--least", "5", cwd=tmp_path / "counts").out
    )
    (project / "hello.sh").write_text("echo hello\n")
    words = ["--name", "hello", "--executable", "hello.sh", "--executable_command", "sh"]
    installed.run("qanat", "experiment", "new", *words, cwd=project)
    call(["git", "add", "--all"], project)
    call(["git", "commit", "--quiet", "--message", "hello"], project)
    assert installed.run("qanat", "run", "hello", cwd=project).out == "hello\n"
    file = ".qanat/experiments/hello.yaml"
    with (project / file).open("a") as open_file:
        open_file.write("colour: red\n")
    call(["git", "add", "--all"], project)
    for program in (["qanat", "validate"], ["qanat-validate", file]):
        wrong = installed.run(*program, cwd=project, code=1)
        assert wrong.out.startswith(f"{file}:")
        assert "colour: unknown key" in wrong.out


def test_a_wheel_has_every_module_and_schema_and_nothing_of_the_tests(wheel: Environment, source: Path) -> None:
    def files(folder: Path, kind: str) -> set[str]:
        return {path.relative_to(folder).as_posix() for path in folder.rglob(kind)}

    code = files(source / "qanat", "*.py") | {"py.typed"}
    code |= {f"starting_points/{path}" for path in files(source / "starting_points", "*.py")}
    assert files(wheel.packages / "qanat", "*.py") | files(wheel.packages / "qanat", "py.typed") == code
    assert files(wheel.packages / "qanat_hooks", "*.py") == files(source / "hooks/qanat_hooks", "*.py")
    schemas = files(source / "schemas", "*.json")
    assert len(schemas) >= 6
    assert files(wheel.packages / "qanat/schemas", "*.json") == schemas
    starting = {
        path for path in files(source / "starting_points", "*") if (source / "starting_points" / path).is_file()
    }
    assert ".github/workflows/qanat.yml" in {path.partition("/")[2] for path in starting}
    assert starting <= files(wheel.packages / "qanat/starting_points", "*")
    own = {path.name for path in wheel.packages.iterdir()} - {"outer.pth"}
    assert own == {"qanat", "qanat_hooks", f"qanat-{qanat.__version__}.dist-info"}
    assert list(wheel.packages.glob("*.dist-info/licenses/LICENSE")) != []


def test_what_is_uploaded_passes_the_checks_and_its_readme_has_no_link_that_only_works_in_the_repository(
    wheel: Environment, built: Path, source: Path
) -> None:
    files = sorted(map(str, built.iterdir()))
    assert [Path(file).name for file in files] == [
        f"qanat-{qanat.__version__}-py3-none-any.whl",
        f"qanat-{qanat.__version__}.tar.gz",
    ]
    call([sys.executable, "-m", "twine", "check", "--strict", *files], source)
    call([sys.executable, "-m", "check_wheel_contents", files[0]], source)
    (folder,) = wheel.packages.glob("qanat-*.dist-info")
    metadata = message_from_string((folder / "METADATA").read_text())
    tag = f"v{qanat.__version__}"
    assert f"Repository, {REPOSITORY}" in metadata.get_all("Project-URL", [])
    readme = str(metadata.get_payload())
    links = re.findall(r"\]\((.*?)\)", readme)
    assert f"{REPOSITORY}/blob/{tag}/docs/tutorial.md" in links
    assert f"{REPOSITORY}/raw/{tag}/docs/pictures/scatter.png" in links
    assert [link for link in links if not link.startswith(("https://", "#"))] == []
    assert f"repo: {REPOSITORY}\n" in readme
    assert "- uses: ada/qanat@COMMIT" in readme
    assert "where this repository is" not in readme


def test_manual_pages_and_completion_are_where_man_and_shells_look_for_them(
    installed: Environment, tmp_path: Path
) -> None:
    share = installed.folder / "share"
    names = {path.relative_to(share).as_posix() for path in share.rglob("*") if path.is_file()}
    assert {"man/man1/qanat.1", "man/man1/qanat-run.1"} <= names
    assert {"zsh/site-functions/_qanat", "fish/vendor_completions.d/qanat.fish"} <= names
    script = '. "$1"; COMP_WORDS=(qanat valid) COMP_CWORD=1; _qanat_completion qanat; echo $COMPREPLY'
    path = {"PATH": f"{installed.folder / 'bin'}:{os.environ['PATH']}", "PYTHONPATH": ""}
    words = ["bash", "-c", script, "bash", str(share / "bash-completion/completions/qanat")]
    assert call(words, tmp_path, env=path).out == "validate\n"


def test_an_address_that_is_none_stops_the_build(source: Path, tmp_path: Path) -> None:
    words = [sys.executable, "-m", "hatchling", "metadata", "urls"]
    wrong = call(words, source, env={"QANAT_REPOSITORY": "https://ada:secret@example.org/qanat"}, code=1)
    assert wrong.err == "QANAT_REPOSITORY is not the address of a repository, such as https://HOST/OWNER/qanat\n"


def test_an_editable_install_runs_the_checkout_itself(editable: Environment, source: Path) -> None:
    where = editable.run("python", "-c", "import qanat, qanat_hooks; print(qanat.__file__)", cwd=source.parent).out
    assert where == f"{source}/qanat/__init__.py\n"
    assert not (source / "qanat/schemas").exists()


def test_the_installed_program_answers_a_shell_that_completes(
    installed: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"_QANAT_COMPLETE": "bash_complete", "COMP_WORDS": "qanat\nvalid", "COMP_CWORD": "1"}.items():
        monkeypatch.setenv(name, value)
    assert installed.run("qanat", cwd=installed.folder).out == "plain\nvalidate\n"


def test_it_can_be_started_as_a_module(installed: Environment) -> None:
    result = installed.run("python", "-m", "qanat", "--version", cwd=installed.folder)
    assert result.out == f"qanat {qanat.__version__}\n"


def test_every_import_is_of_the_standard_library_or_of_a_declared_dependency() -> None:
    """What pip installs from the metadata alone, as pre-commit does, must be enough.

    Not counted is what a file imports for types only, or where its absence is caught; and pytest in qanat.testing,
    which is imported by tests alone.
    """
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    packages = {_name(requirement) for requirement in declared}
    own = sys.stdlib_module_names | {"qanat", "qanat_hooks"}
    found = set()
    for file in (*(ROOT / "qanat").rglob("*.py"), *(ROOT / "hooks").rglob("*.py")):
        modules = _needed(ast.parse(file.read_bytes())) - own
        modules -= {"pytest"} if file.parent == ROOT / "qanat/testing" else set()
        found |= {(PACKAGE_OF.get(module, module), file.name) for module in modules}
    assert [pair for pair in sorted(found) if pair[0] not in packages] == []
    assert {package for package, _ in found} == packages


def test_the_recipe_for_conda_is_of_this_version_and_asks_for_the_same() -> None:
    recipe = yaml.safe_load((ROOT / "recipe/recipe.yaml").read_text())
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert recipe["context"]["version"] == qanat.__version__
    assert recipe["context"]["python_min"] == project["requires-python"].removeprefix(">=")
    assert recipe["about"]["summary"] == project["description"]
    assert recipe["build"]["python"]["entry_points"] == [f"{k} = {v}" for k, v in project["scripts"].items()]
    asked = {entry.replace(" ", "") for entry in recipe["requirements"]["run"]}
    wanted = {requirement.replace("_", "-") for requirement in project["dependencies"]}
    assert asked == wanted | {"git", "__linux", "python>=${{python_min}}"}


def _name(requirement: str) -> str:
    found = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert found
    return found[0].lower()


def _needed(tree: ast.Module) -> set[str]:
    for_types: set[ast.AST] = set()
    caught: set[str] = set()
    for node in ast.walk(tree):
        match node:
            case ast.If(test=ast.Name(id="TYPE_CHECKING"), body=body):
                for_types |= {inner for statement in body for inner in ast.walk(statement)}
            case ast.Try(handlers=[ast.ExceptHandler(type=ast.Name(id="ImportError")), *_], body=body):
                inside = (inner for statement in body for inner in ast.walk(statement))
                caught |= {module for inner in inside for module in _imports(inner)}
    return {module for node in ast.walk(tree) if node not in for_types for module in _imports(node)} - caught


def _imports(node: ast.AST) -> set[str]:
    match node:
        case ast.Import(names=names):
            return {alias.name.partition(".")[0] for alias in names}
        case ast.ImportFrom(module=str(module), level=0):
            return {module.partition(".")[0]}
    return set()

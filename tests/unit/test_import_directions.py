"""Who may import whom, and how long a function or a module may be, checked in the source."""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pytest

# One process parses the source for all of these.
pytestmark = pytest.mark.xdist_group("source")
ROOT = Path(__file__).resolve().parents[2]
FUNCTION_LINES_MAX = 60
MODULE_LINES_MAX = 350

# A module may import what begins with one of these names; the standard library always.
ALLOWED = {
    "qanat.errors": (),
    "qanat.domain": ("qanat.domain", "qanat.errors"),
    "qanat.system": ("qanat.system", "qanat.errors", "apprise", "copier"),
    "qanat.records": ("qanat.records", "qanat.domain", "qanat.errors", "qanat.system", "qanat", "yaml", "jsonschema"),
    "qanat.git": ("qanat.git", "qanat.domain", "qanat.errors", "qanat.system", "pygit2"),
    "qanat.runners": ("qanat.runners", "qanat.domain", "qanat.errors", "qanat.system", "htcondor2", "classad2"),
    "qanat.containers": ("qanat.containers", "qanat.domain", "qanat.errors", "qanat.system"),
    "qanat.usecases": (
        "qanat.usecases",
        "qanat.domain",
        "qanat.records",
        "qanat.git",
        "qanat.errors",
        "qanat.system",
        "qanat.runners.protocol",
        "qanat.containers.protocol",
        "qanat.containers.registry",
        "markdown_it",
        "numpy",
        "mlflow",
        "prov",
        "rocrate",
        "qanat",
    ),
    "qanat.web": ("qanat.web", "qanat.domain"),
    "qanat.imports": (
        "qanat.imports",
        "qanat.usecases",
        "qanat.domain",
        "qanat.records",
        "qanat.git",
        "qanat.errors",
        "qanat.system",
        "qanat.metrics_log",
    ),
    "qanat.import_v0": (
        "qanat.import_v0",
        "qanat.imports",
        "qanat.usecases",
        "qanat.domain",
        "qanat.records",
        "qanat.git",
        "qanat.errors",
        "qanat.system",
    ),
    "qanat.cli": (
        "qanat.cli",
        "qanat.usecases",
        "qanat.import_v0",
        "qanat.imports",
        "qanat.web",
        "qanat.domain",
        "qanat.errors",
        "qanat.runners.registry",
        "qanat.containers.registry",
        "qanat",
        "click",
        "questionary",
        "prompt_toolkit",
        "rich",
        "matplotlib",
        "plotext",
    ),
    "qanat.api": ("qanat.api", "qanat.usecases", "qanat.domain", "qanat.errors", "qanat.runners.registry", "pandas"),
    "qanat.testing": (
        "qanat.testing",
        "qanat.runners.api",
        "qanat.runners.registry",
        "qanat.records.storage",
        "qanat.domain",
        "qanat.errors",
        "pytest",
        "yaml",
    ),
    "qanat.__main__": ("qanat.cli.main",),
    "qanat.metrics_log": (),
    "qanat": ("qanat.api", "qanat.metrics_log"),
    "qanat_hooks": ("qanat_hooks", "qanat.usecases", "qanat.errors"),
}

ONLY_IN = {
    "pygit2": ("qanat.git.",),
    "questionary": ("qanat.cli.terminal.prompts",),
    "prompt_toolkit": ("qanat.cli.terminal.prompts", "qanat.cli.terminal.picker"),
    "rich": ("qanat.cli.terminal.tables",),
    "yaml": ("qanat.records.yaml_io", "qanat.testing."),
    "jsonschema": ("qanat.records.schemas",),
    "apprise": ("qanat.system.notifying",),
    "copier": ("qanat.system.rendering",),
    "htcondor2": ("qanat.runners.htcondor.",),
    "classad2": ("qanat.runners.htcondor.",),
    "click": ("qanat.cli.",),
    "sqlite3": ("qanat.records.index", "qanat.import_v0.database", "qanat.system.sqlite_tables"),
    "pandas": ("qanat.api",),
    "numpy": ("qanat.usecases.runs.compare_outputs",),
    "mlflow": ("qanat.usecases.exports.tracking_server",),
    "prov": ("qanat.usecases.exports.prov",),
    "rocrate": ("qanat.usecases.exports.graph",),
    "markdown_it": ("qanat.usecases.references.code_blocks",),
    "matplotlib": ("qanat.cli.terminal.plots",),
    "plotext": ("qanat.cli.terminal.plots",),
}
# The packages inside a package, each with those it may import besides itself; no arrow leads back.
FLOORS = {
    "qanat.usecases": {
        "report": (
            "launch",
            "environment",
            "runs",
            "definitions",
            "checks",
            "tracking",
            "results",
            "merging",
            "project",
        ),
        "references": ("launch", "runs", "definitions", "checks", "tracking", "results", "project"),
        "exports": (
            "review",
            "launch",
            "environment",
            "runs",
            "definitions",
            "checks",
            "tracking",
            "results",
            "merging",
            "packages",
            "project",
        ),
        "cleaning": ("documents", "references", "launch", "runs", "definitions", "tracking", "results", "project"),
        "documents": ("launch", "references", "runs", "definitions", "checks", "tracking", "project"),
        "launch": ("data", "environment", "runs", "definitions", "checks", "tracking", "results", "merging", "project"),
        "runs": ("environment", "definitions", "checks", "tracking", "results", "merging", "project", "packages"),
        "review": ("environment", "checks", "merging", "project"),
        "definitions": ("checks", "merging", "project", "packages"),
        "checks": ("merging", "project"),
        # The only rule about what runs have.
        "checks.rules.documents": ("references", "checks", "tracking"),
        "tracking": ("environment", "results", "merging", "project"),
        "data": ("project",),
        "results": ("project",),
        "merging": ("environment", "project"),
        "environment": ("project",),
        "migrate": ("checks", "project"),
        "project": ("apart", "clock"),
        "apart": (),
        "own_version": (),
        "clock": (),
        "complete_names": (),
        "packages": (),
    },
    "qanat.cli": {
        "main": ("program", "completion", "terminal", "surroundings"),
        "completion": ("program", "lazy", "options", "terminal"),
        "program": ("commands.table", "terminal", "lazy", "options"),
        "commands": (
            "documents",
            "runs",
            "definitions",
            "diff",
            "completion",
            "terminal",
            "lazy",
            "session",
            "options",
        ),
        "commands.table": (),
        "documents": ("runs", "definitions", "terminal", "session", "options"),
        "runs": ("terminal", "session", "options"),
        "definitions": ("terminal", "options"),
        "diff": ("terminal",),
        "terminal": ("session", "options"),
        "session": (),
        "surroundings": (),
        "lazy": ("options",),
        "options": (),
    },
    "qanat.api": {
        "project": (
            "checking",
            "comparing",
            "documents",
            "exporting",
            "launching",
            "plans",
            "runs",
            "progress",
            "opened",
            "spelling",
        ),
        "creating": ("project", "spelling"),
        "checking": ("runs",),
        "comparing": ("html", "opened", "spelling"),
        "plans": ("launching", "opened", "spelling"),
        "documents": ("opened", "spelling"),
        "exporting": ("runs", "opened", "spelling"),
        "runs": ("launching", "html", "groups", "curves", "progress", "opened", "spelling"),
        "launching": ("progress_line", "progress", "opened", "spelling"),
        "progress_line": ("progress",),
        "progress": ("groups",),
        "html": (),
        "groups": ("curves", "spelling"),
        "curves": (),
        "opened": (),
        "spelling": (),
    },
    "qanat.containers": {
        "registry": ("charliecloud", "apptainer", "podman", "docker", "htcondor", "protocol"),
        "podman": ("oci",),
        "docker": ("oci",),
        "oci": ("installed", "protocol"),
        "charliecloud": ("file_images", "installed", "protocol"),
        "apptainer": ("file_images", "installed", "protocol"),
        "htcondor": ("file_images", "protocol"),
        "file_images": ("protocol",),
        "installed": (),
        "protocol": (),
    },
    "qanat.runners": {
        "registry": ("about", "protocol"),
        "api": ("submitting", "protocol"),
        "submitting": ("protocol",),
        "protocol": ("in_process",),
        "in_process": (),
        "about": (),
        # Each built-in runner is a folder with an about.py.
        **{
            about.parent.name: ("submitting", "protocol", "about")
            for about in (ROOT / "qanat" / "runners").glob("*/about.py")
        },
    },
}
WHEN_USED = ONLY_IN.keys() - {"click", "sqlite3"}


@dataclass(frozen=True)
class Module:
    """A source file and the name it is imported by."""

    name: str
    path: Path

    @cached_property
    def tree(self) -> ast.Module:
        """The parsed source."""
        return ast.parse(self.path.read_text(encoding="utf-8"))

    @cached_property
    def nodes(self) -> list[ast.AST]:
        """Everything in the source, as ast.walk lists it."""
        return list(ast.walk(self.tree))

    @cached_property
    def imports(self) -> list[Import]:
        """What it imports, each as what is loaded: `from qanat.git import lock` loads qanat.git.lock."""
        return list(_imports(self))

    @property
    def package(self) -> str:
        """The longest name in ALLOWED that this module belongs to."""
        return max((p for p in ALLOWED if _is_within(self.name, p)), key=len)


@dataclass(frozen=True)
class Import:
    """One imported module; `late` when it is imported only when used, or only for type checking."""

    name: str
    line: int
    late: bool


def _is_within(name: str, package: str) -> bool:
    return name == package or name.startswith(f"{package}.")


def _modules() -> list[Module]:
    found = []
    for top in (ROOT / "qanat", ROOT / "hooks" / "qanat_hooks"):
        for path in sorted(top.rglob("*.py")):
            parts = path.relative_to(top.parent).with_suffix("").parts
            found.append(Module(".".join(parts).removesuffix(".__init__"), path))
    return found


MODULES = _modules()
NAMES = {module.name for module in MODULES}


def _imports(module: Module) -> Iterator[Import]:
    for node, late in _statements(module.tree, late=False):
        if isinstance(node, ast.Import):
            yield from (Import(alias.name, node.lineno, late) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module.name}:{node.lineno}: a relative import"
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield Import(inner if inner in NAMES else str(node.module), node.lineno, late)


def _statements(node: ast.AST, *, late: bool) -> Iterator[tuple[ast.AST, bool]]:
    for child in ast.iter_child_nodes(node):
        inside = late or isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef) or _is_for_type_checking(child)
        yield child, inside
        yield from _statements(child, late=inside)


def _is_for_type_checking(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def _may_import(package: str, name: str) -> bool:
    if name.partition(".")[0] in sys.stdlib_module_names:
        return True
    # "qanat" alone is the package itself (its version), not everything in it.
    return any(name == allowed if allowed == "qanat" else _is_within(name, allowed) for allowed in ALLOWED[package])


def functions(module: Module) -> Iterator[tuple[str, int]]:
    """List the functions and methods of a module with their lengths in lines, decorators left out."""
    for node in module.nodes:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield f"{module.name}.{node.name}", (node.end_lineno or node.lineno) - node.lineno + 1


def test_the_source_is_found() -> None:
    assert {"qanat", "qanat.cli.main", "qanat.domain.run", "qanat_hooks.hook"} <= NAMES


def _imports_where(is_wrong: Callable[[Module, Import], bool]) -> list[str]:
    """List the imports of all modules that are wrong, each with its place."""
    return [f"{m.name}:{i.line}: {i.name}" for m in MODULES for i in m.imports if is_wrong(m, i)]


def test_a_module_imports_only_what_its_package_may() -> None:
    assert _imports_where(lambda module, found: not _may_import(module.package, found.name)) == []


def test_a_library_is_imported_only_where_it_is_at_home() -> None:
    assert _imports_where(lambda module, found: not module.name.startswith(_home(found, module))) == []


def test_a_library_that_takes_long_to_import_is_imported_when_it_is_used() -> None:
    assert _imports_where(lambda _, found: found.name.partition(".")[0] in WHEN_USED and not found.late) == []


def _home(found: Import, module: Module) -> tuple[str, ...]:
    return ONLY_IN.get(found.name.partition(".")[0], (module.name,))


def _room(name: str, package: str, rooms: Mapping[str, object]) -> str:
    """Return the room of a package that a module belongs to; empty when it is the package itself or outside."""
    inner = name.removeprefix(f"{package}.") if name.startswith(f"{package}.") else ""
    return max((room for room in rooms if inner and _is_within(inner, room)), key=len, default="")


@pytest.mark.parametrize("package", FLOORS)
def test_no_arrow_leads_up_inside_a_package(package: str) -> None:
    rooms = FLOORS[package]
    wrong = []
    for module in MODULES:
        room = _room(module.name, package, rooms)
        for found in module.imports if room else ():
            other = _room(found.name, package, rooms)
            if other and other not in (room, *rooms[room]):
                wrong.append(f"{module.name}:{found.line}: {found.name}")
    assert wrong == []


@pytest.mark.parametrize("package", FLOORS)
def test_every_room_of_a_package_has_its_floor(package: str) -> None:
    inner = {m.name.removeprefix(f"{package}.").partition(".")[0] for m in MODULES if m.name.startswith(f"{package}.")}
    assert inner == {room.partition(".")[0] for room in FLOORS[package]}


@pytest.mark.parametrize("package", FLOORS)
def test_the_floors_have_no_circle(package: str) -> None:
    below: set[str] = set()
    rooms = dict(FLOORS[package])
    while rooms:
        lowest = {room for room, others in rooms.items() if set(others) <= below}
        assert lowest, f"a circle among {sorted(rooms)}"
        below |= lowest
        rooms = {room: others for room, others in rooms.items() if room not in lowest}


def test_use_cases_do_not_choose_a_runner() -> None:
    used = {
        found.name
        for module in MODULES
        if module.package == "qanat.usecases"
        for found in module.imports
        if _is_within(found.name, "qanat.runners")
    }
    assert used == {"qanat.runners.protocol"}


def test_a_module_is_not_longer_than_one_can_keep_in_mind() -> None:
    lengths = {module.name: len(module.path.read_text(encoding="utf-8").splitlines()) for module in MODULES}
    assert {name: lines for name, lines in lengths.items() if lines > MODULE_LINES_MAX} == {}


def test_a_function_is_not_longer_than_a_page() -> None:
    lengths = [named for module in MODULES for named in functions(module)]
    assert [(name, lines) for name, lines in lengths if lines > FUNCTION_LINES_MAX] == []


def test_a_module_and_what_it_offers_are_described() -> None:
    assert [name for module in MODULES for name in _undescribed(module)] == []


def _undescribed(module: Module) -> Iterator[str]:
    tree = module.tree
    if tree.body and not ast.get_docstring(tree):
        yield module.name
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            yield from [] if ast.get_docstring(node) else [f"{module.name}.{node.name}"]

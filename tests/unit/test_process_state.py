"""No module keeps anything between two commands of one process: what is remembered belongs to an object."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from tests.unit.test_import_directions import MODULES, Module

pytestmark = pytest.mark.xdist_group("source")
MUTABLE_CALLS = {"list", "dict", "set", "bytearray", "deque", "defaultdict", "OrderedDict", "Counter"}
MUTATORS = {
    *("append", "extend", "insert", "remove", "pop", "clear", "sort", "reverse", "add", "discard", "update"),
    *("setdefault", "popitem", "appendleft", "popleft"),
}
# Functions with a cache, each with why its answers cannot become wrong in a process.
CACHED = {
    "qanat.domain.columns.columns": "reads the annotations of a class",
    "qanat.domain.columns.numbers": "reads the annotations of a class",
    "qanat.domain.equal_values.canonical": "depends on its argument alone",
    "qanat.domain.redaction._looked_for": "depends on its argument alone",
    "qanat.domain.reference.rows": "depends on its argument alone",
    "qanat.domain.reference.target": "depends on its argument alone",
    "qanat.domain.secret_names.kind_of_name": "depends on its argument alone",
    "qanat.domain.secret_shapes._by_character": "takes no argument and asks nothing",
    "qanat.domain.secret_shapes._compiled": "depends on its argument alone",
    "qanat.records.schemas._folder": "finds a folder of the installed program",
    "qanat.records.schemas._schema": "reads a file of the installed program",
    "qanat.records.schemas._validator": "is made of a file of the installed program",
    "qanat.records.yaml_io._key": "depends on its argument alone",
    "qanat.records.yaml_scalars._unprintable": "takes no argument and asks nothing",
}
# Objects of qanat's own classes that modules make when they are imported, each with why it holds no state.
OBJECTS = {
    "qanat.domain.meanings.ABSENT": "stands for a missing value",
    "qanat.usecases.clock.SYSTEM_CLOCK": "asks the system at each call",
}


def _bindings(module: Module) -> Iterator[tuple[str, ast.expr]]:
    """List the names that a module binds at its top, with their values."""
    for node in module.tree.body:
        targets = (
            node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        )
        value = getattr(node, "value", None)
        if isinstance(value, ast.expr):
            yield from ((target.id, value) for target in targets if isinstance(target, ast.Name))


def _called(node: ast.expr) -> str:
    return node.func.id if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else ""


def _is_container(value: ast.expr) -> bool:
    displays = (ast.List, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp)
    return isinstance(value, displays) or _called(value) in MUTABLE_CALLS


def _is_empty(value: ast.expr) -> bool:
    if isinstance(value, ast.Call):
        return _called(value) in MUTABLE_CALLS and not value.args and not value.keywords
    return (isinstance(value, ast.List | ast.Set) and not value.elts) or (
        isinstance(value, ast.Dict) and not value.values
    )


def _changed(module: Module, names: set[str]) -> Iterator[str]:
    """List where a function of a module changes one of the module's containers."""
    functions = [n for n in module.nodes if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
    for node in (inner for function in functions for inner in ast.walk(function)):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=method)) if method in MUTATORS:
                yield from [f"line {node.lineno}: {name}.{method}()"] if name in names else []
            case ast.Subscript(value=ast.Name(id=name), ctx=ast.Store() | ast.Del()) if name in names:
                yield f"line {node.lineno}: {name}[…]"
            case ast.AugAssign(target=ast.Name(id=name)) if name in names:
                yield f"line {node.lineno}: {name} changed in place"
            case ast.Global():
                yield f"line {node.lineno}: global {', '.join(node.names)}"


def _kept(module: Module) -> list[str]:
    """List what a module has for keeping something between two commands."""
    bound = dict(_bindings(module))
    containers = {name for name, value in bound.items() if _is_container(value)}
    empty = [f"{name} is empty, so something must fill it" for name in containers if _is_empty(bound[name])]
    return [*empty, *_changed(module, containers)]


def test_a_module_keeps_nothing_that_changes() -> None:
    assert {module.name: kept for module in MODULES if (kept := _kept(module))} == {}


def _own_classes() -> dict[str, bool]:
    """Return the classes of this project by name, each with whether its objects are frozen."""
    found = {}
    for module in MODULES:
        for node in module.nodes:
            if isinstance(node, ast.ClassDef):
                text = [ast.unparse(decorator) for decorator in node.decorator_list]
                bases = [ast.unparse(base) for base in node.bases]
                found[node.name] = any("frozen=True" in t for t in text) or "NamedTuple" in bases
    return found


def _own_objects() -> set[str]:
    changeable = {name for name, frozen in _own_classes().items() if not frozen}
    return {
        f"{module.name}.{name}"
        for module in MODULES
        for name, value in _bindings(module)
        if _called(value) in changeable and ".cli.commands." not in module.name
    }


def test_a_module_makes_no_object_that_could_remember_something() -> None:
    assert _own_objects() == set(OBJECTS)


def _cached() -> set[str]:
    return {
        f"{module.name}.{node.name}"
        for module in MODULES
        for node in module.nodes
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        for decorator in node.decorator_list
        if ast.unparse(decorator).removeprefix("functools.").partition("(")[0] in ("cache", "lru_cache")
    }


def test_a_function_with_a_cache_depends_on_its_arguments_alone() -> None:
    assert _cached() == set(CACHED)


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("_READY = []", ["_READY is empty, so something must fill it"]),
        ("A: set[str] = set()", ["A is empty, so something must fill it"]),
        ("A = {'a': 1}\ndef f():\n    A['b'] = 2", ["line 3: A[…]"]),
        ("A = [1]\ndef f():\n    A.append(2)", ["line 3: A.append()"]),
        ("A = [1]\ndef f():\n    global A\n    A = []", ["line 3: global A"]),
        ("A = {'a': 1}\ndef f(B):\n    B['b'] = A['a']", []),
    ],
)
def test_what_changes_is_found(source: str, found: list[str], tmp_path_factory: pytest.TempPathFactory) -> None:
    file = tmp_path_factory.mktemp("module") / "m.py"
    file.write_text(source)
    assert _kept(Module("m", file)) == found

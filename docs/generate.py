"""Generate parts of pages: commands from the help, hooks from the rules, and everything that lists schemas or keys.

python docs/generate.py            writes these parts, between marks in the pages
python docs/generate.py --check    lists outdated pages; exit code 1 if there are any
"""

from __future__ import annotations

import inspect
import json
import re
import sys
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import click
from man_pages import SHARE, shared

from qanat.cli.lazy import LazyGroup
from qanat.cli.options import grouped
from qanat.cli.program import qanat
from qanat.records import migrations, schemas
from qanat.usecases.checks.rule import Option, load_rule, rule_ids

_MADE = re.compile(r"^(<!-- \[made .*?\] -->\n).*^(<!-- \[end\] -->\n)", re.MULTILINE | re.DOTALL)
_PATH = re.compile(r"(?:[.]qanat|~/[.]config/qanat)/.*?[.]yaml")
DOCS = Path(__file__).parent
BAR = r"\|"


def commands() -> str:
    """Return the reference of commands; a command with two names is described under the shorter one."""
    root = click.Context(qanat, info_name="qanat")
    parts = list(_listing(("qanat",), qanat, root))
    found = list(_commands(qanat, root))[1:]
    described = {id(command): path for path, command, _ in sorted(found, key=lambda each: -len(each[0]))}
    for path, command, context in found:
        heading = f"{'#' * min(len(path), 3)} {' '.join(path)}"
        same = " ".join(described[id(command)])
        if same != " ".join(path):
            parts.append(f"{heading}\n\nThe same as [{same}](#{_anchor(same)}).\n")
        else:
            parts.append("\n".join([f"{heading}\n", *_described(path, command, context)]))
    return "\n".join(parts)


def _commands(
    command: click.Command, context: click.Context, *above: str
) -> Iterator[tuple[tuple[str, ...], click.Command, click.Context]]:
    path = (*above, str(context.info_name))
    yield path, command, context
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            assert found is not None  # it is in the list
            yield from _commands(found, click.Context(found, info_name=name, parent=context), *path)


def _described(path: tuple[str, ...], command: click.Command, context: click.Context) -> Iterator[str]:
    yield _text(inspect.cleandoc(command.help or ""))
    yield f"```sh\n{' '.join(context.get_usage().removeprefix('Usage: ').split())}\n```\n"
    if isinstance(command, click.Group):
        yield from _listing(path, command, context)
    yield from _options(command, context)
    yield _epilog(command.epilog or "")


def _listing(path: tuple[str, ...], group: click.Group, context: click.Context) -> Iterator[str]:
    """Return a table of commands for each section of the help."""
    sections = group.help_lines() if isinstance(group, LazyGroup) else {"": _first_sentences(group, context)}
    for title, lines in sections.items():
        names = {name: " ".join((*path, name)) for name in lines}
        rows = [(f"[{names[name]}](#{_anchor(names[name])})", _escaped(line)) for name, line in lines.items()]
        yield (f"**{title}**\n\n" if title else "") + _table(("command", "what it does"), rows)


def _first_sentences(group: click.Group, context: click.Context) -> dict[str, str]:
    found = {name: group.get_command(context, name) for name in group.list_commands(context)}
    return {name: command.get_short_help_str(200) for name, command in found.items() if command}


def _options(command: click.Command, context: click.Context) -> Iterator[str]:
    """Return a table of options for each group of them, without --help."""
    groups = {
        title: [_option_row(names, text) for names, text in records.items() if "--help" not in names]
        for title, records in grouped(command, context).items()
    }
    for title, rows in groups.items():
        if rows:
            yield (f"**{title}**\n\n" if len(groups) > 1 else "") + _table(("option", "meaning"), rows)


def _option_row(names: str, text: str) -> tuple[str, str]:
    return f"`{names}`", _escaped(re.sub(r" *\[([^\]]*)\]$", r" (\1)", text))


def _epilog(text: str) -> str:
    """Return an epilog as Markdown: its examples as blocks, its sentences as text."""
    parts = []
    for paragraph in text.split("\n\n"):
        if paragraph.startswith("\b\n"):
            title, _, lines = paragraph.removeprefix("\b\n").partition("\n")
            kind = "yaml" if "file" in title else "sh"
            parts.append(f"{title}\n\n```{kind}\n{textwrap.dedent(lines).rstrip()}\n```\n")
        elif paragraph.strip():
            parts.append(_text(paragraph))
    return "\n".join(parts)


def _text(text: str) -> str:
    """Return sentences escaped for Markdown, in lines of at most 120 characters."""
    paragraphs = [" ".join(part.split()) for part in text.split("\n\n")]
    return "\n\n".join(textwrap.fill(_escaped(part), 120, break_on_hyphens=False) for part in paragraphs) + "\n"


def _escaped(text: str) -> str:
    return re.sub(r"([*<\[\]])", r"\\\1", text)


def _anchor(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def _table(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head, *lines = (f"| {' | '.join(cell.replace('|', BAR) for cell in row)} |" for row in (headers, *rows))
    return "\n".join([head, f"|{'---|' * len(headers)}", *lines, ""])


def files() -> str:
    """Return the reference of files: a section for the newest schema of each kind, and the forms that they use."""
    parts, forms = list[str](), dict[str, Any]()
    for kind in sorted(schemas.KINDS):
        schema = schemas.schema(kind)
        rows = [_key_row(*row) for row in _keys(schema, schema)]
        older = f"\n{_older(migrations.newest(kind))}\n" if migrations.newest(kind) > 1 else ""
        parts.append(f"## {kind}\n\n{_PATH.sub(_code, schema['description'])}\n{older}")
        parts.append(_table(("key", "what it is", "form", "for example"), rows))
        forms |= {name: form for name, form in schema["$defs"].items() if _is_form(form)}
    parts.append("## Forms\n")
    parts.append(_table(("form", "what it is"), [(f"*{name}*", _form_text(forms[name])) for name in sorted(forms)]))
    return "\n".join(parts)


def _older(newest: int) -> str:
    before = "version 1" if newest == 2 else f"versions 1 to {newest - 1}"
    return f"This is version {newest}. Files in {before} are read too, and `qanat migrate` updates them."


def _code(match: re.Match[str]) -> str:
    return f"`{match[0]}`"


def _keys(schema: Mapping[str, Any], node: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any, Any, bool]]:
    """Yield each key below a node: its path, what is stated there, what that refers to, whether it is required."""
    for name, stated in node.get("properties", {}).items():
        meant = _meant(schema, stated)
        path = f"{above}{name}"
        yield path, stated, meant, name in node.get("required", ())
        yield from _keys(schema, meant, f"{path}.")
        for alternative in meant.get("anyOf", ()):
            yield from _keys(schema, _meant(schema, alternative), f"{path}.")
        yield from _keys(schema, _meant(schema, meant.get("items", {})), f"{path}[].")
        if isinstance(below := meant.get("additionalProperties"), dict):
            yield from _keys(schema, _meant(schema, below), f"{path}.<name>.")


def _meant(schema: Mapping[str, Any], node: Mapping[str, Any]) -> Mapping[str, Any]:
    reference = node.get("$ref")
    found: Mapping[str, Any] = schema["$defs"][reference.rpartition("/")[2]] if reference else node
    if "anyOf" not in found:
        return found
    # A form is named by its reference; of anything else, its type is stated.
    return {**found, "anyOf": [a if _is_form(m := _meant(schema, a)) else m for a in found["anyOf"]]}


def _key_row(path: str, stated: Mapping[str, Any], meant: Mapping[str, Any], must: bool) -> tuple[str, str, str, str]:
    key = f"**`{path}`**" if must else f"`{path}`"
    name = stated.get("$ref", "").rpartition("/")[2]
    form = f"*{name}*" if name and _is_form(meant) else _form(meant)
    examples = stated.get("examples", meant.get("examples", ()))
    return key, _escaped(stated["description"]), form, _value(examples[0]) if examples else ""


def _is_form(node: Mapping[str, Any]) -> bool:
    return not {"properties", "additionalProperties"} & node.keys()


def _form(node: Mapping[str, Any]) -> str:
    if "const" in node:
        return _value(node["const"])
    if "enum" in node:
        return " or ".join(_value(value) for value in node["enum"])
    if "anyOf" in node:
        return " or ".join(dict.fromkeys(map(_alternative, node["anyOf"])))
    kinds = [node["type"]] if isinstance(node.get("type"), str) else node.get("type", ["anything"])
    items = node.get("items", {})
    item = f"*{items['$ref'].rpartition('/')[2]}*" if "$ref" in items else items.get("type", "")
    words = {"object": "mapping", "array": f"list of {item}" if isinstance(item, str) and item else "list"}
    return " or ".join(words.get(kind, kind) for kind in kinds)


def _alternative(node: Mapping[str, Any]) -> str:
    return f"*{node['$ref'].rpartition('/')[2]}*" if "$ref" in node else _form(node)


def _form_text(form: Mapping[str, Any]) -> str:
    values = f" {_form(form)}." if "enum" in form else ""
    example = f" For example {_value(form['examples'][0])}." if form.get("examples") else ""
    return f"{_escaped(form['description'])}{values}{example}"


def _value(value: Any) -> str:
    text = value if isinstance(value, str) and value else json.dumps(value, ensure_ascii=False)
    return f"`{text}`"


FILES = {
    "config": ".qanat/config.yaml",
    "experiment": ".qanat/experiments/*.yaml",
    "dataset": ".qanat/datasets/*.yaml",
    "template": ".qanat/templates/*/*.yaml",
    "document": ".qanat/documents/*.yaml",
    "run": ".qanat/runs/*/*/*.yaml",
    "environment": ".qanat/environments/*.yaml",
    "machine": ".qanat/environments/machines/*.yaml",
    "plan": ".qanat/plans/*.yaml",
    "view": ".qanat/views/*.yaml",
    "pack": ".qanat/packs/*.yaml",
    "settings": ".config/qanat/settings.yaml",
}


def editors() -> str:
    """Return the setting that tells VS Code the newest schema of each kind."""
    setting = {f".qanat/cache/schemas/{schemas.file_name(kind)}": files for kind, files in FILES.items()}
    return f"```json\n{json.dumps({'yaml.schemas': setting}, indent=2)}\n```\n"


def versions() -> str:
    """Return the table of all schemas, with the version of qanat with which each was released."""
    released = json.loads((SCHEMAS / "released.json").read_text())
    rows = [
        (
            f"`{kind}`",
            str(version),
            f"[{(name := schemas.file_name(kind, version))}]({name})",
            released.get(name, {"since": "open"})["since"],
            _path_of(schemas.schema(kind, version)),
        )
        for kind in FILES
        for version in range(1, migrations.newest(kind) + 1)
    ]
    return _table(("kind", "version", "schema", "released", "files"), rows)


def _path_of(schema: Mapping[str, Any]) -> str:
    found = _PATH.search(schema["description"])
    assert found is not None  # every schema says what it is for
    return f"`{found[0]}`"


def hooks() -> str:
    """Return the table of rules, each with its hook."""
    rules = map(load_rule, rule_ids())
    rows = [(f"`qanat-{rule.id}`", _escaped(rule.refuses) + _taken(rule.options)) for rule in rules]
    return _table(("hook", "what it refuses"), rows)


def _taken(options: Sequence[Option]) -> str:
    return f" ({', '.join(f'`{each.flag} {each.metavar}`' for each in options)})" if options else ""


def catalogue() -> str:
    """Return the catalogue of the schemas, in the format of SchemaStore's."""
    entries = []
    for kind, files in FILES.items():
        urls = {str(n): f"{STORE}/qanat-{kind}-{n}.json" for n in range(1, migrations.newest(kind) + 1)}
        entries.append(
            {
                "name": f"qanat {kind}",
                "description": f"{schemas.schema(kind)['description'].partition(':')[0]}.",
                "fileMatch": [f"**/{files}"],
                "url": [*urls.values()][-1],
                "versions": urls,
            }
        )
    content = {"$schema": f"{STORE}/schema-catalog.json", "version": 1, "schemas": entries}
    return f"{json.dumps(content, indent=2)}\n"


STORE = "https://json.schemastore.org"
SCHEMAS = DOCS.parent / "schemas"
PARTS = {
    DOCS / "commands.md": commands,
    DOCS / "files.md": files,
    DOCS / "editors.md": editors,
    DOCS / "review.md": hooks,
    SCHEMAS / "README.md": versions,
}


def main() -> int:
    """Write the outdated files, or list them; return the exit code."""
    wanted = {page: _with(page.read_text(), part()) for page, part in PARTS.items()}
    wanted[SCHEMAS / "catalog.json"] = catalogue()
    wanted |= shared()
    present = {path: path.read_text() for path in {*wanted, *SHARE.rglob("*")} if path.is_file()}
    stale = sorted(path for path in {*wanted, *present} if wanted.get(path) != present.get(path))
    for path in stale:
        name = path.relative_to(DOCS.parent)
        if sys.argv[1:] == ["--check"]:
            print(f"{name} is not up to date; write it again: python docs/generate.py")
        elif path in wanted:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(wanted[path])
            print(f"{name} written")
        else:
            path.unlink()
            print(f"{name} removed")
    return 1 if stale and sys.argv[1:] == ["--check"] else 0


def _with(page: str, part: str) -> str:
    return _MADE.sub(lambda marks: f"{marks[1]}\n{part}\n{marks[2]}", page)


if __name__ == "__main__":
    sys.exit(main())

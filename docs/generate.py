"""Write what is made of something else in two pages: the commands of the help, the files of the schemas.

python docs/generate.py            writes it, between the marks that are in the pages
python docs/generate.py --check    names the pages that are not up to date; exit code 1 when there is one
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

from qanat.cli.lazy import LazyGroup
from qanat.cli.program import qanat

_MADE = re.compile(r"^(<!-- \[made .*?\] -->\n).*^(<!-- \[end\] -->\n)", re.MULTILINE | re.DOTALL)
_PATH = re.compile(r"[.]qanat/.*?[.]yaml")
DOCS = Path(__file__).parent
SCHEMAS = DOCS.parent / "schemas"
BAR = r"\|"


def commands() -> str:
    """Write the reference of commands."""
    parts = []
    described: dict[int, str] = {}
    for path, command, context in _commands(qanat, click.Context(qanat, info_name="qanat")):
        heading = f"{'#' * min(len(path), 3)} {' '.join(path)}"
        if len(path) == 1:
            parts.append(_table(("command", "what it does"), _listing(path, command, context)))
        elif id(command) in described:
            same = described[id(command)]
            parts.append(f"{heading}\n\nThe same as [{same}](#{_anchor(same)}).\n")
        else:
            described[id(command)] = " ".join(path)
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
        yield _table(("command", "what it does"), _listing(path, command, context))
    options = [_option(p, context) for p in command.params if isinstance(p, click.Option)]
    if options:
        yield _table(("option", "meaning"), options)
    yield _epilog(command.epilog or "")


def _listing(path: tuple[str, ...], command: click.Command, context: click.Context) -> list[tuple[str, str]]:
    assert isinstance(command, click.Group)
    rows = []
    for name in command.list_commands(context):
        whole = " ".join((*path, name))
        found = command.get_command(context, name)
        help_line = _help_lines(command, context).get(name) or (found.get_short_help_str(200) if found else "")
        rows.append((f"[{whole}](#{_anchor(whole)})", help_line))
    return rows


def _help_lines(group: click.Command, context: click.Context) -> Mapping[str, str]:
    return {name: group.line_of(name) for name in group.list_commands(context)} if isinstance(group, LazyGroup) else {}


def _option(option: click.Option, context: click.Context) -> tuple[str, str]:
    """Give an option's names, without the spelling with - of one that has a _, and what it means."""
    record = option.get_help_record(context)
    assert record is not None  # none is hidden
    names: dict[str, str] = {}
    metavar = ""
    for part in record[0].split(", "):
        name, _, metavar = part.partition(" ")
        names.setdefault(name.replace("_", "-"), name)
    written = f"{', '.join(names.values())} {metavar}".rstrip()
    return f"`{written}`", _escaped(re.sub(r" *\[([^\]]*)\]$", r" (\1)", record[1]))


def _epilog(text: str) -> str:
    """Write an epilog: its examples as blocks, its sentences as text."""
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
    """Write sentences so that Markdown shows them as they are, in lines of at most 120."""
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
    """Write the reference of files, one section for each schema, and the forms that all of them use."""
    parts, forms = list[str](), dict[str, Any]()
    schemas = [json.loads(path.read_text()) for path in sorted(SCHEMAS.glob("*.v*.schema.json"))]
    for schema in schemas:
        kind = schema["$id"].split(":")[-2]
        rows = [_key_row(*row) for row in _keys(schema, schema)]
        parts.append(f"## {kind}\n\n{_PATH.sub(_code, schema['description'])}\n")
        parts.append(_table(("key", "what it is", "form", "for example"), rows))
        forms |= {name: form for name, form in schema["$defs"].items() if _is_form(form)}
    parts.append("## Forms\n")
    parts.append(_table(("form", "what it is"), [(f"*{name}*", _form_text(forms[name])) for name in sorted(forms)]))
    return "\n".join(parts)


def _code(match: re.Match[str]) -> str:
    return f"`{match[0]}`"


def _keys(schema: Mapping[str, Any], node: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any, Any, bool]]:
    """Give each key below a node by its path, with what is said where it stands, what it refers to, if it must be."""
    for name, stated in node.get("properties", {}).items():
        meant = _meant(schema, stated)
        path = f"{above}{name}"
        yield path, stated, meant, name in node.get("required", ())
        yield from _keys(schema, meant, f"{path}.")
        yield from _keys(schema, _meant(schema, meant.get("items", {})), f"{path}[].")
        if isinstance(below := meant.get("additionalProperties"), dict):
            yield from _keys(schema, _meant(schema, below), f"{path}.<name>.")


def _meant(schema: Mapping[str, Any], node: Mapping[str, Any]) -> Mapping[str, Any]:
    reference = node.get("$ref")
    found: Mapping[str, Any] = schema["$defs"][reference.rpartition("/")[2]] if reference else node
    return found


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
    kinds = [node["type"]] if isinstance(node.get("type"), str) else node.get("type", ["anything"])
    items = node.get("items", {})
    item = f"*{items['$ref'].rpartition('/')[2]}*" if "$ref" in items else items.get("type", "")
    words = {"object": "mapping", "array": f"list of {item}" if isinstance(item, str) and item else "list"}
    return " or ".join(words.get(kind, kind) for kind in kinds)


def _form_text(form: Mapping[str, Any]) -> str:
    values = f" {_form(form)}." if "enum" in form else ""
    example = f" For example {_value(form['examples'][0])}." if form.get("examples") else ""
    return f"{_escaped(form['description'])}{values}{example}"


def _value(value: Any) -> str:
    text = value if isinstance(value, str) and value else json.dumps(value, ensure_ascii=False)
    return f"`{text}`"


PARTS = {"commands.md": commands, "files.md": files}


def main() -> int:
    """Write what is not up to date in the pages, or name them; give the exit code."""
    pages = {DOCS / name: part() for name, part in PARTS.items()}
    stale = {page: new for page, part in pages.items() if (new := _with(page.read_text(), part)) != page.read_text()}
    if sys.argv[1:] == ["--check"]:
        for page in stale:
            print(f"docs/{page.name} is not up to date; write it anew: python docs/generate.py")
        return 1 if stale else 0
    for page, text in stale.items():
        page.write_text(text)
        print(f"docs/{page.name} written")
    return 0


def _with(page: str, part: str) -> str:
    return _MADE.sub(lambda marks: f"{marks[1]}\n{part}\n{marks[2]}", page)


if __name__ == "__main__":
    sys.exit(main())

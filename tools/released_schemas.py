"""The schemas that are released, and never change again: `schemas/released.json` has the digest of each.

python tools/released_schemas.py VERSION         releases those that are open, with this version of qanat
python tools/released_schemas.py --store FOLDER  writes what a pull request to SchemaStore adds
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
LIST = "released.json"
STORE = "https://json.schemastore.org"
DRAFT_7 = "http://json-schema.org/draft-07/schema#"
_NAME = re.compile(r"([a-z]+)[.]v([0-9]+)[.]schema[.]json")

Released = dict[str, dict[str, str]]


def released(folder: Path) -> Released:
    """Return the released schemas of a folder by file name: each with its digest, and with what it was released."""
    found: Released = json.loads((folder / LIST).read_text())
    return found


def problems(folder: Path) -> list[str]:
    """List the released schemas that were edited or deleted, each with what to do instead."""
    return [
        f"schemas/{name} was released with qanat {known['since']}, so people have files in it: it must not change. "
        f"Undo that (git log -- schemas/{name}), and make the change in a new version; CONTRIBUTING.md says how."
        for name, known in released(folder).items()
        if not (folder / name).is_file() or _digest(folder / name) != known["sha256"]
    ]


def release(folder: Path, version: str) -> list[str]:
    """Release the schemas that are open, and return their names. Raises ValueError if released ones have changed."""
    if not re.fullmatch(r"[0-9]+[.][0-9]+[.][0-9]+", version):
        raise ValueError(f"{version} is not a version such as 0.2.0")
    if wrong := problems(folder):
        raise ValueError("\n".join(wrong))
    known = released(folder)
    new = [file for file in sorted(folder.glob("*.schema.json")) if file.name not in known]
    known |= {file.name: {"since": version, "sha256": _digest(file)} for file in new}
    (folder / LIST).write_text(f"{json.dumps(dict(sorted(known.items())), indent=2)}\n")
    return [file.name for file in new]


def for_store(folder: Path, examples: Path, store: Path) -> list[str]:
    """Write released schemas, examples of their files, and the catalogue, as SchemaStore has them; return the names."""
    names = []
    for file in map(folder.joinpath, released(folder)):
        ((kind, version),) = _NAME.findall(file.name)
        name = f"qanat-{kind}-{version}"
        # That store tests schemas as draft 7, whose servers of editors know best, and finds them by their address.
        schema = {**json.loads(file.read_text()), "$schema": DRAFT_7, "$id": f"{STORE}/{name}.json"}
        _write(store / f"src/schemas/json/{name}.json", f"{json.dumps(schema, indent=2, ensure_ascii=False)}\n")
        for verdict, tests in (("valid", "test"), ("invalid", "negative_test")):
            found = next((p for p in (f"{kind}.v{version}", kind) if (examples / verdict / p).is_dir()), kind)
            shutil.copytree(examples / verdict / found, store / f"src/{tests}/{name}")
        names.append(name)
    content = json.loads((folder / "catalog.json").read_text())
    _write(store / "src/api/json/catalog.json", f"{json.dumps(content, indent=2)}\n")
    return names


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def main() -> int:
    """Release the open schemas, or write those that are released for SchemaStore; return the exit code."""
    folder = ROOT / "schemas"
    match sys.argv[1:]:
        case ["--store", store]:
            print("\n".join(for_store(folder, ROOT / "tests/data/schemas", Path(store))))
        case [version]:
            try:
                print("\n".join(release(folder, version)) or "no schema is open")
            except ValueError as error:
                print(error, file=sys.stderr)
                return 1
        case _:
            print(__doc__, file=sys.stderr)
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())

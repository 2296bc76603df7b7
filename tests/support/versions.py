"""Records in earlier versions of their schema, as people have them in their repositories."""

from __future__ import annotations

import re
from pathlib import Path

from qanat.records import run_codec
from tests.support.sandbox import Sandbox

V1 = Path(__file__).parents[1] / "data/records/v1"


def add(sandbox: Sandbox, *names: str) -> list[str]:
    """Add run/1 records of tests/data/records to a project, without committing them; return their paths."""
    paths = []
    for name in names:
        data = (V1 / f"run/{name}.yaml").read_bytes()
        paths.append(run_codec.path_of(run_codec.decode(data, name)))
        sandbox.write(paths[-1], data.decode())
    return paths


def as_run_1(sandbox: Sandbox) -> None:
    """Turn the records of local runs into run/1, as if an earlier qanat had written them, and commit them."""
    for file in sandbox.record_files():
        text = file.read_text()
        assert "details:" not in text
        assert text.startswith("schema: run/2\n")
        file.write_text(in_run_1(text))
    sandbox.commit("records of an earlier qanat")


def in_run_1(text: str) -> str:
    """Return the record of a local run in run/1, without what only run/2 has."""
    without_key = re.sub(r"(?m)^key:\n(  .*\n)+|^key: \{.*\n|, key: [^,}]*", "", text)
    without_hashes = re.sub(r"(?m)^(?:environment|machine): .*\n|, machine: '?[0-9a-f]{16}'?", "", without_key)
    return re.sub(r", (outputs|used): \{[^}]*\}", "", without_hashes.replace("run/2", "run/1", 1))


def versions(sandbox: Sandbox) -> list[str]:
    """List the versions of the records, in the order of their numbers."""
    return [str(record["schema"]) for record in sandbox.records()]

"""What is wrong with the references of documents."""

from __future__ import annotations

import pytest

from qanat.usecases.documents.values import Doubts, doubts
from qanat.usecases.references.known_runs import KnownRuns
from tests.support.world import World

DOCUMENT = "schema: document/2\nname: NAME\npath: NAME\n"


def test_runs_are_read_once_for_all_documents(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = {"a": "<!-- qanat:1:acc -->?<!-- /qanat -->\n", "b": "<!-- qanat:2:acc", "c": "no reference\n"}
    files = {f"{name}/{name}.md": text for name, text in texts.items()}
    files |= {f".qanat/documents/{name}.yaml": DOCUMENT.replace("NAME", name) for name in (*texts, "gone")}
    world.commit(**files)
    read, counted = KnownRuns.of, list[object]()
    monkeypatch.setattr(KnownRuns, "of", lambda *given: (counted.append(given), read(*given))[1])
    documents = [world.project.document(name) for name in (*texts, "gone")]
    assert doubts(world.project, world, documents) == [
        Doubts(["a/a.md:1: 1:acc: run 1 does not exist"], "see: qanat document check a"),
        Doubts(["b/b.md:1: the comment is not closed"], "see: qanat document check b"),
        Doubts([], ""),
        Doubts(("document gone: its folder gone does not exist",), ""),
    ]
    assert len(counted) == 1

"""Places in files of YAML, as messages name them."""

from __future__ import annotations

import pytest

from qanat.domain.key_path import KeyPath, in_words


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ((), ""),
        (("name",), "name"),
        (("actions", "plot", "executable"), "actions.plot.executable"),
        (("datasets", 0), "item 1 of datasets"),
        (("metrics", 1, "file"), "file in item 2 of metrics"),
        (("metrics", 1, "keys", 0), "item 1 of keys in item 2 of metrics"),
        (("groups", 3, "state"), "groups.3.state"),
    ],
)
def test_items_of_lists_are_counted_as_people_count(path: KeyPath, words: str) -> None:
    assert in_words(path) == words

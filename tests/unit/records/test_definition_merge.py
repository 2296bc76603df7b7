"""Merging definitions key by key: the result means what both sides mean, and keeps the lines they wrote."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qanat.domain.merging import CannotMerge, merge_values
from qanat.errors import InputInvalid
from qanat.records import definition_merge, yaml_io
from tests.support.strategies import stable

BASE = """\
# At the top.

schema: dataset/1
name: iris
# Where it is.
path: data/iris
description: |
  Flowers,
  # not a comment,

  measured.
# At the end.
"""
VALUES = st.sampled_from(["a", "b # c", "two\n\nlines\n# here\n", "", 1, 1.0, True, None, [], ["x"], ["y", "z"]])
CONTENTS = st.dictionaries(
    st.sampled_from(["name", "path", "tags", "a b", "#"]),
    VALUES | st.dictionaries(st.sampled_from("pq"), VALUES, max_size=2),
    max_size=5,
)


def together(base: str, ours: str, theirs: str) -> str:
    return definition_merge.merge(*(text.encode() for text in (base, ours, theirs)), "iris.yaml").decode()


def test_each_key_has_the_lines_of_the_side_that_changed_it() -> None:
    ours = BASE.replace("# Where it is.\npath: data/iris", "# Ours.\npath:   'data/ours'  # moved")
    theirs = BASE.replace("  Flowers,\n", "  Plants,\n") + "tags:\n  - new\n"
    expected = ours.replace("  Flowers,\n", "  Plants,\n") + "tags:\n  - new\n"
    assert together(BASE, ours, theirs) == expected
    assert together(BASE, theirs, ours) == expected


def test_comments_alone_are_a_change_as_well() -> None:
    ours = BASE.replace("# Where it is.", "# Where it is now.")
    theirs = BASE.replace("# At the top.", "# At the very top.").replace("name: iris\n", "name: iris\ntags: [x]\n")
    assert together(BASE, ours, theirs).startswith("# At the very top.\n")
    assert "# Where it is now.\npath: data/iris\n" in together(BASE, ours, theirs)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (BASE.replace("data/iris", "a"), BASE.replace("data/iris", "b")),
        (BASE.replace("# Where it is.", "# Ours."), BASE.replace("# Where it is.", "# Theirs.")),
        (BASE.replace("path: data/iris\n", ""), BASE.replace("data/iris", "b")),
        ("{schema: dataset/1, name: a}\n", BASE.replace("data/iris", "b")),
        ("- a\n", BASE),
    ],
)
def test_what_has_no_one_answer_is_left_to_git(ours: str, theirs: str) -> None:
    for sides in ((ours, theirs), (theirs, ours)):
        with pytest.raises(CannotMerge):
            together(BASE, *sides)


def test_a_side_that_is_no_yaml_is_said() -> None:
    with pytest.raises(InputInvalid):
        together(BASE, "a: [\n", BASE)


@stable
@given(CONTENTS, CONTENTS, CONTENTS)
def test_the_merged_text_means_what_the_merged_keys_mean(base: dict, ours: dict, theirs: dict) -> None:
    texts = [yaml_io.dump(content).decode() for content in (base, ours, theirs)]
    try:
        text = together(*texts)
    except CannotMerge:
        return
    found = yaml_io.load(text.encode(), "iris.yaml")
    plain = [{k: v for k, v in content.items() if k != "tags"} for content in (base, ours, theirs)]
    assert {k: v for k, v in found.items() if k != "tags"} == merge_values(*plain)
    lists = [content.get("tags") for content in (ours, theirs)]
    if all(isinstance(tags, list) for tags in lists) and "tags" not in base:
        assert set(found["tags"]) == {tag for tags in lists for tag in tags}


@stable
@given(CONTENTS, CONTENTS)
def test_what_one_side_changed_comes_out_as_it_wrote_it(base: dict, ours: dict) -> None:
    before, after = (yaml_io.dump(content).decode() for content in (base, ours))
    if base and ours:
        assert together(before, after, before) == after
        assert yaml_io.load(together(before, before, after).encode(), "") == ours

"""Manifests: a list of files that is read back unchanged, and what a record keeps of it."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qanat.domain.outputs import OutputFile, Outputs, decode, digest, encode, summarise
from tests.support.strategies import stable

A, B = OutputFile("a.txt", 5, "0" * 64), OutputFile("deep/b c.bin", 2**42, None)


def test_the_list_has_a_line_for_each_file_ordered_by_path() -> None:
    assert encode([B, A]).decode().splitlines() == [
        f'{{"path": "a.txt", "size": 5, "sha256": "{"0" * 64}"}}',
        '{"path": "deep/b c.bin", "size": 4398046511104, "sha256": null}',
    ]


def test_a_record_keeps_counts_and_the_beginning_of_the_digest_of_the_list() -> None:
    found = hashlib.sha256(encode([A, B])).hexdigest()[:32]
    assert summarise([B, A]) == Outputs(2, 5 + 2**42, found, by_size=1)
    assert digest(encode([A, B])) == found


parts = st.text(st.characters(exclude_characters="/"), min_size=1).filter(lambda part: part not in (".", ".."))
paths = st.lists(parts, min_size=1, max_size=3).map("/".join) | st.sampled_from(["\udcff", "new\nline", "é\x85\u2028"])


@stable
@given(st.dictionaries(paths, st.tuples(st.integers(0), st.none() | st.just("ab")), max_size=5))
def test_a_list_is_read_back_unchanged_whatever_the_names_of_files_are(
    files: dict[str, tuple[int, str | None]],
) -> None:
    listed = [OutputFile(path, *rest) for path, rest in sorted(files.items())]
    assert decode(encode(listed)) == listed


@pytest.mark.parametrize(
    "data",
    [
        b"[]\n",
        b"not JSON\n",
        b'{"path": "a", "size": 1}\n',
        b'{"path": 1, "size": 1, "sha256": null}\n',
        b'{"path": "a", "size": "1", "sha256": null}\n',
        b'{"path": "a", "size": true, "sha256": null}\n',
        b'{"path": "a", "size": 1, "sha256": 2}\n',
        b'{"path": "b", "size": 1, "sha256": null}\n{"path": "a", "size": 1, "sha256": null}\n',
        b'{"path": "a", "size": 1, "sha256": null}\n' * 2,
        b'{"path": "a", "size": 1, "sha256": null}\n\n',
        b'{"path": "a", "size": 1, "sha256": null}',
        b'{"path": "../a", "size": 1, "sha256": null}\n',
        b'{"path": "/a", "size": 1, "sha256": null}\n',
        b"\xff\n",
    ],
)
def test_what_is_no_list_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=" "):
        decode(data)

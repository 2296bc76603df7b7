"""Git's own merge of three texts."""

from __future__ import annotations

from pathlib import Path

from qanat.git import text_merge


def merged(folder: Path, base: str, ours: str, theirs: str, marker_size: int = 7) -> tuple[int, str]:
    """Merge three texts; return the answer and the text."""
    paths = [folder / name for name in ("ours", "base", "theirs")]
    for path, text in zip(paths, (ours, base, theirs), strict=True):
        path.write_text(text)
    return text_merge.merge(*paths, marker_size), paths[0].read_text()


def test_lines_of_both_sides_are_put_together(tmp_path: Path) -> None:
    assert merged(tmp_path, "a\n1\n2\nb\n", "A\n1\n2\nb\n", "a\n1\n2\nB\n") == (0, "A\n1\n2\nB\n")


def test_conflicts_are_marked_and_counted(tmp_path: Path) -> None:
    between = "".join(f"{number}\n" for number in range(1, 10))
    status, text = merged(tmp_path, f"a\n{between}b\n", f"x\n{between}x\n", f"y\n{between}y\n", 5)
    assert status == 2
    assert text.startswith("<<<<< ours\nx\n=====\ny\n>>>>> theirs\n1\n")

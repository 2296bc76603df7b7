"""What a commit has at a path."""

from __future__ import annotations

from qanat.git import content
from tests.support.repository import Repository


def test_a_file_and_a_folder_have_an_id_and_a_number_of_files(repository: Repository) -> None:
    commit = repository.commit(**{"data/a": "1", "data/b/c": "2"})
    (repository.root / "data/link").symlink_to("a")
    with_link = repository.commit()
    file, folder = content.at(repository.location, commit, "data/a"), content.at(repository.location, commit, "data")
    assert file == content.Content(f"blob:{repository.git('rev-parse', 'HEAD:data/a')}", 1)
    assert folder == content.Content(f"tree:{repository.git('rev-parse', f'{commit}:data')}", 2)
    later = content.at(repository.location, with_link, "data")
    assert later
    assert later.files == 3


def test_there_is_nothing_at_other_paths(repository: Repository) -> None:
    commit = repository.commit(**{"data/a": "1"})
    for path in ("nothing", "data/a/b", "../x"):
        assert content.at(repository.location, commit, path) is None
    assert content.at(repository.location, "0" * 40, "data") is None

"""The repository's own settings."""

from __future__ import annotations

import pytest

from qanat.errors import GitRefused
from qanat.git import config
from tests.support.repository import Repository


def test_a_setting_is_what_git_finds(repository: Repository) -> None:
    here = repository.location
    assert config.get(here, "a.b") == ""
    config.set_one(here, "a.b", "one two")
    assert config.get(here, "a.b") == "one two"
    assert config.get(here, "user.name") == "Ada Lovelace"


def test_a_setting_may_have_several_values(repository: Repository) -> None:
    here = repository.location
    assert config.get_all(here, "a.b") == []
    config.add(here, "a.b", "one")
    config.add(here, "a.b", "two")
    assert config.get_all(here, "a.b") == ["one", "two"]
    config.set_one(here, "a.b", "three")
    assert config.get_all(here, "a.b") == ["three"]
    assert repository.git("config", "--local", "a.b") == "three"


def test_a_setting_that_cannot_be_is_refused(repository: Repository) -> None:
    for write in (config.set_one, config.add):
        with pytest.raises(GitRefused, match="git config failed"):
            write(repository.location, "nothing", "x")

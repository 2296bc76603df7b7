"""The settings of a user: where they are, what they may say, and who may write to them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from qanat.domain.notification import Message, Notify
from qanat.errors import InputInvalid
from qanat.records import user_settings


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the file of this user's settings, in a folder that exists."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    (tmp_path / "qanat").mkdir()
    return tmp_path / "qanat" / "settings.yaml"


def refusal() -> InputInvalid:
    with pytest.raises(InputInvalid) as caught:
        user_settings.notify()
    return caught.value


def test_settings_are_in_the_folder_of_the_user_and_not_in_a_relative_one(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert user_settings.path() == file
    for value in ("", "config", "."):
        monkeypatch.setenv("XDG_CONFIG_HOME", value)
        assert user_settings.path() == Path.home() / ".config/qanat/settings.yaml"


def test_without_a_file_or_without_a_way_nobody_is_notified(file: Path) -> None:
    assert user_settings.notify() is None
    assert not user_settings.exists()
    for text in ("", "notify: {}\n", "notify: {when: [ended]}\n"):
        file.write_text(f"schema: settings/1\n{text}")
        assert user_settings.notify() is None
    assert user_settings.exists()


def test_what_is_left_out_has_a_default(file: Path) -> None:
    file.write_text("schema: settings/1\nnotify: {command: [say, '{title}']}\n")
    assert user_settings.notify() == Notify(("say", "{title}"), (), ("ended", "first_failure"), 0)
    file.write_text("schema: settings/1\nnotify: {apprise: ['json://h'], when: [ended], after: 1h30m}\n")
    assert user_settings.notify() == Notify((), ("json://h",), ("ended",), 5400)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("notify:\n  comand: [a]\n", ":3: notify.comand: unknown key; known: command, apprise, when, after"),
        ("notify:\n  command: a b\n", ":3: notify.command: 'a b' is not a list"),
        ("notify:\n  command: [a]\n  after: soon\n", ":4: notify.after: 'soon' does not look like 10m"),
        ("notify:\n  command: [a]\n  after: 0m\n", ": notify.after: '0m' is not a time limit"),
        ("editor: vi\n", ":2: editor: unknown key; known: schema, notify"),
    ],
)
def test_a_mistake_is_named_with_the_file_the_line_and_the_key(file: Path, text: str, problem: str) -> None:
    file.write_text(f"schema: settings/1\n{text}")
    assert refusal().message == f"{file}{problem}"


def test_a_file_of_another_kind_is_refused(file: Path) -> None:
    file.write_text("schema: config/1\n")
    assert refusal().message == f"{file}: schema 'config/1' is not settings/1"
    file.unlink()
    file.mkdir()
    assert refusal().message == f"{file}: is a directory"


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_a_file_that_others_can_write_to_is_refused(file: Path, mode: int) -> None:
    file.write_text("schema: settings/1\n")
    file.chmod(mode)
    error = refusal()
    assert error.message == f"{file}: other users can write to it, and it can name programs to start"
    assert error.hint == f"chmod go-w {file}"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_a_file_of_another_user_is_refused(file: Path) -> None:
    file.write_text("schema: settings/1\n")
    os.chown(file, 65534, -1)
    assert refusal().message == f"{file}: belongs to nobody, and it can name programs to start"


def test_a_file_that_cannot_be_read_is_named(file: Path) -> None:
    file.symlink_to(file)
    assert refusal().message == f"{file}: too many levels of symbolic links"
    file.unlink()
    file.write_text("#" * (user_settings.BYTES_MAX + 1))
    assert refusal().message == f"{file}: is larger than 1 MiB"


def test_the_message_takes_the_place_of_its_names_and_no_name_in_it_is_replaced() -> None:
    notify = Notify(("{title}", "-s", "{title}: {text}", "{other}", "{text}{title}"))
    message = Message("a {text}", "b {title}")
    assert notify.command_for(message) == ["{title}", "-s", "a {text}: b {title}", "{other}", "b {title}a {text}"]


def test_of_an_address_only_the_service_is_shown() -> None:
    assert Notify(apprise=("mailto://me:secret@h", "json://h")).services == ["mailto://…", "json://…"]

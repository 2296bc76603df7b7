"""Opening a browser, whose arguments other users can see."""

from __future__ import annotations

import webbrowser
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from qanat.cli.terminal.browser import open_browser


def test_the_token_is_in_a_private_file_and_not_in_an_argument(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    opened: list[str] = []
    monkeypatch.setattr(webbrowser, "open", opened.append)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("sys.platform", "linux")
    open_browser("http://127.0.0.1:1/secret/")
    assert opened == []
    monkeypatch.setenv("DISPLAY", ":0")
    open_browser("http://127.0.0.1:1/secret/")
    file = Path(urlsplit(opened[0]).path)
    assert "url=http://127.0.0.1:1/secret/" in file.read_text()
    assert file.stat().st_mode & 0o077 == 0

"""Isolation for every test: a home of its own, and none of the user's git variables, settings or signals."""

from __future__ import annotations

import gc
import os
import shutil
import signal
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.forks import FORKS
from tests.support.sandbox import Sandbox

KEPT = Path(__file__).parents[1] / ".pytest_cache/programs"
"""Bytecode and matplotlib's list of fonts; `make clean` removes it."""

# Read now, since the variable is not set in the tests' own environment.
PROCESSES = os.environ.get("QANAT_TEST_PROCESSES", "")

MEMORY = Path("/dev/shm")
ENOUGH_BYTES = 6 << 30
"""More than the files of all tests take."""

GIT_CONFIG = """\
[user]
    name = Ada Lovelace
    email = ada@example.org
[init]
    defaultBranch = main
[gc]
    auto = 0
[maintenance]
    auto = false
[protocol "file"]
    allow = always
"""


def pytest_configure() -> None:
    """Keep the folders of tests in memory, where the system does half as much, and nothing waits for a disk.

    Ctrl-C ends all tests, also those in the background of a shell, for which it has Ctrl-C ignored (`make test`).
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if _is_roomy(MEMORY):
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))


def _is_roomy(folder: Path) -> bool:
    """Return whether a folder has enough room, and programs in it may be run; in a container, it often is not so."""
    try:
        found = os.statvfs(folder)
    except OSError:
        return False
    enough = found.f_bavail * found.f_frsize >= ENOUGH_BYTES
    return enough and not found.f_flag & os.ST_NOEXEC and os.access(folder, os.W_OK)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Hand out whole files in their order, so that what the tests of a file share is made once."""
    if config.getvalue("dist") != "loadgroup":
        return None
    from xdist.scheduler import LoadGroupScheduling

    config.option.loadscopereorder = False
    scheduling = LoadGroupScheduling(config, log)
    group_of = scheduling._split_scope
    scheduling._split_scope = lambda test: group if (group := group_of(test)) != test else test.partition("::")[0]
    return scheduling


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Look for no garbage among what was collected, which stays until the end, and seldom among what tests make."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.set_threshold(100_000, 20, 100)
        gc.enable()


def pytest_unconfigure() -> None:
    """Look once for what was not closed, and not as often as pytest does."""
    gc.collect()
    gc.freeze()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest: groups, such as the tests of a cluster, and then files with slow tests."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: 0 if item.get_closest_marker("xdist_group") else 1 if item.path in slow else 2)


@pytest.fixture(scope="session", autouse=True)
def memory(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Free the memory that the folders of tests take, unless one of them has failed."""
    yield
    folder = tmp_path_factory.getbasetemp()
    if folder.is_relative_to(MEMORY) and not request.session.testsfailed:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session", autouse=True)
def home(memory: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Move HOME to a fresh folder with a git identity, and drop variables that point git or qanat elsewhere."""
    folder = tmp_path_factory.mktemp("home")
    (folder / ".gitconfig").write_text(GIT_CONFIG)
    with pytest.MonkeyPatch.context() as patch:
        for name in [n for n in os.environ if n.startswith(("GIT_", "QANAT_"))]:
            patch.delenv(name)
        for name in ("VISUAL", "EDITOR", "PAGER", "XDG_CONFIG_HOME", "GITHUB_ACTIONS", "GITLAB_CI"):
            patch.delenv(name, raising=False)
        patch.setenv("HOME", str(folder))
        patch.setenv("TZ", "UTC")
        yield folder


@pytest.fixture(scope="session", autouse=True)
def kept_between_sessions(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Let programs keep from one session to the next what they compute at start-up."""
    bytecode = KEPT / "bytecode"
    with pytest.MonkeyPatch.context() as patch:
        # A machine may forbid bytecode beside the sources; without it, each of a thousand commands compiles itself.
        patch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
        patch.setenv("PYTHONPYCACHEPREFIX", str(bytecode))
        patch.setenv("MPLCONFIGDIR", str(KEPT / "matplotlib"))
        yield
    shutil.rmtree(bytecode / tmp_path_factory.getbasetemp().relative_to("/"), ignore_errors=True)


@pytest.fixture(scope="session", autouse=True)
def signals() -> None:
    """Restore signals that were ignored when the tests were started, as a shell's background or nohup does.

    Every program that a test starts would ignore them too, and a test that presses Ctrl-C would wait in vain.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGQUIT, signal.SIG_DFL)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.fixture(scope="session", autouse=True)
def forked_commands(
    home: Path, kept_between_sessions: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[None]:
    """Run qanat's commands in forks and create projects by copying one, unless QANAT_TEST_PROCESSES=real."""
    if PROCESSES == "real":
        yield
        return
    with FORKS, pytest.MonkeyPatch.context() as patch:
        patch.setattr(Sandbox, "original", tmp_path_factory.mktemp("template") / "project")
        yield


@pytest.fixture
def sandbox(tmp_path: Path) -> Sandbox:
    """Return a fresh qanat project in a folder with a space in its name."""
    return Sandbox.make(tmp_path / "my project")

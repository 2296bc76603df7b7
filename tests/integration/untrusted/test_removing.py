"""Nothing that qanat did not make is removed, moved, emptied, overwritten or chmodded, whatever a record says."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.life.copies import copy_of
from tests.support.sandbox import Sandbox

ID = "7-abcdef"
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount and give files away")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Sandbox:
    """Return a project with two runs and data, with a folder of somebody else's beside it."""
    sandbox = Sandbox.make(tmp_path_factory.mktemp("built") / "project")
    sandbox.experiment("e", "exit 3")
    for _ in range(2):
        sandbox.qanat("run", "e", code=1)
    sandbox.write("data/big.bin", "precious")
    sandbox.write("results/data/big.bin", "precious")
    (sandbox.root.parent / "mine").mkdir()
    (sandbox.root.parent / "mine/thesis.tex").write_text("precious")
    sandbox.commit()
    return sandbox


@pytest.fixture
def house(built: Sandbox, tmp_path: Path) -> Sandbox:
    """Return a copy of that project, in which qanat has made run 3."""
    copy = copy_of(built, tmp_path / "copy")
    copy.qanat("run", "e", code=1)
    return copy


@pytest.fixture
def shared_home(home: Path) -> Iterator[Path]:
    """Return the home directory, and leave no forged info.yaml there, since all tests share it."""
    yield home
    (home / "info.yaml").unlink(missing_ok=True)


def forge(house: Sandbox, storage: str, *, info: Path | None, experiment: str = "e", state: str = "failed") -> str:
    """Add a record of a run 7 with this storage, as a pull request would, and the info.yaml that names it."""
    text = house.record_files()[0].read_text()
    lines = text.replace(f"id: {house.record(1)['id']}", f"id: {ID}").splitlines()
    lines = [f"storage: {storage}" if line.startswith("storage: ") else line for line in lines]
    path = f".qanat/runs/{experiment}/0/{ID}.yaml"
    house.write(path, "\n".join(lines).replace("state: failed", f"state: {state}") + "\n")
    if info:
        info.mkdir(parents=True, exist_ok=True)
        (info / "info.yaml").write_text(f"run_id: 7\nid: {ID}\n")
    house.git("add", "--force", path)
    house.git("commit", "--quiet", "--message", "a pull request", "--only", path)
    return path


def everything(house: Sandbox) -> dict[str, tuple[int, bytes]]:
    """Map every file and folder around the project, except qanat's own, to its mode and content."""
    found = {}
    for path in sorted(house.root.parent.rglob("*")):
        name = str(path.relative_to(house.root.parent))
        if "/.git/" in name or name.endswith("/.git") or ID in name or "/actions.yaml" in name:
            continue
        content = path.read_bytes() if path.is_file() and not path.is_symlink() else b""
        found[name] = (path.lstat().st_mode, content)
    refs = [*sorted((house.root / ".git/refs").rglob("*")), house.root / ".git/HEAD", house.root / ".git/config"]
    return found | {str(path): (path.lstat().st_mode, b"") for path in refs}


STORAGES = {
    "the parent": "..",
    "two above": "../..",
    "the project": ".",
    "refs": ".git/refs",
    "git": ".git",
    "the state": ".qanat",
    "records": ".qanat/runs",
    "the results": "results",
    "an experiment's results": "results/e",
    "data in the results": "results/data",
    "data by a detour": "results/../data",
    "data by another detour": "results/e/../../data",
    "tracked data": "data",
    "another run": "results/e/run_1",
    "this clone's run": "results/e/run_3",
    "another run by a detour": "results/e/../e/run_3",
    "through a tracked link": "link/mine",
    "a tracked link": "tracked",
    "absolute": "{beside}/mine",
    "absolute, through a link": "{root}/link/mine",
    "the root": "/",
    "home": "{home}",
    "a run that is not there": "results/e/run_7",
}
# Where only data of the user's could be, which may be the run's; anything else is more than a run's.
NAMED = {
    *("data in the results", "data by a detour", "data by another detour", "tracked data"),
    *("through a tracked link", "a tracked link", "absolute", "absolute, through a link"),
}
COMMANDS = {"delete": ("delete", "7", "--yes"), "retry": ("retry", "7")}


@pytest.mark.parametrize("command", ["delete", "retry"])
@pytest.mark.parametrize("place", STORAGES)
def test_a_forged_record_removes_and_moves_nothing(house: Sandbox, place: str, command: str, shared_home: Path) -> None:
    (house.root / "link").symlink_to("..")
    (house.root / "tracked").symlink_to("../mine")
    house.git("add", "link", "tracked")
    house.commit()
    beside = house.root.parent
    storage = STORAGES[place].format(beside=beside, root=house.root, home=shared_home)
    target = Path(os.path.normpath(house.root / storage)) if "link" not in storage else beside / "mine"
    is_new = place == "a run that is not there"
    writable = not is_new and place not in ("the root", "another run", "this clone's run", "another run by a detour")
    path = forge(house, storage, info=target if writable else None)
    before = everything(house)
    result = house.qanat(*COMMANDS[command], code=None)
    assert result.code in ((0, 1) if is_new else (0, 2)), result.err
    after = everything(house)
    assert {name: after.get(name) for name in before} == before
    if command == "delete":
        assert not (house.root / path).exists()
        kept = house.root / "tracked" if place == "a tracked link" else os.path.realpath(target)
        assert (f"kept {kept}: " in result.err) == (writable or place == "the root")
        assert ("remove it yourself: rm -r " in result.err) == (place in NAMED)


def test_an_experiment_is_deleted_with_its_own_results_only(house: Sandbox) -> None:
    (house.root / "data").chmod(0o755)
    forge(house, "data", info=house.root / "data")
    before = everything(house)
    result = house.qanat("experiment", "delete", "e", "--yes")
    assert "kept " + str(house.root / "data") in result.err
    after = everything(house)
    gone = {name for name in before if name not in after}
    assert {name.partition("/")[2].rpartition("run_")[0] for name in gone if "/results/" in name} == {"results/e/"}
    assert not (house.root / "results/e/run_3").exists()
    assert {n: before[n] for n in before if "/data/" in n or "/mine/" in n}.items() <= after.items()


def test_an_active_record_of_a_stranger_has_no_file_rewritten(house: Sandbox) -> None:
    forge(house, "data", info=house.root / "data", state="running")
    before = everything(house)
    for command in ("status", "cancel 7"):
        house.qanat(*command.split(), code=None)
    assert everything(house) == before


def test_a_record_of_ones_own_run_that_was_changed_to_name_another_removes_neither(house: Sandbox) -> None:
    house.qanat("run", "e", code=1)
    record = house.record_files()[3]
    record.write_text(record.read_text().replace("results/e/run_4", "results/e/run_3"))
    house.commit()
    before = everything(house)
    result = house.qanat("delete", "4", "--yes")
    assert f"kept {house.root}/results/e/run_4: its record names another; if only this run needs it" in result.err
    assert all((house.root / f"results/e/run_{n}/info.yaml").exists() for n in (3, 4))
    assert {n: s for n, s in everything(house).items() if "results" in n} == {
        n: s for n, s in before.items() if "results" in n
    }


def test_a_record_that_was_moved_to_another_experiment_takes_no_results_with_it(house: Sandbox) -> None:
    house.experiment("junk", "true")
    record = house.record_files()[2]
    house.write(
        f".qanat/runs/junk/0/{record.name}", record.read_text().replace("experiment: e\n", "experiment: junk\n")
    )
    house.commit()
    result = house.qanat("experiment", "delete", "junk", "--yes")
    assert "results/e/run_3: it was created for a run of e; if only" in result.err
    assert (house.root / "results/e/run_3/info.yaml").exists()


def test_a_directory_put_in_the_place_of_a_runs_is_kept(house: Sandbox) -> None:
    run = house.root / "results/e/run_3"
    run.rename(house.root / "results/e/elsewhere")
    run.mkdir()
    (run / "info.yaml").write_bytes((house.root / "results/e/elsewhere/info.yaml").read_bytes())
    (run / "mine").write_text("precious")
    result = house.qanat("delete", "3", "--yes")
    assert "it is not the directory that qanat created" in result.err
    assert (run / "mine").exists()
    assert (house.root / "results/e/elsewhere").exists()


def test_a_link_in_the_place_of_a_run_is_kept_with_what_it_leads_to(house: Sandbox) -> None:
    run = house.root / "results/e/run_3"
    run.rename(house.root.parent / "moved")
    run.symlink_to(house.root.parent / "moved")
    assert "rm -r" in house.qanat("delete", "3", "--yes").err
    assert run.is_symlink()
    assert (house.root.parent / "moved/info.yaml").exists()


@pytest.mark.parametrize("run", [1, 3])
def test_results_that_git_tracks_are_kept_with_the_record(house: Sandbox, run: int) -> None:
    house.write(f"results/e/run_{run}/plot.svg", "<svg/>")
    house.git("add", "--force", f"results/e/run_{run}/plot.svg")
    house.git("commit", "--quiet", "--message", "a figure")
    result = house.qanat("delete", str(run), "--yes", code=1)
    assert f"git tracks results/e/run_{run}/plot.svg" in result.err
    assert f"hint: untrack it first: git rm -r --cached -- results/e/run_{run}\n" in result.err
    assert len(house.records()) == 3
    assert (house.root / f"results/e/run_{run}/info.yaml").exists()


@needs_root
@pytest.mark.parametrize("inner", [".", "stdout.txt"])
@pytest.mark.parametrize("run", [1, 3])
def test_what_belongs_to_another_user_is_kept(house: Sandbox, run: int, inner: str) -> None:
    folder = house.root / f"results/e/run_{run}"
    (folder / "stdout.txt").write_text("x")
    os.chown(folder / inner, 1, 1)
    before = everything(house)
    result = house.qanat("delete", str(run), "--yes", code=1 if inner != "." else 0)
    assert "daemon" in result.err or "rm -r" in result.err
    assert {n: s for n, s in everything(house).items() if "/results/" in n} == {
        n: s for n, s in before.items() if "/results/" in n
    }


@needs_root
def test_a_mount_point_in_the_results_is_kept(house: Sandbox) -> None:
    mnt = house.root / "results/e/run_3/mnt"
    mnt.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "tmpfs", str(mnt)], check=False, capture_output=True).returncode:
        pytest.skip("mounting is not allowed here")
    try:
        (mnt / "precious").write_text("x")
        result = house.qanat("delete", "3", "--yes", code=1)
        assert f"{mnt} is a mount point" in result.err
        assert (mnt / "precious").read_text() == "x"
        assert len(house.records()) == 3
    finally:
        subprocess.run(["umount", str(mnt)], check=True)
    house.qanat("delete", "3", "--yes")
    assert not mnt.parent.exists()


def test_hard_links_and_read_only_folders_go_without_harm(house: Sandbox) -> None:
    folder = house.root / "results/e/run_3"
    precious = house.root.parent / "mine/thesis.tex"
    precious.chmod(0o400)
    os.link(precious, folder / "hard")
    (folder / "locked").mkdir()
    (folder / "locked/file").write_text("x")
    (folder / "locked").chmod(0o500)
    house.qanat("delete", "3", "--yes")
    assert not folder.exists()
    assert precious.read_text() == "precious"
    assert precious.stat().st_mode & 0o777 == 0o400


@pytest.mark.parametrize("kind", ["a link", "a folder", "a link to the cache"])
def test_checkouts_that_came_with_a_clone_are_left_alone(house: Sandbox, kind: str) -> None:
    place = house.root / ".qanat/cache/checkouts"
    if kind == "a folder":
        house.write(f".qanat/cache/checkouts/{'a' * 12}/precious", "x").parent.chmod(0o555)
    elif kind == "a link":
        place.mkdir(parents=True)
        (place / ("a" * 12)).symlink_to(house.root.parent / "mine")
    else:
        place.parent.mkdir(exist_ok=True)
        place.symlink_to(house.root.parent)
    (house.root.parent / "mine").chmod(0o500)
    before = everything(house)
    house.qanat("cache", "clean", code=None)
    house.qanat("run", "e", "--commit_sha", "HEAD", code=None)
    house.qanat("cache", "clean", code=None)
    after = everything(house)
    assert {name: after.get(name) for name in before} == before


@pytest.mark.parametrize("name", ["runs/e", "runs/e/0", "experiments", "runs"])
def test_a_record_is_not_written_through_a_link(house: Sandbox, name: str) -> None:
    place = house.root / ".qanat" / name
    place.rename(house.root / "aside")
    place.symlink_to(house.root.parent / "mine")
    house.git("add", "--all")
    house.git("commit", "--quiet", "--message", "links")
    before = everything(house)
    for words in (["run", "e"], ["experiment", "update", "e", "--tag", "x"], ["comment", "1", "-m", "x"]):
        house.qanat(*words, code=None)
    after = everything(house)
    assert {n: s for n, s in after.items() if n.startswith("mine")} == {
        n: s for n, s in before.items() if n.startswith("mine")
    }


@pytest.mark.parametrize("place", ["results", "results/e", "results/e/run_3"])
def test_no_action_works_behind_a_link_in_git(house: Sandbox, place: str) -> None:
    house.experiment("e", "exit 3", actions={"plot": {"executable": "e.sh", "executable_command": "sh"}})
    link = house.root / place
    link.rename(house.root.parent / "moved")
    link.symlink_to(house.root.parent / "moved")
    house.git("add", "--force", place)
    house.git("commit", "--quiet", "--message", "a link")
    before = everything(house)
    result = house.qanat("action", "e", "plot", "3", code=2)
    assert f"the results of run 3 are behind {place}, a symbolic link in git" in result.err
    assert everything(house) == before


def test_an_action_on_a_strangers_directory_leaves_no_note_there(house: Sandbox) -> None:
    house.experiment("e", "exit 0", actions={"plot": {"executable": "e.sh", "executable_command": "sh"}})
    forge(house, "../mine", info=None)
    house.qanat("action", "e", "plot", "7")
    assert [path.name for path in (house.root.parent / "mine").iterdir()] == ["thesis.tex"]
    house.qanat("action", "e", "plot", "3")
    assert (house.root / "results/e/run_3/actions.yaml").is_file()


@pytest.mark.parametrize(
    "name", [".gitignore", ".gitattributes", ".qanat", ".qanat/templates", ".qanat/templates/slurm"]
)
@pytest.mark.parametrize("kind", ["folder", "file", "nothing"])
def test_init_neither_reads_nor_writes_what_a_link_of_a_clone_leads_to(tmp_path: Path, name: str, kind: str) -> None:
    clone, mine = Sandbox(tmp_path / "clone"), tmp_path / "mine"
    mine.mkdir()
    (mine / "secret").write_text("do not commit\n")
    (mine / "default.yaml").write_text("precious")
    link = clone.root / name
    link.parent.mkdir(parents=True)
    link.symlink_to({"folder": mine, "file": mine / "secret", "nothing": mine / "new"}[kind])
    clone.git("init", "--quiet")
    clone.commit()
    before = {path.name: path.read_bytes() for path in mine.iterdir()}
    result = clone.qanat("init", "--yes", code=2)
    assert f"{link} is in the way" in result.err or "is already a qanat project" in result.err
    assert {path.name: path.read_bytes() for path in mine.iterdir()} == before
    assert clone.git("status", "--porcelain") == ""
    assert "do not commit" not in clone.git("log", "-p", "--all")


def test_advice_to_remove_a_directory_is_given_only_where_it_names_the_run(sandbox: Sandbox, tmp_path: Path) -> None:
    sandbox.experiment("hello", "exit 0\n")
    sandbox.qanat("run", "hello")
    for number, is_named in ((7, False), (8, True)):
        folder = tmp_path / f"thesis {number}"
        folder.mkdir()
        if is_named:
            (folder / "info.yaml").write_text("run_id: 8\nid: 8-aaaaaa\n")
        text = sandbox.record_files()[0].read_text().replace(sandbox.record(1)["id"], f"{number}-aaaaaa")
        path = f".qanat/runs/hello/0/{number}-aaaaaa.yaml"
        sandbox.write(path, re.sub("^storage: .*", f"storage: {folder}", text, flags=re.MULTILINE))
        sandbox.commit("a record of somebody")
        said = sandbox.qanat("delete", str(number), "--yes").err
        assert f"kept {folder}: nothing shows that qanat created it" in said
        assert ("rm -r" in said) is is_named
        assert folder.is_dir()


def forged_active(sandbox: Sandbox) -> str:
    """Return a copy of the record of run 1, as of a run 7 that is active."""
    text = sandbox.record_files()[0].read_text().replace(sandbox.record(1)["id"], "7-aaaaaa")
    text = re.sub("^state: finished", "state: running", text, flags=re.MULTILINE)
    text = re.sub("^ended: .*\n", "", text, flags=re.MULTILINE)
    text = re.sub("state: finished, exit_code: 0", "state: running", text)
    return re.sub(", ended: [^,}]*", "", text)


def test_the_end_of_a_forged_active_run_is_not_waited_for(sandbox: Sandbox) -> None:
    sandbox.experiment("hello", "echo hello\n")
    sandbox.qanat("run", "hello")
    text = forged_active(sandbox).replace("results/hello/run_1", "results/hello/run_7")
    sandbox.write(".qanat/runs/hello/0/7-aaaaaa.yaml", text)
    sandbox.write("results/hello/run_7/stdout.txt", "of a stranger\n")
    sandbox.write("results/hello/run_7/metrics.jsonl", '{"step": 1, "loss": 0.5}\n')
    sandbox.commit("a record of somebody")
    refused = sandbox.qanat("wait", "7", code=2)
    assert "run 7 is running only in a record whose intent was made for another run, so it never ends" in refused.err
    assert "delete it: qanat delete 7-aaaaaa" in refused.err
    for command, printed in (("logs", "of a stranger"), ("metrics", "0.5")):
        followed = sandbox.qanat(command, "7", "-f")
        assert printed in followed.out
        assert "its intent was made for another run, so its jobs are not looked for" in followed.err


def test_an_experiment_with_a_forged_active_run_can_be_deleted(sandbox: Sandbox) -> None:
    sandbox.experiment("hello", "exit 0\n")
    sandbox.qanat("run", "hello")
    sandbox.write(".qanat/runs/hello/0/7-aaaaaa.yaml", forged_active(sandbox))
    sandbox.commit("a record of somebody")
    sandbox.qanat("experiment", "delete", "hello", "--yes")
    assert sandbox.record_files() == []


def test_a_forged_active_run_can_be_deleted_and_nothing_is_signalled(sandbox: Sandbox) -> None:
    sandbox.experiment("hello", "exit 0\n")
    sandbox.qanat("run", "hello")
    text = forged_active(sandbox)
    with subprocess.Popen(["sleep", "100"], start_new_session=True) as stranger:
        text = re.sub("pid: [0-9]+", f"pid: {stranger.pid}", text)
        sandbox.write(".qanat/runs/hello/0/7-aaaaaa.yaml", text)
        sandbox.commit("a record of somebody")
        assert "its intent was made for another run" in sandbox.qanat("status").err
        sandbox.qanat("delete", "7", "--yes")
        assert stranger.poll() is None
        stranger.kill()
    assert [record["id"] for record in sandbox.records()] == [sandbox.record(1)["id"]]

"""Runs on a real pool whose jobs see no file of the submit side."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import ExitStack
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from tests.cluster.htcondor_project import OnPool
from tests.cluster.on_cluster import JOB_S, wait_until
from tests.support.pages import ROOT, blocks_of, commands_of

pytestmark = pytest.mark.xdist_group("htcondor apart")

# Leaves files in folders. Its arguments are an exit code, a file, and the paths that qanat adds.
LEAVE = """\
code=$1 file=$2
while [ $# -gt 0 ]; do
    case $1 in --storage_path) out=$2 ;; --dataset_path) data="$data $2" ;; esac
    shift
done
for each in "$file" $data; do find -L "$each" -type f -exec cat {} \\;; done
echo "to stderr" >&2
mkdir -p "$out/deep/er" "$out/empty"
id -un >"$out/deep/er/user"
pwd >"$out/deep/here"
echo "{\\"acc\\": 0.$code}" >"$out/metrics.json"
exit "$code"
"""
# Waits until somebody who sees the folders of jobs lets it go.
GATED = """\
while [ $# -gt 0 ]; do case $1 in --storage_path) out=$2 ;; esac; shift; done
echo "begun $QANAT_GROUP"
echo "loud $QANAT_GROUP" >&2
: >"$out/begun"
n=0
while [ ! -e "$out/gate" ] && [ $((n += 1)) -lt 3000 ]; do sleep 0.05; done
echo "ends $QANAT_GROUP"
"""


def sandboxes(apart: OnPool) -> list[Path]:
    """List the folders of the jobs whose programs have begun, which only root can look into."""
    return [path.parent for path in apart.pool.folder.glob("execute/dir_*/out/begun")]


def await_begun(apart: OnPool, count: int) -> list[Path]:
    """Wait until so many programs run; return the directories that they leave files in."""
    return wait_until(lambda: found if len(found := sandboxes(apart)) == count else None)


def let_go(folders: list[Path]) -> None:
    """Open the gates of programs."""
    for folder in folders:
        (folder / "gate").touch()


def test_code_and_data_are_shipped_and_everything_comes_back(apart: OnPool) -> None:
    apart.write("data/tracked.txt", "tracked\n")
    apart.write("more/a/1.txt", "in a folder\n")
    apart.write("../elsewhere/single.txt", "single\n")
    ignored = (apart.root / ".gitignore").read_text()
    apart.write(".gitignore", f"{ignored}more\ninputs\n")
    apart.write("inputs/my notes.txt", "an input\n")
    (apart.root.parent / "link").symlink_to("elsewhere")
    paths = {"tracked": "data/tracked.txt", "folder": "more", "there": "/etc/hostname"}
    paths |= {"single": str(apart.root.parent / "link/single.txt"), "linked": str(apart.root.parent / "link")}
    for name, path in paths.items():
        more = "transfer: present\n" if name == "there" else ""
        apart.write(f".qanat/datasets/{name}.yaml", f"schema: dataset/1\nname: {name}\npath: {path}\n{more}")
    apart.experiment("leave", LEAVE, datasets=list(paths))
    words = ("-g", "0 'inputs/my notes.txt'", "-g", "3 /dev/null", "--runner", "htcondor")
    shown = apart.qanat("run", "leave", *words, "--dry-run").out
    assert f"# to each job: {apart.root}/more" in shown
    assert f"# to each job: {apart.root.parent}/link/single.txt (7 B)" in shown
    apart.qanat("run", "leave", *words, "--wait", code=1)
    record = apart.record()
    assert record["runner"]["transfer"] is True
    assert [(g["state"], g.get("exit_code"), g["metrics"]) for g in record["groups"]] == [
        ("finished", 0, {"acc": 0.0}),
        ("failed", 3, {"acc": 0.3}),
    ]
    assert all(0 <= g["used"]["cpu_s"] < 60 for g in record["groups"])
    host = Path("/etc/hostname").read_text()
    read = f"an input\ntracked\nin a folder\n{host}single\nsingle\n"
    assert apart.qanat("logs", "1", "--group", "0").out == read
    assert apart.qanat("logs", "1", "--group", "1", "--stderr").out == "to stderr\n"
    own = apart.storage("leave", group=1)
    assert (own / "deep/er/user").read_text() == "games\n"
    assert (own / "empty").is_dir()
    assert str(apart.root) not in (own / "deep/here").read_text()
    assert {path.name for path in own.iterdir()} >= {"completion.json", "machine.txt", "qanat_manifest.jsonl"}
    assert not list(own.glob(".job-*"))
    assert apart.status() == ""


def test_a_parameters_file_arrives_and_only_what_failed_is_shipped_again(apart: OnPool) -> None:
    apart.experiment("file", 'cat "$1" >"$5/seen"; [ "$3" != 1 ] || [ "$GO" = on ]\n')
    apart.write("p.yaml", "lr: 0.1\n")
    apart.commit()
    words = ("-R", "--n 0 3 1", "--parameters-file", "p.yaml", "--runner", "htcondor", "--wait")
    apart.qanat("run", "file", *words, "--", "{parameters_file}", code=1)
    assert [g["state"] for g in apart.record()["groups"]] == ["finished", "failed", "finished"]
    assert (apart.storage("file", group=2) / "seen").read_text() == "lr: 0.1\n"
    before = (apart.storage("file", group=0) / "completion.json").stat()
    apart.qanat("retry", "1", "--set", "environment=GO=on", "--wait")
    assert [(g["state"], g.get("attempt", 1)) for g in apart.record()["groups"]] == [
        ("finished", 1),
        ("finished", 2),
        ("finished", 1),
    ]
    assert (apart.storage("file", group=1) / "attempts/1/completion.json").exists()
    assert (apart.storage("file", group=0) / "completion.json").stat() == before
    assert apart.pool.jobs(constraint=f"ClusterId == {apart.cluster()}", history=True)[0]["ProcId"] == 0


def test_what_cannot_be_transferred_is_left_out_and_named(apart: OnPool) -> None:
    make = 'mkdir "$2/step"; ln -s step "$2/latest"; mkfifo "$2/pipe"; ln -s gone "$2/nothing"; ln -s step/f "$2/same"'
    apart.experiment("links", f'{make}; echo 1 >"$2/step/f"\n')
    apart.qanat("run", "links", "--runner", "htcondor", "--wait")
    own = apart.storage("links")
    assert (own / "same").read_text() == "1\n"
    said = (own / "stderr.txt").read_text()
    for name in ("latest", "pipe", "nothing"):
        assert not (own / name).exists()
        assert f"qanat: {name} is not in the results: only files and folders can be transferred\n" in said


def test_an_evicted_job_runs_again_from_nothing_as_its_second_attempt(apart: OnPool) -> None:
    apart.experiment("wait", GATED)
    apart.submit("wait")
    (first,) = await_begun(apart, 1)
    apart.pool.tool("condor_vacate_job", str(apart.cluster()))
    wait_until(lambda: not first.exists())
    (second,) = await_begun(apart, 1)
    wait_until(lambda: apart.groups()[0]["attempt"] == 2)
    let_go([second])
    (group,) = apart.wait_for_states("finished")
    assert (group["attempt"], group["exit_code"]) == (2, 0)
    assert json.loads((apart.storage("wait") / "completion.json").read_text())["attempt"] == 2
    assert apart.qanat("logs", "1").out == "begun 0\nends 0\n"


def test_hold_release_and_cancel_reach_jobs_that_see_no_note(apart: OnPool) -> None:
    apart.experiment("wait", GATED)
    apart.submit("wait", "-R", "--n 0 3 1", "--submit-template", "never")
    apart.qanat("hold", "1")
    apart.wait_for_states("held", "held", "held")
    apart.qanat("cancel", "1", "--group", "1")
    apart.wait_for_states("held", "cancelled", "held")
    apart.qanat("release", "1")
    apart.wait_for_states("queued", "cancelled", "queued")
    apart.qanat("cancel", "1")
    groups = apart.wait_for_states("cancelled", "cancelled", "cancelled")
    assert {g["reason"] for g in groups} == {"cancelled by qanat"}
    assert not (apart.storage("wait") / "cancelled").exists()
    apart.submit("wait")
    await_begun(apart, 1)
    apart.qanat("cancel", "2")
    apart.wait_for_states("cancelled", run=2)
    assert list(apart.storage("wait", 2).glob("*.txt")) == []


def test_a_group_whose_job_does_not_exist_yet_cannot_be_cancelled_alone(apart: OnPool) -> None:
    apart.experiment("wait", GATED)
    apart.submit("wait", "-R", "--n 0 4 1", "--max-running", "2", "--submit-template", "never")
    wait_until(lambda: len(apart.pool.jobs()) == 2)
    said = apart.qanat("cancel", "1", "--group", "3", code=2).err
    assert "HTCondor has not created the job of group 3 yet, so that it cannot be cancelled alone" in said
    assert apart.states() == ["queued"] * 4
    apart.qanat("cancel", "1", "--group", "1")
    wait_until(lambda: apart.states()[1] == "cancelled")
    apart.qanat("cancel", "1")
    apart.wait_for_states(*["cancelled"] * 4)


def test_results_that_cannot_come_back_leave_the_job_held_whatever_has_arrived(apart: OnPool) -> None:
    """A folder is in the way of a file, so that the completion file may arrive and the rest does not."""
    apart.experiment("wait", GATED)
    apart.submit("wait")
    (out,) = await_begun(apart, 1)
    (apart.storage("wait") / "stdout.txt").mkdir()
    let_go([out])
    (group,) = apart.wait_for_states("held")
    assert "HTCondor's code 12" in group["reason"]
    wait_until(lambda: not sandboxes(apart))
    (apart.storage("wait") / "stdout.txt").rmdir()
    apart.qanat("release", "1")
    let_go(await_begun(apart, 1))
    (group,) = apart.wait_for_states("finished")
    assert group["attempt"] == 2


def test_logs_follows_what_running_groups_print_until_it_has_come_back(apart: OnPool) -> None:
    apart.experiment("wait", GATED)
    apart.submit("wait", "-R", "--n 0 2 1")
    folders = await_begun(apart, 2)
    wait_until(lambda: apart.states() == ["running", "running"])
    later = "note: output comes back when groups have ended; to see it now: qanat logs 1 -f"
    assert later in apart.qanat("logs", "1").err
    following = apart.start("logs", "1", "-f", "--stdout")
    loud = apart.start("logs", "1", "-f", "--stderr", "--group", "1")
    assert following.stdout is not None
    seen = sorted(following.stdout.readline() for _ in range(2))
    assert seen == ["group 0 | begun 0\n", "group 1 | begun 1\n"]
    let_go(folders)
    rest, problems = following.communicate(timeout=JOB_S)
    assert sorted(rest.splitlines()) == ["group 0 | ends 0", "group 1 | ends 1"]
    assert problems == ""
    assert loud.communicate(timeout=JOB_S) == ("loud 1\n", "")


def test_every_command_of_the_page_works_in_its_order(apart: OnPool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent), prepend=os.pathsep)
    page = ROOT / "docs/htcondor-transfer.md"
    (template, *_) = [block.text for block in blocks_of(page) if block.text.startswith("# ospool.yaml\n")]
    apart.write("ospool.yaml", template)
    apart.experiment("count_words", 'sleep 2; echo "words of $2 letters: 7"\n')
    with ExitStack() as while_frozen:
        for command in commands_of(page):
            if "rerun" in command:
                # None of these jobs may end before it is cancelled.
                while_frozen.enter_context(apart.pool.frozen("STARTD"))
            done = subprocess.run(command, shell=True, cwd=apart.root, capture_output=True, text=True, check=False)
            assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    assert [apart.shown(run)["state"] for run in (1, 2)] == ["finished", "finished"]
    apart.wait_for_states("cancelled", "cancelled", "cancelled", run=3)
    assert apart.status() == ""


def test_data_at_a_url_are_fetched_by_the_machine_of_the_job(apart: OnPool) -> None:
    served = apart.root.parent / "served"
    served.mkdir()
    (served / "words-5f1b.txt").write_text("fetched\n")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(SimpleHTTPRequestHandler, directory=str(served)))
    Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}/words-5f1b.txt"
    text = f"schema: dataset/1\nname: words\npath: /data/words.txt\ncheck: false\ntransfer: {url}\n"
    apart.write(".qanat/datasets/words.yaml", text)
    apart.experiment("leave", LEAVE, datasets=["words"])
    try:
        apart.qanat("run", "leave", "0", "/dev/null", "--runner", "htcondor", "--wait")
    finally:
        server.shutdown()
        server.server_close()
    assert apart.qanat("logs", "1").out == "fetched\n"

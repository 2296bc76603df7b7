"""The scripts of a submitted run: their text, and what they do in a real shell."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from qanat.domain.job import JobBatch, JobSpec
from qanat.records import storage
from qanat.runners.submitting import job_script
from qanat.testing import NASTY
from tests.support.sandbox import wait_until

GOLDEN = """\
#!/bin/sh
# Written by qanat for run 4-7f3a9c. Arguments: directory of the group, attempt, number of the group.
here=$1 attempt=$2
QANAT_RUN=4-7f3a9c QANAT_GROUP=$3 QANAT_JOB=c0ffee:$3
export QANAT_RUN QANAT_GROUP QANAT_JOB
now() { date -u +%Y-%m-%dT%H:%M:%S+00:00; }
leave() {
    printf '{"attempt": %d, "status": %d, "started": "%s", "ended": "%s", "host": "%s"}\\n' \\
        "$attempt" "$status" "$started" "$(now)" "$(uname -n)" >"$here/.$1.$$" && mv -f "$here/.$1.$$" "$here/$1"
}
if grep -qs "^c0ffee $3 " '/p r/results/x/run_4/cancelled'; then exit 0; fi
started=$(now)
[ -d "$here" ] || mkdir -p "$here"
echo "$started" >>"$here/starts"
attempt=$((attempt + $(wc -l <"$here/starts") - 1))
rm -f "$here/completion.json" "$here/stopped.json"
stopped= child= info=
trap 'stopped=yes; [ -z "$child" ] || kill -TERM "$child" 2>/dev/null' HUP INT TERM
. '/p r/results/x/run_4/commands'/$(($3 / 100)).sh
[ -z "$info" ] || printf '%s' "$info" >"$here/group_info.yaml"
if cd '/p r/it'"'"'s' && [ -z "$stopped" ]; then
    "$@" </dev/null >>"$here/stdout.txt" 2>>"$here/stderr.txt" &
    child=$!
    [ -z "$stopped" ] || kill -TERM "$child"
    wait "$child"
    status=$?
    while [ -n "$stopped" ] && kill -0 "$child" 2>/dev/null; do
        wait "$child"
        status=$?
    done
else
    status=126
fi
[ "$status" != 143 ] || sleep 1
if [ -n "$stopped" ]; then leave stopped.json; else leave completion.json; fi
exit "$status"
"""
COMMANDS = """\
case $3 in
0)
export COLOUR='blue and green'
info='command: python x.py
'
set -- python x.py 'two words' '$(no)'
;;
101)
set -- true
;;
esac
"""


def test_the_text_of_the_scripts_is_as_it_was_read_and_agreed_on() -> None:
    folder, workdir = Path("/p r/results/x/run_4"), Path("/p r/it's")
    words = ("python", "x.py", "two words", "$(no)")
    environment = {"COLOUR": "blue and green"}
    first = JobSpec(0, words, workdir, folder / "group_0", environment, info="command: python x.py\n")
    last = JobSpec(101, ("true",), workdir, folder / "group_101")
    batch = JobBatch("4-7f3a9c", "x_4", "c0ffee", folder, {}, (first, last))
    assert job_script.job_script(batch) == GOLDEN
    assert job_script.command_script([first, last]) == COMMANDS
    shown = job_script.preview(batch)
    only_first = COMMANDS.replace("101)\nset -- true\n;;\n", "")
    assert shown == f"# job.sh\n{GOLDEN}\n# commands/0.sh, group 0\n{only_first}"


class Place:
    """A run's storage directory and a working directory, both with names that are hard on scripts."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / 'storage "$(x)" \\ it\'s\nhere'
        self.workdir = folder / "work; `y` & *"
        self.folder.mkdir()
        self.workdir.mkdir()

    def job(self, *command: str, group: int = 0, **options: Any) -> JobSpec:
        return JobSpec(group, command, self.workdir, self.storage(group), **options)

    def shell(self, script: str, **options: Any) -> JobSpec:
        return self.job("/bin/sh", "-c", script, **options)

    def storage(self, group: int = 0) -> Path:
        return self.folder / f"group_{group}"

    def batch(self, *jobs: JobSpec) -> JobBatch:
        return JobBatch("4-7f3a9c", "x_4", "c0ffee", self.folder, {}, jobs)

    def write(self, *jobs: JobSpec) -> Path:
        return job_script.write_scripts(self.batch(*jobs))

    def start(self, job: JobSpec) -> subprocess.Popen[bytes]:
        """Start a job as a scheduler does: with a minimal environment, in another folder and a session of its own."""
        words = job_script.start_command(self.batch(job), job)
        return subprocess.Popen(words, cwd="/", env={"PATH": "/usr/bin:/bin"}, start_new_session=True)

    def run(self, job: JobSpec) -> int:
        return self.start(job).wait(20)

    def left(self, name: str = "completion.json", group: int = 0) -> dict[str, Any]:
        content: dict[str, Any] = json.loads((self.storage(group) / name).read_text())
        return content

    def stdout(self, group: int = 0) -> str:
        return (self.storage(group) / "stdout.txt").read_text()


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


@pytest.mark.parametrize("code", [0, 1, 2, 126, 127, 255])
def test_an_exit_code_is_in_the_completion_file_and_passed_on(place: Place, code: int) -> None:
    job = place.shell(f"exit {code}")
    place.write(job)
    assert place.run(job) == code
    left = place.left()
    assert (left["status"], left["attempt"], left["host"]) == (code, 1, os.uname().nodename)
    written = storage.read_completion(place.storage())
    assert written is not None
    assert written.status.exit_code == code
    assert written.status.started is not None
    assert sorted(path.name for path in place.storage().iterdir()) == [
        "completion.json",
        "starts",
        "stderr.txt",
        "stdout.txt",
    ]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_that_ends_the_program_is_in_the_completion_file(place: Place, number: signal.Signals) -> None:
    job = place.shell(f"kill -{number.value} $$; sleep 10")
    place.write(job)
    assert place.run(job) == 128 + number
    written = storage.read_completion(place.storage())
    assert written is not None
    assert (written.status.signal, written.status.exit_code) == (number, None)


def test_a_program_that_is_not_there_gives_what_the_shell_gives(place: Place) -> None:
    job = place.job("no-such-program")
    place.write(job)
    assert place.run(job) == 127
    assert place.left()["status"] == 127
    assert "no-such-program" in (place.storage() / "stderr.txt").read_text()


def test_a_folder_to_work_in_that_is_gone_is_a_failure_with_a_completion_file(place: Place) -> None:
    job = place.shell("exit 0")
    place.write(job)
    place.workdir.rmdir()
    assert place.run(job) == 126
    assert place.left()["status"] == 126
    assert not (place.storage() / "stdout.txt").exists()


def test_every_word_reaches_the_program_and_none_is_executed(place: Place) -> None:
    program = 'printf "%s\\0" "$@"; pwd'
    job = place.job("/bin/sh", "-c", program, "sh", *NASTY)
    place.write(job)
    assert place.run(job) == 0
    assert place.stdout().split("\0") == [*NASTY, f"{place.workdir}\n"]
    assert list(place.workdir.iterdir()) == []


def test_each_group_finds_its_own_words_variables_and_info(place: Place) -> None:
    script = 'echo "$COLOUR $QANAT_GROUP $QANAT_RUN $QANAT_JOB"'
    groups = (0, 99, 100, 12_345)
    jobs = [place.shell(script, group=group, environment={"COLOUR": f"{group}'s"}) for group in groups]
    jobs = [replace(job, info=f"command: '{job.group}'\n") for job in jobs]
    place.write(*jobs)
    assert sorted(path.name for path in (place.folder / "commands").iterdir()) == ["0.sh", "1.sh", "123.sh"]
    for job in jobs:
        assert place.run(job) == 0
        assert place.stdout(job.group) == f"{job.group}'s {job.group} 4-7f3a9c c0ffee:{job.group}\n"
        assert (place.storage(job.group) / "group_info.yaml").read_text() == job.info


def test_a_program_reads_nothing_from_whatever_the_scheduler_gives_it(place: Place) -> None:
    job = place.shell("cat; echo end")
    place.write(job)
    assert place.run(job) == 0
    assert place.stdout() == "end\n"


def begun(place: Place) -> None:
    wait_until(lambda: (place.storage() / "stdout.txt").exists() and "begun" in place.stdout())


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_job_that_is_stopped_passes_it_on_and_leaves_no_completion_file(place: Place, number: signal.Signals) -> None:
    job = place.shell("trap 'echo got it; exit 5' TERM; echo begun; while :; do sleep 0.02; done")
    place.write(job)
    process = place.start(job)
    begun(place)
    process.send_signal(number)
    assert process.wait(20) == 5
    assert place.stdout() == "begun\ngot it\n"
    assert not (place.storage() / "completion.json").exists()
    left = place.left("stopped.json")
    assert (left["status"], left["attempt"]) == (5, 1)


def test_a_program_that_takes_its_time_to_stop_is_waited_for(place: Place) -> None:
    job = place.shell("trap 'sleep 0.3; echo saved; exit 0' TERM; echo begun; while :; do sleep 0.02; done")
    place.write(job)
    process = place.start(job)
    begun(place)
    process.terminate()
    process.terminate()
    assert process.wait(20) == 0
    assert place.stdout() == "begun\nsaved\n"
    assert place.left("stopped.json")["status"] == 0
    assert not (place.storage() / "completion.json").exists()


def test_each_start_by_the_scheduler_is_another_attempt_and_the_last_one_counts(place: Place) -> None:
    job = place.shell('echo "$$" >>tries; [ "$(wc -l <tries)" -ge 3 ]', attempt=4)
    place.write(job)
    assert place.run(job) == 1
    assert place.left() == {**place.left(), "attempt": 4, "status": 1}
    assert place.run(job) == 1
    assert place.left() == {**place.left(), "attempt": 5, "status": 1}
    assert place.run(job) == 0
    assert place.left() == {**place.left(), "attempt": 6, "status": 0}


def test_a_start_takes_away_how_the_one_before_it_ended(place: Place) -> None:
    job = place.shell("echo begun; sleep 300")
    place.write(job)
    place.storage().mkdir()
    for name in ("completion.json", "stopped.json"):
        (place.storage() / name).write_text("{}\n")
    process = place.start(job)
    begun(place)
    assert not (place.storage() / "completion.json").exists()
    assert not (place.storage() / "stopped.json").exists()
    os.killpg(process.pid, signal.SIGKILL)
    process.wait(20)
    assert not (place.storage() / "completion.json").exists()


def test_the_output_of_a_later_attempt_comes_after_that_of_an_earlier(place: Place) -> None:
    job = place.shell("echo out; echo err >&2")
    place.write(job)
    place.run(job)
    place.run(job)
    assert place.stdout() == "out\nout\n"
    assert (place.storage() / "stderr.txt").read_text() == "err\nerr\n"


@pytest.mark.parametrize("shell", ["dash", "bash", "busybox"])
def test_the_scripts_are_for_any_posix_shell(place: Place, shell: str) -> None:
    path = shutil.which(shell)
    if path is None:
        pytest.skip(f"there is no {shell} here")
    words = [path, *(["sh"] if shell == "busybox" else ["--posix"] if shell == "bash" else [])]
    job = place.job("printf", "%s", "it's\n$(x)", group=205, info="a: 'b'\n")
    place.write(job)
    subprocess.run([*words, place.folder / "job.sh", job.storage, "1", "205"], check=True)
    assert place.stdout(205) == "it's\n$(x)"
    assert place.left(group=205)["status"] == 0

"""The scripts of a submitted run: their text, and what they do in a real shell."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from qanat.domain import machine, times
from qanat.domain.job import JobBatch, JobSpec
from qanat.errors import WriteFailed
from qanat.records import storage
from qanat.runners.submitting import job_script
from qanat.runners.submitting.job_script import Stopping
from qanat.system.machine import describe
from qanat.testing import NASTY
from tests.support.sandbox import wait_until
from tests.unit.runners.submitting.place import Place

HEAD = """\
#!/bin/sh
# Written by qanat for run 4-7f3a9c. Arguments: directory of the group, attempt, number of the group.
QANAT_RUN=4-7f3a9c
q_intent=c0ffee
q_sandbox=''
q_cancelled='/p r/results/x/run_4/cancelled'
q_commands='/p r/results/x/run_4/commands'
q_workdir='/p r/it'"'"'s'
q_stops='TERM USR1'
q_stop=stop
q_start='q_notes=$1 q_here=$2 q_workdir=$3 q_program=$4
"""
COMMANDS = """\
case $3 in
0)
export COLOUR='blue and green'
q_info='command: python x.py
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
    text = job_script.job_script(batch, Stopping(("TERM", "USR1")))
    assert text.startswith(HEAD)
    assert text.endswith(job_script.BODY)
    assert job_script.job_script(batch, Stopping((), all_processes=True)).count("q_stops=''\nq_stop=stop_all\n") == 1
    assert job_script.command_script([first, last]) == COMMANDS
    shown = job_script.preview(batch, Stopping(("TERM", "USR1")))
    only_first = COMMANDS.replace("101)\nset -- true\n;;\n", "")
    assert shown == f"# job.sh\n{text}\n# commands/0.sh, group 0\n{only_first}"


def test_no_script_is_written_through_a_link_that_an_earlier_attempt_has_left(tmp_path: Path) -> None:
    place = Place(tmp_path)
    (tmp_path / "target").mkdir()
    (place.folder / "commands").symlink_to(tmp_path / "target")
    with pytest.raises(WriteFailed, match="commands is a symbolic link"):
        place.write(place.shell("exit 0"))
    assert list((tmp_path / "target").iterdir()) == []


def test_the_machine_is_described_as_python_describes_it(place: Place) -> None:
    (place.storage()).mkdir(parents=True)
    (place.storage() / machine.FILE).symlink_to(place.folder / "elsewhere")
    job = place.shell("exit 0")
    place.write(job)
    place.run(job)
    described = machine.parse((place.storage() / machine.FILE).read_text())
    assert described == machine.parse(describe())
    assert described.kernel
    assert not (place.folder / "elsewhere").exists()


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
        "machine.txt",
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
    script = 'echo "$COLOUR $QANAT_GROUP $QANAT_RUN $QANAT_JOB $QANAT_STORAGE_PATH"'
    groups = (0, 99, 100, 12_345)
    jobs = [place.shell(script, group=group, environment={"COLOUR": f"{group}'s"}) for group in groups]
    jobs = [replace(job, info=f"command: '{job.group}'\n") for job in jobs]
    place.write(*jobs)
    assert sorted(path.name for path in (place.folder / "commands").iterdir()) == ["0.sh", "1.sh", "123.sh"]
    for job in jobs:
        assert place.run(job) == 0
        expected = f"{job.group}'s {job.group} 4-7f3a9c {place.intent}:{job.group} {place.storage(job.group)}\n"
        assert place.stdout(job.group) == expected
        assert (place.storage(job.group) / "group_info.yaml").read_text() == job.info


def test_a_program_reads_nothing_from_whatever_the_scheduler_gives_it(place: Place) -> None:
    job = place.shell("cat; echo end")
    place.write(job)
    assert place.run(job) == 0
    assert place.stdout() == "end\n"


def begun(place: Place) -> None:
    wait_until(lambda: (place.storage() / "stdout.txt").exists() and "begun" in place.stdout())


# Notes which signals come, in a file that is complete when it is there, and ends when it is told to.
NOTES_SIGNALS = """
import os, signal, sys, time
names = ("HUP", "INT", "QUIT", "TERM", "USR1", "USR2", "ALRM", "CONT")
came = []
for name in names:
    signal.signal(signal.Signals["SIG" + name], lambda number, frame: came.append(signal.Signals(number).name[3:]))
print("begun", flush=True)
told = 0
while not os.path.exists("gate"):
    time.sleep(0.01)
    if len(came) > told:
        told = len(came)
        with open("new", "w") as file:
            file.write(" ".join(came[:told]))
        os.replace("new", "came")
sys.stdout.flush()
os._exit(137)
"""


def test_the_completion_file_is_not_written_where_a_programs_link_leads(place: Place, tmp_path: Path) -> None:
    (tmp_path / "target").mkdir()
    job = place.shell(f'cd "$1" && mv group_0 moved && ln -s "{tmp_path}/target" group_0; exit 3')
    job = replace(job, command=(*job.command, "sh", str(place.folder)))
    place.write(job)
    assert place.run(job) == 3
    assert list((tmp_path / "target").iterdir()) == []


@pytest.mark.parametrize("name", ["HUP", "INT", "QUIT", "USR1", "USR2", "ALRM", "CONT", "TERM"])
def test_a_signal_to_the_script_reaches_the_program_and_the_script_writes_the_end(
    in_any_shell: Place, name: str
) -> None:
    place = in_any_shell
    job = place.job(sys.executable, "-c", NOTES_SIGNALS)
    place.write(job)
    process = place.start(job)
    begun(place)
    process.send_signal(signal.Signals[f"SIG{name}"])
    came = wait_until(lambda: (place.workdir / "came").exists() and (place.workdir / "came").read_text())
    assert came == name
    (place.workdir / "gate").touch()
    assert process.wait(60) == 137
    left = place.left("stopped.json" if name == "TERM" else "completion.json")
    assert (left["status"], left["by"]) == (137, "exit")
    assert sorted(path.name for path in place.storage().iterdir() if path.name.startswith(".")) == []


def test_signals_that_come_together_all_reach_the_program(in_any_shell: Place) -> None:
    place, names = in_any_shell, {"HUP", "INT", "USR1", "USR2", "CONT", "TERM"}
    job = place.job(sys.executable, "-c", NOTES_SIGNALS)
    place.write(job)
    process = place.start(job)
    begun(place)
    for name in names:
        process.send_signal(signal.Signals[f"SIG{name}"])
    came = wait_until(
        lambda: (place.workdir / "came").exists() and names <= {*(place.workdir / "came").read_text().split()}
    )
    assert came
    (place.workdir / "gate").touch()
    assert process.wait(60) == 137


def test_a_signal_that_comes_before_the_program_does_is_not_lost(in_any_shell: Place) -> None:
    place = in_any_shell
    job = place.job("sleep", "300")
    path = place.write(job)
    # Stopped where the script has its traps and the program is not there yet, the script gets the signal at once.
    commands = path.parent / "commands/0.sh"
    commands.write_text(f"kill -USR1 $PPID\n{commands.read_text()}")
    assert place.run(job) == 128 + signal.SIGUSR1
    assert (place.left()["status"], place.left()["by"]) == (128 + signal.SIGUSR1, "signal")


def test_exit_codes_are_told_from_signals(in_any_shell: Place) -> None:
    ends = {
        "exit 0": (0, None),
        "exit 130": (None, signal.SIGINT),  # no shell tells it from the signal
        "exit 137": (137, None),
        "exit 143": (143, None),
        "exit 255": (255, None),
        "kill -INT $$": (None, signal.SIGINT),
        "kill -KILL $$": (None, signal.SIGKILL),
        "kill -SEGV $$": (None, signal.SIGSEGV),
        "kill -TERM $$": (None, signal.SIGTERM),
    }
    jobs = [in_any_shell.shell(script, group=group) for group, script in enumerate(ends)]
    in_any_shell.write(*jobs)
    for process in [in_any_shell.start(job) for job in jobs]:
        process.wait(60)
    written = [storage.read_completion(in_any_shell.storage(group)) for group in range(len(ends))]
    assert {s: (w.status.exit_code, w.status.signal) for s, w in zip(ends, written, strict=True) if w} == ends


@pytest.mark.parametrize(
    ("name", "code", "reason"),
    [
        ("missing", 127, "missing was not found"),
        ("./no-interpreter", 127, "./no-interpreter, or the interpreter in its first line, was not found"),
        ("./not-executable", 126, "./not-executable could not be executed"),
    ],
)
def test_only_a_program_that_could_not_be_started_was_not_found(
    in_any_shell: Place, name: str, code: int, reason: str
) -> None:
    place = in_any_shell
    (place.workdir / "not-executable").touch()
    (place.workdir / "no-interpreter").write_text("#!/no/such/interpreter\n")
    (place.workdir / "no-interpreter").chmod(0o755)
    jobs = [place.job(name), place.shell(f"missing; exit {code}", group=1)]
    place.write(*jobs)
    assert [place.run(job) for job in jobs] == [code, code]
    written = [storage.read_completion(job.storage, job.command) for job in jobs]
    assert [w.status.reason for w in written if w] == [f"exit code {code}: {reason}", f"exit code {code}"]
    said = [(job.storage / "stderr.txt").read_text() for job in jobs]
    assert ("qanat: PATH is /usr/bin:/bin\n" in said[0]) == ("/" not in name)
    assert "PATH is" not in said[1]


def test_what_a_shell_says_when_it_starts_is_no_signal(in_any_shell: Place, tmp_path: Path) -> None:
    """As bash does about a locale that is missing."""
    noisy = tmp_path / "noisy"
    noisy.write_text(f'#!/bin/sh\necho "cannot change locale" >&2\nexec {in_any_shell.shell_path} "$@"\n')
    noisy.chmod(0o755)
    in_any_shell.shell_path = str(noisy)
    job = in_any_shell.shell("exit 137")
    in_any_shell.write(job)
    assert in_any_shell.run(job) == 137
    assert in_any_shell.left()["by"] == "exit"


def test_a_program_has_the_default_signal_actions(in_any_shell: Place) -> None:
    job = in_any_shell.job("cat", "/proc/self/status")
    in_any_shell.write(job)
    assert in_any_shell.run(job) == 0
    masks = dict(line.split(":\t") for line in in_any_shell.stdout().splitlines() if line.startswith("Sig"))
    ours = sum(1 << (number - 1) for number in signal.valid_signals())
    assert [int(masks[key], 16) & ours for key in ("SigBlk", "SigIgn", "SigCgt")] == [0, 0, 0]


def test_times_have_milliseconds(in_any_shell: Place) -> None:
    job = in_any_shell.shell("sleep 0.2")
    in_any_shell.write(job)
    in_any_shell.run(job)
    left = in_any_shell.left()
    if Path(in_any_shell.shell_path).resolve().name == "busybox":
        assert len(left["ended"]) == len("2026-11-23T05:17:55+00:00")  # its own date has no fractions
        return
    seconds = times.seconds_between(left["started"], left["ended"])
    assert seconds
    assert seconds >= 0.2


def test_a_date_without_fractions_is_used_as_it_is(place: Place, tmp_path: Path) -> None:
    """As busybox's and BSD's are."""
    own = tmp_path / "bin"
    own.mkdir()
    (own / "date").write_text('#!/bin/sh\n[ "$2" = +%Y-%m-%dT%H:%M:%S.%3N ] && echo 2026-11-23T05:17:55.%3N\n')
    (own / "date").chmod(0o755)
    job = place.shell("exit 0")
    place.write(job)
    words = job_script.start_command(place.batch(job), job)
    subprocess.run(words, cwd="/", env={"PATH": f"{own}:/usr/bin:/bin"}, check=True)
    assert place.left()["started"] == place.left()["ended"] == "2026-11-23T05:17:55+00:00"


def test_a_signal_by_which_the_scheduler_stops_jobs_leaves_no_completion_file(place: Place) -> None:
    place.stopping = Stopping(("TERM", "USR2"))
    job = place.shell("trap 'echo got it; exit 5' USR2; echo begun; while :; do sleep 0.02; done")
    place.write(job)
    process = place.start(job)
    begun(place)
    process.send_signal(signal.SIGUSR2)
    assert process.wait(60) == 5
    assert place.stdout() == "begun\ngot it\n"
    assert not (place.storage() / "completion.json").exists()
    assert (place.left("stopped.json")["status"], place.left("stopped.json")["attempt"]) == (5, 1)


def test_a_stop_of_all_processes_reaches_the_program_once(place: Place) -> None:
    place.stopping = Stopping(all_processes=True)
    job = place.job(sys.executable, "-c", NOTES_SIGNALS)
    place.write(job)
    process = place.start(job)
    begun(place)
    os.killpg(process.pid, signal.SIGTERM)
    wait_until((place.workdir / "came").exists)
    (place.workdir / "gate").touch()
    assert process.wait(60) == 137
    assert (place.workdir / "came").read_text() == "TERM"
    assert place.left("stopped.json")["status"] == 137


def test_a_warning_to_the_script_alone_stops_nothing(place: Place) -> None:
    place.stopping = Stopping((), all_processes=True)
    job = place.shell("trap 'echo saved; exit 0' TERM; echo begun; while :; do sleep 0.02; done")
    place.write(job)
    process = place.start(job)
    begun(place)
    process.terminate()
    assert process.wait(60) == 0
    assert place.stdout() == "begun\nsaved\n"
    assert place.left()["status"] == 0


def test_the_end_is_written_even_if_the_script_itself_is_killed(place: Place) -> None:
    """As `scancel --batch` does, which leaves the program alone."""
    job = place.job(sys.executable, "-c", NOTES_SIGNALS)
    place.write(job)
    process = place.start(job)
    begun(place)
    process.kill()
    process.wait(60)
    (place.workdir / "gate").touch()
    wait_until(lambda: storage.read_completion(place.storage()))
    assert place.left()["status"] == 137


def test_a_program_that_takes_its_time_to_stop_is_waited_for(place: Place) -> None:
    job = place.shell("trap 'sleep 0.3; echo saved; exit 0' TERM; echo begun; while :; do sleep 0.02; done")
    place.write(job)
    process = place.start(job)
    begun(place)
    process.terminate()
    process.terminate()
    assert process.wait(60) == 0
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


def test_each_start_by_the_scheduler_notes_how_the_attempt_before_it_ended(place: Place) -> None:
    job = place.shell('echo "$$" >>tries; [ "$(wc -l <tries)" -ge 2 ] || exit 3; echo begun; exec sleep 300', attempt=4)
    place.write(job)
    assert place.run(job) == 3
    first = place.left()
    process = place.start(job)
    begun(place)
    process.terminate()
    assert process.wait(60) == 143
    second = place.left("stopped.json")
    (place.storage() / "stdout.txt").unlink()
    process = place.start(job)
    begun(place)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait(60)
    (place.storage() / "stdout.txt").unlink()
    started = (place.storage() / "starts").read_text().split()
    process = place.start(job)
    begun(place)
    process.terminate()
    process.wait(60)
    lines = (place.storage() / "earlier.jsonl").read_text().splitlines()
    ends = [{"end": "exit"} | first, {"end": "stopped"} | second, {"end": "lost", "attempt": 6, "started": started[2]}]
    assert [json.loads(line) for line in lines] == ends


@pytest.mark.parametrize("kind", ["link", "pipe"])
def test_ends_of_attempts_are_not_noted_in_what_a_program_puts_in_their_place(place: Place, kind: str) -> None:
    (place.folder / "elsewhere").touch()
    make = {"link": 'ln -s ../elsewhere "$1"', "pipe": 'mkfifo "$1"'}[kind]
    job = place.job("/bin/sh", "-c", f'[ -e "$1" ] || {make}', "sh", str(place.storage() / "earlier.jsonl"))
    place.write(job)
    assert [place.run(job), place.run(job)] == [0, 0]
    assert place.left()["attempt"] == 2
    assert (place.folder / "elsewhere").read_text() == ""


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
    process.wait(60)
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

"""Being notified of runs, by the commands that users type."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import yaml

from tests.support.notified import Notified
from tests.support.sandbox import Sandbox, wait_until

WAIT = 'while [ ! -e "$1" ]; do sleep 0.02; done\n'


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Notified:
    """Return what this user is told, by a program that the user's settings name."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return Notified(tmp_path / "config")


def test_of_several_commands_that_notice_at_once_one_sends_the_message(
    sandbox: Sandbox, told: Notified, tmp_path: Path
) -> None:
    sandbox.experiment("wait", WAIT)
    gate = tmp_path / "gate"
    run = sandbox.start("run", "wait", str(gate))
    completion = sandbox.root / "results/wait/run_1/completion.json"
    wait_until((sandbox.root / "results/wait/run_1/stdout.txt").exists)
    run.kill()
    run.communicate()
    gate.touch()
    wait_until(completion.exists)
    watching = [sandbox.start("status") for _ in range(5)]
    for command in watching:
        command.communicate()
    assert [command.returncode for command in watching] == [0] * 5
    wait_until(lambda: told.titles)
    assert told.titles == ["qanat: run 1 of wait finished"]


def test_a_run_in_the_background_is_told_about_by_its_own_process(
    sandbox: Sandbox, told: Notified, tmp_path: Path
) -> None:
    sandbox.experiment("wait", WAIT)
    sandbox.qanat("run", "--detach", "wait", str(tmp_path / "gate"))
    (tmp_path / "gate").touch()
    wait_until(lambda: told.titles)
    sandbox.qanat("status")
    assert told.titles == ["qanat: run 1 of wait finished"]


def test_a_project_cannot_say_how_users_are_notified(sandbox: Sandbox, tmp_path: Path) -> None:
    sandbox.write(".qanat/config.yaml", f"schema: config/1\nnotify: {{command: [touch, {tmp_path}/pwned]}}\n")
    said = sandbox.qanat("config", "show", code=2).err
    assert said.startswith("qanat: .qanat/config.yaml:2: notify: unknown key; known: ")
    sandbox.write("config/qanat/settings.yaml", f"schema: settings/1\nnotify: {{command: [touch, {tmp_path}/pwned]}}\n")
    sandbox.git("checkout", ".qanat/config.yaml")
    sandbox.experiment("short", "exit 3\n")
    sandbox.qanat("run", "short", code=1, env={"XDG_CONFIG_HOME": "config"})
    assert not (tmp_path / "pwned").exists()


def test_the_settings_of_the_user_are_shown_with_their_source_and_without_secrets(
    sandbox: Sandbox, told: Notified
) -> None:
    command = ["say", "{title}", "--token", "abcd1234efgh5678", "https://me:hunter2hunter2@example.org"]
    told.set(command=command, apprise=["mailto://me:secret@example.org"], after="10m")
    expected = {
        "command": ["say", "{title}", "--token", "[redacted]", "https://me:[redacted]@example.org"],
        "apprise": ["mailto://…"],
        "when": ["ended", "first_failure"],
        "after": "10m",
    }
    shown = sandbox.qanat("config", "show", "--json").json
    assert (shown["notify"], shown["sources"]["notify"]) == (expected, str(told.file))
    for command in (("config", "show"), ("config", "notify")):
        out = sandbox.qanat(*command).out
        assert f"\nnotify:  # {told.file}\n" in f"\n{out}"
        assert yaml.safe_load(out)["notify"] == expected
        assert "secret" not in out


def test_a_test_message_is_sent_from_anywhere_and_says_what_fails(
    sandbox: Sandbox, told: Notified, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    assert sandbox.qanat("config", "notify", "--test", cwd=outside).out == "Sent a test message\n"
    variables = {"QANAT_RUNS": "1", "QANAT_STATES": "finished", "QANAT_STATE": "finished"}
    text = f"Messages about runs that are launched on {os.uname().nodename} arrive here."
    assert told.messages == [("qanat: a test", text, variables | {"QANAT_PROJECT": str(outside)})]
    sandbox.qanat("config", "notify", "--test")
    assert told.messages[1][2]["QANAT_PROJECT"] == str(sandbox.root)
    told.set(command=["false"])
    said = sandbox.qanat("config", "notify", "--test", code=3).err
    assert said == f"qanat: false: exit status 1\n  hint: your settings are in {told.file}\n"
    for program, problem in {
        "echo why >&2; exit 4": "exit status 4: why",
        "echo why; exit 4": "exit status 4: why",
        "kill -9 $$": "killed by SIGKILL",
    }.items():
        told.set(command=["sh", "-c", program])
        assert sandbox.qanat("config", "notify", "--test", code=3).err.startswith(f"qanat: sh: {problem}\n")
    told.file.write_text("schema: settings/1\n")
    said = sandbox.qanat("config", "notify", "--test", code=2).err
    hint = "  hint: for an example: qanat config notify --help\n"
    assert said == f"qanat: {told.file} has no notify with a command or with apprise\n{hint}"
    told.file.unlink()
    assert sandbox.qanat("config", "notify", code=2).err == f"qanat: {told.file} does not exist\n{hint}"


def test_a_command_says_what_is_wrong_with_the_settings_and_ends_as_without_them(
    sandbox: Sandbox, told: Notified
) -> None:
    told.file.chmod(0o666)
    sandbox.experiment("short", "exit 0\n")
    said = sandbox.qanat("run", "short").err
    assert f"note: you are not notified of runs: {told.file}: other users can write to it" in said
    assert f"(chmod go-w {told.file})" in said
    assert sandbox.qanat("config", "show", code=2).err.startswith(f"qanat: {told.file}: other users can write to it")

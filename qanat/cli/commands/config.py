"""`qanat config show`, `qanat config edit` and `qanat config notify`."""

from __future__ import annotations

import tempfile
from pathlib import Path

import click

from qanat.cli import session
from qanat.cli.options import Group, option
from qanat.cli.terminal import editor, prompts
from qanat.cli.terminal.output import say, say_json, tell
from qanat.errors import InputInvalid, QanatError
from qanat.usecases.definitions import settings
from qanat.usecases.launch import in_effect
from qanat.usecases.project import open_project


@click.group(cls=Group, epilog="\b\nExample:\n  qanat config show\n  qanat config edit")
def config() -> None:
    """Show or edit the settings of the project, which are in .qanat/config.yaml, and show yours."""


@config.command(epilog="\b\nExample:\n  qanat config show\n  qanat config show --json")
@option("--json", "as_json", is_flag=True, help="Print JSON.")
def show(as_json: bool) -> None:
    """Show the settings in effect, and where each comes from.

    What is printed has the form of .qanat/config.yaml: a section of a runner with your templates can be added there.
    How you are notified of runs comes from your own settings.
    """
    found = in_effect.settings_in_effect(open_project(Path.cwd()), session.runners())
    say_json(in_effect.as_mapping(found)) if as_json else say(in_effect.as_yaml(found))


@config.command(epilog="\b\nExample:\n  qanat config edit\n  EDITOR='code -w' qanat config edit")
def edit() -> None:
    """Edit the settings in your editor. They are saved only if they are valid."""
    project = open_project(Path.cwd())
    before = settings.text(project)
    with tempfile.TemporaryDirectory(prefix="qanat-") as folder:
        draft = Path(folder) / "config.yaml"
        draft.write_bytes(before)
        command = editor.editor_for(project)
        while True:
            editor.edit(command, draft, instead="edit .qanat/config.yaml")
            if draft.read_bytes() == before:
                say("nothing changed")
                return
            if _is_valid(draft):
                say(f"Updated {settings.replace(project, draft)}")
                return
            if not prompts.confirm("Edit again?", option=".qanat/config.yaml", default=True):
                say("nothing changed")
                return


def _is_valid(draft: Path) -> bool:
    try:
        settings.check(draft)
    except InputInvalid as error:
        tell(f"qanat: {error.message}")
        return False
    return True


@config.command(
    epilog="\b\nExample:\n  qanat config notify\n  qanat config notify --test\n\n\b\n"
    "An example of the file ~/.config/qanat/settings.yaml:\n"
    "  schema: settings/1\n"
    "  notify:\n"
    "    command: [notify-send, '{title}', '{text}']\n"
    "    after: 10m"
)
@option("--test", is_flag=True, help="Send a message, and wait until it is sent.")
def notify(test: bool) -> None:
    """Show how you are notified of runs, or try it out.

    You are notified of the runs that you launch, as your own settings say, which no project can change.
    """
    from qanat.usecases.tracking import sending

    way = sending.way()
    if test:
        sending.send_test(way, _here())
        say("Sent a test message")
        return
    say(in_effect.as_yaml(in_effect.of_user()))


def _here() -> Path:
    """Return the root of the project; outside of one, the current folder."""
    try:
        return open_project(Path.cwd()).root
    except QanatError:
        return Path.cwd()

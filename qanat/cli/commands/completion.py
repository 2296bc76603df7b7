"""`qanat completion`."""

from __future__ import annotations

import click

from qanat.cli.completion.shells import SHELLS, shell_named

EXAMPLE = """\b
Example:
  qanat completion bash

\b
To have it in every shell that you open:
  bash  write into ~/.bashrc:                eval "$(qanat completion bash)"
  zsh   write into ~/.zshrc, after compinit: eval "$(qanat completion zsh)"
  fish  qanat completion fish >~/.config/fish/completions/qanat.fish

It completes commands, options, the names of experiments, datasets, templates and actions, and runs, which are
shown with what they are described as."""


@click.command(epilog=EXAMPLE)
@click.argument("shell", type=click.Choice(list(SHELLS)))
def completion(shell: str) -> None:
    """Print the script that lets SHELL complete qanat's words when you press Tab."""
    click.echo(shell_named(shell).source().rstrip("\n"))

"""`qanat completion`."""

from __future__ import annotations

import click

from qanat.cli.completion.shells import SHELLS, shell_named

EXAMPLE = """\b
Example:
  qanat completion bash

\b
To enable completion:
  bash  add to ~/.bashrc:                  eval "$(qanat completion bash)"
  zsh   add to ~/.zshrc, after compinit:   eval "$(qanat completion zsh)"
  fish  qanat completion fish >~/.config/fish/completions/qanat.fish

Commands, options, runs, and the names of experiments, datasets, templates and actions are completed."""


@click.command(epilog=EXAMPLE)
@click.argument("shell", type=click.Choice(list(SHELLS)))
def completion(shell: str) -> None:
    """Print the completion script for SHELL."""
    click.echo(shell_named(shell).source().rstrip("\n"))

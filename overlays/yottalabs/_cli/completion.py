"""`yottalabs completion`: what a shell needs to complete this command."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from .output import write

SHELLS = ("bash", "zsh", "fish")


HELP = """Print what a shell needs to complete this command.

\b
bash: add to ~/.bashrc:   eval "$(yottalabs completion bash)"
zsh:  add to ~/.zshrc, after compinit:  eval "$(yottalabs completion zsh)"
fish: once:               yottalabs completion fish > ~/.config/fish/completions/yottalabs.fish
"""


@click.command("completion", help=HELP)
@click.argument("shell", type=click.Choice(SHELLS))
def command(shell: str) -> None:
    """Prints it."""
    from .advice import PROGRAM
    from .program import COMPLETION_VARIABLE, root

    found = get_completion_class(shell)
    if found is not None:
        write(found(root, {}, PROGRAM, COMPLETION_VARIABLE).source())

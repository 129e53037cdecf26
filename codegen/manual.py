"""The manual of the command: what its own help says, command by command, and the exit statuses.

    python manual.py PAGE

It is a program of its own, since it imports the command, and with that the generated package: `generate` lets it find
the one that has just been made. What is in the checkout may be old, or broken.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import click

from reference import write_page

WIDTH = 100  # characters


def text() -> str:
    """The manual, in Markdown."""
    from yottalabs._cli.failures import MEANINGS
    from yottalabs._cli.program import PROGRAM, root
    from yottalabs._cli.simulator import PROGRAM as SIMULATOR
    from yottalabs_mock._command import help_text

    parts = ["What follows is what `--help` says, command by command.", *_statuses(MEANINGS)]
    whole = click.Context(root, info_name=PROGRAM, **{**root.context_settings, "terminal_width": WIDTH})
    for path, command, context in _commands(root, whole):
        shown = help_text(SIMULATOR) if path == SIMULATOR else command.get_help(context)
        parts += [f"{'#' * min(4, 1 + len(path.split()))} `{path}`", f"```text\n{shown.strip()}\n```"]
    return "\n\n".join(parts)


def _statuses(meanings: dict[int, str]) -> Iterator[str]:
    yield "## Exit statuses"
    lines = [f"| {int(status)} | {meaning} |" for status, meaning in meanings.items()]
    yield "\n".join(["| status | means |", "|---|---|", *lines])


def _commands(command: click.Command, context: click.Context) -> Iterator[tuple[str, click.Command, click.Context]]:
    """Each command with its path, groups before what is in them."""
    yield context.command_path, command, context
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            if found is not None:
                inner = click.Context(found, info_name=name, parent=context, terminal_width=WIDTH)
                yield from _commands(found, inner)


if __name__ == "__main__":
    write_page(Path(sys.argv[1]), "the commands in overlays/yottalabs/_cli", "The command `yottalabs`", text())

"""Groups whose commands are loaded when they are called: `--help` names them without."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import click


class LazyGroup(click.Group):
    """A group that knows the names of its commands, and what each does in a line.

    Args:
        commands_in: For each command its short help.
        load: It imports the command of a name. Each import is a statement, so that programs such as PyInstaller find
            the module.
    """

    def __init__(
        self,
        *args: Any,
        commands_in: Mapping[str, str],
        load: Callable[[str], click.Command | None],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.commands_in = commands_in
        self._load = load

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click's
        """The names, in the order in which they were given."""
        return list(self.commands_in)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  # click's
        """Loads a command."""
        return self._load(cmd_name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002  # click's
        """Writes the list of commands."""
        with formatter.section("Commands"):
            formatter.write_dl(list(self.commands_in.items()))

    def resolve_command(
        self, ctx: click.Context, args: Sequence[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Finds the command that the arguments begin with, or says which one may have been meant."""
        try:
            return super().resolve_command(ctx, list(args))
        except click.UsageError as error:
            from difflib import get_close_matches

            close = get_close_matches(args[0], self.commands_in, n=1)
            if close:
                message = f"{error.message.rstrip('.')}; did you mean '{close[0]}'?"
                raise click.UsageError(message, error.ctx) from None
            raise

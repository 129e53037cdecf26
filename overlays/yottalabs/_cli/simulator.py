"""`yottalabs mock`: the simulator, which has a command of its own."""

from __future__ import annotations

import click

from .failures import CommandError, Status

PROGRAM = "yottalabs mock"


@click.command(
    "mock",
    add_help_option=False,
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
    help="Serve a simulator of the API on this machine.",
)
@click.argument("options", nargs=-1, type=click.UNPROCESSED)
def command(options: tuple[str, ...]) -> None:
    try:
        from yottalabs_mock import _command
    except ImportError as error:
        raise CommandError(
            Status.REFUSED, f"{error.name} is not installed", "install 'yottalabs-client[simulator]'"
        ) from None
    _command.run(options, PROGRAM)

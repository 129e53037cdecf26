"""`yottalabs pods …`: a module for each command."""

from __future__ import annotations

import click

from ..lazy import LazyGroup

COMMANDS = {
    "list": "Show the pods of your organisation.",
    "get": "Show all that is known of one pod.",
    "create": "Create a pod; print its id.",
    "wait": "Wait until pods are ready, running or terminated, and show them.",
    "ssh": "Open a shell in a pod, or run a command there.",
    "delete": "Delete pods for good, which ends their billing.",
    "sweep": "Find pods that were left behind by programs that died.",
    "cost": "Show what the pods cost: in an hour, and so far.",
}


def _load(name: str) -> click.Command | None:
    command: click.Command | None = None
    match name:
        case "list":
            from .listing import command
        case "get":
            from .getting import command
        case "create":
            from .creating import command
        case "wait":
            from .waiting import command
        case "ssh":
            from .ssh import command
        case "delete":
            from .deleting import command
        case "sweep":
            from .sweeping import command
        case "cost":
            from .costing import command
    return command


command = LazyGroup(
    "pods", commands_in=COMMANDS, load=_load, help="Create, watch, reach and delete pods.", no_args_is_help=True
)

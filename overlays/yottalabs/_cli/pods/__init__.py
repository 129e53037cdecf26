"""`yottalabs pods …`: a module for each command."""

from __future__ import annotations

from ..lazy import LazyGroup

COMMANDS = {
    "list": (".pods.listing", "Show the pods of your organisation."),
    "get": (".pods.getting", "Show all that is known of one pod."),
    "create": (".pods.creating", "Create a pod; print its id."),
    "wait": (".pods.waiting", "Wait until pods are ready, running or terminated, and show them."),
    "ssh": (".pods.ssh", "Open a shell in a pod, or run a command there."),
    "delete": (".pods.deleting", "Delete pods for good, which ends their billing."),
    "sweep": (".pods.sweeping", "Find pods that were left behind by programs that died."),
    "cost": (".pods.costing", "Show what the pods cost: in an hour, and so far."),
}

command = LazyGroup("pods", commands_in=COMMANDS, help="Create, watch, reach and delete pods.", no_args_is_help=True)

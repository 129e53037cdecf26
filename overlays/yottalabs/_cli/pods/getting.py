"""`yottalabs pods get`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ..connecting import Connecting, connects
from ..failures import CommandError, Status
from ..naming import complete_pod, find_pod
from ..output import emit, has_output, shows_secrets
from ..tables import document_of, show_pod

if TYPE_CHECKING:
    from ... import Pod, YottaLabs


@click.command(
    "get",
    help="""Show all that is known of one pod.

    POD is an id, the beginning of one, or a name. The values of environment variables are hidden.
    """,
)
@click.argument("pod", required=False, shell_complete=complete_pod)
@click.option("--create-token", metavar="TOKEN", help="The pod that a create with this token made.")
@has_output()
@shows_secrets
@connects
def command(
    connecting: Connecting, *, pod: str | None, create_token: str | None, output: str, show_secrets: bool
) -> None:
    if (pod is None) == (create_token is None):
        raise CommandError(Status.USAGE, "give a POD, or --create-token, and not both")
    with connecting.open() as client:
        found = _by_token(client, create_token) if create_token is not None else find_pod(client.pods.list(), pod or "")
    if output == "table":
        show_pod(found, show_secrets=show_secrets)
    else:
        emit(output, document_of(found, show_secrets=show_secrets), list(found.json_names.values()))


def _by_token(client: YottaLabs, token: str) -> Pod:
    found = client.pods.find_created(token)
    if found is None:
        raise CommandError(
            Status.NOT_FOUND,
            f"no pod with the create token {token} is in the list, which may lag behind a create",
            "look again in a minute; after a few, there is none",
        )
    return found

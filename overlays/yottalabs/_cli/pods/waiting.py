"""`yottalabs pods wait`."""

from __future__ import annotations

import click

from ..._wait import DEFAULT_WAIT_SECONDS, Until
from ..connecting import Connecting, connects
from ..naming import complete_pod, ids_of
from ..output import has_output
from ..progress import Progress, shown
from ..tables import emit_pods
from ..times import DURATION, short


@click.command(
    "wait",
    help="""Wait until pods are ready, running or terminated, and show them.

    POD is an id, the beginning of one, or a name. Ctrl-C ends the waiting, and leaves the pods as they are.
    """,
)
@click.argument("pods", nargs=-1, required=True, metavar="POD...", shell_complete=complete_pod)
@click.option(
    "--until",
    type=click.Choice(("ready", "running", "terminated")),
    default="ready",
    show_default=True,
    help="ready: it runs, and its SSH port, or --port, answers.",
)
@click.option(
    "--port", type=click.IntRange(1, 65535), help="The port of the pod that `ready` looks at, instead of SSH."
)
@click.option(
    "--timeout",
    type=DURATION,
    default=DEFAULT_WAIT_SECONDS,
    help=f"How long to wait ({short(DEFAULT_WAIT_SECONDS)}).",
)
@has_output()
@connects
def command(
    connecting: Connecting, *, pods: tuple[str, ...], until: Until, port: int | None, timeout: float, output: str
) -> None:
    with connecting.open() as client:
        ids = ids_of(client, pods)
        with shown(Progress(f"waiting until {until}")) as progress:
            found = client.pods.wait_all(ids, until, port=port, timeout=timeout, on_change=progress.notice)
    emit_pods(output, list(found.values()))

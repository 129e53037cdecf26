"""`yottalabs pods sweep`."""

from __future__ import annotations

import click

from ..asking import confirm
from ..connecting import Connecting, connects
from ..output import emit, has_output, write
from ..terminal import say


@click.command("sweep")
@click.option("--delete", is_flag=True, help="Delete those whose lease is over, rather than only say so.")
@click.option("--yes", "-y", is_flag=True, help="Do not ask first.")
@has_output()
@connects
def command(connecting: Connecting, *, delete: bool, yes: bool, output: str) -> None:
    """Find pods that were left behind by programs that died.

    These are pods with a lease of this client whose time is over, or whose program is dead on this very host. Every
    other pod is left alone. Nothing is deleted without --delete.
    """
    with connecting.open() as client:
        decided = client.pods.sweep(report=lambda _: None)
        over = [each for each in decided if each.is_over]
        if delete and over:
            for each in over:
                say(str(each))
            confirm(f"Delete {len(over)} {'pod' if len(over) == 1 else 'pods'} for good?", yes=yes)
            decided = client.pods.sweep(dry_run=False, report=lambda _: None)
    if output == "table":
        for each in decided:
            done = "deleted" if each.was_deleted else "would be deleted" if each.is_over and not delete else "stays"
            write(f"{each}; {done}\n")
        if not decided:
            say("no pod has a lease of this client")
        elif over and not delete:
            say("`yottalabs pods sweep --delete` deletes them")
        return
    names = ("id", "podName", "status", "reason", "isOver", "wasDeleted")
    records = [
        dict(
            zip(
                names,
                (each.pod.id, each.pod.name, str(each.pod.status), each.reason, each.is_over, each.was_deleted),
                strict=True,
            )
        )
        for each in decided
    ]
    emit(output, records, names)

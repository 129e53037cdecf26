"""`yottalabs pods sweep`."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from ..._exceptions import NotFoundError, YottaLabsError
from ..advice import command_line
from ..asking import confirm
from ..connecting import Connecting, connects
from ..failures import Status, failure_of
from ..output import emit, has_output, write
from ..terminal import say

if TYPE_CHECKING:
    from ... import Pod, YottaLabs
    from ..._sweep import Swept


@click.command(
    "sweep",
    help="""Find pods that were left behind by programs that died.

    These are pods with a lease of this client whose time is over, or whose program is dead on this very host. Every
    other pod is left alone. Nothing is deleted without --delete.
    """,
)
@click.option("--delete", is_flag=True, help="Delete those whose lease is over, rather than only say so.")
@click.option("--yes", "-y", is_flag=True, help="Do not ask first.")
@has_output()
@connects
def command(connecting: Connecting, *, delete: bool, yes: bool, output: str) -> None:
    failures: list[YottaLabsError] = []
    with connecting.open() as client:
        decided = client.pods.sweep(report=lambda _: None)
        over = [each for each in decided if each.is_over]
        if delete and over:
            for each in over:
                say(str(each))
            confirm(f"Delete {len(over)} {'pod' if len(over) == 1 else 'pods'} for good?", yes=yes)
            # Those that were asked about, and no other that is over by now.
            decided = [_deleted(client, each, failures) if each.is_over else each for each in decided]
    if output == "table":
        for each in decided:
            done = "stays"
            if each.is_over:
                done = "deleted" if each.was_deleted else "not deleted" if delete else "would be deleted"
            write(f"{each}; {done}\n")
        if not decided:
            say("no pod has a lease of this client")
        elif over and not delete:
            say(f"`{command_line('pods sweep --delete')}` deletes them")
        sys.exit(Status.REFUSED if failures else Status.DONE)
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
    sys.exit(Status.REFUSED if failures else Status.DONE)


def _deleted(client: YottaLabs, swept: Swept, failures: list[YottaLabsError]) -> Swept:
    """Deletes a pod, unless somebody else has. What that fails with is said, and does not keep the others."""
    try:
        client.pods.delete(swept.pod)
    except YottaLabsError as error:
        if not _has_ended(client, swept.pod):
            failure = failure_of(error)
            say(*(failure.told if failure is not None else [str(error)]))
            failures.append(error)
        return swept
    return replace(swept, was_deleted=True)


def _has_ended(client: YottaLabs, pod: Pod) -> bool:
    """Whether a pod is ending or gone, as far as can be seen."""
    try:
        return not client.pods.get(pod).is_active
    except NotFoundError:
        return True
    except YottaLabsError:
        return False

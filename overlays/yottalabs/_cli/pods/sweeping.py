"""`yottalabs pods sweep`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from ..asking import confirm
from ..connecting import Connecting, connects
from ..failures import Status, failure_of
from ..output import emit, has_output, write
from ..terminal import printable, say

if TYPE_CHECKING:
    from ... import YottaLabs
    from ..._sweep import Swept


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
                say(printable(str(each)))
            confirm(f"Delete {len(over)} {'pod' if len(over) == 1 else 'pods'} for good?", yes=yes)
            # Those that were asked about, and no other that is over by now.
            decided = [_deleted(client, each) if each.is_over else each for each in decided]
    if output == "table":
        for each in decided:
            done = "stays"
            if each.is_over:
                done = "deleted" if each.was_deleted else "not deleted" if delete else "would be deleted"
            write(f"{printable(str(each))}; {done}\n")
        if not decided:
            say("no pod has a lease of this client")
        elif over and not delete:
            say("`yottalabs pods sweep --delete` deletes them")
        _end(over, decided, delete=delete)
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
    _end(over, decided, delete=delete)


def _deleted(client: YottaLabs, swept: Swept) -> Swept:
    """Deletes a pod. What that fails with is said, and does not keep the others."""
    from ..._exceptions import NotFoundError, YottaLabsError

    try:
        client.pods.delete(swept.pod)
    except NotFoundError:
        return swept  # somebody else did
    except YottaLabsError as error:
        failure = failure_of(error)
        say(*(failure.told if failure is not None else [str(error)]))
        return swept
    return replace(swept, was_deleted=True)


def _end(over: Sequence[Swept], decided: Sequence[Swept], *, delete: bool) -> None:
    """The exit status says whether every pod that was to be deleted was."""
    if delete and sum(each.was_deleted for each in decided) < len(over):
        sys.exit(Status.REFUSED)

"""`yottalabs pods delete`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

import click

from ..._exceptions import YottaLabsError
from ..._text import printable
from ..advice import command_line
from ..asking import confirm
from ..connecting import Connecting, connects
from ..failures import CommandError, Status, failure_of
from ..naming import complete_pod, found_pod, may_be_whole_id, not_found
from ..output import emit, has_output, write
from ..progress import Progress, shown
from ..tables import TO_DELETE, plain, show_table
from ..terminal import is_terminal, say

if TYPE_CHECKING:
    from ... import Pod, YottaLabs


@click.command(
    "delete",
    help="""Delete pods for good, which ends their billing.

    POD is an id, the beginning of one, or a name. The pods may be anybody's in your organisation: on a terminal they
    are shown with their owners and ages, and you are asked first; elsewhere --yes is needed.
    """,
)
@click.argument("pods", nargs=-1, metavar="[POD...]", shell_complete=complete_pod)
@click.option("--name", "names", multiple=True, help="All living pods with this name. More than one may be given.")
@click.option("--yes", "-y", is_flag=True, help="Do not ask first.")
@click.option("--wait", is_flag=True, help="Wait until they have ended.")
@has_output()
@connects
def command(
    connecting: Connecting, *, pods: tuple[str, ...], names: tuple[str, ...], yes: bool, wait: bool, output: str
) -> None:
    if not pods and not names:
        raise CommandError(Status.USAGE, "nothing is named to be deleted; give a POD, or --name")
    if "" in (*pods, *names):  # a variable of a script that is not set
        raise CommandError(Status.USAGE, "an empty name means no pod; nothing was deleted")
    with connecting.open() as client:
        meant = _meant(client, pods, names, yes=yes)
        if not yes:
            _show(meant)
        confirm(f"Delete {_counted(meant)} for good?", yes=yes)
        status = _delete(client, meant, wait=wait, output=output)
    sys.exit(status)


def _meant(client: YottaLabs, called: Sequence[str], names: Sequence[str], *, yes: bool) -> dict[str, Pod | None]:
    """The pods, by their ids; None for one that the list does not show, or not yet."""
    if yes and not names and all(map(may_be_whole_id, called)):
        # What must go can go, though the list of pods cannot be had.
        with suppress(YottaLabsError):
            listed = client.pods.list()
            return {text: next((pod for pod in listed if pod.id == text), None) for text in called}
        return dict.fromkeys(called)
    listed = client.pods.list()
    meant: dict[str, Pod | None] = {}
    for text in called:
        found = found_pod(listed, text)
        if found is None and not may_be_whole_id(text):
            raise not_found(text)
        if found is not None and yes and text not in {found.id, found.name}:
            # Nobody is asked, and the list is the whole organisation's.
            raise CommandError(
                Status.USAGE, f"{text!r} is only the beginning of an id; with --yes, give the whole: {found.id}"
            )
        meant[text if found is None or found.id is None else found.id] = found
    for name in names:
        living = {pod.id: pod for pod in listed if pod.name == name and pod.is_active and pod.id}
        if not living:
            raise CommandError(
                Status.NOT_FOUND, f"no living pod has the name {name!r}", f"`{command_line('pods list')}` shows them"
            )
        meant |= living
    return meant


def _show(meant: dict[str, Pod | None]) -> None:
    """Shows, on standard error, what is going to be deleted."""
    shown = [pod for pod in meant.values() if pod is not None]
    if shown and is_terminal(sys.stderr):
        show_table(sys.stderr, shown, TO_DELETE)
    elif shown:
        say(*plain(shown, TO_DELETE).rstrip("\n").split("\n"))
    for pod_id, pod in meant.items():
        if pod is None:
            say(f"{pod_id}, which is not in the list of pods")


def _delete(client: YottaLabs, meant: dict[str, Pod | None], *, wait: bool, output: str) -> int:
    """Deletes them, one after the other; gives the exit status.

    What one fails with does not keep the others, nor does an output that nobody reads: they cost money.
    """
    status: int = Status.DONE
    unread: Exception | None = None
    deleted: list[dict[str, str]] = []
    for pod_id, pod in meant.items():
        try:
            client.pods.delete(pod_id)
        except (KeyboardInterrupt, SystemExit):
            if output != "table" and deleted:
                emit(output, deleted, ("id", "podName"))
            raise
        except YottaLabsError as error:
            failure = failure_of(error)
            say(*(failure.told if failure is not None else [str(error)]))
            status = status or (failure.status if failure is not None else Status.REFUSED)
            continue
        name = pod.name or "" if pod is not None else ""
        deleted.append({"id": pod_id, "podName": name})
        if output == "table" and unread is None:
            try:
                write(f"deleted {printable(pod_id)}{f' ({printable(name)})' if name else ''}\n")
            except (OSError, CommandError) as error:
                unread = error
    if output != "table":
        emit(output, deleted, ("id", "podName"))
    if unread is not None:
        raise unread
    if wait and deleted:
        with shown(Progress("waiting until terminated")) as progress:
            ids = [each["id"] for each in deleted]
            client.pods.wait_all(ids, "terminated", on_change=progress.notice)
    return status


def _counted(meant: dict[str, Pod | None]) -> str:
    return "this pod" if len(meant) == 1 else f"these {len(meant)} pods"

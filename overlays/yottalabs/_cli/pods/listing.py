"""`yottalabs pods list`."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NoReturn

import click
from yottalabs_api.models import PodStatus

from ..._text import printable
from .. import signals
from ..advice import command_line
from ..connecting import Connecting, connects
from ..failures import CommandError, Status, failure_of
from ..output import has_output, shows_secrets, write
from ..tables import PODS, emit_pods, table
from ..terminal import console, is_animated, is_terminal, say, wait_while_read
from ..times import DURATION, exact, short

SHORTEST_INTERVAL = 0.2  # seconds
LINES_BESIDE_ROWS = 3  # of a screen: the header, the last line, and the one where the cursor stands

if TYPE_CHECKING:
    from rich.console import Group

    from ... import Pod, YottaLabs


@click.command(
    "list",
    help="""Show the pods of your organisation.

    Terminated pods are left out, unless --all or --status asks for them.
    """,
)
@click.option("--status", help="Only pods with this status, in any case.")
@click.option("--region", help="Only pods in this region.")
@click.option("--name", help="Only pods with this name.")
@click.option(
    "--all", "-a", "show_all", is_flag=True, help="Terminated pods, too, which the API keeps for about a day."
)
@click.option("--watch", "-w", is_flag=True, help="Show it anew until Ctrl-C; in a pipe, a line for each change.")
@click.option("--interval", type=DURATION, default=5.0, help="How long --watch pauses (5s).")
@has_output()
@shows_secrets
@connects
def command(
    connecting: Connecting,
    *,
    status: str | None,
    region: str | None,
    name: str | None,
    show_all: bool,
    watch: bool,
    interval: float,
    output: str,
    show_secrets: bool,
) -> None:
    if interval < SHORTEST_INTERVAL:
        raise CommandError(
            Status.USAGE, f"--interval: the API is not to be asked more often than every {SHORTEST_INTERVAL:g}s"
        )
    if watch and output != "table":
        raise CommandError(
            Status.USAGE, f"--watch shows a table, and --output {output} is one document; give one of them"
        )

    selection = Selection(status, region, name, show_all)
    with connecting.open() as client:
        if watch:
            Watch(client, selection, interval).run()
        pods, hidden = selection.look(client)
    emit_pods(output, pods, show_secrets=show_secrets)
    if output == "table" and is_terminal(sys.stdout):
        if hidden:
            say(f"{hidden} terminated {'pod is' if hidden == 1 else 'pods are'} not shown; --all shows them")
        elif not pods:
            say(f"there are no pods; `{command_line('pods create --help')}` says how to make one")


@dataclass(frozen=True)
class Selection:
    """Which pods are to be shown."""

    status: str | None
    region: str | None
    name: str | None
    show_all: bool

    def look(self, client: YottaLabs) -> tuple[Sequence[Pod], int]:
        """The pods, and how many are left out because they have terminated."""
        pods = client.pods.list(status=self.status, region=self.region, name=self.name)
        with_ended = self.show_all or self.status is not None
        shown = [pod for pod in pods if with_ended or pod.status != PodStatus.TERMINATED]
        return shown, len(pods) - len(shown)


class Watch:
    """The list, looked at again and again until Ctrl-C."""

    def __init__(self, client: YottaLabs, selection: Selection, interval: float) -> None:
        self._client = client
        self._selection = selection
        self._interval = interval
        self._pods: Sequence[Pod] = ()
        self._problem = ""
        self._seen_at = 0.0

    def run(self) -> NoReturn:
        """Shows it, for ever."""
        self._look()
        if is_animated(sys.stdout):
            with signals.raised():
                self._show_in_place()
        self._tell_changes()

    def _look(self) -> None:
        """Looks once. A failure that may pass is told beside what was seen before."""
        from ..._exceptions import YottaLabsError
        from ..._wait import TRANSIENT

        try:
            self._pods, _ = self._selection.look(self._client)
        except TRANSIENT as error:
            if not self._seen_at:
                raise
            failure = failure_of(error) if isinstance(error, YottaLabsError) else None
            self._problem = failure.lines[0] if failure else str(error)
        else:
            self._problem, self._seen_at = "", time.monotonic()

    def _show_in_place(self) -> NoReturn:
        from rich.live import Live

        live = Live(self, console=console(sys.stdout), refresh_per_second=1, screen=False)
        try:
            live.start()  # in here, since whoever interrupts it after it hid the cursor wants that back, too
            while True:
                time.sleep(self._interval)  # between two looks, as it was asked for
                self._look()
                live.refresh()
        finally:
            live.stop()

    def __rich__(self) -> Group:
        """What is seen now."""
        from rich.console import Group
        from rich.text import Text

        screen = console(sys.stdout)
        room = max(1, screen.height - LINES_BESIDE_ROWS)
        more = len(self._pods) - room
        since = f", as of {short(time.monotonic() - self._seen_at)} ago: {self._problem}" if self._problem else ""
        count = f"{len(self._pods)} {'pod' if len(self._pods) == 1 else 'pods'}"
        count += f", of which {more} have no room here" if more > 0 else ""
        return Group(
            table(self._pods[:room], PODS, screen.width),
            Text(f"{count}{printable(since)}; Ctrl-C ends this", style="dim"),
        )

    def _tell_changes(self) -> NoReturn:
        """Writes a line for each pod at first, and whenever one of them is in another state."""
        told: dict[str, str] = {}
        while True:
            shown = {pod.id or "": pod for pod in self._pods}
            lines = {pod_id: str(pod.status or "") for pod_id, pod in shown.items()}
            lines |= dict.fromkeys(told.keys() - lines.keys(), "gone")
            moment = exact(datetime.now(UTC))
            for pod_id, status in lines.items():
                if told.get(pod_id) != status:
                    name = shown[pod_id].name or "" if pod_id in shown else ""
                    write(" ".join((moment, *map(printable, (pod_id, status, name)))).rstrip() + "\n")
            told = {pod_id: status for pod_id, status in lines.items() if status != "gone"}
            if self._problem:
                say(f"yottalabs: {self._problem}; looking again")
            wait_while_read(sys.stdout, self._interval)
            self._look()

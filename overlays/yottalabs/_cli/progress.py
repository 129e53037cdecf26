"""What is seen while something is waited for: the state of a pod, how long it took so far, and what it cost."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from decimal import Decimal
from typing import TYPE_CHECKING, Self, cast

from .._text import printable
from . import signals
from .tables import price, status_style
from .terminal import console, has_unicode, is_animated, say
from .times import short

if TYPE_CHECKING:
    from rich.live import Live
    from rich.text import Text

    from .. import Pod

REFRESHES_PER_SECOND = 4
SECONDS_PER_HOUR = 3600
SMALLEST_COST = Decimal("0.0001")  # that is told


class Progress:
    """Watches pods while they are waited for; `notice` is what a wait calls."""

    def __init__(self, doing: str) -> None:
        self._doing = doing
        self._started = time.monotonic()
        self._noticed: float | None = None
        self._pods: dict[str, Pod] = {}
        self._running_since: dict[str, float] = {}

    def notice(self, pod: Pod) -> None:
        """Takes the state of a pod into account."""
        pod_id = pod.id or ""
        self._noticed = time.monotonic() if self._noticed is None else self._noticed
        self._pods[pod_id] = pod
        if pod.is_running:
            self._running_since.setdefault(pod_id, time.monotonic())

    def say(self, doing: str) -> None:
        """Says what is being done from now on."""
        self._doing = doing

    @property
    def last(self) -> Pod | None:
        """The pod that was noticed last, if any was."""
        return next(reversed(self._pods.values()), None)

    @property
    def elapsed(self) -> float:
        """Seconds since the beginning."""
        return time.monotonic() - self._started

    @property
    def waited(self) -> float:
        """Seconds since a pod was noticed first: for so long it has been waited for."""
        return 0.0 if self._noticed is None else time.monotonic() - self._noticed

    @property
    def running(self) -> float:
        """Seconds for which pods were seen to run, all together."""
        return sum(time.monotonic() - since for since in self._running_since.values())

    @property
    def cost(self) -> Decimal | None:
        """What the pods may have cost since they were seen to run; None where a price is not known."""
        total = Decimal(0)
        for pod_id, since in self._running_since.items():
            hourly = self._pods[pod_id].hourly_price
            if hourly is None:
                return None
            total += hourly * Decimal(time.monotonic() - since) / SECONDS_PER_HOUR
        return total

    def __rich__(self) -> Text:
        """The line as it is now."""
        from rich.text import Text

        line = Text(f"{self._doing}  ")
        for place, pod in enumerate(self._pods.values()):
            line.append(", " if place else "")
            line.append(printable(str(pod.status or "?")), style=status_style(pod))
        line.append(f"  {short(self.elapsed)}")
        cost = self.cost
        if cost is not None and self._running_since:
            line.append(f"  cost so far {price(rounded(cost))}", style="dim")
        line.truncate(max(20, console(sys.stderr).width - 3), overflow="ellipsis")
        return line


def rounded(amount: Decimal) -> Decimal:
    """An amount to a hundredth of a cent."""
    return amount.quantize(SMALLEST_COST)


class Display:
    """Shows a progress on a terminal, for the length of a block, and takes it away. Elsewhere nothing is shown.

    Args:
        progress: What is shown.
        takes_signals: Whether a signal that ends the process does so by an exception meanwhile, so that the terminal
            gets its cursor back. Where somebody else takes care of signals, as a temporary pod does, it must not.
    """

    def __init__(self, progress: Progress, *, takes_signals: bool = True) -> None:
        self._progress = progress
        self._takes_signals = takes_signals
        self._live: Live | None = None
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        if self._takes_signals and is_animated(sys.stderr):
            self._stack.enter_context(signals.raised())
        try:
            self.start()
        except BaseException:  # which may come after the cursor was hidden
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._stack.close()

    def start(self) -> None:
        """Shows it, unless it is shown."""
        if self._live is not None or not is_animated(sys.stderr):
            return
        from rich.live import Live
        from rich.spinner import Spinner

        spinner = Spinner("dots" if has_unicode(sys.stderr) else "line", text=cast("Text", self._progress))
        stream = console(sys.stderr)
        self._live = Live(spinner, console=stream, refresh_per_second=REFRESHES_PER_SECOND, transient=True)
        self._live.start()

    def say(self, line: str) -> None:
        """Print a line above it."""
        is_shown = self._live is not None
        self.stop()
        say(line)
        if is_shown:
            self.start()

    def stop(self) -> None:
        """Takes it away, if it is shown."""
        live, self._live = self._live, None
        if live is not None:
            live.stop()


@contextmanager
def shown(progress: Progress) -> Iterator[Progress]:
    """Shows a progress for as long as the block runs."""
    with Display(progress):
        yield progress

"""How the command ends on SIGINT and SIGTERM.

Nothing large is imported here: an interrupt is no crash, however early it comes.
"""

import os
import signal
from collections.abc import Callable


def on_signals(handler: Callable[..., object]) -> None:
    """What SIGINT and SIGTERM do from now on."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, handler)


def at_once(*_: object) -> None:
    """Ends the process; there is nothing that it would have to put away."""
    os._exit(0)

"""Whoever starts a server may end without ending it: a killed test run, or a `make` that alone is sent a SIGINT.

GNU make does not pass a SIGINT on, expecting the terminal to send it to both. So the server watches the process that it
is told to follow.
"""

from __future__ import annotations

import asyncio
import os
import re
import signal
from pathlib import Path

INTERVAL_SECONDS = 0.2


async def parent_is_done(pid: int) -> None:
    """Returns once the parent process is gone, or is a `make` that was interrupted and waits for this process."""
    while os.getppid() == pid and not _is_interrupted_make(pid):  # noqa: ASYNC110  # nothing tells it
        await asyncio.sleep(INTERVAL_SECONDS)


def _is_interrupted_make(pid: int) -> bool:
    """Whether it is a `make` that was interrupted. Only Linux shows it.

    A `make` that runs a recipe catches SIGINT, or ignores it if it was started so, in the background of a script. An
    interrupted one has gone back to neither, whenever one looks.
    """
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    masks = re.findall(r"^Sig(?:Cgt|Ign):\t([0-9a-f]+)$", status, re.MULTILINE)
    is_make = re.search(r"^Name:\tg?make$", status, re.MULTILINE) is not None
    return is_make and len(masks) == 2 and not any(int(mask, 16) >> (signal.SIGINT - 1) & 1 for mask in masks)

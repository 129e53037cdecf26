"""Asks before something is done that cannot be undone."""

from __future__ import annotations

import sys

from .failures import CommandError, Status
from .terminal import can_ask


def confirm(question: str, *, yes: bool) -> None:
    """Goes on if the answer is yes.

    Raises:
        CommandError: It is no, or nobody can be asked.
    """
    if yes:
        return
    if not can_ask():
        raise CommandError(Status.USAGE, "this is not a terminal, so nobody can be asked; --yes says yes beforehand")
    sys.stderr.write(f"{question} [y/N] ")
    sys.stderr.flush()
    if sys.stdin.readline().strip().lower() not in {"y", "yes"}:
        raise CommandError(Status.REFUSED, "nothing was deleted")

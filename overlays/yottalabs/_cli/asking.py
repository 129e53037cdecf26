"""Asks before something is done that cannot be undone."""

from __future__ import annotations

import sys

from .failures import CommandError, Status
from .terminal import can_ask


def confirm(question: str, *, yes: bool, otherwise: str = "nothing was deleted") -> None:
    """Goes on if the answer is yes.

    Args:
        question: What is asked.
        yes: Whether the answer was given beforehand.
        otherwise: What is said if it is no.

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
        raise CommandError(Status.REFUSED, otherwise)

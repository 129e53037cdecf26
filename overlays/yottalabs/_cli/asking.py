"""Asks before something is done that cannot be undone."""

from __future__ import annotations

import sys
from contextlib import suppress

from .._secrecy import HiddenText
from .._text import printable
from .failures import CommandError, Status
from .terminal import can_ask, say


def confirm(question: str, *, yes: bool, otherwise: str = "nothing was deleted", is_shown: bool = True) -> None:
    """Goes on if the answer is yes.

    Args:
        question: What is asked.
        yes: Whether the answer was given beforehand.
        otherwise: What is said if it is no.
        is_shown: Whether the terminal shows the answer that is typed.

    Raises:
        CommandError: It is no, or nobody can be asked.
    """
    if yes:
        return
    if not can_ask():
        raise CommandError(Status.USAGE, "this is not a terminal, so nobody can be asked; --yes says yes beforehand")
    sys.stderr.write(f"{printable(question)} [y/N] ")
    sys.stderr.flush()
    answer = ""
    try:
        with suppress(ValueError):  # it is no text
            answer = HiddenText(sys.stdin.readline())  # which may be a secret that was typed too early
    finally:
        if not is_shown:
            say("")  # the line break that was typed is not shown either
    if answer.strip().lower() not in {"y", "yes"}:
        raise CommandError(Status.REFUSED, otherwise)

"""What standard output and standard error can show, and nothing that they cannot."""

from __future__ import annotations

import io
import json
import os
import select
import sys
import time
from typing import TYPE_CHECKING, TextIO

from .._text import printable, replaced

if TYPE_CHECKING:
    from rich.console import Console


def is_terminal(stream: TextIO | None) -> bool:
    """Whether a person sees, or types into, a stream."""
    try:
        return stream is not None and stream.isatty()
    except ValueError:  # it is closed
        return False


def can_ask() -> bool:
    """Whether a question can be asked and answered."""
    return is_terminal(sys.stdin) and is_terminal(sys.stderr)


def has_unicode(stream: TextIO | None) -> bool:
    """Whether a stream takes any character."""
    return (getattr(stream, "encoding", None) or "").lower().replace("-", "").startswith("utf")


def prepare() -> None:
    """Lets the streams show what they cannot encode by its number, rather than fail."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def escaped(document: str) -> str:
    """JSON that does nothing to a terminal: what it may have as it is, and a terminal acts on, it has by its number."""
    return "\n".join(replaced(line, lambda each: json.dumps(each)[1:-1]) for line in document.split("\n"))


def say(*lines: str) -> None:
    """Write lines to standard error, beside the output, each made printable: what they have may come from the API."""
    stream = sys.stderr
    if stream is None:
        return
    try:
        for line in lines:
            stream.write(f"{printable(line)}\n")
        stream.flush()
    except (OSError, ValueError):  # nobody is there to hear it
        return


def wait_while_read(stream: TextIO | None, seconds: float) -> None:
    """Waits, as long as somebody reads a stream.

    Raises:
        BrokenPipeError: Nobody does any more, or no longer by the end of the wait.
    """
    try:
        descriptor = -1 if stream is None else stream.fileno()
    except (OSError, ValueError):  # it is no file
        descriptor = -1
    if descriptor < 0 or not hasattr(select, "poll"):  # Windows
        time.sleep(seconds)  # nothing tells there whether somebody still reads
        return
    poll = select.poll()
    poll.register(descriptor, 0)  # errors alone, which are always told
    if any(event & (select.POLLERR | select.POLLNVAL) for _, event in poll.poll(seconds * 1000)):
        raise BrokenPipeError


def console(stream: TextIO | None) -> Console:
    """A console of rich: with colours and a width on a terminal, plain everywhere else."""
    from rich.console import Console

    is_shown = is_terminal(stream)
    is_plain = not is_shown or bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") in {"dumb", "unknown"}
    return Console(
        file=stream or io.StringIO(),
        force_terminal=is_shown,
        color_system=None if is_plain else "auto",
        no_color=is_plain,
        highlight=False,
        markup=False,
        emoji=False,
        safe_box=True,
    )


def is_animated(stream: TextIO | None) -> bool:
    """Whether what a stream shows may change in its place."""
    return is_terminal(stream) and os.environ.get("TERM", "") not in {"dumb", "unknown", ""}

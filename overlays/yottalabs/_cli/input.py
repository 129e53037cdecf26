"""What options read: a file that a person names, standard input, or what is typed on a terminal, which is not shown."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from typing import BinaryIO

import click

from .._files import LONGEST_TEXT, UnreadableError, decoded, expanded, open_to_read
from .._secrecy import HiddenBytes, HiddenText
from . import signals
from .advice import STANDARD_INPUT
from .failures import CommandError, Status
from .terminal import is_terminal

LONGEST_SECRET = 10_000  # bytes
PIECE = 4096  # bytes; a terminal gives no longer line


def secret_from(source: str, option: str, what: str) -> HiddenText:
    """Return a secret from a file or standard input: all of it, but for one line break at its end.

    On a terminal it is asked for, and ends with its line.

    Args:
        source: The name of the file; `-` is standard input.
        option: The option that names it.
        what: What the secret is, for people.

    Raises:
        CommandError: It cannot be read, or is empty.
        click.Abort: Ctrl-D was typed in its place.
    """
    text = _read(source, option, LONGEST_SECRET, lambda terminal: _typed_secret(terminal, what))
    secret = HiddenText(text.removesuffix("\n").removesuffix("\r"))
    if not secret.strip():
        raise CommandError(Status.USAGE, f"{option}: {_called(source)} is empty, and holds no {what}")
    return secret


def text_from(source: str, option: str, what: str) -> HiddenText:
    """Return the text of a file, or of standard input. On a terminal it is typed until Ctrl-D.

    Args:
        source: The name of the file; `-` is standard input.
        option: The option that names it.
        what: What is to be typed, for people.

    Raises:
        CommandError: It cannot be read.
    """
    return _read(source, option, LONGEST_TEXT, lambda terminal: _typed_text(terminal, what))


def _read(source: str, option: str, longest: int, typed: Callable[[int], HiddenBytes]) -> HiddenText:
    try:
        with _opened(source, option) as stream:
            if stream is None:
                return HiddenText()
            content = typed(stream.fileno()) if stream.isatty() else HiddenBytes(stream.read(longest + 1))
        return decoded(content, longest)
    except UnreadableError as error:
        reason = str(error)
    except OSError as error:
        reason = error.strerror or str(error)
    raise CommandError(Status.USAGE, f"{option}: {_called(source)} cannot be read: {reason}")


@contextmanager
def _opened(source: str, option: str) -> Iterator[BinaryIO | None]:
    """The stream of a source, for the length of a block; None where standard input is closed."""
    if source == STANDARD_INPUT:
        _take_standard_input(option)
        yield None if sys.stdin is None else sys.stdin.buffer
        return
    with open_to_read(expanded(source), waits=True) as stream:
        if _is_standard_input(stream):
            _take_standard_input(option)
        yield stream


def _called(source: str) -> str:
    return "standard input" if source == STANDARD_INPUT else source


def _take_standard_input(option: str) -> None:
    """Note that an option reads standard input: whatever reads it after that would find nothing there.

    Raises:
        CommandError: Something has read it.
    """
    context = click.get_current_context(silent=True)
    if context is None:
        return
    taken = context.meta.get(STANDARD_INPUT)
    if taken is not None:
        raise CommandError(Status.USAGE, f"{taken} and {option} cannot both read standard input; give one a file")
    context.meta[STANDARD_INPUT] = option


def _is_standard_input(stream: BinaryIO) -> bool:
    """Whether a file that was opened by a name is the pipe of standard input, as /dev/stdin is."""
    try:
        found, own = os.fstat(stream.fileno()), os.fstat(sys.stdin.fileno())
    except (OSError, ValueError, AttributeError):  # standard input is closed, or is no file
        return False
    return os.path.samestat(found, own) and (stat.S_ISFIFO(found.st_mode) or stream.isatty())


# --- What is typed ----------------------------------------------------------------------------------------------------


@contextmanager
def unseen(terminal: int) -> Iterator[None]:
    """Keep a terminal from showing what is typed, for the length of a block.

    What is left over at the end is thrown away: the rest of a secret that was pasted must not become a command of the
    shell.

    Args:
        terminal: The descriptor of the terminal.

    Raises:
        CommandError: The terminal shows what is typed, whatever it is asked for.
    """
    try:
        import termios
    except ImportError:  # on Windows
        yield
        return
    try:
        before = termios.tcgetattr(terminal)
        hiding = [*before[:3], before[3] & ~termios.ECHO, *before[4:]]
        with signals.raised():  # whatever ends the block, the terminal shows again what is typed
            try:
                termios.tcsetattr(terminal, termios.TCSADRAIN, hiding)
                yield
            finally:
                if before != hiding:  # else a block around this one hides it, and what is typed ahead is for that one
                    with suppress(termios.error):  # the terminal was closed
                        termios.tcsetattr(terminal, termios.TCSAFLUSH, before)
    except termios.error:
        raise CommandError(Status.USAGE, "this terminal cannot hide what is typed; name a file instead") from None


def unseen_answers() -> AbstractContextManager[None]:
    """Keep what is typed into standard input from being shown, where it is a terminal, for the length of a block."""
    return unseen(sys.stdin.fileno()) if is_terminal(sys.stdin) else nullcontext()


def _typed_secret(terminal: int, what: str) -> HiddenBytes:
    """A line that is typed."""
    typed = _typed_line(terminal, f"{what}: ")
    if typed is None:
        raise click.Abort
    return typed


def _typed_text(terminal: int, what: str) -> HiddenBytes:
    """Lines that are typed, until Ctrl-D at the beginning of one."""
    _show(f"{what}; it is not shown, and Ctrl-D ends it:\n")
    text = HiddenBytes()
    with unseen(terminal):
        while len(text) <= LONGEST_TEXT and (line := _typed_line(terminal, "")) is not None:
            text = HiddenBytes(text + line)
    return text


def _typed_line(terminal: int, prompt: str) -> HiddenBytes | None:
    """A line that is typed and not shown; None where Ctrl-D stands in its place."""
    if os.name != "posix":
        from getpass import getpass

        with suppress(EOFError):
            return HiddenBytes(f"{getpass(prompt)}\n".encode())
        return None
    with unseen(terminal):
        _show(prompt)
        line = HiddenBytes()
        try:
            while not line.endswith(b"\n") and (piece := HiddenBytes(os.read(terminal, PIECE))):
                line = HiddenBytes(line + piece)
        finally:
            _show("\n")  # the line break that was typed is not shown either
    return line or None


def _show(text: str) -> None:
    """Write to standard error, without a line break at the end."""
    with suppress(OSError, ValueError, AttributeError):  # it is closed
        sys.stderr.write(text)
        sys.stderr.flush()

"""The files of a user: where they are, and how the text in them is read.

The rules for text are the same for every file, whichever option or variable names it: UTF-8, with or without a byte
order mark, without NUL, and not longer than the reader allows.
"""

from __future__ import annotations

import codecs
import os
from io import BufferedReader
from pathlib import Path
from typing import Literal

from ._secrecy import HiddenBytes, HiddenText

LONGEST_TEXT = 1_000_000  # bytes
_OTHER_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)


class UnreadableError(Exception):
    """A file cannot be read as text. The message never shows what is in the file.

    Attributes:
        reason: Why, in words that follow the name of the file.
        line: The line at fault, where there is one.
    """

    def __init__(self, reason: str, line: int | None = None) -> None:
        super().__init__(reason, line)
        self.reason = reason
        self.line = line

    def __str__(self) -> str:
        return self.reason if self.line is None else f"{self.reason} (line {self.line})"


# --- Where they are ---------------------------------------------------------------------------------------------------


def expanded(name: str) -> Path:
    """The path that a user named, with the home folder for `~`. Where no home folder is known, `~` stays."""
    try:
        return Path(os.path.expanduser(name))  # noqa: PTH111  # Path.expanduser raises where there is no home folder
    except ValueError:  # a NUL in the name of a user
        return Path(name)


def home_folder() -> Path | None:
    """The home folder of the user; None where it is not known, or is not an absolute path."""
    try:
        found = Path.home()
    except (RuntimeError, KeyError):
        return None
    return found if found.is_absolute() else None


def platform_folder(kind: Literal["config", "state"]) -> Path | None:
    """The folder of this package where the platform keeps files of a kind; None where there is no such place."""
    from platformdirs import user_config_path, user_state_path

    find = user_config_path if kind == "config" else user_state_path
    try:
        found = find("yottalabs", appauthor=False)
    except (RuntimeError, KeyError, OSError):  # no home folder is known
        return None
    return found if found.is_absolute() else None


# --- How they are read ------------------------------------------------------------------------------------------------


def open_to_read(file: str | Path, *, waits: bool) -> BufferedReader:
    """Open a file; the caller closes it.

    Args:
        file: Its path.
        waits: Whether to wait for a program that writes to a FIFO. Otherwise a FIFO without one is as an empty file.

    Raises:
        OSError: It cannot be opened.
        UnreadableError: No file can have such a name.
    """
    nonblocking = 0 if waits else getattr(os, "O_NONBLOCK", 0)

    def opened(name: str, flags: int) -> int:
        descriptor = os.open(name, flags | nonblocking | getattr(os, "O_NOCTTY", 0))
        if nonblocking:
            os.set_blocking(descriptor, True)
        return descriptor

    try:
        return open(file, "rb", opener=opened)  # Path.open takes no opener
    except ValueError:
        raise UnreadableError("no file can have such a name") from None


def decoded(content: bytes, longest: int = LONGEST_TEXT) -> HiddenText:
    """The text of a file, without the byte order mark at its beginning.

    Args:
        content: What is in the file; of a long one, at least one byte more than `longest`.
        longest: How many bytes it may have.

    Raises:
        UnreadableError: It is not UTF-8, holds a NUL, or is too long.
    """
    held = HiddenBytes(content.removeprefix(codecs.BOM_UTF8))
    if held.startswith(_OTHER_MARKS):
        raise UnreadableError("it is UTF-16 or UTF-32, which is not supported; save it as UTF-8")
    if len(held) > longest:
        raise UnreadableError(f"it is too long: more than {longest} bytes")
    problem, place = "it holds a NUL byte, as UTF-16 does; save it as UTF-8", held.find(b"\0")
    try:
        text = HiddenText(held.decode())
        if place < 0:
            return text
    except UnicodeDecodeError as error:
        problem, place = "it is no text in UTF-8", error.start
    raise UnreadableError(problem, held.count(b"\n", 0, place) + 1)

"""Commands that are printed for a person to run next. They lead to the same API with the same key, without a secret."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from contextvars import ContextVar
from typing import TYPE_CHECKING

from .._text import printable

if TYPE_CHECKING:
    from .connecting import Connecting

PROGRAM = "yottalabs"
STANDARD_INPUT = "-"
"""What stands for standard input in place of the name of a file."""
_OWN_DESCRIPTOR = re.compile(r"/(dev|proc/self)/(fd/\d+|stdin)")  # which a later command does not have

_route: ContextVar[tuple[str, ...]] = ContextVar("yottalabs_route", default=())


def set_route(connecting: Connecting | None) -> None:
    """Set the options that later commands repeat: those that lead to the API. None forgets them."""
    options: list[str] = []
    if connecting is not None:
        url, key_file = connecting.base_url, connecting.api_key_file
        if connecting.profile is not None:
            options += ["--profile", connecting.profile]
        if url is not None:
            from .._settings import shown_url

            # One with a user name, a password or a query leads nowhere, and they may be secret.
            options += ["--base-url", url] if shown_url(url) == url else []
        if key_file is not None:
            options += ["--api-key-file", STANDARD_INPUT if _OWN_DESCRIPTOR.fullmatch(key_file) else key_file]
        if connecting.allow_insecure_http:
            options.append("--allow-insecure-http")
    _route.set(tuple(options))


def command_line(command: str, *operands: str, options: Sequence[str] = ()) -> str:
    """Return a command of this program in one line, quoted for a shell, with the options that led here.

    Args:
        command: The words of the command, as `pods get`, and options that are flags.
        *operands: What it is about: the ids of pods.
        options: Options with their values.
    """
    words = [PROGRAM, *command.split(), *options]
    if any(operand.startswith("-") for operand in operands):
        words += [*_route.get(), "--", *operands]
    else:
        words += [*operands, *_route.get()]
    return printable(shlex.join(words))

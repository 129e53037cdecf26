"""To which process and event loop a client's connections belong.

After a fork, two processes would write to the same sockets, and each could read the other's answers. Connections of an
event loop that is closed, or is another thread's, fail in odd ways. Both are mistakes that are better named at once.
"""

from __future__ import annotations

import os

from anyio.lowlevel import current_token

from ._exceptions import ConfigurationError


class Belonging:
    """Where connections were first used."""

    def __init__(self) -> None:
        self._process: int | None = None
        self._loop: object = None

    def check(self) -> None:
        """Raises a ConfigurationError in another process than at first."""
        if self._process is None:
            self._process = os.getpid()
        if self._process != os.getpid():
            raise ConfigurationError(
                "this client was used before the process was forked; make a new one in each process"
            )

    def check_closing(self) -> None:
        """Do nothing: threads have no event loop, and a process may close what it has inherited."""

    def acheck_closing(self) -> None:
        """Raises a ConfigurationError in another event loop than at first, unless nothing was sent yet."""
        if self._loop is not None and self._loop != current_token():
            raise ConfigurationError(
                "this client was used in another event loop; close it there, before that loop ends "
                "(`async with AsyncYottaLabs() as yotta:` does)"
            )

    def acheck(self) -> None:
        """Raises a ConfigurationError in another process or event loop than at first."""
        self.check()
        loop = current_token()
        if self._loop is None:
            self._loop = loop
        if self._loop != loop:
            raise ConfigurationError("this client was used in another event loop; make a new one in each")

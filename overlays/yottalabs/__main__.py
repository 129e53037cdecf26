"""The command `yottalabs`, which is also `python -m yottalabs`."""

from __future__ import annotations

import sys
from typing import NoReturn

PACKAGES_OF_THE_COMMAND = {"click", "rich", "yaml", "tomlkit"}
INTERRUPTED_STATUS, FAILED_STATUS = 130, 1
GUARD = "guard-of-a-pod"
"""The argument with which a frozen program starts itself as a guard: it has no other interpreter."""

is_running = False
"""Whether this command is the program that runs."""


def main() -> NoReturn:
    """Runs the command and ends the process with its status."""
    global is_running  # noqa: PLW0603  # for the guard, which must not load the command to find out
    is_running = True
    if sys.argv[1:] == [GUARD] and getattr(sys, "frozen", False):
        from ._guarding import main as guard

        guard()
    try:
        from ._cli.program import run

        sys.exit(run(sys.argv[1:]))
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in PACKAGES_OF_THE_COMMAND:
            raise
        _stop(f"yottalabs: {error.name} is not installed; install 'yottalabs-client[cli]'", FAILED_STATUS)
    except KeyboardInterrupt:  # before anything of ours could take it
        _stop("yottalabs: interrupted", INTERRUPTED_STATUS)


def _stop(message: str, status: int) -> NoReturn:
    if sys.stderr is not None:
        print(message, file=sys.stderr)  # noqa: T201  # it is what the command says
    sys.exit(status)


if __name__ == "__main__":
    main()

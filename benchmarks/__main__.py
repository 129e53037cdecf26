"""Measures everything in one run: `python -m benchmarks`, or `make bench`."""

from __future__ import annotations

import signal
import sys
from typing import NoReturn


def _interrupt(*_: object) -> NoReturn:
    raise KeyboardInterrupt


def main() -> int:
    """The exit status. Ctrl-C and SIGTERM end it at any moment, and every process with it."""
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        from .command import main as measure  # it loads all peers, which takes a moment

        return measure()
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())

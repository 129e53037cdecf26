"""The simulator from the command line: `yottalabs-mock --port 4020`."""

from . import _ending


def main() -> None:
    """Serves until it is told to end."""
    _ending.on_signals(_ending.at_once)  # what is loaded now takes a while
    from ._command import run

    run()


if __name__ == "__main__":
    main()

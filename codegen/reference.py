"""The part of the documentation that is made from the code itself: the simulator's tables, and the command's help."""

from __future__ import annotations

import sys
from pathlib import Path

from specification import ROOT

NOTICE = "<!-- Made by `make generate` from {source}; change that file. -->\n\n"


def make_reference(target: Path) -> None:
    """Writes the generated pages into a folder that does not exist yet."""
    _use_checkout()
    from yottalabs_mock import _catalogue, _lifecycle

    target.mkdir(parents=True)
    _write(
        target / "lifecycle.md",
        "mock/yottalabs_mock/_lifecycle.py",
        "The life of a simulated pod",
        _lifecycle.described(),
    )
    _write(
        target / "faults.md", "mock/yottalabs_mock/_catalogue.py", "The faults of the simulator", _catalogue.described()
    )


def make_manual(page: Path) -> None:
    """Writes the manual of the command: what its own help says, command by command."""
    _use_checkout()
    import manual

    _write(page, "the commands in overlays/yottalabs/_cli", "The command `yottalabs`", manual.text())


def _use_checkout() -> None:
    """Lets the packages of this checkout be found, whichever are installed."""
    for folder in ("mock", "overlays", "generated"):
        if str(ROOT / folder) not in sys.path:
            sys.path.insert(0, str(ROOT / folder))


def _write(page: Path, source: str, title: str, text: str) -> None:
    page.write_text(f"{NOTICE.format(source=source)}# {title}\n\n{text}\n", encoding="utf-8", newline="\n")

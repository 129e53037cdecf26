"""The part of the documentation that is made from the simulator itself: the life of a pod, drawn, and the faults."""

from __future__ import annotations

import sys
from pathlib import Path

from specification import ROOT

NOTICE = "<!-- Made by `make generate` from {source}; change that file. -->\n\n"


def make_reference(target: Path) -> None:
    """Writes the generated pages into a folder that does not exist yet."""
    # That of this checkout, whichever is installed.
    sys.path.insert(0, str(ROOT / "mock"))
    from yottalabs_mock import _catalogue, _lifecycle

    target.mkdir(parents=True)
    write_page(
        target / "lifecycle.md",
        "mock/yottalabs_mock/_lifecycle.py",
        "The life of a simulated pod",
        _lifecycle.described(),
    )
    write_page(
        target / "faults.md", "mock/yottalabs_mock/_catalogue.py", "The faults of the simulator", _catalogue.described()
    )


def write_page(page: Path, source: str, title: str, text: str) -> None:
    """Writes a page that says what it is made from."""
    page.write_text(f"{NOTICE.format(source=source)}# {title}\n\n{text}\n", encoding="utf-8", newline="\n")

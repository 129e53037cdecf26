"""The part of the documentation that is made from the simulator itself: the life of a pod, drawn, and the faults."""

from __future__ import annotations

import sys
from pathlib import Path

from specification import ROOT

NOTICE = "<!-- Made by `make generate` from mock/yottalabs_mock/{module}; change that file. -->\n\n"


def make_reference(target: Path) -> None:
    """Writes the generated pages into a folder that does not exist yet."""
    # That of this checkout, whichever is installed.
    sys.path.insert(0, str(ROOT / "mock"))
    from yottalabs_mock import _catalogue, _lifecycle

    target.mkdir(parents=True)
    _write(target / "lifecycle.md", "_lifecycle.py", "The life of a simulated pod", _lifecycle.described())
    _write(target / "faults.md", "_catalogue.py", "The faults of the simulator", _catalogue.described())


def _write(page: Path, module: str, title: str, text: str) -> None:
    page.write_text(f"{NOTICE.format(module=module)}# {title}\n\n{text}\n", encoding="utf-8", newline="\n")

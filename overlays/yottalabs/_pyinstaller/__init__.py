"""Hooks for PyInstaller, which finds them by the entry point `pyinstaller40`: the data files of the packages.

Modules need no hook. Each is imported in a statement somewhere.
"""

from __future__ import annotations

from pathlib import Path


def hook_dirs() -> list[str]:
    """The folders with hooks."""
    return [str(Path(__file__).parent)]

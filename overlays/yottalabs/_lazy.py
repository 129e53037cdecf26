"""Modules that are imported when one of their names is first read."""

from __future__ import annotations

from importlib import import_module
from typing import Any


class LazyModule:
    """A stand-in for a module that is slow to import, for annotations.

    `typing.get_type_hints` evaluates an annotation such as `httpx2.BaseTransport` in the namespace of its module. The
    stand-in imports the module then, and not when the annotated class is defined.
    """

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, name: str) -> Any:
        return getattr(import_module(self._name), name)

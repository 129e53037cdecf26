"""What stops the generation: one line that names the place and says what to do."""

from __future__ import annotations

from typing import NoReturn


class UnsupportedError(Exception):
    """The contract, or codegen/names.yaml, holds something that would become wrong code."""


def stop(place: str, problem: str) -> NoReturn:
    """Stops at a place of the contract."""
    raise UnsupportedError(f"openapi.yaml: {place}: {problem}")


def stop_names(place: str, problem: str) -> NoReturn:
    """Stops at a place of codegen/names.yaml."""
    raise UnsupportedError(f"codegen/names.yaml: {place}: {problem}")
